"""A worker in a network of its own whose cable is pulled: real packets lost, no process touched.

Needs root, `ip` with network namespaces and a C compiler for the server; skipped elsewhere.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final

import pytest

from benchmarks.lists import import_list
from benchmarks.measure import plain_environment
from benchmarks.server import run_server

NAMESPACE: Final = "crawler-part"
CABLE: Final = "crawler-cable"
# Of the range for benchmarks (RFC 2544): nobody's real network.
HERE, THERE = "198.18.77.1", "198.18.77.2"
HOSTS: Final = [f"198.18.78.{number}" for number in range(1, 21)]
LINKS: Final = 1_200
SCHEDULER: Final = f"tcp://{HERE}:18786"
CONFIG: Final = f"""
[network]
concurrency = 40
per_host_concurrency = 2
per_host_interval_seconds = 0.0
allow_private_addresses = true
timeout_seconds = 3
[engine]
kind = "dask"
scheduler = "{SCHEDULER}"
lease_seconds = 5
"""


def ip(*words: str) -> bool:
    done = subprocess.run(["ip", *words], capture_output=True, check=False)
    return done.returncode == 0


@pytest.fixture
def two_networks() -> Iterator[None]:
    """This machine's network with the web hosts on it, and a namespace with one cable to it."""
    if shutil.which("ip") is None or shutil.which("cc") is None or os.geteuid() != 0:
        pytest.skip("needs root, ip and a C compiler")
    if not ip("netns", "add", NAMESPACE):
        pytest.skip("this machine allows no network namespaces")
    try:
        assert ip("link", "add", CABLE, "type", "veth", "peer", "name", "cable", "netns", NAMESPACE)
        assert ip("addr", "add", f"{HERE}/24", "dev", CABLE)
        assert ip("link", "set", CABLE, "up")
        assert ip("-n", NAMESPACE, "addr", "add", f"{THERE}/24", "dev", "cable")
        assert ip("-n", NAMESPACE, "link", "set", "cable", "up")
        assert ip("-n", NAMESPACE, "link", "set", "lo", "up")
        assert ip("-n", NAMESPACE, "route", "add", "default", "via", HERE)
        assert all(ip("addr", "add", f"{host}/32", "dev", "lo") for host in HOSTS)
        yield
    finally:
        ip("link", "del", CABLE)
        ip("netns", "del", NAMESPACE)
        for host in HOSTS:
            ip("addr", "del", f"{host}/32", "dev", "lo")


@contextmanager
def running(command: Sequence[object], folder: Path) -> Iterator[None]:
    with subprocess.Popen(
        [str(word) for word in command],
        cwd=folder,
        env=plain_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield
        finally:
            process.kill()


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("heals_after", [None, 2.0, 8.0], ids=["for good", "within the lease", "after it"])
def test_a_worker_that_is_cut_off_costs_nothing(
    two_networks: None, tmp_path: Path, heals_after: float | None
) -> None:
    dask = Path(sys.executable).with_name("dask")
    worker = (dask, "worker", SCHEDULER, "--nthreads", "1", "--no-dashboard", "--no-nanny")
    with run_server() as server, ExitStack() as stack:
        port = server.url(0, "").rpartition(":")[2].strip("/")
        addresses = [f"http://{HOSTS[n % len(HOSTS)]}:{port}/page/{n}" for n in range(LINKS)]
        import_list(tmp_path, addresses, CONFIG)
        server.set_latency(200)
        scheduler = (dask, "scheduler", "--host", HERE, "--port", "18786", "--no-dashboard")
        stack.enter_context(running(scheduler, tmp_path))
        stack.enter_context(running((*worker, "--host", HERE), tmp_path))
        stack.enter_context(running(("ip", "netns", "exec", NAMESPACE, *worker, "--host", THERE), tmp_path))
        wait_for_workers(dask, 2)
        home = tmp_path / "home"
        with subprocess.Popen(
            [sys.executable, "-m", "crawler", "run", "--config", home / "config.toml", "--no-progress"],
            env=plain_environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as run:
            wait_until_told(home / "state" / "crawler.db", 200)
            assert ip("link", "set", CABLE, "down")
            if heals_after is not None:
                time.sleep(heals_after)
                assert ip("link", "set", CABLE, "up")
            _, err = run.communicate(timeout=200)
    assert run.returncode == 0, err
    assert "Traceback" not in err
    health = ask(
        home / "state" / "crawler.db", "SELECT state, reason, count(*) FROM link_health GROUP BY 1, 2"
    )
    assert health == [("healthy", "ok", LINKS)]
    assert ask(home / "state" / "crawler.db", "SELECT count(*) FROM observations") == [(LINKS,)]


def wait_for_workers(dask: Path, wanted: int) -> None:
    count = (
        "import sys, distributed;"
        f"client = distributed.Client('{SCHEDULER}', timeout=60);"
        f"client.wait_for_workers({wanted}, timeout=60)"
    )
    subprocess.run([dask.with_name("python"), "-c", count], check=True, capture_output=True, timeout=120)


def wait_until_told(database: Path, wanted: int) -> None:
    deadline = time.monotonic() + 100
    while time.monotonic() < deadline:
        if database.exists() and ask(database, "SELECT count(*) FROM observations") >= [(wanted,)]:
            return
        time.sleep(0.05)
    raise AssertionError(f"not {wanted} links were told in 100 s")


def ask(database: Path, sql: str) -> list[tuple[object, ...]]:
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            return connection.execute(sql).fetchall()
    except sqlite3.OperationalError:  # not made yet
        return []
