"""Connections: through proxies of every kind, kept, given up, and used for nothing else."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from crawler.clock import SimulatedClock
from crawler.fetch import transport
from crawler.fetch.client import Fetcher, FetchResult
from crawler.fetch.environment import NetworkEnvironment
from crawler.fetch.failure import LookFailed
from crawler.fetch.http1 import UnsendableRequest
from crawler.fetch.httpx_transport import HttpxTransport
from crawler.fetch.meter import RequestMeter
from crawler.fetch.politeness import Politeness
from crawler.records import Reason
from crawler.sandbox import faults
from crawler.sandbox.server import Sandbox
from crawler.sandbox.world import World
from crawler.settings import Settings

# Of me:made up
PASSWORD = "Basic bWU6bWFkZSB1cA=="


def make_fetcher(settings: Settings, environment: NetworkEnvironment, clock: SimulatedClock) -> Fetcher:
    return Fetcher(settings, environment, Politeness(settings, clock), RequestMeter(), clock)


# --- proxies -------------------------------------------------------------------------------------


class LockedProxy:
    """In front of the sandbox as proxy: wants a password, and may speak TLS itself."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._tasks: set[asyncio.Task[Any]] = set()
        self.heads: list[str] = []

    @asynccontextmanager
    async def serve(self, tls: ssl.SSLContext | None) -> AsyncIterator[int]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=tls)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        onward = None
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.heads.append(head)
            if f"Proxy-Authorization: {PASSWORD}\r\n" not in head:
                writer.write(b"HTTP/1.1 407 Locked\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlock")
                await writer.drain()
                return
            from_host, onward = await asyncio.open_connection(self._sandbox.host, self._sandbox.port)
            onward.write(head.replace(f"Proxy-Authorization: {PASSWORD}\r\n", "").encode("latin-1"))
            await asyncio.gather(pass_on(reader, onward), pass_on(from_host, writer))
        finally:
            writer.transport.abort()
            if onward is not None:
                onward.transport.abort()


async def pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(65_536):
        sink.write(data)
        await sink.drain()
    sink.transport.abort()


def ask_through(
    proxy: LockedProxy, sandbox: Sandbox, clock: SimulatedClock, tmp_path: Path, kind: str, password: str
) -> list[FetchResult]:
    authority = trustme.CA()
    both = tmp_path / "both.pem"
    both.write_bytes(Path(sandbox.ca_file).read_bytes() + authority.cert_pem.bytes())
    tls = None
    if kind == "https":
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(tls)

    async def run() -> list[FetchResult]:
        async with proxy.serve(tls) as port:
            address = f"{kind}://{password}127.0.0.1:{port}"
            environment = NetworkEnvironment(http_proxy=address, https_proxy=address, ca_file=str(both))
            async with make_fetcher(sandbox.proxied_settings(), environment, clock) as fetcher:
                return [
                    await fetcher.get(f"{scheme}://pages.example.org/a%20b?x=|")
                    for scheme in ("http", "https")
                ]

    return asyncio.run(run())


@pytest.mark.parametrize("kind", ["http", "https"])
def test_the_password_goes_to_the_proxy_and_no_further(
    sandbox: Sandbox, world: World, clock: SimulatedClock, tmp_path: Path, kind: str
) -> None:
    proxy = LockedProxy(sandbox)
    results = ask_through(proxy, sandbox, clock, tmp_path, kind, "me:made%20up@")
    assert [(result.status, result.failure) for result in results] == [(200, None)] * 2
    assert [head.partition("\r\n")[0] for head in proxy.heads] == [
        "GET http://pages.example.org/a%20b?x=| HTTP/1.1",
        "CONNECT pages.example.org:443 HTTP/1.1",
    ]
    assert "Host: pages.example.org:443\r\n" in proxy.heads[1]
    assert [request.url for request in world.requests] == [
        "http://pages.example.org/a%20b?x=|",
        "https://pages.example.org/a%20b?x=|",
    ]
    assert all("proxy-authorization" not in request.headers for request in world.requests)


