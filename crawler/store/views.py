"""The views of a database: the questions people ask, as SQL. Part of the first migration (tables.py)."""

from __future__ import annotations

from typing import Final

from crawler.store.graph_tables import SUPPRESSED

VIEWS: Final = (
    """
    CREATE VIEW current_mentions AS
    SELECT mentions.link_id, mentions.entry_id, entries.identifier AS entry, entries.name AS entry_name,
        documents.name AS document, mentions.role, mentions.line, mentions.raw
    FROM mentions
    JOIN entries ON entries.id = mentions.entry_id
    JOIN documents ON documents.id = entries.document_id
    WHERE mentions.until_run_id IS NULL
    """,
    """
    CREATE VIEW link_health AS
    SELECT links.id AS link_id, links.url, links.kind, links.host, coalesce(health.state, 'unknown') AS state,
        health.since, health.reason, health.http_status, health.final_url, health.suggested_url,
        (SELECT archived_copies.url FROM archived_copies
            WHERE archived_copies.link_id = links.id AND archived_copies.url IS NOT NULL
            ORDER BY archived_copies.source DESC LIMIT 1) AS archived_url,
        health.first_failed_at, health.last_alive_at, health.last_checked_at,
        coalesce(health.strikes, 0) AS strikes,
        (SELECT count(DISTINCT mentions.entry_id) FROM mentions
            WHERE mentions.link_id = links.id AND mentions.until_run_id IS NULL) AS entries
    FROM links LEFT JOIN health ON health.link_id = links.id
    """,
    "CREATE VIEW dead_links AS SELECT * FROM link_health WHERE state = 'dead' AND entries > 0",
    "CREATE VIEW moved_links AS SELECT * FROM link_health WHERE state = 'moved' AND entries > 0",
    "CREATE VIEW suspect_links AS SELECT * FROM link_health WHERE state = 'suspect' AND entries > 0",
    "CREATE VIEW restricted_links AS SELECT * FROM link_health WHERE state = 'restricted' AND entries > 0",
    "CREATE VIEW unknown_links AS SELECT * FROM link_health WHERE state = 'unknown' AND entries > 0",
    """
    CREATE VIEW link_looks AS
    SELECT links.url, observations.outcome, observations.reason, observations.http_status,
        observations.final_url, observations.suggested_url, observations.detail,
        observations.first_observed_at, observations.first_run_id, max(last) AS last_run_id,
        sum(last - first + 1) AS looks, observations.id AS observation_id
    FROM observations
    JOIN links ON links.id = observations.link_id
    JOIN (
        SELECT observations.id AS observation_id, CAST(range.value AS INTEGER) AS first,
            CAST(substr(range.value, instr(range.value, '-') + 1) AS INTEGER) AS last
        FROM observations, json_each('["' || replace(observations.runs, ',', '","') || '"]') AS range
    ) AS ranges ON ranges.observation_id = observations.id
    GROUP BY observations.id
    """,
    f"""
    CREATE VIEW open_findings AS
    SELECT findings.id, findings.kind, documents.name AS document, entries.identifier AS entry,
        entries.name AS entry_name, links.url, findings.field, findings.stated, findings.observed,
        findings.detail, findings.opened_at
    FROM findings
    JOIN entries ON entries.id = findings.entry_id
    JOIN documents ON documents.id = entries.document_id
    LEFT JOIN links ON links.id = findings.link_id
    WHERE findings.closed_run_id IS NULL AND NOT {SUPPRESSED.format(run="9223372036854775807")}
    """,
    "CREATE VIEW license_conflicts AS SELECT * FROM open_findings WHERE kind = 'license-conflict'",
    """
    CREATE VIEW license_changes AS
    SELECT links.url, links.name, json_extract(was.value, '$') AS license_before,
        json_extract(facts.value, '$') AS license_after, facts.observed_at, facts.run_id
    FROM facts
    JOIN links ON links.id = facts.link_id
    JOIN facts AS was ON was.link_id = facts.link_id AND was.field = 'license' AND was.run_id = (
        SELECT max(earlier.run_id) FROM facts AS earlier
        WHERE earlier.link_id = facts.link_id AND earlier.field = 'license' AND earlier.run_id < facts.run_id)
    WHERE facts.field = 'license'
    """,
    """
    CREATE VIEW latest_facts AS
    SELECT facts.link_id, links.url, links.kind, facts.field, json_extract(facts.value, '$') AS value,
        facts.observed_at, facts.source
    FROM facts JOIN links ON links.id = facts.link_id
    WHERE facts.run_id = (SELECT max(later.run_id) FROM facts AS later
        WHERE later.link_id = facts.link_id AND later.field = facts.field)
    """,
    """
    CREATE VIEW star_history AS
    SELECT links.url, links.name, substr(runs.started_at, 1, 10) AS day, counters.stars, counters.forks,
        counters.likes, counters.downloads, counters.run_id
    FROM counters
    JOIN links ON links.id = counters.link_id
    JOIN runs ON runs.id = counters.run_id
    """,
    """
    CREATE VIEW outages AS
    SELECT events.run_id, runs.started_at, events.after AS scope, events.detail
    FROM events JOIN runs ON runs.id = events.run_id
    WHERE events.kind = 'outage'
    """,
    """
    CREATE VIEW latest_runs AS
    SELECT runs.id, runs.name, runs.state, runs.started_at, runs.finished_at,
        (SELECT sum(value) FROM json_each(runs.requests)) AS requests,
        (SELECT count(*) FROM events WHERE run_id = runs.id AND kind = 'new-dead') AS new_dead,
        (SELECT count(*) FROM events WHERE run_id = runs.id AND kind = 'recovered') AS recovered,
        (SELECT count(*) FROM events WHERE run_id = runs.id AND kind = 'moved') AS moved
    FROM runs ORDER BY runs.id DESC LIMIT 30
    """,
    """
    CREATE VIEW run_events AS
    SELECT events.run_id, events.kind, links.url, events.before, events.after, events.detail,
        events.observed_at
    FROM events LEFT JOIN links ON links.id = events.link_id
    """,
)
