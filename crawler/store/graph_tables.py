"""Tables and views of identity, of what things say of each other, and of change, as SQL."""

from __future__ import annotations

from typing import Final

LEG: Final = """
    CASE WHEN {0} = 'arxiv_paper' THEN 'paper'
        WHEN {0} IN ('github_repo', 'github_path') THEN 'code'
        WHEN {0} = 'huggingface_model' THEN 'model'
        WHEN {0} = 'huggingface_dataset' THEN 'data'
        WHEN {0} = 'huggingface_space' THEN 'demo'
        ELSE 'page' END
"""
"""What a thing of some kind is to the others: the legs an entry may stand on."""

SUPPRESSED: Final = """
    EXISTS (SELECT 1 FROM suppressions
        WHERE suppressions.entry_id = findings.entry_id AND suppressions.kind = findings.kind
            AND (suppressions.field IS NULL OR suppressions.field = findings.field)
            AND suppressions.from_run_id <= {run}
            AND (suppressions.until_run_id IS NULL OR suppressions.until_run_id > {run})
            AND suppressions.until > (SELECT substr(max(started_at), 1, 10) FROM runs WHERE id <= {run}))
"""
"""Whether a maintainer has put a finding aside as of a run; `{run}` is that run's id, or a larger number."""

GRAPH: Final = (
    """
    CREATE TABLE suppressions (
        id INTEGER PRIMARY KEY,
        entry_id INTEGER NOT NULL REFERENCES entries(id),
        kind TEXT NOT NULL,
        field TEXT,
        reason TEXT NOT NULL,
        until TEXT NOT NULL,
        from_run_id INTEGER NOT NULL REFERENCES runs(id),
        until_run_id INTEGER REFERENCES runs(id)
    ) STRICT
    """,
    "CREATE INDEX suppressions_entry_id ON suppressions(entry_id)",
    "CREATE INDEX suppressions_from_run_id ON suppressions(from_run_id)",
    "CREATE INDEX suppressions_until_run_id ON suppressions(until_run_id)",
    """
    CREATE TABLE pointers (
        id INTEGER PRIMARY KEY,
        link_id INTEGER NOT NULL REFERENCES links(id),
        url TEXT NOT NULL,
        kind TEXT NOT NULL,
        source TEXT NOT NULL,
        from_run_id INTEGER NOT NULL REFERENCES runs(id),
        until_run_id INTEGER REFERENCES runs(id)
    ) STRICT
    """,
    "CREATE INDEX pointers_link_id ON pointers(link_id)",
    "CREATE INDEX pointers_url ON pointers(url)",
    "CREATE INDEX pointers_from_run_id ON pointers(from_run_id)",
    "CREATE INDEX pointers_until_run_id ON pointers(until_run_id)",
    """
    CREATE TABLE _paper_lookups (
        link_id INTEGER PRIMARY KEY REFERENCES links(id),
        looked_up_at TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE VIEW aliases AS
    SELECT links.id AS link_id, links.url, links.kind, links.host_id,
        json_extract(facts.value, '$') AS name, 'host' AS told_by, facts.observed_at AS since,
        lead(facts.observed_at) OVER (PARTITION BY facts.link_id ORDER BY facts.run_id) AS until
    FROM facts JOIN links ON links.id = facts.link_id
    WHERE facts.field IN ('full_name', 'login')
    UNION ALL
    SELECT links.id, links.url, links.kind, links.host_id,
        CASE links.kind WHEN 'github_path' THEN substr(links.name, 1, instr(links.name, ':') - 1)
            ELSE links.name END,
        'catalog', runs.started_at,
        CASE WHEN links.stranger IS NOT NULL THEN (SELECT max(events.observed_at) FROM events
            WHERE events.link_id = links.id AND events.kind = 'name-reused') END
    FROM links JOIN runs ON runs.id = links.first_run_id
    WHERE links.host_id IS NOT NULL
    """,
    f"""
    CREATE VIEW connections AS
    SELECT links.id AS link_id, links.url, links.kind, pointers.url AS to_url, pointers.kind AS to_kind,
        {LEG.format("pointers.kind")} AS leg, pointers.source, runs.started_at AS since
    FROM pointers
    JOIN links ON links.id = pointers.link_id
    JOIN runs ON runs.id = pointers.from_run_id
    WHERE pointers.until_run_id IS NULL
    UNION ALL
    SELECT told.link_id, told.url, told.kind, 'https://arxiv.org/abs/' || paper.value, 'arxiv_paper',
        'paper', 'huggingface-tags', told.observed_at
    FROM latest_facts AS told, json_each(told.value) AS paper
    WHERE told.field = 'arxiv_ids'
    UNION ALL
    SELECT told.link_id, told.url, told.kind, 'https://huggingface.co/' || base.value, 'huggingface_model',
        'base-model', 'huggingface-tags', told.observed_at
    FROM latest_facts AS told, json_each(told.value) AS base
    WHERE told.field = 'base_models'
    """,
    # A thing that an entry's link speaks of, or that speaks of it; only legs the entry does not stand on yet.
    f"""
    CREATE VIEW proposed_links AS
    WITH neighbours AS (
        SELECT link_id, leg, to_url AS url, source, url AS told_by FROM connections
        WHERE leg IN ('paper', 'code', 'model')
        UNION
        SELECT links.id, {LEG.format("connections.kind")}, connections.url, connections.source,
            connections.url
        FROM connections JOIN links ON links.url = connections.to_url
        WHERE connections.leg <> 'base-model'
            AND connections.kind IN ('arxiv_paper', 'github_repo', 'huggingface_model')
    )
    SELECT documents.name AS document, entries.id AS entry_id, entries.identifier AS entry,
        entries.name AS entry_name, neighbours.leg, neighbours.url,
        group_concat(DISTINCT neighbours.source) AS sources, min(neighbours.told_by) AS told_by,
        count(*) OVER (PARTITION BY entries.id, neighbours.leg) AS candidates
    FROM neighbours
    JOIN mentions ON mentions.link_id = neighbours.link_id AND mentions.until_run_id IS NULL
        AND mentions.role IN ('project', 'paper')
    JOIN entries ON entries.id = mentions.entry_id AND entries.kind <> 'page'
    JOIN documents ON documents.id = entries.document_id
    WHERE NOT EXISTS (SELECT 1 FROM mentions AS present JOIN links ON links.id = present.link_id
            WHERE present.entry_id = entries.id AND present.until_run_id IS NULL
                AND {LEG.format("links.kind")} = neighbours.leg)
        AND NOT EXISTS (SELECT 1 FROM links JOIN health ON health.link_id = links.id
            WHERE links.url = neighbours.url AND health.state = 'dead')
    GROUP BY entries.id, neighbours.leg, neighbours.url
    """,
    """
    CREATE VIEW license_history AS
    SELECT links.url, links.name, json_extract(facts.value, '$') AS license, facts.observed_at AS since,
        lead(facts.observed_at) OVER (PARTITION BY facts.link_id ORDER BY facts.run_id) AS until,
        facts.source, facts.run_id
    FROM facts JOIN links ON links.id = facts.link_id
    WHERE facts.field = 'license'
    """,
    """
    CREATE VIEW changes AS
    SELECT events.run_id, CASE events.kind WHEN 'new-dead' THEN 'died' ELSE events.kind END AS kind,
        links.url, events.before, events.after, events.detail,
        (SELECT facts.source FROM facts WHERE facts.link_id = events.link_id
            AND facts.field = changed.field AND facts.run_id < events.run_id
            ORDER BY facts.run_id DESC LIMIT 1) AS source_before,
        (SELECT facts.source FROM facts WHERE facts.link_id = events.link_id
            AND facts.field = changed.field AND facts.run_id = events.run_id) AS source_after,
        events.observed_at
    FROM events
    JOIN links ON links.id = events.link_id
    LEFT JOIN (
        SELECT 'license-changed' AS kind, 'license' AS field
        UNION ALL SELECT 'size-changed', 'parameter_count'
        UNION ALL SELECT 'archived', 'archived'
        UNION ALL SELECT 'gated', 'gated'
        UNION ALL SELECT 'withdrawn', 'withdrawn'
    ) AS changed ON changed.kind = events.kind
    UNION ALL
    SELECT links.first_run_id, 'new', links.url, NULL, links.kind, NULL, NULL, NULL, runs.started_at
    FROM links JOIN runs ON runs.id = links.first_run_id
    """,
    f"""
    CREATE VIEW suppressed_findings AS
    SELECT findings.id, findings.kind, documents.name AS document, entries.identifier AS entry,
        findings.field, findings.stated, findings.observed, suppressions.reason, suppressions.until
    FROM findings
    JOIN entries ON entries.id = findings.entry_id
    JOIN documents ON documents.id = entries.document_id
    JOIN suppressions ON suppressions.entry_id = findings.entry_id AND suppressions.kind = findings.kind
        AND (suppressions.field IS NULL OR suppressions.field = findings.field)
        AND suppressions.until_run_id IS NULL
    WHERE findings.closed_run_id IS NULL AND {SUPPRESSED.format(run="9223372036854775807")}
    """,
)
