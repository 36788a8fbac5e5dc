"""Entries of two documents that are one thing: their first project links have one identity at its host."""

from __future__ import annotations

import sqlite3
from typing import Final

# Only the first project link names the entry: a second one may be a tool that many entries use. A link
# whose host never told an id is the same thing as itself alone.
WANT_DUPLICATES: Final = """
    WITH first_projects AS MATERIALIZED (
        SELECT entries.id AS entry_id, entries.identifier, entries.document_id, links.id AS link_id,
            CASE WHEN links.host_id IS NULL THEN links.url
                ELSE substr(links.kind, 1, instr(links.kind, '_')) || links.host_id END AS identity
        FROM entries
        JOIN mentions ON mentions.id = (SELECT first.id FROM mentions AS first
            WHERE first.entry_id = entries.id AND first.until_run_id IS NULL AND first.role = 'project'
            ORDER BY first.position LIMIT 1)
        JOIN links ON links.id = mentions.link_id
        WHERE entries.until_run_id IS NULL AND entries.kind <> 'page'
            AND links.kind IN ('github_repo', 'huggingface_model', 'huggingface_dataset',
                'huggingface_space', 'arxiv_paper')
    )
    INSERT OR IGNORE INTO temp.wanted
    SELECT entry_id, link_id, 'duplicate', 'entry', identifier, others, 'the same thing by its host''s id'
    FROM (
        SELECT one.entry_id, one.link_id, one.identifier,
            (SELECT group_concat(identifier, ', ') FROM (
                SELECT other.identifier FROM first_projects AS other
                WHERE other.identity = one.identity AND other.document_id <> one.document_id
                ORDER BY other.identifier)) AS others
        FROM first_projects AS one
    ) WHERE others IS NOT NULL
"""


def want_duplicates(connection: sqlite3.Connection) -> None:
    """Add the findings to `temp.wanted`. Runs inside the caller's transaction."""
    connection.execute(WANT_DUPLICATES)
