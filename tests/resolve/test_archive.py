"""Archived copies against the sandbox; a failed look-up is never proof of absence."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from crawler.clock import SimulatedClock
from crawler.fetch.client import Fetcher
from crawler.fetch.environment import NetworkEnvironment
from crawler.fetch.meter import RequestMeter
from crawler.fetch.politeness import Politeness
from crawler.resolve.archive import UNKNOWN, ArchiveCopy, ArchiveResolver, Found, archives_for
from crawler.sandbox import faults
from crawler.sandbox.faults import Fault
from crawler.sandbox.messages import Response
from crawler.sandbox.server import Sandbox
from crawler.sandbox.world import World
from tests.conftest import patience_seconds

PAGE = "https://pages.example.org/gone?a=b&c=d"
REPOSITORY = "https://github.com/made-up/gone"
LAST_ALIVE = datetime(2025, 3, 1, tzinfo=UTC)


def find(
    sandbox: Sandbox,
    clock: SimulatedClock,
    url: str,
    last_alive_at: datetime | None = LAST_ALIVE,
    full_name: str | None = None,
) -> Found:
    settings = sandbox.settings(network={"timeout_seconds": patience_seconds(sandbox.world)})
    politeness, meter = Politeness(settings, clock), RequestMeter()

    async def run() -> Found:
        async with Fetcher(settings, NetworkEnvironment(), politeness, meter, clock) as fetcher:
            return await ArchiveResolver(settings, fetcher, clock).find_copy(url, last_alive_at, full_name)

    return asyncio.run(run())


def test_the_capture_nearest_to_the_last_good_day(
    sandbox: Sandbox, world: World, clock: SimulatedClock
) -> None:
    world.archive.captures[PAGE] = ["20230101000000", "20250220120000", "20260801000000"]
    assert find(sandbox, clock, PAGE) == ArchiveCopy(
        f"https://web.archive.org/web/20250220120000/{PAGE}", datetime(2025, 2, 20, 12, tzinfo=UTC), "wayback"
    )
    assert len(world.requests) == 1


def test_a_link_never_seen_alive_takes_the_latest(
    sandbox: Sandbox, world: World, clock: SimulatedClock
) -> None:
    world.archive.captures[PAGE] = ["20230101000000", "20260801000000"]
    found = find(sandbox, clock, PAGE, None)
    assert isinstance(found, ArchiveCopy)
    assert found.taken_at.year == 2026


def test_cdx_knows_what_availability_forgot(sandbox: Sandbox, world: World, clock: SimulatedClock) -> None:
    world.archive.captures[PAGE] = ["20230101000000", "20250220120000", "20260801000000"]
    world.faults["archive.org"] = faults.answer(Response.of_json({"url": PAGE, "archived_snapshots": {}}))
    found = find(sandbox, clock, PAGE)
    assert isinstance(found, ArchiveCopy)
    assert found.url == f"https://web.archive.org/web/20250220120000/{PAGE}"


def test_both_indexes_empty_means_none(sandbox: Sandbox, world: World, clock: SimulatedClock) -> None:
    world.archive.captures[PAGE] = []
    assert find(sandbox, clock, PAGE) is None


@pytest.mark.parametrize(
    "fault",
    [
        faults.status(403, "Blocked Site Error"),
        faults.status(429, retry_after=3600),
        faults.status(500),
        faults.status(503),
        faults.hang(),
        faults.reset(),
        faults.cut_off(),
        faults.answer(Response(200, (), b"<html>not JSON</html>")),
        faults.answer(Response(200, (), b"[" * 100_000)),
        faults.answer(Response.of_json({"archived_snapshots": {"closest": {"timestamp": 5}}})),
        faults.answer(Response.of_json({"archived_snapshots": None})),
        faults.answer(Response.of_json([["timestamp"], ["20251399000000"], [None], "x", []])),
        faults.answer(Response.of_json("nothing")),
        faults.redirect("https://elsewhere.example/"),
    ],
    ids=lambda value: repr(value)[:60] if isinstance(value, Fault) else "",
)
def test_a_failed_look_up_is_unknown(
    sandbox: Sandbox, world: World, clock: SimulatedClock, fault: Fault
) -> None:
    world.archive.captures[PAGE] = ["20250220120000"]
    world.faults["archive.org"] = fault
    world.faults["web.archive.org"] = fault
    assert find(sandbox, clock, PAGE) is UNKNOWN


def test_one_index_that_fails_leaves_it_unknown(
    sandbox: Sandbox, world: World, clock: SimulatedClock
) -> None:
    world.archive.captures[PAGE] = []
    world.faults["web.archive.org"] = faults.status(500)
    assert find(sandbox, clock, PAGE) is UNKNOWN


@pytest.mark.parametrize("url", [REPOSITORY, f"{REPOSITORY}/blob/main/README.md"])
def test_software_heritage_keeps_code(
    sandbox: Sandbox, world: World, clock: SimulatedClock, url: str
) -> None:
    world.archive.captures[url] = []
    world.archive.origins[REPOSITORY] = "2026-05-01T12:00:00.000000+00:00"
    found = find(sandbox, clock, url)
    assert found == ArchiveCopy(
        "https://archive.softwareheritage.org/browse/origin/directory/"
        "?origin_url=https%3A%2F%2Fgithub.com%2Fmade-up%2Fgone",
        datetime(2026, 5, 1, 12, tzinfo=UTC),
        "software-heritage",
    )


@pytest.mark.parametrize(
    ("fault", "expected"), [(None, None), (faults.status(403, "Anubis"), UNKNOWN)], ids=["missing", "walled"]
)
def test_code_nobody_keeps(
    sandbox: Sandbox, world: World, clock: SimulatedClock, fault: Fault | None, expected: Found
) -> None:
    world.archive.captures[REPOSITORY] = []
    world.archive.origins[REPOSITORY] = None
    if fault is not None:
        world.faults["archive.softwareheritage.org"] = fault
    assert find(sandbox, clock, REPOSITORY) is expected


def test_archives_are_asked_at_their_pace(sandbox: Sandbox, world: World, clock: SimulatedClock) -> None:
    settings = sandbox.settings(archive={"min_interval_seconds": 2.5})
    politeness = Politeness(settings, clock)
    world.archive.captures[PAGE] = []

    async def run() -> None:
        async with Fetcher(settings, NetworkEnvironment(), politeness, RequestMeter(), clock) as fetcher:
            for _ in range(3):
                await ArchiveResolver(settings, fetcher, clock).find_copy(PAGE, LAST_ALIVE)

    before = clock.monotonic()
    asyncio.run(run())
    assert clock.monotonic() - before == pytest.approx(2.5 * 5)


def test_software_heritage_is_asked_with_the_hosts_own_spelling(
    sandbox: Sandbox, world: World, clock: SimulatedClock
) -> None:
    world.archive.origins["https://github.com/Made-Up/Gone"] = "2026-05-01T12:00:00.000000+00:00"
    found = find(sandbox, clock, REPOSITORY, full_name="Made-Up/Gone")
    assert isinstance(found, ArchiveCopy)
    assert found.archive == "software-heritage"
    assert "Made-Up%2FGone" in found.url


def test_code_is_kept_by_two_archives_and_pages_by_one() -> None:
    assert archives_for(PAGE) == ("wayback",)
    assert archives_for(f"{REPOSITORY}/tree/main/x") == ("wayback", "software-heritage")
