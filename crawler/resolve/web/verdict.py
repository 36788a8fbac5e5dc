"""One answer → the verdict on its link, by its status, its redirects and what its page shows. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from crawler.fetch.client import NO_HEADERS, FetchResult
from crawler.links.hostname import host_of as host_of_url
from crawler.records import Outcome, Reason
from crawler.resolve.web.glance import glance
from crawler.resolve.web.page import PageText, has_whole_title, is_page
from crawler.resolve.web.redirects import judge_redirects
from crawler.resolve.web.soft_404 import WALLS, Page, Screen, Signature, match_signature, parse_signatures


class Verdict(NamedTuple):
    outcome: Outcome
    reason: Reason
    detail: str | None = None
    suggested_url: str | None = None


def judge_at_a_glance(url: str, result: FetchResult, content_type: str) -> tuple[Verdict, str] | None:
    """The verdict on a page that lives, by its first kilobytes, and its title; None where they do not tell.

    It lives when it shows more than any signature allows and no redirect speaks against the link: what
    `judge_answer` would say of it too. Whatever speaks against a link takes the whole page.
    """
    if result.status != 200 or not result.body:
        return None
    for seen in glance(result.body, content_type):
        if seen.shows_more_than(_screen().most_text(_page(url, result, PageText(seen.title)))):
            route = judge_redirects(url, result.redirect_chain, result.final_url)
            if route.outcome not in {Outcome.ALIVE, Outcome.MOVED}:
                return None
            return Verdict(route.outcome, route.reason, route.detail, route.suggested_url), seen.title
    return None


def judge_answer(url: str, result: FetchResult, page: PageText, *, asked_conditionally: bool) -> Verdict:
    """The verdict on an answer. Walls first: a page that keeps us out proves nothing else."""
    status = result.status or 0
    shows_nothing = status == 304 and not result.body and not result.redirect_chain
    if shows_nothing and _screen_of_nothing().lets_pass(result.final_url, result.headers):
        signature = None  # every night brings a 304 for most links
    else:
        signature = match_signature(_page(url, result, page), _signatures())
    if signature is not None and (signature.reason in WALLS or status < 400):
        return _verdict_of(signature)
    if 300 <= status < 400 and not (status == 304 and asked_conditionally):
        return Verdict(Outcome.FAILED, Reason.SERVER_ERROR, f"status {status} that nobody asked for")
    if status >= 400:
        return _judge_error(status, page)
    is_cut_page = result.truncated and is_page(result.headers.get("content-type", ""))
    if is_cut_page and page.html and not page.title and not has_whole_title(result.body):
        return Verdict(Outcome.FAILED, Reason.BODY_TOO_LARGE, f"no title in {len(result.body):,} bytes")
    route = judge_redirects(url, result.redirect_chain, result.final_url)
    if route.reason is Reason.OK and status == 304:
        return Verdict(Outcome.ALIVE, Reason.NOT_MODIFIED)
    return Verdict(route.outcome, route.reason, route.detail, route.suggested_url)


def _judge_error(status: int, page: PageText) -> Verdict:
    match status:
        case 404:
            return Verdict(Outcome.NOT_FOUND, Reason.NOT_FOUND)
        case 410:
            return Verdict(Outcome.GONE, Reason.GONE)
        case 451:
            return Verdict(Outcome.GONE, Reason.LEGAL)
        case 401 | 402:
            return Verdict(Outcome.RESTRICTED, Reason.LOGIN_REQUIRED)
        case 403 if page.has_password_form:
            return Verdict(Outcome.RESTRICTED, Reason.LOGIN_REQUIRED, "403 with a login form")
        case 403 | 407 | 999:
            return Verdict(Outcome.RESTRICTED, Reason.BOT_WALL, f"status {status}")
        case 429:
            return Verdict(Outcome.THROTTLED, Reason.RATE_LIMITED)
        case _:
            # 400, 405, 406 and their like speak about our request, not about the page.
            return Verdict(Outcome.FAILED, Reason.SERVER_ERROR, f"status {status}")


def _verdict_of(signature: Signature) -> Verdict:
    match signature.reason:
        case reason if reason in WALLS:
            return Verdict(Outcome.RESTRICTED, reason, signature.name)
        case Reason.SOFT_404 | Reason.PARKED as reason:
            return Verdict(Outcome.NOT_FOUND, reason, signature.name)
        case reason:
            return Verdict(Outcome.FAILED, reason, signature.name)


@cache
def _signatures() -> tuple[Signature, ...]:
    return parse_signatures((files("crawler.resolve.web") / "signatures.toml").read_text("utf-8"))


@cache
def _screen_of_nothing() -> Screen:
    """Of the signatures that an answer without a page can show."""
    return Screen(
        [
            it
            for it in _signatures()
            if (not it.statuses or 304 in it.statuses)
            and not (it.title or it.password_form or it.html_needles)
            and not any(pattern and not pattern.search("") for pattern in (it.text, it.html))
        ]
    )


@cache
def _screen() -> Screen:
    return Screen(_signatures())


def _page(url: str, result: FetchResult, page: PageText) -> Page:
    host = host_of_url(result.final_url)
    return Page(
        url=result.final_url,
        host=host,
        status=result.status or 0,
        headers=_wall_headers(result),
        title=page.title,
        heading=page.heading,
        text=page.text,
        html=page.html,
        has_password_form=page.has_password_form,
        is_elsewhere=result.final_url != url and host != host_of_url(url),
    )


def _wall_headers(result: FetchResult) -> Mapping[str, str]:
    """Those that signatures name; hardly any answer has one."""
    names = _screen().header_names
    if names.isdisjoint(result.headers):
        return NO_HEADERS
    return {name: result.headers[name] for name in names if name in result.headers}
