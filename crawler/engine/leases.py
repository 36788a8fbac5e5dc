"""A worker's politeness: it asks hosts of its own while its lease holds, and other hosts only by a turn lent.

Each host has one owner at a time. The lease is renewed by every word of the run; without one for
`lease_seconds` the worker asks nobody until it hears again, for another may have its hosts by then.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from functools import partial
from itertools import count
from typing import Any, Final, cast

import msgspec

from crawler.clock import Clock
from crawler.engine.messages import LaneState, Loan, Refusal
from crawler.fetch.places import Places
from crawler.fetch.politeness import Lane, LaneClosed, Politeness
from crawler.settings import Settings


def _find_steady_clock() -> Callable[[], float]:
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic if clock is None else partial(time.clock_gettime, clock)


steady_seconds: Final = _find_steady_clock()
"""Seconds that also pass while the machine sleeps, where the system counts them."""


class Leases:
    """Which hosts this worker owns, until when it may ask, and what it has borrowed or lent."""

    def __init__(self, lease_seconds: float, wake: Callable[[], None]) -> None:
        self.borrow: list[Loan] = []
        """Turns to be asked for, and `returned` those that are over: the next report takes them along."""
        self.returned: list[int] = []
        self._lease_seconds = lease_seconds
        self._wake = wake
        self._until = 0.0
        self._renewed = asyncio.Event()
        self._owned: set[str] = set()
        self._numbers = count(1)
        self._asked_for: dict[int, asyncio.Future[None]] = {}

    def renew(self, told_at: float) -> None:
        """The run has heard what was told at `told_at` (`steady_seconds`): the lease counts from there."""
        self._until = told_at + self._lease_seconds
        self._renewed.set()
        self._renewed = asyncio.Event()

    @property
    def holds(self) -> bool:
        return steady_seconds() < self._until

    def own(self, hosts: Iterable[str]) -> None:
        self._owned.update(hosts)

    def disown(self, hosts: Iterable[str]) -> None:
        self._owned.difference_update(hosts)

    def owns(self, host: str) -> bool:
        return host in self._owned

    def may_ask(self, host: str) -> bool:
        return host in self._owned and steady_seconds() < self._until

    async def valid(self) -> None:
        """Wait until the lease holds."""
        while not self.holds:
            await self._renewed.wait()

    async def ask_for(self, host: str) -> int:
        """Wait for a turn at another's host; it must be given back by this number. Raises LaneClosed."""
        number = next(self._numbers)
        granted = self._asked_for[number] = asyncio.get_running_loop().create_future()
        self.borrow.append(Loan(number, host))
        self._wake()
        try:
            await granted
        except BaseException:
            self.give_back(number)
            raise
        finally:
            del self._asked_for[number]
        return number

    def give_back(self, number: int) -> None:
        self.returned.append(number)
        self._wake()

    def granted(self, number: int) -> None:
        future = self._asked_for.get(number)
        if future is not None and not future.done():
            future.set_result(None)

    def refused(self, refusal: Refusal) -> None:
        future = self._asked_for.get(refusal.number)
        if future is not None and not future.done():
            future.set_exception(LaneClosed(refusal.reason, throttled=refusal.throttled))


class LeasedLane(Lane):
    """A lane that is entered under a lease only, and by a turn lent where its host is another's."""

    __slots__ = ("_borrowed", "_leases")

    def __init__(self, leases: Leases, name: str, clock: Clock, **pace: Any) -> None:
        super().__init__(name, clock, **pace)
        self._leases = leases
        self._borrowed: list[int] = []

    def enter_now(self) -> bool:
        return self._leases.may_ask(self.name) and super().enter_now()

    async def queue(self) -> None:
        borrowed = None if self._leases.owns(self.name) else await self._leases.ask_for(self.name)
        try:
            if not self._leases.holds:
                await self._leases.valid()
            await super().queue()
        except BaseException:
            if borrowed is not None:
                self._leases.give_back(borrowed)
            raise
        if borrowed is not None:
            self._borrowed.append(borrowed)
        try:
            # Places are held meanwhile: while the lease is out everything here waits.
            if not self._leases.holds:
                await self._leases.valid()
        except BaseException:
            self.leave()
            raise

    def leave(self) -> None:
        super().leave()
        if self._borrowed:
            self._leases.give_back(self._borrowed.pop())

    @asynccontextmanager
    async def own_turn(self) -> AsyncIterator[None]:
        """A turn to be lent: spaced as if it were taken here."""
        if not super().enter_now():
            await super().queue()
        try:
            yield
        finally:
            super().leave()


class LeasedPoliteness(Politeness):
    """The lanes of one worker."""

    def __init__(self, settings: Settings, clock: Clock, leases: Leases) -> None:
        super().__init__(settings, clock)
        self._leases = leases

    def leased(self, host: str) -> LeasedLane:
        return cast(LeasedLane, self.lane(host))

    def make_lane(
        self, name: str, *, concurrency: int, interval_seconds: float, run_places: Places
    ) -> LeasedLane:
        return LeasedLane(
            self._leases,
            name,
            self._clock,
            concurrency=concurrency,
            interval_seconds=interval_seconds,
            run_places=run_places,
        )


def state_of(lane: Lane) -> LaneState:
    """What others should know of a lane; `waited` in all."""
    return LaneState(
        lane.name,
        lane.closed,
        lane.throttled,
        lane.hold_until,
        lane.kept_until,
        lane.why_waiting if lane.hold_until else None,
        lane.quota,
        round(lane.seconds_waited, 1),
    )


def asked_for(state: LaneState) -> LaneState:
    """What the host itself asked for, without what one worker thought of it."""
    return state if state.throttled else msgspec.structs.replace(state, closed=None)


def states_for(politeness: Politeness, hosts: Iterable[str], *, all_asked: bool) -> list[LaneState]:
    """What a new owner is to know of the hosts that somebody has asked before: the run, by a turn it lent, or
    another worker, with `all_asked`."""
    known = politeness.lanes()
    return [asked_for(state_of(politeness.lane(host))) for host in hosts if all_asked or host in known]


def adopt(lane: Lane, state: LaneState, now: datetime) -> None:
    """Let a lane of ours know what was learnt of its host elsewhere."""
    if state.closed is not None:
        lane.throttled = lane.throttled or state.throttled
        lane.close(state.closed)
    if state.hold_until is not None and state.hold_until > now:
        seconds = (state.hold_until - now).total_seconds()
        why = state.why_waiting or "asked to wait"
        lane.back_off(seconds, why, outlives_run=state.kept_until is not None)


class Lender:
    """Lends turns at hosts that are ours, one at a time each as the host allows."""

    def __init__(self, turn: Callable[[str], AbstractAsyncContextManager[None]]) -> None:
        self._turn = turn
        self._loans: dict[int, asyncio.Task[None]] = {}

    def lend(self, loan: Loan, granted: Callable[[int], None], refused: Callable[[Refusal], None]) -> None:
        """Call one of both as soon as it is known; the turn is kept until it is taken back."""

        async def hold() -> None:
            try:
                async with self._turn(loan.host):
                    granted(loan.number)
                    await asyncio.Event().wait()
            except LaneClosed as closed:
                refused(Refusal(loan.number, closed.reason, closed.throttled))

        self._loans[loan.number] = asyncio.get_running_loop().create_task(hold())

    def take_back(self, number: int) -> None:
        task = self._loans.pop(number, None)
        if task is not None:
            task.cancel()

    def close(self) -> None:
        for number in list(self._loans):
            self.take_back(number)
