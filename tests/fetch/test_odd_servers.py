"""What comes of odd servers: a page that a browser shows is a page, and whatever breaks says nothing.

Only a refused connection and TLS that no browser would accept speak against a link. Where clients differ in
what they put up with, both a page and silence are right: neither makes a living thing look dead.
"""

from __future__ import annotations

import asyncio
import datetime
import gzip
import ssl
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
import trustme

from crawler.clock import SystemClock
from crawler.fetch.client import Fetcher, FetchResult
from crawler.fetch.environment import NetworkEnvironment
from crawler.fetch.meter import RequestMeter
from crawler.fetch.politeness import Politeness
from crawler.records import Outcome, Reason
from crawler.settings import NetworkSettings, Settings
from tests.fetch.odd_servers import PAGE, Act, OddServer, Script, answer, chunk, headless

READ, CLOSE, RESET, PEEK, CLOSE_RAW = Act.READ, Act.CLOSE, Act.RESET, Act.PEEK, Act.CLOSE_RAW
LENGTH: Final = b"Content-Length: %d\r\n" % len(PAGE)
CHUNKED: Final = headless(b"Transfer-Encoding: chunked\r\n", b"")
SHUT_MIDWAY: Final = headless(b"Content-Length: 99999\r\n")
ALERT: Final = b"\x15\x03\x01\x00\x02\x02"
MOVED: Final = b"HTTP/1.1 301 Moved\r\nLocation: /b\r\n"

PATIENCE_SECONDS: Final = 30.0
SHORT_PATIENCE_SECONDS: Final = 1.5
"""So long a look waits for those of HANGING; on a busy machine others may take longer between two reads."""

AUTHORITY: Final = trustme.CA(organization_name="odd servers, made up")
STRANGER: Final = trustme.CA(organization_name="nobody trusts this")


@dataclass(frozen=True, slots=True)
class Told:
    """What a look may come to: the whole page, a status, silence (FAILED), or a word against the link."""

    page: bool = False
    status: int | None = None
    silence: bool = False
    against: Reason | None = None


FINE: Final = Told(page=True)
SILENT: Final = Told(silence=True)
EITHER: Final = Told(page=True, silence=True)


def odd(*script: bytes | float | Act) -> OddServer:
    return OddServer((script,))


def odd_tls(*script: bytes | float | Act, tls: ssl.SSLContext | None = None) -> OddServer:
    return OddServer((script,), tls or make_tls(), "https")


def odd_handshake(*script: bytes | float | Act) -> OddServer:
    return OddServer((script,), None, "https")


def make_tls(
    name: str = "127.0.0.1",
    authority: trustme.CA = AUTHORITY,
    *,
    starts: int | None = None,
    ends: int | None = None,
    key_type: trustme.KeyType = trustme.KeyType.ECDSA,
) -> ssl.SSLContext:
    """The server side of TLS; `starts` and `ends` are years."""
    first = None if starts is None else datetime.datetime(starts, 1, 1, tzinfo=datetime.UTC)
    last = None if ends is None else datetime.datetime(ends, 1, 1, tzinfo=datetime.UTC)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, not_before=first, not_after=last, key_type=key_type).configure_cert(context)
    return context


def make_old_tls(ciphers: str) -> ssl.SSLContext:
    context = make_tls(key_type=trustme.KeyType.RSA)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(ciphers)
    return context


def make_h2_tls() -> ssl.SSLContext:
    context = make_tls()
    context.set_alpn_protocols(["h2"])
    return context


def make_curious_tls() -> ssl.SSLContext:
    context = make_tls()
    context.verify_mode = ssl.CERT_OPTIONAL
    AUTHORITY.configure_trust(context)
    return context


def around(first: Script, then: Script) -> OddServer:
    return OddServer((first, then))


PACKED: Final = gzip.compress(PAGE, mtime=0)

