"""Every way to fail, as a plain httpx client meets it."""

from __future__ import annotations

import gzip
import socket
import ssl
from collections.abc import Iterator

import httpx
import pytest

from crawler.sandbox import faults
from crawler.sandbox.authority import Flaw
from crawler.sandbox.faults import Fault, FaultBook
from crawler.sandbox.server import Sandbox
from crawler.sandbox.world import World

URL = "https://example.org/page"

# Python reads a reset below TLS as an end of file (SSL_read_ex knows no errno).
TORN = (httpx.ReadError, httpx.RemoteProtocolError)


@pytest.fixture
def tunnel(sandbox: Sandbox) -> Iterator[httpx.Client]:
    trust = ssl.create_default_context(cafile=sandbox.ca_file)
    with httpx.Client(proxy=sandbox.proxy_url, verify=trust, timeout=10) as client:
        yield client


@pytest.fixture
def origin(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox.url, trust_env=False, timeout=10) as client:
        yield client


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        pytest.param(faults.refused(), "502 Bad Gateway", id="refused"),
        pytest.param(faults.no_such_host(), "503 Service Unavailable", id="no such host"),
        pytest.param(faults.unroutable(), "504 Gateway Timeout", id="unroutable"),
    ],
)
def test_the_proxy_says_that_a_host_is_out_of_reach(
    tunnel: httpx.Client, world: World, fault: Fault, error: str
) -> None:
    world.faults["example.org"] = fault
    with pytest.raises(httpx.ProxyError, match=error):
        tunnel.get(URL)
    plain = tunnel.get("http://example.org/page")
    assert str(plain.status_code) == error[:3]
    assert tunnel.get("https://example.com/").status_code == 200


@pytest.mark.parametrize("flaw", list(Flaw))
def test_bad_certificates_are_refused_by_the_client(tunnel: httpx.Client, world: World, flaw: Flaw) -> None:
    world.faults["example.org"] = faults.bad_certificate(flaw, times=1)
    with pytest.raises(httpx.ConnectError, match="certificate"):
        tunnel.get(URL)
    assert tunnel.get(URL).status_code == 200


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        pytest.param(faults.tls_aborted(), httpx.ConnectError, id="TLS aborted"),
        pytest.param(faults.closed(), httpx.RemoteProtocolError, id="closed"),
        pytest.param(faults.reset(), TORN, id="reset"),
        pytest.param(faults.cut_off(), httpx.RemoteProtocolError, id="cut off"),
        pytest.param(faults.hang(), httpx.ReadTimeout, id="hang"),
        pytest.param(faults.hang_in_body(), httpx.ReadTimeout, id="hang in body"),
        pytest.param(faults.malformed(), httpx.RemoteProtocolError, id="malformed"),
        pytest.param(faults.delay(30), httpx.ReadTimeout, id="too late"),
    ],
)
def test_broken_connections(
    tunnel: httpx.Client, world: World, fault: Fault, error: type[Exception] | tuple[type[Exception], ...]
) -> None:
    world.faults["example.org"] = fault
    patience = 0.3 if error is httpx.ReadTimeout else 10
    with pytest.raises(error):
        tunnel.get(URL, timeout=httpx.Timeout(10, read=patience))


@pytest.mark.parametrize(
    "fault", [faults.refused(), faults.no_such_host(), faults.reset()], ids=["refused", "nameless", "reset"]
)
def test_at_the_origin_no_connection_is_a_reset(origin: httpx.Client, world: World, fault: Fault) -> None:
    world.faults["example.org"] = fault
    with pytest.raises(httpx.ReadError):
        origin.get("/example.org/page")


def test_a_refused_port_refuses(refused_port: int) -> None:
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{refused_port}/", trust_env=False)


def test_network_down_and_up_again(tunnel: httpx.Client, world: World) -> None:
    assert tunnel.get(URL).status_code == 200
    world.network_is_down = True
    with pytest.raises(TORN):
        tunnel.get(URL)
    with pytest.raises(httpx.ProxyError):
        tunnel.get(URL)
    world.network_is_down = False
    assert tunnel.get(URL).status_code == 200


def test_drip_sends_byte_after_byte(origin: httpx.Client, world: World) -> None:
    # A busy machine reads late and then several at once, but not all of half a second.
    world.faults["example.org"] = faults.drip(pause_seconds=0.05)
    with origin.stream("GET", "/example.org/page.txt") as response:
        chunks = list(response.iter_raw())
    assert b"".join(chunks) == b"made up\n"
    assert len(chunks) > 1


