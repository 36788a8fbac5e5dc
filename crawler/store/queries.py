"""The questions of the reading side in SQL. `:run` is the run as of which is asked."""

from __future__ import annotations

from typing import Final

from crawler.store.graph_tables import SUPPRESSED
from crawler.store.rows import HEALTH_COLUMNS

IN_CATALOG: Final = "{0}.from_run_id <= :run AND ({0}.until_run_id IS NULL OR {0}.until_run_id > :run)"
IS_SUPPRESSED: Final = SUPPRESSED.format(run=":run")
NOT_CLOSED: Final = (
    "findings.opened_run_id <= :run AND (findings.closed_run_id IS NULL OR findings.closed_run_id > :run)"
)
OPEN_THEN: Final = f"{NOT_CLOSED} AND NOT {IS_SUPPRESSED}"
COUNT_SUPPRESSED: Final = f"SELECT count(*) FROM findings WHERE {NOT_CLOSED} AND {IS_SUPPRESSED}"

DOCUMENTS: Final = f"""
    SELECT name, title, url FROM documents WHERE {IN_CATALOG.format("documents")}
    UNION ALL
    SELECT documents.name, document_versions.title, document_versions.url FROM document_versions
    JOIN documents ON documents.id = document_versions.document_id
    WHERE {IN_CATALOG.format("document_versions")}
    ORDER BY 1
"""

OF_DOCUMENT: Final = "document_id = (SELECT id FROM documents WHERE name = :document)"

# CROSS JOIN: entries come in the order of their index, so that the first is told before the last is read.
ENTRIES_NOW: Final = f"""
    SELECT entries.identifier, documents.name AS document, entries.id AS entry_id, entries.name,
        entries.kind, entries.section, entries.stated_license, entries.stated_parameters, entries.note
    FROM entries CROSS JOIN documents ON documents.id = entries.document_id
    WHERE {IN_CATALOG.format("entries")} {{0}}
"""
ENTRIES_THEN: Final = f"""
    {ENTRIES_NOW}
    UNION ALL
    SELECT entries.identifier, documents.name, entry_id, version.name,
        version.kind, version.section, version.stated_license, version.stated_parameters, version.note
    FROM entry_versions AS version
    JOIN entries ON entries.id = version.entry_id
    JOIN documents ON documents.id = version.document_id
    WHERE {IN_CATALOG.format("version")} {{1}}
"""
"""Also those that read differently then."""

PLACES: Final = """
    SELECT links.url, documents.name AS document, entries.identifier,
        mentions.role, mentions.raw, mentions.line,
        coalesce((SELECT version.name FROM entry_versions AS version WHERE version.entry_id = entries.id
            AND version.from_run_id <= :run AND version.until_run_id > :run), entries.name) AS entry_name
    FROM links
    JOIN mentions ON mentions.link_id = links.id
    JOIN entries ON entries.id = mentions.entry_id
    JOIN documents ON documents.id = entries.document_id
    WHERE links.url IN (SELECT value FROM json_each(:urls)) AND {0}
    ORDER BY documents.name, mentions.line, entries.identifier, mentions.position
"""

LINK: Final = f"""
    SELECT links.id AS link_id, links.url, links.kind, links.name,
        {", ".join(f"health.{name}" for name in HEALTH_COLUMNS)}, health.facts_observed_at
"""
ONE_LINK: Final = f"{LINK} FROM links LEFT JOIN health ON health.link_id = links.id WHERE links.url = :url"
KNOWN_OF: Final = f"""
    {LINK} FROM links LEFT JOIN health ON health.link_id = links.id
    WHERE links.id IN (SELECT value FROM json_each(:ids))
"""

MENTIONED: Final = f"""
    EXISTS (SELECT 1 FROM mentions WHERE mentions.link_id = links.id AND {IN_CATALOG.format("mentions")})
"""
MENTIONED_IN_DOCUMENT: Final = f"""
    links.id IN (SELECT mentions.link_id FROM mentions
        JOIN entries ON entries.id = mentions.entry_id
        WHERE entries.{OF_DOCUMENT} AND {IN_CATALOG.format("mentions")})
"""

