"""Every fault at every resolver: the reason it is given, and what five such nights make of a healthy link.

One row a fault, one column a resolver. A cell reads `reason state`; the archives give no reasons, there a
cell says whether a copy, surely none or nothing at all is known.
"""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from datetime import timedelta
from ipaddress import IPv4Address, ip_address
from typing import Any, Final

import pytest

from crawler.clock import SimulatedClock
from crawler.fetch.client import Fetcher
from crawler.fetch.environment import NetworkEnvironment
from crawler.fetch.meter import RequestMeter
from crawler.fetch.politeness import Politeness
from crawler.judge import judge
from crawler.links.classify import link_of
from crawler.records import Health, Observation, Question, State
from crawler.resolve.archive import ArchiveCopy, ArchiveResolver, Unknown
from crawler.resolve.arxiv.resolver import ArxivResolver
from crawler.resolve.github.resolver import GitHubResolver
from crawler.resolve.huggingface.resolver import HuggingFaceResolver
from crawler.resolve.web.resolver import WebResolver
from crawler.sandbox import faults
from crawler.sandbox.authority import Flaw
from crawler.sandbox.demo_world import DEMO_TOKENS
from crawler.sandbox.direct import lead_connections
from crawler.sandbox.faults import Fault
from crawler.sandbox.messages import Response
from crawler.sandbox.server import Sandbox
from crawler.sandbox.web_pages import Fate
from crawler.sandbox.world import World
from crawler.settings import HealthSettings
from tests.conftest import patience_seconds

REPOSITORY: Final = Question(link_of("https://github.com/owner/name"))
MODEL: Final = Question(link_of("https://huggingface.co/owner/name"))
PAPER: Final = Question(link_of("https://arxiv.org/abs/2305.15334"))
PUBLIC_LOOKING: Final = IPv4Address("93.184.216.34")
"""The guard is on; whatever connects there is led into the sandbox before any socket sees it."""
PAGE: Final = Question(link_of("https://pages.example.org/deep/page"))

COLUMNS: Final[dict[str, tuple[Any, Question, dict[str, str], tuple[str, ...]]]] = {
    "github+token": (GitHubResolver, REPOSITORY, DEMO_TOKENS, ("api.github.com",)),
    "github": (GitHubResolver, REPOSITORY, {}, ("api.github.com", "github.com")),
    "hub+token": (HuggingFaceResolver, MODEL, DEMO_TOKENS, ("huggingface.co",)),
    "hub": (HuggingFaceResolver, MODEL, {}, ("huggingface.co",)),
    "arxiv api": (ArxivResolver, PAPER, {}, ("export.arxiv.org",)),
    "arxiv oai": (ArxivResolver, PAPER, {}, ("oaipmh.arxiv.org",)),
    "web": (WebResolver, PAGE, {}, ("pages.example.org",)),
    "archive": (
        ArchiveResolver,
        PAGE,
        {},
        ("archive.org", "web.archive.org", "archive.softwareheritage.org"),
    ),
}

