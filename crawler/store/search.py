"""Words to search by: Chinese and its neighbours are written without spaces, so a character is a word."""

from __future__ import annotations

import re
from typing import Final

_UNSPACED: Final = re.compile(
    "([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af\U00020000-\U0003ffff])"
)


def space_out(text: str | None) -> str:
    """Text as it is indexed: FTS5's tokenizer would take a whole Chinese sentence for one word."""
    return _UNSPACED.sub(r" \1 ", text or "")


def match_words(words: str) -> str:
    """What a person typed as an FTS5 expression: all of its words, or beginnings of them; never an error."""
    phrases = (space_out(word).replace('"', " ").replace("\0", " ") for word in words.split())
    return " ".join(f'"{phrase}"*' for phrase in phrases if any(map(str.isalnum, phrase))) or '""'
