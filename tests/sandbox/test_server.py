"""The sandbox as httpx meets it: origin, proxy, direct."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

import httpx
import pytest
import requests

from crawler.sandbox.server import Sandbox, run_in_thread
from crawler.sandbox.world import World


def proxied(sandbox: Sandbox) -> httpx.Client:
    return httpx.Client(
        proxy=sandbox.proxy_url, verify=ssl.create_default_context(cafile=sandbox.ca_file), timeout=30
    )


def test_origin_names_the_host_in_the_path(sandbox: Sandbox, world: World) -> None:
    answer = httpx.get(f"{sandbox.url}/example.org/a%20b/c?x=1&x=2&y=", trust_env=False)
    assert answer.status_code == 200
    assert "<title>Made-up page of example.org/a%20b/c</title>" in answer.text
    (request,) = world.requests
    assert (request.host, request.path, request.query) == (
        "example.org",
        "/a%20b/c",
        {"x": ["1", "2"], "y": [""]},
    )
    assert request.url == "https://example.org/a%20b/c?x=1&x=2&y="
    assert request.link("api.github.com", "/x") == f"{sandbox.url}/api.github.com/x"


def test_proxy_speaks_tls_for_every_host(sandbox: Sandbox, world: World) -> None:
    with proxied(sandbox) as client:
        for host in ("example.org", "mp.weixin.qq.com", "xn--fiqs8s.example"):
            answer = client.get(f"https://{host}/page")
            assert answer.status_code == 200
            assert f"Made-up page of {host}/page" in answer.text
    assert world.tunnels == ["example.org", "mp.weixin.qq.com", "xn--fiqs8s.example"]
    assert {request.scheme for request in world.requests} == {"https"}
    assert world.requests[0].link("a.example", "/x") == "https://a.example/x"


def test_proxy_takes_absolute_addresses(sandbox: Sandbox, world: World) -> None:
    with proxied(sandbox) as client:
        assert client.get("http://nlp.example/page?a=b").status_code == 200
    assert world.requests[0].url == "http://nlp.example/page?a=b"
    assert world.tunnels == []


def test_connections_are_kept(sandbox: Sandbox, world: World) -> None:
    with proxied(sandbox) as client:
        for number in range(5):
            assert client.get(f"https://example.org/{number}").status_code == 200
    assert len(world.tunnels) == 1
    assert len({request.connection for request in world.requests}) == 1


def test_requests_comes_through_the_proxy(sandbox: Sandbox) -> None:
    proxies = {"http": sandbox.proxy_url, "https": sandbox.proxy_url}
    for scheme in ("http", "https"):
        answer = requests.get(f"{scheme}://example.org/", proxies=proxies, verify=sandbox.ca_file, timeout=30)
        assert "Made-up page of example.org/" in answer.text


def test_bodies_arrive_whole(sandbox: Sandbox, world: World) -> None:
    def parts() -> Iterator[bytes]:
        yield b"a" * 70_000
        yield b"b"

    with httpx.Client(trust_env=False, base_url=sandbox.url) as client:
        client.post("/example.org/", content=b'{"query": 1}')
        client.post("/example.org/", content=parts())
    assert [request.method for request in world.requests] == ["POST", "POST"]
    assert [request.body for request in world.requests] == [b'{"query": 1}', b"a" * 70_000 + b"b"]


@pytest.mark.parametrize(
    ("sent", "start", "count"),
    [
        pytest.param(
            b"GET /a.example/1 HTTP/1.0\r\nHost: localhost\r\n\r\n", b"HTTP/1.1 200 OK", 1, id="1.0"
        ),
        pytest.param(b"\x16\x03\x01 no TLS here\r\n\r\n", b"HTTP/1.1 400 ", 0, id="no HTTP"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 400 ", 0, id="no host"),
        pytest.param(
            b"GET /a.example/1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
            b"GET /a.example/2 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            b"HTTP/1.1 200 OK",
            2,
            id="pipelined",
        ),
    ],
)
def test_raw_requests(sandbox: Sandbox, world: World, sent: bytes, start: bytes, count: int) -> None:
    with socket.create_connection((sandbox.host, sandbox.port), timeout=30) as plug:
        plug.sendall(sent)
        received = b"".join(iter(lambda: plug.recv(65_536), b""))
    assert received.startswith(start)
    assert received.count(b"HTTP/1.1 200 OK") == len(world.requests) == count


def test_each_world_has_its_own_server() -> None:
    worlds = World(1), World(2)
    with run_in_thread(worlds[0]) as first, run_in_thread(worlds[1]) as second:
        httpx.get(first.origin("https://example.org/"), trust_env=False)
        httpx.get(second.origin("https://example.com/"), trust_env=False)
    assert [world.requests[0].host for world in worlds] == ["example.org", "example.com"]


def test_a_sandbox_that_cannot_start_says_so() -> None:
    with pytest.raises(OSError, match="assign"), run_in_thread(World(), host="192.0.2.1"):
        pass
