"""Our own network goes away, for good or for a while: what was told is kept, the failures judge nothing."""

import time
from collections.abc import Callable

import pytest

from crawler.sandbox.faults import delay
from crawler.sandbox.world import World
from tests.crawl.conftest import Place

PAGES = {f"Page {number}": f"https://host{number % 40}.example/{number}" for number in range(120)}
PACED = "[network]\nper_host_interval_seconds = 0.0\nconcurrency = 6\npause_seconds = {pause}\n"


@pytest.fixture
def slow_place(place: Place, world: World) -> Place:
    """Many hosts, few at a time, so that there is a middle in which the network can go away."""
    place.write_catalog(PAGES)
    (place.folder / "config.toml").write_text(PACED.format(pause=0.0))
    world.faults["*"] = delay(0.05)
    return place


def struck(place: Place) -> list[tuple[object, ...]]:
    return place.ask("SELECT url, state FROM link_health WHERE strikes > 0 OR state IN ('suspect', 'dead')")


def test_a_network_that_goes_away_for_good(
    slow_place: Place, world: World, wait_until: Callable[[Callable[[], bool]], None]
) -> None:
    with slow_place.start("run", "--no-progress") as process:
        wait_until(lambda: len(world.requests) > 30)
        world.network_is_down = True
        _, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    assert "the network went away" in err
    assert struck(slow_place) == []
    assert slow_place.ask("SELECT count(*) FROM health WHERE state = 'healthy'")[0][0] >= 20
    assert slow_place.ask("SELECT state FROM runs") == [("failed",)]


def test_a_network_that_comes_back_costs_nothing(
    slow_place: Place, world: World, wait_until: Callable[[Callable[[], bool]], None]
) -> None:
    (slow_place.folder / "config.toml").write_text(PACED.format(pause=3.0))
    with slow_place.start("run", "--no-progress") as process:
        wait_until(lambda: len(world.requests) > 30)
        world.network_is_down = True
        time.sleep(0.5)
        world.network_is_down = False
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert struck(slow_place) == []
    assert slow_place.ask("SELECT count(*) FROM health WHERE state = 'healthy'")[0][0] > 30


def test_a_network_that_comes_back_during_the_pause_is_asked_again(
    slow_place: Place, world: World, wait_until: Callable[[Callable[[], bool]], None]
) -> None:
    (slow_place.folder / "config.toml").write_text(PACED.format(pause=3.0))
    world.network_is_down = True
    with slow_place.start("run", "--no-progress") as process:
        line = ""
        assert process.stderr is not None
        while "waiting" not in line:
            line = process.stderr.readline()
            assert line, "the run ended without waiting"
        world.network_is_down = False
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert slow_place.ask("SELECT state, count(*) FROM link_health GROUP BY state") == [("healthy", 120)]
