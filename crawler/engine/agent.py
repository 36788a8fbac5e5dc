"""The worker's side of a crawl: resolves shards as the run orders, and reports what was seen.

How orders come and reports go is others' (worker.py, cluster.py): here is one `exchange` of bytes.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from typing import Final

import msgspec

from crawler import __version__
from crawler.clock import SystemClock
from crawler.engine.hearsay import vouches, without_own_faults
from crawler.engine.leases import LeasedPoliteness, Leases, Lender, adopt, state_of, steady_seconds
from crawler.engine.messages import (
    UNENCODABLE,
    Failed,
    LaneState,
    LogLine,
    Orders,
    Refusal,
    Report,
    Seen,
    ShardOrder,
    Start,
    decode_orders,
    encode,
    is_encodable,
    unpack,
)
from crawler.errors import CrawlerError, UsageError
from crawler.fetch.environment import NetworkEnvironment
from crawler.hosts import Hosts
from crawler.logs import MaskingFormatter, secrets_in
from crawler.plan import LaneName
from crawler.records import Observation, Outcome, Question, Reason

FULL: Final = 2_000
"""So many observations go at once, without waiting for more."""
LANES_EVERY_SECONDS: Final = 1.0
NO_SHARD: Final = 0
UNSENDABLE: Final = "its host said something that cannot be passed on"
MASKED_ERROR: Final = "a mistake of the crawler itself: see the log"

log = logging.getLogger("crawler.engine")


async def resolve_shard(
    hosts: Hosts,
    lanes: Mapping[LaneName, Sequence[Question]],
    probe: Sequence[str],
    tell: Callable[[Observation], None],
) -> None:
    """Ask every question of a shard; `tell` is called exactly once per question, as answers arrive."""
    hosts.probe(probe)
    await hosts.ask(lanes, tell)


class OutOfOrderError(Exception):
    """These orders are for another worker: one that was here before."""


class Agent:
    """One worker of one run. Asks nobody before its second exchange, nor while it hears nothing."""

    def __init__(self, variables: Mapping[str, str] = os.environ) -> None:
        self._variables = variables
        self._clock = SystemClock()
        self._number = 0
        self._latest = b""
        self._report = Report()
        self._wake = asyncio.Event()
        self._told_at = float("-inf")
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._hosts: Hosts | None = None
        self._environment: NetworkEnvironment
        self._politeness: LeasedPoliteness
        self._leases = Leases(0.0, self._wake.set)
        self._lender = Lender(self._own_turn)
        self._shown: dict[str, LaneState] = {}
        self._lanes_at = 0.0
        self._siblings_sent: set[str] = set()
        self._log = _LogCollector(self._variables)

    async def exchange(self, data: bytes) -> bytes:
        """Take orders, gather for a while, report; one at a time. A shard's failure is part of the report."""
        orders = decode_orders(data)
        if orders.number == self._number:
            # Sent once more, because our report was lost on its way.
            return self._latest
        if orders.number != self._number + 1:
            raise OutOfOrderError(f"orders {orders.number} after {self._number}")
        self._number = orders.number
        if orders.start is not None:
            await self._begin(orders.start)
        if self._hosts is not None:
            self._obey(orders, self._hosts)
        with suppress(TimeoutError):
            async with asyncio.timeout(orders.wait_seconds):
                await self._wake.wait()
        self._wake.clear()
        report = self._take_report()
        self._told_at = steady_seconds()
        self._latest = _encode_safely(report)
        return self._latest

    async def close(self) -> None:
        """Ask nobody any more, and close every connection."""
        self._lender.close()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        hosts, self._hosts = self._hosts, None
        if hosts is not None:
            await hosts.__aexit__(None, None, None)
        self._log.detach()

    async def _begin(self, start: Start) -> None:
        self._log.attach(start.log_level)
        self._leases = Leases(start.lease_seconds, self._wake.set)
        try:
            if start.version != __version__:
                raise UsageError(
                    f"this worker has crawler {__version__}, the run {start.version}",
                    hint="install the same crawler on every worker",
                )
            self._environment = start.environment or NetworkEnvironment.from_mapping(self._variables)
            self._politeness = LeasedPoliteness(start.settings, self._clock, self._leases)
            hosts = Hosts(start.settings, self._environment, self._clock, self._politeness)
            hosts.probe(())
            self._hosts = await hosts.__aenter__()
        except CrawlerError as error:
            self._fail(NO_SHARD, error)

    def _obey(self, orders: Orders, hosts: Hosts) -> None:
        self._leases.renew(self._told_at)
        now = self._clock.now()
        for state in orders.lanes:
            adopt(self._politeness.lane(state.name), state, now)
        for loan in orders.lend:
            # Before its own shard begins: what is lent already counts against the host.
            self._lender.lend(loan, self._lent, self._not_lent)
        for shard in orders.shards:
            for state in shard.lanes:
                lane = self._politeness.lane(state.name)
                adopt(lane, state, now)
                lane.rest()
            self._leases.own(shard.hosts)
            task = asyncio.get_running_loop().create_task(self._resolve(shard, hosts))
            self._tasks[shard.number] = task
        for number in orders.drop:
            if number in self._tasks:
                self._tasks[number].cancel()
        for number in orders.granted:
            self._leases.granted(number)
        for refusal in orders.refused:
            self._leases.refused(refusal)
        for number in orders.taken_back:
            self._lender.take_back(number)

    async def _resolve(self, shard: ShardOrder, hosts: Hosts) -> None:
        def tell(observation: Observation) -> None:
            seen = without_own_faults(self._environment, observation)
            self._report.seen.append(Seen(shard.number, vouches(self._environment, seen), seen))
            if len(self._report.seen) >= FULL:
                self._wake.set()

        try:
            await resolve_shard(hosts, unpack(shard.questions), shard.probe, tell)
        except asyncio.CancelledError:
            # Nobody wants to know of it any more; its hosts are free all the same.
            self._report.finished.append(shard.number)
            raise
        except Exception as error:
            self._fail(shard.number, error)
        else:
            self._report.finished.append(shard.number)
        finally:
            self._tasks.pop(shard.number, None)
            self._leases.disown(shard.hosts)
            self._lanes_at = 0.0
            self._wake.set()

    def _fail(self, shard: int, error: Exception) -> None:
        ours = _crawler_error(error)
        if ours is None:
            log.error("a shard failed:", exc_info=error)
            self._report.failed.append(Failed(shard, MASKED_ERROR))
        else:
            self._report.failed.append(Failed(shard, ours.message, ours.exit_code, ours.where, ours.hint))
        self._wake.set()

    def _own_turn(self, host: str) -> AbstractAsyncContextManager[None]:
        return self._politeness.leased(host).own_turn()

    def _lent(self, number: int) -> None:
        self._report.lent.append(number)
        self._wake.set()

    def _not_lent(self, refusal: Refusal) -> None:
        self._report.refused.append(refusal)
        self._wake.set()

    def _take_report(self) -> Report:
        report, self._report = self._report, Report()
        report.log = self._log.take()
        if self._hosts is None:
            return report
        report.requests, report.bytes = self._hosts.meter.take()
        report.borrow, self._leases.borrow = self._leases.borrow, []
        report.returned, self._leases.returned = self._leases.returned, []
        if time.monotonic() - self._lanes_at >= LANES_EVERY_SECONDS:
            report.lanes = self._changed_lanes()
        siblings = self._hosts.siblings
        if len(siblings) > len(self._siblings_sent):
            report.siblings = {host: siblings[host] for host in siblings.keys() - self._siblings_sent}
            self._siblings_sent.update(report.siblings)
        return report

    def _changed_lanes(self) -> list[LaneState]:
        """What happened to hosts since it was last told."""
        self._lanes_at = time.monotonic()
        changed: list[LaneState] = []
        for name, lane in self._politeness.lanes().items():
            last = self._shown.get(name)
            state = state_of(lane)
            if state != (last or LaneState(name)):
                self._shown[name] = state
                waited = state.waited - (last.waited if last else 0.0)
                changed.append(msgspec.structs.replace(state, waited=waited))
        return changed


