"""Is a database sound? Reads it, changes nothing, good beside a running crawl."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from crawler.store.connect import check_is_ours, explained, open_read_only
from crawler.store.tables import SCHEMA_VERSION


@dataclass(frozen=True, slots=True)
class Examined:
    """`mistake` is SQLite's first complaint, None for a sound database."""

    version: int
    mistake: str | None

    @property
    def is_older(self) -> bool:
        return self.version < SCHEMA_VERSION


def examine_database(path: Path) -> Examined | None:
    """None before the first run. Raises UnableError for what is no database of ours or cannot be read."""
    if not path.exists():
        return None
    with explained(path), closing(open_read_only(path)) as connection:
        version = check_is_ours(connection, path)
        (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if said != "ok":
            return Examined(version, str(said))
        dangling = connection.execute("PRAGMA foreign_key_check").fetchone()
    return Examined(version, f"a row of {dangling[0]} points at nothing" if dangling else None)


def sqlite_version() -> str:
    return sqlite3.sqlite_version
