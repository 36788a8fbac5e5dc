"""Thinning old counters: every day of the last quarter, then the last of each week, then of each month.

The first and the latest row of a link always stay, and no row is ever changed. The present reads as before;
a thinned night reads the last kept counters before it: a true value of an earlier day, never a later.
Everything else (looks, health, licences, sizes, findings, events) is kept for every night.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from crawler.store.connect import connect, connect_read_only, explained
from crawler.store.lock import DatabaseLock
from crawler.store.times import time_to_text

DAILY_FOR: Final = timedelta(days=90)
WEEKLY_FOR: Final = timedelta(days=730)

# Julian days begin at noon, day 0 was a Monday.
MARK_SURPLUS: Final = """
    CREATE TEMP TABLE surplus AS
    SELECT link_id, run_id FROM (
        SELECT counters.link_id, counters.run_id,
            row_number() OVER (PARTITION BY counters.link_id,
                CASE WHEN runs.started_at >= :weekly_since
                    THEN 'week ' || (CAST(julianday(substr(runs.started_at, 1, 10)) + 0.5 AS INTEGER) / 7)
                    ELSE 'month ' || substr(runs.started_at, 1, 7) END
                ORDER BY counters.run_id DESC) AS before_the_last,
            row_number() OVER (PARTITION BY counters.link_id ORDER BY counters.run_id) AS number
        FROM counters JOIN runs ON runs.id = counters.run_id
        WHERE runs.started_at < :daily_since
    ) WHERE before_the_last > 1 AND number > 1
"""
DELETE_SURPLUS: Final = """
    DELETE FROM counters WHERE (link_id, run_id) IN (SELECT link_id, run_id FROM temp.surplus)
"""


@dataclass(frozen=True, slots=True)
class Compaction:
    """How many rows of counters there were and how many were too many; bytes of the file before and after."""

    rows: int
    surplus: int
    bytes_before: int
    bytes_after: int


def compact(path: Path, now: datetime, *, dry_run: bool = False) -> Compaction:
    """Thin counters in one transaction, under the lock, and give the room back.

    Raises UnableError without a database of ours, BusyError while a run holds it.
    """
    connect_read_only(path).close()  # there must be one
    with DatabaseLock(path), explained(path):
        connection = connect(path)
        try:
            return _compact(connection, path, now, dry_run=dry_run)
        finally:
            connection.close()


def _compact(connection: sqlite3.Connection, path: Path, now: datetime, *, dry_run: bool) -> Compaction:
    before = path.stat().st_size
    since = {"daily_since": time_to_text(now - DAILY_FOR), "weekly_since": time_to_text(now - WEEKLY_FOR)}
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        (rows,) = connection.execute("SELECT count(*) FROM counters").fetchone()
        connection.execute(MARK_SURPLUS, since)
        (surplus,) = connection.execute("SELECT count(*) FROM temp.surplus").fetchone()
        if not dry_run:
            connection.execute(DELETE_SURPLUS)
    if surplus and not dry_run:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Compaction(rows, surplus, before, path.stat().st_size)
