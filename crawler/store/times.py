"""Times as the database spells them: ISO-8601, UTC, whole seconds, so that text order is time order."""

from __future__ import annotations

from datetime import UTC, datetime


def time_to_text(time: datetime) -> str:
    """`2026-11-20T02:30:00Z`; fractions of a second are cut off."""
    return time.astimezone(UTC).isoformat("T", "seconds")[:19] + "Z"


def text_to_time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def optional_to_text(time: datetime | None) -> str | None:
    return None if time is None else time_to_text(time)


def optional_to_time(text: str | None) -> datetime | None:
    return None if text is None else text_to_time(text)


def whole_seconds(time: datetime) -> datetime:
    """The time as it reads back from the database."""
    return time.astimezone(UTC).replace(microsecond=0)
