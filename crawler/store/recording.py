"""A batch of looks into the tables: intervals, healths, identities, facts, and what changed by them.

One read tells what is known of all links of a batch. Repeats are written by one statement for all of them,
what may change a health is judged look by look. tests/store/test_batches.py holds that the rows are those of
looks written singly. Runs inside the caller's transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from operator import itemgetter
from typing import Final

from crawler.judge import judge
from crawler.records import Health, Observation, Outcome, Reason
from crawler.settings import HealthSettings
from crawler.store.bulk import as_list, insert_rows, insert_values
from crawler.store.events import Change, Event, EventKind, health_changes
from crawler.store.fact_rows import FactWriter, Told
from crawler.store.facts import stranger_of
from crawler.store.findings_since import note_identities
from crawler.store.intervals import first_run, look_at
from crawler.store.places import Place, read_healths, read_places
from crawler.store.pointers import write_pointers
from crawler.store.rows import HEALTH_COLUMNS, health_to_row
from crawler.store.sorted_looks import SortedLooks
from crawler.store.times import text_to_time, time_to_text


def write_looks(
    connection: sqlite3.Connection,
    run_id: int,
    started_at: datetime,
    policy: HealthSettings,
    observations: Sequence[Observation],
    link_ids: Mapping[str, int],
) -> tuple[list[Event], datetime]:
    """Record and judge looks in their order; returns what changed, and the latest of their times.

    `link_ids`: of links by canonical URL, as far as they are known.
    A repeat of what this run already saw adds nothing. Raises LookupError for what is no link of the catalog.
    """
    events: list[Event] = []
    latest_time = time_to_text(started_at)
    for part in _without_repeats(observations):
        looks = SortedLooks(run_id, time_to_text(started_at))
        rows = read_places(connection, [look.link.canonical_url for look in part], link_ids)
        for look, row in zip(part, rows, strict=True):
            looks.take(look, row)
        events += _Writer(connection, looks, policy).write()
        latest_time = max(latest_time, looks.latest_time)
    return events, text_to_time(latest_time)


def _without_repeats(observations: Sequence[Observation]) -> Iterator[Sequence[Observation]]:
    """The looks in their order, in parts that hold no link twice."""
    urls = [observation.link.canonical_url for observation in observations]
    if len(set(urls)) == len(urls):
        yield observations
        return
    seen: set[str] = set()
    start = 0
    for end, url in enumerate(urls):
        if url in seen:
            yield observations[start:end]
            seen, start = set(), end
        seen.add(url)
    yield observations[start:]


class _Writer:
    """Writes what sorted looks come to, table by table."""

    def __init__(self, connection: sqlite3.Connection, looks: SortedLooks, policy: HealthSettings) -> None:
        self._connection = connection
        self._looks = looks
        self._policy = policy
        self._news: list[tuple[int, Observation, Place, str, Change]] = []

    def write(self) -> list[Event]:
        """Write all that was taken; returns what changed, in the order of the looks."""
        self._write_intervals()
        self._write_healths()
        self._write_identities()
        self._write_facts()
        return self._write_events()

    def _write_intervals(self) -> None:
        looks = self._looks
        execute, executemany = self._connection.execute, self._connection.executemany
        if looks.extended:
            execute(EXTEND, [len(looks.run_before), looks.this_run, as_list(looks.extended)])
        if looks.resumed:
            executemany("UPDATE observations SET runs = ? WHERE id = ?", looks.resumed)
        if looks.details:
            executemany("UPDATE observations SET detail = ? WHERE id = ?", looks.details)
        if looks.inserted:
            (latest_id,) = execute("SELECT coalesce(max(id), 0) FROM observations").fetchone()
            insert_values(
                self._connection,
                "INSERT INTO observations (link_id, outcome, reason, http_status, final_url, suggested_url,"
                " detail, redirect_chain, tells_facts, first_observed_at, first_run_id, runs)",
                f"(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, {looks.run_id}, '{first_run(looks.run_id)}')",
                looks.inserted,
            )
            if looks.has_first_answers:
                execute(FIRST_ANSWERS, [latest_id])

    def _write_healths(self) -> None:
        looks = self._looks
        execute = self._connection.execute
        if looks.found_again:
            execute(FOUND_AGAIN, [looks.started_at, as_list(looks.found_again)])
        if looks.told_again:
            execute(TOLD_AGAIN, [looks.started_at, as_list(looks.told_again)])
        if looks.kept_out_again:
            execute(KEPT_OUT_AGAIN, [looks.started_at, as_list(looks.kept_out_again)])
        if looks.to_judge:
            self._judge()
        if looks.validators:
            self._connection.executemany(
                "UPDATE health SET validators = ? WHERE link_id = ?", looks.validators
            )

    def _judge(self) -> None:
        """The looks that may change a health, one by one."""
        looks = self._looks
        healths = read_healths(self._connection, [place.link_id for _, place, *_ in looks.to_judge])
        rows = []
        for look, place, at, tells_facts, same in looks.to_judge:
            before = healths.get(place.link_id, Health())
            after = judge(before, _judged(look, place, at, same=same), self._policy)
            rows.append((place.link_id, *health_to_row(after), at if tells_facts else None))
            self._tell(look, place, at, health_changes(before, after))
        self._connection.executemany(UPSERT_HEALTH, rows)

    def _write_identities(self) -> None:
        """The first id stays the link's for good; another one under its name is a stranger's."""
        looks = self._looks
        first_ids, strangers = [], []
        for look, place, at in looks.named:
            if place.host_id is None:
                first_ids.append((look.host_id, place.link_id))
                continue
            stranger = stranger_of(place.host_id, look)
            if stranger != place.stranger:
                strangers.append((stranger, place.link_id))
                if stranger:
                    self._tell(look, place, at, [Change(EventKind.NAME_REUSED, place.host_id, stranger)])
        if first_ids:
            note_identities(self._connection, looks.run_id)
            self._connection.executemany("UPDATE links SET host_id = ? WHERE id = ?", first_ids)
        if strangers:
            self._connection.executemany("UPDATE links SET stranger = ? WHERE id = ?", strangers)

    def _write_facts(self) -> None:
        looks = self._looks
        if not looks.telling:
            return
        told = [
            Told(place.link_id, _source_of(place.kind), look.facts, at, bool(place.knows_facts))
            for look, place, at in looks.telling
        ]
        changes = FactWriter(self._connection, looks.run_id).write(told)
        for (look, place, at), changed in zip(looks.telling, changes, strict=True):
            if changed:
                self._tell(look, place, at, changed)
        pointing = [(place.link_id, look.pointers) for look, place, _ in looks.telling if look.pointers]
        if pointing:
            write_pointers(self._connection, looks.run_id, pointing)

    def _tell(self, look: Observation, place: Place, at: str, changes: Iterable[Change]) -> None:
        self._news += [(place.position, look, place, at, change) for change in changes]

    def _write_events(self) -> list[Event]:
        looks = self._looks
        # In the order of the looks; of one look in the order in which its changes were found.
        self._news.sort(key=itemgetter(0))
        insert_rows(
            self._connection,
            "INSERT INTO events (link_id, kind, before, after, detail, observed_at, run_id)",
            f"(?, ?, ?, ?, ?, ?, {looks.run_id})",
            [
                (place.link_id, change.kind.value, change.before, change.after, change.detail, at)
                for _, _, place, at, change in self._news
            ],
        )
        return [
            Event(
                run_id=looks.run_id,
                url=look.link.canonical_url,
                kind=change.kind,
                before=change.before,
                after=change.after,
                detail=change.detail,
                observed_at=text_to_time(at),
            )
            for _, look, _, at, change in self._news
        ]


def _judged(look: Observation, place: Place, at: str, *, same: bool) -> Observation:
    """What `judge` reads of a look: a repeat has the words of the interval that it extends."""
    if not same:
        return look_at(look, text_to_time(at))
    return Observation(
        link=look.link,
        observed_at=text_to_time(at),
        outcome=Outcome(place.outcome),
        reason=Reason(place.reason),
        http_status=place.http_status,
        final_url=place.final_url,
        suggested_url=place.suggested_url,
    )


@cache
def _source_of(kind: str) -> str:
    """Who tells facts of a link: the host's name, as kinds of targets begin with it."""
    return kind.partition("_")[0]


