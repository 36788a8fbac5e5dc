"""`--as-of WHEN`: a run id, a day or a time, as a condition on runs. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from crawler.errors import UsageError
from crawler.store.times import time_to_text


def parse_when(when: str) -> tuple[str, int | str]:
    """A condition on `runs` and its value: the latest run that meets it is meant.

    A day means its end, a time without an offset is in UTC. Raises UsageError for anything else.
    """
    if re.fullmatch(r"[0-9]{1,9}", when):
        return "id = ?", int(when)
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", when, re.ASCII):
            return "substr(started_at, 1, 10) <= ?", date.fromisoformat(when).isoformat()
        time = datetime.fromisoformat(when)
        return "started_at <= ?", time_to_text(time if time.tzinfo else time.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise UsageError(
            f"--as-of {when!r} is no date, time or run id",
            hint="for example 2026-11-20, 2026-11-20T12:00:00Z or 42",
        ) from None
