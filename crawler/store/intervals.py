"""Looks that say the same, kept as one interval; the runs it covers are a text: `0012-0040,0042-0042`.

The first look of an interval has its exact time, each repeat that of its run's start. Whoever folds intervals
folds exactly the looks that were judged on their nights.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from crawler.judge import Voice, judge, voice_of
from crawler.links import hostname
from crawler.outages import is_covered
from crawler.records import Health, Hop, Link, Observation, Outcome, Reason
from crawler.settings import HealthSettings
from crawler.store.times import text_to_time

SETTLED_BY_ONE = frozenset({Voice.FOR, Voice.KEPT_OUT, Voice.NOT_LOOKED})
"""Of equal looks that speak so, only the first and the last leave a trace in a health."""


@dataclass(frozen=True, slots=True)
class RunTerms:
    """What folding needs of a run: the time of its repeated looks, the policy it judged by, its outages."""

    started_at: datetime
    policy: HealthSettings
    outages: frozenset[str] = frozenset()
    """Scopes in which failures said nothing; see crawler/outages.py."""


@dataclass(frozen=True, slots=True)
class Interval:
    """One row of `observations`. `observation.observed_at` is the time of the first look."""

    observation: Observation
    tells_facts: bool
    first_run_id: int
    runs: str

    @property
    def last_run_id(self) -> int:
        return last_run_of(self.runs)

    @property
    def looks(self) -> int:
        """How many looks said this; one per run."""
        return sum(last - first + 1 for first, last in _ranges(self.runs))

    def looks_until(self, last_run_id: int, runs: Mapping[int, RunTerms]) -> Iterator[tuple[int, datetime]]:
        """(run id, time) of each look up to and including a run."""
        for run_id in run_ids(self.runs):
            if run_id > last_run_id:
                return
            yield run_id, self._time_in(run_id, runs)

    def last_look_until(self, last_run_id: int, runs: Mapping[int, RunTerms]) -> tuple[int, datetime] | None:
        """The latest look up to and including a run, without unfolding the ones before."""
        latest: int | None = None
        for first, last in _ranges(self.runs):
            if first > last_run_id:
                break
            latest = min(last, last_run_id)
        return None if latest is None else (latest, self._time_in(latest, runs))

    def _time_in(self, run_id: int, runs: Mapping[int, RunTerms]) -> datetime:
        return self.observation.observed_at if run_id == self.first_run_id else runs[run_id].started_at


def row_to_interval(row: sqlite3.Row, link: Link) -> Interval:
    chain = json.loads(row["redirect_chain"]) if row["redirect_chain"] else []
    return Interval(
        observation=Observation(
            link=link,
            observed_at=text_to_time(row["first_observed_at"]),
            outcome=Outcome(row["outcome"]),
            reason=Reason(row["reason"]),
            http_status=row["http_status"],
            final_url=row["final_url"],
            suggested_url=row["suggested_url"],
            detail=row["detail"],
            redirect_chain=tuple(Hop(url, status) for url, status in chain),
        ),
        tells_facts=bool(row["tells_facts"]),
        first_run_id=row["first_run_id"],
        runs=row["runs"],
    )


def first_run(run_id: int) -> str:
    """12 → `0012-0012`: as long as what it will become, so that rows need not grow from night to night."""
    return f"{run_id:04}-{run_id:04}"


def last_run_of(runs: str) -> int:
    """`0012-0040,0042-0042` → 42."""
    return int(runs.rpartition("-")[2])


def add_run(runs: str, run_id: int) -> str:
    """`0012-0040` and 41 → `0012-0041`; and 42 → `0012-0040,0042-0042`. Run ids only grow."""
    before, _, last = runs.rpartition("-")
    return f"{before}-{run_id:04}" if int(last) + 1 == run_id else f"{runs},{first_run(run_id)}"


def run_ids(runs: str) -> Iterator[int]:
    """`0012-0014,0016-0016` → 12, 13, 14, 16."""
    for first, last in _ranges(runs):
        yield from range(first, last + 1)


def fold_intervals(
    intervals: Iterable[Interval], runs: Mapping[int, RunTerms], last_run_id: int
) -> tuple[Health, datetime | None]:
    """Health as of a run, and when facts were last told, from one link's intervals, oldest first."""
    health = Health()
    facts_observed_at: datetime | None = None
    for interval in intervals:
        last = interval.last_look_until(last_run_id, runs)
        if last is None:
            break
        looks: Iterable[tuple[int, datetime]]
        if voice_of(interval.observation) in SETTLED_BY_ONE:
            first = (interval.first_run_id, interval.observation.observed_at)
            looks = [first] if first == last else [first, last]
        else:
            looks = interval.looks_until(last_run_id, runs)
        for run_id, at in looks:
            terms = runs[run_id]
            look = look_at(interval.observation, at)
            in_outage = is_covered(host_of(look.link), terms.outages)
            health = judge(health, look, terms.policy, in_outage=in_outage)
        if interval.tells_facts:
            facts_observed_at = last[1]
    return health, facts_observed_at


def look_at(observation: Observation, at: datetime) -> Observation:
    """The same look at another time; only what `judge` reads."""
    return Observation(
        link=observation.link,
        observed_at=at,
        outcome=observation.outcome,
        reason=observation.reason,
        http_status=observation.http_status,
        final_url=observation.final_url,
        suggested_url=observation.suggested_url,
    )


def host_of(link: Link) -> str:
    """As the column `host` of `links` has it; a URL that cannot be read has none."""
    return hostname.host_of(link.canonical_url)


def _ranges(runs: str) -> Iterator[tuple[int, int]]:
    for part in runs.split(","):
        first, _, last = part.partition("-")
        yield int(first), int(last)
