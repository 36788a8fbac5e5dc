"""Which papers the Hub should be asked about, and what it said; each once a month."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from crawler.store.pointers import write_pointers
from crawler.store.times import time_to_text

ANSWER_STANDS: Final = timedelta(days=30)
SOURCE: Final = "huggingface-papers"

DUE: Final = """
    SELECT links.name FROM links
    LEFT JOIN _paper_lookups ON _paper_lookups.link_id = links.id
    WHERE links.kind = 'arxiv_paper'
        AND (_paper_lookups.looked_up_at IS NULL OR _paper_lookups.looked_up_at <= :asked_before)
        AND EXISTS (SELECT 1 FROM mentions
            WHERE mentions.link_id = links.id AND mentions.until_run_id IS NULL)
    ORDER BY _paper_lookups.looked_up_at, links.id
    LIMIT :most
"""


def papers_to_look_up(connection: sqlite3.Connection, now: datetime, most: int) -> list[str]:
    """arXiv ids of the present catalog, those never asked about first."""
    rows = connection.execute(DUE, {"asked_before": time_to_text(now - ANSWER_STANDS), "most": most})
    return [row["name"] for row in rows]


def record_paper(
    connection: sqlite3.Connection, run_id: int, paper_id: str, urls: Sequence[str], now: datetime
) -> None:
    """Keep what the Hub said of a paper. Runs inside the caller's transaction."""
    row = connection.execute(
        "SELECT id FROM links WHERE kind = 'arxiv_paper' AND name = ?", [paper_id]
    ).fetchone()
    write_pointers(connection, run_id, [(row["id"], {SOURCE: urls})])
    connection.execute(
        "INSERT INTO _paper_lookups (link_id, looked_up_at) VALUES (?, ?)"
        " ON CONFLICT (link_id) DO UPDATE SET looked_up_at = excluded.looked_up_at",
        [row["id"], time_to_text(now)],
    )
