"""Who may be asked when: one lane per host, with its own concurrency, spacing, backoff and end.

Waiting goes through the injected clock only. Reading a host's headers is throttle.py's.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from types import MappingProxyType, TracebackType
from typing import Final
from urllib.parse import urlsplit

from crawler.clock import Clock
from crawler.fetch.places import Places
from crawler.settings import Settings

LONGEST_WAIT_SECONDS: Final = 300.0
"""A host that asks for more is left alone for this run."""
LONGEST_QUOTA_WAIT_SECONDS: Final = 60.0
"""A quota that is used up for longer ends the lane for this run: what is left is due in the next."""
LONGEST_HOLD_SECONDS: Final = 86_400.0
"""What we believe of a Retry-After at most: a year in it is a mistake, not a wish."""
SHORTEST_WAIT_SECONDS: Final = 0.000_002
"""A clock may count in microseconds: less than this it might never see pass."""
FIRST_THROTTLE_SECONDS: Final = 15.0
"""Backoff after a 429 that names no time; doubles with each further one in a row."""
MAX_STARTS: Final = 16_384
"""Beginnings of addresses, up to their path, of which the lane is remembered."""

ARXIV_LANE: Final = "arxiv"
WAYBACK_LANE: Final = "web.archive.org"
SOFTWARE_HERITAGE_LANE: Final = "archive.softwareheritage.org"
# One request per 3 s over one connection, API, OAI-PMH and site together:
# https://info.arxiv.org/help/api/tou.html (2026-11).
ARXIV_HOSTS: Final = ("arxiv.org", "www.arxiv.org", "export.arxiv.org", "oaipmh.arxiv.org")
HUB_HOSTS: Final = ("huggingface.co", "www.huggingface.co")
HUB_PACE: Final = 2
"""How many times as often as others the Hub is asked: each answer says what is left of its quota."""
WAYBACK_HOSTS: Final = ("archive.org", "web.archive.org", "www.archive.org")


class LaneClosed(Exception):  # noqa: N818 - a state, not an error
    """The lane takes no more requests in this run. `throttled`: because the host asked for it."""

    def __init__(self, reason: str, *, throttled: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.throttled = throttled


class Lane:
    """One host's stream of requests.

    `quota` is free text for the progress display. `hold_until` is the wall-clock time before which the
    host asked not to be asked again (capped at LONGEST_HOLD_SECONDS); `kept_until` is the same where that
    holds for whoever asks, in the next run too: a Retry-After, not the quota of a token.
    """

    __slots__ = (
        "_clock",
        "_gate",
        "_hold_until",
        "_interval_seconds",
        "_is_single",
        "_next_start",
        "_places",
        "_run_places",
        "_throttles_in_a_row",
        "_waiting",
        "closed",
        "hold_until",
        "kept_until",
        "name",
        "quota",
        "seconds_waited",
        "throttled",
        "why_waiting",
    )

    def __init__(
        self,
        name: str,
        clock: Clock,
        *,
        concurrency: int,
        interval_seconds: float,
        run_places: Places,
    ) -> None:
        self.name = name
        self.closed: str | None = None
        self.throttled = False
        self.hold_until: datetime | None = None
        self.kept_until: datetime | None = None
        self.why_waiting: str | None = None
        self.quota: str | None = None
        self.seconds_waited = 0.0
        self._clock = clock
        self._interval_seconds = interval_seconds
        self._is_single = concurrency == 1
        self._places = Places(concurrency)
        self._gate = Places(1)
        self._run_places = run_places
        self._next_start = 0.0
        self._hold_until = 0.0
        self._throttles_in_a_row = 0
        self._waiting = 0

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Wait for a place, the spacing and any backoff; hold the place while inside.

        Raises LaneClosed. Not re-entrant: `Fetcher.get` takes its turns itself.
        """
        return _Turn(self)

    def enter_now(self) -> bool:
        """Enter where nobody waits and nothing has to be waited for; else False. Raises LaneClosed."""
        if self.closed is not None:
            raise LaneClosed(self.closed, throttled=self.throttled)
        if self._waiting or not self._places.take_now():
            return False
        if self._run_places.take_now():
            if self._start_now():
                return True
            self._run_places.give_back()
        self._places.give_back()
        return False

    async def enter(self) -> None:
        """What a turn begins with; `leave` must follow unless it raises."""
        if not self.enter_now():
            await self.queue()

    async def queue(self) -> None:
        """Enter when it is one's turn: what `enter_now` does not do. Raises LaneClosed."""
        await self._places.take()
        try:
            if self._interval_seconds or self._waiting or not await self._start_with_place():
                await self._wait_in_order()
        except BaseException:
            self._places.give_back()
            raise

    async def _wait_in_order(self) -> None:
        """One waiter at a time: the order stays, and the lane's waiting is counted once."""
        self._waiting += 1
        try:
            await self._gate.take()
            try:
                await self._wait_for_start()
            finally:
                self._gate.give_back()
        finally:
            self._waiting -= 1

    def leave(self) -> None:
        """What a turn ends with."""
        if self._is_single:
            # However late the request itself went out, its answer came later still.
            self._next_start = self._clock.monotonic() + self._interval_seconds
        self._run_places.give_back()
        self._places.give_back()

    def back_off(
        self,
        seconds: float,
        why: str,
        *,
        outlives_run: bool = False,
        longest_seconds: float = LONGEST_WAIT_SECONDS,
    ) -> None:
        """Start nothing for `seconds`; never shortens a wait, and one beyond `longest_seconds` closes."""
        seconds = max(0.0, seconds)
        held = min(seconds, LONGEST_HOLD_SECONDS)
        until = self._clock.now() + timedelta(seconds=held)
        if self.hold_until is None or until > self.hold_until:
            self.hold_until = until
        if outlives_run and (self.kept_until is None or until > self.kept_until):
            self.kept_until = until
        if seconds > longest_seconds:
            said = f"{seconds:,.0f} s" if seconds == held else f"{seconds:,.0f} s, taken as {held:,.0f} s"
            self.throttled = True
            self.close(f"{why}: asked to wait {said}")
            return
        start = self._clock.monotonic() + seconds
        if start > self._hold_until:
            self._hold_until = start
            self.why_waiting = why

    def throttle(self, why: str) -> None:
        """The host said "too many" and named no time: wait longer each time, in the end close."""
        if self._clock.monotonic() < self._hold_until:
            return  # an answer to a request that was under way when the wait began
        seconds = FIRST_THROTTLE_SECONDS * 2**self._throttles_in_a_row
        self._throttles_in_a_row += 1
        self.back_off(seconds, why)

    def relax(self) -> None:
        """The host answered without complaint."""
        self._throttles_in_a_row = 0

    def close(self, why: str) -> None:
        """Take no more requests in this run; the first word stands."""
        if self.closed is None:
            self.closed = why

    def rest(self) -> None:
        """Begin nothing before the spacing has passed from now: somebody else may have asked this moment."""
        self._next_start = max(self._next_start, self._clock.monotonic() + self._interval_seconds)

    def _start_now(self) -> bool:
        """Count a start where neither the spacing nor a backoff stands against it."""
        now = self._clock.monotonic()
        if max(self._next_start, self._hold_until) - now >= SHORTEST_WAIT_SECONDS:
            return False
        self._next_start = now + self._interval_seconds
        self.why_waiting = None
        return True

    async def _wait_for_start(self) -> None:
        """Start, with a place of the run; none is held while the lane waits."""
        while True:
            if self.closed is not None:
                raise LaneClosed(self.closed, throttled=self.throttled)
            wait = max(self._next_start, self._hold_until) - self._clock.monotonic()
            if wait >= SHORTEST_WAIT_SECONDS:
                self.seconds_waited += wait
                await self._clock.sleep(wait)
                continue
            if await self._start_with_place():
                return

    async def _start_with_place(self) -> bool:
        """Wait for a place of the run and start; False, and no place, where the host has spoken meanwhile."""
        await self._run_places.take()
        if self.closed is None and self._start_now():
            return True
        self._run_places.give_back()
        return False


