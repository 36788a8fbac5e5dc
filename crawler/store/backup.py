"""A whole, checked copy of the database in one file, also beside a running crawl."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Final

from crawler.errors import UnableError, UsageError
from crawler.store.connect import connect_read_only, explained, has_tables

PARTIAL: Final = ".partial"


def back_up(database: Path, target: Path) -> int:
    """Copy a database as of now; returns the bytes of the copy. Replaces an earlier copy, in one step.

    Raises UsageError for a target that is the database or anything but a copy of one, UnableError when there
    is no sound database to copy or no room for it.
    """
    if target.exists() and database.exists() and target.samefile(database):
        raise UsageError("that is the database itself", where=str(target), hint="name another file")
    if target.is_dir() or (target.exists() and target.stat().st_size and not _is_ours(target)):
        raise UsageError(
            "not a copy of a database of ours, so it is not replaced",
            where=str(target),
            hint="name another file",
        )
    partial = target.with_name(target.name + PARTIAL)
    source = connect_read_only(database)
    try:
        partial.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        _copy(source, database, partial)
        partial.replace(target)
    except OSError as error:
        raise UnableError(f"cannot write the copy: {error.strerror}", where=str(target)) from error
    finally:
        source.close()
        partial.unlink(missing_ok=True)
    return target.stat().st_size


def _is_ours(path: Path) -> bool:
    try:
        return has_tables(path)
    except UnableError:
        return False


def _copy(source: sqlite3.Connection, database: Path, partial: Path) -> None:
    with explained(partial):
        copy = sqlite3.connect(partial)
        try:
            source.backup(copy)
            # One file, good on any disk: a log beside a copy would be forgotten.
            copy.execute("PRAGMA journal_mode = DELETE")
            (said,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
        finally:
            copy.close()
    if said != "ok":
        raise UnableError(
            f"the database is damaged, so no copy was made: {said}",
            where=str(database),
            hint="restore an earlier copy",
        )
    with partial.open("rb") as file:
        os.fsync(file.fileno())
