"""Hosts that answer 200 to anything: what they show where nothing can be, and which links look like it. Pure.

One sibling path is asked per host and week, and what it shows is kept. A link that shows the same page has no
page of its own any more, or never had one. Applications that draw every page in the browser look alike
too, so a page without text of its own proves nothing.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from crawler.records import Outcome, Reason, Sibling
from crawler.resolve.web.page import PageText
from crawler.resolve.web.redirects import Route

PROBE_EVERY: Final = timedelta(days=7)
TOLERANCE: Final = timedelta(hours=1)
"""Nightly runs do not reach a host at the same minute each week."""
NIGHTS: Final = 7
KEPT_CHARACTERS: Final = 1_000
FEWEST_CHARACTERS: Final = 200
"""A page with less text than this is drawn by its script, or is nothing to compare."""
SAME_SHARE: Final = 0.95
SHINGLE: Final = 3
# Where the common frameworks mount an application: what such a page shows, its script decides.
APPLICATION: Final = re.compile(
    r"""id\s*=\s*["']?(root|app|__next|__nuxt|svelte|q-app)["'\s>]""", re.IGNORECASE
)
CHANGED: Final = "catch-all: shows what its host shows at any address, and had a page of its own before"
ALIKE: Final = "catch-all: shows what its host shows at any address"


def share_of(hosts: int) -> int:
    """How many of so many hosts are asked in a night."""
    return math.ceil(hosts / NIGHTS)


def choose_hosts(
    known: Mapping[str, Sibling | None], now: datetime, most: int | None = None
) -> frozenset[str]:
    """The hosts whose turn it is: none twice a week, a seventh of all or `most` in a night, oldest first."""

    def rank(host: str) -> tuple[datetime, bytes]:
        last = known[host]
        return (last.probed_at if last else datetime.min.replace(tzinfo=UTC), blake2b(host.encode()).digest())

    due = [
        host
        for host, last in known.items()
        if last is None or now - last.probed_at >= PROBE_EVERY - TOLERANCE
    ]
    return frozenset(sorted(due, key=rank)[: share_of(len(known)) if most is None else most])


def sibling_of(url: str, now: datetime) -> str:
    """An address beside this one that nobody can have made; another one each day."""
    parts = urlsplit(url)
    folder = parts.path.rstrip("/").rpartition("/")[0]
    name = blake2b(f"{url} {now:%Y-%m-%d}".encode(), digest_size=12).hexdigest()
    return urlunsplit((parts.scheme, parts.netloc, f"{folder}/{name}", "", ""))


def keep_sibling(page: PageText | None, now: datetime) -> Sibling:
    """What is remembered of an answer; the time alone where there is no page to compare with."""
    if page is None or len(page.text) < FEWEST_CHARACTERS or APPLICATION.search(page.html):
        return Sibling(now)
    return Sibling(now, page.title, page.text[:KEPT_CHARACTERS])


def judge_by_sibling(page: PageText, sibling: Sibling | None, known_title: object) -> Route | None:
    """The verdict on a page that equals its host's page for any address; None when it is its own.

    Only a page known by another title before is lost for sure: that is a strike. Otherwise it may have been
    like this all the time, for readers with a script it may even differ: that says nothing.
    """
    if sibling is None or not sibling.text or page.title != sibling.title:
        return None
    if APPLICATION.search(page.html) or not is_near(page.text[:KEPT_CHARACTERS], sibling.text):
        return None
    if isinstance(known_title, str) and known_title and known_title != page.title:
        return Route(Outcome.NOT_FOUND, Reason.SOFT_404, detail=CHANGED)
    return Route(Outcome.FAILED, Reason.SOFT_404, detail=ALIKE)


def is_near(one: str, other: str) -> bool:
    """Whether two texts are the same but for a few words, such as the address or the time."""
    first, second = _shingles(one), _shingles(other)
    most = max(first.total(), second.total())
    return most > 0 and (first & second).total() >= SAME_SHARE * most


def _shingles(text: str) -> Counter[str]:
    return Counter(text[place : place + SHINGLE] for place in range(len(text) - SHINGLE + 1))
