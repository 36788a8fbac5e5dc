"""What clients are measured against: pages, validators, latency and counts; lists of the told mixture."""

from __future__ import annotations

import shutil
import socket
import time
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from benchmarks.lists import HUB_OWNERS, make_mixed, web_addresses
from benchmarks.server import Server, run_server
from crawler.links.classify import link_of
from crawler.plan import LaneName, lane_of

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with run_server() as server:
        yield server


@pytest.fixture
def server(running: Server) -> Server:
    running.set_latency(0)
    running.reset()
    return running


def test_every_path_has_a_page_of_its_own(server: Server) -> None:
    with httpx.Client(trust_env=False) as client:
        pages = [client.get(server.url(host, f"page/{path}")) for host in (0, 7) for path in ("1", "2?n=3")]
    assert {page.status_code for page in pages} == {200}
    assert len({page.headers["etag"] for page in pages}) == len({page.text for page in pages}) == 4
    assert "<title>Report 2?n=3 of 127.0.1.8:" in pages[3].text
    assert all(30_000 < len(page.content) < 31_000 for page in pages)
    assert all(page.text.endswith("</html>\n") for page in pages)
    counts = server.counts()
    assert (counts.ok, counts.pages, counts.requests) == (4, 4, 4)
    assert counts.bytes > 4 * 30_000


def test_a_known_page_is_not_sent_again(server: Server) -> None:
    url = server.url(0, "page/1")
    with httpx.Client(trust_env=False) as client:
        tag = client.get(url).headers["etag"]
        again = client.get(url, headers={"If-None-Match": tag})
        other = client.get(url, headers={"If-None-Match": '"other"'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert other.status_code == 200
    assert (server.counts().not_modified, server.counts().pages) == (1, 1)


def test_elsewhere_is_nothing_and_a_head_has_no_body(server: Server) -> None:
    assert httpx.get(server.url(0, "missing"), trust_env=False).status_code == 404
    head = httpx.head(server.url(0, "page/1"), trust_env=False)
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) > 30_000
    assert server.counts().not_found == 1


def test_answers_wait_for_the_latency_and_not_for_each_other(server: Server) -> None:
    server.set_latency(200)
    address = urlsplit(server.url(0, ""))
    began = time.monotonic()
    sockets = []
    for number in range(300):
        one = socket.create_connection((address.hostname, address.port))
        one.sendall(f"GET /page/{number} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        sockets.append(one)
    for one in sockets:
        with one, one.makefile("rb") as answer:
            assert answer.readline() == b"HTTP/1.1 200 OK\r\n"
            assert answer.read().endswith(b"</html>\n")
    assert time.monotonic() - began >= 0.2
    assert server.counts().pages == 300


def test_requests_of_one_connection_are_answered_in_order(server: Server) -> None:
    address = urlsplit(server.url(0, ""))
    with socket.create_connection((address.hostname, address.port)) as one, one.makefile("rb") as answers:
        asked = [f"HEAD /page/{number} HTTP/1.1\r\nHost: a\r\n\r\n" for number in range(50)]
        one.sendall("".join(asked).encode())
        lines = [answers.readline() for _ in range(50 * 8)]
    assert lines.count(b"HTTP/1.1 200 OK\r\n") == 50
    assert len({line for line in lines if line.startswith(b"ETag")}) == 50


def test_a_mixed_list_is_mixed_as_told(server: Server) -> None:
    mixed = make_mixed(server, 2_000)
    links = [link_of(address) for address in mixed.all()]
    assert len({link.canonical_url for link in links}) == 2_000
    assert Counter(lane_of(link) for link in links) == {
        LaneName.GITHUB: 1_200,
        LaneName.HUGGINGFACE: 400,
        LaneName.ARXIV: 100,
        LaneName.WEB: 300,
    }
    assert len(
        {link.target.id.partition("/")[0] for link in links if "huggingface" in link.canonical_url}
    ) <= (HUB_OWNERS)
    assert make_mixed(server, 2_000) == mixed
    assert len({urlsplit(address).hostname for address in web_addresses(server, 500, 100)}) == 100
