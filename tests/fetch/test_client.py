"""The fetcher through the sandbox: as origin, as proxy, and directly with names led to it."""

from __future__ import annotations

import asyncio
import gzip
import socket
from typing import Any

import msgspec
import pytest

from crawler import __version__
from crawler.clock import SimulatedClock
from crawler.fetch.address import read_location
from crawler.fetch.client import MAX_REDIRECTS, PROJECT_PAGE, Fetcher, FetchResult, user_agent
from crawler.fetch.environment import NetworkEnvironment
from crawler.fetch.meter import RequestMeter
from crawler.fetch.politeness import Politeness
from crawler.records import Hop, Outcome, Reason
from crawler.sandbox import faults
from crawler.sandbox.messages import Request, Response
from crawler.sandbox.server import Sandbox
from crawler.sandbox.world import World
from crawler.settings import NetworkSettings, Settings

URL = "https://pages.example.org/page"


class Run:
    """What a test needs to fetch: settings, environment and what they count."""

    def __init__(self, settings: Settings, environment: NetworkEnvironment, clock: SimulatedClock) -> None:
        self.settings = settings
        self.environment = environment
        self.clock = clock
        self.meter = RequestMeter()
        self.politeness = Politeness(settings, clock)

    def get(self, *urls: str, **options: Any) -> list[FetchResult]:
        async def run() -> list[FetchResult]:
            async with Fetcher(
                self.settings, self.environment, self.politeness, self.meter, self.clock
            ) as fetcher:
                return [await fetcher.get(url, **options) for url in urls]

        return asyncio.run(run())

    def get_one(self, url: str, **options: Any) -> FetchResult:
        (result,) = self.get(url, **options)
        return result


@pytest.fixture
def proxied(sandbox: Sandbox, clock: SimulatedClock) -> Run:
    """Everything through the sandbox as proxy; a busy machine is no fault."""
    settings = sandbox.proxied_settings(network={"timeout_seconds": 30.0})
    return Run(settings, NetworkEnvironment.from_mapping(sandbox.environment()), clock)


@pytest.fixture
def impatient(sandbox: Sandbox, clock: SimulatedClock) -> Run:
    """The same, for hosts that take their time."""
    settings = sandbox.proxied_settings(network={"timeout_seconds": 0.5})
    return Run(settings, NetworkEnvironment.from_mapping(sandbox.environment()), clock)


@pytest.fixture
def direct(sandbox: Sandbox, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch) -> Run:
    """No proxy: every name resolves to the sandbox, private addresses are allowed."""

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    settings = sandbox.proxied_settings(network={"timeout_seconds": 30.0, "allow_private_addresses": True})
    return Run(settings, NetworkEnvironment(ca_file=sandbox.ca_file), clock)


# --- redirects -----------------------------------------------------------------------------------


def chain(*locations: tuple[int, str]) -> dict[str, Response]:
    """Pages /0, /1, … that redirect to the next address; the last location ends the chain."""
    return {
        f"https://pages.example.org/{number}": Response(status, (("Location", location),))
        for number, (status, location) in enumerate(locations)
    }


def test_redirects_are_followed_hop_by_hop(proxied: Run, world: World) -> None:
    world.web.pages |= chain((301, "/1"), (302, "https://other.example/x?a=b#part"))
    result = proxied.get_one("https://pages.example.org/0")
    assert result.redirect_chain == (
        Hop("https://pages.example.org/0", 301),
        Hop("https://pages.example.org/1", 302),
    )
    assert (result.status, result.final_url) == (200, "https://other.example/x?a=b#part")
    assert world.requests[-1].url == "https://other.example/x?a=b"
    assert proxied.meter.requests() == {"other.example": 1, "pages.example.org": 2}


def test_redirects_may_be_left_alone(proxied: Run, world: World) -> None:
    world.web.pages |= chain((301, "/1"))
    result = proxied.get_one("https://pages.example.org/0", follow_redirects=False)
    assert (result.status, result.headers["location"], result.redirect_chain) == (301, "/1", ())


