"""Passages → drafts of entries: everything that stands at one owner, and the document's own links."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from crawler.links.blocks import Block, BlockKind
from crawler.links.extract import Places, Reading, assign_roles
from crawler.links.passages import Owner, OwnerForm, Passage
from crawler.links.plain import plain_text
from crawler.records import Mention, Role

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(slots=True)
class Draft:
    """An entry in the making. `owner` None: the document itself.

    `texts` are its passages as a reader sees them, `cells` its named table cells. `own_addresses` are
    projects that the document links without words of their own, such as its own repository.
    """

    owner: Owner | None
    name: str
    section: str
    mentions: list[Mention] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    cells: dict[str, str] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    own_addresses: list[str] = field(default_factory=list)

    def with_words(self, repair: Callable[[str], str]) -> Draft:
        """The draft with its name, section and table words put right."""
        return replace(
            self,
            name=repair(self.name),
            section=repair(self.section),
            cells={repair(column): repair(cell) for column, cell in self.cells.items()},
            columns=tuple(map(repair, self.columns)),
        )

    @property
    def is_linked(self) -> bool:
        """Whether it carries more than images and badges."""
        return any(mention.role not in {Role.IMAGE, Role.BADGE} for mention in self.mentions)


def collect_drafts(reading: Reading, text: str) -> list[Draft]:
    """The drafts of a document in its order; the document's own links come last."""
    places = Places(reading.source)
    page = Draft(None, "", "")
    drafts: dict[tuple[int, OwnerForm], Draft] = {}
    waiting: dict[tuple[int, OwnerForm], list[Passage]] = {}
    for passage in reading.passages:
        owner = passage.owner
        if owner is None:
            _add_links(page, [passage], reading, places)
            continue
        key = (owner.start, owner.form)
        draft = drafts.setdefault(key, Draft(owner, owner.name, owner.section))
        waiting.setdefault(key, []).append(passage)
        _add_text(draft, passage, text)
    for key, passages in waiting.items():
        _add_links(drafts[key], passages, reading, places)
    kept = list(_keep_entries(drafts.values(), page))
    page.mentions.sort(key=lambda mention: mention.line or 0)
    return [*kept, page]


def _add_links(draft: Draft, passages: list[Passage], reading: Reading, places: Places) -> None:
    source = reading.source
    for _, placed, role in assign_roles(draft.owner, passages):
        inline = placed.inline
        raw = source.original[source.original_offset(inline.start) : source.original_offset(inline.end)]
        line, _ = places.of(inline.start)
        if draft.owner is None and role is Role.PROJECT and not placed.words:
            draft.own_addresses.append(inline.url)
        # Control characters are what a copy left in an address: no reader sees them.
        draft.mentions.append(Mention(_CONTROL.sub("", inline.url), raw, role, line))


def _add_text(draft: Draft, passage: Passage, text: str) -> None:
    block = passage.block
    if block.kind is BlockKind.CODE:
        return
    if block.kind is BlockKind.ROW:
        draft.columns = block.header
        for column, cell in _named_cells(block, text):
            draft.cells.setdefault(column, cell)
    draft.texts.append(_readable(passage, text))


def _named_cells(block: Block, text: str) -> Iterator[tuple[str, str]]:
    for index, (start, end) in enumerate(block.cells):
        if index < len(block.header) and end > start:
            yield plain_text(block.header[index]).lower(), plain_text(text[start:end])


def _readable(passage: Passage, text: str) -> str:
    """The words of a passage without addresses that stand there as such."""
    pieces = []
    cursor = passage.block.start
    for placed in sorted(passage.links, key=lambda placed: placed.inline.outer_start):
        inline = placed.inline
        if inline.label is None and inline.outer_start >= cursor:
            pieces.append(text[cursor : inline.outer_start])
            cursor = inline.outer_end
    pieces.append(text[cursor : passage.block.end])
    return plain_text(" ".join(pieces))


def _keep_entries(drafts: Iterable[Draft], page: Draft) -> Iterator[Draft]:
    """What a reader would call an entry: without links only among neighbours that have some."""
    drafts = list(drafts)
    linked: Counter[tuple[str, str | int]] = Counter()
    unlinked: Counter[tuple[str, str | int]] = Counter()
    for draft in drafts:
        (linked if draft.is_linked else unlinked)[_company(draft)] += 1
    for draft in drafts:
        company = _company(draft)
        if draft.name and _is_entry(draft, linked[company], unlinked[company]):
            yield draft
        else:
            page.mentions.extend(draft.mentions)


def _is_entry(draft: Draft, linked_neighbours: int, unlinked_neighbours: int) -> bool:
    form = draft.owner.form if draft.owner else None
    if draft.is_linked or form is OwnerForm.ROW:
        return True
    if form is OwnerForm.ITEM:
        return linked_neighbours > 0 and not draft.mentions
    return form is OwnerForm.HEADING and linked_neighbours > unlinked_neighbours


def _company(draft: Draft) -> tuple[str, str | int]:
    """The list or section whose members are entries or not together."""
    if draft.owner is not None and draft.owner.form is OwnerForm.ITEM:
        return "list", draft.owner.group
    return "section", draft.section
