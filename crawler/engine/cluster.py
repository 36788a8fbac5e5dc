"""Workers of a Dask cluster; the only import of distributed.

Each Dask worker holds one actor, made without arguments, which the run calls again and again: orders in,
what was seen out, while its shards are under way. So nothing waits in the scheduler for somebody to fetch it,
as in a Queue; a call that fails tells which worker is in doubt; and what that had not told yet is known here.
Orders and reports are bytes inside a call: they stand in no task, key or log. Tokens are those of the
worker's own environment. Leases are ours (leases.py), not Dask's: they hold whether or not the scheduler
still sees a worker. One semaphore keeps two crawls from asking by the same cluster.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from multiprocessing.resource_tracker import ensure_running
from types import TracebackType
from typing import Any, ClassVar, Final, Self
from uuid import uuid4

import dask
import distributed

from crawler.engine.agent import Agent
from crawler.engine.engine import Remote, WorkerGone
from crawler.engine.leases import steady_seconds
from crawler.errors import UsageError, WorkersLost
from crawler.fetch.environment import NetworkEnvironment
from crawler.settings import EngineSettings, Settings

DASK: Final[Any] = distributed
"""Without types of its own."""

CONNECT_SECONDS: Final = 10.0
ENGAGE_SECONDS: Final = 120.0
"""Many workers of one machine import the crawler at the same time."""
END_SECONDS: Final = 2.0
LOOK_SECONDS: Final = 1.0
"""How often the scheduler is asked which workers it has."""
NO_WORKERS_SECONDS: Final = 60.0
FORGOTTEN_AFTER_LEASES: Final = 5
ONE_CRAWL: Final = "crawler-run"
"""The name of the semaphore of a cluster."""
VALIDATION_SECONDS: Final = 15.0
"""A scheduler looks for leases that are over every ten seconds."""
CLOSE_SECONDS: Final = 3.0
ABANDON_EVERY_SECONDS: Final = 0.1
SCHEDULER_LOST: Final = "the Dask scheduler does not answer any more: what was told is kept, the rest is due"
NO_WORKERS: Final = "the Dask cluster has no workers: what was told is kept, the rest is due"

log = logging.getLogger("crawler.engine")


class AgentThread:
    """What lives in a Dask worker: an agent with an event loop of its own, apart from Dask's.

    A new one ends the one before it in that process: its run was continued by another client.
    """

    _latest: ClassVar[AgentThread | None] = None
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._agent: Agent | None = None
        self._forget: asyncio.TimerHandle | None = None
        threading.Thread(target=self._loop.run_forever, name="crawler", daemon=True).start()
        with AgentThread._lock:
            before, AgentThread._latest = AgentThread._latest, self
        if before is not None:
            before.end()

    async def exchange(self, orders: bytes, forget_after_seconds: float) -> bytes:
        """See Agent.exchange. Without another call for so long its connections are closed."""
        return await asyncio.wrap_future(
            asyncio.run_coroutine_threadsafe(self._exchange(orders, forget_after_seconds), self._loop)
        )

    def end(self) -> None:
        """Ask nobody any more."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop)

    async def _exchange(self, orders: bytes, forget_after_seconds: float) -> bytes:
        if self._agent is None:
            self._agent = Agent(os.environ)
        if self._forget is not None:
            self._forget.cancel()
        try:
            return await self._agent.exchange(orders)
        finally:
            self._forget = self._loop.call_later(forget_after_seconds, self.end)

    async def _close(self) -> None:
        if self._agent is not None:
            await self._agent.close()


class DaskWorker:
    """The run's end of one Dask worker."""

    def __init__(self, address: str, actor: Any, forget_after_seconds: float) -> None:
        self.name = address
        self._actor = actor
        self._forget_after_seconds = forget_after_seconds

    async def exchange(self, orders: bytes) -> bytes:
        try:
            report = await self._actor.exchange(orders, self._forget_after_seconds)
        except Exception as error:
            # Gone from the scheduler's sight, or from ours: it may be running all the same.
            raise WorkerGone(f"{type(error).__name__}: {error}", is_dead=False) from error
        return bytes(report)

    async def close(self) -> None:
        """Where this does not reach it, its lease runs out and what it keeps open is closed by itself."""
        with suppress(Exception):
            async with asyncio.timeout(END_SECONDS):
                await self._actor.end()


