"""How the links of the catalog fared over many runs: states night by night, and the stars gained."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from crawler.judge import voice_of
from crawler.records import Run, State
from crawler.store.intervals import (
    SETTLED_BY_ONE,
    Interval,
    RunTerms,
    fold_intervals,
    row_to_interval,
)
from crawler.store.rows import row_to_link

SPANS: Final = """
    SELECT mentions.link_id, mentions.from_run_id, mentions.until_run_id FROM mentions
    JOIN entries ON entries.id = mentions.entry_id
    JOIN documents ON documents.id = entries.document_id
    WHERE mentions.from_run_id <= :run AND (:document IS NULL OR documents.name = :document)
    ORDER BY mentions.link_id
"""
OBSERVATIONS: Final = """
    SELECT observations.*, links.url, links.kind, links.name FROM observations
    JOIN links ON links.id = observations.link_id
    WHERE observations.first_run_id <= :run ORDER BY observations.link_id, observations.id
"""
STARS: Final = """
    SELECT counters.link_id, counters.run_id, counters.stars, links.name FROM counters
    JOIN links ON links.id = counters.link_id
    WHERE counters.stars IS NOT NULL AND counters.run_id <= :run AND links.kind = 'github_repo'
        AND counters.link_id IN (SELECT mentions.link_id FROM mentions
            JOIN entries ON entries.id = mentions.entry_id
            JOIN documents ON documents.id = entries.document_id
            WHERE mentions.from_run_id <= :run
                AND (mentions.until_run_id IS NULL OR mentions.until_run_id > :run)
                AND (:document IS NULL OR documents.name = :document))
    ORDER BY counters.link_id, counters.run_id
"""


@dataclass(frozen=True, slots=True)
class StarGrowth:
    """One repository's stars at each of the runs asked for; None before they were known."""

    name: str
    stars: tuple[int | None, ...]

    @property
    def gained(self) -> int:
        known = [stars for stars in self.stars if stars is not None]
        return known[-1] - known[0] if known else 0


def count_states_over(
    connection: sqlite3.Connection, runs: Sequence[Run], terms: Mapping[int, RunTerms], document: str | None
) -> list[Counter[State]]:
    """How many links of the catalog, as it was then, were in each state after each of these runs."""
    counts: list[Counter[State]] = [Counter() for _ in runs]
    if not runs:
        return counts
    parameters = {"run": runs[-1].id, "document": document}
    spans: dict[int, list[tuple[int, int | None]]] = {}
    for link_id, first, until in connection.execute(SPANS, parameters):
        spans.setdefault(link_id, []).append((first, until))
    looked_at: set[int] = set()
    for link_id, intervals in _intervals_by_link(connection, runs[-1].id):
        if link_id in spans:
            looked_at.add(link_id)
            states = _states_at(intervals, runs, terms)
            _count(spans[link_id], states, runs, counts)
    for link_id in spans.keys() - looked_at:
        _count(spans[link_id], [State.UNKNOWN] * len(runs), runs, counts)
    return counts


def grow_stars_over(
    connection: sqlite3.Connection, runs: Sequence[Run], document: str | None, most: int
) -> list[StarGrowth]:
    """The repositories that gained most from the first of these runs to the last, at most `most`."""
    if not runs:
        return []
    told: dict[int, tuple[str, list[tuple[int, int]]]] = {}
    for link_id, run_id, stars, name in connection.execute(STARS, {"run": runs[-1].id, "document": document}):
        told.setdefault(link_id, (name, []))[1].append((run_id, stars))
    grown = [StarGrowth(name, tuple(_values_at(values, runs))) for name, values in told.values()]
    grown.sort(key=lambda growth: (-growth.gained, growth.name))
    return [growth for growth in grown[:most] if growth.gained > 0]


def _intervals_by_link(
    connection: sqlite3.Connection, last_run_id: int
) -> Iterator[tuple[int, list[Interval]]]:
    rows = connection.execute(OBSERVATIONS, {"run": last_run_id})
    for link_id, group in groupby(rows, key=lambda row: row["link_id"]):
        yield link_id, [row_to_interval(row, row_to_link(row)) for row in group]


def _states_at(
    intervals: Sequence[Interval], runs: Sequence[Run], terms: Mapping[int, RunTerms]
) -> list[State]:
    """Folded anew only where something was said since the run before: most nights say nothing new."""
    states: list[State] = []
    known = 0
    for run in runs:
        begun = sum(interval.first_run_id <= run.id for interval in intervals)
        settled = begun > 0 and voice_of(intervals[begun - 1].observation) in SETTLED_BY_ONE
        if not begun:
            states.append(State.UNKNOWN)
        elif begun == known and settled and states:
            states.append(states[-1])
        else:
            states.append(fold_intervals(intervals[:begun], terms, run.id)[0].state)
        known = begun
    return states


def _count(
    spans: Sequence[tuple[int, int | None]],
    states: Sequence[State],
    runs: Sequence[Run],
    counts: Sequence[Counter[State]],
) -> None:
    for run, state, count in zip(runs, states, counts, strict=True):
        if any(first <= run.id and (until is None or until > run.id) for first, until in spans):
            count[state] += 1


def _values_at(values: Sequence[tuple[int, int]], runs: Sequence[Run]) -> Iterator[int | None]:
    """The latest value known at each run."""
    for run in runs:
        yield next((stars for run_id, stars in reversed(values) if run_id <= run.id), None)
