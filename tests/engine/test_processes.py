"""Crawls by several processes of this machine: the same result, whatever happens to one of them."""

import json
import os
import shutil
import signal
from collections import Counter
from collections.abc import Callable

import pytest

from crawler.sandbox.faults import delay, refused, reset, status
from crawler.sandbox.world import World
from tests.crawl.conftest import LINKS, SIGNALS, Place
from tests.engine.conftest import (
    FAST,
    PAGES,
    TimedWorld,
    command_of,
    descendants,
    final_state,
    is_alive,
    told_links,
)

WORKER = "crawler.engine.worker"
FINE = [f"https://host{number}.example/fine" for number in range(24)]
BROKEN = [f"https://host{number}.example/broken" for number in range(24)]
Wait = Callable[[Callable[[], bool]], None]
pytestmark = pytest.mark.timeout(300)


def test_several_processes_end_like_one(
    place: Place, world: World, write_config: Callable[..., None]
) -> None:
    pages = {f"Page {number}": f"https://host{number % 7}.example/{number}" for number in range(70)}
    place.write_catalog({**LINKS, **pages, "Gone": "https://gone.example/"})
    world.faults["gone.example"] = status(404)
    seen = []
    for workers in (1, 3):
        write_config(workers=workers)
        ran = place.run("run", "--no-progress")
        assert "worker" not in ran.stderr
        seen.append((final_state(place), place.export()["run"]["requests"]))
        shutil.rmtree(place.database.parent)
    assert seen[0] == seen[1]


def test_a_killed_worker_costs_nothing(crowd: Place, world: World, wait_until: Wait) -> None:
    with crowd.start("run", "--no-progress") as process:
        wait_until(lambda: len(told_links(crowd)) > 30)
        told = told_links(crowd)
        os.kill(descendants(process.pid, WORKER)[0], signal.SIGKILL)
        world.faults["*"] = FAST
        world.forget_requests()
        _, err = process.communicate(timeout=100)
    assert process.returncode == 0, err
    assert "killed by signal 9" in err
    assert told
    assert not told & {request.url for request in world.requests}
    assert crowd.ask("SELECT state, count(*) FROM link_health GROUP BY state") == [("healthy", len(PAGES))]
    assert crowd.ask("SELECT count(*) FROM observations") == [(len(PAGES),)]


def test_a_stopped_worker_is_replaced(
    crowd: Place,
    world: World,
    write_config: Callable[..., None],
    wait_until: Wait,
    stopped: Callable[[int], None],
) -> None:
    write_config(lease_seconds=4.0)
    with crowd.start("run", "--no-progress") as process:
        wait_until(lambda: len(world.requests) > 60)
        stopped(descendants(process.pid, WORKER)[0])
        world.faults["*"] = FAST
        _, err = process.communicate(timeout=100)
    assert process.returncode == 0, err
    assert "no word for 4 s" in err
    assert crowd.ask("SELECT state, count(*) FROM link_health GROUP BY state") == [("healthy", len(PAGES))]
    assert crowd.ask("SELECT count(*) FROM observations") == [(len(PAGES),)]


def test_workers_end_with_a_killed_run_and_the_next_one_goes_on(
    crowd: Place, world: World, wait_until: Wait
) -> None:
    with crowd.start("run", "--no-progress") as process:
        wait_until(lambda: len(told_links(crowd)) > 60)
        told, workers = told_links(crowd), descendants(process.pid, WORKER)
        process.kill()
        process.communicate(timeout=100)
    assert len(workers) == 2
    wait_until(lambda: not any(map(is_alive, workers)))
    world.forget_requests()
    world.faults["*"] = FAST
    ran = crowd.run("run", "--no-progress")
    assert "(continued)" in ran.stderr
    assert not told & {request.url for request in world.requests}
    assert crowd.ask("SELECT state, count(*) FROM link_health GROUP BY state") == [("healthy", len(PAGES))]


@pytest.mark.parametrize(("number", "code"), SIGNALS.items())
def test_a_signal_to_all_ends_a_run_in_good_order(
    crowd: Place, world: World, wait_until: Wait, number: signal.Signals, code: int
) -> None:
    with crowd.start("run", "--no-progress", start_new_session=True) as process:
        wait_until(lambda: len(world.requests) > 60)
        workers = descendants(process.pid, WORKER)
        # As a terminal does: everybody in the group gets it.
        os.killpg(process.pid, number) if number is signal.SIGINT else process.send_signal(number)
        _, err = process.communicate(timeout=100)
    assert process.returncode == code, err
    assert "Traceback" not in err
    assert not any(map(is_alive, workers))
    assert crowd.ask("SELECT state FROM runs") == [("interrupted",)]


