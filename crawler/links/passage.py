"""What a block becomes when its owner is known: a passage with its links."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from crawler.links.block import Block
from crawler.links.inline import InlineLink

SECTION_SEPARATOR: Final = " > "


class OwnerForm(StrEnum):
    HEADING = "heading"
    SUBHEADING = "subheading"
    ITEM = "item"
    ROW = "row"
    PARAGRAPH = "paragraph"


@dataclass(frozen=True, slots=True)
class Owner:
    """What a reader would call an entry. `start` is where it begins in the text and tells owners apart."""

    form: OwnerForm
    name: str
    section: str
    start: int
    group: int = 0


@dataclass(frozen=True, slots=True)
class PlacedLink:
    """A link with what its role is decided from."""

    inline: InlineLink
    words: str
    before: str
    column: str | None
    is_name: bool


@dataclass(frozen=True, slots=True)
class Passage:
    """A block with its owner; no owner: it belongs to the document itself."""

    block: Block
    owner: Owner | None
    section: str
    links: tuple[PlacedLink, ...] = ()


@dataclass(slots=True)
class Heading:
    level: int
    text: str


@dataclass(slots=True)
class Outline:
    """Where in a document the reading is: the headings above, and what footnotes belong to."""

    path: list[Heading] = field(default_factory=list)
    footnotes: dict[str, Owner] = field(default_factory=dict)
    titles_seen: int = 0