def test_ten_redirects_are_enough(proxied: Run, world: World) -> None:
    world.web.pages |= chain(*((302, f"/{number + 1}") for number in range(MAX_REDIRECTS)))
    assert proxied.get_one("https://pages.example.org/0").status == 200
    world.web.pages |= chain(*((302, f"/{number + 1}") for number in range(MAX_REDIRECTS + 1)))
    result = proxied.get_one("https://pages.example.org/0")
    assert result.failure is not None
    assert result.failure.reason is Reason.TOO_MANY_REDIRECTS


def test_a_loop_is_seen_at_once(proxied: Run, world: World) -> None:
    world.web.pages |= chain((302, "/1"), (302, "/0"))
    result = proxied.get_one("https://pages.example.org/0")
    assert result.failure is not None
    assert result.failure.reason is Reason.TOO_MANY_REDIRECTS
    assert len(world.requests) == 2


def test_a_cookie_set_on_the_way_is_sent_back_once(proxied: Run, world: World) -> None:
    def page(_: World, request: Request) -> Response:
        if "seen=1" in request.headers.get("cookie", ""):
            return Response.of_html("<title>in</title>")
        return Response(302, (("Location", "/page"), ("Set-Cookie", "seen=1; Path=/")))

    world.web.pages[URL] = page
    first, _ = proxied.get(URL, "https://pages.example.org/other")
    assert (first.status, first.failure) == (200, None)
    assert "cookie" not in world.requests[-1].headers, "no cookie outlives its link"


@pytest.mark.parametrize(
    ("target", "keeps"),
    [
        ("https://pages.example.org/1", True),
        ("http://pages.example.org/1", False),
        ("https://pages.example.org:444/1", False),
        ("https://elsewhere.example/1", False),
    ],
)
def test_headers_stay_on_their_origin(proxied: Run, world: World, target: str, keeps: bool) -> None:
    world.web.pages |= chain((302, target))
    proxied.get_one("https://pages.example.org/0", headers={"Authorization": "Bearer made-up"})
    assert world.requests[0].headers["authorization"] == "Bearer made-up"
    assert ("authorization" in world.requests[1].headers) is keeps


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://127.0.0.1/", Reason.PRIVATE_ADDRESS),
        ("//0x7f.1/", Reason.PRIVATE_ADDRESS),
        ("http://2852039166/latest/meta-data", Reason.PRIVATE_ADDRESS),
        ("http://[::ffff:10.0.0.1]/", Reason.PRIVATE_ADDRESS),
        ("https://printer.local/", Reason.PRIVATE_ADDRESS),
        ("file:///etc/passwd", Reason.INVALID_URL),
        ("javascript:alert(1)", Reason.INVALID_URL),
        ("http://[bad/", Reason.INVALID_URL),
    ],
)
def test_where_a_redirect_must_not_lead(proxied: Run, world: World, location: str, reason: Reason) -> None:
    world.web.pages |= chain((302, location))
    result = proxied.get_one("https://pages.example.org/0")
    assert result.failure is not None
    assert (result.failure.reason, result.failure.outcome) == (reason, Outcome.SKIPPED)
    assert len(world.requests) == 1


@pytest.mark.parametrize(
    ("location", "asked"),
    [("/caf\u00e9", "/caf%C3%A9"), ("/a b|c", "/a%20b|c"), ("?x=\u6d4b", "/0?x=%E6%B5%8B")],
    ids=["not-ascii", "blank", "query-only"],
)
def test_a_location_is_read_as_browsers_do(proxied: Run, world: World, location: str, asked: str) -> None:
    world.web.pages |= chain((302, location))
    assert proxied.get_one("https://pages.example.org/0").status == 200
    assert world.requests[-1].url == f"https://pages.example.org{asked}"


def test_a_location_that_is_not_utf_8_keeps_its_bytes() -> None:
    assert read_location(b" /" + "\u6d4b\u8bd5".encode("gbk")) == "/%B2%E2%CA%D4"


