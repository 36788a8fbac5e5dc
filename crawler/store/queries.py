"""The questions of the reading side in SQL. `:run` is the run as of which is asked."""

from __future__ import annotations

from typing import Final

from crawler.store.graph_tables import SUPPRESSED

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

ENTRIES: Final = f"""
    SELECT entries.identifier, documents.name AS document, version.* FROM (
        SELECT id AS entry_id, document_id, name, kind, section, stated_license, stated_parameters, note
        FROM entries WHERE {IN_CATALOG.format("entries")}
        UNION ALL
        SELECT entry_id, document_id, name, kind, section, stated_license, stated_parameters, note
        FROM entry_versions WHERE {IN_CATALOG.format("entry_versions")}
    ) AS version
    JOIN entries ON entries.id = version.entry_id
    JOIN documents ON documents.id = version.document_id
    WHERE :document IS NULL OR documents.name = :document
    ORDER BY entries.identifier
"""

MENTIONS: Final = """
    SELECT mentions.*, links.url AS canonical_url FROM mentions
    JOIN links ON links.id = mentions.link_id
    WHERE mentions.entry_id = :entry AND {0}
    ORDER BY mentions.position
"""

PLACES: Final = """
    SELECT documents.name AS document, entries.identifier, mentions.role, mentions.raw, mentions.line,
        coalesce((SELECT version.name FROM entry_versions AS version WHERE version.entry_id = entries.id
            AND version.from_run_id <= :run AND version.until_run_id > :run), entries.name) AS entry_name
    FROM links
    JOIN mentions ON mentions.link_id = links.id
    JOIN entries ON entries.id = mentions.entry_id
    JOIN documents ON documents.id = entries.document_id
    WHERE links.url = :url AND {0}
    ORDER BY documents.name, mentions.line, entries.identifier, mentions.position
"""

ONE_LINK: Final = """
    SELECT links.id AS link_id, links.url, links.kind, links.name, health.*
    FROM links LEFT JOIN health ON health.link_id = links.id
    WHERE links.url = :url
"""

LINKS: Final = f"""
    SELECT links.id AS link_id, links.url, links.kind, links.name, health.*
    FROM links LEFT JOIN health ON health.link_id = links.id
    WHERE EXISTS (SELECT 1 FROM mentions
        JOIN entries ON entries.id = mentions.entry_id
        JOIN documents ON documents.id = entries.document_id
        WHERE mentions.link_id = links.id AND {IN_CATALOG.format("mentions")}
            AND (:document IS NULL OR documents.name = :document))
    ORDER BY links.url
"""

STATE_COUNTS: Final = f"""
    SELECT coalesce(health.state, 'unknown') AS state, count(*) AS links
    FROM links LEFT JOIN health ON health.link_id = links.id
    WHERE EXISTS (SELECT 1 FROM mentions
        WHERE mentions.link_id = links.id AND {IN_CATALOG.format("mentions")})
    GROUP BY 1
"""

FINDINGS: Final = """
    SELECT findings.*, entries.identifier, links.url FROM findings
    JOIN entries ON entries.id = findings.entry_id
    LEFT JOIN links ON links.id = findings.link_id
"""
FINDINGS_ORDER: Final = "ORDER BY entries.identifier, findings.kind, findings.field, links.url, findings.id"
