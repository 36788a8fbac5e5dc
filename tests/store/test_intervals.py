"""Intervals: the text of runs, and folding them as the nights themselves were judged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.judge import judge
from crawler.links.classify import link_of
from crawler.records import Health, Observation, Outcome, Reason
from crawler.settings import HealthSettings
from crawler.store.intervals import Interval, RunTerms, add_run, first_run, fold_intervals, look_at, run_ids

FIRST_NIGHT = datetime(2026, 11, 2, 2, 30, tzinfo=UTC)
LINK = link_of("https://example.org/page")
LOOKS = [
    (Outcome.ALIVE, Reason.OK),
    (Outcome.MOVED, Reason.RENAMED),
    (Outcome.RESTRICTED, Reason.BOT_WALL),
    (Outcome.NOT_FOUND, Reason.NOT_FOUND),
    (Outcome.NOT_FOUND, Reason.MISSING_OR_PRIVATE),
    (Outcome.FAILED, Reason.TIMEOUT),
    (Outcome.SKIPPED, Reason.SKIPPED),
]


@pytest.mark.parametrize(
    ("runs", "run_id", "longer"),
    [
        ("0012-0012", 13, "0012-0013"),
        ("0012-0040", 41, "0012-0041"),
        ("0012-0040", 42, "0012-0040,0042-0042"),
        ("0012-0040,0042-0042", 43, "0012-0040,0042-0043"),
        ("0009-0009", 10, "0009-0010"),
        ("0001-0003,0005-0007", 9, "0001-0003,0005-0007,0009-0009"),
    ],
)
def test_a_run_is_added(runs: str, run_id: int, longer: str) -> None:
    assert add_run(runs, run_id) == longer


@given(st.sets(st.integers(1, 300), min_size=1))
def test_the_text_keeps_exactly_the_runs(ids: set[int]) -> None:
    first, *rest = sorted(ids)
    runs = first_run(first)
    for run_id in rest:
        runs = add_run(runs, run_id)
    interval = interval_of((Outcome.ALIVE, Reason.OK), FIRST_NIGHT, first, runs)
    assert list(run_ids(runs)) == sorted(ids)
    assert (interval.looks, interval.last_run_id) == (len(ids), max(ids))


@pytest.mark.parametrize("run_id", [1, 9, 99, 999])
def test_a_night_more_makes_the_text_no_longer(run_id: int) -> None:
    assert len(add_run(first_run(run_id), run_id + 1)) == len(first_run(run_id))


def interval_of(seen: tuple[Outcome, Reason], at: datetime, first_run_id: int, runs: str) -> Interval:
    return Interval(Observation(LINK, at, *seen), seen[0] is Outcome.ALIVE, first_run_id, runs)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Interval], dict[int, RunTerms]]:
    """Runs a day apart, each with its own policy; in each the link is seen or left out."""
    runs: dict[int, RunTerms] = {}
    intervals: list[Interval] = []
    for run_id in range(1, draw(st.integers(2, 15))):
        started_at = FIRST_NIGHT + timedelta(days=run_id)
        runs[run_id] = RunTerms(started_at, HealthSettings(min_strikes=draw(st.integers(1, 4))))
        seen = draw(st.sampled_from([*LOOKS, None]))
        if seen is None:
            continue
        last = intervals[-1] if intervals else None
        if last is not None and (last.observation.outcome, last.observation.reason) == seen:
            intervals[-1] = interval_of(
                seen, last.observation.observed_at, last.first_run_id, add_run(last.runs, run_id)
            )
        else:
            at = started_at + timedelta(minutes=draw(st.integers(0, 300)))
            intervals.append(interval_of(seen, at, run_id, first_run(run_id)))
    return intervals, runs


@given(histories(), st.integers(0, 20))
def test_folding_intervals_equals_folding_looks(
    history: tuple[list[Interval], dict[int, RunTerms]], last_run_id: int
) -> None:
    intervals, runs = history
    health = Health()
    facts_observed_at = None
    for interval in intervals:
        for run_id, at in interval.looks_until(last_run_id, runs):
            health = judge(health, look_at(interval.observation, at), runs[run_id].policy)
            facts_observed_at = at if interval.tells_facts else facts_observed_at
    assert fold_intervals(intervals, runs, last_run_id) == (health, facts_observed_at)


@given(histories(), st.integers(1, 20))
def test_the_last_look_is_the_last_of_all(
    history: tuple[list[Interval], dict[int, RunTerms]], last_run_id: int
) -> None:
    intervals, runs = history
    for interval in intervals:
        looks = list(interval.looks_until(last_run_id, runs))
        assert interval.last_look_until(last_run_id, runs) == (looks[-1] if looks else None)
