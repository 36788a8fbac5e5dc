"""Two crawls on one Dask cluster, and a scheduler that is killed and started again at its address."""

import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.sandbox.faults import delay
from tests.crawl.conftest import Place
from tests.engine.conftest import FAST, PAGES, TimedWorld, told_links
from tests.engine.dask_cluster import Cluster

pytest.importorskip("distributed")

Wait = Callable[[Callable[[], bool]], None]
Crawl = subprocess.Popen[str]
Meeting = Callable[..., AbstractContextManager[tuple[Crawl, Place]]]
pytestmark = pytest.mark.timeout(300)
LONG = delay(6.0)
"""A crawl of such hosts is still under way when another one has started, however long that took."""
WAITS = "another crawl asks by this cluster"


def pages_asked(world: TimedWorld) -> list[str]:
    """In that order; without the pages that cannot exist, which a host may be asked for too."""
    links = set(PAGES.values())
    return [request.url for request in world.requests if request.url in links]


def wait_for_word(process: Crawl, word: str) -> None:
    """Until it says so; what it says before is read and gone."""
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if word in line:
            return
    raise AssertionError(said)


def assert_whole(place: Place) -> None:
    """Every link was told of exactly once, and nothing speaks against any."""
    told = place.ask("SELECT count(*), count(DISTINCT link_id) FROM observations")
    assert told == [(len(PAGES), len(PAGES))]
    assert place.ask("SELECT state, strikes, count(*) FROM link_health GROUP BY 1, 2") == [
        ("healthy", 0, len(PAGES))
    ]
    place.assert_sound()


def test_a_scheduler_that_is_started_again_costs_no_more_than_what_was_in_hand(
    crowd: Place,
    world: TimedWorld,
    write_config: Callable[..., None],
    wait_until: Wait,
    cluster: Cluster,
) -> None:
    cluster.start()
    # As long as a slow machine may need to start another.
    write_config(kind="dask", scheduler=cluster.address, lease_seconds=15.0)
    with crowd.start("run", "--no-progress") as process:
        wait_until(lambda: len(told_links(crowd)) > 30)
        cluster.scheduler.kill()
        cluster.scheduler.wait()
        told = told_links(crowd)
        before = pages_asked(world)
        world.faults["*"] = FAST
        cluster.restart_scheduler()
        cluster.start_workers()
        _, err = process.communicate(timeout=100)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert_whole(crowd)
    assert not told & set(pages_asked(world)[len(before) :])
    # Whoever was lost may have asked it, and whoever got it then did: nobody else.
    assert max(Counter(pages_asked(world)).values()) <= 2


@pytest.fixture
def meeting(
    crowd: Place,
    world: TimedWorld,
    write_config: Callable[..., None],
    wait_until: Wait,
    cluster: Cluster,
    tmp_path_factory: pytest.TempPathFactory,
) -> Meeting:
    """A crawl under way on a cluster for as long as hosts are slow, and another place with the same list.

    What is said of the engine holds for the other.
    """

    @contextmanager
    def begin(**engine: object) -> Iterator[tuple[Crawl, Place]]:
        cluster.start()
        write_config(kind="dask", scheduler=cluster.address, **engine)
        folder: Path = tmp_path_factory.mktemp("other")
        shutil.copytree(crowd.folder, folder, dirs_exist_ok=True)
        write_config(kind="dask", scheduler=cluster.address)
        world.faults["*"] = LONG
        with crowd.start("run", "--no-progress") as first:
            wait_until(lambda: bool(world.requests))
            yield first, replace(crowd, folder=folder)

    return begin


def test_a_second_crawl_waits_for_its_turn_at_a_cluster(
    crowd: Place, world: TimedWorld, meeting: Meeting
) -> None:
    with meeting() as (first, other), other.start("run", "--no-progress") as second:
        wait_for_word(second, WAITS)
        assert not told_links(other)
        world.faults["*"] = FAST
        _, err = first.communicate(timeout=100)
        assert first.returncode == 0, err
        _, err = second.communicate(timeout=100)
        assert second.returncode == 0, err
    for place in (crowd, other):
        assert_whole(place)
    # The first was all over before the second began.
    asked, links = pages_asked(world), sorted(PAGES.values())
    assert sorted(asked[: len(links)]) == sorted(asked[len(links) :]) == links


def test_a_signal_ends_a_crawl_that_waits_for_its_turn(meeting: Meeting) -> None:
    with meeting() as (first, other):
        with other.start("run", "--no-progress") as second:
            wait_for_word(second, WAITS)
            second.terminate()
            _, err = second.communicate(timeout=100)
        assert second.returncode == 143, err
        first.terminate()
        first.communicate(timeout=100)
    assert not told_links(other)
    assert other.ask("SELECT state FROM runs") == [("interrupted",)]


@pytest.mark.slow
def test_a_crawl_that_does_not_get_its_turn_is_gone_on_with_later(
    world: TimedWorld, meeting: Meeting
) -> None:
    # It waits for twice that and a quarter of a minute.
    with meeting(lease_seconds=1.0) as (first, other):
        assert WAITS in other.run("run", "--no-progress", code=3).stderr
        assert first.poll() is None
        first.terminate()
        first.communicate(timeout=100)
    assert not told_links(other)
    assert other.ask("SELECT id, state FROM runs") == [(1, "interrupted")]
    world.faults["*"] = FAST
    assert "(continued)" in other.run("run", "--no-progress").stderr
    assert_whole(other)
