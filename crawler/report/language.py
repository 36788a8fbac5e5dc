"""The languages a report can speak; each has all of its text in one catalogue, text/<language>.toml."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent / "text"
CHINESE_SHARE: Final = 0.2
"""Of the letters in a title, which names models in Latin letters in every language."""


class Language(StrEnum):
    EN = "en"
    ZH = "zh"

    @property
    def tag(self) -> str:
        """As HTML and feeds name it (BCP 47)."""
        return "zh-Hans" if self is Language.ZH else self.value


class Text:
    """One language's catalogue, part of the package: `text("evidence.since", day="2026-11-20")`.

    It is read when the first word is wanted; `status` wants none.
    """

    def __init__(self, language: Language) -> None:
        self.language = language

    @cached_property
    def _catalogue(self) -> Mapping[str, str | tuple[str, ...]]:
        import tomllib  # noqa: PLC0415

        tree = tomllib.loads((FOLDER / f"{self.language}.toml").read_text(encoding="utf-8"))
        return dict(_flatten(tree))

    def __call__(self, key: str, **values: object) -> str:
        said = self._catalogue[key]
        return (said if isinstance(said, str) else said[-1]).format(**values)

    def count(self, number: int, key: str) -> str:
        """`1 link`, `2,000 links`, by the forms the language has."""
        forms = self._catalogue[key]
        form = forms if isinstance(forms, str) else forms[0 if number == 1 else -1]
        return form.format(n=f"{number:,}")

    def keys(self) -> frozenset[str]:
        return frozenset(self._catalogue)


@cache
def load_text(language: Language) -> Text:
    """One catalogue for everybody."""
    return Text(language)


def language_of(titles: Iterable[str]) -> Language:
    """What language most of these documents are in; names inside them are Latin in every language."""
    chinese = [_is_chinese(title) for title in titles]
    return Language.ZH if sum(chinese) * 2 > len(chinese) else Language.EN


def _is_chinese(title: str) -> bool:
    letters = [character for character in title if character.isalpha()]
    han = sum(unicodedata.name(character, "").startswith("CJK") for character in letters)
    return han > CHINESE_SHARE * len(letters)


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str | tuple[str, ...]]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value if isinstance(value, str) else tuple(value)


ENGLISH: Final = load_text(Language.EN)
