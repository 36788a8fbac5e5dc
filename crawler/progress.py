"""What a person sees on stderr while a crawl runs: a live table on a terminal, a plain line now and then."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Protocol

from crawler.fetch.politeness import Lane
from crawler.plan import Plan
from crawler.recorder import NO_HOST, host_of
from crawler.records import Observation, Outcome

if TYPE_CHECKING:
    from rich.table import Table

PLAIN_LINE_SECONDS: Final = 10.0
SHOWN_HOSTS: Final = 16
FAILED: Final = {Outcome.NOT_FOUND, Outcome.GONE, Outcome.UNREACHABLE, Outcome.FAILED}


class Progress(Protocol):
    def start(self, plan: Plan, lanes: Mapping[str, Lane]) -> None: ...

    def observed(self, observation: Observation) -> None: ...

    async def show(self) -> None:
        """Draw until cancelled."""
        ...


class Silent:
    """For tests, the demo and `-q`."""

    def start(self, plan: Plan, lanes: Mapping[str, Lane]) -> None:
        pass

    def observed(self, observation: Observation) -> None:
        pass

    async def show(self) -> None:
        pass


class Plain:
    """One line every ten seconds, for logs and cron."""

    def __init__(self) -> None:
        self.waiting: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.lanes: Mapping[str, Lane] = {}

    def start(self, plan: Plan, lanes: Mapping[str, Lane]) -> None:
        self.lanes = lanes
        self.waiting.update({host or NO_HOST: links for host, links in plan.hosts.items()})

    def observed(self, observation: Observation) -> None:
        host = host_of(observation.link.canonical_url)
        self.done[host] += 1
        self.waiting[host] -= 1
        self.failed[host] += observation.outcome in FAILED

    async def show(self) -> None:
        while True:
            await asyncio.sleep(PLAIN_LINE_SECONDS)
            total = self.done.total() + max(self.waiting.total(), 0)
            sys.stderr.write(f"{self.done.total():,} of {total:,} links looked at\n")
            sys.stderr.flush()


class Live(Plain):
    """A table per host: done, waiting, failed, quota left."""

    async def show(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - only a person at a terminal pays for it
        from rich.live import Live as RichLive  # noqa: PLC0415

        with RichLive(console=Console(stderr=True), transient=True, auto_refresh=False) as live:
            while True:
                live.update(self._table(), refresh=True)
                await asyncio.sleep(0.25)

    def _table(self) -> Table:
        from rich.table import Table  # noqa: PLC0415

        table = Table(box=None, pad_edge=False)
        table.add_column("host")
        for column in ("done", "waiting", "failed"):
            table.add_column(column, justify="right")
        table.add_column("quota")
        busiest = sorted(self.waiting, key=lambda host: (-self.waiting[host], -self.done[host], host))
        for host in busiest[:SHOWN_HOSTS]:
            lane = self.lanes.get(host)
            note = (lane.closed or lane.quota or "") if lane else ""
            table.add_row(
                host, f"{self.done[host]:,}", f"{self.waiting[host]:,}", f"{self.failed[host]:,}", note
            )
        if len(busiest) > SHOWN_HOSTS:
            rest = busiest[SHOWN_HOSTS:]
            table.add_row(
                f"{len(rest):,} more",
                f"{sum(self.done[host] for host in rest):,}",
                f"{sum(self.waiting[host] for host in rest):,}",
                f"{sum(self.failed[host] for host in rest):,}",
                "",
            )
        return table


def choose_progress(*, wanted: bool) -> Progress:
    """Live for a person at a terminal, plain lines otherwise, nothing when not wanted."""
    if not wanted:
        return Silent()
    return Live() if sys.stderr.isatty() else Plain()
