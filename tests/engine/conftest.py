"""A crawl by several real processes, and what can be done to them."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from crawler.clock import SystemClock
from crawler.sandbox.faults import delay
from crawler.sandbox.messages import Request
from crawler.sandbox.world import World
from tests.crawl.conftest import Place, place
from tests.crawl.test_survival import final_state, told_links
from tests.engine.dask_cluster import Cluster

__all__ = ["final_state", "place", "told_links"]

SLOW, FAST = delay(0.8), delay(0.05)
HOSTS = 12
PAGES = {f"Page {number}": f"https://host{number % HOSTS}.example/{number}" for number in range(240)}


class TimedWorld(World):
    """Notes when each host was asked."""

    def __init__(self) -> None:
        # Workers are other processes: their time is the system's.
        super().__init__(clock=SystemClock())
        self.asked_at: dict[str, list[float]] = {}

    def log(self, request: Request) -> None:
        super().log(request)
        self.asked_at.setdefault(request.host, []).append(time.monotonic())

    def seconds_asked(self, host: str) -> float:
        """From its first request to its last."""
        return self.asked_at[host][-1] - self.asked_at[host][0]


@pytest.fixture
def world() -> TimedWorld:
    return TimedWorld()


@pytest.fixture
def write_config(place: Place) -> Callable[..., None]:
    """Two workers, hosts that take no more than a few requests at a time."""

    def write(network: Mapping[str, object] | None = None, **engine: object) -> None:
        tables: dict[str, dict[str, object]] = {
            "network": {
                "per_host_interval_seconds": 0.0,
                "per_host_concurrency": 2,
                "pause_seconds": 0.0,
                "timeout_seconds": 10.0,
                **(network or {}),
            },
            "github": {"page_interval_seconds": 0.0},
            "arxiv": {"min_interval_seconds": 0.0},
            "archive": {"min_interval_seconds": 0.0},
            "engine": {"workers": 2, "lease_seconds": 20.0, **engine},
        }
        lines = []
        for section, table in tables.items():
            lines += [f"[{section}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
        (place.folder / "config.toml").write_text("\n".join(lines))

    return write


@pytest.fixture
def crowd(place: Place, world: World, write_config: Callable[..., None]) -> Place:
    """Pages of hosts that take their time, asked by two processes: there is a middle to be killed in.

    A test lets them hurry once that is over.
    """
    place.write_catalog(PAGES)
    world.faults["*"] = SLOW
    write_config()
    return place


@pytest.fixture
def wait_until() -> Callable[[Callable[[], bool]], None]:
    """As for one process, with time for several to start on a busy machine."""

    def wait(happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 100
        while not happened():
            assert time.monotonic() < deadline, "nothing happened in 100 s"
            time.sleep(0.02)

    return wait


def descendants(pid: int, word: str) -> list[int]:
    """Living processes below `pid` whose command line holds `word`."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if stat[0] != "Z":
                children.setdefault(int(stat[1]), []).append(int(entry.name))
    found, left = [], [pid]
    while left:
        left += (below := children.get(left.pop(), []))
        found += below
    return sorted(each for each in found if word in command_of(each))


def in_session(leader: int) -> list[int]:
    """Living processes of the session that `leader` began, also when it is gone itself."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, _, _, session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            except OSError:
                continue
            if state != "Z" and int(session) == leader:
                found.append(int(entry.name))
    return found


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def stopped() -> Iterator[Callable[[int], None]]:
    """Stop a process as if the network had parted it from us; all go on or end with the test."""
    pids: list[int] = []

    def stop(pid: int) -> None:
        os.kill(pid, signal.SIGSTOP)
        pids.append(pid)

    yield stop
    for pid in pids:
        if is_alive(pid):
            os.kill(pid, signal.SIGCONT)


@pytest.fixture
def cluster(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two workers; tokens and the way to the sandbox stand in their environment."""
    made = Cluster(tmp_path_factory.mktemp("cluster"), place.environment)
    yield made
    for process in made.processes:
        process.kill()
        process.wait()
