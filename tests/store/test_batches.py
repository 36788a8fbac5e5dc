"""However looks come in batches, the tables hold what looks written one by one would have left."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crawler.clock import SimulatedClock
from crawler.records import Hop, Observation, Outcome, Reason, RunState
from crawler.settings import HealthSettings
from crawler.store.bulk import VARIABLES, insert_rows
from crawler.store.events import Event
from crawler.store.store import RunHandle, Store
from crawler.store.times import time_to_text

from .conftest import PAGE, PAPER, REPOSITORY, catalog, entry, look
from .one_by_one import OneByOne

MODEL = "https://huggingface.co/owner/model"
URLS = (REPOSITORY, PAGE, PAPER, MODEL)
POLICY = HealthSettings(min_strikes=2, min_days=1, outage_links=2)
FIRST_NIGHT = datetime(2026, 11, 2, 2, 30, tzinfo=UTC)

SEEN = [
    (Outcome.ALIVE, Reason.OK, 200),
    (Outcome.ALIVE, Reason.OK, 200),
    (Outcome.ALIVE, Reason.REDIRECTED, 200),
    (Outcome.ALIVE, Reason.NOT_MODIFIED, 304),
    (Outcome.ALIVE, Reason.GATED, 200),
    (Outcome.MOVED, Reason.RENAMED, 200),
    (Outcome.MOVED, Reason.REDIRECTED, 304),
    (Outcome.RESTRICTED, Reason.BOT_WALL, 403),
    (Outcome.RESTRICTED, Reason.DISABLED, 200),
    (Outcome.RESTRICTED, Reason.GATED, None),
    (Outcome.NOT_FOUND, Reason.NOT_FOUND, 404),
    (Outcome.NOT_FOUND, Reason.MISSING_OR_PRIVATE, 401),
    (Outcome.NOT_FOUND, Reason.PATH_MISSING, 404),
    (Outcome.UNREACHABLE, Reason.DNS_FAILURE, None),
    (Outcome.FAILED, Reason.TIMEOUT, None),
    (Outcome.THROTTLED, Reason.RATE_LIMITED, 429),
    (Outcome.SKIPPED, Reason.SKIPPED, None),
]
FIELDS: dict[str, list[Any]] = {
    "http_status": [None, 200, 304, 403],
    "final_url": [None, "https://example.org/final"],
    "detail": [None, None, "again at 03:12", "again at 04:50"],
    "redirect_chain": [(), (Hop(PAGE, 302),)],
    "host_id": [None, "1", "1", "2"],
    "stranger": [None, None, None, "name (id 3)"],
    "validators": [{}, {}, {"etag": '"1"'}, {"last-modified": "é", "etag": '"2"'}],
    "pointers": [
        {},
        {},
        {"github-homepage": ()},
        {"github-homepage": (MODEL, "http://GitHub.com/Owner/Name.git")},
        {"github-homepage": (REPOSITORY, MODEL), "arxiv-comment": (MODEL,)},
    ],
}
FACTS: dict[str, list[Any]] = {
    "stars": [None, 0, 1, 2],
    "likes": [3, 4],
    "license": [None, "MIT", "0BSD", "NONE", "NONE", "NOASSERTION"],
    "archived": [False, True],
    "gated": [False, "manual"],
    "title": ['A "page"', "Ein Blatt\n\x07 – \\ 頁"],
    "topics": [[], ["a", "b"]],
    "parameter_count": [7, 8],
    "parameter_counts": [{"F32": 2**70, "BF16": -1.5e300}, {"BF16": None}],
}
SECONDS = [-3600, 0.25, 60, 60.75, 3600]
"""Between a night's beginning and a look; a clock may go wrong."""

Plan = list[tuple[RunState | None, list[list[tuple[Observation, float]]]]]


