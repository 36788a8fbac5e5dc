"""A database of every released schema is brought up to date and loses nothing.

`released/NNN.sql` is a database as that schema's program left it, never changed after its release. Until the
first release 001 follows the tables: `python -m tests.store.test_migrations` writes it anew.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawler.clock import SimulatedClock
from crawler.records import Outcome, Reason, RunState
from crawler.store.connect import connect_read_only
from crawler.store.schema import migrate
from crawler.store.tables import APPLICATION_ID, SCHEMA_VERSION

from .conftest import PAGE, PAPER, REPOSITORY, Nights, look, missing

RELEASED = Path(__file__).parent / "released"
DUMPS = sorted(RELEASED.glob("*.sql"))
KEPT = ("links", "mentions", "runs", "observations", "health", "facts", "counters", "events", "findings")


def fill(nights: Nights) -> None:
    """Some nights with something of everything."""
    nights.night(
        look(REPOSITORY, host_id="1", facts={"full_name": "Owner/Name", "stars": 7, "license": "MIT"}),
        look(PAGE, http_status=200, facts={"title": "A page"}, validators={"etag": '"1"'}),
        look(PAPER),
        requests={"api.github.com": 2},
    )
    for _ in range(4):
        nights.night(
            look(REPOSITORY, Outcome.MOVED, Reason.RENAMED, suggested_url="https://github.com/some/home"),
            missing(PAGE),
            look(PAPER, Outcome.FAILED, Reason.TIMEOUT),
        )


def restore(dump: Path, path: Path) -> None:
    version = int(dump.stem)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(dump.read_text())
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {version}")


def schema_of(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Every table, index and view, with the white space of its SQL made one."""
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
    return [(name, " ".join(sql.replace('"', "").split())) for name, sql in rows]


def test_every_schema_has_its_dump() -> None:
    assert [int(dump.stem) for dump in DUMPS] == list(range(1, SCHEMA_VERSION + 1))


@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: dump.stem)
def test_a_database_of_a_released_schema_goes_on(dump: Path, nights: Nights) -> None:
    nights.path.parent.mkdir()
    restore(dump, nights.path)
    with closing(sqlite3.connect(nights.path)) as connection:
        before = {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone() for table in KEPT}
    nights.clock.advance(datetime(2027, 1, 1, tzinfo=UTC) - nights.clock.now())
    with nights.open():
        pass
    with closing(sqlite3.connect(nights.path)) as connection, closing(sqlite3.connect(":memory:")) as fresh:
        after = {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone() for table in KEPT}
        assert after == before
        migrate(fresh)
        assert schema_of(connection) == schema_of(fresh)
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connect_read_only(nights.path).close()
    assert dict(nights.rows("SELECT url, state FROM link_health"))[PAGE] == "dead"
    nights.night(look(PAGE))
    assert dict(nights.rows("SELECT url, state FROM link_health"))[PAGE] == "healthy"
    with nights.open() as store:
        assert store.rejudge() == []
    with nights.history() as history:
        assert [run.state for run in history.runs()] == [RunState.FINISHED] * 6


def write_dump(folder: Path) -> Path:
    """The present schema with some nights in it, as SQL."""
    nights = Nights(folder / "dump.db", SimulatedClock(datetime(2026, 11, 1, 2, 30, tzinfo=UTC)))
    fill(nights)
    with closing(sqlite3.connect(nights.path)) as connection:
        target = RELEASED / f"{SCHEMA_VERSION:03}.sql"
        target.parent.mkdir(exist_ok=True)
        target.write_text("\n".join(connection.iterdump()) + "\n")
    return target


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        write_dump(Path(folder))
