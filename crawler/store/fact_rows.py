"""The facts that a batch of looks told, into the tables: a row only for what is new.

What is known of all these links is read at once and compared whole; only where something differs is it gone
through field by field. Runs inside the caller's transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from operator import attrgetter
from typing import Any, Final, NamedTuple

import msgspec

from crawler.records import Facts
from crawler.store.bulk import as_list, insert_rows, insert_values
from crawler.store.events import Change, fact_changes
from crawler.store.facts import COUNTERS, FactChanges, compare_facts, fact_to_text
from crawler.store.times import text_to_time, time_to_text

COUNTED: Final = frozenset(COUNTERS)
DOUBT_STANDS: Final = timedelta(hours=20)
"""A grave value read again after this long was no passing fault."""


class Told(NamedTuple):
    """What one look told of a link: `at` is the look's time, `source` who tells."""

    link_id: int
    source: str
    facts: Facts
    at: str
    is_known: bool
    """Whether facts were told of this link before."""


class FactWriter:
    """Writes what the looks of one batch told; each link once."""

    def __init__(self, connection: sqlite3.Connection, run_id: int) -> None:
        self._connection = connection
        self._run_id = run_id
        self._facts: list[Any] = []
        """Five values a row."""
        self._counters: list[tuple[Any, ...]] = []
        self._settled: list[tuple[int, str]] = []
        self._doubted: list[tuple[int, str, str, str]] = []

    def write(self, told: Sequence[Told]) -> list[list[Change]]:
        """Write all of it; returns what changed, look by look."""
        # Neighbours lie on one page of the file, and one page is written once.
        by_link = sorted(told, key=attrgetter("link_id"))
        counting = [each.link_id for each in by_link if each.is_known and not COUNTED.isdisjoint(each.facts)]
        others = [each.link_id for each in by_link if each.is_known and COUNTED.isdisjoint(each.facts)]
        known = _read_counted(self._connection, counting) | read_fields(self._connection, others)
        doubts = self._read_doubts(by_link)
        changes = {
            each.link_id: self._take(each, known.get(each.link_id, {}), doubts.get(each.link_id, {}))
            for each in by_link
        }
        self._write_rows()
        return [changes[each.link_id] for each in told]

    def _take(self, told: Told, known: Facts, doubts: Mapping[str, tuple[str, str]]) -> list[Change]:
        if doubts:
            changes = compare_facts(known, told.facts, _confirmed(doubts, told.at))
            self._take_doubts(told, changes, doubts)
        elif told.facts.items() <= known.items():
            return []
        else:
            changes = compare_facts(known, told.facts)
            if changes.doubted:
                self._take_doubts(told, changes, doubts)
        for field, value in changes.fields.items():
            self._facts += (told.link_id, field, fact_to_text(value), told.at, told.source)
        if changes.counters is not None:
            self._counters.append((told.link_id, *map(changes.counters.get, COUNTERS)))
        return list(fact_changes(known, changes.fields)) if known else []

    def _take_doubts(self, told: Told, changes: FactChanges, doubts: Mapping[str, tuple[str, str]]) -> None:
        """A doubt lasts until it is confirmed, or until the field is told otherwise."""
        for field in told.facts:
            if field not in changes.doubted and field in doubts:
                self._settled.append((told.link_id, field))
        self._doubted += [
            (told.link_id, field, fact_to_text(value), told.at) for field, value in changes.doubted.items()
        ]

    def _read_doubts(self, told: Sequence[Told]) -> dict[int, dict[str, tuple[str, str]]]:
        doubts: dict[int, dict[str, tuple[str, str]]] = {}
        if self._connection.execute("SELECT 1 FROM _doubts LIMIT 1").fetchone():
            for link_id, *doubt in _plain(
                self._connection, READ_DOUBTS, [as_list([each.link_id for each in told])]
            ):
                doubts.setdefault(link_id, {})[doubt[0]] = (doubt[1], doubt[2])
        return doubts

    def _write_rows(self) -> None:
        insert_values(
            self._connection,
            "INSERT INTO facts (link_id, field, value, observed_at, source, run_id)",
            f"(?, ?, ?, ?, ?, {self._run_id})",
            self._facts,
            "ON CONFLICT (link_id, field, run_id)"
            " DO UPDATE SET value = excluded.value, observed_at = excluded.observed_at",
        )
        insert_rows(
            self._connection,
            f"INSERT INTO counters (link_id, {', '.join(COUNTERS)}, run_id)",
            f"(?, {', '.join('?' for _ in COUNTERS)}, {self._run_id})",
            self._counters,
            "ON CONFLICT (link_id, run_id) DO UPDATE SET "
            + ", ".join(f"{name} = excluded.{name}" for name in COUNTERS),
        )
        if self._settled:
            self._connection.executemany("DELETE FROM _doubts WHERE link_id = ? AND field = ?", self._settled)
        if self._doubted:
            self._connection.executemany(
                "INSERT OR IGNORE INTO _doubts (link_id, field, value, observed_at) VALUES (?, ?, ?, ?)",
                self._doubted,
            )


