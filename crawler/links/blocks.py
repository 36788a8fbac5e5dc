"""Markdown text → its blocks: headings, paragraphs, list items, table rows, code, each with its offsets.

Markdown as people write it: looser than CommonMark where readers are (indented prose is prose, `##Title` is
a heading). Says nothing about links. One pass over the lines; nothing is copied but the table headers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.links.block import Block, BlockKind
from crawler.links.definitions import DEFINITION
from crawler.links.html_blocks import closing_tag, read_html_blocks

__all__ = ["Block", "BlockKind", "read_html_blocks", "read_markdown_blocks", "split_cells"]

_FRONT_MATTER = re.compile(
    r"\A(---|\+\+\+)[ \t]*\r?\n(.*?)^(?:\1|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE
)
_FRONT_MATTER_LIMIT = 20_000
_QUOTE = re.compile(r"[ \t]*(?:>[ \t]?)+")
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})(?=[^`\n]*$)", re.MULTILINE)
_HEADING = re.compile(r"[ \t]{0,3}(#{1,6})(?:[ \t]+|(?<=##)(?=[^\s#]))")
_HEADING_END = re.compile(r"[ \t]+#+[ \t]*$|[ \t\r]+$")
_UNDERLINE = re.compile(r"[ \t]{0,3}(?:(=+)|(-{2,}))[ \t\r]*$")
_RULE = re.compile(r"[ \t]{0,3}([-*_])(?:[ \t]*\1){2,}[ \t\r]*$")
_ITEM = re.compile(
    r"([ \t]*)([-*+•◦▪‣]|\d{1,9}[.)](?!\d)|\d{1,3}、|[(（]\d{1,3}[)）])"
    r"(?:([ \t]+)(?:\[[ xX]\][ \t]+)?|(?=[\r]?$)|(?<=[、）]))"
)
_DELIMITER_ROW = re.compile(r"[ \t>]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t\r]*$")
_HTML_HEADING = re.compile(r"[ \t]*<h([1-6])\b[^<>]*>", re.IGNORECASE)
_HTML_STRUCTURE = re.compile(r"[ \t]*<(table|ul|ol|dl)\b", re.IGNORECASE)
_HTML_SEARCH_LIMIT = 2000
_DEFINITION_LINE = re.compile(r"[ \t]{0,3}\[[^\]\n^][^\n]*\]:")
_LINE_START = frozenset(" \t>#-=*+_`~|<[(（•◦▪‣0123456789")


def read_markdown_blocks(text: str) -> Iterator[Block]:
    """The blocks of a Markdown text in order. Comments are expected to be masked already."""
    start = 0
    if text.startswith(("---", "+++")) and (front := _FRONT_MATTER.match(text, 0, _FRONT_MATTER_LIMIT)):
        yield Block(BlockKind.FRONT_MATTER, front.start(2), front.end(2))
        start = front.end()
    yield from _Reader(text, start).read()


class _Reader:
    """The state of the pass over the lines: the paragraph, table and list that are open."""

    def __init__(self, text: str, start: int) -> None:
        self.text = text
        self.position = start
        self.open: Block | None = None
        self.lines_open = 0
        self.header: tuple[str, ...] | None = None
        self.group = 0
        self.last_was_item = False

    def read(self) -> Iterator[Block]:
        text = self.text
        while self.position < len(text):
            start = self.position
            end = text.find("\n", start)
            if end < 0:
                end = len(text)
            self.position = end + 1
            if start == end or text[start:end].isspace():
                yield from self._close()
                self.header = None
            elif text[start] not in _LINE_START and self.header is None and "|" not in text[start:end]:
                self._continue(start, end, 0, quoted=False)
            else:
                yield from self._read_line(start, end)
        yield from self._close()

    def _close(self) -> Iterator[Block]:
        if self.open is not None:
            yield self.open
            self.open = None
            self.lines_open = 0

    def _read_line(self, start: int, end: int) -> Iterator[Block]:
        text = self.text
        quote = _QUOTE.match(text, start, end)
        content = quote.end() if quote else start
        quoted = quote is not None
        if content == end:
            yield from self._close()
            return
        if fence := _FENCE.match(text, content, end):
            yield from self._close()
            yield self._read_fence(fence[1], end)
            return
        if heading := _HEADING.match(text, content, end):
            yield from self._close()
            stop = _HEADING_END.sub("", text[heading.end() : end])
            yield Block(BlockKind.HEADING, heading.end(), heading.end() + len(stop), len(heading[1]))
            self.header, self.last_was_item = None, False
            return
        underline = _UNDERLINE.match(text, content, end)
        if underline and self.open and self.open.kind is BlockKind.PARAGRAPH and self.lines_open == 1:
            level = 1 if underline[1] else 2
            yield Block(BlockKind.HEADING, self.open.start, self.open.end, level)
            self.open, self.lines_open, self.last_was_item = None, 0, False
            return
        if _RULE.match(text, content, end):
            yield from self._close()
            return
        if "|" in text[content:end]:
            row = self._read_row(content, end)
            if row is not None:
                yield from self._close()
                yield row
                return
            if self.header is not None and self.open is None and _DELIMITER_ROW.match(text, content, end):
                return
        else:
            self.header = None
        if html := self._read_html(content, end):
            yield from self._close()
            yield from html
            return
        if item := _ITEM.match(text, content, end):
            yield from self._close()
            marker = len(item[1].expandtabs(4))
            column = marker + len(item[2]) + len((item[3] or " ").expandtabs(4))
            if not self.last_was_item:
                self.group += 1
            self.last_was_item = True
            self.open = Block(
                BlockKind.ITEM,
                item.end(),
                _content_end(text, item.end(), end),
                min(column, marker + 5),
                marker,
                self.group,
                quoted=quoted,
            )
            self.lines_open = 1
            return
        if (
            self.open is None
            and _DEFINITION_LINE.match(text, content, end)
            and (definition := DEFINITION.match(text, start))
        ):
            self.position = max(self.position, definition.end() + 1)
            return
        self._continue(start, end, content, quoted=quoted)

    def _continue(self, start: int, end: int, content: int, *, quoted: bool) -> None:
        """A line of prose: goes on with the open paragraph or item, or begins a paragraph."""
        stop = _content_end(self.text, start, end)
        if self.open is not None:
            self.open = Block(
                self.open.kind,
                self.open.start,
                stop,
                self.open.level,
                self.open.marker,
                self.open.group,
                quoted=self.open.quoted,
            )
            self.lines_open += 1
            return
        begin = max(start, content)
        while begin < stop and self.text[begin] in " \t\u3000\xa0":
            begin += 1
        column = len(self.text[start:begin].expandtabs(4))
        if column == 0:
            self.last_was_item = False
        self.open = Block(BlockKind.PARAGRAPH, begin, stop, column, quoted=quoted)
        self.lines_open = 1

    def _read_fence(self, marks: str, end: int) -> Block:
        text = self.text
        begin = min(end + 1, len(text))
        closing = re.compile(
            r"^[ \t>]*" + re.escape(marks[0]) + "{" + str(len(marks)) + r",}[ \t\r]*$", re.MULTILINE
        )
        found = closing.search(text, begin)
        stop = found.start() if found else len(text)
        self.position = (found.end() + 1) if found else len(text)
        return Block(BlockKind.CODE, begin, max(begin, stop))

    def _read_row(self, start: int, end: int) -> Block | None:
        """A table row; the row above a delimiter row names the columns and is a row without a header."""
        text = self.text
        if self.header is None:
            next_end = text.find("\n", self.position)
            next_end = len(text) if next_end < 0 else next_end
            following = text[self.position : next_end]
            delimited = "|" in following and "-" in following and _DELIMITER_ROW.match(following) is not None
            framed = (
                text[start] == "|"
                and text[start:end].rstrip().endswith("|")
                and text.count("|", start, end) > 2
            )
            if not delimited and not framed:
                return None
            cells = split_cells(text, start, end)
            self.group += 1
            if delimited:
                self.header = tuple(text[a:b] for a, b in cells)
                self.position = next_end + 1
                return Block(BlockKind.ROW, start, end, group=self.group, header=self.header)
            self.header = ()
        return Block(
            BlockKind.ROW,
            start,
            end,
            group=self.group,
            cells=split_cells(text, start, end),
            header=self.header,
        )

    def _read_html(self, start: int, end: int) -> list[Block]:
        """A heading, list or table written in HTML."""
        text = self.text
        if heading := _HTML_HEADING.match(text, start, end):
            closing = re.compile(rf"</h{heading[1]}\s*>", re.IGNORECASE).search(
                text, heading.end(), heading.end() + _HTML_SEARCH_LIMIT
            )
            if closing is None:
                return []
            self._continue_after(closing.end())
            return [Block(BlockKind.HEADING, heading.end(), closing.start(), int(heading[1]))]
        if structure := _HTML_STRUCTURE.match(text, start, end):
            stop = closing_tag(text, structure[1], structure.end())
            self._continue_after(stop)
            self.group += 1
            return list(read_html_blocks(text, start, stop, first_group=self.group * 1000))
        return []

    def _continue_after(self, stop: int) -> None:
        """Goes on with what stands on the same line after an element, when it is more than white space."""
        line_end = self.text.find("\n", stop)
        line_end = len(self.text) if line_end < 0 else line_end
        self.position = line_end + 1 if self.text[stop:line_end].isspace() or stop == line_end else stop


def _content_end(text: str, start: int, end: int) -> int:
    return end - 1 if end > start and text[end - 1] == "\r" else end


def split_cells(text: str, start: int, end: int) -> tuple[tuple[int, int], ...]:
    """The offsets of a row's cells, white space stripped; `\\|` does not split."""
    while end > start and text[end - 1] in " \t\r":
        end -= 1
    if start < end and text[start] == "|":
        start += 1
    if end > start and text[end - 1] == "|" and text[end - 2] != "\\":
        end -= 1
    cells = []
    cell_start = start
    position = start
    while position <= end:
        bar = text.find("|", position, end)
        if bar < 0:
            bar = end
        elif text[bar - 1] == "\\":
            position = bar + 1
            continue
        left, right = cell_start, bar
        while left < right and text[left] in " \t":
            left += 1
        while right > left and text[right - 1] in " \t":
            right -= 1
        cells.append((left, right))
        cell_start = position = bar + 1
    return tuple(cells)
