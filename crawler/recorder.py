"""Between the resolvers and the store: observations in, one transaction at most a second after they came.

Resolvers call `record` from the event loop; the witness may hold a connection failure back.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from crawler.fetch.meter import RequestMeter
from crawler.records import Observation, Outcome
from crawler.store.store import Event, RunHandle, Store
from crawler.witness import Witness

FLUSH_SECONDS: Final = 0.5
"""Half of the contract's second: what arrives just after a flush is still written in time."""
FLUSH_OBSERVATIONS: Final = 2000


class Recorder:
    """Collects one run's observations, lets the witness pass or hold them, writes them in batches."""

    def __init__(
        self, store: Store, run: RunHandle, meter: RequestMeter, watch: Callable[[Observation], None]
    ) -> None:
        self.witness = Witness()
        self.outcomes: dict[str, Counter[Outcome]] = {}
        self.events: list[Event] = []
        self.left_due: Counter[str] = Counter()
        self.last_answer: Observation | None = None
        self._store = store
        self._run = run
        self._meter = meter
        self._watch = watch
        self._pending: list[Observation] = []

    def record(self, observation: Observation) -> None:
        """Take one look's observation; it is written once the witness lets it pass."""
        if observation.http_status is not None:
            self.last_answer = observation
        for released in self.witness.add(observation):
            self.keep(released)

    def keep(self, observation: Observation) -> None:
        """Write this one whatever the witness thinks."""
        host = urlsplit(observation.link.canonical_url).hostname or "(no host)"
        self.outcomes.setdefault(host, Counter())[observation.outcome] += 1
        if observation.outcome in {Outcome.THROTTLED, Outcome.SKIPPED}:
            self.left_due[observation.detail or f"{host}: {observation.reason}"] += 1
        self._pending.append(observation)
        self._watch(observation)
        if len(self._pending) >= FLUSH_OBSERVATIONS:
            self.flush()

    def flush(self) -> None:
        """Write what is pending and the request counts so far, each in one transaction."""
        pending, self._pending = self._pending, []
        if pending:
            self.events.extend(self._store.record(self._run, pending))
        self._store.save_progress(self._run, self._meter.requests())

    async def flush_regularly(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            self.flush()
