"""The sandbox as httpx meets it: origin, proxy, direct."""

from __future__ import annotations

import ssl

import httpx

from crawler.sandbox.server import Sandbox
from crawler.sandbox.world import World


def proxied(sandbox: Sandbox) -> httpx.Client:
    return httpx.Client(
        proxy=sandbox.proxy_url, verify=ssl.create_default_context(cafile=sandbox.ca_file), timeout=5
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
