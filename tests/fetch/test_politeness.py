"""Lanes: concurrency, spacing, backoff and their end, on a clock that costs no time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.clock import SimulatedClock, SystemClock
from crawler.fetch.politeness import LONGEST_WAIT_SECONDS, Lane, LaneClosed, Politeness
from crawler.settings import Settings


def settings(**network: float) -> Settings:
    return msgspec.convert({"network": {"per_host_interval_seconds": 0.0} | network}, Settings)


async def take_turns(lane: Lane, count: int, inside: Callable[[], Awaitable[None]]) -> None:
    async def one() -> None:
        async with lane.turn():
            await inside()

    await asyncio.gather(*(one() for _ in range(count)))


def test_requests_are_spaced(clock: SimulatedClock) -> None:
    lane = Politeness(settings(per_host_interval_seconds=2.0), clock).lane("example.org")
    starts: list[float] = []

    async def note() -> None:
        starts.append(clock.monotonic())

    asyncio.run(take_turns(lane, 5, note))
    assert starts == [0.0, 2.0, 4.0, 6.0, 8.0]
    assert lane.seconds_waited == 8.0


def test_after_a_rest_the_spacing_begins_anew(clock: SimulatedClock) -> None:
    lane = Politeness(settings(per_host_interval_seconds=2.0), clock).lane("example.org")
    starts: list[float] = []

    async def note() -> None:
        starts.append(clock.monotonic())

    lane.rest()
    asyncio.run(take_turns(lane, 1, note))
    clock.advance(timedelta(seconds=1))
    lane.rest()
    asyncio.run(take_turns(lane, 1, note))
    assert starts == [2.0, 5.0]


@pytest.mark.parametrize(("per_host", "run_wide", "most"), [(3, 64, 3), (8, 2, 2)])
def test_never_more_at_once(per_host: int, run_wide: int, most: int) -> None:
    politeness = Politeness(settings(per_host_concurrency=per_host, concurrency=run_wide), SystemClock())
    inside = highest = 0

    async def note() -> None:
        nonlocal inside, highest
        inside += 1
        highest = max(highest, inside)
        await asyncio.sleep(0.001)
        inside -= 1

    asyncio.run(take_turns(politeness.lane("example.org"), 20, note))
    assert highest == most


def test_a_lane_that_waits_holds_no_place_of_the_run(clock: SimulatedClock) -> None:
    politeness = Politeness(settings(concurrency=1), clock)
    slow, quick = politeness.lane("slow.example"), politeness.lane("quick.example")
    slow.back_off(100, "told to")
    order: list[str] = []

    async def ask(lane: Lane) -> None:
        async with lane.turn():
            order.append(lane.name)

    async def run() -> None:
        await asyncio.gather(ask(slow), ask(quick))

    asyncio.run(run())
    assert order == ["quick.example", "slow.example"]


@given(st.lists(st.floats(0, LONGEST_WAIT_SECONDS), min_size=1, max_size=6))
def test_a_backoff_is_never_shortened(waits: list[float]) -> None:
    from datetime import UTC, datetime

    clock = SimulatedClock(datetime(2026, 1, 1, tzinfo=UTC))
    lane = Politeness(settings(), clock).lane("example.org")
    for wait in waits:
        lane.back_off(wait, "told to")

    async def run() -> float:
        async with lane.turn():
            return clock.monotonic()

    # The simulated clock counts whole microseconds.
    assert asyncio.run(run()) == pytest.approx(max(waits), abs=2e-6)
    assert lane.closed is None


def test_a_long_backoff_closes(clock: SimulatedClock) -> None:
    lane = Politeness(settings(), clock).lane("example.org")
    lane.back_off(LONGEST_WAIT_SECONDS + 1, "429")
    assert lane.hold_until == clock.now() + timedelta(seconds=LONGEST_WAIT_SECONDS + 1)

    async def run() -> None:
        async with lane.turn():
            pass

    with pytest.raises(LaneClosed) as caught:
        asyncio.run(run())
    assert caught.value.throttled
    assert caught.value.reason == "429: asked to wait 301 s"


def test_the_first_word_on_a_closed_lane_stands(clock: SimulatedClock) -> None:
    lane = Politeness(settings(), clock).lane("example.org")
    lane.close("quota used up")
    lane.close("something else")
    assert lane.closed == "quota used up"


def test_whoever_waits_learns_that_the_lane_closed(clock: SimulatedClock) -> None:
    lane = Politeness(settings(per_host_concurrency=1), clock).lane("example.org")
    closed: list[str] = []

    async def ask() -> None:
        try:
            async with lane.turn():
                lane.close("enough")
        except LaneClosed as error:
            closed.append(error.reason)

    async def run() -> None:
        await asyncio.gather(*(ask() for _ in range(4)))

    asyncio.run(run())
    assert closed == ["enough"] * 3


def test_throttling_without_a_time_grows_until_it_closes(clock: SimulatedClock) -> None:
    lane = Politeness(settings(), clock).lane("example.org")
    waits: list[float] = []

    async def run() -> None:
        while lane.closed is None:
            before = clock.monotonic()
            async with lane.turn():
                waits.append(clock.monotonic() - before)
                # Two answers to requests that were under way together are one complaint.
                lane.throttle("429")
                lane.throttle("429")

    asyncio.run(run())
    assert waits == [0.0, 15.0, 30.0, 60.0, 120.0, 240.0]


def test_a_turn_that_raises_gives_its_place_back(clock: SimulatedClock) -> None:
    lane = Politeness(settings(per_host_concurrency=1, concurrency=1), clock).lane("example.org")

    async def run() -> None:
        for _ in range(3):
            with pytest.raises(RuntimeError):
                async with lane.turn():
                    raise RuntimeError

    asyncio.run(asyncio.wait_for(run(), 60))


def test_entering_at_once_keeps_to_all_that_waiting_does(clock: SimulatedClock) -> None:
    politeness = Politeness(
        settings(per_host_concurrency=2, concurrency=3, per_host_interval_seconds=1.0), clock
    )
    lane, other = politeness.lane("a.example"), politeness.lane("b.example")

    async def run() -> None:
        assert lane.enter_now()
        assert not lane.enter_now(), "the spacing"
        clock.advance(timedelta(seconds=1))
        assert lane.enter_now()
        clock.advance(timedelta(seconds=1))
        assert not lane.enter_now(), "two at once"
        assert other.enter_now()
        clock.advance(timedelta(seconds=1))
        assert not other.enter_now(), "three of the run"
        waiting = asyncio.create_task(other.enter())
        await asyncio.sleep(0)
        lane.leave()
        await asyncio.sleep(0)
        await waiting
        other.leave()
        clock.advance(timedelta(seconds=1))
        other.back_off(5, "told to")
        assert not other.enter_now(), "the host's word"
        lane.close("enough")
        with pytest.raises(LaneClosed):
            lane.enter_now()
        clock.advance(timedelta(seconds=5))
        assert other.enter_now()

    asyncio.run(run())


def test_nobody_who_enters_at_once_gets_before_those_who_wait(clock: SimulatedClock) -> None:
    politeness = Politeness(settings(concurrency=1), clock)
    lane, busy = politeness.lane("a.example"), politeness.lane("b.example")

    async def run() -> None:
        assert busy.enter_now()
        waiting = asyncio.create_task(lane.enter())
        await asyncio.sleep(0)
        busy.leave()
        assert not lane.enter_now()
        assert not busy.enter_now()
        await waiting

    asyncio.run(run())


# --- which lane ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["arxiv.org", "export.arxiv.org", "OAIPMH.arxiv.org", "www.arxiv.org.", "arxiv"]
)
def test_arxiv_is_one_lane(clock: SimulatedClock, host: str) -> None:
    politeness = Politeness(Settings(), clock)
    assert politeness.lane(host) is politeness.lane("arxiv")
    starts: list[float] = []

    async def note() -> None:
        starts.append(clock.monotonic())

    asyncio.run(take_turns(politeness.lane(host), 3, note))
    assert starts == [0.0, 3.0, 6.0]


@pytest.mark.parametrize(
    ("host", "interval"),
    [
        ("github.com", 0.5),
        ("api.github.com", 0.05),
        ("archive.org", 2.5),
        ("web.archive.org", 2.5),
        ("archive.softwareheritage.org", 2.5),
        ("example.org", 0.05),
    ],
)
def test_each_host_has_its_pace(clock: SimulatedClock, host: str, interval: float) -> None:
    lane = Politeness(Settings(), clock).lane(host)

    async def nothing() -> None: ...

    asyncio.run(take_turns(lane, 3, nothing))
    assert clock.monotonic() == pytest.approx(2 * interval)


def test_configured_endpoints_on_one_host_keep_their_lanes(clock: SimulatedClock) -> None:
    root = "http://127.0.0.1:9"
    politeness = Politeness(
        msgspec.convert(
            {
                "github": {"api_url": f"{root}/api.github.com"},
                "arxiv": {"api_url": f"{root}/arxiv/api", "oai_url": f"{root}/arxiv/oai"},
                "archive": {"cdx_url": f"{root}/cdx"},
            },
            Settings,
        ),
        clock,
    )
    assert politeness.lane_for(f"{root}/arxiv/api?id_list=1").name == "arxiv"
    assert politeness.lane_for(f"{root}/arxiv/oai?verb=x").name == "arxiv"
    assert politeness.lane_for(f"{root}/cdx?url=x").name == "web.archive.org"
    assert politeness.lane_for(f"{root}/api.github.com/repos/x").name == "127.0.0.1"
    assert politeness.lane_for("https://Example.org:8443/x").name == "example.org"
    assert politeness.lane_for("http://[bad/").name == ""
    assert set(politeness.lanes()) == {"arxiv", "web.archive.org", "127.0.0.1", "example.org", ""}


def test_what_a_host_asked_for_outlives_the_run(clock: SimulatedClock) -> None:
    politeness = Politeness(settings(), clock)
    politeness.lane("a.example").back_off(7200, "429 with Retry-After", outlives_run=True)
    politeness.lane("b.example").back_off(7200, "quota used up")
    politeness.lane("c.example").back_off(10, "429 with Retry-After", outlives_run=True)
    clock.advance(timedelta(minutes=1))
    kept = politeness.holds()
    assert list(kept) == ["a.example"], "a token's quota is that of the token, and ten seconds are over"
    later = Politeness(settings(), clock)
    later.honour(kept)
    assert "earlier run" in (later.lane("a.example").closed or "")
    assert later.lane("b.example").closed is None
    clock.advance(timedelta(hours=2))
    over = Politeness(settings(), clock)
    over.honour(kept)
    assert over.lane("a.example").closed is None


def test_spacing_counts_from_when_a_place_of_the_run_was_free(clock: SimulatedClock) -> None:
    politeness = Politeness(settings(concurrency=1, per_host_interval_seconds=2.0), clock)
    starts: list[float] = []

    async def hold() -> None:
        async with politeness.lane("busy.example").turn():
            await clock.sleep(10)

    async def note() -> None:
        starts.append(clock.monotonic())

    async def run() -> None:
        await asyncio.gather(hold(), take_turns(politeness.lane("example.org"), 3, note))

    asyncio.run(run())
    assert starts == [10.0, 12.0, 14.0]


def test_one_at_a_time_is_spaced_from_answer_to_request(clock: SimulatedClock) -> None:
    lane = Politeness(msgspec.convert({"arxiv": {"min_interval_seconds": 3.0}}, Settings), clock).lane(
        "export.arxiv.org"
    )
    starts: list[float] = []

    async def answer_slowly() -> None:
        starts.append(clock.monotonic())
        await clock.sleep(2)

    asyncio.run(take_turns(lane, 3, answer_slowly))
    assert starts == [0.0, 5.0, 10.0]


def test_a_backoff_that_begins_while_a_place_is_awaited_is_kept(clock: SimulatedClock) -> None:
    politeness = Politeness(settings(concurrency=1), clock)
    lane = politeness.lane("example.org")

    async def hold() -> None:
        async with politeness.lane("busy.example").turn():
            await asyncio.sleep(0)
            lane.back_off(100, "told to")

    async def run() -> float:
        holding = asyncio.create_task(hold())
        await asyncio.sleep(0)
        async with lane.turn():
            await holding
            return clock.monotonic()

    assert asyncio.run(run()) == 100


@given(st.lists(st.sampled_from(["ask", "cancel", "sleep"]), max_size=30))
def test_whoever_gives_up_waiting_leaves_the_lane_as_it_was(steps: list[str]) -> None:
    from datetime import UTC, datetime

    clock = SimulatedClock(datetime(2026, 1, 1, tzinfo=UTC))
    politeness = Politeness(settings(per_host_concurrency=2, concurrency=3), clock)
    lanes = [politeness.lane("a.example"), politeness.lane("b.example")]

    async def ask(lane: Lane) -> None:
        async with lane.turn():
            await asyncio.sleep(0)

    async def run() -> None:
        tasks: list[asyncio.Task[None]] = []
        for number, step in enumerate(steps):
            if step == "ask":
                tasks.append(asyncio.create_task(ask(lanes[number % 2])))
            elif step == "cancel" and tasks:
                tasks.pop().cancel()
            else:
                await asyncio.sleep(0)
        await asyncio.gather(*tasks)
        # All places are free again: as many as ever can be inside at once.
        inside = asyncio.Barrier(3)

        async def meet(lane: Lane) -> None:
            async with lane.turn():
                await inside.wait()

        await asyncio.gather(meet(lanes[0]), meet(lanes[0]), meet(lanes[1]))

    asyncio.run(asyncio.wait_for(run(), 60))


def test_the_hub_is_asked_more_often_for_it_tells_its_quota(clock: SimulatedClock) -> None:
    lane = Politeness(settings(per_host_interval_seconds=2.0), clock).lane("huggingface.co")
    starts: list[float] = []

    async def note() -> None:
        starts.append(clock.monotonic())

    asyncio.run(take_turns(lane, 3, note))
    assert starts == [0.0, 1.0, 2.0]
