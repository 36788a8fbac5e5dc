"""The tables and views as SQL, one list of statements per migration. Text only: readers need no sqlite-utils.

A released list never changes; a new migration is a new list. docs/schema.md says what each table is for.
"""

from __future__ import annotations

from typing import Final

from crawler.store.graph_tables import GRAPH
from crawler.store.views import VIEWS

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
    "CREATE INDEX links_stranger ON links(stranger) WHERE stranger IS NOT NULL",
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
    *VIEWS,
    *GRAPH,
)

SCHEMA_VERSION: Final = 1
"""How many migrations there are; `PRAGMA user_version` of a database in step with this program."""
