BEGIN TRANSACTION;
CREATE TABLE _doubts (
        link_id INTEGER NOT NULL REFERENCES links(id),
        field TEXT NOT NULL,
        value TEXT NOT NULL,
        observed_at TEXT NOT NULL,
        PRIMARY KEY (link_id, field)
    ) STRICT, WITHOUT ROWID
    ;
CREATE TABLE _holds (
        lane TEXT PRIMARY KEY,
        until TEXT NOT NULL
    ) STRICT, WITHOUT ROWID
    ;
CREATE TABLE _lookups (
        link_id INTEGER PRIMARY KEY REFERENCES links(id),
        tried_at TEXT NOT NULL
    ) STRICT
    ;
CREATE TABLE _paper_lookups (
        link_id INTEGER PRIMARY KEY REFERENCES links(id),
        looked_up_at TEXT NOT NULL
    ) STRICT
    ;
CREATE TABLE _settings (
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID
    ;
INSERT INTO "_settings" VALUES('findings_up_to','5 0.1.0');
INSERT INTO "_settings" VALUES('identities_of','1');
INSERT INTO "_settings" VALUES('links_version','0.1.0');
CREATE TABLE _siblings (
        host TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        text TEXT NOT NULL,
        probed_at TEXT NOT NULL
    ) STRICT, WITHOUT ROWID
    ;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'crawler','001_initial','2026-11-20 22:38:49.986879+00:00');
CREATE TABLE archived_copies (
        link_id INTEGER NOT NULL REFERENCES links(id),
        source TEXT NOT NULL,
        url TEXT,
        captured_at TEXT,
        looked_up_at TEXT NOT NULL,
        run_id INTEGER NOT NULL REFERENCES runs(id),
        PRIMARY KEY (link_id, source)
    ) STRICT, WITHOUT ROWID
    ;
CREATE TABLE counters (
        link_id INTEGER NOT NULL REFERENCES links(id),
        run_id INTEGER NOT NULL REFERENCES runs(id),
        stars INTEGER,
        forks INTEGER,
        likes INTEGER,
        downloads INTEGER,
        PRIMARY KEY (link_id, run_id)
    ) STRICT, WITHOUT ROWID
    ;
INSERT INTO "counters" VALUES(1,1,7,NULL,NULL,NULL);
CREATE TABLE document_versions (
        document_id INTEGER NOT NULL REFERENCES documents(id),
        title TEXT NOT NULL,
        url TEXT,
        from_run_id INTEGER NOT NULL REFERENCES runs(id),
        until_run_id INTEGER NOT NULL REFERENCES runs(id),
        PRIMARY KEY (document_id, from_run_id)
    ) STRICT
    ;
CREATE TABLE documents (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        title TEXT NOT NULL,
        url TEXT,
        from_run_id INTEGER NOT NULL REFERENCES runs(id),
        until_run_id INTEGER REFERENCES runs(id)
    ) STRICT
    ;
INSERT INTO "documents" VALUES(1,'list','Title of list',NULL,1,NULL);
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
    ;
INSERT INTO "entries" VALUES(1,'list/model','model','model',1,'',NULL,'[]',NULL,1,NULL);
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
    ;
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
    ;
INSERT INTO "events" VALUES(1,2,1,'moved',NULL,'https://github.com/some/home','renamed','2026-11-02T02:31:00Z');
INSERT INTO "events" VALUES(2,2,2,'suspect','healthy','suspect','not-found','2026-11-02T02:31:00Z');
INSERT INTO "events" VALUES(3,4,3,'suspect','healthy','suspect','timeout','2026-11-04T02:30:00Z');
INSERT INTO "events" VALUES(4,5,2,'new-dead','suspect','dead','not-found','2026-11-05T02:30:00Z');
CREATE TABLE exclusions (
        id INTEGER PRIMARY KEY,
        link_id INTEGER NOT NULL REFERENCES links(id),
        reason TEXT NOT NULL,
        until TEXT,
        from_run_id INTEGER NOT NULL REFERENCES runs(id),
        until_run_id INTEGER REFERENCES runs(id)
    ) STRICT
    ;
CREATE TABLE facts (
        link_id INTEGER NOT NULL REFERENCES links(id),
        field TEXT NOT NULL,
        run_id INTEGER NOT NULL REFERENCES runs(id),
        value TEXT NOT NULL,
        observed_at TEXT NOT NULL,
        source TEXT NOT NULL,
        PRIMARY KEY (link_id, field, run_id)
    ) STRICT, WITHOUT ROWID
    ;
