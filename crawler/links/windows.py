"""A document too big to hold → windows of its text that can be read one after the other.

A window ends before a heading if it can, else at a blank line, else at any line's end; never inside a code
fence or comment unless there is no other place.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from crawler.links.decode import guess_encoding

WINDOW_CHARACTERS: Final = 2_000_000
_PIECE_BYTES: Final = 1 << 20

OpenPieces: TypeAlias = Callable[[], Iterable[bytes]]
"""Begins to read the document; every call reads it from its start."""

_MARK = re.compile(
    r"^[ \t>]*(?P<fence>`{3,}|~{3,})[^`\n]*$|(?P<comment><!--)|(?P<end>-->)"
    r"|(?P<heading>^#{1,6}[ \t]|<h[1-6][\s>])"
    r"|(?P<blank>^[ \t\r]*\n)",
    re.MULTILINE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a decoded document; it begins at `line` (from 1) after `column` characters of it."""

    text: str
    line: int
    column: int


def cut_windows(pieces: Iterable[str], *, characters: int = WINDOW_CHARACTERS) -> Iterator[Window]:
    """The windows of a text that comes in pieces."""
    held = ""
    line, column = 1, 0
    for piece in pieces:
        held += piece
        while len(held) >= characters:
            cut = _find_cut(held, characters)
            yield Window(held[:cut], line, column)
            line, column = _after(held[:cut], line, column)
            held = held[cut:]
    if held:
        yield Window(held, line, column)


def _after(text: str, line: int, column: int) -> tuple[int, int]:
    last = text.rfind("\n")
    return line + text.count("\n"), column + len(text) if last < 0 else len(text) - last - 1


def _find_cut(text: str, most: int) -> int:
    heading = blank = 0
    fence: str | None = None
    in_comment = False
    for mark in _MARK.finditer(text, 0, most):
        if mark["fence"] and not in_comment:
            if fence is None:
                fence = mark["fence"]
            elif mark["fence"].startswith(fence):
                fence = None
        elif fence is None and mark["comment"]:
            in_comment = True
        elif mark["end"]:
            in_comment = False
        elif fence is None and not in_comment:
            if mark["heading"]:
                heading = mark.start()
            elif mark["blank"]:
                blank = mark.end()
    if heading > most // 2:
        return heading
    return max(heading, blank) or (text.rfind("\n", 0, most) + 1) or most


def decode_stream(open_pieces: OpenPieces) -> Callable[[], Iterator[str]]:
    """How to read the document as text, any number of times; decides on its encoding by reading it once."""
    head = next(iter(open_pieces()), b"")
    for encoding, errors in (*guess_encoding(head), ("gb18030", "strict"), ("utf-8", "replace")):
        try:
            for _ in _decode(open_pieces, encoding, errors):
                pass
        except UnicodeDecodeError:
            continue
        break
    return lambda: _decode(open_pieces, encoding, errors)


def _decode(open_pieces: OpenPieces, encoding: str, errors: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    for piece in open_pieces():
        for start in range(0, len(piece), _PIECE_BYTES):
            yield decoder.decode(piece[start : start + _PIECE_BYTES])
    yield decoder.decode(b"", final=True)
