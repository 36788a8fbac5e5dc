"""Findings of the present, opened and closed with dates. A finding that reads differently is another one.

What an entry's links show now is put beside the open findings: missing ones are opened, the rest closed. That
is done for all entries, or for those that may have changed since (store/findings_since.py).
Conflicts between stated and observed values are found in store/conflicts.py.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import TYPE_CHECKING, Final

from crawler.records import FindingKind
from crawler.store.conflicts import find_conflicts
from crawler.store.duplicates import want_listed_twice, want_moved_duplicates
from crawler.store.facts import LICENSE, UNRECOGNISED_LICENSE, fact_to_text
from crawler.store.findings_since import forget_up_to, keep_up_to, mark_changed, read_up_to
from crawler.store.times import time_to_text

if TYPE_CHECKING:
    from crawler.store.entry_conflicts import Conflict

OF_STATES: Final = (
    FindingKind.DEAD,
    FindingKind.MOVED,
    FindingKind.RESTRICTED,
    FindingKind.NAME_REUSED,
)
"""Few links are in such a state, and an index names them: these are found anew each time."""
OF_ENTRIES: Final = (
    FindingKind.ARCHIVED,
    FindingKind.GATED,
    FindingKind.WITHDRAWN,
    FindingKind.LICENSE_CHANGED,
    FindingKind.LICENSE_CONFLICT,
    FindingKind.PARAMETER_CONFLICT,
    FindingKind.JOKE_OR_STUB,
)
"""They come of what one entry says, the facts of its links and a maintainer's word on it; of nothing else."""

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

BY_IDENTITY: Final = """
    INSERT OR IGNORE INTO temp.wanted
    SELECT mentions.entry_id, links.id, 'name-reused', 'host_id', links.host_id, links.stranger,
        links.url || ': another thing has this name now; the facts are those of the first'
    FROM links
    JOIN mentions ON mentions.link_id = links.id AND mentions.until_run_id IS NULL
    WHERE links.stranger IS NOT NULL
"""

# CROSS JOIN keeps the order of the tables: all facts as they lie in the file, or a few entries by their ids.
FACTS_OF_ALL: Final = """
    facts
    CROSS JOIN links ON links.id = facts.link_id
    CROSS JOIN mentions ON mentions.link_id = links.id AND mentions.until_run_id IS NULL
"""
FACTS_OF_CHANGED: Final = """
    temp.changed
    CROSS JOIN mentions ON mentions.entry_id = changed.entry_id AND mentions.until_run_id IS NULL
    CROSS JOIN links ON links.id = mentions.link_id
    CROSS JOIN facts ON facts.link_id = links.id
"""

BY_FLAG: Final = """
    INSERT OR IGNORE INTO temp.wanted
    SELECT mentions.entry_id, links.id, facts.field, facts.field, links.url,
        CASE WHEN facts.value = 'true' THEN facts.field ELSE json_extract(facts.value, '$') END, NULL
    FROM {}
    WHERE (facts.field = 'archived' OR facts.field = 'gated' OR facts.field = 'withdrawn')
        AND facts.value <> 'false' AND facts.value <> 'null' AND facts.value <> '""'
        AND NOT EXISTS (SELECT 1 FROM facts AS later
            WHERE later.link_id = facts.link_id AND later.field = facts.field AND later.run_id > facts.run_id)
"""

