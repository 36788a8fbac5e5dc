"""The web resolver against the sandbox: every fate and fault with its outcome and reason."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.clock import SimulatedClock
from crawler.fetch.client import Fetcher
from crawler.fetch.environment import NetworkEnvironment
from crawler.fetch.meter import RequestMeter
from crawler.fetch.politeness import Politeness
from crawler.records import Known, Link, Observation, Outcome, Question, Reason, Target, TargetKind
from crawler.resolve.web.resolver import OWN_FAULT, WebResolver
from crawler.sandbox import faults
from crawler.sandbox.authority import Flaw
from crawler.sandbox.faults import Fault
from crawler.sandbox.messages import Response
from crawler.sandbox.server import Sandbox
from crawler.sandbox.web_pages import NEW_HOME, PRESENT_PLACE, Fate
from crawler.sandbox.world import World
from tests.conftest import patience_seconds

PAGE = "https://pages.example.org/deep/page"


def question(url: str, known: Known | None = None) -> Question:
    return Question(Link(url, Target(TargetKind.WEB_PAGE, url)), known or Known())


def ask(
    sandbox: Sandbox,
    questions: Sequence[Question | str],
    *,
    clock: SimulatedClock,
    meter: RequestMeter | None = None,
    **changes: Any,
) -> list[Observation]:
    """One run of the resolver through the sandbox as its proxy; observations in the questions' order."""
    asked = [question(item) if isinstance(item, str) else item for item in questions]
    wanted = sandbox.proxied_settings(network={"timeout_seconds": patience_seconds(sandbox.world)} | changes)
    environment = NetworkEnvironment.from_mapping(sandbox.environment())
    politeness, meter = Politeness(wanted, clock), meter or RequestMeter()
    observations: list[Observation] = []

    async def run() -> None:
        async with Fetcher(wanted, environment, politeness, meter, clock) as fetcher:
            resolver = WebResolver(wanted, environment, fetcher, politeness, meter, clock)
            await resolver.resolve(asked, observations.append)

    asyncio.run(run())
    assert sorted(seen.link.canonical_url for seen in observations) == sorted(
        item.link.canonical_url for item in asked
    ), "exactly one observation per question"
    place = {item.link.canonical_url: number for number, item in enumerate(asked)}
    return sorted(observations, key=lambda seen: place[seen.link.canonical_url])


FATES: list[tuple[Fate, Outcome, Reason, int | None]] = [
    (Fate.SOUND, Outcome.ALIVE, Reason.OK, 200),
    (Fate.SOUND_GBK, Outcome.ALIVE, Reason.OK, 200),
    (Fate.NOT_FOUND, Outcome.NOT_FOUND, Reason.NOT_FOUND, 404),
    (Fate.GONE, Outcome.GONE, Reason.GONE, 410),
    (Fate.LEGAL, Outcome.GONE, Reason.LEGAL, 451),
    (Fate.MOVED, Outcome.MOVED, Reason.REDIRECTED, 200),
    (Fate.MOVED_308, Outcome.MOVED, Reason.REDIRECTED, 200),
    (Fate.FOUND_ELSEWHERE, Outcome.ALIVE, Reason.REDIRECTED, 200),
    (Fate.SENT_TO_ROOT, Outcome.NOT_FOUND, Reason.SOFT_404, 200),
    (Fate.REDIRECT_LOOP, Outcome.FAILED, Reason.TOO_MANY_REDIRECTS, 302),
    (Fate.SOFT_404, Outcome.NOT_FOUND, Reason.SOFT_404, 200),
    (Fate.SOFT_404_CHINESE, Outcome.NOT_FOUND, Reason.SOFT_404, 200),
    (Fate.LOGIN_PAGE, Outcome.RESTRICTED, Reason.LOGIN_REQUIRED, 200),
    (Fate.LOGIN_REDIRECT, Outcome.RESTRICTED, Reason.LOGIN_REQUIRED, 200),
    (Fate.UNAUTHORISED, Outcome.RESTRICTED, Reason.LOGIN_REQUIRED, 401),
    (Fate.FORBIDDEN, Outcome.RESTRICTED, Reason.BOT_WALL, 403),
    (Fate.CHALLENGE, Outcome.RESTRICTED, Reason.BOT_WALL, 403),
    (Fate.DENIED_999, Outcome.RESTRICTED, Reason.BOT_WALL, 999),
    (Fate.PARKED, Outcome.NOT_FOUND, Reason.PARKED, 200),
    (Fate.SERVER_ERROR, Outcome.FAILED, Reason.SERVER_ERROR, 500),
    (Fate.UNAVAILABLE, Outcome.FAILED, Reason.SERVER_ERROR, 503),
    (Fate.RATE_LIMITED, Outcome.THROTTLED, Reason.RATE_LIMITED, 429),
    (Fate.RESET, Outcome.FAILED, Reason.CONNECTION_RESET, None),
    (Fate.TIMEOUT, Outcome.FAILED, Reason.TIMEOUT, None),
]


