"""Hosts that answer 200 to anything: one sibling a week, a strike only for a page that lost what it had."""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.clock import SimulatedClock
from crawler.fetch.client import Fetcher
from crawler.fetch.environment import NetworkEnvironment
from crawler.fetch.meter import RequestMeter
from crawler.fetch.politeness import Politeness
from crawler.links.classify import link_of
from crawler.records import Known, Outcome, Question, Reason, Sibling
from crawler.resolve.web.catch_all import choose_hosts, judge_by_sibling, sibling_of
from crawler.resolve.web.page import read_page
from crawler.resolve.web.resolver import WebResolver
from crawler.sandbox import faults
from crawler.sandbox.messages import Request, Response
from crawler.sandbox.server import Sandbox
from crawler.sandbox.web_pages import Fate
from crawler.sandbox.world import World

NOW = datetime(2026, 11, 2, 2, 30, tzinfo=UTC)
PAGE = "https://pages.example.org/deep/page"
WORDS = "<p>Our shop has moved into a new house, come and see what is there to be had. </p>" * 4


def shows(title: str, body: str = WORDS) -> str:
    return f"<html><head><title>{title}</title></head><body>{body}</body></html>"


def anything(html: str) -> faults.Fault:
    return faults.answer(Response.of_html(html))


def question(url: str = PAGE, **known: Any) -> Question:
    return Question(link_of(url), Known(**known))


@pytest.mark.parametrize(
    ("html", "title_before", "outcome", "reason"),
    [
        (shows("Welcome"), "My paper", Outcome.NOT_FOUND, Reason.SOFT_404),
        (shows("Welcome"), None, Outcome.FAILED, Reason.SOFT_404),
        (shows("Welcome"), "Welcome", Outcome.FAILED, Reason.SOFT_404),
        (shows("Welcome", '<div id="root"></div>'), "My paper", Outcome.ALIVE, Reason.OK),
        (shows("Welcome", f'<div id="app">{WORDS}</div>'), "My paper", Outcome.ALIVE, Reason.OK),
        (shows("Welcome", "<p>Little text.</p>"), "My paper", Outcome.ALIVE, Reason.OK),
    ],
    ids=["lost", "never-known", "always-so", "drawn-by-script", "rendered-application", "little-text"],
)
def test_a_link_that_shows_what_its_host_shows_anywhere(
    ask: Any, world: World, html: str, title_before: str | None, outcome: Outcome, reason: Reason
) -> None:
    world.faults["pages.example.org"] = anything(html)
    facts = {"title": title_before} if title_before else {}
    seen = ask(WebResolver, [question(facts=facts)], proxied=True).only
    assert (seen.outcome, seen.reason) == (outcome, reason)
    assert reason is Reason.OK or seen.detail.startswith("catch-all: ")


def test_a_page_of_its_own_beside_a_catch_all_lives(ask: Any, world: World) -> None:
    world.faults["pages.example.org"] = [anything(shows("Welcome"))]
    world.faults[PAGE] = anything(shows("My paper", WORDS + "<p>With an abstract.</p>"))
    seen = ask(WebResolver, [question(facts={"title": "An older title"})], proxied=True).only
    assert (seen.outcome, seen.reason) == (Outcome.ALIVE, Reason.OK)
    assert len(world.requests) == 2


def test_the_root_of_a_catch_all_lives(ask: Any, world: World) -> None:
    world.faults["pages.example.org"] = anything(shows("Welcome"))
    known: dict[str, Any] = {"facts": {"title": "Before"}, "sibling": Sibling(NOW, "Welcome", "x" * 300)}
    seen = ask(WebResolver, [question("https://pages.example.org/", **known)], proxied=True).only
    assert seen.outcome is Outcome.ALIVE


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503, 999])
def test_an_answer_that_tells_nothing_is_not_remembered(ask: Any, world: World, status: int) -> None:
    world.faults["https://pages.example.org/deep/*"] = faults.status(status)
    world.faults[PAGE] = anything(shows("My paper"))
    assert ask(WebResolver, [question()], proxied=True).only.outcome is Outcome.ALIVE


