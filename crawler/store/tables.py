"""The tables and views as SQL, one list of statements per migration. Text only: readers need no sqlite-utils.

A released list never changes; a new migration is a new list. docs/schema.md says what each table is for.
"""

from __future__ import annotations

from typing import Final

from crawler.store.graph_tables import GRAPH, SUPPRESSED

APPLICATION_ID: Final = 0x63_72_61_77
"""`PRAGMA application_id` of our databases: "craw"."""

MADE_UP: Final = "made_up"
"""Key in `_settings` of a database whose data nobody observed."""

INITIAL: Final = (
    """
    CREATE TABLE _settings (
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE _siblings (
        host TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        text TEXT NOT NULL,
        probed_at TEXT NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        started_at TEXT NOT NULL,
        finished_at TEXT,
        state TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        crawler_version TEXT NOT NULL,
        policy TEXT NOT NULL,
        requests TEXT NOT NULL DEFAULT '{}',
        summary TEXT NOT NULL DEFAULT '{}'
    ) STRICT
    """,
    """
    CREATE TABLE documents (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        title TEXT NOT NULL,
        url TEXT,
        from_run_id INTEGER NOT NULL REFERENCES runs(id),
        until_run_id INTEGER REFERENCES runs(id)
    ) STRICT
    """,
    "CREATE INDEX documents_from_run_id ON documents(from_run_id)",
    "CREATE INDEX documents_until_run_id ON documents(until_run_id)",
    """
    CREATE TABLE document_versions (
        document_id INTEGER NOT NULL REFERENCES documents(id),
        title TEXT NOT NULL,
        url TEXT,
        from_run_id INTEGER NOT NULL REFERENCES runs(id),
        until_run_id INTEGER NOT NULL REFERENCES runs(id),
        PRIMARY KEY (document_id, from_run_id)
    ) STRICT
    """,
    "CREATE INDEX document_versions_from_run_id ON document_versions(from_run_id)",
    "CREATE INDEX document_versions_until_run_id ON document_versions(until_run_id)",
    """
    CREATE TABLE entries (
        id INTEGER PRIMARY KEY,
        identifier TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        kind TEXT NOT NULL,
        document_id INTEGER NOT NULL REFERENCES documents(id),
        section TEXT NOT NULL,
        stated_license TEXT,
        stated_parameters TEXT NOT NULL,
        note TEXT,
        from_run_id INTEGER NOT NULL REFERENCES runs(id),
        until_run_id INTEGER REFERENCES runs(id)
    ) STRICT
    """,
    "CREATE INDEX entries_document_id ON entries(document_id)",
    "CREATE INDEX entries_kind ON entries(kind)",
    "CREATE INDEX entries_from_run_id ON entries(from_run_id)",
    "CREATE INDEX entries_until_run_id ON entries(until_run_id)",
    """
    CREATE TABLE entry_versions (
        entry_id INTEGER NOT NULL REFERENCES entries(id),
        name TEXT NOT NULL,
        kind TEXT NOT NULL,
        document_id INTEGER NOT NULL REFERENCES documents(id),
        section TEXT NOT NULL,
        stated_license TEXT,
        stated_parameters TEXT NOT NULL,
        note TEXT,
        from_run_id INTEGER NOT NULL REFERENCES runs(id),
        until_run_id INTEGER NOT NULL REFERENCES runs(id),
        PRIMARY KEY (entry_id, from_run_id)
    ) STRICT
    """,
    "CREATE INDEX entry_versions_document_id ON entry_versions(document_id)",
    "CREATE INDEX entry_versions_from_run_id ON entry_versions(from_run_id)",
    "CREATE INDEX entry_versions_until_run_id ON entry_versions(until_run_id)",
    """
    CREATE TABLE links (
        id INTEGER PRIMARY KEY,
        url TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        host TEXT NOT NULL,
        host_id TEXT,
        stranger TEXT,
        first_run_id INTEGER NOT NULL REFERENCES runs(id)
    ) STRICT
    """,
    "CREATE INDEX links_kind ON links(kind)",
    "CREATE INDEX links_host ON links(host)",
    "CREATE INDEX links_first_run_id ON links(first_run_id)",
    """
    CREATE TABLE mentions (
        id INTEGER PRIMARY KEY,
        entry_id INTEGER NOT NULL REFERENCES entries(id),
        link_id INTEGER NOT NULL REFERENCES links(id),
        position INTEGER NOT NULL,
        role TEXT NOT NULL,
        url TEXT NOT NULL,
        raw TEXT NOT NULL,
        line INTEGER,
        from_run_id INTEGER NOT NULL REFERENCES runs(id),
        until_run_id INTEGER REFERENCES runs(id)
    ) STRICT
    """,
    "CREATE INDEX mentions_entry_id ON mentions(entry_id)",
    "CREATE INDEX mentions_link_id ON mentions(link_id)",
    "CREATE INDEX mentions_from_run_id ON mentions(from_run_id)",
    "CREATE INDEX mentions_until_run_id ON mentions(until_run_id)",
    """
    CREATE TABLE exclusions (
        id INTEGER PRIMARY KEY,
        link_id INTEGER NOT NULL REFERENCES links(id),
        reason TEXT NOT NULL,
        until TEXT,
        from_run_id INTEGER NOT NULL REFERENCES runs(id),
        until_run_id INTEGER REFERENCES runs(id)
    ) STRICT
    """,
    "CREATE INDEX exclusions_link_id ON exclusions(link_id)",
    "CREATE INDEX exclusions_from_run_id ON exclusions(from_run_id)",
    "CREATE INDEX exclusions_until_run_id ON exclusions(until_run_id)",
    """
    CREATE TABLE overrides (
        id INTEGER PRIMARY KEY,
        entry_id INTEGER NOT NULL REFERENCES entries(id),
        field TEXT NOT NULL,
        value TEXT NOT NULL,
        reason TEXT NOT NULL,
        from_run_id INTEGER NOT NULL REFERENCES runs(id),
        until_run_id INTEGER REFERENCES runs(id)
    ) STRICT
    """,
    "CREATE INDEX overrides_entry_id ON overrides(entry_id)",
    "CREATE INDEX overrides_from_run_id ON overrides(from_run_id)",
    "CREATE INDEX overrides_until_run_id ON overrides(until_run_id)",
    # Nothing here grows while nights repeat themselves: what `runs` can tell is no column.
    """
    CREATE TABLE observations (
        id INTEGER PRIMARY KEY,
        link_id INTEGER NOT NULL REFERENCES links(id),
        outcome TEXT NOT NULL,
        reason TEXT NOT NULL,
        http_status INTEGER,
        final_url TEXT,
        suggested_url TEXT,
        detail TEXT,
        redirect_chain TEXT,
        tells_facts INTEGER NOT NULL,
        first_observed_at TEXT NOT NULL,
        first_run_id INTEGER NOT NULL REFERENCES runs(id),
        runs TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX observations_link_id ON observations(link_id)",
    "CREATE INDEX observations_first_run_id ON observations(first_run_id)",
    """
    CREATE TABLE health (
        link_id INTEGER PRIMARY KEY REFERENCES links(id),
        state TEXT NOT NULL,
        since TEXT,
        reason TEXT,
        http_status INTEGER,
        final_url TEXT,
        suggested_url TEXT,
        first_failed_at TEXT,
        last_alive_at TEXT,
        last_checked_at TEXT,
        strikes INTEGER NOT NULL,
        first_strike_at TEXT,
        last_strike_at TEXT,
        silent_nights INTEGER NOT NULL,
        last_silent_at TEXT,
        facts_observed_at TEXT,
        validators TEXT
    ) STRICT
    """,
    "CREATE INDEX health_state ON health(state)",
    """
    CREATE TABLE facts (
        link_id INTEGER NOT NULL REFERENCES links(id),
        field TEXT NOT NULL,
        run_id INTEGER NOT NULL REFERENCES runs(id),
        value TEXT NOT NULL,
        observed_at TEXT NOT NULL,
        source TEXT NOT NULL,
        PRIMARY KEY (link_id, field, run_id)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX facts_run_id ON facts(run_id)",
    """
    CREATE TABLE counters (
        link_id INTEGER NOT NULL REFERENCES links(id),
        run_id INTEGER NOT NULL REFERENCES runs(id),
        stars INTEGER,
        forks INTEGER,
        likes INTEGER,
        downloads INTEGER,
        PRIMARY KEY (link_id, run_id)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX counters_run_id ON counters(run_id)",
    """
    CREATE TABLE _doubts (
        link_id INTEGER NOT NULL REFERENCES links(id),
        field TEXT NOT NULL,
        value TEXT NOT NULL,
        observed_at TEXT NOT NULL,
        PRIMARY KEY (link_id, field)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE findings (
        id INTEGER PRIMARY KEY,
        entry_id INTEGER NOT NULL REFERENCES entries(id),
        link_id INTEGER REFERENCES links(id),
        kind TEXT NOT NULL,
        field TEXT,
        stated TEXT,
        observed TEXT,
        detail TEXT,
        opened_run_id INTEGER NOT NULL REFERENCES runs(id),
        opened_at TEXT NOT NULL,
        closed_run_id INTEGER REFERENCES runs(id),
        closed_at TEXT
    ) STRICT
    """,
    "CREATE INDEX findings_entry_id ON findings(entry_id)",
    "CREATE INDEX findings_link_id ON findings(link_id)",
    "CREATE INDEX findings_kind ON findings(kind)",
    "CREATE INDEX findings_opened_run_id ON findings(opened_run_id)",
    "CREATE INDEX findings_closed_run_id ON findings(closed_run_id)",
    """
    CREATE TABLE events (
        id INTEGER PRIMARY KEY,
        run_id INTEGER NOT NULL REFERENCES runs(id),
        link_id INTEGER REFERENCES links(id),
        kind TEXT NOT NULL,
        before TEXT,
        after TEXT,
        detail TEXT,
        observed_at TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX events_run_id ON events(run_id)",
    "CREATE INDEX events_link_id ON events(link_id)",
    "CREATE INDEX events_kind ON events(kind)",
    """
    CREATE TABLE archived_copies (
        link_id INTEGER NOT NULL REFERENCES links(id),
        source TEXT NOT NULL,
        url TEXT,
        captured_at TEXT,
        looked_up_at TEXT NOT NULL,
        run_id INTEGER NOT NULL REFERENCES runs(id),
        PRIMARY KEY (link_id, source)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX archived_copies_run_id ON archived_copies(run_id)",
    """
    CREATE TABLE _lookups (
        link_id INTEGER PRIMARY KEY REFERENCES links(id),
        tried_at TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE _holds (
        lane TEXT PRIMARY KEY,
        until TEXT NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    # --- views: the questions people ask ---
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
    *GRAPH,
)

SCHEMA_VERSION: Final = 1
"""How many migrations there are; `PRAGMA user_version` of a database in step with this program."""
