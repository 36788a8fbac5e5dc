"""What Datasette is told, held to the schema: nothing that is not there, nothing left unexplained."""

from __future__ import annotations

import sqlite3
import tomllib
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final

import pytest

from crawler.records import Catalog
from crawler.serve.metadata import CONFIG_KEYS, ROOM, build_config, build_metadata
from crawler.store.published import publish, table_columns
from crawler.store.search import match_words

TABLES: Final = table_columns()
DESCRIBED: Final[dict[str, Any]] = build_metadata("crawler", searchable=True)["databases"]["crawler"]
QUERIES: Final = sorted(DESCRIBED["queries"])
PUBLIC: Final = sorted(name for name in TABLES if not name.startswith("_"))


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """The published copy of no list at all."""
    database = tmp_path_factory.mktemp("published") / "crawler.db"
    with closing(sqlite3.connect(publish(database, lambda: Catalog((), ())))) as connection:
        connection.create_function("escape_fts", 1, match_words)
        yield connection


def test_every_table_and_every_column_is_explained() -> None:
    assert set(DESCRIBED["tables"]) == set(TABLES)
    for table, told in DESCRIBED["tables"].items():
        assert told["title"], table
        assert told["description"].endswith("."), table
        assert list(told["columns"]) == list(TABLES[table])
        assert all(meaning.endswith((".", "…", "?")) for meaning in told["columns"].values()), table


def test_nothing_is_explained_that_is_not_there() -> None:
    written = tomllib.loads((ROOM / "tables.toml").read_text())
    assert set(written["tables"]) == set(TABLES)
    for table, ours in written["tables"].items():
        named = {*ours.get("columns", ()), *ours.get("facets", ())}
        named |= {ours[key] for key in ("sort", "sort_desc", "label") if key in ours}
        assert named <= set(TABLES[table]), table
    assert set(written["columns"]) <= {column for columns in TABLES.values() for column in columns}


@pytest.mark.parametrize("table", PUBLIC)
def test_a_table_has_an_order_of_its_own(table: str) -> None:
    told = DESCRIBED["tables"][table]
    assert ("sort" in told) != ("sort_desc" in told)
    assert "hidden" not in told


def test_what_is_pointed_at_has_a_label() -> None:
    for table in ("documents", "entries", "links", "runs"):
        assert DESCRIBED["tables"][table]["label_column"] in TABLES[table]


@pytest.mark.parametrize("name", QUERIES)
def test_a_question_can_be_asked(name: str, copy: sqlite3.Connection) -> None:
    query = DESCRIBED["queries"][name]
    assert query["title"]
    assert query["description"].endswith(".")
    assert copy.execute(query["sql"], {"run": "", "days": "", "words": "vicuna"}).fetchall() == []


def test_search_names_what_the_copy_has(copy: sqlite3.Connection) -> None:
    searched = {
        table: (told["fts_table"], told["fts_pk"])
        for table, told in DESCRIBED["tables"].items()
        if "fts_table" in told
    }
    assert {"links", "entries", "documents", "dead_links", "moved_links", "findings"} <= set(searched)
    for table, (search, key) in searched.items():
        assert copy.execute(
            f"SELECT * FROM {table} WHERE {key} IN"
            f" (SELECT rowid FROM {search} WHERE {search} MATCH '\"vicuna\"')"
        ).fetchall() == []  # fmt: skip


def test_the_database_itself_has_no_search() -> None:
    plain = build_metadata("crawler", searchable=False)["databases"]["crawler"]
    assert "search" not in plain["queries"]
    assert not any("fts_table" in told for told in plain["tables"].values())


def test_the_newer_form_has_all_that_is_not_description() -> None:
    config = build_config("crawler", searchable=False)["databases"]["crawler"]
    plain = build_metadata("crawler", searchable=False)["databases"]["crawler"]
    assert config["queries"] == plain["queries"]
    for table, told in plain["tables"].items():
        assert (
            config["tables"][table] | {key: told[key] for key in ("title", "description", "columns")} == told
        )
        assert set(config["tables"][table]) <= CONFIG_KEYS


@pytest.mark.parametrize("words", ["", '"', "a AND", "NEAR(", "* -x", "a:b", "\0", "微调 llama-2", "'; DROP"])
def test_whatever_is_typed_is_no_error(words: str, copy: sqlite3.Connection) -> None:
    assert copy.execute(DESCRIBED["queries"]["search"]["sql"], {"words": words}).fetchall() == []
