"""A 304 is judged by fewer signatures than a page, and by none too few."""

from __future__ import annotations

import httpx
import pytest

from crawler.fetch.client import FetchResult
from crawler.records import Hop, Outcome, Reason
from crawler.resolve.web.page import PageText, read_page
from crawler.resolve.web.soft_404 import Page, match_signature
from crawler.resolve.web.verdict import _screen_of_nothing, _signatures, judge_answer

HOSTS = sorted({"example.org", *(host for signature in _signatures() for host in signature.hosts)})
PATHS = ("/", "/page", "/404.html", "/sorry/index", "/domain/expired", "/wappoc_appmsgcaptcha", "/login")
HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"cf-mitigated": "challenge"},
    {"x-vercel-mitigated": "challenge"},
    {"x-amzn-waf-action": "challenge"},
)


@pytest.mark.parametrize("headers", HEADERS, ids=str)
@pytest.mark.parametrize("host", HOSTS)
def test_whatever_a_304_can_show_is_looked_for(host: str, headers: dict[str, str]) -> None:
    for path in PATHS:
        page = Page(url=f"https://{host}{path}", host=host, status=304, headers=headers)
        if match_signature(page, _signatures()) is not None:
            assert not _screen_of_nothing().lets_pass(page.url, headers)


def test_an_ordinary_304_is_held_against_no_signature() -> None:
    assert _screen_of_nothing().lets_pass("https://example.org/page", {"etag": '"a"'})


def test_a_304_behind_a_redirect_is_looked_at_all_the_same() -> None:
    url, market = "https://example.org/page", "https://www.hugedomains.com/"
    result = FetchResult(url, market, status=304, redirect_chain=(Hop(url, 302),))
    assert judge_answer(url, result, PageText(), asked_conditionally=True).reason is Reason.PARKED


def test_nothing_shows_nothing() -> None:
    assert read_page(b"", "text/html") == read_page(b"", "application/json") == PageText()


@pytest.mark.parametrize(
    ("headers", "reason"),
    [({}, Reason.NOT_MODIFIED), ({"cf-mitigated": "challenge"}, Reason.BOT_WALL)],
)
def test_a_304_with_the_mark_of_a_wall_is_a_wall(headers: dict[str, str], reason: Reason) -> None:
    url = "https://example.org/page"
    result = FetchResult(url, url, status=304, headers=httpx.Headers(headers))
    verdict = judge_answer(url, result, PageText(), asked_conditionally=True)
    assert verdict.reason is reason
    assert (verdict.outcome is Outcome.ALIVE) == (reason is Reason.NOT_MODIFIED)
