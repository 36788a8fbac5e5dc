"""How the links of the catalog fared over many runs: states night by night, and the stars gained."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from heapq import nsmallest
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, TypeAlias

from crawler.judge import voice_of, voice_of_words
from crawler.records import Outcome, Reason, Run, State
from crawler.store.intervals import (
    SETTLED_BY_ONE,
    Interval,
    RunTerms,
    fold_intervals,
    row_to_interval,
)
from crawler.store.rows import row_to_link

Spans: TypeAlias = tuple[tuple[int, int | None], ...]
"""From which run to before which one a link was in the catalog; None: it still is."""

NO_MORE: Final[tuple[float, Any]] = (float("inf"), ())

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
    """How many links of the catalog, as it was then, were in each state after each of these runs.

    Most links have had one kind of answer since they came: those are folded once for all of a kind.
    """
    counts: list[Counter[State]] = [Counter() for _ in runs]
    if not runs:
        return counts
    alike: Counter[tuple[Spans, str, str, int]] = Counter()
    examples: dict[tuple[str, str, int], list[Interval]] = {}
    for spans, looks in _links_over(connection, {"run": runs[-1].id, "document": document}):
        if not looks:
            _count(spans, [State.UNKNOWN] * len(runs), runs, counts)
            continue
        kind = (looks[0]["outcome"], looks[0]["reason"], looks[0]["first_run_id"])
        if len(looks) == 1 and _is_settled(*kind[:2]):
            if kind not in examples:
                examples[kind] = [row_to_interval(looks[0], row_to_link(looks[0]))]
            alike[(spans, *kind)] += 1
        else:
            intervals = [row_to_interval(look, row_to_link(look)) for look in looks]
            _count(spans, _states_at(intervals, runs, terms), runs, counts)
    for (spans, outcome, reason, first_run_id), links in alike.items():
        states = _states_at(examples[outcome, reason, first_run_id], runs, terms)
        _count(spans, states, runs, counts, links)
    return counts


def grow_stars_over(
    connection: sqlite3.Connection, runs: Sequence[Run], document: str | None, most: int
) -> list[StarGrowth]:
    """The repositories that gained most from the first of these runs to the last, at most `most`."""
    if not runs:
        return []
    rows = connection.execute(STARS, {"run": runs[-1].id, "document": document})
    return nsmallest(most, _growths(rows, runs), key=lambda growth: (-growth.gained, growth.name))


def _growths(rows: Iterable[sqlite3.Row], runs: Sequence[Run]) -> Iterator[StarGrowth]:
    """Of repositories that gained any, from rows by link and run."""
    for _, group in groupby(rows, key=itemgetter(0)):
        values = [(run_id, stars, name) for _, run_id, stars, name in group]
        if len(values) > 1:
            told = [(run_id, stars) for run_id, stars, _ in values]
            growth = StarGrowth(values[0][2], tuple(_values_at(told, runs)))
            if growth.gained > 0:
                yield growth


def _links_over(
    connection: sqlite3.Connection, parameters: Mapping[str, object]
) -> Iterator[tuple[Spans, list[sqlite3.Row]]]:
    """Of each link when it was in the catalog, and its looks: two cursors in the order of links."""
    looks = groupby(connection.execute(OBSERVATIONS, parameters), key=itemgetter("link_id"))
    looked_at, rows = next(looks, NO_MORE)
    for link_id, spans in groupby(connection.execute(SPANS, parameters), key=itemgetter(0)):
        while looked_at < link_id:
            looked_at, rows = next(looks, NO_MORE)
        own = list(rows) if looked_at == link_id else []
        yield tuple((first, until) for _, first, until in spans), own


@cache
def _is_settled(outcome: str, reason: str) -> bool:
    return voice_of_words(Outcome(outcome), Reason(reason)) in SETTLED_BY_ONE


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
    spans: Spans,
    states: Sequence[State],
    runs: Sequence[Run],
    counts: Sequence[Counter[State]],
    links: int = 1,
) -> None:
    for run, state, count in zip(runs, states, counts, strict=True):
        if any(first <= run.id and (until is None or until > run.id) for first, until in spans):
            count[state] += links


def _values_at(values: Sequence[tuple[int, int]], runs: Sequence[Run]) -> Iterator[int | None]:
    """The latest value known at each run."""
    for run in runs:
        yield next((stars for run_id, stars in reversed(values) if run_id <= run.id), None)
