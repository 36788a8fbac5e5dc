"""Healths as they were after a past run, folded from the looks: of some links, or of all in a table.

The table stands in the place of `health`, so that a question about the past is the one about the present.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import groupby
from typing import Final, TypeAlias

from crawler.records import Health
from crawler.store.intervals import RunTerms, fold_intervals, row_to_interval
from crawler.store.rows import HEALTH_COLUMNS, health_to_row, row_to_link
from crawler.store.times import optional_to_text

Folded: TypeAlias = tuple[Health, datetime | None]
"""A health, and when facts were last told."""

LOOKS: Final = """
    SELECT links.url, links.kind, links.name, observations.* FROM observations
    JOIN links ON links.id = observations.link_id
    WHERE observations.first_run_id <= :run {0}
    ORDER BY observations.link_id, observations.id
"""
OF_PAGE: Final = "AND observations.link_id IN (SELECT value FROM json_each(:ids))"

CREATE_HEALTH_THEN: Final = f"""
    CREATE TEMP TABLE health_then
    (link_id INTEGER PRIMARY KEY, {", ".join(HEALTH_COLUMNS)}, facts_observed_at)
"""
INSERT_HEALTH_THEN: Final = (
    f"INSERT INTO temp.health_then VALUES ({', '.join('?' for _ in range(len(HEALTH_COLUMNS) + 2))})"
)


def fold_page(
    connection: sqlite3.Connection, link_ids: Iterable[int], terms: Mapping[int, RunTerms], run_id: int
) -> dict[int, Folded]:
    """The healths of these links after a run; one without looks up to then is left out."""
    parameters = {"run": run_id, "ids": json.dumps(list(link_ids))}
    return dict(_fold_all(connection.execute(LOOKS.format(OF_PAGE), parameters), terms, run_id))


def fill_health_then(connection: sqlite3.Connection, terms: Mapping[int, RunTerms], run_id: int) -> None:
    """Make `temp.health_then`, as `health` was after a run."""
    connection.execute("DROP TABLE IF EXISTS temp.health_then")
    connection.execute(CREATE_HEALTH_THEN)
    folded = _fold_all(connection.execute(LOOKS.format(""), {"run": run_id}), terms, run_id)
    connection.executemany(
        INSERT_HEALTH_THEN,
        (
            (link_id, *health_to_row(health), optional_to_text(facts_observed_at))
            for link_id, (health, facts_observed_at) in folded
        ),
    )


def _fold_all(
    rows: Iterable[sqlite3.Row], terms: Mapping[int, RunTerms], run_id: int
) -> Iterator[tuple[int, Folded]]:
    """From rows by link, the oldest look first."""
    for link_id, looks in groupby(rows, key=lambda row: int(row["link_id"])):
        intervals = (row_to_interval(row, row_to_link(row)) for row in looks)
        yield link_id, fold_intervals(intervals, terms, run_id)
