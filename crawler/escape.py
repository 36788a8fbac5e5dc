"""Text from strangers, made harmless for the place it is shown in. HTML is left to Jinja2's autoescape."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_MARKDOWN_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>()#+!|~&@$:-])")
_FORMULA_START: Final = ("=", "+", "-", "@", "\t", "\r")
_BIDI_CONTROLS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def for_terminal(text: str) -> str:
    """Control characters (escape sequences, line breaks, direction overrides) become visible escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() and character not in _BIDI_CONTROLS
        else character.encode("unicode_escape").decode()
        for character in text
    )


def for_markdown(text: str) -> str:
    """Every character Markdown may read as markup is escaped; one line, no control characters."""
    flat = " ".join("".join(c if unicodedata.category(c) != "Cc" else " " for c in text).split())
    return _MARKDOWN_SPECIAL.sub(r"\\\1", "".join(c for c in flat if c not in _BIDI_CONTROLS))


def for_markdown_link(url: str) -> str:
    """A URL as a Markdown autolink; one that could break out of it is shown as code instead."""
    if re.fullmatch(r"https?://[^\s<>\\`\x00-\x20\x7f]+", url):
        return f"<{url}>"
    return "`" + "".join(c for c in url if c.isprintable() and c != "`") + "`"


def for_csv(value: str) -> str:
    """A cell that a spreadsheet would run as a formula gets an apostrophe in front."""
    return f"'{value}" if value.startswith(_FORMULA_START) else value