INSERT INTO "facts" VALUES(1,'full_name',1,'"Owner/Name"','2026-11-01T02:31:00Z','github');
INSERT INTO "facts" VALUES(1,'license',1,'"MIT"','2026-11-01T02:31:00Z','github');
INSERT INTO "facts" VALUES(2,'title',1,'"A page"','2026-11-01T02:31:00Z','web');
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
    ;
INSERT INTO "findings" VALUES(1,1,1,'moved','link','https://github.com/owner/name','https://github.com/some/home','renamed',2,'2026-11-02T02:31:00Z',NULL,NULL);
INSERT INTO "findings" VALUES(2,1,2,'dead','link','https://example.org/page','not-found','HTTP 404, failing since 2026-11-02, last seen alive 2026-11-01',5,'2026-11-05T02:31:00Z',NULL,NULL);
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
    ;
INSERT INTO "health" VALUES(1,'moved','2026-11-02T02:31:00Z','renamed',NULL,NULL,'https://github.com/some/home',NULL,'2026-11-05T02:30:00Z','2026-11-05T02:30:00Z',0,NULL,NULL,0,NULL,'2026-11-01T02:31:00Z',NULL);
INSERT INTO "health" VALUES(2,'dead','2026-11-05T02:30:00Z','not-found',404,NULL,NULL,'2026-11-02T02:31:00Z','2026-11-01T02:31:00Z','2026-11-05T02:30:00Z',4,'2026-11-02T02:31:00Z','2026-11-05T02:30:00Z',0,NULL,'2026-11-01T02:31:00Z','{"etag": "\"1\""}');
INSERT INTO "health" VALUES(3,'suspect','2026-11-04T02:30:00Z','timeout',NULL,NULL,NULL,'2026-11-02T02:31:00Z','2026-11-01T02:31:00Z','2026-11-05T02:30:00Z',0,NULL,NULL,4,'2026-11-05T02:30:00Z',NULL,NULL);
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
    ;
INSERT INTO "links" VALUES(1,'https://github.com/owner/name','github_repo','owner/name','github.com','1',NULL,1);
INSERT INTO "links" VALUES(2,'https://example.org/page','web_page','https://example.org/page','example.org',NULL,NULL,1);
INSERT INTO "links" VALUES(3,'https://arxiv.org/abs/2305.15334','arxiv_paper','2305.15334','arxiv.org',NULL,NULL,1);
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
    ;
INSERT INTO "mentions" VALUES(1,1,1,0,'project','https://github.com/owner/name','https://github.com/owner/name',1,1,NULL);
INSERT INTO "mentions" VALUES(2,1,2,1,'project','https://example.org/page','https://example.org/page',2,1,NULL);
INSERT INTO "mentions" VALUES(3,1,3,2,'project','https://arxiv.org/abs/2305.15334','https://arxiv.org/abs/2305.15334',3,1,NULL);
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
    ;
INSERT INTO "observations" VALUES(1,1,'alive','ok',NULL,NULL,NULL,NULL,NULL,1,'2026-11-01T02:31:00Z',1,'0001-0001');
INSERT INTO "observations" VALUES(2,2,'alive','ok',200,NULL,NULL,NULL,NULL,1,'2026-11-01T02:31:00Z',1,'0001-0001');
INSERT INTO "observations" VALUES(3,3,'alive','ok',NULL,NULL,NULL,NULL,NULL,0,'2026-11-01T02:31:00Z',1,'0001-0001');
INSERT INTO "observations" VALUES(4,1,'moved','renamed',NULL,NULL,'https://github.com/some/home',NULL,NULL,0,'2026-11-02T02:31:00Z',2,'0002-0005');
INSERT INTO "observations" VALUES(5,2,'not-found','not-found',404,NULL,NULL,NULL,NULL,0,'2026-11-02T02:31:00Z',2,'0002-0005');
INSERT INTO "observations" VALUES(6,3,'failed','timeout',NULL,NULL,NULL,NULL,NULL,0,'2026-11-02T02:31:00Z',2,'0002-0005');
CREATE TABLE overrides (
        id INTEGER PRIMARY KEY,
        entry_id INTEGER NOT NULL REFERENCES entries(id),
        field TEXT NOT NULL,
        value TEXT NOT NULL,
        reason TEXT NOT NULL,
        from_run_id INTEGER NOT NULL REFERENCES runs(id),
        until_run_id INTEGER REFERENCES runs(id)
    ) STRICT
    ;
CREATE TABLE pointers (
        id INTEGER PRIMARY KEY,
        link_id INTEGER NOT NULL REFERENCES links(id),
        url TEXT NOT NULL,
        kind TEXT NOT NULL,
        source TEXT NOT NULL,
        from_run_id INTEGER NOT NULL REFERENCES runs(id),
        until_run_id INTEGER REFERENCES runs(id)
    ) STRICT
    ;
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
    ;
