"""Thinning counters: by the rule, once, without touching anything else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.clock import SimulatedClock
from crawler.errors import BusyError, UnableError
from crawler.store.compact import Compaction, compact
from crawler.store.lock import DatabaseLock

from .conftest import PAGE, REPOSITORY, Nights, catalog, entry, look
from .one_by_one import read_facts

START = datetime(2024, 1, 1, 2, 30, tzinfo=UTC)  # a Monday


def counted(path: Path, days: list[int]) -> Nights:
    """A database with stars on these days after START, as many as the day's number."""
    nights = Nights(path / "crawler.db", SimulatedClock(START))
    nights.catalog = catalog(entry("a", REPOSITORY, PAGE))
    with nights.open() as store:
        execute = store._connection.execute
        store.begin_run(nights.catalog)
        execute("UPDATE runs SET state = 'finished'")
        for number, day in enumerate(sorted(set(days)), 2):
            at = (START + timedelta(days=day)).strftime("%Y-%m-%dT%H:%M:%SZ")
            execute(
                "INSERT INTO runs (id, name, started_at, state, updated_at, crawler_version, policy)"
                " VALUES (?, '', ?, 'finished', ?, '', '{}')",
                [number, at, at],
            )
            execute("INSERT INTO counters (link_id, run_id, stars) VALUES (1, ?, ?)", [number, day])
        store._connection.commit()
    return nights


def kept(nights: Nights) -> list[int]:
    return [stars for (stars,) in nights.rows("SELECT stars FROM counters ORDER BY run_id")]


def at(day: int) -> datetime:
    return START + timedelta(days=day)


def test_daily_then_weekly_then_monthly(tmp_path: Path) -> None:
    nights = counted(tmp_path, list(range(900)))
    done = compact(nights.path, at(900))
    left = kept(nights)
    assert left[-90:] == list(range(810, 900)), "every day of the last 90"
    weeks = [day for day in left if 170 <= day < 810]
    assert weeks[1:-1] == list(range(weeks[1], weeks[-1], 7)), "the last day of each week"
    assert weeks[1] % 7 == 6, "which is a Sunday"
    assert left[:6] == [0, 30, 59, 90, 120, 151], "the first of all, then the last of each month"
    assert (done.rows, done.surplus) == (900, 900 - len(left))
    assert done.bytes_after <= done.bytes_before


@settings(max_examples=25)
@given(
    days=st.lists(st.integers(0, 1200), min_size=1, max_size=60),
    age=st.integers(0, 200),
    step=st.integers(0, 40),
)
def test_laws(tmp_path_factory: pytest.TempPathFactory, days: list[int], age: int, step: int) -> None:
    """The last quarter stays, no night sees a later day, none loses its counters, twice is once."""
    nights = counted(tmp_path_factory.mktemp("compact"), days)
    now = at(max(days) + age)
    before = {run: _stars(nights, run) for run in range(2, len(set(days)) + 2)}
    compact(nights.path, now)
    for run, (stars, started_at) in before.items():
        after, _ = _stars(nights, run)
        assert after is not None
        assert stars is not None
        assert min(days) <= after <= stars
        if started_at >= now - timedelta(days=90) or run == max(before):
            assert after == stars
    once = kept(nights)
    assert compact(nights.path, now).surplus == 0
    assert kept(nights) == once
    compact(nights.path, now + timedelta(days=step))
    assert set(kept(nights)) <= set(once)


def _stars(nights: Nights, run: int) -> tuple[int | None, datetime]:
    ((started_at,),) = nights.rows("SELECT started_at FROM runs WHERE id = ?", [run])
    with nights.history() as history:
        facts = read_facts(history._connection, 1, run)
    return facts.get("stars"), datetime.fromisoformat(started_at)


def test_a_dry_run_says_the_same_and_does_nothing(tmp_path: Path) -> None:
    nights = counted(tmp_path, list(range(300)))
    before = kept(nights)
    told = compact(nights.path, at(300), dry_run=True)
    assert kept(nights) == before
    done = compact(nights.path, at(300))
    assert (told.rows, told.surplus) == (done.rows, done.surplus)
    assert told.surplus > 100


def test_everything_else_is_as_it_was(nights: Nights) -> None:
    for stars in range(4):
        nights.night(look(REPOSITORY, facts={"stars": stars, "license": f"L{stars}"}), look(PAGE))
    tables = ["runs", "observations", "facts", "health", "events", "findings", "entries", "mentions"]
    before = {table: nights.rows(f"SELECT * FROM {table}") for table in tables}
    assert compact(nights.path, nights.clock.now() + timedelta(days=2000)).surplus == 2
    assert {table: nights.rows(f"SELECT * FROM {table}") for table in tables} == before
    assert nights.rows("PRAGMA integrity_check") == [("ok",)]


def test_not_without_a_database_nor_beside_a_run(tmp_path: Path) -> None:
    with pytest.raises(UnableError, match="no database"):
        compact(tmp_path / "none.db", START)
    nights = counted(tmp_path, [1, 2])
    with DatabaseLock(nights.path), pytest.raises(BusyError):
        compact(nights.path, START)
    assert compact(nights.path, START) == Compaction(
        2, 0, nights.path.stat().st_size, nights.path.stat().st_size
    )