# Against the first licence ever recognised: a change that was taken back is no finding any more. Nothing told
# in the first run of all has changed, and that is most of what there is.
BY_LICENSE: Final = """
    INSERT OR IGNORE INTO temp.wanted
    SELECT mentions.entry_id, links.id, 'license-changed', :license,
        json_extract(earliest.value, '$'), json_extract(facts.value, '$'), links.url
    FROM {}
    CROSS JOIN facts AS earliest ON earliest.link_id = facts.link_id AND earliest.field = :license
        AND earliest.run_id = (SELECT min(known.run_id) FROM facts AS known
            WHERE known.link_id = facts.link_id AND known.field = :license AND known.value != :unrecognised)
    WHERE facts.field = :license
        AND facts.run_id > (SELECT min(id) FROM runs) AND facts.value != earliest.value
        AND NOT EXISTS (SELECT 1 FROM facts AS later
            WHERE later.link_id = facts.link_id AND later.field = :license AND later.run_id > facts.run_id)
        AND NOT EXISTS (SELECT 1 FROM overrides
            WHERE overrides.entry_id = mentions.entry_id AND overrides.field = :license
            AND overrides.until_run_id IS NULL)
"""

BY_CONFLICT: Final = "INSERT OR IGNORE INTO temp.wanted VALUES (?, ?, ?, ?, ?, ?, ?)"

# The plus keeps the index of kinds out: an entry has a few findings, a kind has thousands.
SAME: Final = """
    wanted.entry_id = findings.entry_id AND wanted.link_id IS findings.link_id
    AND wanted.kind = +findings.kind AND wanted.field IS findings.field
    AND wanted.stated IS findings.stated AND wanted.observed IS findings.observed
    AND wanted.detail IS findings.detail
"""


def _one_of(kinds: tuple[FindingKind, ...]) -> str:
    names = ", ".join(f"'{kind}'" for kind in kinds)
    return f"kind IN ({names})"


# What was not looked for anew stays as it is.
CLOSE: Final = f"""
    UPDATE findings SET closed_run_id = :run, closed_at = :at
    WHERE closed_run_id IS NULL
        AND ({_one_of(OF_STATES)}
            OR kind = '{FindingKind.DUPLICATE}' AND (field = 'link' OR :twice)
            OR {_one_of(OF_ENTRIES)} AND {{}})
        AND NOT EXISTS (SELECT 1 FROM temp.wanted WHERE {SAME})
"""
IN_CHANGED: Final = "entry_id IN (SELECT entry_id FROM temp.changed)"

OPEN: Final = f"""
    INSERT INTO findings
        (entry_id, link_id, kind, field, stated, observed, detail, opened_run_id, opened_at)
    SELECT entry_id, link_id, kind, field, stated, observed, detail, :run, :at FROM temp.wanted
    WHERE NOT EXISTS (SELECT 1 FROM findings WHERE closed_run_id IS NULL AND {SAME})
    ORDER BY entry_id, link_id, kind
"""


def update_findings(connection: sqlite3.Connection, run_id: int, at: datetime, *, is_over: bool) -> None:
    """Make the open findings those of the present. Runs inside the caller's transaction.

    `is_over`: the run will not go on, so that the next one has to see only to what changes from here on.
    """
    since = read_up_to(connection, run_id)
    may_be_twice = since is None or mark_changed(connection, since)
    facts, of_entries = (FACTS_OF_ALL, "true") if since is None else (FACTS_OF_CHANGED, IN_CHANGED)
    connection.execute(CREATE_WANTED)
    connection.execute("DELETE FROM temp.wanted")
    connection.execute(BY_HEALTH)
    connection.execute(BY_IDENTITY)
    connection.execute(BY_FLAG.format(facts))
    license_names = {"license": LICENSE, "unrecognised": fact_to_text(UNRECOGNISED_LICENSE)}
    connection.execute(BY_LICENSE.format(facts), license_names)
    conflicts = find_conflicts(connection, of_changed=since is not None)
    connection.executemany(BY_CONFLICT, map(_conflict_to_row, conflicts))
    if may_be_twice:
        want_listed_twice(connection)
    want_moved_duplicates(connection)
    moment = {"run": run_id, "at": time_to_text(at)}
    connection.execute(CLOSE.format(of_entries), {**moment, "twice": may_be_twice})
    connection.execute(OPEN, moment)
    if is_over:
        keep_up_to(connection, run_id)
    else:
        forget_up_to(connection)


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