def read_fields(connection: sqlite3.Connection, link_ids: Sequence[int]) -> dict[int, Facts]:
    """The facts of these links as known now, without counters."""
    if not link_ids:
        return {}
    rows = _plain(connection, READ_FIELDS, [as_list(link_ids)])
    return {link_id: decode_facts(f"{{{fields or ''}}}") for link_id, fields in rows}


def _read_counted(connection: sqlite3.Connection, link_ids: Sequence[int]) -> dict[int, Facts]:
    """The same with counters."""
    known: dict[int, Facts] = {}
    if link_ids:
        for link_id, fields, *counters in _plain(connection, READ_COUNTED, [as_list(link_ids)]):
            facts = known[link_id] = decode_facts(f"{{{fields or ''}}}")
            for name, count in zip(COUNTERS, counters, strict=True):
                if count is not None:
                    facts[name] = count
    return known


def decode_facts(text: str) -> Facts:
    """What a JSON object says; of equal keys the last one counts."""
    try:
        return _FACTS.decode(text)
    except msgspec.DecodeError:
        facts: Facts = json.loads(text)  # reads NaN as well, which Python writes
        return facts


def _confirmed(doubts: Mapping[str, tuple[str, str]], at: str) -> dict[str, Any]:
    """What was doubted on an earlier night."""
    latest = time_to_text(text_to_time(at) - DOUBT_STANDS)
    return {field: json.loads(value) for field, (value, doubted_at) in doubts.items() if doubted_at <= latest}


def _plain(connection: sqlite3.Connection, sql: str, values: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    cursor = connection.cursor()
    cursor.row_factory = None
    return cursor.execute(sql, values)


_FACTS: Final = msgspec.json.Decoder(dict[str, Any])

FIELDS: Final = """
    (SELECT group_concat('"' || field || '":' || value) FROM
        (SELECT field, value FROM facts WHERE link_id = asked.value ORDER BY field, run_id))
"""
"""The fields as the inside of a JSON object, the older value of a field before the newer."""

READ_FIELDS: Final = f"SELECT asked.value, {FIELDS} FROM json_each(?) AS asked"

READ_COUNTED: Final = f"""
    SELECT asked.value, {FIELDS}, {", ".join(f"latest.{name}" for name in COUNTERS)}
    FROM json_each(?) AS asked
    LEFT JOIN counters AS latest ON latest.link_id = asked.value
        AND latest.run_id = (SELECT max(run_id) FROM counters WHERE link_id = asked.value)
"""

READ_DOUBTS: Final = """
    SELECT _doubts.link_id, field, _doubts.value, observed_at
    FROM json_each(?) AS asked JOIN _doubts ON _doubts.link_id = asked.value
"""
