"""Health, links and facts: rows of the database and values of ours."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from crawler.records import (
    Health,
    Link,
    Reason,
    Run,
    RunState,
    Sibling,
    State,
    Target,
    TargetKind,
)
from crawler.store.times import optional_to_text, optional_to_time, text_to_time, time_to_text

LATEST: Final = 2**62
"""A run id that no run reaches: everything up to now."""

UPSERT_SIBLING: Final = """
    INSERT INTO _siblings (host, title, text, probed_at) VALUES (?, ?, ?, ?)
    ON CONFLICT (host) DO UPDATE
    SET title = excluded.title, text = excluded.text, probed_at = excluded.probed_at
"""

# A million rows have a few words and, at most, a night's worth of seconds.
STATES: Final[Mapping[str, State]] = {state.value: state for state in State}
REASONS: Final[Mapping[str | None, Reason | None]] = {None: None, **{each.value: each for each in Reason}}
KINDS: Final[Mapping[str, TargetKind]] = {kind.value: kind for kind in TargetKind}
_to_time = lru_cache(maxsize=100_000)(optional_to_time)

HEALTH_COLUMNS: Final = (
    "state",
    "since",
    "reason",
    "http_status",
    "final_url",
    "suggested_url",
    "first_failed_at",
    "last_alive_at",
    "last_checked_at",
    "strikes",
    "first_strike_at",
    "last_strike_at",
    "silent_nights",
    "last_silent_at",
)


def health_to_row(health: Health) -> tuple[Any, ...]:
    """Values in the order of HEALTH_COLUMNS."""
    return (
        health.state.value,
        optional_to_text(health.since),
        health.reason.value if health.reason is not None else None,
        health.http_status,
        health.final_url,
        health.suggested_url,
        optional_to_text(health.first_failed_at),
        optional_to_text(health.last_alive_at),
        optional_to_text(health.last_checked_at),
        health.strikes,
        optional_to_text(health.first_strike_at),
        optional_to_text(health.last_strike_at),
        health.silent_nights,
        optional_to_text(health.last_silent_at),
    )


def row_to_health(row: sqlite3.Row) -> Health:
    """A link without a row of its own has a row of nulls from an outer join: nothing known yet."""
    state = row["state"]
    if state is None:
        return Health()
    return Health(
        STATES[state],
        _to_time(row["since"]),
        REASONS[row["reason"]],
        row["http_status"],
        row["final_url"],
        row["suggested_url"],
        _to_time(row["first_failed_at"]),
        _to_time(row["last_alive_at"]),
        _to_time(row["last_checked_at"]),
        row["strikes"],
        _to_time(row["first_strike_at"]),
        _to_time(row["last_strike_at"]),
        row["silent_nights"],
        _to_time(row["last_silent_at"]),
    )


def row_to_run(row: sqlite3.Row) -> Run:
    """One row of `runs`."""
    return Run(
        id=row["id"],
        started_at=text_to_time(row["started_at"]),
        finished_at=optional_to_time(row["finished_at"]),
        state=RunState(row["state"]),
        requests=json.loads(row["requests"]),
    )


def row_to_link(row: sqlite3.Row) -> Link:
    """From the columns `url`, `kind` and `name` of `links`."""
    return Link(row["url"], Target(KINDS[row["kind"]], row["name"]))


def sibling_to_row(host_and_sibling: tuple[str, Sibling]) -> tuple[str, ...]:
    """Values for UPSERT_SIBLING."""
    host, sibling = host_and_sibling
    return (host, sibling.title, sibling.text, time_to_text(sibling.probed_at))
