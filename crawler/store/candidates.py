"""The links of the present catalog on the eve of a run, each with what is known of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import date
from typing import Final

from crawler.judge import is_telling
from crawler.plan import Candidate
from crawler.records import Exclusion, Known, Link, Question
from crawler.store.intervals import row_to_interval
from crawler.store.rows import read_facts, row_to_health, row_to_link, row_to_sibling

CANDIDATES: Final = """
    SELECT links.id AS link_id, links.url, links.kind, links.name, links.host_id, health.*,
        (SELECT json_group_array(DISTINCT documents.name) FROM mentions
            JOIN entries ON entries.id = mentions.entry_id
            JOIN documents ON documents.id = entries.document_id
            WHERE mentions.link_id = links.id AND mentions.until_run_id IS NULL) AS documents,
        exclusions.reason AS exclusion_reason, exclusions.until AS exclusion_until,
        exclusions.id AS exclusion_id,
        _siblings.title AS sibling_title, _siblings.text AS sibling_text, _siblings.probed_at
    FROM links
    LEFT JOIN health ON health.link_id = links.id
    LEFT JOIN _siblings ON _siblings.host = links.host
    LEFT JOIN exclusions ON exclusions.id = (SELECT max(latest.id) FROM exclusions AS latest
        WHERE latest.link_id = links.id AND latest.until_run_id IS NULL)
    WHERE EXISTS (SELECT 1 FROM mentions
        WHERE mentions.link_id = links.id AND mentions.until_run_id IS NULL)
    ORDER BY links.id
"""


def read_candidates(connection: sqlite3.Connection, resumed_run_id: int | None) -> Iterator[Candidate]:
    """One after the other, in the order they came into the catalog."""
    for row in connection.execute(CANDIDATES):
        yield _row_to_candidate(connection, row, resumed_run_id)


def _has_answered(connection: sqlite3.Connection, link_id: int, link: Link, run_id: int) -> bool:
    """Whether this run was told about the link before it was interrupted."""
    row = connection.execute(
        "SELECT * FROM observations WHERE link_id = ? ORDER BY id DESC LIMIT 1", [link_id]
    ).fetchone()
    if row is None:
        return False
    latest = row_to_interval(row, link)
    return latest.last_run_id == run_id and is_telling(latest.observation)


def _row_to_candidate(
    connection: sqlite3.Connection, row: sqlite3.Row, resumed_run_id: int | None
) -> Candidate:
    link = row_to_link(row)
    known = Known(
        host_id=row["host_id"],
        validators=json.loads(row["validators"]) if row["validators"] else {},
        facts=read_facts(connection, row["link_id"]),
        final_url=row["final_url"],
        sibling=row_to_sibling(row),
    )
    exclusion = None
    if row["exclusion_id"] is not None:
        until = row["exclusion_until"]
        exclusion = Exclusion(
            link.canonical_url, row["exclusion_reason"], date.fromisoformat(until) if until else None
        )
    return Candidate(
        question=Question(link, known),
        health=row_to_health(row),
        answered=resumed_run_id is not None
        and _has_answered(connection, row["link_id"], link, resumed_run_id),
        documents=tuple(json.loads(row["documents"])),
        exclusion=exclusion,
    )
