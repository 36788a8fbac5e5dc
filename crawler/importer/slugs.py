"""Names → the second half of entry ids: readable, unique within a document, the same on every import."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST_SLUG: Final = 48
_NOT_A_WORD = re.compile(r"[^\w.+]+|_+")
_SHORT_LEAD = re.compile(r"^([A-Za-z0-9_.+ &-]{2,30}?)\s*[:：]\s*\S")
_SPELT_OUT: Final = {"c++": "cpp", "c#": "csharp"}


def make_slug(name: str) -> str:
    """The slug of a name: what stands before its colon, in lower case, words joined by `-`."""
    text = unicodedata.normalize("NFKC", name)
    if lead := _SHORT_LEAD.match(text):
        text = lead[1]
    text = text.lower()
    for sign, word in _SPELT_OUT.items():
        text = text.replace(sign, word)
    text = text.replace("+", " plus ") if text.rstrip().endswith("+") else text.replace("+", " ")
    words = [word.strip(".") for word in _NOT_A_WORD.split(text)]
    slug = "-".join(word for word in words if word)
    if len(slug) > LONGEST_SLUG:
        cut = slug[: LONGEST_SLUG + 1]
        slug = cut.rsplit("-", 1)[0] if "-" in cut[LONGEST_SLUG // 2 :] else cut[:LONGEST_SLUG]
    return slug or "entry"


class SlugBook:
    """Gives each slug once; the second of its kind becomes `slug-2`."""

    def __init__(self) -> None:
        self._given: dict[str, int] = {}

    def unique(self, slug: str) -> str:
        count = self._given.get(slug, 0) + 1
        self._given[slug] = count
        if count == 1:
            return slug
        numbered = f"{slug}-{count}"
        return self.unique(numbered) if numbered in self._given else self._claim(numbered)

    def _claim(self, slug: str) -> str:
        self._given[slug] = 1
        return slug
