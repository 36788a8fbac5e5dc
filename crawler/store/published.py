"""A copy of the database to be browsed: one file that nobody writes, with full-text search."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from crawler.errors import UnableError
from crawler.records import Catalog
from crawler.store.connect import connect_read_only, explained, has_tables
from crawler.store.preview import catalog_in_memory
from crawler.store.search import space_out

FOLDER: Final = "published"
"""The copies' folder beside the database: a copy has its original's name, and so its address."""

SEARCH: Final = {
    "documents_search": (
        "name, title",
        "SELECT id, name, title FROM documents",
    ),
    "entries_search": (
        "identifier, name, section, note",
        "SELECT id, identifier, name, section, note FROM entries",
    ),
    "links_search": (
        "url, name, title, description",
        """
        SELECT links.id, links.url, coalesce(links.name, '') || ' ' || coalesce(full_name.value, ''),
            title.value, description.value
        FROM links
        LEFT JOIN latest_facts AS full_name ON full_name.link_id = links.id AND full_name.field = 'full_name'
        LEFT JOIN latest_facts AS title ON title.link_id = links.id AND title.field = 'title'
        LEFT JOIN latest_facts AS description
            ON description.link_id = links.id AND description.field = 'description'
        """,
    ),
}
"""Search tables by name: their columns, and the rows, a rowid first."""


def publish(database: Path, load_catalog: Callable[[], Catalog]) -> Path:
    """Copy the database as of now, also beside a running crawl; before the first one, the catalog as it is.

    Returns the copy's path. An earlier copy is replaced in one step; who reads it goes on reading it.
    Raises UnableError when there is something else than a database of ours, or no room.
    """
    target = database.parent / FOLDER / database.name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # A room of its own: two may publish at once.
        with tempfile.TemporaryDirectory(prefix=".", dir=target.parent) as room:
            partial = Path(room) / database.name
            with closing(_source(database, load_catalog)) as source, explained(partial):
                source.execute("VACUUM INTO ?", [str(partial)])
                with closing(sqlite3.connect(partial)) as copy:
                    _index(copy)
            partial.replace(target)
    except OSError as error:
        raise UnableError(f"cannot write the copy: {error.strerror}", where=str(target)) from error
    return target


def _source(database: Path, load_catalog: Callable[[], Catalog]) -> sqlite3.Connection:
    if has_tables(database):
        return connect_read_only(database)
    return catalog_in_memory(load_catalog())


def _index(copy: sqlite3.Connection) -> None:
    copy.create_function("space_out", 1, space_out, deterministic=True)
    # Made anew whenever it is needed: nothing here has to outlive a crash.
    copy.execute("PRAGMA journal_mode = OFF")
    copy.execute("PRAGMA synchronous = OFF")
    with copy:
        for table, (columns, rows) in SEARCH.items():
            count = columns.count(",") + 1
            copy.execute(
                f"CREATE VIRTUAL TABLE {table}"
                f" USING fts5({columns}, tokenize = 'unicode61 remove_diacritics 2')"
            )
            spaced = ", ".join(f"space_out(c{number})" for number in range(count))
            named = ", ".join(["id", *(f"c{number}" for number in range(count))])
            copy.execute(
                f"INSERT INTO {table}(rowid, {columns})"
                f" WITH told({named}) AS ({rows}) SELECT id, {spaced} FROM told"
            )


def table_columns() -> dict[str, tuple[str, ...]]:
    """Every table and view of ours with its columns, in their order."""
    with closing(catalog_in_memory(Catalog((), ()))) as connection:
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
            " AND name NOT LIKE 'sqlite~_%' ESCAPE '~' ORDER BY name"
        ).fetchall()
        return {
            name: tuple(row["name"] for row in connection.execute(f"PRAGMA table_info({name})"))
            for (name,) in names
        }
