"""The catalog into the tables, as of a run. What leaves the catalog is closed, never deleted.

A part that reads as it did at the last sync is left alone; of the others an unchanged entry costs two reads
and no write. One part is in memory at a time.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Final

from crawler import __version__
from crawler.records import Catalog, CatalogPart, Document, Entry, Exclusion, Override, Suppression
from crawler.store.bulk import insert_rows
from crawler.store.link_rows import KnownLinks, LinkRows

ENTRY_COLUMNS: Final = "name, kind, document_id, section, stated_license, stated_parameters, note"
CONTENT: Final = len(ENTRY_COLUMNS.split(","))
LINKS_VERSION: Final = "links_version"
"""Which release's rules the links of mentions were made by; another release makes them anew."""
DIGEST_OF: Final = "content of "
"""Before a document's name: the key of the digest of its content as of the last sync."""
AT_ONCE: Final = 500
"""Entries taken in by one round of queries."""

KEEP_SETTING: Final = """
    INSERT INTO _settings (key, value) VALUES (?, ?)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE value != excluded.value
"""
INSERT_ENTRIES: Final = f"INSERT INTO entries ({ENTRY_COLUMNS}, identifier, id, from_run_id)"
INSERT_MENTIONS: Final = """
    INSERT INTO mentions (position, role, url, raw, line, entry_id, link_id, from_run_id)
"""
CLOSE_ENTRIES: Final = """
    UPDATE entries SET until_run_id = :run WHERE until_run_id IS NULL
        AND document_id NOT IN (SELECT value FROM json_each(:unchanged))
        AND id NOT IN (SELECT entry_id FROM temp.seen)
    RETURNING id
"""

Written = tuple[int, str, str, str, int | None]
"""A mention as the catalog has it: position, role, url, raw, line."""


def sync_catalog(
    connection: sqlite3.Connection, catalog: Catalog | Iterable[CatalogPart], run_id: int
) -> None:
    """Make the current rows equal the catalog. Runs inside the caller's transaction."""
    if isinstance(catalog, Catalog):
        catalog = [CatalogPart(catalog, lambda entries=catalog.entries: entries)]  # type: ignore[misc]
    _CatalogSync(connection, run_id).sync(catalog)