# They had a mention that was closed, or only an exclusion: nothing else brings a link (store/link_rows.py).
ABSENT: Final = """
    SELECT id FROM (
        SELECT link_id AS id FROM exclusions
        UNION
        SELECT link_id FROM mentions WHERE until_run_id > 0
    ) AS gone WHERE NOT EXISTS (
        SELECT 1 FROM mentions WHERE mentions.link_id = gone.id AND mentions.until_run_id IS NULL)
"""
"""Links that are not in the catalog now."""
MENTIONED_NOW: Final = f"links.id NOT IN ({ABSENT})"
"""For questions about all links of the present: nearly every one is in the catalog."""

LINKS: Final = f"""
    {LINK} FROM links LEFT JOIN health ON health.link_id = links.id
    WHERE {{mentioned}} ORDER BY links.url
"""
# CROSS JOIN: a few links in some state are found by it, whatever the number of all links. Without an order of
# its own the first is told before the last is read, and they come as they lie in the file.
LINKS_IN_STATE: Final = f"""
    {LINK} FROM {{health}} AS health CROSS JOIN links ON links.id = health.link_id
    WHERE health.state IN (SELECT value FROM json_each(:states)) AND {{mentioned}}
        AND (health.state != 'unknown' OR health.reason IN (SELECT value FROM json_each(:reasons)))
"""

STATE_COUNTS: Final = """
    SELECT coalesce(health.state, 'unknown') AS state, count(*) AS links
    FROM links LEFT JOIN {health} AS health ON health.link_id = links.id
    WHERE {mentioned} GROUP BY 1
"""
# Nearly every link is in the catalog: those that are not are counted off.
STATE_COUNTS_NOW: Final = f"""
    WITH counted AS MATERIALIZED (SELECT state, count(*) AS links FROM health GROUP BY state),
    absent AS ({ABSENT})
    SELECT state, sum(links) AS links FROM (
        SELECT state, links FROM counted
        UNION ALL
        SELECT 'unknown', (SELECT count(*) FROM links) - (SELECT coalesce(sum(links), 0) FROM counted)
        UNION ALL
        SELECT coalesce(health.state, 'unknown'), -1
        FROM absent LEFT JOIN health ON health.link_id = absent.id
    ) GROUP BY state
"""

# What a run could not check shows in the health: never checked, not since the run began, or silence.
UNCHECKED: Final = """
    SELECT look.outcome, look.reason, links.host, coalesce(health.state, 'unknown') AS state,
        health.last_checked_at < :started_at AS is_earlier, count(*) AS links,
        min(look.detail) AS least_detail, max(look.detail) AS most_detail
    FROM (
        SELECT link_id FROM {health}
        WHERE last_checked_at IS NULL OR last_checked_at < :started_at OR silent_nights > 0
        UNION ALL
        SELECT id FROM links WHERE NOT EXISTS (SELECT 1 FROM {health} AS known WHERE known.link_id = links.id)
    ) AS doubtful
    CROSS JOIN links ON links.id = doubtful.link_id
    LEFT JOIN {health} AS health ON health.link_id = links.id
    LEFT JOIN observations AS look ON look.id = (
        SELECT max(id) FROM observations WHERE link_id = links.id AND first_run_id <= :run)
    WHERE {mentioned}
        AND (coalesce(health.state, 'unknown') != 'unknown' OR health.reason IS NULL
            OR health.reason NOT IN (SELECT value FROM json_each(:reasons)))
        AND links.url NOT IN (SELECT value FROM json_each(:left_alone))
    GROUP BY 1, 2, 3, 4, 5 ORDER BY min(links.url)
"""

FINDINGS: Final = """
    SELECT findings.*, entries.identifier, links.url FROM findings
    JOIN entries ON entries.id = findings.entry_id
    LEFT JOIN links ON links.id = findings.link_id
"""
FINDINGS_ORDER: Final = "ORDER BY entries.identifier, findings.kind, findings.field, links.url, findings.id"