def test_failed_handshakes_in_tunnels_leave_room_for_the_next_look(
    sandbox: Sandbox, world: World, clock: SimulatedClock
) -> None:
    world.faults["pages.example.org"] = faults.bad_certificate()
    settings = sandbox.proxied_settings(network={"timeout_seconds": 30.0, "per_host_concurrency": 1})
    run = Run(settings, NetworkEnvironment.from_mapping(sandbox.environment()), clock)

    async def fetch_all() -> list[FetchResult]:
        async with Fetcher(run.settings, run.environment, run.politeness, run.meter, run.clock) as fetcher:
            looks = [await fetcher.get(f"https://pages.example.org/{number}") for number in range(2)]
            world.faults.clear()
            return [*looks, await fetcher.get(URL)]

    *failed, answered = asyncio.run(asyncio.wait_for(fetch_all(), timeout=90))
    assert [look.failure and look.failure.reason for look in failed] == [Reason.TLS_FAILURE] * 2
    assert answered.status == 200


# --- endpoints the operator configured -----------------------------------------------------------


def test_a_trusted_endpoint_may_be_private(sandbox: Sandbox, clock: SimulatedClock) -> None:
    settings = sandbox.settings(network={"allow_private_addresses": False})
    run = Run(settings, NetworkEnvironment(), clock)
    url = f"{sandbox.url}/pages.example.org/page"
    refused = run.get_one(url)
    assert refused.failure is not None
    assert refused.failure.reason is Reason.PRIVATE_ADDRESS
    assert run.get_one(url, trusted=True).status == 200


def test_a_trusted_endpoint_must_not_send_us_elsewhere(
    sandbox: Sandbox, world: World, clock: SimulatedClock
) -> None:
    run = Run(sandbox.settings(), NetworkEnvironment(), clock)
    world.web.pages[URL] = Response(302, (("Location", "https://elsewhere.example/"),))
    result = run.get_one(f"{sandbox.url}/pages.example.org/page", trusted=True)
    assert result.failure is not None
    assert (result.failure.reason, result.failure.temporary) == (Reason.SKIPPED, True)
    assert result.status == 302


def test_a_trusted_loopback_endpoint_is_asked_without_the_proxy(
    sandbox: Sandbox, clock: SimulatedClock, refused_port: int
) -> None:
    environment = NetworkEnvironment(http_proxy=f"http://127.0.0.1:{refused_port}")
    run = Run(sandbox.settings(), environment, clock)
    assert run.get_one(f"{sandbox.url}/pages.example.org/page", trusted=True).status == 200


# --- the proxy -----------------------------------------------------------------------------------


@pytest.mark.parametrize("url", [URL, "http://pages.example.org/page"])
def test_a_proxy_that_is_down_says_nothing(clock: SimulatedClock, refused_port: int, url: str) -> None:
    proxy = f"http://127.0.0.1:{refused_port}"
    run = Run(Settings(), NetworkEnvironment(http_proxy=proxy, https_proxy=proxy), clock)
    result = run.get_one(url)
    assert result.status is None
    assert result.failure is not None
    assert (result.failure.reason, result.failure.temporary) == (Reason.SKIPPED, True)
    assert run.meter.requests() == {}, "nothing was sent to the host"


@pytest.mark.parametrize("fault", [faults.refused(), faults.no_such_host(), faults.unroutable()])
def test_a_proxy_that_cannot_connect_says_nothing(proxied: Run, world: World, fault: faults.Fault) -> None:
    world.faults["pages.example.org"] = fault
    result = proxied.get_one(URL)
    assert result.status is None
    assert result.failure is not None
    assert (result.failure.reason, result.failure.temporary) == (Reason.SKIPPED, True)


def test_a_proxy_that_wants_a_password_says_nothing(proxied: Run, world: World) -> None:
    world.faults["pages.example.org"] = faults.status(407)
    result = proxied.get_one("http://pages.example.org/page")
    assert (result.status, result.failure is not None and result.failure.temporary) == (None, True)


