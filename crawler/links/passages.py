"""Blocks → passages: each with its links and the owner a reader sees, be it heading, item, row or paragraph.

Extraction flattens passages into links, import groups them into entries. Works on one section (heading to
heading) at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from crawler.links.block import Block, BlockKind
from crawler.links.definitions import Definition
from crawler.links.inline import InlineLink, find_code_links, find_inline_links
from crawler.links.passage import Heading, Outline, Owner, OwnerForm, Passage, PlacedLink
from crawler.links.plain import plain_text
from crawler.links.run_together import KnownAddresses
from crawler.links.section import Section

__all__ = ["Owner", "OwnerForm", "Passage", "PassageReader", "PlacedLink"]

_HTML_HEADING_END = re.compile(r"</h[1-6]", re.IGNORECASE)
_SECTION_BLOCKS: Final = 20_000


@dataclass(slots=True)
class PassageReader:
    """Walks the blocks of one document."""

    text: str
    definitions: Mapping[str, Definition]
    known: KnownAddresses
    markdown: bool = True
    outline: Outline = field(default_factory=Outline)

    def read(self, blocks: Iterable[Block]) -> Iterator[Passage]:
        """Passages in document order."""
        outline = self.outline
        path = outline.path
        for heading, body, following in _sections(blocks):
            if heading is not None:
                text = plain_text(self.text[heading.start : heading.end])
                if heading.level == 1:
                    outline.titles_seen += 1
                if not self._is_tagline(heading, following, path):
                    while path and path[-1].level >= heading.level:
                        path.pop()
                    path.append(Heading(heading.level, text))
            yield from Section(self.text, self.links_of, outline, heading, body, following).read()

    def _is_tagline(self, heading: Block, following: Block | None, path: list[Heading]) -> bool:
        """A deep HTML heading under the title, before the first section: part of the title."""
        return (
            len(path) == 1
            and path[0].level == 1
            and heading.level > 2
            and following is not None
            and following.level < heading.level
            and _HTML_HEADING_END.match(self.text, heading.end) is not None
        )

    def links_of(self, block: Block) -> list[InlineLink]:
        if block.kind is BlockKind.CODE and self.markdown:
            return find_code_links(self.text, block.start, block.end)
        links = []
        for start, end in (
            block.cells if block.kind is BlockKind.ROW and block.cells else [(block.start, block.end)]
        ):
            links += find_inline_links(
                self.text,
                start,
                end,
                self.definitions,
                known=self.known,
                markdown=self.markdown,
                in_code=block.kind is BlockKind.CODE,
            )
        return links


def _sections(blocks: Iterable[Block]) -> Iterator[tuple[Block | None, list[Block], Block | None]]:
    """(heading, its blocks, the heading after them)."""
    heading: Block | None = None
    body: list[Block] = []
    for block in blocks:
        if block.kind is BlockKind.HEADING or len(body) >= _SECTION_BLOCKS:
            yield heading, body, block if block.kind is BlockKind.HEADING else heading
            if block.kind is BlockKind.HEADING:
                heading, body = block, []
            else:
                body = [block]
        else:
            body.append(block)
    yield heading, body, None
