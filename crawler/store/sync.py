"""The catalog into the tables, as of a run. What leaves the catalog is closed, never deleted.

An unchanged entry costs two reads and no write.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from crawler import __version__
from crawler.links.classify import link_of
from crawler.records import Catalog, Document, Entry, Exclusion, Mention, Override, Suppression

ENTRY_COLUMNS: Final = "name, kind, document_id, section, stated_license, stated_parameters, note"
LINKS_VERSION: Final = "links_version"
"""Which release's rules the links of mentions were made by; another release makes them anew."""


def sync_catalog(connection: sqlite3.Connection, catalog: Catalog, run_id: int) -> None:
    """Make the current rows equal the catalog. Runs inside the caller's transaction."""
    _CatalogSync(connection, run_id).sync(catalog)


class _CatalogSync:
    def __init__(self, connection: sqlite3.Connection, run_id: int) -> None:
        self._execute = connection.execute
        self._run_id = run_id
        self._link_ids: dict[str, int] = {}
        """Of the written addresses of one entry at a time."""
        made_by = self._execute("SELECT value FROM _settings WHERE key = ?", [LINKS_VERSION]).fetchone()
        self._links_are_current = made_by is not None and made_by[0] == __version__

    def sync(self, catalog: Catalog) -> None:
        self._execute("CREATE TEMP TABLE IF NOT EXISTS seen (entry_id INTEGER PRIMARY KEY)")
        self._execute("DELETE FROM temp.seen")
        documents = {document.name: self._sync_document(document) for document in catalog.documents}
        for entry in catalog.entries:
            document_id = documents.get(entry.document)
            if document_id is None:
                document_id = self._sync_document(Document(entry.document, entry.document))
                documents[entry.document] = document_id
            self._sync_entry(entry, document_id)
        self._close_documents(documents.values())
        self._close_entries()
        self._sync_exclusions(catalog.exclusions)
        self._sync_overrides(catalog.overrides)
        self._sync_suppressions(catalog.suppressions)
        self._execute(
            "INSERT INTO _settings (key, value) VALUES (?, ?)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE value != excluded.value",
            [LINKS_VERSION, __version__],
        )

    def _sync_document(self, document: Document) -> int:
        row = self._execute(
            "SELECT id, title, url, from_run_id, until_run_id FROM documents WHERE name = ?", [document.name]
        ).fetchone()
        if row is None:
            return self._insert(
                "INSERT INTO documents (name, title, url, from_run_id) VALUES (?, ?, ?, ?)",
                [document.name, document.title, document.url, self._run_id],
            )
        if (row["title"], row["url"], row["until_run_id"]) != (document.title, document.url, None):
            if row["from_run_id"] != self._run_id:
                self._execute(
                    "INSERT INTO document_versions (document_id, title, url, from_run_id, until_run_id)"
                    " SELECT id, title, url, from_run_id, coalesce(until_run_id, ?) FROM documents"
                    " WHERE id = ?",
                    [self._run_id, row["id"]],
                )
            self._execute(
                "UPDATE documents SET title = ?, url = ?, from_run_id = ?, until_run_id = NULL WHERE id = ?",
                [document.title, document.url, self._run_id, row["id"]],
            )
        return int(row["id"])

    def _close_documents(self, current: Iterable[int]) -> None:
        kept = json.dumps(list(current))
        self._execute(
            "UPDATE documents SET until_run_id = ?"
            " WHERE until_run_id IS NULL AND id NOT IN (SELECT value FROM json_each(?))",
            [self._run_id, kept],
        )

    def _sync_entry(self, entry: Entry, document_id: int) -> None:
        content = (
            entry.name,
            entry.kind.value,
            document_id,
            entry.section,
            entry.stated.license,
            json.dumps(list(entry.stated.parameters), ensure_ascii=False),
            entry.note,
        )
        row = self._execute(
            f"SELECT {ENTRY_COLUMNS}, id, from_run_id, until_run_id FROM entries WHERE identifier = ?",
            [entry.id],
        ).fetchone()
        if row is None:
            entry_id = self._insert(
                f"INSERT INTO entries ({ENTRY_COLUMNS}, identifier, from_run_id)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [*content, entry.id, self._run_id],
            )
        else:
            entry_id = row["id"]
            if tuple(row)[: len(content)] != content or row["until_run_id"] is not None:
                self._replace_content(row, content)
        self._execute("INSERT OR IGNORE INTO temp.seen (entry_id) VALUES (?)", [entry_id])
        self._sync_mentions(entry_id, entry.mentions)

    def _replace_content(self, row: sqlite3.Row, content: Sequence[Any]) -> None:
        """Keep what the entry said until this run as a version of its own."""
        if row["from_run_id"] != self._run_id:
            until = self._run_id if row["until_run_id"] is None else row["until_run_id"]
            self._execute(
                f"INSERT INTO entry_versions ({ENTRY_COLUMNS}, entry_id, from_run_id, until_run_id)"
                f" SELECT {ENTRY_COLUMNS}, id, from_run_id, ? FROM entries WHERE id = ?",
                [until, row["id"]],
            )
        self._execute(
            f"UPDATE entries SET ({ENTRY_COLUMNS}, from_run_id, until_run_id)"
            " = (?, ?, ?, ?, ?, ?, ?, ?, NULL)"
            " WHERE id = ?",
            [*content, self._run_id, row["id"]],
        )

    def _sync_mentions(self, entry_id: int, mentions: Sequence[Mention]) -> None:
        current = self._execute(
            "SELECT position, role, url, raw, line, link_id, id FROM mentions"
            " WHERE entry_id = ? AND until_run_id IS NULL ORDER BY position",
            [entry_id],
        ).fetchall()
        wanted = [
            (position, mention.role.value, mention.url, mention.raw, mention.line)
            for position, mention in enumerate(mentions)
        ]
        if self._links_are_current and wanted == [tuple(row)[:5] for row in current]:
            return
        linked = [(*mention, self._link_id(mention[2])) for mention in wanted]
        kept = set(linked)
        for row in current:
            if tuple(row)[:6] not in kept:
                self._close_mention(row["id"])
        present = {tuple(row)[:6] for row in current}
        for mention in linked:
            if mention not in present:
                self._execute(
                    "INSERT INTO mentions (position, role, url, raw, line, link_id, entry_id, from_run_id)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    [*mention, entry_id, self._run_id],
                )

    def _close_mention(self, mention_id: int) -> None:
        self._execute("DELETE FROM mentions WHERE id = ? AND from_run_id = ?", [mention_id, self._run_id])
        self._execute("UPDATE mentions SET until_run_id = ? WHERE id = ?", [self._run_id, mention_id])

    def _close_entries(self) -> None:
        """Entries that the catalog no longer has, and their mentions."""
        gone = "until_run_id IS NULL AND {} NOT IN (SELECT entry_id FROM temp.seen)"
        self._execute(f"UPDATE mentions SET until_run_id = ? WHERE {gone.format('entry_id')}", [self._run_id])
        self._execute(f"UPDATE entries SET until_run_id = ? WHERE {gone.format('id')}", [self._run_id])

    def _link_id(self, url: str) -> int:
        link = link_of(url)
        row = self._execute("SELECT id, kind, name FROM links WHERE url = ?", [link.canonical_url]).fetchone()
        if row is None:
            return self._insert(
                "INSERT INTO links (url, kind, name, host, first_run_id) VALUES (?, ?, ?, ?, ?)",
                [
                    link.canonical_url,
                    link.target.kind.value,
                    link.target.id,
                    _host_of(link.canonical_url),
                    self._run_id,
                ],
            )
        if (row["kind"], row["name"]) != (link.target.kind.value, link.target.id):
            self._execute(
                "UPDATE links SET kind = ?, name = ? WHERE id = ?",
                [link.target.kind.value, link.target.id, row["id"]],
            )
        return int(row["id"])

    def _sync_exclusions(self, exclusions: Sequence[Exclusion]) -> None:
        self._sync_periods(
            "exclusions",
            ("link_id", "reason", "until"),
            {
                (self._link_id(each.url), each.reason, each.until.isoformat() if each.until else None)
                for each in exclusions
            },
        )

    def _sync_overrides(self, overrides: Sequence[Override]) -> None:
        wanted = set()
        for each in overrides:
            entry = self._execute("SELECT id FROM entries WHERE identifier = ?", [each.entry]).fetchone()
            if entry is not None:
                wanted.add((entry["id"], each.field, json.dumps(each.value), each.reason))
        self._sync_periods("overrides", ("entry_id", "field", "value", "reason"), wanted)

    def _sync_suppressions(self, suppressions: Sequence[Suppression]) -> None:
        wanted = set()
        for each in suppressions:
            entry = self._execute("SELECT id FROM entries WHERE identifier = ?", [each.entry]).fetchone()
            if entry is not None:
                wanted.add((entry["id"], each.kind.value, each.field, each.reason, each.until.isoformat()))
        self._sync_periods("suppressions", ("entry_id", "kind", "field", "reason", "until"), wanted)

    def _sync_periods(self, table: str, columns: Sequence[str], wanted: set[tuple[Any, ...]]) -> None:
        """Close the current rows that are not wanted, open the wanted ones that are not there."""
        names = ", ".join(columns)
        current = {
            tuple(row)[:-1]: row["id"]
            for row in self._execute(f"SELECT {names}, id FROM {table} WHERE until_run_id IS NULL")
        }
        for values, row_id in current.items():
            if values not in wanted:
                self._execute(f"UPDATE {table} SET until_run_id = ? WHERE id = ?", [self._run_id, row_id])
        marks = ", ".join("?" for _ in columns)
        for values in sorted(wanted - current.keys(), key=str):
            self._execute(
                f"INSERT INTO {table} ({names}, from_run_id) VALUES ({marks}, ?)", [*values, self._run_id]
            )

    def _insert(self, sql: str, values: Sequence[Any]) -> int:
        return int(self._execute(sql, values).lastrowid or 0)


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
