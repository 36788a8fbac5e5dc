"""What comparing a stated with an observed value says. Plain values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Standing(StrEnum):
    AGREES = "agrees"
    CONFLICTS = "conflicts"
    OPEN = "open"
    """Too little is told, or what is told cannot be compared."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is the known or likely cause, for people; `field` what exactly was compared."""

    standing: Standing
    field: str
    stated: str = ""
    observed: str = ""
    reason: str | None = None