def test_behind_a_proxy_no_name_is_looked_up(proxied: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def getaddrinfo(host: str, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    results = proxied.get(URL, "http://pages.example.org/", "http://localhost/", "http://nas.local/")
    assert [result.status for result in results] == [200, 200, None, None]
    assert asked == []


def test_no_proxy_goes_straight(sandbox: Sandbox, world: World, direct: Run, refused_port: int) -> None:
    direct.environment = NetworkEnvironment(
        http_proxy=f"http://127.0.0.1:{refused_port}", no_proxy="pages.example.org"
    )
    assert direct.get_one(f"http://pages.example.org:{sandbox.port}/page").status == 200
    assert world.tunnels == []


# --- directly ------------------------------------------------------------------------------------


def test_the_name_goes_into_sni_and_host(sandbox: Sandbox, world: World, direct: Run) -> None:
    result = direct.get_one(f"https://pages.example.org:{sandbox.tls_port}/page")
    assert (result.status, result.failure) == (200, None)
    assert world.requests[-1].headers["host"] == f"pages.example.org:{sandbox.tls_port}"


def test_a_certificate_for_another_name(sandbox: Sandbox, world: World, direct: Run) -> None:
    world.faults["pages.example.org"] = faults.bad_certificate()
    result = direct.get_one(f"https://pages.example.org:{sandbox.tls_port}/page")
    assert result.failure is not None
    assert (result.failure.reason, result.failure.outcome) == (Reason.TLS_FAILURE, Outcome.UNREACHABLE)


def test_an_unknown_authority(sandbox: Sandbox, direct: Run) -> None:
    direct.environment = NetworkEnvironment()
    result = direct.get_one(f"https://pages.example.org:{sandbox.tls_port}/page")
    assert result.failure is not None
    assert result.failure.reason is Reason.TLS_FAILURE


def test_plain_http_where_tls_is_asked(sandbox: Sandbox, direct: Run) -> None:
    result = direct.get_one(f"https://pages.example.org:{sandbox.port}/page")
    assert result.failure is not None
    assert result.failure.reason in {Reason.TLS_FAILURE, Reason.CONNECTION_RESET}


def test_a_name_that_does_not_exist(clock: SimulatedClock) -> None:
    result = Run(Settings(), NetworkEnvironment(), clock).get_one("https://nowhere.invalid/x")
    assert result.failure is not None
    assert (result.failure.reason, result.failure.outcome) == (Reason.DNS_FAILURE, Outcome.UNREACHABLE)
    assert result.status is None


def test_a_private_name_is_not_even_connected_to(direct: Run, sandbox: Sandbox, world: World) -> None:
    direct.settings = sandbox.proxied_settings()
    result = direct.get_one(f"http://pages.example.org:{sandbox.port}/page")
    assert result.failure is not None
    assert result.failure.reason is Reason.PRIVATE_ADDRESS
    assert world.requests == []


# --- what is sent and counted --------------------------------------------------------------------


def test_an_idle_connection_that_died_is_no_answer(proxied: Run, world: World) -> None:
    world.faults[URL] = faults.reset(times=1)
    first, second = proxied.get("https://pages.example.org/first", URL)
    assert (first.status, second.status) == (200, 200)
    assert proxied.meter.requests() == {"pages.example.org": 3}


def test_a_new_connection_that_is_reset_is_not_asked_again(proxied: Run, world: World) -> None:
    world.faults[URL] = faults.reset(times=1)
    result = proxied.get_one(URL)
    assert result.failure is not None
    assert result.failure.reason is Reason.CONNECTION_RESET
    assert proxied.meter.requests() == {"pages.example.org": 1}


@pytest.mark.parametrize("status", [429, 503])
def test_a_short_retry_after_is_followed_once(proxied: Run, world: World, status: int) -> None:
    world.faults[URL] = faults.status(status, retry_after=10)
    result = proxied.get_one(URL)
    assert (result.status, result.failure) == (status, None)
    assert len(world.requests) == 2
    assert proxied.clock.monotonic() >= 10


def test_a_long_retry_after_ends_the_lane(proxied: Run, world: World) -> None:
    world.faults[URL] = faults.status(429, retry_after=7200)
    first, second = proxied.get(URL, "https://pages.example.org/other")
    assert first.status == 429
    assert second.failure is not None
    assert (second.failure.reason, second.failure.outcome) == (Reason.RATE_LIMITED, Outcome.THROTTLED)
    assert len(world.requests) == 1


def test_the_quota_reaches_the_lane(proxied: Run, world: World) -> None:
    world.faults[URL] = faults.with_headers(("X-RateLimit-Remaining", "41"), ("X-RateLimit-Limit", "60"))
    proxied.get_one(URL)
    assert proxied.politeness.lane("pages.example.org").quota == "41 of 60"


def test_an_honest_client(proxied: Run, world: World) -> None:
    proxied.get_one("https://pages.example.org/a%20b/%7Ec?x=%2F&y=|#part")
    request = world.requests[-1]
    assert request.headers["user-agent"] == f"crawler/{__version__} (+{PROJECT_PAGE})"
    assert request.url == "https://pages.example.org/a%20b/%7Ec?x=%2F&y=|"


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        (NetworkSettings(contact="mail@example.org"), f"crawler/{__version__} (+mail@example.org)"),
        (NetworkSettings(user_agent="lists/2"), f"lists/2 (+{PROJECT_PAGE})"),
        (
            NetworkSettings(user_agent="lists/2", contact="https://example.org"),
            "lists/2 (+https://example.org)",
        ),
    ],
)
def test_user_agent(network: NetworkSettings, expected: str) -> None:
    assert user_agent(network) == expected


