"""Between the resolvers and the store: observations in, one transaction at most a second after they came.

Resolvers call `record` from the event loop; the witness may hold a connection failure back.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Final

from crawler.engine import hearsay
from crawler.errors import CrawlerError, WorkersLost
from crawler.fetch.environment import NetworkEnvironment
from crawler.fetch.meter import RequestMeter
from crawler.links import hostname
from crawler.records import Observation, Outcome, Reason, RunState
from crawler.store.store import RunHandle, Store
from crawler.witness import Witness, is_answer

FLUSH_SECONDS: Final = 0.5
"""Half of the contract's second: what arrives just after a flush is still written in time."""
FLUSH_OBSERVATIONS: Final = 1000
"""So many take some hundredths of a second, and as long does everything else wait."""
SAVED_HOSTS_A_SECOND: Final = 20_000
"""Request counts are saved whole; those of very many hosts therefore less often than observations."""
NOT_ASKED: Final = frozenset({Reason.PRIVATE_ADDRESS, Reason.INVALID_URL})
NO_HOST: Final = "(no host)"
"""How a host name reads where there is none."""
NOT_TOLD: Final = frozenset({Outcome.THROTTLED, Outcome.SKIPPED})
HOPELESS_HOSTS: Final = 8
HOPELESS_SECONDS: Final = 5.0
"""When so many hosts have failed for so long and none has answered, it is no use to go through the rest."""


class Recorder:
    """Collects one run's observations, lets the witness pass or hold them, writes them in batches."""

    def __init__(
        self,
        store: Store,
        run: RunHandle,
        meter: RequestMeter,
        environment: NetworkEnvironment,
        watch: Callable[[Observation], None],
        holds: Callable[[], Mapping[str, datetime]] = dict,
    ) -> None:
        self.witness = Witness()
        self.outcomes: dict[str, Counter[Outcome]] = {}
        self.left_due: Counter[str] = Counter()
        self._last_answers: dict[str, Observation] = {}
        self._in_vain: dict[Witness, list[Observation]] = {}
        self.hopeless = asyncio.Event()
        """Set once it looks as if nobody will ever answer."""
        self._hosts_in_vain: set[str] = set()
        self._began = time.monotonic()
        self._store = store
        self._run = run
        self._meter = meter
        self._environment = environment
        self._watch = watch
        self._holds = holds
        self._pending: list[Observation] = []
        self._save_progress_at = self._began

    @property
    def last_answers(self) -> list[Observation]:
        """The latest answer of every host, the latest of all at the end."""
        return list(self._last_answers.values())

    @property
    def in_vain(self) -> list[Observation]:
        """Looks since the latest answer over the same network that ended without one, by whoever's fault."""
        return [observation for looks in self._in_vain.values() for observation in looks]

    def forget_in_vain(self, witness: Witness) -> None:
        """Those links are asked again over another network."""
        self._in_vain.pop(witness, None)

    def vouches(self, observation: Observation) -> bool:
        """Whether it is the host that speaks in this look, and not perhaps our own proxy."""
        return hearsay.vouches(self._environment, observation)

    def record(self, observation: Observation) -> None:
        """Take a look made over our own network; it is written once the witness lets it pass."""
        observation = hearsay.without_own_faults(self._environment, observation)
        self.hear(self.witness, observation, vouches=self.vouches(observation))

    def hear(self, witness: Witness, observation: Observation, *, vouches: bool) -> None:
        """Take one over the network that `witness` watches: only what that network shows vouches for it.

        `vouches`: an answer in it is its host's own word.
        """
        self.note(witness, observation, vouches=vouches)
        for released in witness.add(observation, vouches=vouches):
            self.keep(released)

    def note(self, witness: Witness, observation: Observation, *, vouches: bool) -> None:
        """Let it count for whether anybody answers; it is not yet written."""
        if is_answer(observation) and vouches:
            host = host_of(observation.link.canonical_url)
            self._last_answers.pop(host, None)
            self._last_answers[host] = observation
            self._in_vain.pop(witness, None)
        elif observation.reason not in NOT_ASKED:
            self._in_vain.setdefault(witness, []).append(observation)
            self._hosts_in_vain.add(host_of(observation.link.canonical_url))
            self._notice_hopelessness()

    def _notice_hopelessness(self) -> None:
        silent = not self._last_answers and len(self._hosts_in_vain) >= HOPELESS_HOSTS
        if silent and time.monotonic() - self._began >= HOPELESS_SECONDS:
            self.hopeless.set()

    def keep(self, observation: Observation) -> None:
        """Write this one whatever the witness thinks."""
        host = host_of(observation.link.canonical_url)
        outcomes = self.outcomes.get(host)
        if outcomes is None:
            outcomes = self.outcomes[host] = Counter()
        outcomes[observation.outcome] += 1
        if observation.outcome in NOT_TOLD:
            self.left_due[_why_not_told(observation)] += 1
        self._pending.append(observation)
        self._watch(observation)
        if len(self._pending) >= FLUSH_OBSERVATIONS:
            self._write_pending()

    def ask_again(self) -> list[Observation]:
        """Give up all that ended in vain since the latest answer, so that those links can be asked again."""
        again = {each.link.canonical_url: each for each in (*self.witness.take_held(), *self.in_vain)}
        for observation in self.in_vain:
            if observation.outcome in NOT_TOLD:
                self.left_due[_why_not_told(observation)] -= 1
        self.left_due = +self.left_due
        self._in_vain.clear()
        return list(again.values())

    def flush(self) -> None:
        """Write what is pending and the request counts so far."""
        self._write_pending()
        requests = self._meter.requests()
        self._store.save_progress(self._run, requests, self._holds())
        self._save_progress_at = time.monotonic() + len(requests) / SAVED_HOSTS_A_SECOND

    def _write_pending(self) -> None:
        pending, self._pending = self._pending, []
        if pending:
            self._store.record(self._run, pending)

    async def flush_regularly(self) -> None:
        """Write what came, at least every half a second."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            if time.monotonic() >= self._save_progress_at:
                self.flush()
            else:
                self._write_pending()

    @contextmanager
    def closing_the_run(self) -> Iterator[None]:
        """However the block ends, what was told is written; a run that ends early is marked as such."""
        try:
            yield
            self.flush()
        except asyncio.CancelledError:
            self.flush()
            self._store.finish_run(self._run, RunState.INTERRUPTED, self._meter.requests())
            raise
        except CrawlerError as error:
            state = RunState.INTERRUPTED if isinstance(error, WorkersLost) else RunState.FAILED
            # The database itself may be what failed: then there is nothing more to write.
            with suppress(CrawlerError):
                self.flush()
                self._store.finish_run(self._run, state, self._meter.requests())
            raise


def _why_not_told(observation: Observation) -> str:
    return observation.detail or f"{host_of(observation.link.canonical_url)}: {observation.reason}"


def host_of(url: str) -> str:
    """The host name a person would know a link by; a URL that cannot be read has none."""
    return hostname.host_of(url) or NO_HOST