@pytest.mark.parametrize(
    ("fate", "outcome", "reason", "status"), FATES, ids=[str(fate) for fate, *_ in FATES]
)
def test_fate(
    sandbox: Sandbox,
    world: World,
    clock: SimulatedClock,
    fate: Fate,
    outcome: Outcome,
    reason: Reason,
    status: int | None,
) -> None:
    world.web.fates[PAGE] = fate
    (seen,) = ask(sandbox, [PAGE], clock=clock)
    assert (seen.outcome, seen.reason, seen.http_status) == (outcome, reason, status), seen.detail


WEIXIN = "https://mp.weixin.qq.com/s/made-up"
ZHIHU = "https://zhuanlan.zhihu.com/p/1"


@pytest.mark.parametrize(
    ("url", "fate", "outcome", "reason", "detail"),
    [
        (WEIXIN, Fate.WEIXIN_DELETED, Outcome.NOT_FOUND, Reason.SOFT_404, "weixin-deleted-by-author"),
        (WEIXIN, Fate.WEIXIN_VIOLATION, Outcome.NOT_FOUND, Reason.SOFT_404, "weixin-violation"),
        (WEIXIN, Fate.WEIXIN_WALL, Outcome.RESTRICTED, Reason.BOT_WALL, "weixin-environment-abnormal"),
        (WEIXIN, Fate.WEIXIN_WALL_REDIRECT, Outcome.RESTRICTED, Reason.BOT_WALL, "weixin-verification"),
        (ZHIHU, Fate.ZHIHU_WALL, Outcome.RESTRICTED, Reason.BOT_WALL, "zhihu-wall"),
        (ZHIHU, Fate.ZHIHU_WALL_JSON, Outcome.RESTRICTED, Reason.BOT_WALL, "zhihu-wall"),
        (PAGE, Fate.CHALLENGE, Outcome.RESTRICTED, Reason.BOT_WALL, "cloudflare-challenge"),
        (PAGE, Fate.SOFT_404_CHINESE, Outcome.NOT_FOUND, Reason.SOFT_404, "error-title"),
        (PAGE, Fate.SENT_TO_ROOT, Outcome.NOT_FOUND, Reason.SOFT_404, "redirected to the site's root"),
    ],
    ids=lambda value: str(value) if isinstance(value, Fate) else "",
)
def test_detail_names_the_signature(
    sandbox: Sandbox,
    world: World,
    clock: SimulatedClock,
    url: str,
    fate: Fate,
    outcome: Outcome,
    reason: Reason,
    detail: str,
) -> None:
    world.web.fates[url] = fate
    (seen,) = ask(sandbox, [url], clock=clock)
    assert (seen.outcome, seen.reason, seen.detail) == (outcome, reason, detail)


def test_facts_of_a_sound_page(sandbox: Sandbox, clock: SimulatedClock) -> None:
    (seen,) = ask(sandbox, [PAGE], clock=clock)
    assert seen.facts == {
        "title": "Made-up page of pages.example.org/deep/page",
        "final_url": PAGE,
        "content_type": "text/html",
    }
    assert set(seen.validators) == {"etag", "last-modified"}


def test_weixin_article_has_its_title(sandbox: Sandbox, clock: SimulatedClock) -> None:
    (seen,) = ask(sandbox, [WEIXIN], clock=clock)
    assert seen.outcome is Outcome.ALIVE
    assert seen.facts["title"] == "Made-up page of mp.weixin.qq.com/s/made-up"


def test_title_in_the_pages_own_encoding(sandbox: Sandbox, world: World, clock: SimulatedClock) -> None:
    world.web.fates[PAGE] = Fate.SOUND_GBK
    (seen,) = ask(sandbox, [PAGE], clock=clock)
    assert seen.facts["title"] == "虚构的网页 pages.example.org"