HOTEL: Final = "<html><head><title>Welcome to the hotel</title></head><body><p>Room number?</p></body></html>"


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stricter than for all tests about connections, and lets the made-up public addresses be named."""
    real_connect = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        assert ip_address(address[0]).is_loopback, f"a test wanted to connect to {address[0]!r}"
        real_connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


def json_text(text: str) -> Fault:
    return faults.answer(Response(200, (("Content-Type", "application/json"),), text.encode()))


def xml_text(text: str) -> Fault:
    return faults.answer(Response(200, (("Content-Type", "application/atom+xml"),), text.encode()))


FAULTS: Final[dict[str, Fault | None]] = {
    "none": None,
    "missing": None,
    "200 of a hotel": faults.answer(Response.of_html(HOTEL)),
    "200 empty": faults.answer(Response(200, (), b"")),
    "200 cut json": json_text('{"data": {"r0": {"nameWith'),
    "200 json list": json_text("[]"),
    "200 json null": json_text("null"),
    "200 cut xml": xml_text("<feed><entry><id>"),
    "301 elsewhere": faults.redirect("https://evil.example/", 301),
    "302 to itself": faults.redirect("?again", 302),
    "302 to private": faults.redirect("http://169.254.169.254/latest/", 302),
    "401": faults.status(401),
    "403": faults.status(403),
    "403 challenge": faults.status(403, headers=[("cf-mitigated", "challenge")]),
    "404": faults.status(404),
    "410": faults.status(410),
    "429": faults.status(429),
    "429 for hours": faults.status(429, retry_after=7200),
    "451": faults.status(451),
    "500": faults.status(500),
    "502": faults.status(502),
    "503": faults.status(503),
    "503 for hours": faults.status(503, retry_after=7200),
    "504": faults.status(504),
    "999": faults.status(999),
    "refused": faults.refused(),
    "no such host": faults.no_such_host(),
    "unroutable": faults.unroutable(),
    "wrong name": faults.bad_certificate(Flaw.WRONG_NAME),
    "expired": faults.bad_certificate(Flaw.EXPIRED),
    "tls aborted": faults.tls_aborted(),
    "closed": faults.closed(),
    "reset": faults.reset(),
    "cut off": faults.cut_off(),
    "malformed": faults.malformed(),
    "hang": faults.hang(),
    "hang in body": faults.hang_in_body(),
    "drip": faults.drip(0.05),
    "huge body": faults.huge_body(30_000_000),
    "bomb gzip": faults.bomb("gzip", 30_000_000),
    "bomb br": faults.bomb("br", 30_000_000),
    "bomb zstd": faults.bomb("zstd", 30_000_000),
    "many headers": faults.with_headers(*((f"X-{number}", "x") for number in range(90))),
    "300 headers": faults.with_headers(*((f"X-{number}", "x") for number in range(300))),
    "long header": faults.with_headers(("X-Long", "x" * 200_000)),
}
SLOW: Final = {"hang", "hang in body", "drip", "huge body", "bomb gzip", "bomb br", "bomb zstd"}

MATRIX: Final = """
fault          | github+token               | github                     | hub+token                  | hub                        | arxiv api                  | arxiv oai  | web                        | archive
none           | ok healthy                 | ok healthy                 | ok healthy                 | ok healthy                 | ok healthy                 | ok healthy | ok healthy                 | copy
missing        | not-found dead             | not-found dead             | not-found dead             | missing-or-private suspect | gone dead                  | gone dead  | not-found dead             | copy
200 of a hotel | skipped healthy            | skipped healthy            | server-error suspect       | server-error suspect       | server-error suspect       | ok healthy | ok healthy                 | unknown
200 empty      | skipped healthy            | skipped healthy            | server-error suspect       | server-error suspect       | server-error suspect       | ok healthy | ok healthy                 | unknown
200 cut json   | skipped healthy            | skipped healthy            | server-error suspect       | server-error suspect       | server-error suspect       | ok healthy | ok healthy                 | unknown
200 json list  | skipped healthy            | skipped healthy            | server-error suspect       | server-error suspect       | server-error suspect       | ok healthy | ok healthy                 | unknown
200 json null  | skipped healthy            | skipped healthy            | server-error suspect       | server-error suspect       | server-error suspect       | ok healthy | ok healthy                 | unknown
200 cut xml    | skipped healthy            | skipped healthy            | server-error suspect       | server-error suspect       | server-error suspect       | ok healthy | ok healthy                 | unknown
301 elsewhere  | skipped healthy            | skipped healthy            | skipped healthy            | skipped healthy            | skipped healthy            | ok healthy | redirected moved           | unknown
302 to itself  | too-many-redirects suspect | too-many-redirects suspect | too-many-redirects suspect | too-many-redirects suspect | too-many-redirects suspect | ok healthy | too-many-redirects suspect | unknown
302 to private | skipped healthy            | skipped healthy            | skipped healthy            | skipped healthy            | skipped healthy            | ok healthy | private-address healthy    | unknown
401            | ok healthy                 | login-required restricted  | login-required restricted  | login-required restricted  | skipped healthy            | ok healthy | login-required restricted  | unknown
403            | ok healthy                 | bot-wall restricted        | bot-wall restricted        | bot-wall restricted        | skipped healthy            | ok healthy | bot-wall restricted        | unknown
403 challenge  | ok healthy                 | bot-wall restricted        | bot-wall restricted        | bot-wall restricted        | skipped healthy            | ok healthy | bot-wall restricted        | unknown
404            | skipped healthy            | skipped healthy            | skipped healthy            | skipped healthy            | skipped healthy            | ok healthy | not-found dead             | unknown
410            | skipped healthy            | skipped healthy            | skipped healthy            | skipped healthy            | skipped healthy            | ok healthy | gone dead                  | unknown
429            | rate-limited healthy       | rate-limited healthy       | rate-limited healthy       | rate-limited healthy       | rate-limited healthy       | ok healthy | rate-limited healthy       | unknown
429 for hours  | rate-limited healthy       | rate-limited healthy       | rate-limited healthy       | rate-limited healthy       | rate-limited healthy       | ok healthy | rate-limited healthy       | unknown
451            | skipped healthy            | skipped healthy            | skipped healthy            | skipped healthy            | skipped healthy            | ok healthy | legal dead                 | unknown
500            | server-error suspect       | server-error suspect       | server-error suspect       | server-error suspect       | server-error suspect       | ok healthy | server-error suspect       | unknown
502            | server-error suspect       | server-error suspect       | server-error suspect       | server-error suspect       | server-error suspect       | ok healthy | server-error suspect       | unknown
503            | server-error suspect       | server-error suspect       | server-error suspect       | server-error suspect       | server-error suspect       | ok healthy | server-error suspect       | unknown
503 for hours  | server-error suspect       | server-error suspect       | rate-limited healthy       | server-error suspect       | rate-limited healthy       | ok healthy | server-error suspect       | unknown
504            | server-error suspect       | server-error suspect       | server-error suspect       | server-error suspect       | server-error suspect       | ok healthy | server-error suspect       | unknown
999            | skipped healthy            | server-error suspect       | server-error suspect       | server-error suspect       | server-error suspect       | ok healthy | bot-wall restricted        | unknown
refused        | connection-refused suspect | connection-refused suspect | connection-refused suspect | connection-refused suspect | connection-refused suspect | ok healthy | connection-refused dead    | unknown
no such host   | dns-failure suspect        | dns-failure suspect        | dns-failure suspect        | dns-failure suspect        | dns-failure suspect        | ok healthy | dns-failure dead           | unknown
unroutable     | connection-refused suspect | connection-refused suspect | connection-refused suspect | connection-refused suspect | connection-refused suspect | ok healthy | connection-refused suspect | unknown
wrong name     | tls-failure suspect        | tls-failure suspect        | tls-failure suspect        | tls-failure suspect        | tls-failure suspect        | ok healthy | tls-failure dead           | unknown
expired        | tls-failure suspect        | tls-failure suspect        | tls-failure suspect        | tls-failure suspect        | tls-failure suspect        | ok healthy | tls-failure dead           | unknown
tls aborted    | connection-reset suspect   | connection-reset suspect   | connection-reset suspect   | connection-reset suspect   | connection-reset suspect   | ok healthy | connection-reset suspect   | unknown
closed         | connection-reset suspect   | connection-reset suspect   | connection-reset suspect   | connection-reset suspect   | connection-reset suspect   | ok healthy | connection-reset suspect   | unknown
reset          | connection-reset suspect   | connection-reset suspect   | connection-reset suspect   | connection-reset suspect   | connection-reset suspect   | ok healthy | connection-reset suspect   | unknown
cut off        | connection-reset suspect   | connection-reset suspect   | connection-reset suspect   | connection-reset suspect   | connection-reset suspect   | ok healthy | connection-reset suspect   | unknown
malformed      | connection-reset suspect   | connection-reset suspect   | connection-reset suspect   | connection-reset suspect   | connection-reset suspect   | ok healthy | connection-reset suspect   | unknown
hang           | timeout suspect            | timeout suspect            | timeout suspect            | timeout suspect            | timeout suspect            | ok healthy | timeout suspect            | unknown
hang in body   | timeout suspect            | timeout suspect            | timeout suspect            | timeout suspect            | timeout suspect            | ok healthy | timeout suspect            | unknown
drip           | timeout suspect            | timeout suspect            | timeout suspect            | timeout suspect            | timeout suspect            | ok healthy | timeout suspect            | unknown
huge body      | body-too-large suspect     | skipped healthy            | body-too-large suspect     | body-too-large suspect     | body-too-large suspect     | ok healthy | body-too-large suspect     | unknown
bomb gzip      | body-too-large suspect     | skipped healthy            | body-too-large suspect     | body-too-large suspect     | body-too-large suspect     | ok healthy | body-too-large suspect     | unknown
bomb br        | body-too-large suspect     | skipped healthy            | body-too-large suspect     | body-too-large suspect     | body-too-large suspect     | ok healthy | body-too-large suspect     | unknown
bomb zstd      | skipped healthy            | skipped healthy            | server-error suspect       | server-error suspect       | body-too-large suspect     | ok healthy | body-too-large suspect     | unknown
many headers   | ok healthy                 | ok healthy                 | ok healthy                 | ok healthy                 | ok healthy                 | ok healthy | ok healthy                 | copy
300 headers    | connection-reset suspect   | server-error suspect       | ok healthy                 | ok healthy                 | server-error suspect       | ok healthy | server-error suspect       | unknown
long header    | connection-reset suspect   | server-error suspect       | connection-reset suspect   | connection-reset suspect   | server-error suspect       | ok healthy | server-error suspect       | unknown
"""  # noqa: E501 - a table is read by its columns


def make_missing(world: World) -> None:
    world.github.deleted.add("owner/name")
    world.hub.missing.add("models/owner/name")
    world.arxiv.deleted.add("2305.15334")
    world.web.fates[PAGE.link.canonical_url] = Fate.NOT_FOUND


async def ask(sandbox: Sandbox, clock: SimulatedClock, column: str) -> str:
    """The cell that this fault really gives."""
    resolver_class, question, variables, _hosts = COLUMNS[column]
    settings = sandbox.proxied_settings(network={"timeout_seconds": patience_seconds(sandbox.world)})
    environment = NetworkEnvironment.from_mapping({"SSL_CERT_FILE": sandbox.ca_file, **variables})
    politeness, meter = Politeness(settings, clock), RequestMeter()
    async with Fetcher(settings, environment, politeness, meter, clock) as fetcher:
        if column == "archive":
            match await ArchiveResolver(settings, fetcher, clock).find_copy(
                question.link.canonical_url, None
            ):
                case ArchiveCopy():
                    return "copy"
                case None:
                    return "none"
                case Unknown.UNKNOWN:
                    return "unknown"
        resolver = resolver_class(settings, environment, fetcher, politeness, meter, clock)
        seen: list[Observation] = []
        await resolver.resolve([question], seen.append)
    (observation,) = seen
    return f"{observation.reason} {state_after_five(observation)}"


def state_after_five(observation: Observation) -> State:
    health = Health(state=State.HEALTHY, last_alive_at=observation.observed_at)
    for night in range(5):
        at = observation.observed_at + timedelta(days=night)
        health = judge(health, replace(observation, observed_at=at), HealthSettings())
    return health.state


def read_matrix() -> dict[str, dict[str, str]]:
    header, *rows = [[cell.strip() for cell in line.split("|")] for line in MATRIX.strip().splitlines()]
    return {row[0]: dict(zip(header[1:], row[1:], strict=True)) for row in rows}


def meet(name: str, sandbox: Sandbox, world: World, clock: SimulatedClock) -> dict[str, str]:
    found = {}
    for column, (*_, hosts) in COLUMNS.items():
        world.faults.clear()
        if name == "missing":
            make_missing(world)
        fault = FAULTS[name]
        if fault is not None:
            for host in hosts:
                world.faults[host] = fault
        with lead_connections(sandbox, PUBLIC_LOOKING):
            found[column] = asyncio.run(ask(sandbox, clock, column))
    return found


def test_every_fault_has_a_row() -> None:
    assert read_matrix().keys() == FAULTS.keys()
    assert all(row.keys() == COLUMNS.keys() for row in read_matrix().values())


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in FAULTS]
)
def test_fault(name: str, sandbox: Sandbox, world: World, clock: SimulatedClock) -> None:
    assert meet(name, sandbox, world, clock) == read_matrix()[name]


def test_only_the_word_of_the_host_itself_kills() -> None:
    """Of all faults of an API none but the API's own clear word may lead to a death."""
    deadly = {
        (name, column)
        for name, row in read_matrix().items()
        for column, cell in row.items()
        if cell.endswith(" dead") and column != "web"
    }
    assert {name for name, _ in deadly} == {"missing"}
