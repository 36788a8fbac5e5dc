"""Health from the stored looks: of one link as of a run, and of all links anew under another policy.

Runs inside the caller's transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from crawler.records import Health, Link, State
from crawler.settings import HealthSettings
from crawler.store.events import EventKind
from crawler.store.findings import update_findings
from crawler.store.findings_since import forget_up_to
from crawler.store.intervals import Interval, RunTerms, fold_intervals, row_to_interval
from crawler.store.rows import HEALTH_COLUMNS, LATEST, health_to_row, row_to_health, row_to_link
from crawler.store.times import text_to_time

KNOWN_LINKS: Final = """
    SELECT links.url, links.kind, links.name, health.*
    FROM health JOIN links ON links.id = health.link_id
    WHERE health.link_id > ? ORDER BY health.link_id LIMIT ?
"""
READ_AT_ONCE: Final = 1_000
"""Links held in memory: health is written while it is read."""
UPDATE_HEALTH: Final = (
    f"UPDATE health SET {', '.join(f'{name} = ?' for name in HEALTH_COLUMNS)} WHERE link_id = ?"
)


@dataclass(frozen=True, slots=True)
class Rejudged:
    """A link whose state is another one under the present policy."""

    url: str
    before: State
    after: State


def read_run_terms(connection: sqlite3.Connection) -> dict[int, RunTerms]:
    """What folding needs of every run."""
    outages: dict[int, set[str]] = {}
    for row in connection.execute("SELECT run_id, after FROM events WHERE kind = ?", [EventKind.OUTAGE]):
        outages.setdefault(row["run_id"], set()).add(row["after"])
    return {
        row["id"]: RunTerms(
            text_to_time(row["started_at"]),
            msgspec.json.decode(row["policy"], type=HealthSettings),
            frozenset(outages.get(row["id"], ())),
        )
        for row in connection.execute("SELECT id, started_at, policy FROM runs")
    }


def read_intervals(
    connection: sqlite3.Connection, link_id: int, link: Link, run_id: int = LATEST
) -> Iterator[Interval]:
    """One link's looks up to a run, oldest first."""
    rows = connection.execute(
        "SELECT * FROM observations WHERE link_id = ? AND first_run_id <= ? ORDER BY id", [link_id, run_id]
    )
    for row in rows:
        yield row_to_interval(row, link)


def fold_link(
    connection: sqlite3.Connection,
    link_id: int,
    link: Link,
    terms: Mapping[int, RunTerms],
    run_id: int = LATEST,
) -> Health:
    """A link's health as of a run."""
    return fold_intervals(read_intervals(connection, link_id, link, run_id), terms, run_id)[0]


def write_health(connection: sqlite3.Connection, link_id: int, health: Health) -> None:
    """Put a health in the place of the one that stands there."""
    connection.execute(UPDATE_HEALTH, [*health_to_row(health), link_id])


def rejudge_all(connection: sqlite3.Connection, policy: HealthSettings, at: datetime) -> list[Rejudged]:
    """Judge every look of every run by one policy; returns the links whose state changed, by URL.

    The runs then count as judged by it, so that answers about past nights agree with the present.
    """
    connection.execute("UPDATE runs SET policy = ?", [msgspec.json.encode(policy).decode()])
    terms = read_run_terms(connection)
    changed: list[Rejudged] = []
    for row in _read_known_links(connection):
        before = row_to_health(row)
        after = fold_link(connection, row["link_id"], row_to_link(row), terms)
        if after != before:
            write_health(connection, row["link_id"], after)
        if after.state is not before.state:
            changed.append(Rejudged(row["url"], before.state, after.state))
    if terms:
        # Whoever judges anew wants to trust what is there: the next run finds everything anew as well.
        forget_up_to(connection)
        update_findings(connection, max(terms), at, is_over=False)
    return sorted(changed, key=lambda link: link.url)


def _read_known_links(connection: sqlite3.Connection) -> Iterator[sqlite3.Row]:
    last_id = 0
    while rows := connection.execute(KNOWN_LINKS, [last_id, READ_AT_ONCE]).fetchall():
        yield from rows
        last_id = rows[-1]["link_id"]