def test_a_pdf_is_alive_and_not_read_whole(sandbox: Sandbox, world: World, clock: SimulatedClock) -> None:
    url = "https://pages.example.org/paper"
    world.web.pages[url] = Response(200, (("Content-Type", "application/pdf"),), b"%PDF" + b"x" * 3_000_000)
    meter = RequestMeter()
    (seen,) = ask(sandbox, [url], clock=clock, meter=meter)
    assert (seen.outcome, seen.reason) == (Outcome.ALIVE, Reason.OK)
    assert seen.facts == {"final_url": url, "content_type": "application/pdf"}
    assert meter.bytes()["pages.example.org"] < 500_000


def test_moved_for_good_says_where(sandbox: Sandbox, world: World, clock: SimulatedClock) -> None:
    world.web.fates[PAGE] = Fate.MOVED
    (seen,) = ask(sandbox, [PAGE], clock=clock)
    assert seen.suggested_url == seen.final_url == f"https://pages.example.org{NEW_HOME}/deep/page"
    assert [(hop.url, hop.status) for hop in seen.redirect_chain] == [(PAGE, 301)]


def test_found_elsewhere_for_now_suggests_nothing(
    sandbox: Sandbox, world: World, clock: SimulatedClock
) -> None:
    world.web.fates[PAGE] = Fate.FOUND_ELSEWHERE
    (seen,) = ask(sandbox, [PAGE], clock=clock)
    assert seen.suggested_url is None
    assert seen.final_url == f"https://pages.example.org{PRESENT_PLACE}/deep/page"


def test_upgrade_to_https_is_no_move(sandbox: Sandbox, world: World, clock: SimulatedClock) -> None:
    url = "http://pages.example.org/deep/page"
    world.web.fates[url] = Fate.UPGRADED_TO_HTTPS
    (seen,) = ask(sandbox, [url], clock=clock)
    assert (seen.outcome, seen.reason, seen.suggested_url) == (Outcome.ALIVE, Reason.OK, None)


# --- conditional requests ------------------------------------------------------------------------


def test_the_second_night_asks_conditionally(sandbox: Sandbox, world: World, clock: SimulatedClock) -> None:
    (first,) = ask(sandbox, [PAGE], clock=clock)
    known = Known(validators=first.validators, facts=first.facts)
    (second,) = ask(sandbox, [question(PAGE, known)], clock=clock)
    assert (second.outcome, second.reason, second.http_status) == (Outcome.ALIVE, Reason.NOT_MODIFIED, 304)
    assert second.facts == {}
    assert second.validators == first.validators
    assert world.requests[-1].headers["if-none-match"] == first.validators["etag"]


def test_a_moved_page_stays_moved_when_it_did_not_change(
    sandbox: Sandbox, world: World, clock: SimulatedClock
) -> None:
    world.web.fates[PAGE] = Fate.MOVED
    (first,) = ask(sandbox, [PAGE], clock=clock)
    (second,) = ask(
        sandbox, [question(PAGE, Known(validators=first.validators, facts=first.facts))], clock=clock
    )
    assert second.http_status == 304
    assert (second.outcome, second.suggested_url) == (Outcome.MOVED, first.suggested_url)


def test_without_facts_nothing_is_asked_conditionally(
    sandbox: Sandbox, world: World, clock: SimulatedClock
) -> None:
    ask(sandbox, [question(PAGE, Known(validators={"etag": '"x"'}))], clock=clock)
    assert "if-none-match" not in world.requests[-1].headers


def test_a_304_nobody_asked_for_says_nothing(sandbox: Sandbox, world: World, clock: SimulatedClock) -> None:
    world.web.pages[PAGE] = Response(304)
    (seen,) = ask(sandbox, [PAGE], clock=clock)
    assert (seen.outcome, seen.reason) == (Outcome.FAILED, Reason.SERVER_ERROR)


