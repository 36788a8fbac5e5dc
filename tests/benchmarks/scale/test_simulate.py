"""Laws of the simulation behind docs/scale.md, and that it says what it is given."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.scale.budgets import Budget
from benchmarks.scale.cluster import Shard, replay, run_shards
from benchmarks.scale.population import ONLY_TAIL, TAIL, spread_by_zipf
from benchmarks.scale.simulate import ARXIV, Parameters, make_shards, shipped_mix, simulate
from crawler.plan import LaneName

ROOT = Path(__file__).parents[3]
SMALL = Parameters(links=20_000, tail_hosts=800)
TOLERANCE = 1e-6

seconds = st.floats(0.001, 5.0)
budgets = st.builds(
    Budget,
    st.floats(0.0, 4.0),
    st.integers(1, 6),
    st.none() | st.integers(1, 9),
    # Quarters of a second: their multiples are exact.
    st.integers(4, 160).map(lambda quarters: quarters / 4),
    st.just(0.0) | st.floats(0.0, 4.0),
)
shards = st.lists(
    st.builds(
        Shard,
        st.uuids().map(str),
        st.integers(0, 50),
        st.integers(0, 25),
        seconds,
        st.floats(0.0005, 0.2),
        budgets,
    ),
    min_size=1,
    max_size=12,
)


def assert_within(budget: Budget, starts: Iterable[float], lasting: float) -> None:
    """Hold the starts of one host's requests to its budget."""
    starts = list(starts)
    assert starts == sorted(starts)
    for place, start in enumerate(starts):
        if place:
            assert start >= starts[place - 1] + budget.interval_seconds - TOLERANCE
        if place >= budget.in_flight:
            assert start >= starts[place - budget.in_flight] + lasting + budget.pause_seconds - TOLERANCE
        if budget.per_window is not None:
            window = (start + TOLERANCE) // budget.window_seconds
            inside = [other for other in starts if (other + TOLERANCE) // budget.window_seconds == window]
            assert len(inside) <= budget.per_window


@given(budgets, seconds, st.integers(1, 60))
def test_a_hosts_budget_is_never_exceeded(budget: Budget, latency: float, requests: int) -> None:
    starts = list(islice(budget.starts(latency), requests))
    assert_within(budget, starts, latency)
    assert budget.seconds_for(requests, latency) == pytest.approx(starts[-1] + latency)
    assert budget.seconds_for(0, latency) == 0


@given(shards, st.integers(1, 8))
def test_nor_by_a_worker_that_asks_many_hosts_at_once(many: list[Shard], places: int) -> None:
    started = replay(many, places)
    assert {name: len(starts) for name, starts in started.items()} == {
        shard.name: shard.requests for shard in many if shard.requests
    }
    lasting = {shard.name: shard.latency_seconds + shard.cpu_seconds for shard in many}
    for shard in many:
        assert_within(shard.budget, started.get(shard.name, []), lasting[shard.name])
    spans = sorted((start, lasting[name]) for name, starts in started.items() for start in starts)
    for start, _ in spans:
        assert sum(other <= start < other + length - TOLERANCE for other, length in spans) <= places


@given(shards, st.integers(1, 10), st.integers(1, 8))
def test_more_workers_are_never_slower(many: list[Shard], workers: int, places: int) -> None:
    few, more = run_shards(many, workers, places), run_shards(many, workers + 1, places)
    assert more.at_least <= few.at_least + TOLERANCE
    assert more.at_most <= few.at_most + TOLERANCE
    assert max(shard.alone_seconds for shard in many) <= more.at_least <= more.at_most
    assert (few.longest_shard, few.longest_shard_seconds) == (more.longest_shard, more.longest_shard_seconds)


def replayed_seconds(many: list[Shard], places: int) -> float:
    lasting = {shard.name: shard.latency_seconds + shard.cpu_seconds for shard in many}
    ends = (starts[-1] + lasting[name] for name, starts in replay(many, places).items())
    return max(ends, default=0.0)


@given(shards, st.integers(1, 8))
def test_request_by_request_it_stays_within_the_bounds(many: list[Shard], places: int) -> None:
    # A request that is under way is not interrupted: one may be waited for, and one window be missed.
    slack = max(s.latency_seconds + s.cpu_seconds + s.budget.window_seconds for s in many)
    bounds = run_shards(many, 1, places)
    assert bounds.at_least - TOLERANCE <= replayed_seconds(many, places) <= bounds.at_most + slack


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("exponent", [0.0, 0.8, 1.2], ids=["even", "long tail", "steep"])
def test_and_so_does_a_web_of_many_hosts(seed: int, exponent: float) -> None:
    parameters = replace(SMALL, seed=seed, tail_exponent=exponent)
    web = [shard for shard in make_shards(parameters, ONLY_TAIL, 1) if shard.requests]
    bounds = run_shards(web, 1, parameters.places)
    assert bounds.at_least <= replayed_seconds(web, parameters.places) <= bounds.at_most


def test_requests_do_not_depend_on_workers_nor_links_on_tokens() -> None:
    outcomes = [simulate(SMALL, shipped_mix(), workers, 8) for workers in (1, 2, 8, 64)]
    assert len({outcome.requests for outcome in outcomes}) == 1
    assert len({outcome.core_hours for outcome in outcomes}) == 1
    for bound in ([o.at_least for o in outcomes], [o.at_most for o in outcomes]):
        assert bound == sorted(bound, reverse=True)
    for tokens in (1, 3, 8):
        made = make_shards(SMALL, shipped_mix(), tokens)
        assert sum(shard.links for shard in made) == pytest.approx(
            SMALL.links, abs=len(shipped_mix().hosts) + 4
        )
        assert len({shard.name for shard in made}) == len(made)
    one, eight = simulate(SMALL, shipped_mix(), 8, 1), simulate(SMALL, shipped_mix(), 8, 8)
    assert eight.at_least <= one.at_least


def test_the_same_seed_gives_the_same_run_and_another_another() -> None:
    assert simulate(SMALL, ONLY_TAIL, 2, 1) == simulate(SMALL, ONLY_TAIL, 2, 1)
    assert simulate(SMALL, ONLY_TAIL, 2, 1) != simulate(replace(SMALL, seed=2), ONLY_TAIL, 2, 1)


def test_arxiv_is_one_lane_whatever_the_tokens_and_workers() -> None:
    made = [shard for shard in make_shards(SMALL, shipped_mix(), 8) if shard.budget is ARXIV]
    assert len(made) == 1
    assert made[0].alone_seconds >= 3 * (made[0].requests - 1)
    later = make_shards(replace(SMALL, later_night=True), shipped_mix(), 8)
    assert next(shard for shard in later if shard.budget is ARXIV).requests < made[0].requests / 50


def test_the_slowest_part_is_named() -> None:
    assert simulate(SMALL, shipped_mix(), 1, 1).limit == "arXiv"
    assert simulate(replace(SMALL, writer=60.0), shipped_mix(), 1, 1).limit == "the writer"
    assert simulate(replace(SMALL, cpu_page=10.0), shipped_mix(), 1, 1).limit == "the workers"


def test_the_mix_is_that_of_the_shipped_lists() -> None:
    mix = shipped_mix()
    assert sum(mix.lanes.values()) == pytest.approx(1)
    assert sum(mix.hosts.values()) == pytest.approx(mix.lanes[LaneName.WEB])
    assert mix.lanes[LaneName.GITHUB] > mix.lanes[LaneName.ARXIV] > 0
    assert {"github.com", "huggingface.co", TAIL} < mix.hosts.keys()


@given(st.integers(0, 5_000), st.integers(1, 400), st.floats(0.0, 2.0))
def test_a_tail_has_every_link_once_and_no_empty_host(links: int, hosts: int, exponent: float) -> None:
    spread = spread_by_zipf(links, hosts, exponent)
    assert sum(spread) == links
    assert len(spread) == min(links, hosts)
    assert all(count > 0 for count in spread)
    assert spread == sorted(spread, reverse=True)


def run(*options: str) -> str:
    command = [sys.executable, "-m", "benchmarks.scale.simulate", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=110).stdout


def test_the_command_prints_a_row_per_run() -> None:
    told = run("--links", "20000", "--tail-hosts", "500", "--workers", "1", "4", "--tokens", "2")
    assert [line.split(" | ")[0] for line in told.splitlines() if line.startswith(("| 1 ", "| 4 "))] == [
        "| 1",
        "| 4",
    ]
    assert "| GitHub GraphQL | 9,353 | 94 |" in told
