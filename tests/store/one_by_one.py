"""Looks into the tables one by one, each by statements of its own: plain, slow, what batches are held to."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from crawler.judge import Voice, judge, voice_of
from crawler.links.classify import link_of
from crawler.records import Facts, Health, Observation, Reason
from crawler.settings import HealthSettings
from crawler.store.events import Change, Event, EventKind, fact_changes, health_changes
from crawler.store.facts import (
    COUNTERS,
    compare_facts,
    is_of_stranger,
    stranger_of,
    tells_of_the_thing,
)
from crawler.store.intervals import Interval, add_run, first_run, look_at, row_to_interval
from crawler.store.rows import HEALTH_COLUMNS, LATEST, health_to_row, row_to_health
from crawler.store.times import time_to_text, whole_seconds

NOT_MODIFIED: Final = 304

DOUBT_STANDS: Final = timedelta(hours=20)
"""A grave value read again after this long was no passing fault."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A link as the database has it before a look."""

    link_id: int
    host_id: str | None
    stranger: str | None
    kind: str
    health: Health
    knows_facts: bool
    latest: Interval | None
    latest_id: int | None

    @property
    def source(self) -> str:
        """Who tells facts of it: the host's name, as kinds of targets begin with it."""
        return self.kind.partition("_")[0]