CASES: Final[dict[str, tuple[OddServer, Told]]] = {
    # --- how a body ends ---
    "a length": (odd(READ, answer()), FINE),
    "http/1.0": (odd(READ, b"HTTP/1.0 200 OK\r\n\r\n" + PAGE, CLOSE), FINE),
    "no length, then the end": (odd(READ, headless(b""), CLOSE), FINE),
    "no length, then a reset": (odd(READ, headless(b""), 0.2, RESET), SILENT),
    "chunks": (odd(READ, CHUNKED + chunk(PAGE) + b"0\r\n\r\n"), FINE),
    "chunks with trailers": (odd(READ, CHUNKED + chunk(PAGE) + b"0\r\nX-A: b\r\n\r\n"), FINE),
    "chunks with extensions": (
        odd(READ, CHUNKED + b"%x;a=b\r\n" % len(PAGE) + PAGE + b"\r\n0\r\n\r\n"),
        FINE,
    ),
    "chunks cut off": (odd(READ, CHUNKED + chunk(PAGE), CLOSE), SILENT),
    "chunks of no size": (odd(READ, CHUNKED + b"zz\r\n" + PAGE, CLOSE), SILENT),
    "shorter than its length": (odd(READ, SHUT_MIDWAY, CLOSE), SILENT),
    "shorter than its length, hanging": (odd(READ, SHUT_MIDWAY, 4.0), SILENT),
    "a 404 cut off": (
        odd(READ, b"HTTP/1.1 404 Not Found\r\nContent-Length: 99999\r\n\r\n" + PAGE, CLOSE),
        SILENT,
    ),
    "the same length twice": (odd(READ, answer(LENGTH)), FINE),
    "two lengths": (odd(READ, answer(b"Content-Length: 5\r\n"), CLOSE), SILENT),
    "a length below zero": (odd(READ, headless(b"Content-Length: -1\r\n"), CLOSE), EITHER),
    "a length that is a word": (odd(READ, headless(b"Content-Length: many\r\n"), CLOSE), EITHER),
    "a length beside chunks": (
        odd(READ, answer(b"Transfer-Encoding: chunked\r\n", chunk(PAGE) + b"0\r\n\r\n"), CLOSE),
        FINE,
    ),
    "an unknown transfer coding": (odd(READ, answer(b"Transfer-Encoding: foo\r\n"), CLOSE), EITHER),
    # --- what stands before the answer ---
    "100 first": (odd(READ, b"HTTP/1.1 100 Continue\r\n\r\n" + answer()), FINE),
    "early hints": (odd(READ, b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + answer()), FINE),
    "much processing": (odd(READ, b"HTTP/1.1 102 Processing\r\n\r\n" * 40 + answer()), FINE),
    "another protocol": (
        odd(READ, b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", 0.2, CLOSE),
        SILENT,
    ),
    "an empty line first": (odd(READ, b"\r\n" + answer()), EITHER),
    # --- status lines ---
    "no reason phrase": (odd(READ, answer(status=b"HTTP/1.1 200")), FINE),
    "a reason in Chinese": (odd(READ, answer(status="HTTP/1.1 200 好".encode())), FINE),
    "line feeds only": (odd(READ, answer().replace(b"\r\n", b"\n")), FINE),
    "http/1.2": (odd(READ, answer(status=b"HTTP/1.2 200 OK")), EITHER),
    "http in small letters": (odd(READ, answer(status=b"http/1.1 200 OK"), CLOSE), EITHER),
    "http/0.9": (odd(READ, PAGE, CLOSE), SILENT),
    "a radio": (odd(READ, answer(status=b"ICY 200 OK"), CLOSE), EITHER),
    "garbage": (odd(READ, b"\x00\x01\x02 garbage\r\n\r\n", CLOSE), SILENT),
    "an SSH server": (odd(b"SSH-2.0-OpenSSH_9.2\r\n", READ, CLOSE), SILENT),
    "status 999": (odd(READ, answer(status=b"HTTP/1.1 999 No", body=b"")), Told(status=999)),
    "status 20": (odd(READ, answer(status=b"HTTP/1.1 20 OK"), CLOSE), SILENT),
    "status 000": (odd(READ, answer(status=b"HTTP/1.1 000 OK"), CLOSE), SILENT),
    "a status that is a word": (odd(READ, answer(status=b"HTTP/1.1 abc OK"), CLOSE), SILENT),
    "204 with a body": (odd(READ, answer(status=b"HTTP/1.1 204 None"), CLOSE), Told(status=204)),
    "304 with a length": (
        odd(READ, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 300\r\n\r\n"),
        Told(status=304),
    ),
    "407 from no proxy": (odd(READ, answer(status=b"HTTP/1.1 407 Proxy", body=b"")), Told(status=407)),
    "404": (odd(READ, answer(status=b"HTTP/1.1 404 Not Found")), Told(status=404)),
    # --- headers ---
    "a folded header": (odd(READ, answer(b"X-A: one\r\n two\r\n")), FINE),
    "a blank before the colon": (odd(READ, answer(b"X-A : b\r\n"), CLOSE), EITHER),
    "a header without a colon": (odd(READ, answer(b"Nonsense\r\n"), CLOSE), EITHER),
    "a header without a name": (odd(READ, answer(b": x\r\n"), CLOSE), EITHER),
    "a zero byte": (odd(READ, answer(b"X-A: a\x00b\r\n"), CLOSE), EITHER),
    "bytes beyond ASCII": (odd(READ, answer(b"X-A: \xff\xfe\xe5\r\n")), FINE),
    "a header of 20 kB": (odd(READ, answer(b"X-A: " + b"a" * 20_000 + b"\r\n")), FINE),
    "a header of 150 kB": (odd(READ, answer(b"X-A: " + b"a" * 150_000 + b"\r\n"), CLOSE), EITHER),
    "200 headers": (odd(READ, answer(b"".join(b"X-%d: a\r\n" % n for n in range(200)))), FINE),
    "2,000 headers": (odd(READ, answer(b"".join(b"X-%d: a\r\n" % n for n in range(2_000))), CLOSE), SILENT),
    "headers without end": (odd(READ, b"HTTP/1.1 200 OK\r\n", *[b"X-A: a\r\n" * 9_000] * 20, CLOSE), SILENT),
    # --- how a connection ends ---
    "closed at once": (odd(CLOSE), SILENT),
    "reset at once": (odd(RESET), SILENT),
    "closed after the request": (odd(READ, CLOSE), SILENT),
    "reset after the request": (odd(READ, RESET), SILENT),
    "half closed after the request": (odd(READ, Act.HALF_CLOSE), SILENT),
    "closed within the headers": (odd(READ, b"HTTP/1.1 200 OK\r\n", CLOSE), SILENT),
    "never an answer": (odd(READ, 4.0), SILENT),
    "slow but alive": (odd(READ, 0.5, answer()[:40], 0.5, answer()[40:]), FINE),
    "nobody listens": (OddServer(((),), is_listening=False), Told(against=Reason.CONNECTION_REFUSED)),
    # --- redirects ---
    "a redirect that closes": (around((READ, MOVED + b"\r\n", CLOSE), (READ, answer())), FINE),
    "a redirect of 100 kB": (
        around(
            (READ, MOVED + b"Content-Length: 100000\r\n\r\n" + b"x" * 100_000, READ, answer()),
            (READ, answer()),
        ),
        FINE,
    ),
    "a redirect with two places": (
        odd(READ, answer(b"Location: /c\r\n", b"", MOVED[:-2]), READ, answer()),
        FINE,
    ),
    "a redirect to nowhere": (
        odd(READ, b"HTTP/1.1 302 Found\r\nLocation: \r\nContent-Length: 0\r\n\r\n"),
        Told(status=302),
    ),
    # --- codings ---
    "gzip": (odd(READ, answer(b"Content-Encoding: gzip\r\n", PACKED)), FINE),
    "gzip that is none": (odd(READ, answer(b"Content-Encoding: gzip\r\n")), SILENT),
    "deflate without a head": (
        odd(READ, headless(b"Content-Encoding: deflate\r\n", zlib.compress(PAGE)[2:-4]), CLOSE),
        FINE,
    ),
    "an unknown coding": (odd(READ, answer(b"Content-Encoding: utf-8\r\n")), FINE),
    # --- TLS ---
    "TLS": (odd_tls(READ, answer()), FINE),
    "TLS 1.2 at most": (odd_tls(READ, answer(), tls=make_old_tls("DEFAULT")), FINE),
    "TLS without forward secrecy": (odd_tls(READ, answer(), tls=make_old_tls("AES128-SHA")), FINE),
    "TLS that offers h2 only": (odd_tls(READ, answer(), tls=make_h2_tls()), FINE),
    "TLS that would like a certificate": (odd_tls(READ, answer(), tls=make_curious_tls()), FINE),
    "TLS until the end": (odd_tls(READ, headless(b""), CLOSE), FINE),
    "TLS that ends without notice": (odd_tls(READ, headless(b""), CLOSE_RAW), FINE),
    "TLS cut within the body": (odd_tls(READ, SHUT_MIDWAY, CLOSE_RAW), SILENT),
    "TLS closed after the handshake": (odd_tls(CLOSE_RAW), SILENT),
    "TLS reset after the handshake": (odd_tls(RESET), SILENT),
    "TLS reset after the request": (odd_tls(READ, RESET), SILENT),
    "closed in the handshake": (odd_handshake(PEEK, CLOSE), SILENT),
    "reset in the handshake": (odd_handshake(PEEK, RESET), SILENT),
    "no word in the handshake": (odd_handshake(PEEK, 4.0), SILENT),
    "another name's certificate": (
        odd_tls(READ, answer(), tls=make_tls("other.example.org")),
        Told(against=Reason.TLS_FAILURE),
    ),
    "an unknown authority": (
        odd_tls(READ, answer(), tls=make_tls(authority=STRANGER)),
        Told(against=Reason.TLS_FAILURE),
    ),
    "a certificate that is over": (
        odd_tls(READ, answer(), tls=make_tls(ends=2001)),
        Told(against=Reason.TLS_FAILURE),
    ),
    "a certificate of the future": (odd_tls(READ, answer(), tls=make_tls(starts=2400, ends=2401)), SILENT),
    "plain http where TLS is asked": (
        odd_handshake(PEEK, b"HTTP/1.1 400 Bad Request\r\n\r\n", CLOSE),
        Told(against=Reason.TLS_FAILURE),
    ),
    "no common cipher": (odd_handshake(PEEK, ALERT + b"\x28", CLOSE), Told(against=Reason.TLS_FAILURE)),
    "no common version": (odd_handshake(PEEK, ALERT + b"\x46", CLOSE), Told(against=Reason.TLS_FAILURE)),
    "an unknown name": (odd_handshake(PEEK, ALERT + b"\x70", CLOSE), Told(against=Reason.TLS_FAILURE)),
}

HANGING: Final = {"shorter than its length, hanging", "never an answer", "no word in the handshake"}

KEPT_ALIVE: Final[dict[str, OddServer]] = {
    "stays open": odd(READ, answer(), READ, answer()),
    "says that it closes": odd(READ, answer(b"Connection: close\r\n"), CLOSE),
    "closes when idle": odd(READ, answer(), CLOSE),
    "is reset when idle": odd(READ, answer(), 0.1, RESET),
    "sends more than was asked for": odd(READ, answer() + answer(), READ, answer()),
    "is reset when idle, TLS": odd_tls(READ, answer(), 0.1, RESET),
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, list[FetchResult]]]:
    """Every server asked once, those of KEPT_ALIVE twice, all at the same time."""
    ca_file = tmp_path_factory.mktemp("odd") / "ca.pem"
    ca_file.write_bytes(AUTHORITY.cert_pem.bytes())
    servers = {name: server for name, (server, _) in CASES.items()} | KEPT_ALIVE
    started = {name: server.start() for name, server in servers.items()}
    try:
        addresses = {name: url for name, (_, url) in started.items()}
        yield asyncio.run(ask_all(addresses, ca_file))
    finally:
        for listening, _ in started.values():
            listening.close()


async def ask_all(addresses: dict[str, str], ca_file: Path) -> dict[str, list[FetchResult]]:
    hanging = {name: url for name, url in addresses.items() if name in HANGING}
    others = {name: url for name, url in addresses.items() if name not in HANGING}
    first, second = await asyncio.gather(
        ask_with_patience(hanging, ca_file, SHORT_PATIENCE_SECONDS),
        ask_with_patience(others, ca_file, PATIENCE_SECONDS),
    )
    return first | second


async def ask_with_patience(
    addresses: dict[str, str], ca_file: Path, seconds: float
) -> dict[str, list[FetchResult]]:
    network = NetworkSettings(
        allow_private_addresses=True,
        timeout_seconds=seconds,
        per_host_interval_seconds=0.0,
        per_host_concurrency=len(addresses),
        concurrency=len(addresses),
    )
    settings, clock = Settings(network=network), SystemClock()
    wiring = (settings, NetworkEnvironment(ca_file=str(ca_file)), Politeness(settings, clock), RequestMeter())
    async with Fetcher(*wiring, clock) as fetcher:

        async def ask(name: str, url: str) -> list[FetchResult]:
            asked = [await fetcher.get(url)]
            if name in KEPT_ALIVE:
                await asyncio.sleep(0.2)
                asked.append(await fetcher.get(url))
            return asked

        return dict(
            zip(addresses, await asyncio.gather(*(ask(*item) for item in addresses.items())), strict=True)
        )


def is_whole_page(result: FetchResult) -> bool:
    return result.failure is None and result.status == 200 and result.body == PAGE


@pytest.mark.parametrize("name", CASES)
def test_what_comes_of(name: str, results: dict[str, list[FetchResult]]) -> None:
    (result,) = results[name]
    told = CASES[name][1]
    if told.against is not None:
        assert result.failure is not None
        assert (result.failure.outcome, result.failure.reason) == (Outcome.UNREACHABLE, told.against)
    elif told.status is not None:
        assert (result.failure, result.status) == (None, told.status)
    else:
        is_silent = result.failure is not None and result.failure.outcome is Outcome.FAILED
        assert (told.page and is_whole_page(result)) or (told.silence and is_silent), result


@pytest.mark.parametrize("name", KEPT_ALIVE)
def test_a_connection_is_used_again_without_harm(name: str, results: dict[str, list[FetchResult]]) -> None:
    assert [is_whole_page(result) for result in results[name]] == [True, True], results[name]
