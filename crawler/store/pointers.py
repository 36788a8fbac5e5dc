"""What a thing says of others, from run to run: a source that tells nothing closes nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from crawler.links.classify import link_of


def write_pointers(
    connection: sqlite3.Connection, link_id: int, run_id: int, told: Mapping[str, Sequence[str]]
) -> None:
    """Make a link's current pointers those told, source by source. Runs inside the caller's transaction."""
    for source, urls in told.items():
        wanted = {link.canonical_url: link.target.kind for link in map(link_of, urls)}
        current = {
            row["url"]: row["id"]
            for row in connection.execute(
                "SELECT url, id FROM pointers WHERE link_id = ? AND source = ? AND until_run_id IS NULL",
                [link_id, source],
            )
        }
        for url in current.keys() - wanted.keys():
            connection.execute("UPDATE pointers SET until_run_id = ? WHERE id = ?", [run_id, current[url]])
        for url, kind in wanted.items():
            if url not in current:
                connection.execute(
                    "INSERT INTO pointers (link_id, url, kind, source, from_run_id) VALUES (?, ?, ?, ?, ?)",
                    [link_id, url, kind.value, source, run_id],
                )