@pytest.mark.parametrize("kind", ["http", "https"])
def test_a_proxy_that_wants_another_password_says_nothing(
    sandbox: Sandbox, world: World, clock: SimulatedClock, tmp_path: Path, kind: str
) -> None:
    results = ask_through(LockedProxy(sandbox), sandbox, clock, tmp_path, kind, "")
    for result in results:
        assert result.status is None
        assert result.failure is not None
        assert (result.failure.reason, result.failure.temporary) == (Reason.SKIPPED, True)
    assert world.requests == []


def test_a_proxy_that_is_no_proxy_says_nothing(clock: SimulatedClock, sandbox: Sandbox) -> None:
    """TLS to a port that speaks none: the proxy's failure, not the host's."""
    address = f"https://127.0.0.1:{sandbox.port}"
    environment = NetworkEnvironment(http_proxy=address, https_proxy=address)

    async def run() -> list[FetchResult]:
        async with make_fetcher(sandbox.proxied_settings(), environment, clock) as fetcher:
            return [await fetcher.get(f"{scheme}://pages.example.org/") for scheme in ("http", "https")]

    for result in asyncio.run(run()):
        assert result.failure is not None
        assert (result.failure.reason, result.failure.temporary) == (Reason.SKIPPED, True)


def test_a_name_that_tls_cannot_say_is_no_failure_of_its_host(
    sandbox: Sandbox, clock: SimulatedClock
) -> None:
    environment = NetworkEnvironment.from_mapping(sandbox.environment())

    async def run() -> FetchResult:
        async with make_fetcher(sandbox.proxied_settings(), environment, clock) as fetcher:
            return await fetcher.get("https://.example.org/")

    failure = asyncio.run(run()).failure
    assert failure is not None
    assert failure.reason is Reason.INVALID_URL


# --- connections ---------------------------------------------------------------------------------


