"""Which engine a crawl gets: `[engine]` and the size of the crawl decide."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from crawler.clock import Clock, SystemClock
from crawler.engine.engine import Engine, InThisProcess, Workforce
from crawler.errors import UsageError
from crawler.fetch.environment import NetworkEnvironment
from crawler.hosts import Hosts
from crawler.recorder import Recorder
from crawler.settings import EngineSettings, Settings

if TYPE_CHECKING:
    from crawler.engine.processes import WorkerProcess

WORTH_A_WORKER: Final = 10_000
"""Web links that are worth a process: where hosts take their time one process is enough for ten thousand, and
several take more of the processor for each link (docs/performance.md)."""
MOST_PROCESSES: Final = 4
"""One process writes what all of them see."""

SCHEDULER_SCHEMES: Final = ("tcp://", "tls://", "ws://", "wss://", "ucx://")


def count_processes(engine: EngineSettings, web_links: int, cpus: int) -> int:
    """How many processes of this machine should ask; 1 means only this one."""
    if engine.workers:
        return engine.workers
    return max(1, min(web_links // WORTH_A_WORKER, cpus, MOST_PROCESSES))


def count_cpus() -> int:
    """How many of this machine's processors this process may use, as far as the system tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_engine(engine: EngineSettings) -> None:
    """Raises UsageError for an engine that cannot be had here."""
    if engine.kind != "dask":
        return
    if find_spec("distributed") is None:
        raise UsageError(
            "the engine dask needs the package distributed", hint="pip install 'crawler[cluster]'"
        )
    if engine.scheduler and not engine.scheduler.startswith(SCHEDULER_SCHEMES):
        raise UsageError(
            f"{engine.scheduler!r} is no address of a Dask scheduler", hint="write it as tcp://HOST:8786"
        )


@asynccontextmanager
async def early_workers(
    settings: Settings, clock: Clock, web_pages: int
) -> AsyncIterator[Sequence[WorkerProcess]]:
    """Processes that start while the run takes its catalog in, where so many pages will be asked by several.

    `choose_engine` takes or dismisses them; none outlives the block.
    """
    if settings.engine.kind == "dask" or not isinstance(clock, SystemClock):
        yield ()
        return
    processes = count_processes(settings.engine, web_pages, count_cpus())
    if processes == 1:
        yield ()
        return
    from crawler.engine.processes import WorkerProcess  # noqa: PLC0415 - small crawls need none

    workers: list[WorkerProcess] = []
    try:
        while len(workers) < processes:
            workers.append(await WorkerProcess.start())
        yield workers
    finally:
        await asyncio.gather(*(worker.close() for worker in workers))


def choose_engine(
    settings: Settings,
    environment: NetworkEnvironment,
    clock: Clock,
    hosts: Hosts,
    recorder: Recorder,
    web_links: int,
    early: Sequence[WorkerProcess] = (),
) -> Engine:
    """The engine of one run. A clock that is not the system's cannot be shared: then it is this process."""
    if not isinstance(clock, SystemClock):
        return InThisProcess(hosts)
    workforce: Workforce
    if settings.engine.kind == "dask":
        from crawler.engine.cluster import Cluster  # noqa: PLC0415 - an optional extra

        workforce = Cluster(settings.engine)
    else:
        processes = count_processes(settings.engine, web_links, count_cpus())
        for worker in early[processes if processes > 1 else 0 :]:
            worker.dismiss()
        if processes == 1:
            return InThisProcess(hosts)
        from crawler.engine.processes import Processes  # noqa: PLC0415

        workforce = Processes(processes, environment, early[:processes])
    from crawler.engine.pool import Pool  # noqa: PLC0415

    return Pool(workforce, hosts, recorder, settings, clock)