class _Turn(AbstractAsyncContextManager[None]):
    """A turn as a context manager; cheaper than a generator, for there is one per request."""

    __slots__ = ("_lane",)

    def __init__(self, lane: Lane) -> None:
        self._lane = lane

    async def __aenter__(self) -> None:
        await self._lane.enter()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lane.leave()


class Politeness:
    """The lanes of one run and the concurrency they share."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._run_places = Places(settings.network.concurrency)
        self._lanes: dict[str, Lane] = {}
        self._lane_of_host = dict.fromkeys(ARXIV_HOSTS, ARXIV_LANE)
        self._lane_of_host |= dict.fromkeys(WAYBACK_HOSTS, WAYBACK_LANE)
        # Configured endpoints may share one host (a mirror, the sandbox): told apart by their whole address.
        self._lane_of_endpoint = {
            settings.arxiv.api_url: ARXIV_LANE,
            settings.arxiv.oai_url: ARXIV_LANE,
            settings.archive.availability_url: WAYBACK_LANE,
            settings.archive.cdx_url: WAYBACK_LANE,
            settings.archive.software_heritage_url: SOFTWARE_HERITAGE_LANE,
        }
        self._endpoints = tuple(self._lane_of_endpoint)
        self._lane_of_start: dict[str, str] = {}

    def lane(self, host: str) -> Lane:
        """The lane that `host` (a name without port, or a lane's name) belongs to."""
        name = self._name_of(host)
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = self._open(name)
        return lane

    def lane_for(self, url: str) -> Lane:
        """The lane that a request for `url` belongs to."""
        name = self.lane_name_for(url)
        return self._lanes.get(name) or self.lane(name)

    def lane_name_for(self, url: str) -> str:
        """The name of that lane, without opening it; "" for what is no URL."""
        if url.startswith(self._endpoints):
            for endpoint, name in self._lane_of_endpoint.items():
                if url.startswith(endpoint):
                    return name
        # All addresses of a host have it, and reading an address costs more than all the rest of this.
        start = url[:end] if (end := url.find("/", 8)) > 0 else url
        found = self._lane_of_start.get(start)
        if found is None:
            if len(self._lane_of_start) >= MAX_STARTS:
                self._lane_of_start.clear()
            try:
                found = self._name_of(urlsplit(start).hostname or "")
            except ValueError:
                found = ""
            self._lane_of_start[start] = found
        return found

    def lanes(self) -> Mapping[str, Lane]:
        """Every lane somebody asked for in this run, by name."""
        return MappingProxyType(self._lanes)

    def holds(self) -> dict[str, datetime]:
        """Until when hosts asked to be left alone, by lane: what the next run has to honour."""
        now = self._clock.now()
        return {
            name: lane.kept_until
            for name, lane in self._lanes.items()
            if lane.kept_until is not None and lane.kept_until > now
        }

    def honour(self, holds: Mapping[str, datetime]) -> None:
        """Begin with what hosts asked for in an earlier run."""
        for name, until in holds.items():
            seconds = (until - self._clock.now()).total_seconds()
            if seconds > 0:
                why = f"asked in an earlier run to wait until {until:%Y-%m-%d %H:%M} UTC"
                self.lane(name).back_off(seconds, why, outlives_run=True)

    def _name_of(self, host: str) -> str:
        host = host.rstrip(".").lower()
        return self._lane_of_host.get(host, host)

    def _open(self, name: str) -> Lane:
        network = self._settings.network
        concurrency, interval = network.per_host_concurrency, network.per_host_interval_seconds
        if name == ARXIV_LANE:
            concurrency, interval = 1, self._settings.arxiv.min_interval_seconds
        elif name in {WAYBACK_LANE, SOFTWARE_HERITAGE_LANE}:
            concurrency, interval = 1, self._settings.archive.min_interval_seconds
        elif name in HUB_HOSTS:
            interval /= HUB_PACE
        elif name in {"github.com", "www.github.com", urlsplit(self._settings.github.web_url).hostname}:
            interval = self._settings.github.page_interval_seconds
        return self.make_lane(
            name, concurrency=concurrency, interval_seconds=interval, run_places=self._run_places
        )

    def make_lane(self, name: str, *, concurrency: int, interval_seconds: float, run_places: Places) -> Lane:
        """A lane of this pace; whoever shares hosts with others makes another kind."""
        return Lane(
            name,
            self._clock,
            concurrency=concurrency,
            interval_seconds=interval_seconds,
            run_places=run_places,
        )