@pytest.fixture
def direct(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> NetworkEnvironment:
    """Every name resolves to this machine."""

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return NetworkEnvironment(ca_file=sandbox.ca_file)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_was_opened_for_an_endpoint_serves_no_stranger(
    sandbox: Sandbox, world: World, clock: SimulatedClock, direct: NetworkEnvironment, scheme: str
) -> None:
    port = sandbox.port if scheme == "http" else sandbox.tls_port
    url = f"{scheme}://pages.example.org:{port}/page"

    async def run() -> tuple[FetchResult, FetchResult]:
        async with make_fetcher(sandbox.proxied_settings(), direct, clock) as fetcher:
            return await fetcher.get(url, trusted=True), await fetcher.get(url)

    trusted, strange = asyncio.run(run())
    assert (trusted.status, strange.status) == (200, None)
    assert strange.failure is not None
    assert strange.failure.reason is Reason.PRIVATE_ADDRESS
    assert len(world.requests) == 1


def test_one_connection_serves_many_requests_one_after_another(
    sandbox: Sandbox, world: World, clock: SimulatedClock
) -> None:
    async def run() -> None:
        async with make_fetcher(sandbox.settings(), NetworkEnvironment(), clock) as fetcher:
            for number in range(5):
                assert (await fetcher.get(f"{sandbox.url}/pages.example.org/{number}")).status == 200

    asyncio.run(run())
    assert len({request.connection for request in world.requests}) == 1


def test_what_was_idle_too_long_is_not_used_again(
    sandbox: Sandbox, world: World, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "KEEPALIVE_SECONDS", 0.0)

    async def run() -> None:
        async with make_fetcher(sandbox.settings(), NetworkEnvironment(), clock) as fetcher:
            for number in range(3):
                assert (await fetcher.get(f"{sandbox.url}/pages.example.org/{number}")).status == 200
                await asyncio.sleep(0.01)

    asyncio.run(run())
    assert len({request.connection for request in world.requests}) == 3


async def until(claim: Any) -> None:
    async with asyncio.timeout(10):
        while not claim():  # noqa: ASYNC110 - the sandbox is in another thread
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("fault", [faults.hang(), faults.hang_in_body()], ids=["head", "body"])
def test_a_cancelled_look_gives_its_connection_up_at_once(
    sandbox: Sandbox, world: World, clock: SimulatedClock, fault: faults.Fault
) -> None:
    world.faults["pages.example.org"] = fault

    async def run() -> None:
        async with make_fetcher(sandbox.settings(), NetworkEnvironment(), clock) as fetcher:
            looking = asyncio.create_task(fetcher.get(f"{sandbox.url}/pages.example.org/page"))
            await until(lambda: world.requests)
            looking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await looking
            await until(lambda: not sandbox.connections)
            world.faults.clear()
            assert (await fetcher.get(f"{sandbox.url}/pages.example.org/page")).status == 200

    asyncio.run(run())


def test_closing_the_client_ends_what_is_under_way(
    sandbox: Sandbox, world: World, clock: SimulatedClock
) -> None:
    world.faults["pages.example.org"] = faults.hang()

    async def run() -> FetchResult:
        async with make_fetcher(sandbox.settings(), NetworkEnvironment(), clock) as fetcher:
            looking = asyncio.create_task(fetcher.get(f"{sandbox.url}/pages.example.org/page"))
            await until(lambda: world.requests)
        return await looking

    failure = asyncio.run(run()).failure
    assert failure is not None
    assert failure.reason is Reason.CONNECTION_RESET


@contextmanager
def no_more_files() -> Iterator[None]:
    """As many files as are open now, and not one more."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.open(os.devnull, os.O_RDONLY)
    filling = [lowest]
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + 8, before[1]))
    try:
        with suppress(OSError):
            while True:
                filling.append(os.open(os.devnull, os.O_RDONLY))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        for descriptor in filling:
            os.close(descriptor)


def test_our_own_limit_of_open_files_says_nothing(
    sandbox: Sandbox, world: World, clock: SimulatedClock
) -> None:
    async def run() -> FetchResult:
        async with make_fetcher(sandbox.settings(), NetworkEnvironment(), clock) as fetcher:
            with no_more_files():
                return await fetcher.get(f"{sandbox.url}/pages.example.org/page")

    failure = asyncio.run(run()).failure
    assert failure is not None
    assert (failure.reason, failure.temporary) == (Reason.SKIPPED, True)
    assert world.requests == []


def test_more_hosts_than_connections_are_all_asked(
    sandbox: Sandbox, world: World, clock: SimulatedClock
) -> None:
    settings = sandbox.proxied_settings(network={"concurrency": 200, "per_host_concurrency": 2})
    environment = NetworkEnvironment.from_mapping(sandbox.environment())

    async def run() -> list[FetchResult]:
        async with make_fetcher(settings, environment, clock) as fetcher:
            urls = [f"http://host{number % 180}.example/{number}" for number in range(720)]
            return await asyncio.gather(*(fetcher.get(url) for url in urls))

    assert {result.status for result in asyncio.run(run())} == {200}
    assert len(world.requests) == 720


def test_the_client_brings_no_command_line_along() -> None:
    script = (
        "import sys, crawler.fetch.client\n"
        "print(sorted(set(sys.modules) & {'rich', 'click', 'httpx', 'httpcore', 'h11', 'anyio'}))"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert said.stdout.strip() == "[]"


def test_a_client_of_httpx_asks_through_it(sandbox: Sandbox, world: World) -> None:
    url = f"{sandbox.url}/pages.example.org/page"

    async def run() -> None:
        carrier = HttpxTransport(NetworkEnvironment(), concurrency=4)
        async with httpx.AsyncClient(transport=carrier, trust_env=False) as client:
            with pytest.raises(LookFailed) as refused:
                await client.get(url)
            assert refused.value.failure.reason is Reason.PRIVATE_ADDRESS
            for _ in range(2):
                answer = await client.get(url, extensions={"allow_private": True})
                assert (answer.status_code, "<title>" in answer.text) == (200, True)
            with pytest.raises(UnsendableRequest):
                await client.head(url, extensions={"allow_private": True})

    asyncio.run(run())
    assert len(world.requests) == 2
    assert len({request.connection for request in world.requests}) == 1
