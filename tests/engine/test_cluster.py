"""Crawls by the workers of a Dask cluster of real processes, whatever happens to one of them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from crawler.sandbox.faults import delay, status
from tests.crawl.conftest import LINKS, Place
from tests.engine.conftest import FAST, PAGES, SLOW, TimedWorld, descendants, final_state, told_links
from tests.engine.dask_cluster import DASK_ENVIRONMENT, Cluster

pytest.importorskip("distributed")

Wait = Callable[[Callable[[], bool]], None]
pytestmark = pytest.mark.timeout(300)


def all_healthy(place: Place) -> bool:
    return place.ask("SELECT state, count(*) FROM link_health GROUP BY state") == [("healthy", len(PAGES))]


def test_a_cluster_of_its_own_ends_like_one_process(
    place: Place, world: TimedWorld, write_config: Callable[..., None], wait_until: Wait
) -> None:
    place.write_catalog({**LINKS, **PAGES, "Gone": "https://gone.example/"})
    world.faults["gone.example"] = status(404)
    write_config(workers=1)
    place.run("run", "--no-progress")
    expected = final_state(place)
    for name in ("crawler.db", "crawler.db-wal", "crawler.db-shm"):
        (place.database.parent / name).unlink(missing_ok=True)
    world.forget_requests()
    world.faults["*"] = SLOW
    write_config(kind="dask", lease_seconds=4.0)
    with place.start("run", "--no-progress") as process:
        wait_until(lambda: len(told_links(place)) > 30)
        told = told_links(place)
        world.forget_requests()
        # Dask's own nanny starts another in its place.
        os.kill(descendants(process.pid, "spawn_main")[-1], signal.SIGKILL)
        world.faults["*"] = FAST
        _, err = process.communicate(timeout=100)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert final_state(place) == expected
    assert not told & {request.url for request in world.requests}
    assert place.ask("SELECT count(*) FROM observations") == [(len(expected),)]


def test_a_worker_that_was_away_asks_and_writes_nothing(
    crowd: Place,
    world: TimedWorld,
    write_config: Callable[..., None],
    wait_until: Wait,
    cluster: Cluster,
) -> None:
    cluster.start()
    write_config(kind="dask", scheduler=cluster.address, lease_seconds=4.0)
    with crowd.start("run", "--no-progress") as process:
        wait_until(lambda: len(told_links(crowd)) > 30)
        cluster.workers[0].send_signal(signal.SIGSTOP)
        world.faults["*"] = FAST
        _, err = process.communicate(timeout=100)
    assert process.returncode == 0, err
    assert "is lost: no word for 4 s" in err
    assert all_healthy(crowd)
    assert crowd.ask("SELECT count(*) FROM observations") == [(len(PAGES),)]
    world.forget_requests()
    cluster.workers[0].send_signal(signal.SIGCONT)
    time.sleep(1.5)
    assert world.requests == []


def test_a_worker_without_a_network_is_not_believed(
    crowd: Place, world: TimedWorld, write_config: Callable[..., None], cluster: Cluster, refused_port: int
) -> None:
    nowhere = f"http://127.0.0.1:{refused_port}"
    cluster.start(**dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"), nowhere))
    write_config(kind="dask", scheduler=cluster.address)
    ran = crowd.run("run", "--no-progress")
    assert "reaches none of the hosts that answered before" in ran.stderr
    assert all_healthy(crowd), ran.stderr
    assert crowd.ask("SELECT count(*) FROM link_health WHERE strikes > 0") == [(0,)]


def test_a_scheduler_that_is_lost_ends_the_run_and_the_next_one_goes_on(
    crowd: Place,
    world: TimedWorld,
    write_config: Callable[..., None],
    wait_until: Wait,
    cluster: Cluster,
) -> None:
    cluster.start()
    write_config(kind="dask", scheduler=cluster.address, lease_seconds=4.0)
    with crowd.start("run", "--no-progress") as process:
        wait_until(lambda: len(told_links(crowd)) > 30)
        cluster.scheduler.kill()
        world.faults["*"] = FAST
        _, err = process.communicate(timeout=100)
    assert process.returncode == 3, err
    assert "the Dask scheduler does not answer any more" in err
    assert crowd.ask("SELECT state FROM runs") == [("interrupted",)]
    assert crowd.ask("SELECT count(*) FROM link_health WHERE strikes > 0 OR state = 'suspect'") == [(0,)]
    told = told_links(crowd)
    world.forget_requests()
    cluster.start()
    write_config(kind="dask", scheduler=cluster.address, lease_seconds=4.0)
    ran = crowd.run("run", "--no-progress")
    assert "(continued)" in ran.stderr
    assert not told & {request.url for request in world.requests}
    assert all_healthy(crowd)


def test_a_killed_client_is_continued_and_its_tokens_are_nowhere(
    crowd: Place,
    world: TimedWorld,
    write_config: Callable[..., None],
    wait_until: Wait,
    cluster: Cluster,
) -> None:
    crowd.write_catalog({**LINKS, **PAGES})
    cluster.start()
    write_config(kind="dask", scheduler=cluster.address, lease_seconds=4.0)
    # The workers have tokens of their own, and only those are ever used.
    secrets = {"GITHUB_TOKEN": "client-only-github", "HF_TOKEN": "hf_client_only_hub"}
    theirs = {name: crowd.environment[name] for name in secrets}
    # The whole cluster is looked at while it asks.
    world.faults["*"] = delay(3.0)
    crowd.environment |= secrets
    with crowd.start("run", "--no-progress") as process:
        wait_until(lambda: len(told_links(crowd)) > 30)
        told = told_links(crowd)
        seen = dump_state(cluster)
        process.kill()
        process.communicate(timeout=60)
    world.faults["*"] = FAST
    ran = crowd.run("run", "--no-progress")
    assert "(continued)" in ran.stderr
    assert crowd.ask("SELECT DISTINCT state FROM link_health") == [("healthy",)]
    again = [request for request in world.requests if request.url in told]
    assert len(again) == len({request.url for request in again})
    sent = {request.headers.get("authorization", "").split(" ")[-1] for request in world.requests}
    assert set(theirs.values()) <= sent
    said = seen + cluster.logs() + ran.stderr
    for secret in (*secrets.values(), *theirs.values()):
        assert secret not in said
    assert not sent & set(secrets.values())


def dump_state(cluster: Cluster) -> str:
    """All that the scheduler and the workers know of each other, tasks and what they are made of."""
    script = (
        "import sys, distributed\n"
        "with distributed.Client(sys.argv[1]) as client:\n"
        "    client.dump_cluster_state(sys.argv[2], format='yaml', exclude=())\n"
    )
    subprocess.run(
        [sys.executable, "-c", script, cluster.address, str(cluster.folder / "state")],
        check=True,
        timeout=60,
        env=DASK_ENVIRONMENT,
    )
    dumped = (cluster.folder / "state.yaml").read_text()
    assert "crawler-" in dumped
    return dumped


def test_ctrl_c_ends_a_cluster_of_its_own_in_good_order(
    crowd: Place, write_config: Callable[..., None], wait_until: Wait
) -> None:
    write_config(kind="dask")
    with crowd.start("run", "--no-progress", start_new_session=True) as process:
        wait_until(lambda: len(told_links(crowd)) > 20)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=100)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert crowd.ask("SELECT state FROM runs") == [("interrupted",)]


def test_without_its_package_the_engine_is_a_usage_error(
    place: Place, write_config: Callable[..., None], tmp_path: Path
) -> None:
    write_config(kind="dask", scheduler="nonsense")
    assert "is no address of a Dask scheduler" in place.run("run", code=2).stderr
    ran = place.run("run", "--engine", "local", "--scheduler", "tcp://127.0.0.1:1", code=2)
    assert "is of no use to the engine 'local'" in ran.stderr


def test_a_scheduler_that_is_not_there_judges_nothing(
    place: Place, write_config: Callable[..., None], refused_port: int
) -> None:
    write_config(kind="dask", scheduler=f"tcp://127.0.0.1:{refused_port}")
    assert "cannot reach the Dask scheduler" in place.run("run", code=3).stderr
    assert place.ask("SELECT state FROM runs") == [("interrupted",)]