def test_huge_body_ends_where_it_was_told_to(origin: httpx.Client, world: World) -> None:
    world.faults["example.org"] = faults.huge_body(3_000_000)
    assert len(origin.get("/example.org/page").content) == 3_000_000


def test_a_client_may_leave_a_huge_body(origin: httpx.Client, world: World) -> None:
    world.faults["https://example.org/endless"] = faults.huge_body(10_000_000_000)
    with origin.stream("GET", "/example.org/endless") as response:
        next(response.iter_raw())
    assert origin.get("/example.org/page").status_code == 200


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, gzip"])
def test_bombs_unpack_to_their_size(origin: httpx.Client, world: World, encoding: str) -> None:
    world.faults["example.org"] = faults.bomb(encoding, 5_000_001)
    response = origin.get("/example.org/page", headers={"Accept-Encoding": encoding})
    assert int(response.headers["Content-Length"]) < 50_000
    assert len(response.content) == 5_000_001


def test_no_such_encoding() -> None:
    with pytest.raises(ValueError, match="rot13"):
        faults.bomb("rot13", 10)


def test_status_with_retry_after(origin: httpx.Client, world: World) -> None:
    world.faults["example.org"] = faults.status(429, retry_after=17, times=1)
    first, second = origin.get("/example.org/"), origin.get("/example.org/")
    assert (first.status_code, first.headers["Retry-After"]) == (429, "17")
    assert second.status_code == 200


def test_more_headers_on_the_hosts_own_answer(origin: httpx.Client, world: World) -> None:
    world.faults["example.org"] = faults.with_headers(("X-RateLimit-Remaining", "0"))
    response = origin.get("/example.org/page")
    assert response.headers["X-RateLimit-Remaining"] == "0"
    assert "Made-up page" in response.text


def test_redirect_loop(origin: httpx.Client, world: World) -> None:
    world.faults["https://example.org/loop"] = faults.redirect("/example.org/loop")
    with pytest.raises(httpx.TooManyRedirects):
        origin.get("/example.org/loop", follow_redirects=True)


def test_gzip_bomb_is_gzip() -> None:
    fault = faults.bomb("gzip", 1000)
    assert fault.response is not None
    assert gzip.decompress(fault.response.body) == b" " * 1000


# --- which fault holds ---------------------------------------------------------------------------


def strike(book: FaultBook, url: str, night: int = 1) -> int | None:
    host = url.partition("://")[2].partition("/")[0]
    fault = book.strike_request(host, url, night, tunnelled=True)
    return fault.response.status if fault and fault.response else None


def test_the_closest_key_wins() -> None:
    book = FaultBook()
    book["*"] = faults.status(501)
    book["example.org"] = faults.status(502)
    book["https://example.org/a*"] = faults.status(503)
    book["https://example.org/a/b*"] = faults.status(504)
    book["https://example.org/a/b/c?d"] = faults.status(505)
    urls = ["https://example.com/", "https://example.org/", "http://example.org/ab"]
    urls += ["https://example.org/a/bc", "http://example.org/a/b/c?d"]
    assert [strike(book, url) for url in urls] == [501, 502, 503, 504, 505]


def test_nights_after_and_times() -> None:
    book = FaultBook()
    book["example.org"] = [faults.status(500, nights=range(2, 4)), faults.status(400, after=1, times=2)]
    url = "https://example.org/"
    assert [strike(book, url) for _ in range(4)] == [None, 400, 400, None]
    assert [strike(book, url, night) for night in (2, 3, 4)] == [500, 500, None]


def test_setting_a_fault_again_starts_its_count_again() -> None:
    book = FaultBook()
    for _ in range(2):
        book["example.org"] = faults.status(500, times=1)
        assert [strike(book, "https://example.org/") for _ in range(2)] == [500, None]


def test_tests_cannot_leave_the_machine() -> None:
    with socket.socket() as plug, pytest.raises(RuntimeError, match=r"192\.0\.2\.1"):
        plug.connect(("192.0.2.1", 80))
    with pytest.raises(RuntimeError, match=r"example\.org"):
        socket.getaddrinfo("example.org", 443)
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("no-such-host.invalid", 443)
