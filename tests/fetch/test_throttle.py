"""Retry-After and rate-limit headers in every shape seen."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.clock import SimulatedClock
from crawler.fetch.politeness import LONGEST_HOLD_SECONDS, Lane, Politeness
from crawler.fetch.throttle import Quota, feed_lane, parse_retry_after, read_quota
from crawler.settings import Settings

NOW = datetime(2026, 11, 2, 2, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("1.5", 1.5),
        ("Mon, 02 Nov 2026 02:31:00 GMT", 60.0),
        ("Monday, 02-Nov-26 02:31:00 GMT", 60.0),
        ("Mon Nov  2 02:31:00 2026", 60.0),
        ("Mon, 02 Nov 2026 10:31:00 +0800", 60.0),
        ("Sun, 01 Nov 2026 02:31:00 GMT", 0.0),
        ("999999999", 999999999.0),
        (None, None),
        ("", None),
        ("-5", None),
        ("soon", None),
        ("1e9", None),
        ("١٢", None),
        ("9" * 40, None),
        ("Mon, 99 Nov 2026 02:31:00 GMT", None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, NOW) == seconds


@given(st.text(max_size=60))
def test_garbage_never_raises(value: str) -> None:
    wait = parse_retry_after(value, NOW)
    assert wait is None or wait >= 0


@pytest.mark.parametrize(
    ("headers", "quota"),
    [
        (
            {"x-ratelimit-remaining": "4812", "x-ratelimit-limit": "5000", "x-ratelimit-reset": "1793586660"},
            Quota(4812, 5000, 60.0),
        ),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "30"}, Quota(0, None, 30.0)),
        ({"x-ratelimit-remaining": "0"}, Quota(0, None, None)),
        ({"ratelimit": '"api";r=12;t=55'}, Quota(12, None, 55.0)),
        ({"ratelimit": '"api"; r=0; t=55'}, Quota(0, None, 55.0)),
        ({"ratelimit": "limit=100"}, None),
        ({"x-ratelimit-remaining": "many"}, None),
        ({}, None),
    ],
)
def test_quota(headers: dict[str, str], quota: Quota | None) -> None:
    assert read_quota(headers, NOW) == quota


@pytest.fixture
def lane(clock: SimulatedClock) -> Lane:
    return Politeness(Settings(), clock).lane("api.example.org")


def wait_of(lane: Lane, clock: SimulatedClock) -> float:
    """Seconds the next turn of a lane has to wait."""

    async def run() -> float:
        before = clock.monotonic()
        async with lane.turn():
            return clock.monotonic() - before

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (200, {}, 0.0),
        (200, {"retry-after": "20"}, 0.0),
        (429, {"retry-after": "20"}, 20.0),
        (503, {"retry-after": "20"}, 20.0),
        (403, {"retry-after": "20"}, 20.0),
        (503, {}, 0.0),
        (429, {}, 15.0),
        (429, {"retry-after": "nonsense"}, 15.0),
        (200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "40"}, 40.0),
        (200, {"x-ratelimit-remaining": "1", "x-ratelimit-reset": "40"}, 0.0),
        (429, {"ratelimit": '"api";r=0;t=55'}, 55.0),
    ],
)
def test_what_an_answer_asks_of_the_lane(
    lane: Lane, clock: SimulatedClock, status: int, headers: dict[str, str], seconds: float
) -> None:
    feed_lane(lane, status, headers, NOW)
    assert wait_of(lane, clock) == seconds


def test_an_absurd_wait_closes_the_lane_and_is_capped(lane: Lane, clock: SimulatedClock) -> None:
    feed_lane(lane, 429, {"retry-after": "999999999"}, NOW)
    assert lane.closed == "429 with Retry-After: asked to wait 999,999,999 s, taken as 86,400 s"
    assert lane.throttled
    assert lane.hold_until == clock.now() + timedelta(seconds=LONGEST_HOLD_SECONDS)


def test_the_quota_is_told_to_people(lane: Lane) -> None:
    feed_lane(lane, 200, {"x-ratelimit-remaining": "4812", "x-ratelimit-limit": "5000"}, NOW)
    assert lane.quota == "4,812 of 5,000"


def test_a_good_answer_forgives_earlier_throttling(lane: Lane, clock: SimulatedClock) -> None:
    for _ in range(2):
        feed_lane(lane, 429, {}, NOW)
        wait_of(lane, clock)
    feed_lane(lane, 200, {}, NOW)
    feed_lane(lane, 429, {}, NOW)
    assert wait_of(lane, clock) == 15.0