INSERT INTO "runs" VALUES(1,'run of 2026-11-01 02:30','2026-11-01T02:30:00Z','2026-11-01T02:31:00Z','finished','2026-11-01T02:31:00Z','0.1.0','{"min_strikes":3,"min_days":3.0,"silent_nights":3,"outage_links":5,"outage_share":0.5,"outage_days":7.0,"rest_after_days":30.0}','{"api.github.com": 2}','{}');
INSERT INTO "runs" VALUES(2,'run of 2026-11-02 02:30','2026-11-02T02:30:00Z','2026-11-02T02:31:00Z','finished','2026-11-02T02:31:00Z','0.1.0','{"min_strikes":3,"min_days":3.0,"silent_nights":3,"outage_links":5,"outage_share":0.5,"outage_days":7.0,"rest_after_days":30.0}','{}','{}');
INSERT INTO "runs" VALUES(3,'run of 2026-11-03 02:30','2026-11-03T02:30:00Z','2026-11-03T02:31:00Z','finished','2026-11-03T02:31:00Z','0.1.0','{"min_strikes":3,"min_days":3.0,"silent_nights":3,"outage_links":5,"outage_share":0.5,"outage_days":7.0,"rest_after_days":30.0}','{}','{}');
INSERT INTO "runs" VALUES(4,'run of 2026-11-04 02:30','2026-11-04T02:30:00Z','2026-11-04T02:31:00Z','finished','2026-11-04T02:31:00Z','0.1.0','{"min_strikes":3,"min_days":3.0,"silent_nights":3,"outage_links":5,"outage_share":0.5,"outage_days":7.0,"rest_after_days":30.0}','{}','{}');
INSERT INTO "runs" VALUES(5,'run of 2026-11-05 02:30','2026-11-05T02:30:00Z','2026-11-05T02:31:00Z','finished','2026-11-05T02:31:00Z','0.1.0','{"min_strikes":3,"min_days":3.0,"silent_nights":3,"outage_links":5,"outage_share":0.5,"outage_days":7.0,"rest_after_days":30.0}','{}','{}');
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
    ;
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX documents_from_run_id ON documents(from_run_id);
CREATE INDEX documents_until_run_id ON documents(until_run_id);
CREATE INDEX document_versions_from_run_id ON document_versions(from_run_id);
CREATE INDEX document_versions_until_run_id ON document_versions(until_run_id);
CREATE INDEX entries_document_id ON entries(document_id);
CREATE INDEX entries_kind ON entries(kind);
CREATE INDEX entries_from_run_id ON entries(from_run_id);
CREATE INDEX entries_until_run_id ON entries(until_run_id);
CREATE INDEX entry_versions_document_id ON entry_versions(document_id);
CREATE INDEX entry_versions_from_run_id ON entry_versions(from_run_id);
CREATE INDEX entry_versions_until_run_id ON entry_versions(until_run_id);
CREATE INDEX links_kind ON links(kind);
CREATE INDEX links_host ON links(host);
CREATE INDEX links_stranger ON links(stranger) WHERE stranger IS NOT NULL;
CREATE INDEX links_first_run_id ON links(first_run_id);
CREATE INDEX mentions_entry_id ON mentions(entry_id);
CREATE INDEX mentions_link_id ON mentions(link_id);
CREATE INDEX mentions_from_run_id ON mentions(from_run_id);
CREATE INDEX mentions_until_run_id ON mentions(until_run_id);
CREATE INDEX exclusions_link_id ON exclusions(link_id);
CREATE INDEX exclusions_from_run_id ON exclusions(from_run_id);
CREATE INDEX exclusions_until_run_id ON exclusions(until_run_id);
CREATE INDEX overrides_entry_id ON overrides(entry_id);
CREATE INDEX overrides_from_run_id ON overrides(from_run_id);
CREATE INDEX overrides_until_run_id ON overrides(until_run_id);
CREATE INDEX observations_link_id ON observations(link_id);
CREATE INDEX observations_first_run_id ON observations(first_run_id);
CREATE INDEX health_state ON health(state);
CREATE INDEX facts_run_id ON facts(run_id);
CREATE INDEX counters_run_id ON counters(run_id);
CREATE INDEX findings_entry_id ON findings(entry_id);
CREATE INDEX findings_link_id ON findings(link_id);
CREATE INDEX findings_kind ON findings(kind);
CREATE INDEX findings_opened_run_id ON findings(opened_run_id);
CREATE INDEX findings_closed_run_id ON findings(closed_run_id);
CREATE INDEX events_run_id ON events(run_id);
CREATE INDEX events_link_id ON events(link_id);
CREATE INDEX events_kind ON events(kind);
CREATE INDEX archived_copies_run_id ON archived_copies(run_id);
CREATE VIEW current_mentions AS
    SELECT mentions.link_id, mentions.entry_id, entries.identifier AS entry, entries.name AS entry_name,
        documents.name AS document, mentions.role, mentions.line, mentions.raw
    FROM mentions
    JOIN entries ON entries.id = mentions.entry_id
    JOIN documents ON documents.id = entries.document_id
    WHERE mentions.until_run_id IS NULL;
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
    FROM links LEFT JOIN health ON health.link_id = links.id;
