"""The rate limits of the real hosts in real time, as they document them: `world.limits = Limits()`.

Without it the sandbox's hosts refuse only what a test tells them to. What is refused stands in `refusals`, so
that a benchmark can show that its crawler kept every limit. Hosts without published limits have none here.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from crawler.sandbox.messages import Request, Response

# https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api (2026-11): secondary limits.
GITHUB_AT_ONCE: Final = 100
GITHUB_POINTS_A_MINUTE: Final = {"graphql": 2_000, "rest": 900}
GITHUB_WRITE_POINTS: Final = 5
"""A GraphQL query is one point though it is posted; any other POST would be five."""
GITHUB_SECONDS_A_MINUTE: Final = {"graphql": 60.0, "rest": 90.0}
"""Of processor time, which "you can roughly estimate by measuring the total response time"."""
GITHUB_RETRY_AFTER: Final = 60
# https://huggingface.co/docs/hub/rate-limits (2025-09): by bucket, for a free account and for an address.
HUB_WINDOW_SECONDS: Final = 300
HUB_LIMITS: Final = {
    True: {"api": 1_000, "resolvers": 5_000, "pages": 200},
    False: {"api": 500, "resolvers": 3_000, "pages": 100},
}
# https://info.arxiv.org/help/api/tou.html (2026-11)
ARXIV_INTERVAL_SECONDS: Final = 3.0
ARXIV_TOLERANCE_SECONDS: Final = 0.1
"""Requests that left three seconds apart may arrive a little closer."""
ARXIV_HOSTS: Final = frozenset({"arxiv.org", "export.arxiv.org", "oaipmh.arxiv.org"})
HUB_HOST: Final = "huggingface.co"
GITHUB_HOST: Final = "api.github.com"
MINUTE: Final = 60.0


@dataclass(slots=True)
class _Minute:
    """What was done within the last sixty seconds."""

    done: deque[tuple[float, float]] = field(default_factory=deque)
    total: float = 0.0

    def add(self, now: float, amount: float) -> None:
        self.done.append((now, amount))
        self.total += amount

    def at(self, now: float) -> float:
        while self.done and self.done[0][0] <= now - MINUTE:
            self.total -= self.done.popleft()[1]
        return self.total


class Limits:
    """Counts requests from their arrival (`begin`) to their answer (`end`)."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self.refusals: Counter[str] = Counter()
        """Which limit refused how many requests."""
        self._at_once: Counter[str] = Counter()
        self._points = {kind: _Minute() for kind in GITHUB_POINTS_A_MINUTE}
        self._seconds = {kind: _Minute() for kind in GITHUB_SECONDS_A_MINUTE}
        self._windows: Counter[tuple[str, str, int]] = Counter()
        self._arxiv_last = float("-inf")

    def begin(self, request: Request) -> Response | None:
        """Takes a request in; a response where the host would refuse it."""
        self._at_once[request.host] += 1
        if request.host == GITHUB_HOST:
            return self._begin_github(request)
        if request.host == HUB_HOST:
            return self._begin_hub(request)
        if request.host in ARXIV_HOSTS:
            return self._begin_arxiv()
        return None

    def end(self, request: Request, began: float) -> None:
        """The answer to a request is out, or its client has gone."""
        self._at_once[request.host] -= 1
        if request.host == GITHUB_HOST:
            now = self._now()
            self._seconds[_kind_of(request)].add(now, now - began)

    def now(self) -> float:
        return self._now()

    def _begin_github(self, request: Request) -> Response | None:
        now, kind = self._now(), _kind_of(request)
        is_query = kind == "graphql" or request.method in {"GET", "HEAD", "OPTIONS"}
        self._points[kind].add(now, 1 if is_query else GITHUB_WRITE_POINTS)
        if self._at_once[GITHUB_HOST] > GITHUB_AT_ONCE:
            return self._refuse_github("github: requests at once")
        if self._points[kind].at(now) > GITHUB_POINTS_A_MINUTE[kind]:
            return self._refuse_github(f"github: {kind} points a minute")
        if self._seconds[kind].at(now) > GITHUB_SECONDS_A_MINUTE[kind]:
            return self._refuse_github(f"github: {kind} seconds a minute")
        return None

    def _refuse_github(self, limit: str) -> Response:
        self.refusals[limit] += 1
        message = {"message": "You have exceeded a secondary rate limit."}
        return Response.of_json(message, 403, (("Retry-After", str(GITHUB_RETRY_AFTER)),))

    def _begin_hub(self, request: Request) -> Response | None:
        bucket = "api" if request.path.startswith("/api/") else "pages"
        if "/resolve/" in request.path:
            bucket = "resolvers"
        caller = request.headers.get("authorization", "")
        window, past = divmod(self._now(), HUB_WINDOW_SECONDS)
        limit = HUB_LIMITS[bool(caller)][bucket]
        self._windows[caller, bucket, int(window)] += 1
        if self._windows[caller, bucket, int(window)] <= limit:
            return None
        self.refusals[f"hub: {bucket}"] += 1
        headers = (
            ("RateLimit", f'"{bucket}";r=0;t={HUB_WINDOW_SECONDS - int(past)}'),
            ("RateLimit-Policy", f'"fixed window";"{bucket}";q={limit};w={HUB_WINDOW_SECONDS}'),
        )
        return Response.of_json({"error": "We had to rate limit you"}, 429, headers)

    def _begin_arxiv(self) -> Response | None:
        now = self._now()
        waited, self._arxiv_last = now - self._arxiv_last, now
        at_once = sum(self._at_once[host] for host in ARXIV_HOSTS)
        if at_once <= 1 and waited >= ARXIV_INTERVAL_SECONDS - ARXIV_TOLERANCE_SECONDS:
            return None
        self.refusals["arxiv: one request every three seconds, one at a time"] += 1
        return Response(429, (("Content-Type", "text/plain"),), b"Rate exceeded.")


def _kind_of(request: Request) -> str:
    return "graphql" if request.path == "/graphql" else "rest"
