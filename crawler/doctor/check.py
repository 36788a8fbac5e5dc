"""What one check found, and how it is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from crawler.errors import CrawlerError
from crawler.escape import for_terminal
from crawler.links.mask import mask_text


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    """A run works, but slower, less polite or less sure than it could be."""
    FAIL = "fail"
    """A run could not do its job."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; `hint` says what to do about it."""

    name: str
    level: Level
    found: str
    hint: str | None = None

    @classmethod
    def of_error(cls, name: str, error: CrawlerError) -> Check:
        where = f"{error.where}: " if error.where else ""
        return cls(name, Level.FAIL, f"{where}{error.message}", error.hint)


def checks_as_json(checks: Sequence[Check]) -> dict[str, Any]:
    """The same for machines; `level` is the worst of all."""
    described = [
        {key: mask_text(value) if value else value for key, value in asdict(check).items()}
        for check in checks
    ]
    return {"level": worst_of(checks).value, "checks": described}


def check_lines(checks: Sequence[Check]) -> Iterator[str]:
    """One line per check, harmless in a terminal."""
    width = max((len(check.name) for check in checks), default=0)
    for check in checks:
        hint = f" (hint: {check.hint})" if check.hint else ""
        line = mask_text(f"{check.level:<4}  {check.name:<{width}}  {check.found}{hint}")
        yield for_terminal(line)


def worst_of(checks: Sequence[Check]) -> Level:
    return max((check.level for check in checks), key=list(Level).index, default=Level.OK)
