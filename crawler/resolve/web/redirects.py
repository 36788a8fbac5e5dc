"""What a chain of redirects says about a link: moved, found elsewhere for now, lost, or shut away. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from crawler.records import Hop, Outcome, Reason

PERMANENT: Final = frozenset({301, 308})

ROOT_PATH: Final = re.compile(r"/?((index|default|home)(\.[a-z]{2,5})?/?)?", re.IGNORECASE)
ERROR_SEGMENT: Final = re.compile(
    r"(error[-_]?)?404([-_]?(error|page|notfound))?(\.[a-z]{2,5})?"
    r"|(page)?[-_]?not[-_]?found(\.[a-z]{2,5})?|pagenotfound(\.[a-z]{2,5})?",
    re.IGNORECASE,
)
LOGIN_SEGMENT: Final = re.compile(
    r"(user|account|member|service|cas|sso)?[-_]?(log|sign)[-_]?in(\.[a-z]{2,5})?|authwall|users?sign_in",
    re.IGNORECASE,
)
LOGIN_HOST: Final = re.compile(r"(login|signin|passport|sso|accounts|auth)\d?\.", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Route:
    """Where a link led. `suggested_url` is set when it moved for good."""

    outcome: Outcome
    reason: Reason
    suggested_url: str | None = None
    detail: str | None = None


OK: Final = Route(Outcome.ALIVE, Reason.OK)


def judge_redirects(url: str, chain: Sequence[Hop], final_url: str) -> Route:
    """The verdict on a link whose final address answered with a page.

    A permanent move counts as far as the chain stays permanent; what lies behind a temporary hop may be
    different tomorrow. Sources of the soft-404 rules: InternetArchive's deadlink checkers.
    """
    if url == final_url or is_same_place(url, final_url):
        return OK
    first, final = urlsplit(url), urlsplit(final_url)
    if is_login(final) and not is_login(first):
        return Route(Outcome.RESTRICTED, Reason.LOGIN_REQUIRED, detail="redirected to a login page")
    if _has_segment(final, ERROR_SEGMENT) and not _has_segment(first, ERROR_SEGMENT):
        return Route(Outcome.NOT_FOUND, Reason.SOFT_404, detail="redirected to an error page")
    if is_root(final) and not is_root(first) and _site(first) == _site(final):
        return Route(Outcome.NOT_FOUND, Reason.SOFT_404, detail="redirected to the site's root")
    moved_to = _permanent_end(chain, final_url)
    if moved_to is not None and not is_same_place(url, moved_to):
        return Route(Outcome.MOVED, Reason.REDIRECTED, suggested_url=moved_to)
    return Route(Outcome.ALIVE, Reason.REDIRECTED)


def is_same_place(one: str, other: str) -> bool:
    """Whether two addresses differ only by scheme, case, escapes or a trailing slash."""
    return _place(one) == _place(other)


def is_root(parts: SplitResult) -> bool:
    """The front page of a site. With a query or a fragment it may be any page of an application."""
    return ROOT_PATH.fullmatch(parts.path) is not None and not parts.query and not parts.fragment


def is_login(parts: SplitResult) -> bool:
    """Whether an address is by its spelling that of a login page."""
    return LOGIN_HOST.match(parts.hostname or "") is not None or _has_segment(parts, LOGIN_SEGMENT)


def _permanent_end(chain: Sequence[Hop], final_url: str) -> str | None:
    """Where the permanent beginning of a chain leads; hops that change nothing are no break in it."""
    addresses = [*(hop.url for hop in chain), final_url]
    end = None
    for hop, target in zip(chain, addresses[1:], strict=True):
        if hop.status not in PERMANENT and not is_same_place(hop.url, target):
            break
        if hop.status in PERMANENT:
            end = target
    return end


def _place(url: str) -> tuple[str, int | None, str, str]:
    parts = urlsplit(url)
    port = None if parts.port in {80, 443} else parts.port
    path = unquote(parts.path).casefold().rstrip("/")
    return (parts.hostname or "").rstrip("."), port, path, unquote(parts.query).casefold()


def _site(parts: SplitResult) -> str:
    return (parts.hostname or "").rstrip(".").removeprefix("www.")


def _has_segment(parts: SplitResult, pattern: re.Pattern[str]) -> bool:
    return any(pattern.fullmatch(segment) for segment in parts.path.split("/"))