# --- faults --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "outcome", "reason"),
    [
        (faults.refused(), Outcome.SKIPPED, Reason.SKIPPED),
        (faults.no_such_host(), Outcome.SKIPPED, Reason.SKIPPED),
        (faults.unroutable(), Outcome.SKIPPED, Reason.SKIPPED),
        (faults.bad_certificate(Flaw.EXPIRED), Outcome.UNREACHABLE, Reason.TLS_FAILURE),
        (faults.bad_certificate(Flaw.WRONG_NAME), Outcome.UNREACHABLE, Reason.TLS_FAILURE),
        (faults.tls_aborted(), Outcome.FAILED, Reason.CONNECTION_RESET),
        (faults.closed(), Outcome.FAILED, Reason.CONNECTION_RESET),
        (faults.reset(), Outcome.FAILED, Reason.CONNECTION_RESET),
        (faults.cut_off(), Outcome.FAILED, Reason.CONNECTION_RESET),
        (faults.malformed(), Outcome.FAILED, Reason.CONNECTION_RESET),
        (faults.hang(), Outcome.FAILED, Reason.TIMEOUT),
        (faults.hang_in_body(), Outcome.FAILED, Reason.TIMEOUT),
        (faults.drip(0.1), Outcome.FAILED, Reason.TIMEOUT),
        (faults.huge_body(), Outcome.FAILED, Reason.BODY_TOO_LARGE),
        (faults.bomb("gzip"), Outcome.FAILED, Reason.BODY_TOO_LARGE),
        (faults.bomb("deflate"), Outcome.FAILED, Reason.BODY_TOO_LARGE),
        (faults.bomb("br"), Outcome.FAILED, Reason.BODY_TOO_LARGE),
        (faults.bomb("zstd"), Outcome.FAILED, Reason.BODY_TOO_LARGE),
        (faults.bomb("gzip, gzip"), Outcome.FAILED, Reason.BODY_TOO_LARGE),
        (faults.status(400), Outcome.FAILED, Reason.SERVER_ERROR),
        (faults.status(405), Outcome.FAILED, Reason.SERVER_ERROR),
        (faults.status(501), Outcome.FAILED, Reason.SERVER_ERROR),
        (faults.status(300), Outcome.FAILED, Reason.SERVER_ERROR),
        (faults.status(204), Outcome.ALIVE, Reason.OK),
        (faults.status(503, headers=[("cf-mitigated", "challenge")]), Outcome.RESTRICTED, Reason.BOT_WALL),
        (
            faults.status(403, '<form><input type="password"></form>'),
            Outcome.RESTRICTED,
            Reason.LOGIN_REQUIRED,
        ),
        (faults.redirect("http://169.254.169.254/latest/"), Outcome.SKIPPED, Reason.PRIVATE_ADDRESS),
        (faults.redirect("http://0x7f.1/"), Outcome.SKIPPED, Reason.PRIVATE_ADDRESS),
        (faults.redirect("weixin://dl/chat"), Outcome.SKIPPED, Reason.INVALID_URL),
        (faults.redirect("/not-found.html"), Outcome.FAILED, Reason.TOO_MANY_REDIRECTS),
    ],
    ids=lambda value: repr(value)[:90] if isinstance(value, Fault) else "",
)
def test_fault(
    sandbox: Sandbox, world: World, clock: SimulatedClock, fault: Fault, outcome: Outcome, reason: Reason
) -> None:
    world.faults["pages.example.org"] = fault
    (seen,) = ask(sandbox, [PAGE], clock=clock)
    assert (seen.outcome, seen.reason) == (outcome, reason), seen.detail


def test_a_failure_that_heals_within_the_run_is_no_strike(
    sandbox: Sandbox, world: World, clock: SimulatedClock
) -> None:
    world.faults["pages.example.org"] = faults.bad_certificate(Flaw.EXPIRED, times=1)
    (seen,) = ask(sandbox, [PAGE], clock=clock)
    assert seen.outcome is Outcome.ALIVE


def test_an_error_page_reached_by_redirect(sandbox: Sandbox, world: World, clock: SimulatedClock) -> None:
    world.faults[PAGE] = faults.redirect("/errors/404.html")
    (seen,) = ask(sandbox, [PAGE], clock=clock)
    assert (seen.outcome, seen.reason) == (Outcome.NOT_FOUND, Reason.SOFT_404)


def test_an_invalid_link_is_said_to_be_so(sandbox: Sandbox, clock: SimulatedClock) -> None:
    seen = ask(sandbox, ["ftp://example.org/x", "http://[bad/", "//", "https://a b.example/"], clock=clock)
    assert {(look.outcome, look.reason) for look in seen} == {(Outcome.SKIPPED, Reason.INVALID_URL)}


