"""What the database has of the links of a batch before it is looked at: one read for all of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, NamedTuple

from crawler.records import Health
from crawler.store.bulk import as_list
from crawler.store.rows import row_to_health

READ_PLACES: Final = """
    SELECT links.id, links.host_id, links.stranger, links.kind,
        health.state, health.last_checked_at, health.facts_observed_at IS NOT NULL, health.validators,
        coalesce(latest.id, 0), latest.outcome, latest.reason, latest.http_status, latest.final_url,
        latest.suggested_url, latest.detail, latest.tells_facts, latest.runs, asked.key
    FROM json_each(?) AS asked
    LEFT JOIN links ON {}
    LEFT JOIN health ON health.link_id = links.id
    LEFT JOIN observations AS latest
        ON latest.id = (SELECT max(id) FROM observations WHERE link_id = health.link_id)
"""

BY_URL: Final = READ_PLACES.format("links.url = asked.value")
BY_ID: Final = READ_PLACES.format("links.id = asked.value")

READ_HEALTHS: Final = "SELECT health.* FROM json_each(?) AS asked JOIN health ON health.link_id = asked.value"


class Place(NamedTuple):
    """One link: its identity, what of its health tells whether a look is news, and its latest interval.

    Before the first look `latest_id` is 0 and all else of the interval and of the health is None.
    """

    link_id: int
    host_id: str | None
    stranger: str | None
    kind: str
    state: str | None
    last_checked_at: str | None
    knows_facts: bool
    validators: str | None
    latest_id: int
    outcome: str
    reason: str
    http_status: int | None
    final_url: str | None
    suggested_url: str | None
    detail: str | None
    tells_facts: int
    runs: str
    position: int
    """In the batch."""


def read_places(
    connection: sqlite3.Connection, urls: Sequence[str], ids: Mapping[str, int]
) -> list[tuple[Any, ...]]:
    """The places of these canonical URLs in their order, each a row to make a Place of where one is needed.

    `ids`: link ids by URL, as far as they are known; where all are, no URL must be looked for in the file.
    Raises LookupError for what is no link.
    """
    cursor = connection.cursor()
    cursor.row_factory = None
    known = [*map(ids.get, urls)]
    sql, asked = (BY_URL, as_list(urls)) if None in known else (BY_ID, as_list(known))
    rows = cursor.execute(sql, [asked]).fetchall()
    rows.sort(key=itemgetter(-1))
    if None in map(itemgetter(0), rows):
        unknown = next(url for url, row in zip(urls, rows, strict=True) if row[0] is None)
        raise LookupError(f"{unknown} is no link of the catalog")
    return rows


def read_healths(connection: sqlite3.Connection, link_ids: Sequence[int]) -> dict[int, Health]:
    """Whole healths by link; what has no row is absent."""
    rows = connection.execute(READ_HEALTHS, [as_list(link_ids)])
    return {row["link_id"]: row_to_health(row) for row in rows}
