"""Workers killed and stopped at random: whatever happens, the crawl ends as if nothing had."""

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from crawler.sandbox.faults import delay
from crawler.sandbox.world import World
from tests.crawl.conftest import Place
from tests.engine.conftest import PAGES, descendants, told_links

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


@pytest.mark.parametrize("seed", range(20))
def test_workers_killed_and_stopped_at_random_cost_nothing(
    crowd: Place, world: World, write_config: Callable[..., None], seed: int
) -> None:
    chance = random.Random(seed)
    write_config(workers=3, lease_seconds=2.0)
    world.faults["*"] = delay(0.3)
    with crowd.start("run", "--no-progress") as process:
        for _ in range(8):
            time.sleep(chance.uniform(0.2, 1.5))
            workers = descendants(process.pid, "crawler.engine.worker")
            if process.poll() is None and workers:
                with suppress(ProcessLookupError):
                    os.kill(chance.choice(workers), chance.choice([signal.SIGKILL, signal.SIGSTOP]))
        world.faults["*"] = delay(0.02)
        _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    crowd.assert_sound()
    left = {url for (url,) in crowd.ask("SELECT url FROM link_health WHERE state <> 'healthy'")}
    # A shard whose workers were lost three times is left to the next run; nothing else ever is.
    assert not left or "every worker that asked was lost" in err
    assert len(told_links(crowd)) == len(PAGES) - len(left)
    assert crowd.ask("SELECT count(*) FROM link_health WHERE strikes > 0 OR state = 'suspect'") == [(0,)]


@pytest.mark.parametrize("seed", range(10))
def test_runs_and_workers_killed_at_random_end_like_an_unbroken_one(
    crowd: Place, world: World, seed: int
) -> None:
    chance = random.Random(seed)
    world.faults["*"] = delay(0.1)
    for _ in range(60):
        told = told_links(crowd)
        world.forget_requests()
        with crowd.start("run", "--no-progress") as process:
            time.sleep(chance.uniform(0.5, 4.0))
            workers = descendants(process.pid, "crawler.engine.worker")
            if workers and chance.random() < 0.5:
                with suppress(ProcessLookupError):
                    os.kill(chance.choice(workers), signal.SIGKILL)
                time.sleep(chance.uniform(0.0, 1.0))
            process.kill()
            process.communicate(timeout=30)
        assert not told & {request.url for request in world.requests}
        if crowd.database.exists():
            crowd.assert_sound()
        if told_links(crowd) and crowd.ask("SELECT 1 FROM runs WHERE state = 'finished'"):
            break
    assert crowd.ask("SELECT state, count(*) FROM link_health GROUP BY state") == [("healthy", len(PAGES))]
