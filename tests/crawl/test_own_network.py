"""Our own network goes away, for good or for a while: what was told is kept, the failures judge nothing."""

from collections.abc import Callable, Container

import pytest

from crawler.sandbox.faults import CONNECTION_TROUBLES, Fault, Trouble, delay, hang, status
from crawler.sandbox.world import World
from tests.crawl.conftest import Place

PAGES = {f"Page {number}": f"https://host{number % 40}.example/{number}" for number in range(120)}
# Spaced: what fails at once must not be over before the last answer that was under way has come.
PACED = "[network]\nper_host_interval_seconds = 0.05\nconcurrency = 6\npause_seconds = {pause}\n"


class PatchyWorld(World):
    """Its network is down for the next `vain` connections, however fast they follow each other."""

    vain = 0

    def connection_fault(
        self, host: str, troubles: Container[Trouble | None] = CONNECTION_TROUBLES
    ) -> Fault | None:
        self.network_is_down = self.network_is_down or self.vain > 0
        found = super().connection_fault(host, troubles)
        if self.vain > 0:
            self.vain -= 1
            self.network_is_down = False
        return found


@pytest.fixture
def world() -> PatchyWorld:
    return PatchyWorld()


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
        _, err = process.communicate(timeout=110)
    assert process.returncode == 3, err
    assert "the network went away" in err
    assert struck(slow_place) == []
    assert slow_place.ask("SELECT count(*) FROM health WHERE state = 'healthy'")[0][0] >= 20
    assert slow_place.ask("SELECT state FROM runs") == [("failed",)]


def test_a_network_that_comes_back_costs_nothing(
    slow_place: Place, world: PatchyWorld, wait_until: Callable[[Callable[[], bool]], None]
) -> None:
    (slow_place.folder / "config.toml").write_text(PACED.format(pause=3.0))
    with slow_place.start("run", "--no-progress") as process:
        wait_until(lambda: len(world.requests) > 30)
        world.vain = 20
        _, err = process.communicate(timeout=110)
    assert process.returncode == 0, err
    assert struck(slow_place) == []
    assert slow_place.ask("SELECT count(*) FROM health WHERE state = 'healthy'")[0][0] >= 120 - 20
    assert world.vain == 0


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
        _, err = process.communicate(timeout=110)
    assert process.returncode == 0, err
    assert slow_place.ask("SELECT state, count(*) FROM link_health GROUP BY state") == [("healthy", 120)]


def test_when_nobody_ever_answers_a_slow_lane_is_not_waited_for(place: Place, world: World) -> None:
    repositories = {f"Repository {number}": f"https://github.com/someone/r{number}" for number in range(30)}
    pages = {f"Page {number}": f"https://host{number}.example/" for number in range(10)}
    place.write_catalog({**repositories, **pages})
    (place.folder / "config.toml").write_text(
        "[github]\npage_interval_seconds = 1.0\n[network]\npause_seconds = 0.0\n"
    )
    place.environment.pop("GITHUB_TOKEN")
    world.network_is_down = True
    place.run("run", "--no-progress", code=3)
    assert world.tunnels.count("github.com") < 20


def test_a_host_that_hangs_holds_up_nobody(place: Place, world: World) -> None:
    hanging = {f"Hanging {number}": f"https://hanging.example/{number}" for number in range(60)}
    place.write_catalog({**hanging, "Fine": "https://fine.example/"})
    (place.folder / "config.toml").write_text("[network]\ntimeout_seconds = 1.0\npause_seconds = 0.0\n")
    world.faults["hanging.example"] = hang()
    ran = place.run("run", "--no-progress")
    assert "no answer to 8 questions in a row" in ran.stderr
    assert world.requests_by_host()["hanging.example"] < 40
    assert place.ask("SELECT state FROM link_health WHERE url = 'https://fine.example/'") == [("healthy",)]
    assert struck(place) == []


def test_a_retry_after_is_honoured_by_the_next_run(place: Place, world: World) -> None:
    place.write_catalog({"Busy": "https://busy.example/", "Fine": "https://fine.example/"})
    world.faults["busy.example"] = status(429, retry_after=7200)
    place.run("run", "--no-progress")
    world.faults.pop("busy.example")
    world.forget_requests()
    ran = place.run("run", "--no-progress")
    assert "asked in an earlier run to wait until" in ran.stderr
    assert world.requests_to("busy.example") == []
    assert len(world.requests_to("fine.example")) == 1


def test_no_way_past_a_proxy_of_the_other_scheme_is_no_news_of_the_host(place: Place) -> None:
    place.write_catalog({"Plain": "http://plain.invalid/page", "Safe": "https://safe.example/page"})
    place.environment = {
        name: value for name, value in place.environment.items() if name.lower() != "http_proxy"
    }
    place.run("run", "--no-progress")
    assert place.ask("SELECT url, state, reason FROM link_health ORDER BY url") == [
        ("http://plain.invalid/page", "unknown", "skipped"),
        ("https://safe.example/page", "healthy", "ok"),
    ]
