"""Document → every link a careful reader sees in it, with its place, its entry and its role.

The table of contents of the extractor: decode, hide what readers do not see, blocks, inline links, owners.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from crawler.links.blocks import Block, read_html_blocks, read_markdown_blocks
from crawler.links.classify import link_of
from crawler.links.decode import SourceText, read_source
from crawler.links.definitions import Definition, Place, read_definitions
from crawler.links.glued import read_glued_blocks
from crawler.links.hidden import hide_unseen
from crawler.links.known import Survey, collect_known
from crawler.links.passage import Outline
from crawler.links.passages import Owner, Passage, PassageReader, PlacedLink
from crawler.links.roles import decide_role
from crawler.links.run_together import KnownAddresses
from crawler.links.windows import WINDOW_CHARACTERS, OpenPieces, Window, cut_windows, decode_stream
from crawler.records import Role, Target


@dataclass(frozen=True, slots=True)
class ExtractedLink:
    """One mention of a link. `line` and `column` count from 1 in the decoded document; `raw` stands there.

    `alternative`: what else it may mean, its end being uncertain; `alternative_raw` stands at the same place.
    """

    document: str
    url: str
    raw: str
    line: int
    column: int
    entry: str | None
    section: str
    role: Role
    canonical_url: str
    target: Target
    alternative: str | None = None
    alternative_raw: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A document read: its source, and its passages as they come."""

    source: SourceText
    passages: Iterator[Passage]


_LINE_END = re.compile(r"\n")
_HTML_NAME = re.compile(r"\.x?html?$", re.IGNORECASE)
_HTML_START = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html[\s>])", re.IGNORECASE)


def extract_links(content: bytes | str, *, name: str = "") -> Iterator[ExtractedLink]:
    """Every link of a document in document order; `name` helps to tell its format. Never raises."""
    reading = read_document(content, name=name)
    return _extract(reading, name, Places(reading.source))


def _extract(reading: Reading, name: str, places: Places) -> Iterator[ExtractedLink]:
    for owner, passages in group_by_owner(reading.passages):
        for passage, link, role in assign_roles(owner, passages):
            yield _extracted(name, passage, link, role, reading.source, places)


def extracted_to_json(link: ExtractedLink) -> dict[str, Any]:
    """The object `crawler extract --format jsonl` prints."""
    return {
        "document": link.document,
        "url": link.url,
        "raw": link.raw,
        "line": link.line,
        "column": link.column,
        "entry": link.entry,
        "section": link.section,
        "role": str(link.role),
        "canonical_url": link.canonical_url,
        "target": {"kind": str(link.target.kind), "id": link.target.id},
    }


def read_document(content: bytes | str, *, name: str = "") -> Reading:
    """Decodes a document and begins to read its passages."""
    source = read_source(content)
    text = hide_unseen(source.text)
    known = collect_known(text)
    form = _form_of(text, name, known)
    definitions = read_definitions(text) if form is _Form.MARKDOWN else {}
    return Reading(source, _read_passages(text, form, known, definitions, Outline()))


class _Form(StrEnum):
    HTML = "html"
    MARKDOWN = "markdown"
    GLUED = "glued"


def _form_of(text: str, name: str, known: KnownAddresses) -> _Form:
    """The format of a document, by its content and name. Plain text is Markdown without marks."""
    if _HTML_NAME.search(name) or _HTML_START.match(text):
        return _Form.HTML
    return _Form.GLUED if known.runs_together else _Form.MARKDOWN


def _read_passages(
    text: str, form: _Form, known: KnownAddresses, definitions: Mapping[str, Definition], outline: Outline
) -> Iterator[Passage]:
    blocks: Iterator[Block]
    if form is _Form.HTML:
        blocks = read_html_blocks(text)
    elif form is _Form.GLUED:
        blocks = read_glued_blocks(text, known)
    else:
        blocks = read_markdown_blocks(text)
    reader = PassageReader(text, definitions, known, markdown=form is _Form.MARKDOWN, outline=outline)
    return reader.read(blocks)


