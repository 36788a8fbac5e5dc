"""Fixtures for all tests: a clean environment, no socket beyond loopback, a world, a sandbox, a clock."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from crawler.clock import SimulatedClock
from crawler.sandbox.faults import Fault, Trouble
from crawler.sandbox.server import Sandbox, run_in_thread
from crawler.sandbox.web_pages import Fate
from crawler.sandbox.world import World

# The same examples on every machine: a red run is about the change, not about luck. The slow lane draws anew.
settings.register_profile(
    "fixed", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("random", deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or "fixed")

HANGING = {Trouble.HANG, Trouble.HANG_IN_BODY, Trouble.DRIP, Trouble.ENDLESS}

LEAKING_VARIABLES = [
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "https_proxy",
    "http_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
    "HF_ENDPOINT",
    "HF_HUB_OFFLINE",
    "CRAWLER_CONFIG",
    "NO_COLOR",
    "FORCE_COLOR",
    "COLUMNS",
]


class BeyondLoopbackError(RuntimeError):
    """A test asked the real network. No OSError: nothing of ours may take it for a network failure."""


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy, token or config of the person who runs the tests leaks in."""
    for name in LEAKING_VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sockets reach loopback addresses and local paths only; .invalid does not resolve (RFC 6761)."""
    real_connect, real_connect_ex = socket.socket.connect, socket.socket.connect_ex
    real_getaddrinfo = socket.getaddrinfo

    def check(address: Any) -> None:
        if isinstance(address, tuple) and not _is_loopback(address[0]):
            raise BeyondLoopbackError(f"a test wanted to connect to {address[0]!r}")

    def connect(self: socket.socket, address: Any) -> None:
        check(address)
        real_connect(self, address)

    def connect_ex(self: socket.socket, address: Any) -> int:
        check(address)
        return real_connect_ex(self, address)

    def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name is not None and name.rstrip(".").endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if name is not None and not _is_loopback(name):
            raise BeyondLoopbackError(f"a test wanted to look up {name!r}")
        return real_getaddrinfo(host, *arguments, **options)

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket.socket, "connect_ex", connect_ex)
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host in {"localhost", ""}


@pytest.fixture
def clock() -> SimulatedClock:
    """A clock that moves only when somebody sleeps or moves it; it starts at World's first night."""
    return SimulatedClock(datetime(2026, 11, 2, 2, 30, tzinfo=UTC))


@pytest.fixture
def world(clock: SimulatedClock) -> World:
    """What the `sandbox` answers: all is well until a test changes it. Shares its time with `clock`."""
    return World(clock=clock)


@pytest.fixture
def sandbox(world: World) -> Iterator[Sandbox]:
    """A running sandbox in a thread of its own; a service that raised fails the test."""
    with run_in_thread(world) as running:
        yield running
    assert world.errors == []


def patience_seconds(world: World) -> float:
    """How long a client waits in this world: short only where somebody hangs; a busy machine is no fault.

    With the short one, too, whoever answers at all has time to.
    """
    entries = [entry if isinstance(entry, Fault) else next(iter(entry)) for entry in world.faults.values()]
    hangs = any(entry.trouble in HANGING for entry in entries) or Fate.TIMEOUT in world.web.fates.values()
    return 1.0 if hangs else 30.0


@pytest.fixture(scope="session")
def npm_package(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Fetch one npm package as a tarball, for tests only.

    Skips where npm is missing, and offline, where only CI insists.
    """

    def fetch(package: str) -> Path:
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("npm is not installed")
        folder: Path = tmp_path_factory.mktemp("npm")
        command = [npm, "pack", "--silent", "--cache", str(folder / "cache"), package]
        packed = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=110)
        if packed.returncode and not os.environ.get("CI"):
            pytest.skip(f"npm cannot fetch {package} here")
        assert packed.returncode == 0, packed.stderr
        return folder / packed.stdout.split()[-1]

    return fetch


@pytest.fixture
def refused_port() -> Iterator[int]:
    """A loopback port that refuses connections for as long as the test runs."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]
