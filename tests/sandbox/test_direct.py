"""Without a proxy: what our own client sees of a host that is out of reach."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator

import httpx
import pytest
import requests

from crawler.sandbox import faults
from crawler.sandbox.direct import lead_connections
from crawler.sandbox.server import Sandbox
from crawler.sandbox.world import World


@pytest.fixture
def direct(sandbox: Sandbox) -> Iterator[httpx.Client]:
    trust = ssl.create_default_context(cafile=sandbox.ca_file)
    with lead_connections(sandbox), httpx.Client(verify=trust, trust_env=False, timeout=30) as client:
        yield client


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_hosts_answer_under_their_own_name(direct: httpx.Client, world: World, scheme: str) -> None:
    for host in ("example.org", "mp.weixin.qq.com"):
        assert f"Made-up page of {host}/x" in direct.get(f"{scheme}://{host}/x").text
    assert [request.url for request in world.requests] == [
        f"{scheme}://example.org/x",
        f"{scheme}://mp.weixin.qq.com/x",
    ]
    assert world.tunnels == []


def test_an_unknown_name(direct: httpx.Client, world: World) -> None:
    world.faults["gone.example"] = faults.no_such_host(times=1)
    with pytest.raises(httpx.ConnectError):
        direct.get("https://gone.example/")
    assert direct.get("https://gone.example/").status_code == 200


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_refusal_strikes_once_per_connection(direct: httpx.Client, world: World, scheme: str) -> None:
    world.faults["example.org"] = faults.refused(after=1, times=1)
    close = {"Connection": "close"}
    assert direct.get(f"{scheme}://example.org/", headers=close).status_code == 200
    with pytest.raises(httpx.ConnectError, match="refused"):
        direct.get(f"{scheme}://example.org/")
    assert direct.get(f"{scheme}://example.org/").status_code == 200


def test_an_unroutable_host(direct: httpx.Client, world: World) -> None:
    world.faults["example.org"] = faults.unroutable()
    with pytest.raises(httpx.ConnectError, match="unreachable"):
        direct.get("https://example.org/")


@pytest.mark.parametrize(
    "fault", [faults.bad_certificate(times=1), faults.tls_aborted(times=1)], ids=["wrong name", "aborted"]
)
def test_bad_tls(direct: httpx.Client, world: World, fault: faults.Fault) -> None:
    world.faults["example.org"] = fault
    with pytest.raises(httpx.ConnectError):
        direct.get("https://example.org/")
    assert direct.get("https://example.org/").status_code == 200


def test_other_ports_are_closed(direct: httpx.Client) -> None:
    with pytest.raises(httpx.ConnectError, match="refused"):
        direct.get("https://example.org:8443/")


@pytest.mark.usefixtures("direct")
def test_other_clients_come_the_same_way(sandbox: Sandbox) -> None:
    async def ask() -> int:
        trust = ssl.create_default_context(cafile=sandbox.ca_file)
        async with httpx.AsyncClient(verify=trust, trust_env=False) as client:
            return (await client.get("https://example.org/")).status_code

    assert asyncio.run(ask()) == 200
    assert requests.get("https://example.org/", verify=sandbox.ca_file, timeout=30).status_code == 200


def test_the_way_is_closed_again(sandbox: Sandbox) -> None:
    before = socket.getaddrinfo, socket.socket.connect
    with lead_connections(sandbox):
        assert (socket.getaddrinfo, socket.socket.connect) != before
    assert (socket.getaddrinfo, socket.socket.connect) == before
