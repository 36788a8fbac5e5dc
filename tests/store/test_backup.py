"""A copy of the database is whole, needs no other file, and never replaces what it should not."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from crawler.errors import UnableError, UsageError
from crawler.records import RunState
from crawler.store.backup import back_up
from crawler.store.history import History

from .conftest import PAGE, Nights, look, missing


def rows(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return connection.execute("SELECT url, state FROM link_health ORDER BY url").fetchall()


def test_a_copy_is_one_whole_file(nights: Nights, tmp_path: Path) -> None:
    nights.night(look(PAGE))
    target = tmp_path / "copies" / "crawler.db"
    assert back_up(nights.path, target) == target.stat().st_size
    assert rows(target) == nights.rows("SELECT url, state FROM link_health ORDER BY url")
    assert [file.name for file in target.parent.iterdir()] == ["crawler.db"]


def test_a_copy_beside_a_running_crawl_holds_what_was_committed(nights: Nights, tmp_path: Path) -> None:
    with nights.open() as store:
        run = nights.begin(store)
        store.record(run, [nights.timed(missing(PAGE))])
        back_up(nights.path, tmp_path / "copy.db")
        store.record(run, [nights.timed(look(PAGE))])
        store.finish_run(run, RunState.FINISHED, {})
    assert ("https://example.org/page", "suspect") in rows(tmp_path / "copy.db")


def test_restoring_is_putting_the_copy_in_place(nights: Nights, tmp_path: Path) -> None:
    nights.night(look(PAGE))
    back_up(nights.path, tmp_path / "copy.db")
    nights.night(missing(PAGE))
    for suffix in ("", "-wal", "-shm"):
        nights.path.with_name(nights.path.name + suffix).unlink(missing_ok=True)
    shutil.copy(tmp_path / "copy.db", nights.path)
    nights.night(missing(PAGE))
    with History.open(nights.path) as history:
        assert [run.id for run in history.runs()] == [2, 1]


def test_an_earlier_copy_is_replaced(nights: Nights, tmp_path: Path) -> None:
    nights.night(look(PAGE))
    target = tmp_path / "copy.db"
    back_up(nights.path, target)
    nights.night(missing(PAGE))
    back_up(nights.path, target)
    assert (PAGE, "suspect") in rows(target)


@pytest.mark.parametrize("content", [b"precious notes", b"SQLite format 3\0 but not really"])
def test_anything_else_is_left_alone(nights: Nights, tmp_path: Path, content: bytes) -> None:
    nights.night(look(PAGE))
    target = tmp_path / "notes"
    target.write_bytes(content)
    with pytest.raises(UsageError, match="not replaced"):
        back_up(nights.path, target)
    assert target.read_bytes() == content


def test_the_database_is_no_target_of_its_own(nights: Nights, tmp_path: Path) -> None:
    nights.night(look(PAGE))
    (tmp_path / "same").symlink_to(nights.path)
    with pytest.raises(UsageError, match="the database itself"):
        back_up(nights.path, tmp_path / "same")


def test_without_a_database_there_is_nothing_to_copy(tmp_path: Path) -> None:
    with pytest.raises(UnableError, match="no database yet"):
        back_up(tmp_path / "none.db", tmp_path / "copy.db")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_database_does_not_replace_a_good_copy(nights: Nights, tmp_path: Path) -> None:
    for _ in range(3):
        nights.night(look(PAGE), missing(PAGE))
    target = tmp_path / "copy.db"
    back_up(nights.path, target)
    good = target.read_bytes()
    with closing(sqlite3.connect(nights.path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    damaged = bytearray(nights.path.read_bytes())
    page = int.from_bytes(damaged[16:18], "big")
    damaged[page * 8 : page * 30] = b"\xff" * (page * 22)
    nights.path.write_bytes(damaged)
    with pytest.raises(UnableError, match="damaged"):
        back_up(nights.path, target)
    assert target.read_bytes() == good
    assert nights.path.read_bytes() == damaged
