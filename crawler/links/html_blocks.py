"""HTML text → its blocks: what stands between block-level tags. Also for HTML inside Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.links.block import Block, BlockKind

_BLOCK_TAG = re.compile(
    r"<(/?)(h[1-6]|li|tr|td|th|thead|tbody|table|ul|ol|dl|dt|dd|p|div|section|article|header|footer|main|nav|"
    r"blockquote|pre|figure|details|summary|body|html|center|hr|title)\b(?:[^<>\"']|\"[^\"]{0,4000}\"|'[^']{0,4000}')*>",
    re.IGNORECASE,
)

_ENDS_HEADING = frozenset(
    ["h1", "h2", "h3", "h4", "h5", "h6", "p", "ul", "ol", "dl", "li", "table", "tr", "pre"]
)


def closing_tag(text: str, name: str, start: int) -> int:
    """Where the element ends, nested elements of its kind counted; the end of the text if never."""
    depth = 1
    for tag in re.compile(rf"<(/?){name}\b", re.IGNORECASE).finditer(text, start):
        depth += -1 if tag[1] else 1
        if depth == 0:
            closing = text.find(">", tag.end())
            return len(text) if closing < 0 else closing + 1
    return len(text)


def read_html_blocks(
    text: str, start: int = 0, end: int | None = None, *, first_group: int = 0
) -> Iterator[Block]:
    """The blocks of an HTML text: what stands between block-level tags."""
    end = len(text) if end is None else end
    reader = _HtmlReader(text, first_group)
    cursor = start
    for tag in _BLOCK_TAG.finditer(text, start, end):
        yield from reader.text_until(cursor, tag.start())
        yield from reader.tag(tag)
        cursor = tag.end()
    yield from reader.text_until(cursor, end)
    yield from reader.finish(end)
    if reader.heading:
        yield Block(BlockKind.HEADING, reader.heading[1], end, reader.heading[0])


class _HtmlReader:
    def __init__(self, text: str, first_group: int) -> None:
        self.text = text
        self.group = first_group
        self.depth = 0
        self.heading: tuple[int, int] | None = None
        self.item_open = False
        self.row_start: int | None = None
        self.cell_start: int | None = None
        self.cells: list[tuple[int, int]] = []
        self.row_is_header = False
        self.header: tuple[str, ...] = ()
        self.in_code = False

    def text_until(self, start: int, end: int) -> Iterator[Block]:
        if self.heading or self.row_start is not None or start >= end:
            return
        if self.text[start:end].isspace():
            return
        if self.item_open:
            self.item_open = False
            yield Block(BlockKind.ITEM, start, end, self.depth * 2, (self.depth - 1) * 2, self.group)
        elif self.in_code:
            yield Block(BlockKind.CODE, start, end)
        else:
            yield Block(BlockKind.PARAGRAPH, start, end, self.depth * 2)

    def tag(self, tag: re.Match[str]) -> Iterator[Block]:
        closing, name = bool(tag[1]), tag[2].lower()
        if self.heading and not closing and name in _ENDS_HEADING:
            # Never closed: what follows is no heading.
            yield Block(BlockKind.HEADING, self.heading[1], tag.start(), self.heading[0])
            self.heading = None
        if name[0] == "h" and name[1:].isdigit():
            if not closing:
                self.heading = (int(name[1]), tag.end())
            elif self.heading:
                yield Block(BlockKind.HEADING, self.heading[1], tag.start(), self.heading[0])
                self.heading = None
        elif name in {"ul", "ol", "dl"}:
            self.depth = max(0, self.depth + (-1 if closing else 1))
            self.group += not closing
        elif name in {"li", "dt"}:
            self.item_open = not closing
        elif name == "pre":
            self.in_code = not closing
        elif name == "table":
            yield from self.finish(tag.start())
            self.header = ()
            self.group += 1
        elif name == "tr":
            yield from self.finish(tag.start())
            if not closing:
                self.row_start = tag.end()
        elif name in {"td", "th"}:
            self._close_cell(tag.start())
            if not closing and self.row_start is not None:
                self.cell_start = tag.end()
                self.row_is_header = name == "th" and (self.row_is_header or not self.cells)

    def _close_cell(self, end: int) -> None:
        if self.cell_start is not None:
            self.cells.append((self.cell_start, end))
            self.cell_start = None

    def finish(self, end: int) -> Iterator[Block]:
        """Closes the row that is open."""
        self._close_cell(end)
        if self.row_start is not None and self.cells:
            cells = tuple(self.cells)
            if self.row_is_header and not self.header:
                self.header = tuple(re.sub(r"<[^>]*>", " ", self.text[a:b]).strip() for a, b in cells)
                yield Block(BlockKind.ROW, self.row_start, end, group=self.group, header=self.header)
            else:
                yield Block(
                    BlockKind.ROW, self.row_start, end, group=self.group, cells=cells, header=self.header
                )
        self.row_start, self.cells, self.row_is_header = None, [], False