def test_credentials_in_an_address_are_not_sent(proxied: Run, world: World) -> None:
    result = proxied.get_one("https://user:made-up@pages.example.org/page")
    assert "authorization" not in world.requests[-1].headers
    assert result.final_url == URL


# --- bounds --------------------------------------------------------------------------------------


def test_a_body_is_capped(proxied: Run, world: World) -> None:
    world.web.pages[URL] = Response(200, (("Content-Type", "text/plain"),), b"x" * 5000)
    result = proxied.get_one(URL, max_body_bytes=1000)
    assert (result.body, result.truncated) == (b"x" * 1000, True)
    whole = proxied.get_one(URL, max_body_bytes=5000)
    assert (len(whole.body), whole.truncated) == (5000, False)


def test_a_body_is_decompressed(proxied: Run, world: World) -> None:
    headers = (("Content-Encoding", "gzip"), ("Content-Type", "text/plain"))
    world.web.pages[URL] = Response(200, headers, gzip.compress(b"unpacked"))
    assert proxied.get_one(URL).body == b"unpacked"


def test_a_body_under_a_false_coding_says_nothing(proxied: Run, world: World) -> None:
    world.web.pages[URL] = Response(200, (("Content-Encoding", "gzip"),), b"plain")
    result = proxied.get_one(URL)
    assert result.status == 200
    assert result.failure is not None
    assert (result.failure.reason, result.failure.outcome) == (Reason.SERVER_ERROR, Outcome.FAILED)


def test_reading_ends_when_it_is_enough(proxied: Run, world: World) -> None:
    world.faults["pages.example.org"] = faults.huge_body(50_000_000)
    result = proxied.get_one(URL, enough=lambda headers, body: len(body) > 10)
    assert result.truncated
    assert proxied.meter.bytes()["pages.example.org"] < 1_000_000


@pytest.mark.parametrize(
    "headers",
    [
        [(f"X-{number}", "made up") for number in range(300)],
        [("X-Long", "x" * 200_000)],
    ],
    ids=["many", "long"],
)
def test_headers_are_bounded(proxied: Run, world: World, headers: list[tuple[str, str]]) -> None:
    world.faults[URL] = faults.with_headers(*headers)
    result = proxied.get_one(URL)
    assert result.failure is not None
    assert result.failure.reason is Reason.SERVER_ERROR