class _CatalogSync:
    def __init__(self, connection: sqlite3.Connection, run_id: int) -> None:
        self._execute = connection.execute
        self._execute_many = connection.executemany
        self._insert_many = partial(insert_rows, connection)
        self._run_id = run_id
        self._links = LinkRows(connection, run_id)
        (self._last_entry_id,) = self._execute("SELECT coalesce(max(id), 0) FROM entries").fetchone()
        settings = dict(self._execute("SELECT key, value FROM _settings").fetchall())
        self._links_are_current = settings.get(LINKS_VERSION) == __version__
        self._digests = {
            key.removeprefix(DIGEST_OF): digest
            for key, digest in settings.items()
            if key.startswith(DIGEST_OF)
        }
        """By name of the document, as of the last sync."""
        self._documents: dict[str, int] = {}
        """Ids of those that the catalog has now."""

    def sync(self, parts: Iterable[CatalogPart]) -> None:
        self._execute("CREATE TEMP TABLE IF NOT EXISTS seen (entry_id INTEGER PRIMARY KEY)")
        self._execute("DELETE FROM temp.seen")
        unchanged: list[int] = []
        exclusions: list[Exclusion] = []
        overrides: list[Override] = []
        suppressions: list[Suppression] = []
        for part in parts:
            document_id = self._find_unchanged(part)
            if document_id is not None:
                unchanged.append(document_id)
            else:
                self._sync_part(part)
            exclusions += part.rest.exclusions
            overrides += part.rest.overrides
            suppressions += part.rest.suppressions
        self._close_documents()
        self._close_entries(unchanged)
        # What these refer to may stand in any part, so all of them are looked at each time.
        self._sync_exclusions(exclusions)
        self._sync_overrides(overrides)
        self._sync_suppressions(suppressions)
        self._execute(KEEP_SETTING, [LINKS_VERSION, __version__])

    def _find_unchanged(self, part: CatalogPart) -> int | None:
        """The id of the one document of a part that reads as it did at the last sync."""
        if part.digest is None or not self._links_are_current:
            return None
        (document,) = part.rest.documents
        if self._digests.get(document.name) != part.digest:
            return None
        row = self._execute(
            "SELECT id FROM documents WHERE name = ? AND until_run_id IS NULL", [document.name]
        ).fetchone()
        if row is None:
            return None
        self._documents[document.name] = row["id"]
        return int(row["id"])

    def _sync_part(self, part: CatalogPart) -> None:
        for document in part.rest.documents:
            self._documents[document.name] = self._sync_document(document)
            if part.digest is not None:
                self._execute(KEEP_SETTING, [DIGEST_OF + document.name, part.digest])
            elif document.name in self._digests:
                self._forget_digest(document.name)
        known = part.read_links() if part.read_links else {}
        for entries in _batches(part.read_entries()):
            self._sync_entries(entries, known)

    def _forget_digest(self, document: str) -> None:
        self._execute("DELETE FROM _settings WHERE key = ?", [DIGEST_OF + document])

    # --- documents ---

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

    def _close_documents(self) -> None:
        kept = json.dumps(list(self._documents.values()))
        self._execute(
            "UPDATE documents SET until_run_id = ?"
            " WHERE until_run_id IS NULL AND id NOT IN (SELECT value FROM json_each(?))",
            [self._run_id, kept],
        )
        for name in self._digests.keys() - self._documents.keys():
            self._forget_digest(name)

    # --- entries ---

    def _sync_entries(self, entries: Sequence[Entry], links: KnownLinks) -> None:
        rows = {
            row["identifier"]: row
            for row in self._execute(
                f"SELECT {ENTRY_COLUMNS}, entries.id, from_run_id, until_run_id, identifier"
                " FROM json_each(?) AS wanted JOIN entries ON entries.identifier = wanted.value",
                [json.dumps([entry.id for entry in entries], ensure_ascii=False)],
            )
        }
        new: list[tuple[Any, ...]] = []
        ids: list[int] = []
        for entry in entries:
            content = self._content_of(entry)
            row = rows.get(entry.id)
            if row is None:
                self._last_entry_id += 1
                new.append((*content, entry.id, self._last_entry_id, self._run_id))
                ids.append(self._last_entry_id)
            else:
                ids.append(row["id"])
                if tuple(row)[:CONTENT] != content or row["until_run_id"] is not None:
                    self._replace_content(row, content)
        self._insert_many(INSERT_ENTRIES, "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", new)
        self._insert_many("INSERT INTO temp.seen (entry_id)", "(?)", [(each,) for each in ids])
        self._sync_mentions(dict(zip(ids, entries, strict=True)), [row["id"] for row in rows.values()], links)

    def _content_of(self, entry: Entry) -> tuple[Any, ...]:
        """Values in the order of ENTRY_COLUMNS."""
        document_id = self._documents.get(entry.document)
        if document_id is None:
            document_id = self._sync_document(Document(entry.document, entry.document))
            self._documents[entry.document] = document_id
        stated = entry.stated.parameters
        return (
            entry.name,
            entry.kind.value,
            document_id,
            entry.section,
            entry.stated.license,
            json.dumps(stated, ensure_ascii=False) if stated else "[]",
            entry.note,
        )

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

    def _close_entries(self, unchanged: Sequence[int]) -> None:
        """Entries that the catalog no longer has, and their mentions."""
        gone = self._execute(
            CLOSE_ENTRIES, {"run": self._run_id, "unchanged": json.dumps(unchanged)}
        ).fetchall()
        self._execute_many(
            "UPDATE mentions SET until_run_id = ? WHERE entry_id = ? AND until_run_id IS NULL",
            ((self._run_id, row["id"]) for row in gone),
        )

    # --- mentions ---

    def _sync_mentions(self, entries: dict[int, Entry], known: Sequence[int], links: KnownLinks) -> None:
        """Of entries by id; those that the database has had before are `known`."""
        current: dict[int, list[tuple[Any, ...]]] = {}
        if known:
            for row in self._execute(
                "SELECT entry_id, position, role, url, raw, line, link_id, mentions.id"
                " FROM json_each(?) AS wanted JOIN mentions ON mentions.entry_id = wanted.value"
                " WHERE until_run_id IS NULL ORDER BY entry_id, position",
                [json.dumps(known)],
            ):
                current.setdefault(row["entry_id"], []).append(tuple(row)[1:])
        changed: dict[int, list[Written]] = {}
        for entry_id, entry in entries.items():
            wanted = [
                (position, mention.role.value, mention.url, mention.raw, mention.line)
                for position, mention in enumerate(entry.mentions)
            ]
            present = [row[:5] for row in current.get(entry_id, ())]
            if not self._links_are_current or wanted != present:
                changed[entry_id] = wanted
        link_ids = self._links.find((mention[2] for wanted in changed.values() for mention in wanted), links)
        new: list[tuple[Any, ...]] = []
        for entry_id, wanted in changed.items():
            linked = [(*mention, link_ids[mention[2]]) for mention in wanted]
            present = current.get(entry_id, [])
            kept, before = set(linked), {row[:6] for row in present}
            for row in present:
                if row[:6] not in kept:
                    self._close_mention(row[6])
            new += [
                (*mention[:5], entry_id, mention[5], self._run_id)
                for mention in linked
                if mention not in before
            ]
        self._insert_many(INSERT_MENTIONS, "(?, ?, ?, ?, ?, ?, ?, ?)", new)

    def _close_mention(self, mention_id: int) -> None:
        # One of this very run as well, so that every link that has left has a mention that tells so.
        self._execute("UPDATE mentions SET until_run_id = ? WHERE id = ?", [self._run_id, mention_id])

    # --- a maintainer's word ---

    def _sync_exclusions(self, exclusions: Sequence[Exclusion]) -> None:
        link_ids = self._links.find(each.url for each in exclusions)
        self._sync_periods(
            "exclusions",
            ("link_id", "reason", "until"),
            {
                (link_ids[each.url], each.reason, each.until.isoformat() if each.until else None)
                for each in exclusions
            },
        )

    def _sync_overrides(self, overrides: Sequence[Override]) -> None:
        wanted = set()
        for each in overrides:
            entry_id = self._find_entry(each.entry)
            if entry_id is not None:
                wanted.add((entry_id, each.field, json.dumps(each.value), each.reason))
        self._sync_periods("overrides", ("entry_id", "field", "value", "reason"), wanted)

    def _sync_suppressions(self, suppressions: Sequence[Suppression]) -> None:
        wanted = set()
        for each in suppressions:
            entry_id = self._find_entry(each.entry)
            if entry_id is not None:
                wanted.add((entry_id, each.kind.value, each.field, each.reason, each.until.isoformat()))
        self._sync_periods("suppressions", ("entry_id", "kind", "field", "reason", "until"), wanted)

    def _find_entry(self, identifier: str) -> int | None:
        row = self._execute("SELECT id FROM entries WHERE identifier = ?", [identifier]).fetchone()
        return None if row is None else int(row["id"])

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


def _batches(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    return (entries[start : start + AT_ONCE] for start in range(0, len(entries), AT_ONCE))
