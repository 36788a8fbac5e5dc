"""Text in columns of a terminal, where Chinese and Japanese characters are two cells wide."""

from __future__ import annotations

import unicodedata
from typing import Final

ELLIPSIS: Final = "…"


def cell_width(text: str) -> int:
    """How many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(_width_of(character) for character in text)


def pad(text: str, width: int) -> str:
    """The text, filled with blanks on the right up to `width` cells."""
    return text + " " * (width - cell_width(text))


def clip(text: str, width: int) -> str:
    """The text, cut to at most `width` cells; what is cut off shows as an ellipsis."""
    if cell_width(text) <= width:
        return text
    kept, taken = "", cell_width(ELLIPSIS)
    for character in text:
        taken += _width_of(character)
        if taken > width:
            break
        kept += character
    return kept + ELLIPSIS


def _width_of(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