class Cluster:
    """The workers of an existing cluster, or of one of our own on this machine."""

    environment: NetworkEnvironment | None = None
    """Never sent: each worker has its own."""

    def __init__(self, settings: EngineSettings) -> None:
        self.expected = settings.workers or os.cpu_count() or 1
        self._scheduler = settings.scheduler
        self._forget_after_seconds = settings.lease_seconds * FORGOTTEN_AFTER_LEASES
        self._lease_seconds = settings.lease_seconds
        self._stack = AsyncExitStack()
        self._client: Any = None
        self._engaged: set[str] = set()
        self._ready: asyncio.Queue[Remote | UsageError] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        async with AsyncExitStack() as stack:
            await self._connect(stack)
            if self._scheduler:
                await self._wait_for_turn(stack)
                self.expected = max(len(await self._workers()), 1)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._stack.aclose()

    def settings_of_one(self, settings: Settings) -> Settings:
        """Every machine has as many requests in flight as one alone would."""
        return settings

    async def arrivals(self) -> AsyncIterator[Remote]:
        seen_at = steady_seconds()
        heard_at = seen_at
        while True:
            try:
                workers = await self._workers()
                heard_at = steady_seconds()
            except (OSError, TimeoutError) as error:
                # Restarted at its address within a lease, it has new workers and all goes on.
                if steady_seconds() - heard_at > self._lease_seconds:
                    raise WorkersLost(SCHEDULER_LOST, hint="start it again, then run again") from error
                workers = set()
            for address in workers - self._engaged:
                self._engaged.add(address)
                self._begin(self._engage(address))
            if self._engaged:
                seen_at = steady_seconds()
            elif steady_seconds() - seen_at > NO_WORKERS_SECONDS:
                raise WorkersLost(NO_WORKERS, hint="start workers, or use the engine local")
            for _ in range(max(self._ready.qsize(), 1)):
                ready = await self._next_ready()
                if isinstance(ready, UsageError):
                    raise ready
                if ready is not None:
                    yield ready

    def miss(self, remote: Remote) -> None:
        # Should it come back, it begins anew.
        self._engaged.discard(remote.name)

    async def _next_ready(self) -> Remote | UsageError | None:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                return await self._ready.get()
        except TimeoutError:
            return None

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _engage(self, address: str) -> None:
        """Have an agent made in one worker; what does not come about is tried again later."""
        try:
            async with asyncio.timeout(ENGAGE_SECONDS):
                actor = await self._client.submit(
                    AgentThread,
                    actor=True,
                    pure=False,
                    key=f"crawler-{uuid4().hex}",
                    workers=[address],
                    allow_other_workers=False,
                )
        except ImportError as error:
            await self._ready.put(
                UsageError(
                    f"it cannot begin: {error}",
                    where=address,
                    hint="install the same crawler on every worker",
                )
            )
        except Exception as error:
            log.info("no agent at %s yet: %s", address, type(error).__name__)
            await asyncio.sleep(LOOK_SECONDS)
            self._engaged.discard(address)
        else:
            await self._ready.put(DaskWorker(address, actor, self._forget_after_seconds))

    async def _workers(self) -> set[str]:
        """The addresses of all that run. Raises OSError or TimeoutError when the scheduler is silent."""
        async with asyncio.timeout(CONNECT_SECONDS):
            identity = await self._client.scheduler.identity(n_workers=-1)
        return set(identity["workers"])

    async def _connect(self, stack: AsyncExitStack) -> None:
        """A client of the scheduler that was named, or of a cluster of our own."""
        where: Any = self._scheduler or await _start_cluster(stack, self.expected)
        try:
            self._client = await stack.enter_async_context(
                DASK.Client(where, asynchronous=True, timeout=CONNECT_SECONDS, name="crawler")
            )
        except (OSError, TimeoutError) as error:
            raise WorkersLost(
                "cannot reach the Dask scheduler", where=self._scheduler, hint="check its address and TLS"
            ) from error

    async def _wait_for_turn(self, stack: AsyncExitStack) -> None:
        """One crawl at a time: a host's budget is kept within a crawl.

        That of a client that was killed counts until its workers' leases are surely over.
        """
        with dask.config.set({"distributed.scheduler.locks.lease-timeout": f"{self._lease_seconds:g}s"}):
            semaphore = await DASK.Semaphore(max_leases=1, name=ONE_CRAWL)
        if not await semaphore.acquire(timeout=LOOK_SECONDS):
            log.warning("another crawl asks by this cluster, or one that was killed did; waiting")
            if not await semaphore.acquire(timeout=2 * self._lease_seconds + VALIDATION_SECONDS):
                raise WorkersLost("another crawl asks by this cluster", hint="wait until it has ended")
        stack.push_async_callback(_release, semaphore)


async def _start_cluster(stack: AsyncExitStack, workers: int) -> Any:
    """A cluster of this machine's processes, which end with `stack`, or at once when that is cancelled."""
    stack.enter_context(_deaf_children())
    cluster = DASK.LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        asynchronous=True,
        # Whoever may talk to a scheduler may run programs by it: here too, only we.
        security=DASK.Security.temporary(),
        dashboard_address=None,
        # Its health page is served all the same: to this machine only, beside other clusters.
        scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
        memory_limit=0,
        silence_logs=logging.CRITICAL,
    )
    start = asyncio.ensure_future(cluster.__aenter__())
    try:
        # Dask leaves behind what it has begun when it is cancelled itself.
        await asyncio.shield(start)
    except asyncio.CancelledError:
        with suppress(Exception):
            async with asyncio.timeout(CLOSE_SECONDS):
                await _abandon(start)
        raise
    except (OSError, RuntimeError) as error:
        raise WorkersLost(
            "cannot start a Dask cluster here",
            hint="a worker died at its start: see that there is memory for it",
        ) from error
    stack.push_async_exit(cluster)
    return cluster


async def _abandon(start: asyncio.Future[Any]) -> None:
    """Have a cluster that is still starting end: it does once all its workers are lost."""
    while not start.done():
        for process in multiprocessing.active_children():
            process.kill()
        await asyncio.wait({start}, timeout=ABANDON_EVERY_SECONDS)
    await start.result().close()


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Processes begun meanwhile do not hear Ctrl-C in their terminal: it is ours to act on, they end with us.

    They inherit what this thread blocks; another thread is there to be interrupted in its place.
    """
    # It would unblock the signal when multiprocessing starts it later.
    ensure_running()
    over = threading.Event()
    listener = threading.Thread(target=over.wait, name="signals", daemon=True)
    listener.start()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        over.set()
        listener.join()


async def _release(semaphore: Any) -> None:
    with suppress(Exception):
        async with asyncio.timeout(LOOK_SECONDS):
            await semaphore.release()
