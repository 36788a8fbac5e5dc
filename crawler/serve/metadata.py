"""What Datasette is told: titles, what every column means, facets, sorting, labels, questions worth asking.

Datasette 0.65 reads all of it as metadata; 1.0 wants what is not description in a config of its own.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Final

from crawler.store.published import SEARCH, table_columns

ROOM: Final = Path(__file__).parent
TITLE: Final = "Links of curated lists, and how they are"
DESCRIPTION: Final = (
    "What stands in the lists, how each link was found night after night, and what hosts tell of it."
    " Begin with the queries below, then with the views."
)
CONFIG_KEYS: Final = frozenset(
    {"hidden", "sort", "sort_desc", "facets", "label_column", "fts_table", "fts_pk", "queries"}
)
"""What belongs to Datasette 1.0's config: docs.datasette.io/en/latest/configuration.html."""
TOLD_AS_WRITTEN: Final = ("title", "description", "facets", "sort", "sort_desc")
SEARCHED: Final = (("entry_id", "entries_search"), ("link_id", "links_search"))
"""The column by which a table's rows are found, and where."""
OWN_SEARCH: Final = {name.removesuffix("_search"): name for name in SEARCH}


def build_metadata(database: str, *, searchable: bool) -> dict[str, Any]:
    """Datasette 0.65's metadata of a database by its name there; `searchable` for a published copy."""
    queries = dict(_read("queries.toml"))
    if not searchable:
        del queries["search"]
    described = {
        "title": TITLE,
        "description": DESCRIPTION,
        "tables": {
            table: _describe(table, columns, searchable=searchable)
            for table, columns in table_columns().items()
        },
        "queries": {name: query | {"sql": query["sql"].strip()} for name, query in queries.items()},
    }
    return {"title": TITLE, "description": DESCRIPTION, "databases": {database: described}}


def build_config(database: str, *, searchable: bool) -> dict[str, Any]:
    """The part of it that Datasette 1.0 reads with `--config`; the rest it reads as metadata."""
    described = build_metadata(database, searchable=searchable)["databases"][database]
    tables = {
        table: {key: value for key, value in told.items() if key in CONFIG_KEYS}
        for table, told in described["tables"].items()
    }
    return {"databases": {database: {"queries": described["queries"], "tables": tables}}}


def _describe(table: str, columns: tuple[str, ...], *, searchable: bool) -> dict[str, Any]:
    told = _read("tables.toml")
    ours = told["tables"][table]
    described = {key: ours[key] for key in TOLD_AS_WRITTEN if key in ours}
    meaning = told["columns"] | ours.get("columns", {})
    described["columns"] = {column: meaning[column] for column in columns}
    if "label" in ours:
        described["label_column"] = ours["label"]
    if table.startswith("_"):
        described["hidden"] = True
    if searchable:
        described |= _search_of(table, columns)
    return described


def _search_of(table: str, columns: tuple[str, ...]) -> dict[str, str]:
    if table in OWN_SEARCH:
        return {"fts_table": OWN_SEARCH[table], "fts_pk": "id"}
    for column, search in SEARCHED:
        if column in columns:
            return {"fts_table": search, "fts_pk": column}
    return {}


@cache
def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((ROOM / name).read_text(encoding="utf-8"))
