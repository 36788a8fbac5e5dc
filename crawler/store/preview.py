"""A catalog that nobody has crawled yet, in the same tables, in memory."""

from __future__ import annotations

import sqlite3

from crawler.records import Catalog
from crawler.store.schema import migrate
from crawler.store.sync import sync_catalog

BEFORE_THE_FIRST_RUN = 0
"""Run id of the catalog as it stands; readers do not count it as a run."""


def catalog_in_memory(catalog: Catalog) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    migrate(connection)
    with connection:
        connection.execute(
            "INSERT INTO runs (id, name, started_at, state, updated_at, crawler_version, policy)"
            " VALUES (?, '', '', '', '', '', '{}')",
            [BEFORE_THE_FIRST_RUN],
        )
        sync_catalog(connection, catalog, BEFORE_THE_FIRST_RUN)
    return connection
