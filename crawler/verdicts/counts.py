"""Parameter counts as lists write them → numbers with their tolerance. Pure.

docs/facts.md explains the tolerance.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

TOLERANCE: Final = 0.25
"""Sizes in names leave out embeddings or round: Gemma "7B" has 8.54 billion, LLaMA "7B" 6.74."""
EXPERTS_SHARED: Final = 0.6
"""Experts share the rest of their model: Mixtral "8x7B" has 46.7 billion, not 56; "8x22B" 141, not 176."""
EXPERTS_SLACK: Final = 0.05

UNITS: Final = {
    "k": 10**3,
    "m": 10**6,
    "million": 10**6,
    "b": 10**9,
    "billion": 10**9,
    "t": 10**12,
    "trillion": 10**12,
    "万": 10**4,
    "百万": 10**6,
    "千万": 10**7,
    "亿": 10**8,
    "十亿": 10**9,
    "百亿": 10**10,
    "千亿": 10**11,
    "万亿": 10**12,
}
_UNIT: Final = r"(?:万亿|千亿|百亿|十亿|亿|千万|百万|万|billion|million|trillion|[KMBT](?![A-Za-z]))"
_NUMBER: Final = r"\d{1,15}(?:,\d{3})*(?:\.\d{1,9})?"
_TO: Final = r"\s*(?:-|–|—|~|～|至|到|to)\s*"
_START: Final = r"(?<![A-Za-z0-9.])"
_COUNT: Final = re.compile(
    rf"{_START}(?:"
    rf"(?P<experts>\d{{1,4}})\s?[x×]\s?(?P<expert>{_NUMBER})\s?(?P<expert_unit>{_UNIT})"
    rf"|(?P<active>A)(?P<active_size>{_NUMBER})\s?(?P<active_unit>[MB](?![A-Za-z]))"
    # A decimal point written as a unit, as in 7B1; a longer tail (1B500) is something else.
    rf"|(?P<whole>\d{{1,3}})(?P<middle>[bm])(?P<tenth>\d)(?![A-Za-z0-9.])"
    rf"|(?P<low>{_NUMBER})\s?(?P<low_unit>{_UNIT})?{_TO}(?P<high>{_NUMBER})\s?(?P<high_unit>{_UNIT})"
    rf"|(?P<size>{_NUMBER})\s?(?P<unit>{_UNIT})"
    rf")",
    re.IGNORECASE,
)
_NAME_BEFORE: Final = re.compile(r"[A-Za-z]\s?[-_]?$")
"""`llama-2-7b` is no range from two to seven."""
_BARE_RANGE: Final = re.compile(rf"\s*({_NUMBER}){_TO}({_NUMBER})\s*")
_BARE: Final = re.compile(rf"\s*({_NUMBER})\s*")
BARE_UNIT: Final = 10**9
"""A size column without units counts billions."""
BARE_UP_TO: Final = 2_000
BARE_COUNT_FROM: Final = 100_000
"""A bare number this great is a count itself; between the two it is no size (a year, a context length)."""


@dataclass(frozen=True, slots=True)
class StatedCount:
    """One stated size: what was written, the least and the greatest it names, and what still agrees.

    `is_active`: the weights used per token of a mixture of experts, as in `A22B`.
    """

    written: str
    low: int
    high: int
    accepts_from: int
    accepts_to: int
    is_active: bool = False

    def accepts(self, count: int) -> bool:
        return self.accepts_from <= count <= self.accepts_to


@lru_cache(maxsize=4096)
def parse_stated_counts(text: str) -> tuple[StatedCount, ...]:
    """Every size that a text names: `7B/13B`, `62亿`, `0.06 - 11`, `8x7B`, `llama-7b`."""
    if match := _BARE_RANGE.fullmatch(text):
        return _make(text.strip(), _scale(match[1], None), _scale(match[2], None))
    if match := _BARE.fullmatch(text):
        size = _scale(match[1], None)
        return _make(text.strip(), size, size) if size <= BARE_UP_TO * BARE_UNIT else ()
    counts: list[StatedCount] = []
    for match in _COUNT.finditer(text):
        counts += _read(match)
    return tuple(dict.fromkeys(counts))


def _read(match: re.Match[str]) -> tuple[StatedCount, ...]:
    written = match[0].strip()
    if match["experts"]:
        size = int(match["experts"]) * _scale(match["expert"], match["expert_unit"])
        return _make(written, size, size, round(size * EXPERTS_SHARED), round(size * (1 + EXPERTS_SLACK)))
    if match["active"]:
        size = _scale(match["active_size"], match["active_unit"])
        return _make(written, size, size, is_active=True)
    if match["whole"]:
        size = _scale(f"{match['whole']}.{match['tenth']}", match["middle"])
        return _make(written, size, size)
    if match["low"] and (match["low_unit"] or not _NAME_BEFORE.search(match.string, 0, match.start())):
        unit = match["low_unit"] or match["high_unit"]
        return _make(written, _scale(match["low"], unit), _scale(match["high"], match["high_unit"]))
    size = _scale(match["size"] or match["high"], match["unit"] or match["high_unit"])
    return _make(written, size, size)


def _make(
    written: str,
    low: int,
    high: int,
    accepts_from: int | None = None,
    accepts_to: int | None = None,
    *,
    is_active: bool = False,
) -> tuple[StatedCount, ...]:
    """None for nothing, and for a range that runs backwards: that is no range."""
    if not 0 < low <= high:
        return ()
    return (
        StatedCount(
            written,
            low,
            high,
            round(low * (1 - TOLERANCE)) if accepts_from is None else accepts_from,
            round(high * (1 + TOLERANCE)) if accepts_to is None else accepts_to,
            is_active,
        ),
    )


def _scale(number: str, unit: str | None) -> int:
    amount = float(number.replace(",", ""))
    if unit is None:
        return round(amount if amount >= BARE_COUNT_FROM else amount * BARE_UNIT)
    return round(amount * UNITS[unit.lower()])
