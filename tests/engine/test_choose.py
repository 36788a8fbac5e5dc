"""Which engine a crawl gets, and the processes that start before that is known."""

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from crawler.clock import SimulatedClock, SystemClock
from crawler.engine.choose import WORTH_A_WORKER, count_cpus, count_processes, early_workers
from crawler.sandbox.world import World
from crawler.settings import EngineSettings, Settings
from tests.crawl.conftest import Place
from tests.engine.conftest import is_alive

PAGES = 2 * WORTH_A_WORKER
NIGHT = datetime(2026, 11, 20, 3, tzinfo=UTC)


def early_pids(settings: Settings, web_pages: int, clock: SystemClock | SimulatedClock) -> list[int]:
    """Those that ran in the block; none does after it."""

    async def enter() -> list[int]:
        async with early_workers(settings, clock, web_pages) as workers:
            pids = [worker.pid for worker in workers]
            assert all(map(is_alive, pids))
            return pids

    pids = asyncio.run(enter())
    assert not any(map(is_alive, pids))
    return pids


@pytest.mark.parametrize(
    ("workers", "web_links", "cpus", "processes"),
    [
        pytest.param(0, 100, 8, 1, id="a small crawl"),
        pytest.param(0, 30_000, 2, 2, id="as many as there are processors"),
        pytest.param(0, 1_000_000, 64, 4, id="more would wait for the one that writes"),
        pytest.param(3, 10, 1, 3, id="as told"),
        pytest.param(1, 1_000_000, 8, 1, id="only this one"),
    ],
)
def test_how_many_processes_ask(workers: int, web_links: int, cpus: int, processes: int) -> None:
    assert count_processes(EngineSettings(workers=workers), web_links, cpus) == processes


def test_processors_are_counted_where_a_system_tells_no_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    """As macOS."""
    assert count_cpus() == len(os.sched_getaffinity(0))
    monkeypatch.delattr(os, "sched_getaffinity")
    assert count_cpus() == os.cpu_count()


@pytest.mark.parametrize(
    ("engine", "web_pages", "workers"),
    [
        pytest.param(EngineSettings(workers=3), 0, 3, id="as told"),
        pytest.param(EngineSettings(workers=1), PAGES, 0, id="only this process"),
        pytest.param(EngineSettings(), 100, 0, id="a small crawl"),
        pytest.param(EngineSettings(kind="dask", workers=3), PAGES, 0, id="a cluster has its own"),
    ],
)
def test_workers_that_start_early_end_with_the_run(
    engine: EngineSettings, web_pages: int, workers: int
) -> None:
    settings = Settings(engine=engine)
    assert len(early_pids(settings, web_pages, SystemClock())) == workers
    assert early_pids(settings, web_pages, SimulatedClock(NIGHT)) == []


def test_a_list_that_looked_larger_than_it_is_is_crawled_all_the_same(
    place: Place, world: World, write_config: Callable[..., None]
) -> None:
    """Many spellings of a few addresses: whoever started early is not needed."""
    spellings = {f"Page {n}": f"https://host{n % 9}.example/?utm_source={n}" for n in range(PAGES)}
    place.write_catalog(spellings)
    write_config(workers=0)
    place.run("validate")
    place.run("run", "--no-progress")
    place.run("run", "--no-progress")
    assert place.ask("SELECT state, count(*) FROM link_health GROUP BY state") == [("healthy", 9)]
    assert len(world.requests_to("host0.example")) == 2
