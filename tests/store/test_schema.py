"""The tables as Datasette and its users expect them, and docs/schema.md in step with them."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from crawler.store.preview import catalog_in_memory
from crawler.store.schema import migrate, migrations
from crawler.store.tables import APPLICATION_ID, SCHEMA_VERSION

from .conftest import PAGE, Nights, catalog, look, missing

PAGE_OF_THE_SCHEMA = Path(__file__).parents[2] / "docs" / "schema.md"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    connection = catalog_in_memory(catalog())
    yield connection
    connection.close()


def names(connection: sqlite3.Connection, kind: str) -> list[str]:
    rows = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = ? AND name NOT LIKE 'sqlite_%' ORDER BY name", [kind]
    )
    return [row["name"] for row in rows]


def columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row["name"] for row in connection.execute(f"PRAGMA table_info({table})")]


def test_migrations_are_numbered_and_counted() -> None:
    with Database(memory=True) as database:
        migrate(database.conn)
        applied = [migration.name for migration in migrations.applied(database)]
        assert [name[:4] for name in applied] == [f"{number:03}_" for number in range(1, SCHEMA_VERSION + 1)]
        assert database.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert database.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        migrate(database.conn)
        assert [migration.name for migration in migrations.applied(database)] == applied


def test_every_table_is_strict(database: sqlite3.Connection) -> None:
    lax = [
        row["name"]
        for row in database.execute(
            "SELECT name, strict FROM pragma_table_list WHERE type = 'table' AND schema = 'main'"
        )
        if not row["strict"] and not row["name"].startswith(("sqlite_", "_sqlite_"))
    ]
    assert lax == []


def test_every_foreign_key_is_indexed_and_its_table_has_a_label(database: sqlite3.Connection) -> None:
    seen = 0
    for table in names(database, "table"):
        indexed = {
            next(iter(database.execute(f"PRAGMA index_info({index['name']})")))["name"]
            for index in database.execute(f"PRAGMA index_list({table})")
        } | {row["name"] for row in database.execute(f"PRAGMA table_info({table})") if row["pk"] == 1}
        for key in database.execute(f"PRAGMA foreign_key_list({table})"):
            seen += 1
            assert key["from"] in indexed, f"{table}.{key['from']}"
            assert {"name", "title"} & set(columns(database, key["table"])), f"no label in {key['table']}"
    assert seen > 20


def test_every_view_can_be_read(nights: Nights) -> None:
    for seen in (look(PAGE, facts={"license": "MIT", "stars": 1}), *[missing(PAGE)] * 4):
        nights.night(seen, requests={"example.org": 2})
    views = [name for (name,) in nights.rows("SELECT name FROM sqlite_master WHERE type = 'view'")]
    counts = {view: len(nights.rows(f"SELECT * FROM {view}")) for view in views}
    assert counts == {
        "aliases": 0,
        "changes": 5,
        "connections": 0,
        "current_mentions": 3,
        "dead_links": 1,
        "latest_facts": 1,
        "latest_runs": 5,
        "license_changes": 0,
        "license_conflicts": 0,
        "license_history": 1,
        "link_health": 3,
        "link_looks": 2,
        "moved_links": 0,
        "open_findings": 1,
        "outages": 0,
        "proposed_links": 0,
        "restricted_links": 0,
        "run_events": 2,
        "star_history": 1,
        "suppressed_findings": 0,
        "suspect_links": 0,
        "unknown_links": 2,
    }
    ((url, reason, archived, entries),) = nights.rows(
        "SELECT url, reason, archived_url, entries FROM dead_links"
    )
    assert (url, reason, archived, entries) == (PAGE, "not-found", None, 1)
    assert nights.rows("SELECT requests, new_dead FROM latest_runs LIMIT 1") == [(2, 1)]


def test_licence_changes_and_star_history(nights: Nights) -> None:
    for license_, stars in (("MIT", 5), ("MIT", 6), ("0BSD", 6)):
        nights.night(look(PAGE, facts={"license": license_, "stars": stars}))
    assert nights.rows("SELECT url, license_before, license_after, run_id FROM license_changes") == [
        (PAGE, "MIT", "0BSD", 3)
    ]
    assert nights.rows("SELECT day, stars FROM star_history ORDER BY day") == [
        ("2026-11-02", 5),
        ("2026-11-03", 6),
    ]


def test_every_time_has_the_one_format(nights: Nights) -> None:
    for seen in (look(PAGE, facts={"license": "MIT", "stars": 1}), *[missing(PAGE)] * 4):
        nights.night(seen)
    checked = 0
    with nights.history() as history:
        connection = history._connection
        for table in names(connection, "table"):
            for column in columns(connection, table):
                if column == "since" or (column.endswith("_at") and not table.startswith("_sqlite")):
                    for (value,) in connection.execute(f"SELECT {column} FROM {table}"):
                        checked += value is not None
                        assert value is None or TIME.fullmatch(value), f"{table}.{column}: {value}"
    assert checked > 20


def test_the_page_tells_every_table_column_and_view(database: sqlite3.Connection) -> None:
    page = PAGE_OF_THE_SCHEMA.read_text()
    for table in [name for name in names(database, "table") if name != "_sqlite_migrations"]:
        section = re.search(rf"^### `{table}`\n(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL)
        assert section, table
        for column in columns(database, table):
            assert f"`{column}`" in section[1], f"{table}.{column}"
    for view in names(database, "view"):
        assert f"| `{view}` |" in page, view
