"""Chains of redirects: moved for good, found elsewhere for now, lost, shut away."""

from __future__ import annotations

import pytest

from crawler.records import Hop, Outcome, Reason
from crawler.resolve.web.redirects import Route, is_same_place, judge_redirects

OK = Route(Outcome.ALIVE, Reason.OK)
ELSEWHERE = Route(Outcome.ALIVE, Reason.REDIRECTED)


def moved(url: str) -> Route:
    return Route(Outcome.MOVED, Reason.REDIRECTED, suggested_url=url)


def route(*steps: str | int) -> Route:
    """`url, status, url, status, …, final url`"""
    chain = [Hop(str(url), int(status)) for url, status in zip(steps[::2], steps[1::2], strict=False)]
    return judge_redirects(str(steps[0]), chain, str(steps[-1]))


A, B, C = "https://a.example/x", "https://b.example/y", "https://c.example/z"


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((A,), OK),
        ((A, 301, B), moved(B)),
        ((A, 308, B), moved(B)),
        ((A, 302, B), ELSEWHERE),
        ((A, 303, B), ELSEWHERE),
        ((A, 307, B), ELSEWHERE),
        ((A, 301, B, 308, C), moved(C)),
        ((A, 301, B, 302, C), moved(B)),
        ((A, 302, B, 301, C), ELSEWHERE),
        ((A, 301, B, 302, A), OK),
        (("http://a.example/x", 301, A), OK),
        (("http://a.example/x", 302, A), OK),
        (("http://a.example/x", 302, A, 301, B), moved(B)),
        (("http://a.example/x", 301, A, 302, B), ELSEWHERE),
        (("https://a.example/X/y", 301, "https://a.example/x/Y"), OK),
        ((A, 301, A + "/"), OK),
        ((A + "/", 301, A), OK),
        (("https://a.example", 301, "https://a.example/"), OK),
        (("https://a.example/%7Ex", 301, "https://a.example/~x"), OK),
        ((A, 301, "https://www.a.example/x"), moved("https://www.a.example/x")),
        ((A, 301, A + "?page=1"), moved(A + "?page=1")),
        ((A, 301, A + "#top"), OK),
        (("https://a.example/", 301, "https://b.example/"), moved("https://b.example/")),
        (("https://short.example/x", 301, "https://b.example/"), moved("https://b.example/")),
        (("https://short.example/x", 302, "https://b.example/"), ELSEWHERE),
        ((A, 302, "https://a.example/#/x"), ELSEWHERE),
        ((A, 301, "https://a.example/?/x"), moved("https://a.example/?/x")),
        (("https://a.example/index.html", 301, "https://a.example/"), moved("https://a.example/")),
        (("https://a.example/login", 302, "https://a.example/signin"), ELSEWHERE),
        (("https://a.example/blog/login-tips", 302, "https://a.example/posts/login-tips"), ELSEWHERE),
        (("https://a.example/404", 301, "https://a.example/404.html"), moved("https://a.example/404.html")),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_living(steps: tuple[str | int, ...], expected: Route) -> None:
    assert route(*steps) == expected


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ((A, 302, "https://a.example/"), Reason.SOFT_404),
        ((A, 301, "https://www.a.example/"), Reason.SOFT_404),
        (("http://a.example/deep/x", 301, "https://a.example/index.html"), Reason.SOFT_404),
        (("https://a.example/?p=5", 301, "https://a.example/"), Reason.SOFT_404),
        ((A, 301, B, 302, "https://a.example/"), Reason.SOFT_404),
        ((A, 302, "https://a.example/404"), Reason.SOFT_404),
        ((A, 301, "https://a.example/errors/404.html"), Reason.SOFT_404),
        ((A, 302, "https://a.example/notfound.aspx?from=x"), Reason.SOFT_404),
        ((A, 302, "https://a.example/page-not-found"), Reason.SOFT_404),
        ((A, 302, "https://a.example/login?next=/x"), Reason.LOGIN_REQUIRED),
        ((A, 301, "https://a.example/users/sign_in"), Reason.LOGIN_REQUIRED),
        ((A, 302, "https://accounts.b.example/ServiceLogin?continue=x"), Reason.LOGIN_REQUIRED),
        ((A, 302, "https://passport.b.example/x"), Reason.LOGIN_REQUIRED),
        ((A, 302, "https://a.example/authwall?trk=x"), Reason.LOGIN_REQUIRED),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_lost_or_shut_away(steps: tuple[str | int, ...], reason: Reason) -> None:
    judged = route(*steps)
    expected = Outcome.RESTRICTED if reason is Reason.LOGIN_REQUIRED else Outcome.NOT_FOUND
    assert (judged.outcome, judged.reason) == (expected, reason)
    assert judged.suggested_url is None
    assert judged.detail


def test_same_place() -> None:
    assert is_same_place("http://a.example:80/x/", "https://a.example/X")
    assert not is_same_place("https://a.example/x", "https://a.example:8443/x")
    assert not is_same_place("https://a.example/x?a=1", "https://a.example/x?a=2")
