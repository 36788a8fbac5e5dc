"""What can be wrong with a database, said in one line, and the file left as it was."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlite_utils import Database

from crawler.clock import SimulatedClock
from crawler.errors import UnableError
from crawler.store.connect import connect_read_only
from crawler.store.history import History
from crawler.store.opening import open_history
from crawler.store.schema import migrations
from crawler.store.store import Store
from crawler.store.tables import APPLICATION_ID, SCHEMA_VERSION

from .conftest import PAGE, Nights, catalog, entry, look


def not_a_database(path: Path, _clock: SimulatedClock) -> None:
    path.write_bytes(b"no database, but quite some text in its place\n" * 200)


def foreign(path: Path, _clock: SimulatedClock) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE notes (text TEXT)")


def newer(path: Path, clock: SimulatedClock) -> None:
    Store.open(path, clock.now).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")


def truncated(path: Path, clock: SimulatedClock) -> None:
    Store.open(path, clock.now).close()
    path.write_bytes(path.read_bytes()[: 4096 * 3 + 100])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (not_a_database, "not a SQLite database"),
        (foreign, "of another program"),
        (newer, "newer release"),
        (truncated, "damaged"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_database_we_cannot_use_is_left_untouched(
    tmp_path: Path, clock: SimulatedClock, spoil: Callable[[Path, SimulatedClock], None], words: str
) -> None:
    path = tmp_path / "crawler.db"
    spoil(path, clock)
    content = path.read_bytes()
    with pytest.raises(UnableError, match=words) as told, Store.open(path, clock.now) as store:
        store.begin_run(catalog(entry("a", PAGE)))
    assert str(path) in str(told.value)
    assert told.value.hint
    assert "\n" not in str(told.value)
    with pytest.raises(UnableError, match=words), History.open(path) as history:
        list(history.links())
    assert path.read_bytes() == content


def test_missing_folders_are_made(tmp_path: Path, clock: SimulatedClock) -> None:
    path = tmp_path / "a" / "b" / "crawler.db"
    Store.open(path, clock.now).close()
    assert path.is_file()


def test_a_folder_that_cannot_be_made(tmp_path: Path, clock: SimulatedClock) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UnableError, match="folder"):
        Store.open(tmp_path / "file" / "crawler.db", clock.now)


def test_a_folder_in_place_of_the_database(tmp_path: Path, clock: SimulatedClock) -> None:
    with pytest.raises(UnableError, match="cannot be opened"):
        Store.open(tmp_path, clock.now)


def test_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(UnableError, match="no database yet"):
        connect_read_only(tmp_path / "none.db")
    assert list(tmp_path.iterdir()) == [], "a reader makes no file"


def empty_file(path: Path) -> None:
    path.touch()


def killed_before_its_tables(path: Path) -> None:
    with Database(path) as database:
        database.enable_wal()
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        migrations.ensure_migrations_table(database)


@pytest.mark.parametrize("begin", [empty_file, killed_before_its_tables], ids=lambda each: each.__name__)
def test_a_database_that_was_only_begun(nights: Nights, begin: Callable[[Path], None]) -> None:
    nights.path.parent.mkdir()
    begin(nights.path)
    with pytest.raises(UnableError, match="no database yet"):
        connect_read_only(nights.path)
    with open_history(nights.path, lambda: nights.catalog) as history:
        assert history.latest_run() is None
    nights.night(look(PAGE))
    with nights.history() as history:
        assert history.link(PAGE) is not None


def test_an_older_database_waits_for_the_next_run(
    tmp_path: Path, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "crawler.db"
    Store.open(path, clock.now).close()
    monkeypatch.setattr("crawler.store.connect.SCHEMA_VERSION", SCHEMA_VERSION + 1)
    with pytest.raises(UnableError, match="older release"):
        connect_read_only(path)


def test_a_full_disk_ends_in_one_line_and_loses_nothing_written(nights: Nights) -> None:
    nights.night(look(PAGE))
    with nights.open() as store:
        run = nights.begin(store)
        (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
        store._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(UnableError, match="no space"):
            store.record(run, [nights.timed(look(PAGE, detail="x" * 100_000))])
    assert nights.rows("PRAGMA integrity_check") == [("ok",)]
    assert nights.rows("SELECT runs FROM observations") == [("0001-0001",)]


@pytest.mark.parametrize("everywhere", [False, True], ids=["file", "file and folder"])
def test_a_read_only_database(nights: Nights, everywhere: bool) -> None:
    nights.night(look(PAGE))
    protected = [nights.path, *([nights.path.parent] if everywhere else [])]
    for path in protected:
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    try:
        if os.access(nights.path, os.W_OK):
            pytest.skip("this user writes wherever it likes")
        with pytest.raises(UnableError, match=r"read-only|cannot be opened"), nights.open() as store:
            nights.begin(store)
        with nights.history() as history:
            assert history.link(PAGE) is not None
    finally:
        for path in protected:
            path.chmod(path.stat().st_mode | stat.S_IWUSR)


def test_a_database_that_became_read_only(nights: Nights) -> None:
    with nights.open() as store:
        run = nights.begin(store)
        store._connection.execute("PRAGMA query_only = ON")
        with pytest.raises(UnableError, match="read-only"):
            store.record(run, [nights.timed(look(PAGE))])


def test_a_reader_writes_nothing(nights: Nights) -> None:
    nights.night()
    with nights.history() as history, pytest.raises(sqlite3.OperationalError, match="readonly"):
        history._connection.execute("DELETE FROM runs")


def test_readers_need_no_sqlite_utils() -> None:
    script = "import sys, crawler.store.history; print('sqlite_utils' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