class Looks:
    """Looks at a few links: most say what the latest one said, or nearly so."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.latest = {url: self._any(url) for url in URLS}

    def next(self) -> Observation:
        url = self.random.choice(URLS)
        match self.random.randrange(8):
            case 0:
                self.latest[url] = self._any(url)
            case 1 | 2:
                self.latest[url] = self._nearly(self.latest[url])
        return self.latest[url]

    def _any(self, url: str) -> Observation:
        outcome, reason, status = self.random.choice(SEEN)
        fields = {name: self.random.choice(values) for name, values in FIELDS.items()}
        facts = self._facts() if self.random.randrange(2) else {}
        return look(
            url,
            outcome,
            reason,
            observed_at=FIRST_NIGHT,
            **fields | {"http_status": status, "facts": facts, "suggested_url": self._home(outcome)},
        )

    def _nearly(self, latest: Observation) -> Observation:
        """What differs decides whether it is the same."""
        field = self.random.choice(
            [*FIELDS, "facts", "facts", "fact", "license", "license", "suggested_url", "reason"]
        )
        match field:
            case "facts":
                value: Any = {} if latest.facts else self._facts()
            case "fact":
                field, value = "facts", latest.facts | self._facts(most=1)
            case "license":
                field, value = "facts", latest.facts | {"license": self.random.choice(FACTS["license"])}
            case "suggested_url":
                value = self._home(latest.outcome)
            case "reason":
                value = Reason.NOT_MODIFIED
            case _:
                value = self.random.choice(FIELDS[field])
        return replace(latest, **{field: value})

    def _facts(self, most: int = len(FACTS)) -> dict[str, Any]:
        names = self.random.sample(sorted(FACTS), self.random.randint(1, most))
        return {name: self.random.choice(FACTS[name]) for name in names}

    def _home(self, outcome: Outcome) -> str | None:
        homes = ["https://example.org/new", "https://example.org/newer"]
        return self.random.choice(homes) if outcome is Outcome.MOVED else None


def plan_of(random: Random) -> Plan:
    """Nights of batches of looks, each with its seconds after the night's beginning."""
    looks = Looks(random)
    ended = [RunState.FINISHED, RunState.FINISHED, RunState.FINISHED, RunState.INTERRUPTED, None]
    return [
        (
            random.choice(ended),
            [
                [(looks.next(), random.choice(SECONDS)) for _ in range(random.randrange(7))]
                for _ in range(random.randrange(3))
            ],
        )
        for _ in range(random.randint(4, 16))
    ]


class Singly(Store):
    """The same store, each look written by itself."""

    def record(self, run: RunHandle, observations: Iterable[Observation]) -> list[Event]:
        with self._transaction():
            writer = OneByOne(self._connection, run.id, run.started_at, run.policy)
            events = [event for observation in observations for event in writer.write(observation)]
            self._connection.execute(
                "UPDATE runs SET updated_at = max(updated_at, ?) WHERE id = ?",
                [time_to_text(writer.latest_time), run.id],
            )
        return events


def tables_of(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    connection = store._connection
    names = [
        name
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")
    ]
    # When it was migrated is no matter of looks.
    return {
        name: sorted([tuple(row) for row in connection.execute(f"SELECT * FROM {name}")], key=repr)
        for name in names
        if name != "_sqlite_migrations"
    }


# Whole databases shrink too slowly to wait for.
@settings(
    max_examples=60,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.randoms(use_true_random=True), st.sampled_from([None, 9_998]))
def test_batches_leave_what_single_looks_leave(
    tmp_path_factory: pytest.TempPathFactory, random: Random, run_id: int | None
) -> None:
    """Every table and every event, over runs that end, break off and go on; run ids get another digit."""
    folder: Path = tmp_path_factory.mktemp("batches")
    entries = catalog(entry("model", *URLS))
    plan = plan_of(random)
    told: list[tuple[list[list[Event]], dict[str, list[tuple[Any, ...]]]]] = []
    for kind in (Store, Singly):
        clock = SimulatedClock(FIRST_NIGHT)
        events = []
        with kind.open(folder / f"{kind.__name__}.db", clock.now, POLICY) as store:
            for night, (state, batches) in enumerate(plan):
                run = store.begin_run(entries)
                for batch in batches:
                    at = clock.now()
                    timed = [
                        replace(each, observed_at=at + timedelta(seconds=after)) for each, after in batch
                    ]
                    events.append(store.record(run, timed))
                if state is not None:
                    store.finish_run(run, state, {})
                if night == 0 and run_id is not None:
                    skip_runs(store, run_id)
                clock.advance(timedelta(days=1) if state is RunState.FINISHED else timedelta(hours=2))
            told.append((events, tables_of(store)))
    assert told[0][0] == told[1][0]
    for name, rows in told[1][1].items():
        assert told[0][1][name] == rows, name


def skip_runs(store: Store, run_id: int) -> None:
    with store._transaction():
        store._connection.execute(
            "INSERT INTO runs (id, name, started_at, finished_at, state, updated_at, crawler_version, policy)"
            " SELECT ?, 'skipped', started_at, started_at, 'finished', updated_at, crawler_version, policy"
            " FROM runs ORDER BY id DESC LIMIT 1",
            [run_id],
        )


GROUP = VARIABLES // 2
"""Rows of two columns in one statement."""


@pytest.mark.parametrize("count", [0, 1, GROUP - 1, GROUP, GROUP + 1, 2 * GROUP + 7])
def test_rows_go_in_whole_and_in_order(count: int) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER)")
    rows = [(f"row {number}", -number) for number in range(count)]
    insert_rows(connection, "INSERT INTO t (a, b)", "(?, ?)", rows)
    assert connection.execute("SELECT a, b FROM t ORDER BY id").fetchall() == rows
