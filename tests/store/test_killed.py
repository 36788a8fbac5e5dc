"""A run killed at any moment leaves a sound database, and continued it ends like an unbroken one."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crawler.links.classify import link_of
from crawler.records import Catalog, Observation, Outcome, Question, Reason, RunState
from crawler.store.history import History
from crawler.store.store import Store

from .conftest import ask, catalog, entry

LINKS = 120
NIGHT = datetime(2026, 11, 2, 2, 30, tzinfo=UTC)
SEEN = [
    (Outcome.ALIVE, Reason.OK),
    (Outcome.NOT_FOUND, Reason.NOT_FOUND),
    (Outcome.FAILED, Reason.TIMEOUT),
    (Outcome.MOVED, Reason.RENAMED),
]
KEPT = {
    "observations": "url, outcome, reason, runs, first_observed_at",
    "health": "url, state, since, reason, strikes, silent_nights, last_checked_at",
    "facts": "url, field, value, run_id",
    "counters": "url, stars, run_id",
    "events": "url, events.kind, before, after, run_id",
    "findings": "url, findings.kind, observed, opened_run_id",
}

RUN = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.store.test_killed import crawl
crawl(Path(sys.argv[2]), step=lambda: print(flush=True), before_end=sys.stdin.read)
"""


def small_catalog() -> Catalog:
    return catalog(*(entry(f"e{number}", f"https://github.com/owner/r{number}") for number in range(LINKS)))


def crawl(path: Path, step: Callable[[], object] = int, before_end: Callable[[], object] = int) -> None:
    """One run over everything, a few looks a transaction. All times stand still, so that runs compare."""
    with Store.open(path, lambda: NIGHT) as store:
        run = store.begin_run(small_catalog())
        step()
        due = ask(store, run)
        for start in range(0, len(due), 3):
            store.record(run, [see(question) for question in due[start : start + 3]])
            step()
        before_end()
        store.finish_run(run, RunState.FINISHED, {})


def see(question: Question) -> Observation:
    number = int(question.link.target.id.removeprefix("owner/r"))
    outcome, reason = SEEN[number % len(SEEN)]
    return Observation(
        link_of(question.link.canonical_url),
        NIGHT + timedelta(minutes=1),
        outcome,
        reason,
        suggested_url="https://github.com/new/home" if outcome is Outcome.MOVED else None,
        facts={"stars": number, "archived": number % 3 == 0},
    )


def state_of(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    with History.open(path) as history:
        return {
            table: [
                tuple(row)
                for row in history._connection.execute(
                    f"SELECT {columns} FROM {table} JOIN links ON links.id = {table}.link_id"
                    f" ORDER BY {columns}"
                )
            ]
            for table, columns in KEPT.items()
        }


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[Any, ...]]]:
    path = tmp_path_factory.mktemp("unbroken") / "crawler.db"
    crawl(path)
    return state_of(path)


def kill_after(steps: int, path: Path) -> None:
    """The run goes on while we kill it, but does not come to its end."""
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", RUN, str(root), str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
    ) as process:
        assert process.stdout is not None
        for _ in range(steps):
            process.stdout.readline()
        process.kill()


@pytest.mark.parametrize("seed", range(4))
def test_killed_and_continued(tmp_path: Path, seed: int, unbroken: dict[str, list[tuple[Any, ...]]]) -> None:
    _kill_and_continue(tmp_path / "crawler.db", random.Random(seed), unbroken)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4, 200))
def test_killed_and_continued_often(
    tmp_path: Path, seed: int, unbroken: dict[str, list[tuple[Any, ...]]]
) -> None:
    _kill_and_continue(tmp_path / "crawler.db", random.Random(seed), unbroken)


def _kill_and_continue(path: Path, chance: random.Random, unbroken: dict[str, list[tuple[Any, ...]]]) -> None:
    for _ in range(2):
        kill_after(chance.randrange(1, 20), path)
        with History.open(path) as history:
            assert [tuple(row) for row in history._connection.execute("PRAGMA integrity_check")] == [("ok",)]
            assert list(history._connection.execute("PRAGMA foreign_key_check")) == []
    crawl(path)
    assert state_of(path) == unbroken
    with History.open(path) as history:
        assert [run.state for run in history.runs()] == [RunState.FINISHED]
