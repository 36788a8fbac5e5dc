"""Text that was glued together (PDF, copied pages) → one block for every name that addresses follow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from crawler.links.addresses import FoundUrl, find_urls
from crawler.links.blocks import Block, BlockKind
from crawler.links.run_together import KnownAddresses, plain_letters
from crawler.links.wrapped import find_continuation

# A name begins after the last sentence: behind a full stop, or where a Latin sentence runs into a capital.
_SENTENCE_END = re.compile(r"[。！？!?\n]|…|\.{3}|(?<=[a-z0-9)])\.(?=[A-Z*【\u3400-\u9fff])|:\)")
_LAST_LATIN_WORD = re.compile(r"[A-Za-z][\w.-]{2,79}$", re.ASCII)
_LATIN_NAME = re.compile(r"[A-Za-z][\w.&-]*(?: [\w.&-]+)*[ \u3400-\u9fff・]*$")
_LONGEST_NAME: Final = 160
_LONGEST_TAIL: Final = 300
_NEIGHBOURS: Final = 3
# A candidate longer than this is a sentence that ran into a name.
_LONG_NAME: Final = 24


def read_glued_blocks(text: str, known: KnownAddresses) -> Iterator[Block]:
    """Paragraphs that begin at a name; the only cell of such a block is the name's place."""
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        end = _wrapped_line_end(text, start, end, known)
        if end > start:
            yield from _split_line(text, start, end, known)
        start = end + 1


def _wrapped_line_end(text: str, start: int, end: int, known: KnownAddresses) -> int:
    """Where the line ends when an address at its end goes on in the next one."""
    while end < len(text) and (scheme := text.rfind("://", max(start, end - _LONGEST_TAIL), end)) >= 0:
        address = max(start, scheme - len("https"))
        if " " in text[scheme:end] or not find_continuation(text, address, scheme + 3, end, len(text), known):
            break
        start, end = end + 1, text.find("\n", end + 1)
        end = len(text) if end < 0 else end
    return end


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
            if found.start - name_start > _LONG_NAME:
                name_start = _own_name_start(text, name_start, found)
            if name_start > cursor:
                yield _block(cursor, name_start, name)
                cursor = name_start
            name = (name_start, found.start)
        previous = found
    yield _block(cursor, end, name)


def _own_name_start(text: str, start: int, found: FoundUrl) -> int:
    """Where the name begins that the address repeats: `…试用Some-Modelhttps://github.com/o/Some-Model`."""
    latin = _LAST_LATIN_WORD.search(text, start, found.start)
    if latin is None or latin.start() <= start or text[latin.start() - 1] < "\u3000":
        return start
    name = plain_letters(latin[0])
    parts = [plain_letters(part) for part in found.url.split("/")[3:]]
    return latin.start() if any(part and name.startswith(part) for part in parts) else start


def _block(start: int, end: int, name: tuple[int, int] | None) -> Block:
    return Block(BlockKind.PARAGRAPH, start, end, cells=(name,) if name else ())