class OneByOne:
    """Writes looks singly; `latest_time` is the latest of their times."""

    def __init__(
        self, connection: sqlite3.Connection, run_id: int, started_at: datetime, policy: HealthSettings
    ) -> None:
        self._execute = connection.execute
        self._connection = connection
        self._run_id = run_id
        self._started_at = started_at
        self._policy = policy
        self.latest_time = started_at

    def write(self, observation: Observation) -> list[Event]:
        """Record one look and judge it. A repeat of what this run already saw adds nothing."""
        place = self._place_of(observation)
        latest = place.latest
        tells_facts = (
            tells_of_the_thing(observation)
            and not is_of_stranger(place.host_id, observation)
            and (bool(observation.facts) or (_is_unmodified(observation) and place.knows_facts))
        )
        if latest is not None and _says_the_same(latest, observation, tells_facts):
            if latest.last_run_id == self._run_id:
                return []
            self._extend(place, latest, observation)
            judged, tells_facts = look_at(latest.observation, self._started_at), latest.tells_facts
        else:
            judged = replace(observation, observed_at=self._time_of(observation, place))
            self._insert(place, judged, tells_facts)
        self.latest_time = max(self.latest_time, judged.observed_at)
        health = judge(place.health, judged, self._policy)
        self._write_health(place, health, observation, judged.observed_at, tells_facts)
        changes = list(health_changes(place.health, health))
        changes += self._write_identity(place, observation)
        if tells_facts and observation.facts:
            changes += self._write_facts(place, observation.facts, judged.observed_at)
            write_pointers(self._connection, place.link_id, self._run_id, observation.pointers)
        return [self._write_event(place, observation, change, judged.observed_at) for change in changes]

    def _place_of(self, observation: Observation) -> _Place:
        url = observation.link.canonical_url
        row = self._execute(
            "SELECT links.id AS link_id, links.host_id, links.stranger, links.kind, health.*"
            " FROM links LEFT JOIN health ON health.link_id = links.id WHERE links.url = ?",
            [url],
        ).fetchone()
        if row is None:
            raise LookupError(f"{url} is no link of the catalog")
        interval = self._execute(
            "SELECT * FROM observations WHERE link_id = ? ORDER BY id DESC LIMIT 1", [row["link_id"]]
        ).fetchone()
        return _Place(
            link_id=row["link_id"],
            host_id=row["host_id"],
            stranger=row["stranger"],
            kind=row["kind"],
            health=row_to_health(row),
            knows_facts=row["facts_observed_at"] is not None,
            latest=None if interval is None else row_to_interval(interval, observation.link),
            latest_id=None if interval is None else interval["id"],
        )

    def _time_of(self, observation: Observation, place: _Place) -> datetime:
        """When a new interval begins: never before its run or the link's latest look."""
        return max(
            whole_seconds(observation.observed_at),
            self._started_at,
            place.health.last_checked_at or self._started_at,
        )

    def _extend(self, place: _Place, latest: Interval, observation: Observation) -> None:
        detail = latest.observation.detail
        if voice_of(observation) is Voice.NOT_LOOKED:
            detail = observation.detail
        self._execute(
            "UPDATE observations SET runs = ?, detail = ? WHERE id = ?",
            [add_run(latest.runs, self._run_id), detail, place.latest_id],
        )

    def _insert(self, place: _Place, look: Observation, tells_facts: bool) -> None:
        chain = [[hop.url, hop.status] for hop in look.redirect_chain]
        self._execute(
            "INSERT INTO observations (link_id, outcome, reason, http_status, final_url, suggested_url,"
            " detail, redirect_chain, tells_facts, first_observed_at, first_run_id, runs)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                place.link_id,
                look.outcome.value,
                look.reason.value,
                look.http_status,
                look.final_url,
                look.suggested_url,
                look.detail,
                json.dumps(chain, ensure_ascii=False) if chain else None,
                int(tells_facts),
                time_to_text(look.observed_at),
                self._run_id,
                first_run(self._run_id),
            ],
        )

    def _write_health(
        self, place: _Place, health: Health, observation: Observation, at: datetime, tells_facts: bool
    ) -> None:
        # Validators vouch for a page only if it was the page that sent them, not an error in its place.
        validators = observation.validators if voice_of(observation) is Voice.FOR else {}
        self._execute(
            UPSERT_HEALTH,
            [
                place.link_id,
                *health_to_row(health),
                time_to_text(at) if tells_facts else None,
                json.dumps(validators, sort_keys=True) if validators else None,
            ],
        )

    def _write_identity(self, place: _Place, observation: Observation) -> list[Change]:
        """The first id stays the link's for good; another one under its name is a stranger's."""
        if observation.host_id is None or not tells_of_the_thing(observation):
            return []
        if place.host_id is None:
            self._execute("UPDATE links SET host_id = ? WHERE id = ?", [observation.host_id, place.link_id])
            self._execute(
                "INSERT OR REPLACE INTO _settings (key, value) VALUES ('identities_of', ?)",
                [str(self._run_id)],
            )
            return []
        stranger = stranger_of(place.host_id, observation)
        if stranger == place.stranger:
            return []
        self._execute("UPDATE links SET stranger = ? WHERE id = ?", [stranger, place.link_id])
        return [Change(EventKind.NAME_REUSED, place.host_id, stranger)] if stranger else []

    def _write_facts(self, place: _Place, told: Facts, at: datetime) -> list[Change]:
        known = read_facts(self._connection, place.link_id)
        changes = compare_facts(known, told, self._confirmed_doubts(place.link_id, at))
        for field, value in changes.fields.items():
            self._execute(
                "INSERT INTO facts (link_id, field, run_id, value, observed_at, source)"
                " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (link_id, field, run_id)"
                " DO UPDATE SET value = excluded.value, observed_at = excluded.observed_at",
                [
                    place.link_id,
                    field,
                    self._run_id,
                    fact_to_text(value),
                    time_to_text(at),
                    place.source,
                ],
            )
        if changes.counters is not None:
            self._execute(
                UPSERT_COUNTERS,
                [place.link_id, self._run_id, *(changes.counters.get(name) for name in COUNTERS)],
            )
        self._write_doubts(place.link_id, told, changes.doubted, at)
        return list(fact_changes(known, changes.fields))

    def _confirmed_doubts(self, link_id: int, at: datetime) -> dict[str, Any]:
        rows = self._execute(
            "SELECT field, value FROM _doubts WHERE link_id = ? AND observed_at <= ?",
            [link_id, time_to_text(at - DOUBT_STANDS)],
        )
        return {row["field"]: json.loads(row["value"]) for row in rows}

    def _write_doubts(self, link_id: int, told: Facts, doubted: Any, at: datetime) -> None:
        """A doubt lasts until it is confirmed, or until the field is told otherwise."""
        settled = [field for field in told if field not in doubted]
        self._execute(
            "DELETE FROM _doubts WHERE link_id = ? AND field IN (SELECT value FROM json_each(?))",
            [link_id, json.dumps(settled)],
        )
        for field, value in doubted.items():
            self._execute(
                "INSERT OR IGNORE INTO _doubts (link_id, field, value, observed_at) VALUES (?, ?, ?, ?)",
                [link_id, field, fact_to_text(value), time_to_text(at)],
            )

    def _write_event(self, place: _Place, observation: Observation, change: Change, at: datetime) -> Event:
        self._execute(
            "INSERT INTO events (run_id, link_id, kind, before, after, detail, observed_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                self._run_id,
                place.link_id,
                change.kind.value,
                change.before,
                change.after,
                change.detail,
                time_to_text(at),
            ],
        )
        return Event(
            run_id=self._run_id,
            url=observation.link.canonical_url,
            kind=change.kind,
            before=change.before,
            after=change.after,
            detail=change.detail,
            observed_at=at,
        )


