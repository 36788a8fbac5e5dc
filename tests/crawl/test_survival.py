"""Runs that end early: by a signal, by kill -9, at any moment; the next one goes on from there."""

import random
import signal
import time
from collections.abc import Callable

import pytest

from crawler.sandbox.faults import delay
from crawler.sandbox.world import World
from tests.crawl.conftest import SIGNALS, Place

PAGES = {f"Page {number}": f"https://host{number % 5}.example/{number}" for number in range(60)}


@pytest.fixture
def slow_place(place: Place, world: World) -> Place:
    """Sixty pages of hosts that take their time, so that there is a middle to be killed in."""
    place.write_catalog(PAGES)
    world.faults["*"] = delay(0.05)
    return place


def final_state(place: Place) -> list[tuple[object, ...]]:
    """All that a broken run must share with an unbroken one: everything but times and run numbers."""
    return place.ask("SELECT url, state, reason, http_status, strikes FROM link_health ORDER BY url")


@pytest.mark.parametrize(("number", "code"), SIGNALS.items())
def test_a_signal_ends_a_run_that_the_next_one_continues(
    slow_place: Place,
    world: World,
    number: signal.Signals,
    code: int,
    wait_until: Callable[[Callable[[], bool]], None],
) -> None:
    with slow_place.start("run", "--no-progress") as process:
        wait_until(lambda: len(world.requests) > 30)
        process.send_signal(number)
        process.communicate(timeout=60)
    assert process.returncode == code
    slow_place.assert_sound()
    assert slow_place.ask("SELECT state FROM runs") == [("interrupted",)]
    told = {url for (url,) in slow_place.ask("SELECT url FROM link_health WHERE state <> 'unknown'")}
    assert told
    world.forget_requests()
    ran = slow_place.run("run", "--no-progress")
    assert "(continued)" in ran.stderr
    assert not told & {request.url for request in world.requests}
    assert slow_place.ask("SELECT id, state FROM runs") == [(1, "finished")]
    assert len(slow_place.ask("SELECT 1 FROM observations")) == len(PAGES)


def told_links(place: Place) -> set[str]:
    """What the database has been told so far; a run killed at its very start has left no tables yet."""
    if not place.database.exists() or not place.ask("SELECT 1 FROM sqlite_master WHERE name = 'health'"):
        return set()
    return {url for (url,) in place.ask("SELECT url FROM link_health WHERE state <> 'unknown'")}


def kill_until_done(place: Place, world: World, seed: int) -> None:
    """Run again and again, killed at random moments, until a run finishes; nothing told is asked again."""
    chance = random.Random(seed)
    for attempt in range(60):
        told = told_links(place)
        world.forget_requests()
        with place.start("run", "--no-progress") as process:
            # On a slow machine the first ones may never get to asking: each is given a little longer.
            time.sleep(chance.uniform(0.3, 2.5) * (1 + attempt / 4))
            process.kill()
            process.communicate(timeout=30)
        assert not told & {request.url for request in world.requests}
        if place.database.exists():
            place.assert_sound()
        if told_links(place) and place.ask("SELECT 1 FROM runs WHERE state = 'finished'"):
            return
    raise AssertionError("no run ever finished")


@pytest.mark.timeout(300)
def test_a_killed_run_ends_like_an_unbroken_one(slow_place: Place, world: World) -> None:
    kill_until_done(slow_place, world, seed=1)
    broken = final_state(slow_place)
    for file in slow_place.database.parent.glob("crawler.db*"):
        file.unlink()
    slow_place.run("run", "--no-progress")
    assert final_state(slow_place) == broken


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(40))
def test_many_killed_runs_end_like_an_unbroken_one(slow_place: Place, world: World, seed: int) -> None:
    kill_until_done(slow_place, world, seed)
    broken = final_state(slow_place)
    assert len(broken) == len(PAGES)
    assert {state for _, state, *_ in broken} == {"healthy"}


def test_a_backup_beside_a_run_and_a_new_judgement_after_it(
    slow_place: Place, world: World, wait_until: Callable[[Callable[[], bool]], None]
) -> None:
    world.faults["*"] = delay(0.6)
    with slow_place.start("run", "--no-progress") as process:
        wait_until(lambda: len(world.requests) > 20)
        slow_place.run("backup", "copy.db")
        busy = slow_place.run("rejudge", code=4)
        assert "another run holds the database" in busy.stderr
        process.communicate(timeout=30)
    assert (slow_place.folder / "copy.db").stat().st_size
    assert "0 links changed" in slow_place.run("rejudge").stderr


def test_without_a_database_nothing_is_copied_or_judged(place: Place) -> None:
    for arguments in (("backup", "copy.db"), ("rejudge",)):
        assert "no database yet" in place.run(*arguments, code=3).stderr
    assert not place.database.exists()