def test_a_known_sibling_is_used_and_not_asked_again(ask: Any, world: World) -> None:
    world.faults["pages.example.org"] = anything(shows("Welcome"))
    text = read_page(shows("Welcome").encode(), "text/html").text
    known: dict[str, Any] = {
        "facts": {"title": "My paper"},
        "sibling": Sibling(NOW - timedelta(days=3), "Welcome", text),
    }
    seen = ask(WebResolver, [question(**known)], proxied=True).only
    assert seen.reason is Reason.SOFT_404
    assert len(world.requests) == 1


def test_a_run_asks_again_without_probing_again(
    sandbox: Sandbox, world: World, clock: SimulatedClock
) -> None:
    settings = sandbox.proxied_settings()
    environment = NetworkEnvironment.from_mapping(sandbox.environment())
    politeness, meter = Politeness(settings, clock), RequestMeter()

    async def ask_twice() -> None:
        async with Fetcher(settings, environment, politeness, meter, clock) as fetcher:
            resolver = WebResolver(settings, environment, fetcher, politeness, meter, clock)
            for url in (PAGE, PAGE, "https://other.example.org/page"):
                await resolver.resolve([question(url)], lambda _: None)

    asyncio.run(ask_twice())
    assert meter.requests() == {"pages.example.org": 3, "other.example.org": 1}


def test_a_run_in_parts_probes_no_more_than_one_in_a_piece(sandbox: Sandbox, clock: SimulatedClock) -> None:
    settings = sandbox.proxied_settings()
    environment = NetworkEnvironment.from_mapping(sandbox.environment())
    politeness, meter = Politeness(settings, clock), RequestMeter()
    urls = [f"https://host{number}.example.org/page" for number in range(30)]

    async def ask_in_parts() -> None:
        async with Fetcher(settings, environment, politeness, meter, clock) as fetcher:
            resolver = WebResolver(settings, environment, fetcher, politeness, meter, clock)
            for start in range(0, len(urls), 4):
                await resolver.resolve([question(url) for url in urls[start : start + 4]], lambda _: None)

    asyncio.run(ask_in_parts())
    assert sum(meter.requests().values()) - len(urls) == math.ceil(len(urls) / 7)


def test_only_a_host_that_answered_well_is_asked(ask: Any, world: World) -> None:
    world.web.fates[PAGE] = Fate.NOT_FOUND
    ask(WebResolver, [question()], proxied=True)
    assert [request.url for request in world.requests] == [PAGE]


def test_the_echo_of_the_address_in_the_text_is_no_difference(ask: Any, world: World) -> None:
    def echo(world: World, request: Request) -> Response:
        return Response.of_html(shows("Welcome", f"<p>{request.path[-4:]}</p>{WORDS}"))

    world.web.pages[PAGE] = echo
    world.web.pages[sibling_of(PAGE, NOW)] = echo
    seen = ask(WebResolver, [question(facts={"title": "My paper"})], proxied=True).only
    assert seen.outcome is Outcome.NOT_FOUND


HOSTS = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=4),
    st.none() | st.integers(0, 20).map(lambda days: Sibling(NOW - timedelta(days=days))),
    max_size=40,
)


@given(HOSTS)
def test_a_night_asks_a_seventh_and_nobody_twice_a_week(known: dict[str, Sibling | None]) -> None:
    chosen = choose_hosts(known, NOW)
    assert len(chosen) <= math.ceil(len(known) / 7)
    assert all((last := known[host]) is None or NOW - last.probed_at >= timedelta(days=6) for host in chosen)
    assert chosen == choose_hosts(dict(reversed(known.items())), NOW)


def test_every_host_has_its_turn_within_a_week() -> None:
    known: dict[str, Sibling | None] = {f"host{number}": None for number in range(50)}
    for night in range(7):
        now = NOW + timedelta(days=night)
        for host in choose_hosts(known, now):
            known[host] = Sibling(now)
    assert None not in known.values()


@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=20))
def test_a_page_with_a_title_of_its_own_is_never_struck(text: str, other: str, title: str) -> None:
    page = read_page(b"", "text/html")._replace(title=f"{title} its own", text=text)
    assert judge_by_sibling(page, Sibling(NOW, title, other), "before") is None
