"""What a document is made of: its blocks, each with its offsets."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class BlockKind(StrEnum):
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    ITEM = "item"
    ROW = "row"
    CODE = "code"
    FRONT_MATTER = "front-matter"


@dataclass(frozen=True, slots=True)
class Block:
    """One block: its content is `text[start:end]`, without heading marks and list markers.

    `level`: 1-6 of a heading; of anything else the column its content starts at. `marker`: the column of a
    list marker. `group`: number of the table or list. `cells`: offsets of a row's cells, `header` the names
    of its columns.
    """

    kind: BlockKind
    start: int
    end: int
    level: int = 0
    marker: int = 0
    group: int = 0
    cells: tuple[tuple[int, int], ...] = ()
    header: tuple[str, ...] = ()
    quoted: bool = False
