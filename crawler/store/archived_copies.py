"""Archived copies of links that are gone: whose are still wanted, and what the archives answered."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from crawler.records import Link
from crawler.store.rows import row_to_link
from crawler.store.times import optional_to_text, optional_to_time, time_to_text

MISS_STANDS: Final = timedelta(days=30)
"""How long nobody asks an archive again that had no copy."""
STRIKES_BEFORE_ARCHIVE: Final = 2


@dataclass(frozen=True, slots=True)
class LostLink:
    """A link whose archived copy is wanted: the one nearest to when it was last seen alive.

    `full_name` is how the host spells a repository, where that is known.
    """

    link: Link
    last_alive_at: datetime | None
    full_name: str | None


def links_without_copy(connection: sqlite3.Connection, now: datetime, limit: int) -> list[LostLink]:
    """Dead links, then suspects, whose copy no archive gave; who waited longest for a look-up comes first."""
    rows = connection.execute(
        WITHOUT_COPY,
        {
            "strikes": STRIKES_BEFORE_ARCHIVE,
            "asked_since": time_to_text(now - MISS_STANDS),
            "limit": limit,
        },
    ).fetchall()
    return [
        LostLink(row_to_link(row), optional_to_time(row["last_alive_at"]), row["full_name"]) for row in rows
    ]


def note_lookup(connection: sqlite3.Connection, url: str, now: datetime) -> None:
    connection.execute(
        "INSERT INTO _lookups (link_id, tried_at) SELECT id, ? FROM links WHERE url = ?"
        " ON CONFLICT (link_id) DO UPDATE SET tried_at = excluded.tried_at",
        [time_to_text(now), url],
    )


def set_archived(
    connection: sqlite3.Connection,
    run_id: int,
    url: str,
    source: str,
    archived_url: str | None,
    captured_at: datetime | None,
    now: datetime,
) -> None:
    """A copy that is known stays, whatever an archive says later."""
    connection.execute(
        "INSERT INTO archived_copies (link_id, source, url, captured_at, looked_up_at, run_id)"
        " SELECT id, :source, :archived_url, :captured_at, :now, :run FROM links WHERE url = :url"
        " ON CONFLICT (link_id, source) DO UPDATE SET url = excluded.url,"
        " captured_at = excluded.captured_at, looked_up_at = excluded.looked_up_at,"
        " run_id = excluded.run_id WHERE archived_copies.url IS NULL",
        {
            "url": url,
            "source": source,
            "archived_url": archived_url,
            "captured_at": optional_to_text(captured_at),
            "now": time_to_text(now),
            "run": run_id,
        },
    )


WITHOUT_COPY: Final = """
    SELECT links.url, links.kind, links.name, health.last_alive_at,
        (SELECT json_extract(facts.value, '$') FROM facts
            WHERE facts.link_id = links.id AND facts.field = 'full_name'
            ORDER BY facts.run_id DESC LIMIT 1) AS full_name
    FROM health JOIN links ON links.id = health.link_id
    LEFT JOIN _lookups ON _lookups.link_id = links.id
    WHERE (health.state = 'dead' OR (health.state = 'suspect' AND health.strikes >= :strikes))
        AND EXISTS (SELECT 1 FROM mentions
            WHERE mentions.link_id = links.id AND mentions.until_run_id IS NULL)
        AND NOT EXISTS (SELECT 1 FROM archived_copies
            WHERE archived_copies.link_id = links.id
            AND (archived_copies.url IS NOT NULL OR archived_copies.looked_up_at > :asked_since))
    ORDER BY health.state = 'suspect', coalesce(_lookups.tried_at, ''), health.since, links.id
    LIMIT :limit
"""
