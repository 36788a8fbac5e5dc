"""Outages of a run: found when its looks are in, written as events, its failures in them judged as nothing.

Until then a run's failures count provisionally. Runs inside the caller's transaction.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from typing import Any, Final

from crawler.config import HealthSettings
from crawler.judge import Voice, is_excusable, voice_of_words
from crawler.outages import HostNight, Outage, find_outages, is_covered
from crawler.records import Outcome, Reason
from crawler.store.events import EventKind, health_changes
from crawler.store.folding import fold_link, read_run_terms, write_health
from crawler.store.rows import row_to_link
from crawler.store.times import optional_to_time, time_to_text

STILL_THE_SAME: Final = timedelta(hours=36)
"""An outage goes on in a run begun so soon after it in which nothing of its scope is found."""
BY_FAILURE: Final = frozenset({EventKind.NEW_DEAD, EventKind.SUSPECT})

LATEST_LOOKS: Final = """
    SELECT max(observations.id), observations.link_id, observations.outcome, observations.reason,
        links.host, health.strikes, health.last_alive_at, health.first_failed_at
    FROM observations
    JOIN links ON links.id = observations.link_id
    JOIN health ON health.link_id = observations.link_id
    WHERE observations.runs LIKE '%-' || printf('%04d', :run)
    GROUP BY observations.link_id
"""


def settle_outages(
    connection: sqlite3.Connection, run_id: int, started_at: datetime, policy: HealthSettings
) -> list[Outage]:
    """Find the run's outages and judge its failures again in their light. Doing it twice changes nothing."""
    looks = [(_voice(row), row) for row in connection.execute(LATEST_LOOKS, {"run": run_id})]
    found = find_outages(_nights(looks, started_at, policy), policy)
    found += _going_on(connection, looks, found, run_id, started_at, policy)
    before = _scopes(connection, "run_id = ?", [run_id])
    scopes = {outage.scope for outage in found}
    if not before | scopes:
        return []
    connection.execute("DELETE FROM events WHERE run_id = ? AND kind = ?", [run_id, EventKind.OUTAGE])
    for outage in found:
        _write_event(
            connection, run_id, None, EventKind.OUTAGE, None, outage.scope, outage.describe(), started_at
        )
    _judge_again(connection, run_id, looks, before | scopes)
    return found


def _nights(
    looks: list[tuple[Voice, sqlite3.Row]], started_at: datetime, policy: HealthSettings
) -> list[HostNight]:
    fine: dict[str, int] = {}
    failed: dict[str, int] = {}
    for voice, row in looks:
        host = row["host"]
        if voice is Voice.FOR:
            fine[host] = fine.get(host, 0) + 1
        elif voice in {Voice.AGAINST, Voice.SILENT} and _was_fine(voice, row, started_at, policy):
            fine[host] = fine.get(host, 0) + 1
            failed[host] = failed.get(host, 0) + 1
    return [HostNight(host, count, failed.get(host, 0)) for host, count in fine.items()]


def _was_fine(voice: Voice, row: sqlite3.Row, started_at: datetime, policy: HealthSettings) -> bool:
    """Found once, and lately without a strike but for the one of this very look."""
    return (
        row["last_alive_at"] is not None
        and row["strikes"] <= (1 if voice is Voice.AGAINST else 0)
        and is_excusable(optional_to_time(row["first_failed_at"]), started_at, policy)
    )


def _going_on(
    connection: sqlite3.Connection,
    looks: list[tuple[Voice, sqlite3.Row]],
    found: list[Outage],
    run_id: int,
    started_at: datetime,
    policy: HealthSettings,
) -> list[Outage]:
    """Outages of the runs just before of which nothing was found since; a run over suspects sees no more."""
    since = time_to_text(started_at - STILL_THE_SAME)
    recent = _scopes(
        connection, "run_id < ? AND run_id IN (SELECT id FROM runs WHERE started_at >= ?)", [run_id, since]
    )
    going_on: list[Outage] = []
    for scope in sorted(recent - {outage.scope for outage in found}):
        inside = [(voice, row) for voice, row in looks if is_covered(row["host"], [scope])]
        failed = [row for voice, row in inside if voice in {Voice.AGAINST, Voice.SILENT}]
        is_young = any(
            is_excusable(optional_to_time(row["first_failed_at"]), started_at, policy) for row in failed
        )
        if is_young and not any(voice is Voice.FOR for voice, _ in inside):
            going_on.append(Outage(scope, len(failed), len(failed)))
    return going_on


def _judge_again(
    connection: sqlite3.Connection,
    run_id: int,
    looks: list[tuple[Voice, sqlite3.Row]],
    scopes: set[str],
) -> None:
    terms = read_run_terms(connection)
    for voice, row in looks:
        if voice is not Voice.AGAINST or not is_covered(row["host"], scopes):
            continue
        link_id = row["link_id"]
        link_row = connection.execute("SELECT url, kind, name FROM links WHERE id = ?", [link_id]).fetchone()
        link = row_to_link(link_row)
        before = fold_link(connection, link_id, link, terms, run_id - 1)
        after = fold_link(connection, link_id, link, terms, run_id)
        write_health(connection, link_id, after)
        connection.execute(
            "DELETE FROM events WHERE run_id = ? AND link_id = ? AND kind IN (?, ?)",
            [run_id, link_id, *sorted(BY_FAILURE)],
        )
        at = after.last_checked_at or terms[run_id].started_at
        for change in health_changes(before, after):
            if change.kind in BY_FAILURE:
                _write_event(
                    connection, run_id, link_id, change.kind, change.before, change.after, change.detail, at
                )


def _scopes(connection: sqlite3.Connection, condition: str, values: list[Any]) -> set[str]:
    rows = connection.execute(
        f"SELECT after FROM events WHERE kind = '{EventKind.OUTAGE}' AND {condition}", values
    )
    return {row["after"] for row in rows}


def _voice(row: sqlite3.Row) -> Voice:
    return voice_of_words(Outcome(row["outcome"]), Reason(row["reason"]))


def _write_event(
    connection: sqlite3.Connection,
    run_id: int,
    link_id: int | None,
    kind: EventKind,
    before: str | None,
    after: str | None,
    detail: str | None,
    at: datetime,
) -> None:
    connection.execute(
        "INSERT INTO events (run_id, link_id, kind, before, after, detail, observed_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [run_id, link_id, kind.value, before, after, detail, time_to_text(at)],
    )
