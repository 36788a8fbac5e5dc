"""Numbered migrations, each applied once in its own transaction and recorded by sqlite-utils."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from sqlite_utils import Database, Migrations

from crawler.store.tables import APPLICATION_ID, INITIAL, SCHEMA_VERSION

migrations = Migrations("crawler")


@migrations(name="001_initial")
def create_tables(database: Database) -> None:
    _execute_all(database, INITIAL)
    database.execute("PRAGMA user_version = 1")


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a database, new or old, to SCHEMA_VERSION."""
    database = Database(connection)
    # First of all: sqlite-utils makes a table of its own before the first migration, and a file left with
    # only that by a kill must still be known as ours.
    database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    migrations.apply(database)
    (version,) = database.execute("PRAGMA user_version").fetchone()
    assert version == SCHEMA_VERSION, "the last migration must set user_version"  # noqa: S101


def _execute_all(database: Database, statements: Iterable[str]) -> None:
    for statement in statements:
        database.execute(statement)