def test_no_token_stands_in_a_command_line(crowd: Place, wait_until: Wait) -> None:
    tokens = [crowd.environment[name] for name in ("GITHUB_TOKEN", "HF_TOKEN")]
    with crowd.start("run", "--no-progress") as process:
        wait_until(lambda: len(descendants(process.pid, WORKER)) == 2)
        said = "".join(command_of(pid) for pid in descendants(process.pid, ""))
        process.terminate()
        _, err = process.communicate(timeout=100)
    assert WORKER in said
    assert not any(token in said + err for token in tokens)


def test_a_network_that_is_down_judges_nothing(crowd: Place, world: World) -> None:
    world.faults.clear()
    world.network_is_down = True
    ran = crowd.run("run", "--no-progress", code=3)
    assert "no host that this run asked gave any answer" in ran.stderr
    assert crowd.ask("SELECT DISTINCT state FROM link_health") == [("unknown",)]


def test_a_network_that_goes_away_judges_nothing(crowd: Place, world: World, wait_until: Wait) -> None:
    with crowd.start("run", "--no-progress") as process:
        wait_until(lambda: len(told_links(crowd)) > 30)
        world.network_is_down = True
        _, err = process.communicate(timeout=100)
    assert process.returncode == 3, err
    assert crowd.ask("SELECT count(*) FROM link_health WHERE strikes > 0 OR state = 'suspect'") == [(0,)]


@pytest.fixture
def half_broken(place: Place, world: World, write_config: Callable[..., None]) -> Place:
    """Hosts that answer once and then fail, one after the other: each worker is doubted in the end."""
    place.write_catalog({f"Page {number}": url for number, url in enumerate((*FINE, *BROKEN))})
    for url in BROKEN:
        world.faults[url] = reset()
    write_config()
    return place


def assert_all_are_told(place: Place) -> None:
    assert place.ask("SELECT reason, count(*) FROM observations GROUP BY reason ORDER BY reason") == [
        ("connection-reset", len(BROKEN)),
        ("ok", len(FINE)),
    ]


def test_failures_at_the_very_end_are_told(half_broken: Place) -> None:
    """A worker may be under its check already when everything has been asked."""
    ran = half_broken.run("run", "--no-progress", "--json")
    assert json.loads(ran.stdout)["looked_at"] == len(FINE) + len(BROKEN)
    assert_all_are_told(half_broken)


def test_failures_of_a_worker_that_is_lost_at_the_end_are_asked_again(
    half_broken: Place, world: World, wait_until: Wait, stopped: Callable[[int], None]
) -> None:
    """While it is to show that its network stands: by then everything else is done."""
    for url in FINE:
        world.faults[url] = delay(2.0, after=1, times=1)  # when it is asked as a witness
    with half_broken.start("run", "--no-progress") as process:
        wait_until(lambda: sum(request.url in FINE for request in world.requests) > len(FINE))
        stopped(descendants(process.pid, WORKER)[0])
        _, err = process.communicate(timeout=100)
    assert process.returncode == 0, err
    assert_all_are_told(half_broken)


def test_dead_hosts_are_believed_on_the_word_of_the_worker_that_asked(
    place: Place, world: World, write_config: Callable[..., None]
) -> None:
    dead = {f"Dead {number}": f"https://dead{number}.example/" for number in range(4)}
    fine = {f"Fine {number}": f"https://fine{number % 9}.example/{number}" for number in range(30)}
    place.write_catalog({**dead, **fine})
    for url in dead.values():
        world.faults[url.removeprefix("https://").rstrip("/")] = refused()
    write_config()
    place.run("run", "--no-progress")
    states = Counter(place.ask("SELECT state, reason FROM link_health"))
    assert states[("healthy", "ok")] == len(fine)
    assert sum(states.values()) == len(dead) + len(fine)


def test_a_redirect_to_a_host_of_another_worker_keeps_its_pace(
    place: Place, world: TimedWorld, write_config: Callable[..., None]
) -> None:
    busy = {f"Busy {number}": f"https://busy.example/{number}" for number in range(40)}
    short = {f"Short {number}": f"https://short{number}.example/" for number in range(40)}
    place.write_catalog({**busy, **short})
    for number in range(40):
        there = (("Location", f"https://busy.example/{number + 100}"),)
        world.faults[f"short{number}.example"] = status(302, headers=there)
    write_config(network={"per_host_interval_seconds": 0.05})
    place.run("run", "--no-progress")
    assert len(world.requests_to("busy.example")) == 80
    # Two workers, each keeping a pace of its own, would need half of that.
    assert world.seconds_asked("busy.example") > 79 * 0.05 * 0.9
