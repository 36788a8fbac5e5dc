"""The owner rules: which heading, list item, table row or paragraph of a section a link belongs to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from crawler.links.block import Block, BlockKind
from crawler.links.inline import InlineLink, LinkForm
from crawler.links.names import (
    cell_name,
    has_date_note,
    heading_name,
    is_label,
    lead_name,
    name_from_url,
)
from crawler.links.passage import SECTION_SEPARATOR, Outline, Owner, OwnerForm, Passage, PlacedLink
from crawler.links.plain import plain_text
from crawler.links.rows import find_name_column

_PAGE_HEADING = re.compile(
    r"(?:star[- ]?(?:chart|history|s)|stargazers|contributors?|contributing|contribute|acknowledge?ments?|"
    r"citations?|cite|license|licence|table of contents|"
    r"contents|toc|sponsors?|contact|changelog|join us|usage|"
    r"install(?:ation)?|quick ?start|getting started|"
    r"致谢|贡献者?|赞助(?:我们)?|目录|引用|联系(?:我们|方式)?|"
    r"许可证?|交流群?|加入我们|使用(?:方法|步骤|说明)?|安装|快速开始)(?:\s*[（(].*[）)])?",
    re.IGNORECASE,
)
_COLLECTIVE_HEADING = re.compile(
    r".{0,40}\b(?:models|datasets|tools|papers|projects|resources|links|references|benchmarks|articles|tutorials|blogs|"
    r"others?|demos|frameworks|libraries|applications|leaderboards|news|courses|books|posts|awesome|overview|"
    r"introduction|readme)\s*(?:[（(].*[）)])?"
    r"|.{0,10}(?:项目|资料|列表|汇总|工具箱|链接|资源|合集|大全|清单|参考|文献|产品|榜单|简介|介绍|概述)\s*(?:[（(].*[）)])?"
    r"|参考资料.{0,10}",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[。！？!?；]|[.;]\s|[.]$")
_WHOLE_BOLD = re.compile(
    r"\s*(?:(\*\*|__)(?=\S)(?:(?!\1).)+\1|<(?:b|strong)>[^<>]*</(?:b|strong)>)\s*[:：]?\s*$", re.DOTALL
)
_LINK_ONLY = re.compile(r"[\s|,，、;；和或及/&()（）\[\].。:：*_~-]*")
_LINK_FIRST = re.compile(r"[\W_]{0,8}(?:【[^】]{0,8}】[\W_]{0,4})?\[[^\[\]]{1,200}\]\(https?:")
_DEFINITION_LIST = re.compile(r"([^\n]{1,120})\n[ \t]{0,3}:[ \t]+\S")
_ADDRESS = re.compile(r"https?://\S+")
_WORD = re.compile(r"[^\W_]")
_FOOTNOTE_DEFINITION = re.compile(r"\[\^([^\]\s]{1,80})\]:")
_FOOTNOTE_USE = re.compile(r"\[\^([^\]\s]{1,80})\](?!:)")

_LABEL_CHARACTERS: Final = 60
_MANY_BARE_ITEMS: Final = 6
_LONGEST_TITLE: Final = 160
_LONGEST_SUBHEADING: Final = 60


@dataclass(slots=True)
class _OpenItem:
    marker: int
    column: int
    owner: Owner | None


class Section:
    """One heading and the blocks up to the next one."""

    def __init__(
        self,
        text: str,
        links_of: Callable[[Block], list[InlineLink]],
        outline: Outline,
        heading: Block | None,
        body: list[Block],
        following: Block | None,
    ) -> None:
        path = outline.path
        self.text = text
        self.links_of = links_of
        self.heading = heading
        self.body = body
        self.footnotes = outline.footnotes
        self.path = path
        self.items: list[_OpenItem] = []
        self.subheading: Owner | None = None
        self.waiting_title: tuple[str, int] | None = None
        heading_text = path[-1].text if path else ""
        level = path[-1].level if path else 0
        self.is_parent = following is not None and heading is not None and following.level > heading.level
        is_title = level == 1 and outline.titles_seen <= 1
        self.is_page = not path or is_title or _PAGE_HEADING.fullmatch(_bare_words(heading_text)) is not None
        bare_items = sum(1 for block in body if block.kind is BlockKind.ITEM and self._is_bare_item(block))
        self.is_collective = (
            self.is_parent
            or _COLLECTIVE_HEADING.fullmatch(heading_text) is not None
            or bare_items >= _MANY_BARE_ITEMS
            or self._is_list_of_paragraphs()
        )
        self.linked_lists = {
            block.group for block in body if block.kind is BlockKind.ITEM and self._begins_with_link(block)
        }
        self.section = SECTION_SEPARATOR.join(step.text for step in path)
        self.above = SECTION_SEPARATOR.join(step.text for step in path[:-1])
        self.heading_owner: Owner | None = None
        if heading is not None and not self.is_page and not self.is_collective:
            self.heading_owner = self._own_heading(heading)

    def _is_list_of_paragraphs(self) -> bool:
        """Many short paragraphs with one address each: a list without list markers."""
        short = sum(
            1
            for block in self.body
            if block.kind is BlockKind.PARAGRAPH
            and block.end - block.start < _LONGEST_TITLE * 2
            and self.text.count("://", block.start, block.end) == 1
        )
        return short >= _MANY_BARE_ITEMS

    def _has_linked_children(self, index: int) -> bool:
        """Whether paragraphs that belong to a list item hold addresses."""
        item = self.body[index]
        for following in range(index + 1, len(self.body)):
            block = self.body[following]
            if block.kind is not BlockKind.PARAGRAPH or block.level < item.level - 1:
                return False
            if self.text.find("://", block.start, block.end) >= 0:
                return True
        return False

    def _own_heading(self, heading: Block) -> Owner:
        name = heading_name(self.text[heading.start : heading.end])
        return Owner(OwnerForm.HEADING, name, self.above, heading.start)

    def _is_bare_item(self, block: Block) -> bool:
        words = self.text[block.start : block.end].strip()
        return words.startswith(("http://", "https://", "<http")) and " " not in words

    def _begins_with_link(self, block: Block) -> bool:
        return _LINK_FIRST.match(self.text, block.start, block.end) is not None

    def read(self) -> Iterator[Passage]:
        if self.heading is not None:
            yield self._read_heading(self.heading)
        for index, block in enumerate(self.body):
            if block.kind is BlockKind.ITEM:
                yield self._read_item(block, has_linked_children=self._has_linked_children(index))
            elif block.kind is BlockKind.ROW:
                yield self._read_row(block)
            elif block.kind is BlockKind.PARAGRAPH:
                yield self._read_paragraph(block)
            else:
                links = self._place(block, self.links_of(block))
                owner = None if block.kind is BlockKind.FRONT_MATTER else self._current()
                yield Passage(block, owner, self._section_of(owner), links)

    def _section_of(self, owner: Owner | None) -> str:
        return owner.section if owner is not None else self.section

    def _current(self) -> Owner | None:
        if self.items:
            return self.items[-1].owner
        return self.subheading or self.heading_owner

    def _read_heading(self, heading: Block) -> Passage:
        links = self.links_of(heading)
        linked = any(link.form is not LinkForm.IMAGE for link in links)
        if linked and self.heading_owner is None and not self.is_page:
            self.heading_owner = self._own_heading(heading)
        owner = self.heading_owner
        placed = self._place(heading, links, name_span=(heading.start, heading.end))
        passage = Passage(heading, owner, self._section_of(owner) if owner else self.above, placed)
        if linked and self.is_collective:
            self.heading_owner = None
        return passage

    # --- list items

    def _read_item(self, block: Block, *, has_linked_children: bool) -> Passage:
        while self.items and self.items[-1].marker >= block.marker:
            self.items.pop()
        links = self.links_of(block)
        parent = self.items[-1].owner if self.items else (self.subheading or self.heading_owner)
        name_span = None
        if (
            has_linked_children
            and not links
            and not is_label(words := plain_text(self.text[block.start : block.end]))
        ):
            owner: Owner | None = self._item(block, lead_name(words))
        else:
            owner, name_span = self._item_owner(block, links, parent)
        self.items.append(_OpenItem(block.marker, block.level, owner))
        self.waiting_title = None
        return Passage(block, owner, self._section_of(owner), self._place(block, links, name_span=name_span))

    def _item_owner(
        self, block: Block, links: list[InlineLink], parent: Owner | None
    ) -> tuple[Owner | None, tuple[int, int] | None]:
        """An item that only says what its link is belongs to what is above; one with a name is its own."""
        words = self._words_without_addresses(block, links)
        if not links:
            listed = (
                parent is not None and parent.form is OwnerForm.HEADING and block.group in self.linked_lists
            )
            if (parent is not None and not listed) or not words:
                return (parent if parent is not None else None), None
            return self._item(block, lead_name(words)), None
        if parent is not None and (is_label(words) or self._is_note_of(parent, words, links)):
            return parent, None
        if self.is_page and self.heading is None and not self.path and is_label(words):
            return None, None
        name, span = self._name_of_item(block, links, words)
        if is_label(name) or not name:
            if parent is not None or self.is_page:
                return parent, None
            name = name_from_url(links[0].url)
            span = (links[0].outer_start, links[0].outer_end)
        return self._item(block, name), span

    def _is_note_of(self, parent: Owner, words: str, links: list[InlineLink]) -> bool:
        """Prose under an entry that merely mentions an address: `- trained with https://…`."""
        if parent.form is OwnerForm.HEADING and all(link.form is LinkForm.BARE for link in links):
            return len(words) > 60 or bool(_SENTENCE.search(words))
        return False

    def _item(self, block: Block, name: str) -> Owner:
        return Owner(OwnerForm.ITEM, name, self.section, block.start, block.group)

    def _name_of_item(
        self, block: Block, links: list[InlineLink], words: str
    ) -> tuple[str, tuple[int, int] | None]:
        text = self.text
        for link in links:
            if link.form is not LinkForm.LINK or link.label is None or link.around_image:
                continue
            label = plain_text(text[link.label[0] : link.label[1]])
            before = plain_text(text[block.start : link.outer_start])
            if is_label(label) and not is_label(before):
                break
            lead = lead_name(before)
            if is_label(lead) or len(before) <= 6:
                if is_label(label):
                    continue
                return _short(label), (link.outer_start, link.outer_end)
            break
        first = links[0].outer_start
        before = plain_text(text[block.start : first])
        return lead_name(before if not is_label(before) else words), None

    def _words_without_addresses(self, block: Block, links: list[InlineLink]) -> str:
        """What a reader reads of a block besides addresses that stand there as such."""
        pieces = []
        cursor = block.start
        for link in sorted(links, key=lambda link: link.outer_start):
            if link.form in {LinkForm.BARE, LinkForm.CODE} and link.outer_start >= cursor:
                pieces.append(self.text[cursor : link.outer_start])
                cursor = link.outer_end
        pieces.append(self.text[cursor : block.end])
        return plain_text(" ".join(pieces))

    # --- table rows

    def _read_row(self, block: Block) -> Passage:
        self.items.clear()
        links = self.links_of(block)
        if not block.cells:
            return Passage(block, None, self.section, self._place(block, links))
        column = find_name_column(self.text, block)
        owner: Owner | None = None
        span: tuple[int, int] | None = None
        if column is not None:
            span = block.cells[column]
            name = cell_name(self.text[span[0] : span[1]])
            if not name or is_label(name) or not _WORD.search(_ADDRESS.sub("", name)):
                inside = [link for link in links if span[0] <= link.start < span[1]]
                name = name_from_url(inside[0].url) if inside else name
            owner = Owner(OwnerForm.ROW, name, self.section, block.start, block.group)
        elif links:
            owner = Owner(OwnerForm.ROW, name_from_url(links[0].url), self.section, block.start, block.group)
        placed = self._place(block, links, name_span=span)
        return Passage(block, owner, self.section, placed)

    # --- paragraphs

    def _read_paragraph(self, block: Block) -> Passage:
        while self.items and (block.level < self.items[-1].column - 1 or block.level == 0):
            self.items.pop()
        links = self.links_of(block)
        owner = self._paragraph_owner(block, links)
        for use in _FOOTNOTE_USE.finditer(self.text, block.start, block.end):
            if owner is not None:
                self.footnotes.setdefault(use[1], owner)
        return Passage(block, owner, self._section_of(owner), self._place(block, links))

    def _paragraph_owner(self, block: Block, links: list[InlineLink]) -> Owner | None:
        if footnote := _FOOTNOTE_DEFINITION.match(self.text, block.start, block.end):
            return self.footnotes.get(footnote[1])
        if self.items:
            return self.items[-1].owner
        if not links:
            if self._is_subheading(block):
                name = heading_name(self.text[block.start : block.end].strip().strip(":：*_"))
                self.subheading = Owner(OwnerForm.SUBHEADING, name, self.section, block.start)
                return self.subheading
            if self.subheading or self.heading_owner:
                return self.subheading or self.heading_owner
            words = plain_text(self.text[block.start : block.end])
            self.waiting_title = (words, block.start) if len(words) <= _LONGEST_TITLE else None
            return None
        if self.subheading or self.heading_owner:
            return self.subheading or self.heading_owner
        if self.is_page and (self.path or self._is_page_paragraph(links)):
            return None
        if block.cells:
            name = lead_name(cell_name(self.text[slice(*block.cells[0])])) or name_from_url(links[0].url)
            return Owner(OwnerForm.PARAGRAPH, name, self.section, block.start)
        return self._own_paragraph(block, links)

    def _is_page_paragraph(self, links: list[InlineLink]) -> bool:
        """Badges and images before any heading."""
        return all(link.form is LinkForm.IMAGE or link.around_image for link in links)

    def _is_subheading(self, block: Block) -> bool:
        """A paragraph that stands like a heading inside an entry: bold, or a name with a date of its own."""
        text = self.text[block.start : block.end]
        if len(text) > _LONGEST_SUBHEADING or self.is_page:
            return False
        if self.heading_owner is None and not self.is_collective:
            return False
        if _WHOLE_BOLD.match(text):
            return not is_label(plain_text(text).strip(":：")) and self.heading_owner is None
        return has_date_note(text) and not _SENTENCE.search(plain_text(text)) and len(heading_name(text)) > 1

    def _own_paragraph(self, block: Block, links: list[InlineLink]) -> Owner | None:
        words = self._words_without_addresses(block, links)
        first = links[0]
        name = ""
        if first.form is LinkForm.LINK and first.label is not None and not first.around_image:
            before = plain_text(self.text[block.start : first.outer_start])
            label = plain_text(self.text[first.label[0] : first.label[1]])
            name = label if len(before) <= 6 and not is_label(label) else ""
        if not name and len(words) <= _LONGEST_TITLE and not is_label(words) and not _ends_with_label(words):
            name = words.strip()
        if not name and is_label(words) and self.waiting_title and _LINK_ONLY.fullmatch(words):
            name = self.waiting_title[0] if len(self.waiting_title[0]) < 80 else ""
        self.waiting_title = None
        if definition := _DEFINITION_LIST.match(self.text, block.start, block.end):
            name = plain_text(definition[1])
        if not _WORD.search(name):
            name = name_from_url(first.url)
        return Owner(OwnerForm.PARAGRAPH, _short(name), self.section, block.start)

    # --- links

    def _place(
        self, block: Block, links: list[InlineLink], *, name_span: tuple[int, int] | None = None
    ) -> tuple[PlacedLink, ...]:
        text = self.text
        placed = []
        for link in links:
            words = plain_text(text[link.label[0] : link.label[1]]) if link.label else ""
            floor = block.start
            column = None
            for index, (start, end) in enumerate(block.cells if block.kind is BlockKind.ROW else ()):
                if start <= link.outer_start < end or start <= link.start < end:
                    floor = start
                    if index < len(block.header):
                        column = plain_text(block.header[index])
            floor = max(floor, link.outer_start - _LABEL_CHARACTERS)
            line_start = max(floor, text.rfind("\n", floor, link.outer_start) + 1)
            before = text[line_start : link.outer_start]
            is_name = name_span is not None and name_span[0] <= link.outer_start < max(
                name_span[1], name_span[0] + 1
            )
            placed.append(PlacedLink(link, words, before, column, is_name))
        return tuple(placed)


def _ends_with_label(words: str) -> bool:
    return bool(re.search(r"(?:地址|链接|网址)(?:是|为)?\s*[:：]?\s*$", words))


def _bare_words(text: str) -> str:
    return re.sub(r"^[\W\d_]+|[\W_]+$", "", text)


def _short(name: str) -> str:
    return cell_name(name) if name else name