def test_a_whole_look_takes_at_most_three_timeouts(impatient: Run, world: World) -> None:
    import time

    world.faults["pages.example.org"] = faults.drip(0.1)
    began = time.monotonic()
    result = impatient.get_one(URL)
    assert result.failure is not None
    assert result.failure.reason is Reason.TIMEOUT
    assert time.monotonic() - began < 3 * 0.5 + 20.0


def test_slow_redirects_share_the_time_of_one_look(impatient: Run, world: World) -> None:
    import time

    world.web.pages |= chain(*((302, f"/{number + 1}") for number in range(9)))
    world.faults["pages.example.org"] = faults.delay(0.4)
    began = time.monotonic()
    result = impatient.get_one("https://pages.example.org/0")
    assert result.failure is not None
    assert result.failure.reason is Reason.TIMEOUT
    assert time.monotonic() - began < 3 * 0.5 + 20.0


@pytest.mark.parametrize(
    "url",
    [
        "",
        "//",
        "ftp://example.org/",
        "mailto:a@example.org",
        "http://",
        "http://[bad/",
        "http://exa mple.org/",
        "http://example.org:99999/",
        "https://" + "a" * 20_000,
        "http://\x00/",
    ],
)
def test_what_is_no_address(clock: SimulatedClock, url: str) -> None:
    result = Run(Settings(), NetworkEnvironment(), clock).get_one(url)
    assert result.failure is not None
    assert result.failure.reason is Reason.INVALID_URL


def test_headers_that_cannot_be_sent(proxied: Run, world: World) -> None:
    for value in ("line\r\nbreak", "caf\u00e9 \u6d4b"):
        result = proxied.get_one(URL, headers={"If-None-Match": value})
        assert result.failure is not None
        assert result.failure.reason is Reason.INVALID_URL
    assert world.requests == []


def test_many_origins_keep_few_connections(sandbox: Sandbox, proxied: Run, world: World) -> None:
    proxied.settings = msgspec.convert({"network": {"per_host_interval_seconds": 0}}, Settings)

    async def run() -> int:
        async with Fetcher(
            proxied.settings, proxied.environment, proxied.politeness, proxied.meter, proxied.clock
        ) as fetcher:
            for number in range(200):
                assert (await fetcher.get(f"http://host{number}.example/")).status == 200
            return len(sandbox.connections)

    assert asyncio.run(run()) <= 140


@pytest.mark.parametrize(
    "url",
    [
        "https://printer.local/",
        "http://localhost:9200/_search",
        "https://metadata.google.internal/computeMetadata/v1/",
        "http://169.254.169.254/latest/meta-data",
        "http://2852039166/latest/meta-data",
        "https://0x7f.1/",
        "https://[::ffff:169.254.169.254]/",
        "https://[2002:7f00:1::]/",
        "https://[64:ff9b::a00:1]/",
        "http://127。0。0。1/",
        "http://user:password@127.1.:80/",
    ],
)
def test_behind_a_proxy_private_targets_are_refused_by_name_and_literal(
    proxied: Run, world: World, url: str
) -> None:
    result = proxied.get_one(url)
    assert result.failure is not None
    assert result.failure.reason is Reason.PRIVATE_ADDRESS
    assert (world.requests, world.tunnels) == ([], [])


def test_no_secret_of_an_address_stands_in_what_is_told(proxied: Run, world: World) -> None:
    world.web.pages["https://pages.example.org/0?token=opensesame"] = Response(
        302, (("Location", "/0?token=opensesame"),), b""
    )
    result = proxied.get_one("https://pages.example.org/0?token=opensesame")
    assert result.failure is not None
    assert "opensesame" not in result.failure.detail
    broken = proxied.get_one("http://me:pass-word@[bad/")
    assert broken.failure is not None
    assert "pass-word" not in broken.failure.detail