def _is_unmodified(observation: Observation) -> bool:
    """Answered by a 304, at the end of redirects too."""
    return observation.reason is Reason.NOT_MODIFIED or observation.http_status == NOT_MODIFIED


def _says_the_same(latest: Interval, observation: Observation, tells_facts: bool) -> bool:
    """Whether a look adds nothing to the latest interval but one more run."""
    last = latest.observation
    if _is_unmodified(observation) and voice_of(observation) is Voice.FOR:
        # The host says itself that all is as it was, whatever status and reason the full answer had.
        return (last.outcome, last.suggested_url) == (observation.outcome, observation.suggested_url) and (
            latest.tells_facts or not tells_facts
        )
    if (last.outcome, last.reason) != (observation.outcome, observation.reason):
        return False
    if voice_of(observation) is Voice.NOT_LOOKED:
        # "Ask again at 03:12" differs every night and says nothing of the link.
        return True
    return (last.http_status, last.final_url, last.suggested_url, last.detail, latest.tells_facts) == (
        observation.http_status,
        observation.final_url,
        observation.suggested_url,
        observation.detail,
        tells_facts,
    )


def fact_to_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def write_pointers(
    connection: sqlite3.Connection, link_id: int, run_id: int, told: Mapping[str, Sequence[str]]
) -> None:
    """Make a link's current pointers those told, source by source. Runs inside the caller's transaction."""
    for source, urls in told.items():
        wanted = {link.canonical_url: link.target.kind for link in map(link_of, urls)}
        current = {
            row["url"]: row["id"]
            for row in connection.execute(
                "SELECT url, id FROM pointers WHERE link_id = ? AND source = ? AND until_run_id IS NULL",
                [link_id, source],
            )
        }
        for url in current.keys() - wanted.keys():
            connection.execute("UPDATE pointers SET until_run_id = ? WHERE id = ?", [run_id, current[url]])
        for url, kind in wanted.items():
            if url not in current:
                connection.execute(
                    "INSERT INTO pointers (link_id, url, kind, source, from_run_id) VALUES (?, ?, ?, ?, ?)",
                    [link_id, url, kind.value, source, run_id],
                )


UPSERT_HEALTH: Final = f"""
    INSERT INTO health (link_id, {", ".join(HEALTH_COLUMNS)}, facts_observed_at, validators)
    VALUES ({", ".join("?" for _ in range(len(HEALTH_COLUMNS) + 3))})
    ON CONFLICT (link_id) DO UPDATE SET
        {", ".join(f"{name} = excluded.{name}" for name in HEALTH_COLUMNS)},
        facts_observed_at = coalesce(excluded.facts_observed_at, facts_observed_at),
        validators = coalesce(excluded.validators, validators)
"""

UPSERT_COUNTERS: Final = f"""
    INSERT INTO counters (link_id, run_id, {", ".join(COUNTERS)})
    VALUES ({", ".join("?" for _ in range(len(COUNTERS) + 2))})
    ON CONFLICT (link_id, run_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in COUNTERS)}
"""


def read_facts(connection: sqlite3.Connection, link_id: int, last_run_id: int = LATEST) -> Facts:
    """The facts of a link as known after a run; the latest value of each field."""
    facts: Facts = {}
    for row in connection.execute(
        "SELECT field, value FROM facts WHERE link_id = ? AND run_id <= ? ORDER BY field, run_id",
        [link_id, last_run_id],
    ):
        facts[row["field"]] = json.loads(row["value"])
    counters = connection.execute(
        "SELECT stars, forks, likes, downloads FROM counters WHERE link_id = ? AND run_id <= ?"
        " ORDER BY run_id DESC LIMIT 1",
        [link_id, last_run_id],
    ).fetchone()
    if counters is not None:
        facts |= {name: counters[name] for name in COUNTERS if counters[name] is not None}
    return facts
