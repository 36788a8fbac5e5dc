"""What is listed twice: entries with one identity at its host, links that moved to one address."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from operator import itemgetter
from typing import Final

from crawler.links.classify import link_of

IDENTIFIABLE: Final = (
    "'github_repo', 'huggingface_model', 'huggingface_dataset', 'huggingface_space', 'arxiv_paper'"
)
ANY_IDENTIFIABLE: Final = f"SELECT 1 FROM links WHERE kind IN ({IDENTIFIABLE}) LIMIT 1"

# Only the first project link names the entry: a second one may be a tool that many entries use. A link
# whose host never told an id is the same thing as itself alone.
LISTED_TWICE: Final = f"""
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
            AND links.kind IN ({IDENTIFIABLE})
    )
    SELECT identity, entry_id, link_id, identifier, document_id FROM first_projects
    WHERE identity IN (SELECT identity FROM first_projects
        GROUP BY identity HAVING count(DISTINCT document_id) > 1)
    ORDER BY identity, identifier
"""
SAME_THING: Final = """
    INSERT OR IGNORE INTO temp.wanted
    VALUES (?, ?, 'duplicate', 'entry', ?, ?, 'the same thing by its host''s id')
"""
NAMED_OTHERS: Final = 20
"""What stands in hundreds of lists is not told in each of them by all the others' names."""

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


@dataclass(frozen=True, slots=True)
class _Place:
    entry_id: int
    link_id: int
    identifier: str
    document_id: int


def want_listed_twice(connection: sqlite3.Connection) -> None:
    """Add to `temp.wanted` what entries of several documents have by one identity at its host."""
    if connection.execute(ANY_IDENTIFIABLE).fetchone():
        connection.executemany(SAME_THING, _find_listed_twice(connection))


def _find_listed_twice(connection: sqlite3.Connection) -> Iterator[tuple[int, int, str, str]]:
    for _, rows in groupby(connection.execute(LISTED_TWICE), key=itemgetter(0)):
        places = [_Place(*row[1:]) for row in rows]
        in_document = Counter(place.document_id for place in places)
        for place in places:
            others = (other.identifier for other in places if other.document_id != place.document_id)
            named = ", ".join(islice(others, NAMED_OTHERS))
            unnamed = len(places) - in_document[place.document_id] - NAMED_OTHERS
            told = f"{named} and {unnamed:,} more" if unnamed > 0 else named
            yield place.entry_id, place.link_id, place.identifier, told


def want_moved_duplicates(connection: sqlite3.Connection) -> None:
    """Add links that moved to where another listed link is, or where an earlier one moved to as well."""
    first_to: dict[str, str] = {}
    for link_id, url, home in connection.execute(MOVED_LINKS).fetchall():
        canonical = link_of(home).canonical_url
        listed = connection.execute(LISTED, [canonical, link_id]).fetchone()
        other = listed[0] if listed is not None else first_to.setdefault(canonical, url)
        if other != url:
            connection.execute(DUPLICATE, {"link": link_id, "url": url, "other": other, "home": canonical})
