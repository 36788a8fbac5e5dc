"""Workers that are processes of this machine, each with an event loop and connections of its own."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

import msgspec

from crawler.engine.engine import Remote, WorkerGone
from crawler.engine.worker import HEADER
from crawler.errors import WorkersLost
from crawler.fetch.environment import NetworkEnvironment
from crawler.settings import Settings

END_SECONDS: Final = 2.0
LOSSES_EACH: Final = 5
"""So many processes may be lost for each that is wanted; then something is wrong with this machine."""
ALL_LOST: Final = "the worker processes die again and again: what was told is kept, the rest is due"


class WorkerProcess:
    """The run's end of one process. Its environment holds the tokens; no argument and no file does."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.name = f"process {process.pid}"
        self.pid = process.pid

    @classmethod
    async def start(cls) -> Self:
        """A process that imports what it needs while it waits for its first orders."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "crawler.engine.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        return cls(process)

    def dismiss(self) -> None:
        """It is not needed: it ends by itself, and `close` sees to that."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    async def exchange(self, orders: bytes) -> bytes:
        reader, writer = self._process.stdout, self._process.stdin
        if reader is None or writer is None:
            raise WorkerGone("it has no pipes", is_dead=True)
        try:
            writer.write(HEADER.pack(len(orders)) + orders)
            await writer.drain()
            (length,) = HEADER.unpack(await reader.readexactly(HEADER.size))
            return await reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError) as error:
            raise WorkerGone(await self._how_it_ended(), is_dead=True) from error

    async def close(self) -> None:
        self.dismiss()
        await self._how_it_ended()

    async def _how_it_ended(self) -> str:
        with suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                await self._process.wait()
        with suppress(ProcessLookupError):
            self._process.kill()
        code = await self._process.wait()
        return f"killed by signal {-code}" if code < 0 else f"it ended with {code}"


class Processes:
    """So many worker processes, and others in the place of those that die. `early` ones run already."""

    def __init__(
        self, count: int, environment: NetworkEnvironment, early: Iterable[WorkerProcess] = ()
    ) -> None:
        self.expected = count
        self.environment: NetworkEnvironment | None = environment
        self._early = deque(early)
        self._wanted = asyncio.Semaphore(count)
        self._losses = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    def settings_of_one(self, settings: Settings) -> Settings:
        """All of them together have as many requests in flight as one process would."""
        network = settings.network
        share = max(network.per_host_concurrency, -(-network.concurrency // self.expected))
        return msgspec.structs.replace(
            settings,
            network=msgspec.structs.replace(network, concurrency=min(share, network.concurrency)),
        )

    async def arrivals(self) -> AsyncIterator[Remote]:
        while self._losses <= LOSSES_EACH * self.expected:
            await self._wanted.acquire()
            yield self._early.popleft() if self._early else await WorkerProcess.start()
        raise WorkersLost(ALL_LOST, hint="see the log; workers = 1 in [engine] asks in one process")

    def miss(self, remote: Remote) -> None:  # noqa: ARG002 - one is like the other
        self._losses += 1
        self._wanted.release()