EXTEND: Final = """
    UPDATE observations SET runs = substr(runs, 1, length(runs) - ?) || ?
    WHERE id IN (SELECT value FROM json_each(?))
"""

FIRST_ANSWERS: Final = """
    INSERT INTO health (link_id, state, since, reason, http_status, final_url, suggested_url, last_alive_at,
        last_checked_at, strikes, silent_nights, facts_observed_at)
    SELECT link_id, 'healthy', first_observed_at, reason, http_status, final_url, suggested_url,
        first_observed_at, first_observed_at, 0, 0, CASE WHEN tells_facts THEN first_observed_at END
    FROM observations WHERE id > ? AND outcome = 'alive'
    ON CONFLICT DO NOTHING
"""
"""Healths of links that were found at the first look ever."""

FOUND_AGAIN: Final = """
    UPDATE health SET last_alive_at = ?1, last_checked_at = ?1
    WHERE link_id IN (SELECT value FROM json_each(?2))
"""

TOLD_AGAIN: Final = """
    UPDATE health SET last_alive_at = ?1, last_checked_at = ?1, facts_observed_at = ?1
    WHERE link_id IN (SELECT value FROM json_each(?2))
"""

KEPT_OUT_AGAIN: Final = """
    UPDATE health SET last_checked_at = ?1 WHERE link_id IN (SELECT value FROM json_each(?2))
"""

UPSERT_HEALTH: Final = f"""
    INSERT INTO health (link_id, {", ".join(HEALTH_COLUMNS)}, facts_observed_at)
    VALUES ({", ".join("?" for _ in range(len(HEALTH_COLUMNS) + 2))})
    ON CONFLICT (link_id) DO UPDATE SET
        {", ".join(f"{name} = excluded.{name}" for name in HEALTH_COLUMNS)},
        facts_observed_at = coalesce(excluded.facts_observed_at, facts_observed_at)
"""