CREATE VIEW dead_links AS SELECT * FROM link_health WHERE state = 'dead' AND entries > 0;
CREATE VIEW moved_links AS SELECT * FROM link_health WHERE state = 'moved' AND entries > 0;
CREATE VIEW suspect_links AS SELECT * FROM link_health WHERE state = 'suspect' AND entries > 0;
CREATE VIEW restricted_links AS SELECT * FROM link_health WHERE state = 'restricted' AND entries > 0;
CREATE VIEW unknown_links AS SELECT * FROM link_health WHERE state = 'unknown' AND entries > 0;
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
    GROUP BY observations.id;
CREATE VIEW open_findings AS
    SELECT findings.id, findings.kind, documents.name AS document, entries.identifier AS entry,
        entries.name AS entry_name, links.url, findings.field, findings.stated, findings.observed,
        findings.detail, findings.opened_at
    FROM findings
    JOIN entries ON entries.id = findings.entry_id
    JOIN documents ON documents.id = entries.document_id
    LEFT JOIN links ON links.id = findings.link_id
    WHERE findings.closed_run_id IS NULL AND NOT 
    EXISTS (SELECT 1 FROM suppressions
        WHERE suppressions.entry_id = findings.entry_id AND suppressions.kind = findings.kind
            AND (suppressions.field IS NULL OR suppressions.field = findings.field)
            AND suppressions.from_run_id <= 9223372036854775807
            AND (suppressions.until_run_id IS NULL OR suppressions.until_run_id > 9223372036854775807)
            AND suppressions.until > (SELECT substr(max(started_at), 1, 10) FROM runs WHERE id <= 9223372036854775807));
CREATE VIEW license_conflicts AS SELECT * FROM open_findings WHERE kind = 'license-conflict';
CREATE VIEW license_changes AS
    SELECT links.url, links.name, json_extract(was.value, '$') AS license_before,
        json_extract(facts.value, '$') AS license_after, facts.observed_at, facts.run_id
    FROM facts
    JOIN links ON links.id = facts.link_id
    JOIN facts AS was ON was.link_id = facts.link_id AND was.field = 'license' AND was.run_id = (
        SELECT max(earlier.run_id) FROM facts AS earlier
        WHERE earlier.link_id = facts.link_id AND earlier.field = 'license' AND earlier.run_id < facts.run_id)
    WHERE facts.field = 'license';
CREATE VIEW latest_facts AS
    SELECT facts.link_id, links.url, links.kind, facts.field, json_extract(facts.value, '$') AS value,
        facts.observed_at, facts.source
    FROM facts JOIN links ON links.id = facts.link_id
    WHERE facts.run_id = (SELECT max(later.run_id) FROM facts AS later
        WHERE later.link_id = facts.link_id AND later.field = facts.field);
CREATE VIEW star_history AS
    SELECT links.url, links.name, substr(runs.started_at, 1, 10) AS day, counters.stars, counters.forks,
        counters.likes, counters.downloads, counters.run_id
    FROM counters
    JOIN links ON links.id = counters.link_id
    JOIN runs ON runs.id = counters.run_id;
CREATE VIEW outages AS
    SELECT events.run_id, runs.started_at, events.after AS scope, events.detail
    FROM events JOIN runs ON runs.id = events.run_id
    WHERE events.kind = 'outage';
CREATE VIEW latest_runs AS
    SELECT runs.id, runs.name, runs.state, runs.started_at, runs.finished_at,
        (SELECT sum(value) FROM json_each(runs.requests)) AS requests,
        (SELECT count(*) FROM events WHERE run_id = runs.id AND kind = 'new-dead') AS new_dead,
        (SELECT count(*) FROM events WHERE run_id = runs.id AND kind = 'recovered') AS recovered,
        (SELECT count(*) FROM events WHERE run_id = runs.id AND kind = 'moved') AS moved
    FROM runs ORDER BY runs.id DESC LIMIT 30;
