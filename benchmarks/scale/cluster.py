"""Shards of links on workers: what each needs of its worker, who takes which, and when all is done."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.scale.budgets import Budget


@dataclass(frozen=True, slots=True)
class Shard:
    """What one worker asks one host, or one API with one token: nobody else may ask there meanwhile.

    `cpu_seconds` of a worker's one core and `latency_seconds` are for each request.
    """

    name: str
    links: int
    requests: int
    latency_seconds: float
    cpu_seconds: float
    budget: Budget

    @property
    def alone_seconds(self) -> float:
        """How long it takes a worker that has nothing else to do: the host's budget decides."""
        return self.budget.seconds_for(self.requests, self.latency_seconds + self.cpu_seconds)

    @property
    def core_seconds(self) -> float:
        return self.requests * self.cpu_seconds

    @property
    def place_seconds(self) -> float:
        """Seconds for which a request of it is in flight, added up."""
        return self.requests * (self.latency_seconds + self.cpu_seconds)

    def demand(self, places: int) -> float:
        """Seconds of a worker that it takes up: of the core, and its share of the requests in flight."""
        return self.core_seconds + self.place_seconds / places


@dataclass(frozen=True, slots=True)
class Crawl:
    """When the last answer is there: between `at_least` and `at_most` seconds, and what it waits for."""

    at_least: float
    at_most: float
    longest_shard: str
    longest_shard_seconds: float
    busiest_worker_seconds: float


def run_shards(shards: Iterable[Shard], workers: int, places: int) -> Crawl:
    """Give the heaviest shards out first, each to the least busy worker, and see when all are done.

    No crawl is done before its longest shard, nor before all cores and places have served all requests. A
    worker asks its hosts side by side: whenever the last of them is not asked as fast as it allows, core or
    places are taken, so the worker is done once both are over. `replay` checks that.
    """
    ordered = sorted(shards, key=lambda shard: (-shard.demand(places), shard.name))
    busy = [0.0] * workers
    for shard in ordered:
        heapq.heapreplace(busy, busy[0] + shard.demand(places))
    longest = max(ordered, key=lambda shard: shard.alone_seconds)
    alone, busiest = longest.alone_seconds, max(busy)
    cores = sum(shard.core_seconds for shard in ordered)
    places_taken = sum(shard.place_seconds for shard in ordered) / places
    at_least = max(alone, cores / workers, places_taken / workers)
    return Crawl(at_least, alone + busiest, longest.name, alone, busiest)


def replay(shards: Iterable[Shard], places: int) -> dict[str, list[float]]:
    """One worker, request by request: shard → when each of its requests started.

    The core sends one request after the other; whoever may start first does.
    """
    waiting: list[tuple[float, str, int, Shard]] = []
    for shard in shards:
        if shard.requests:
            heapq.heappush(waiting, (0.0, shard.name, 0, shard))
    started: dict[str, list[float]] = {}
    in_flight: list[float] = []
    core_free = 0.0
    while waiting:
        start, name, number, shard = heapq.heappop(waiting)
        if len(in_flight) == places:
            start = max(start, heapq.heappop(in_flight))
        start = max(start, core_free)
        core_free = start + shard.cpu_seconds
        answered = core_free + shard.latency_seconds
        heapq.heappush(in_flight, answered)
        own = started.setdefault(name, [])
        own.append(start)
        if number + 1 < shard.requests:
            heapq.heappush(waiting, (_next_start(shard, own), name, number + 1, shard))
    return started


def _next_start(shard: Shard, started: list[float]) -> float:
    budget = shard.budget
    start = started[-1] + budget.interval_seconds
    if len(started) >= budget.in_flight:
        lasting = shard.latency_seconds + shard.cpu_seconds + budget.pause_seconds
        start = max(start, started[-budget.in_flight] + lasting)
    if budget.per_window is not None and len(started) >= budget.per_window:
        window = started[-budget.per_window] // budget.window_seconds
        start = max(start, (window + 1) * budget.window_seconds)
    return start