class _LogCollector(logging.Handler):
    """What this process logs as the crawler, for the run to say; every secret of this machine hidden."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        super().__init__()
        self.setFormatter(MaskingFormatter(set(secrets_in(variables))))
        self._lines: list[LogLine] = []
        self._logger = logging.getLogger("crawler")

    def attach(self, level: int) -> None:
        self._logger.handlers = [self]
        self._logger.propagate = False
        self._logger.setLevel(level)

    def detach(self) -> None:
        self._logger.removeHandler(self)
        self._logger.propagate = True

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(LogLine(record.levelno, record.name, self.format(record)))

    def take(self) -> list[LogLine]:
        with self.lock or nullcontext():
            lines, self._lines = self._lines, []
        return lines


def _crawler_error(error: BaseException) -> CrawlerError | None:
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, map(_crawler_error, error.exceptions)), None)
    return error if isinstance(error, CrawlerError) else None


def _encode_safely(report: Report) -> bytes:
    """One thing a host said that cannot be encoded must not cost the others their word."""
    try:
        return encode(report)
    except UNENCODABLE:
        report.seen = [
            seen if is_encodable(seen.observation) else _without_words(seen) for seen in report.seen
        ]
        return encode(report)


def _without_words(seen: Seen) -> Seen:
    told = seen.observation
    silent = Observation(told.link, told.observed_at, Outcome.SKIPPED, Reason.SKIPPED, detail=UNSENDABLE)
    return Seen(seen.shard, False, silent)