CREATE VIEW run_events AS
    SELECT events.run_id, events.kind, links.url, events.before, events.after, events.detail,
        events.observed_at
    FROM events LEFT JOIN links ON links.id = events.link_id;
CREATE INDEX suppressions_entry_id ON suppressions(entry_id);
CREATE INDEX suppressions_from_run_id ON suppressions(from_run_id);
CREATE INDEX suppressions_until_run_id ON suppressions(until_run_id);
CREATE INDEX pointers_link_id ON pointers(link_id);
CREATE INDEX pointers_url ON pointers(url);
CREATE INDEX pointers_from_run_id ON pointers(from_run_id);
CREATE INDEX pointers_until_run_id ON pointers(until_run_id);
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
    WHERE links.host_id IS NOT NULL;
CREATE VIEW connections AS
    SELECT links.id AS link_id, links.url, links.kind, pointers.url AS to_url, pointers.kind AS to_kind,
        
    CASE WHEN pointers.kind = 'arxiv_paper' THEN 'paper'
        WHEN pointers.kind IN ('github_repo', 'github_path') THEN 'code'
        WHEN pointers.kind = 'huggingface_model' THEN 'model'
        WHEN pointers.kind = 'huggingface_dataset' THEN 'data'
        WHEN pointers.kind = 'huggingface_space' THEN 'demo'
        ELSE 'page' END
 AS leg, pointers.source, runs.started_at AS since
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
    WHERE told.field = 'base_models';
CREATE VIEW proposed_links AS
    WITH neighbours AS (
        SELECT link_id, leg, to_url AS url, source, url AS told_by FROM connections
        WHERE leg IN ('paper', 'code', 'model')
        UNION
        SELECT links.id, 
    CASE WHEN connections.kind = 'arxiv_paper' THEN 'paper'
        WHEN connections.kind IN ('github_repo', 'github_path') THEN 'code'
        WHEN connections.kind = 'huggingface_model' THEN 'model'
        WHEN connections.kind = 'huggingface_dataset' THEN 'data'
        WHEN connections.kind = 'huggingface_space' THEN 'demo'
        ELSE 'page' END
, connections.url, connections.source,
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
                AND 
    CASE WHEN links.kind = 'arxiv_paper' THEN 'paper'
        WHEN links.kind IN ('github_repo', 'github_path') THEN 'code'
        WHEN links.kind = 'huggingface_model' THEN 'model'
        WHEN links.kind = 'huggingface_dataset' THEN 'data'
        WHEN links.kind = 'huggingface_space' THEN 'demo'
        ELSE 'page' END
 = neighbours.leg)
        AND NOT EXISTS (SELECT 1 FROM links JOIN health ON health.link_id = links.id
            WHERE links.url = neighbours.url AND health.state = 'dead')
    GROUP BY entries.id, neighbours.leg, neighbours.url;
CREATE VIEW license_history AS
    SELECT links.url, links.name, json_extract(facts.value, '$') AS license, facts.observed_at AS since,
        lead(facts.observed_at) OVER (PARTITION BY facts.link_id ORDER BY facts.run_id) AS until,
        facts.source, facts.run_id
    FROM facts JOIN links ON links.id = facts.link_id
    WHERE facts.field = 'license';
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
    FROM links JOIN runs ON runs.id = links.first_run_id;
CREATE VIEW suppressed_findings AS
    SELECT findings.id, findings.kind, documents.name AS document, entries.identifier AS entry,
        findings.field, findings.stated, findings.observed, suppressions.reason, suppressions.until
    FROM findings
    JOIN entries ON entries.id = findings.entry_id
    JOIN documents ON documents.id = entries.document_id
    JOIN suppressions ON suppressions.entry_id = findings.entry_id AND suppressions.kind = findings.kind
        AND (suppressions.field IS NULL OR suppressions.field = findings.field)
        AND suppressions.until_run_id IS NULL
    WHERE findings.closed_run_id IS NULL AND 
    EXISTS (SELECT 1 FROM suppressions
        WHERE suppressions.entry_id = findings.entry_id AND suppressions.kind = findings.kind
            AND (suppressions.field IS NULL OR suppressions.field = findings.field)
            AND suppressions.from_run_id <= 9223372036854775807
            AND (suppressions.until_run_id IS NULL OR suppressions.until_run_id > 9223372036854775807)
            AND suppressions.until > (SELECT substr(max(started_at), 1, 10) FROM runs WHERE id <= 9223372036854775807));
COMMIT;