# --- many links ----------------------------------------------------------------------------------


def test_a_closed_lane_leaves_its_links_due(sandbox: Sandbox, world: World, clock: SimulatedClock) -> None:
    world.faults["busy.example"] = faults.status(429, retry_after=7200)
    links = [f"https://busy.example/{number}" for number in range(20)]
    seen = ask(sandbox, [*links, PAGE], clock=clock)
    assert seen[-1].outcome is Outcome.ALIVE
    assert {look.reason for look in seen[:-1]} == {Reason.RATE_LIMITED}
    assert {look.outcome for look in seen[:-1]} == {Outcome.THROTTLED}
    assert sum(request.host == "busy.example" for request in world.requests) <= 4


def test_a_short_retry_after_is_waited_for(sandbox: Sandbox, world: World, clock: SimulatedClock) -> None:
    world.faults["busy.example"] = faults.status(429, retry_after=20, times=1)
    before = clock.monotonic()
    (seen,) = ask(sandbox, ["https://busy.example/1"], clock=clock)
    assert seen.outcome is Outcome.ALIVE
    assert clock.monotonic() - before >= 20


def test_a_hanging_host_costs_a_few_links_only(sandbox: Sandbox, world: World, clock: SimulatedClock) -> None:
    world.faults["slow.example"] = faults.hang()
    links = [f"https://slow.example/{number}" for number in range(40)]
    seen = ask(sandbox, links, clock=clock, timeout_seconds=0.5)
    assert {look.reason for look in seen} == {Reason.TIMEOUT}
    assert {look.outcome for look in seen} == {Outcome.FAILED}
    assert sum(request.host == "slow.example" for request in world.requests) < 20


def test_thousands_of_links_need_no_task_each(sandbox: Sandbox, clock: SimulatedClock) -> None:
    links = [f"http://host{number % 300}.example/{number}" for number in range(1000)]
    most = 0

    async def count_tasks() -> None:
        nonlocal most
        while True:
            most = max(most, len(asyncio.all_tasks()))
            await asyncio.sleep(0)

    wanted = sandbox.proxied_settings(network={"concurrency": 16})
    environment = NetworkEnvironment.from_mapping(sandbox.environment())
    politeness, meter = Politeness(wanted, clock), RequestMeter()
    observations: list[Observation] = []

    async def run() -> None:
        async with Fetcher(wanted, environment, politeness, meter, clock) as fetcher:
            resolver = WebResolver(wanted, environment, fetcher, politeness, meter, clock)
            watching = asyncio.create_task(count_tasks())
            await resolver.resolve([question(link) for link in links], observations.append)
            watching.cancel()

    asyncio.run(run())
    assert len(observations) == len(links)
    assert {seen.outcome for seen in observations} == {Outcome.ALIVE}
    assert most < 200


# --- strangers -----------------------------------------------------------------------------------

LOCATIONS = st.sampled_from(
    ["/", "//", "?", "#", "http:", "https://[", "/deep/page", "\u6d4b", "http://10.1/", "%zz"]
)
HEADERS = st.lists(
    st.one_of(
        st.tuples(
            st.just("Location"), LOCATIONS | st.text(st.characters(codec="ascii", exclude_categories=["Cc"]))
        ),
        st.tuples(
            st.sampled_from(
                ["Content-Type", "Content-Encoding", "Retry-After", "ETag", "Set-Cookie", "RateLimit"]
            ),
            st.sampled_from(
                ["", "gzip", "br", "zstd", "text/html; charset=gbk", "a=b; Path=/", "9" * 30, ";;=", "-1"]
            ),
        ),
    ),
    max_size=6,
)
BODIES = st.binary(max_size=200) | st.sampled_from(
    [b"<title>", b"<html><title>x</title>" * 50, b"\xff\xfe<", b"{"]
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(status=st.integers(200, 999), headers=HEADERS, body=BODIES)
def test_any_response_ends_in_an_observation(
    sandbox: Sandbox,
    world: World,
    clock: SimulatedClock,
    status: int,
    headers: list[tuple[str, str]],
    body: bytes,
) -> None:
    world.web.pages[PAGE] = Response(status, tuple(headers), body)
    (seen,) = ask(sandbox, [PAGE], clock=clock)
    assert seen.detail != OWN_FAULT
    assert seen.http_status is not None or seen.reason is not Reason.OK