def extract_stream(
    open_pieces: OpenPieces, *, name: str = "", window_characters: int = WINDOW_CHARACTERS
) -> Iterator[ExtractedLink]:
    """As `extract_links`, for a document of any size: read twice, one window in memory at a time.

    What is kept of the whole are its repositories and reference definitions.
    """
    read_text = decode_stream(open_pieces)
    survey = Survey()
    definitions: dict[str, Definition] = {}
    beginning = ""
    for window in cut_windows(read_text(), characters=window_characters):
        source = read_source(window.text)
        text = hide_unseen(source.text)
        beginning = beginning or text[:1000]
        survey.add(text)
        for key, definition in read_definitions(text).items():
            definitions.setdefault(key, _place_definition(definition, source, window))
    known = survey.known()
    form = _form_of(beginning, name, known)
    outline = Outline()
    for window in cut_windows(read_text(), characters=window_characters):
        source = read_source(window.text)
        passages = _read_passages(hide_unseen(source.text), form, known, definitions, outline)
        yield from _extract(Reading(source, passages), name, Places(source, window.line, window.column))


def _place_definition(definition: Definition, source: SourceText, window: Window) -> Definition:
    line, column = Places(source, window.line, window.column).of(definition.start)
    return replace(definition, place=Place(line, column, source.raw(definition.start, definition.end)))


def group_by_owner(passages: Iterator[Passage]) -> Iterator[tuple[Owner | None, list[Passage]]]:
    """Neighbouring passages of one owner."""
    owner: Owner | None = None
    group: list[Passage] = []
    for passage in passages:
        if group and passage.owner != owner:
            yield owner, group
            group = []
        owner = passage.owner
        if owner is None:
            if passage.links:
                yield None, [passage]
        else:
            group.append(passage)
    if group:
        yield owner, group


def assign_roles(owner: Owner | None, passages: list[Passage]) -> Iterator[tuple[Passage, PlacedLink, Role]]:
    """The links of one owner with their roles: a data link that is all an entry has is its project."""
    decided: list[tuple[Passage, PlacedLink, Role]] = []
    for passage in passages:
        for placed in passage.links:
            inline = placed.inline
            target = link_of(inline.url).target
            role = decide_role(
                inline.url,
                target,
                inline.form,
                words=placed.words,
                before=placed.before,
                column=placed.column,
                is_name=placed.is_name,
                around_image=inline.around_image,
            )
            decided.append((passage, placed, role))
    if owner is not None and not any(role is Role.PROJECT for _, _, role in decided):
        main = next(
            (index for index, (_, placed, role) in enumerate(decided) if _is_own_data(placed, role)), None
        )
        if main is not None:
            passage, placed, _ = decided[main]
            decided[main] = (passage, placed, Role.PROJECT)
    return iter(decided)


def _is_own_data(placed: PlacedLink, role: Role) -> bool:
    """A link to data that is no cell of a data column."""
    return role is Role.DATA and (placed.is_name or placed.column is None)


class Places:
    """Offsets → line and column of the original. Cheapest when asked in rising order."""

    def __init__(self, source: SourceText, line: int = 1, column: int = 0) -> None:
        """The text begins at `line` of the document, after `column` characters of it."""
        self.source = source
        self.first_line, self.first_column = line, column
        self.offset = 0
        self.line = line
        self.line_start = -column
        self.line_ends: list[int] | None = None

    def of(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, of an offset of the meant text."""
        original = self.source.original_offset(offset)
        if original < self.offset:
            return self._look_up(original)
        text = self.source.original
        if (crossed := text.count("\n", self.offset, original)) > 0:
            self.line += crossed
            self.line_start = text.rfind("\n", self.offset, original) + 1
        self.offset = original
        return self.line, original - self.line_start + 1

    def _look_up(self, original: int) -> tuple[int, int]:
        """For what stands before the last place asked for, as reference definitions do."""
        if self.line_ends is None:
            self.line_ends = [end.start() for end in _LINE_END.finditer(self.source.original)]
        ends_before = bisect_left(self.line_ends, original)
        line_start = self.line_ends[ends_before - 1] + 1 if ends_before else -self.first_column
        return self.first_line + ends_before, original - line_start + 1


def _extracted(
    name: str, passage: Passage, placed: PlacedLink, role: Role, source: SourceText, places: Places
) -> ExtractedLink:
    inline = placed.inline
    place = inline.place or Place(*places.of(inline.start), source.raw(inline.start, inline.end))
    link = link_of(inline.url)
    return ExtractedLink(
        document=name,
        url=inline.url,
        raw=place.raw,
        line=place.line,
        column=place.column,
        entry=passage.owner.name if passage.owner else None,
        section=passage.section,
        role=role,
        canonical_url=link.canonical_url,
        target=link.target,
        alternative=inline.alternative.url if inline.alternative else None,
        alternative_raw=source.raw(inline.start, inline.alternative.end) if inline.alternative else None,
    )
