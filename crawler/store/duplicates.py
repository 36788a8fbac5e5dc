"""What is listed twice: entries with one identity at its host, links that moved to one address."""

from __future__ import annotations

import sqlite3
from typing import Final

from crawler.links.classify import link_of

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
        WHERE one.identity IN (SELECT identity FROM first_projects
            GROUP BY identity HAVING count(DISTINCT document_id) > 1)
    ) WHERE others IS NOT NULL
"""

MOVED_LINKS: Final = """
    SELECT links.id, links.url, health.suggested_url FROM health
    JOIN links ON links.id = health.link_id
    WHERE health.state = 'moved' AND health.suggested_url IS NOT NULL
        AND EXISTS (SELECT 1 FROM mentions
            WHERE mentions.link_id = links.id AND mentions.until_run_id IS NULL)
    ORDER BY links.id
"""
LISTED: Final = """
    SELECT url FROM links WHERE url = ? AND id != ?
        AND EXISTS (SELECT 1 FROM mentions
            WHERE mentions.link_id = links.id AND mentions.until_run_id IS NULL)
"""
DUPLICATE: Final = """
    INSERT OR IGNORE INTO temp.wanted
    SELECT DISTINCT entry_id, link_id, 'duplicate', 'link', :url, :other, 'both lead to ' || :home
    FROM mentions WHERE link_id = :link AND until_run_id IS NULL
"""


def want_duplicates(connection: sqlite3.Connection) -> None:
    """Add the findings to `temp.wanted`. Runs inside the caller's transaction."""
    connection.execute(WANT_DUPLICATES)
    _want_moved_duplicates(connection)


def _want_moved_duplicates(connection: sqlite3.Connection) -> None:
    """Links that moved to where another listed link is, or where an earlier one moved to as well."""
    first_to: dict[str, str] = {}
    for link_id, url, home in connection.execute(MOVED_LINKS).fetchall():
        canonical = link_of(home).canonical_url
        listed = connection.execute(LISTED, [canonical, link_id]).fetchone()
        other = listed[0] if listed is not None else first_to.setdefault(canonical, url)
        if other != url:
            connection.execute(DUPLICATE, {"link": link_id, "url": url, "other": other, "home": canonical})
