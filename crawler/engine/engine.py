"""The seam between a run and whoever asks for it: this process, its workers, or those of a cluster."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

from crawler.fetch.environment import NetworkEnvironment
from crawler.hosts import Hosts
from crawler.plan import LaneName
from crawler.records import Observation, Question
from crawler.settings import Settings


class Engine(Protocol):
    """Asks questions for one run; an async context manager."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    async def ask(
        self, lanes: Mapping[LaneName, Sequence[Question]], record: Callable[[Observation], None], /
    ) -> None:
        """Ask all lanes at once; each question is told of exactly once. Several calls may be under way."""
        ...

    async def settle(self) -> None:
        """After everything was asked: look which failures the networks of the workers have to answer for."""
        ...


class InThisProcess:
    """The engine of small crawls, and of every crawl under a simulated clock."""

    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    async def ask(
        self, lanes: Mapping[LaneName, Sequence[Question]], record: Callable[[Observation], None], /
    ) -> None:
        await self._hosts.ask(lanes, record)

    async def settle(self) -> None:
        """Its network is the run's own: settle.py sees to it."""


class WorkerGone(Exception):  # noqa: N818 - a state, not an error
    """A worker answers no more. `is_dead`: surely so; else it may still run somewhere."""

    def __init__(self, why: str, *, is_dead: bool) -> None:
        super().__init__(why)
        self.why = why
        self.is_dead = is_dead


class Remote(Protocol):
    """The run's end of one worker."""

    @property
    def name(self) -> str: ...

    async def exchange(self, orders: bytes) -> bytes:
        """Send orders, wait for the report. Raises WorkerGone; may take for ever when the worker hangs."""
        ...

    async def close(self) -> None:
        """Let it end. Never raises and never waits long."""
        ...


class Workforce(Protocol):
    """Where workers come from; an async context manager that sends them home at its end.

    `environment` is given to workers of this machine; None where each reads its own. `concurrency` is how
    many requests one worker may have in flight.
    """

    expected: int
    environment: NetworkEnvironment | None

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    def settings_of_one(self, settings: Settings) -> Settings:
        """The settings of one worker of them."""
        ...

    def arrivals(self) -> AsyncIterator[Remote]:
        """Workers as they come, also those that take the place of lost ones.

        Raises WorkersLost when there are none left and none will come.
        """
        ...

    def miss(self, remote: Remote) -> None:
        """One of them is gone."""
        ...
