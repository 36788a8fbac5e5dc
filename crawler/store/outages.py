"""Outages of a run: found when its looks are in, written as events, its failures in them judged as nothing.

Until then a run's failures count provisionally. Runs inside the caller's transaction.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from crawler.judge import Voice, is_excusable, voice_of_words
from crawler.outages import HostNight, Outage, find_outages, is_covered, scopes_of
from crawler.records import Outcome, Reason
from crawler.settings import HealthSettings
from crawler.store.events import EventKind, health_changes
from crawler.store.folding import fold_link, read_run_terms, write_health
from crawler.store.rows import row_to_link
from crawler.store.times import optional_to_time, time_to_text

STILL_THE_SAME: Final = timedelta(hours=36)
"""An outage goes on in a run begun so soon after it in which nothing of its scope is found."""
BY_FAILURE: Final = frozenset({EventKind.NEW_DEAD, EventKind.SUSPECT})

# A link may have been looked at twice in a run: its last word counts.
_LATEST: Final = """
    (SELECT max(id), link_id, outcome, reason FROM observations
    WHERE runs LIKE '%-' || printf('%04d', :run) GROUP BY link_id)
"""
FOUND: Final = f"""
    SELECT links.host, count(*) FROM {_LATEST} AS looks
    JOIN links ON links.id = looks.link_id
    WHERE looks.outcome IN ('{Outcome.ALIVE}', '{Outcome.MOVED}')
    GROUP BY links.host
"""
# A failure shows in the health, as a strike or, in an outage, as silence.
NOT_FOUND: Final = f"""
    SELECT health.link_id, look.outcome, look.reason, links.host,
        health.strikes, health.last_alive_at, health.first_failed_at
    FROM health
    CROSS JOIN observations AS look ON look.id = (
        SELECT max(id) FROM observations
        WHERE observations.link_id = health.link_id AND runs LIKE '%-' || printf('%04d', :run))
    CROSS JOIN links ON links.id = health.link_id
    WHERE (health.strikes > 0 OR health.silent_nights > 0)
        AND look.outcome NOT IN ('{Outcome.ALIVE}', '{Outcome.MOVED}')
    ORDER BY health.link_id
"""


@dataclass(frozen=True, slots=True)
class _Failure:
    """A link that was looked for and not found; `was_fine`: found once, and lately without another strike."""

    link_id: int
    host: str
    voice: Voice
    was_fine: bool
    is_young: bool


def settle_outages(
    connection: sqlite3.Connection, run_id: int, started_at: datetime, policy: HealthSettings
) -> list[Outage]:
    """Find the run's outages and judge its failures again in their light. Doing it twice changes nothing."""
    before = _scopes(connection, "run_id = ?", [run_id])
    since = time_to_text(started_at - STILL_THE_SAME)
    recent = _scopes(
        connection, "run_id < ? AND run_id IN (SELECT id FROM runs WHERE started_at >= ?)", [run_id, since]
    )
    failures = list(_read_failures(connection, run_id, started_at, policy))
    if not before | recent and sum(failure.was_fine for failure in failures) < policy.outage_links:
        # Most nights: what fails has failed for long. Nothing need be known of all that was found.
        return []
    counted = connection.execute(FOUND, {"run": run_id}).fetchall()
    fine = {row["host"]: int(row["count(*)"]) for row in counted}
    found = find_outages(_nights(fine, failures), policy)
    found += _going_on(recent, fine, failures, found)
    scopes = {outage.scope for outage in found}
    if not before | scopes:
        return []
    connection.execute("DELETE FROM events WHERE run_id = ? AND kind = ?", [run_id, EventKind.OUTAGE])
    for outage in found:
        _write_event(
            connection, run_id, None, EventKind.OUTAGE, None, outage.scope, outage.describe(), started_at
        )
    _judge_again(connection, run_id, failures, before | scopes)
    return found


def _read_failures(
    connection: sqlite3.Connection,
    run_id: int,
    started_at: datetime,
    policy: HealthSettings,
) -> Iterator[_Failure]:
    for row in connection.execute(NOT_FOUND, {"run": run_id}):
        voice = voice_of_words(Outcome(row["outcome"]), Reason(row["reason"]))
        if voice in {Voice.AGAINST, Voice.SILENT}:
            is_young = is_excusable(optional_to_time(row["first_failed_at"]), started_at, policy)
            own_strikes = 1 if voice is Voice.AGAINST else 0
            was_fine = row["last_alive_at"] is not None and row["strikes"] <= own_strikes and is_young
            yield _Failure(row["link_id"], row["host"], voice, was_fine, is_young)


def _nights(fine: Mapping[str, int], failures: Sequence[_Failure]) -> list[HostNight]:
    failed = Counter(failure.host for failure in failures if failure.was_fine)
    hosts = dict.fromkeys((*fine, *failed))
    return [HostNight(host, fine.get(host, 0) + failed[host], failed[host]) for host in hosts]


def _going_on(
    recent: set[str], fine: Mapping[str, int], failures: Sequence[_Failure], found: Sequence[Outage]
) -> list[Outage]:
    """Outages of the runs just before of which nothing was found since; a run over suspects sees no more."""
    open_scopes = recent - {outage.scope for outage in found}
    if not open_scopes:
        return []
    open_scopes.difference_update(scope for host in fine for scope in scopes_of(host))
    failed: Counter[str] = Counter()
    young: set[str] = set()
    for failure in failures:
        inside = open_scopes.intersection(scopes_of(failure.host))
        failed.update(inside)
        if failure.is_young:
            young |= inside
    return [Outage(scope, failed[scope], failed[scope]) for scope in sorted(young)]


def _judge_again(
    connection: sqlite3.Connection,
    run_id: int,
    failures: Sequence[_Failure],
    scopes: Collection[str],
) -> None:
    terms, scopes = read_run_terms(connection), frozenset(scopes)
    for failure in failures:
        if failure.voice is not Voice.AGAINST or not is_covered(failure.host, scopes):
            continue
        link_id = failure.link_id
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
