"""Findings of the present, opened and closed with dates. A finding that reads differently is another one.

What an entry's links show now is put beside the open findings: missing ones are opened, the rest closed.
Conflicts between stated and observed values are found in store/conflicts.py.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Final

from crawler.records import FindingKind
from crawler.store.conflicts import Conflict, find_conflicts
from crawler.store.duplicates import want_duplicates
from crawler.store.facts import LICENSE, UNRECOGNISED_LICENSE, fact_to_text
from crawler.store.times import time_to_text

KEPT_HERE: Final = (
    FindingKind.DEAD,
    FindingKind.MOVED,
    FindingKind.RESTRICTED,
    FindingKind.ARCHIVED,
    FindingKind.GATED,
    FindingKind.WITHDRAWN,
    FindingKind.LICENSE_CHANGED,
    FindingKind.NAME_REUSED,
    FindingKind.LICENSE_CONFLICT,
    FindingKind.PARAMETER_CONFLICT,
    FindingKind.JOKE_OR_STUB,
    FindingKind.DUPLICATE,
)

CREATE_WANTED: Final = """
    CREATE TEMP TABLE IF NOT EXISTS wanted (
        entry_id INTEGER, link_id INTEGER, kind TEXT, field TEXT, stated TEXT, observed TEXT, detail TEXT,
        UNIQUE (entry_id, link_id, kind, field)
    )
"""

BY_HEALTH: Final = """
    INSERT OR IGNORE INTO temp.wanted
    SELECT mentions.entry_id, links.id, health.state, 'link', links.url,
        CASE health.state WHEN 'moved' THEN health.suggested_url ELSE health.reason END,
        CASE health.state
            WHEN 'moved' THEN health.reason
            WHEN 'restricted' THEN 'HTTP ' || health.http_status
            ELSE coalesce('HTTP ' || health.http_status || ', ', '')
                || 'failing since ' || substr(health.first_failed_at, 1, 10)
                || coalesce(', last seen alive ' || substr(health.last_alive_at, 1, 10), ', never seen alive')
        END
    FROM health
    JOIN links ON links.id = health.link_id
    JOIN mentions ON mentions.link_id = links.id AND mentions.until_run_id IS NULL
    WHERE health.state IN ('dead', 'moved', 'restricted')
"""

BY_FLAG: Final = """
    INSERT OR IGNORE INTO temp.wanted
    SELECT mentions.entry_id, links.id, facts.field, facts.field, links.url,
        CASE WHEN facts.value = 'true' THEN facts.field ELSE json_extract(facts.value, '$') END, NULL
    FROM facts
    JOIN links ON links.id = facts.link_id
    JOIN mentions ON mentions.link_id = links.id AND mentions.until_run_id IS NULL
    WHERE facts.field IN ('archived', 'gated', 'withdrawn') AND facts.value NOT IN ('false', 'null', '""')
        AND NOT EXISTS (SELECT 1 FROM facts AS later
            WHERE later.link_id = facts.link_id AND later.field = facts.field AND later.run_id > facts.run_id)
"""

# Against the first licence ever recognised: a change that was taken back is no finding any more.
BY_LICENSE: Final = """
    INSERT OR IGNORE INTO temp.wanted
    SELECT mentions.entry_id, links.id, 'license-changed', :license,
        json_extract(earliest.value, '$'), json_extract(facts.value, '$'), links.url
    FROM facts
    JOIN facts AS earliest ON earliest.link_id = facts.link_id AND earliest.field = :license
        AND earliest.run_id = (SELECT min(known.run_id) FROM facts AS known
            WHERE known.link_id = facts.link_id AND known.field = :license AND known.value != :unrecognised)
    JOIN links ON links.id = facts.link_id
    JOIN mentions ON mentions.link_id = links.id AND mentions.until_run_id IS NULL
    WHERE facts.field = :license AND facts.value != earliest.value
        AND NOT EXISTS (SELECT 1 FROM facts AS later
            WHERE later.link_id = facts.link_id AND later.field = :license AND later.run_id > facts.run_id)
        AND NOT EXISTS (SELECT 1 FROM overrides
            WHERE overrides.entry_id = mentions.entry_id AND overrides.field = :license
            AND overrides.until_run_id IS NULL)
"""

BY_IDENTITY: Final = """
    INSERT OR IGNORE INTO temp.wanted
    SELECT mentions.entry_id, links.id, 'name-reused', 'host_id', links.host_id, links.stranger,
        links.url || ': another thing has this name now; the facts are those of the first'
    FROM links
    JOIN mentions ON mentions.link_id = links.id AND mentions.until_run_id IS NULL
    WHERE links.stranger IS NOT NULL
"""

BY_CONFLICT: Final = "INSERT OR IGNORE INTO temp.wanted VALUES (?, ?, ?, ?, ?, ?, ?)"

# The plus keeps the index of kinds out: an entry has a few findings, a kind has thousands.
SAME: Final = """
    wanted.entry_id = findings.entry_id AND wanted.link_id IS findings.link_id
    AND wanted.kind = +findings.kind AND wanted.field IS findings.field
    AND wanted.stated IS findings.stated AND wanted.observed IS findings.observed
    AND wanted.detail IS findings.detail
"""

CLOSE: Final = f"""
    UPDATE findings SET closed_run_id = :run, closed_at = :at
    WHERE closed_run_id IS NULL AND kind IN ({", ".join(f"'{kind}'" for kind in KEPT_HERE)})
        AND NOT EXISTS (SELECT 1 FROM temp.wanted WHERE {SAME})
"""

OPEN: Final = f"""
    INSERT INTO findings
        (entry_id, link_id, kind, field, stated, observed, detail, opened_run_id, opened_at)
    SELECT entry_id, link_id, kind, field, stated, observed, detail, :run, :at FROM temp.wanted
    WHERE NOT EXISTS (SELECT 1 FROM findings WHERE closed_run_id IS NULL AND {SAME})
    ORDER BY entry_id, link_id, kind
"""


def update_findings(connection: sqlite3.Connection, run_id: int, at: datetime) -> None:
    """Make the open findings those of the present. Runs inside the caller's transaction."""
    license_names = {"license": LICENSE, "unrecognised": fact_to_text(UNRECOGNISED_LICENSE)}
    connection.execute(CREATE_WANTED)
    connection.execute("DELETE FROM temp.wanted")
    connection.execute(BY_HEALTH)
    connection.execute(BY_FLAG)
    connection.execute(BY_LICENSE, license_names)
    connection.execute(BY_IDENTITY)
    connection.executemany(BY_CONFLICT, map(_conflict_to_row, find_conflicts(connection)))
    want_duplicates(connection)
    moment = {"run": run_id, "at": time_to_text(at)}
    connection.execute(CLOSE, moment)
    connection.execute(OPEN, moment)


def _conflict_to_row(conflict: Conflict) -> tuple[int, int, str, str, str | None, str | None, str | None]:
    """In the order of `wanted`."""
    verdict = conflict.verdict
    return (
        conflict.entry_id,
        conflict.link_id,
        conflict.kind.value,
        verdict.field,
        verdict.stated or None,
        verdict.observed or None,
        verdict.reason,
    )
