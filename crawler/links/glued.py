"""Text that was glued together (PDF, copied pages) → one block for every name that addresses follow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from crawler.links.addresses import FoundUrl, find_urls
from crawler.links.blocks import Block, BlockKind
from crawler.links.run_together import KnownAddresses

# A name begins after the last sentence: behind a full stop, or where a Latin sentence runs into a capital.
_SENTENCE_END = re.compile(r"[。！？!?\n]|…|\.{3}|(?<=[a-z0-9)])\.(?=[A-Z*【\u3400-\u9fff])|:\)")
_LATIN_NAME = re.compile(r"[A-Za-z][\w.&-]*(?: [\w.&-]+)*[ \u3400-\u9fff・]*$")
_LONGEST_NAME: Final = 160
_NEIGHBOURS: Final = 3


def read_glued_blocks(text: str, known: KnownAddresses) -> Iterator[Block]:
    """Paragraphs that begin at a name; the only cell of such a block is the name's place."""
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if end > start:
            yield from _split_line(text, start, end, known)
        start = end + 1


def _split_line(text: str, start: int, end: int, known: KnownAddresses) -> Iterator[Block]:
    cursor = start
    name: tuple[int, int] | None = None
    previous: FoundUrl | None = None
    for found in find_urls(text, start, end, known=known):
        if previous is None or found.start - previous.end > _NEIGHBOURS:
            floor = max(start if previous is None else previous.end, found.start - _LONGEST_NAME)
            name_start = floor
            for sentence in _SENTENCE_END.finditer(text, floor, found.start):
                name_start = sentence.end()
            if name_start == floor and floor == found.start - _LONGEST_NAME:
                latin = _LATIN_NAME.search(text, floor, found.start)
                name_start = latin.start() if latin else found.start
            if name_start > cursor:
                yield _block(cursor, name_start, name)
                cursor = name_start
            name = (name_start, found.start)
        previous = found
    yield _block(cursor, end, name)


def _block(start: int, end: int, name: tuple[int, int] | None) -> Block:
    return Block(BlockKind.PARAGRAPH, start, end, cells=(name,) if name else ())
