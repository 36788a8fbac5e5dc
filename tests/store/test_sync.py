"""The catalog in the tables: leaving alone what reads as before is the same as reading everything again."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler import catalog_copies
from crawler.catalog import load_catalog, write_catalog_file
from crawler.catalog_copies import ParsedCopies
from crawler.catalog_files import CatalogFiles
from crawler.clock import SimulatedClock
from crawler.errors import UsageError
from crawler.records import (
    Catalog,
    CatalogPart,
    Document,
    Entry,
    EntryKind,
    Exclusion,
    FindingKind,
    Mention,
    Override,
    Role,
    RunState,
    Stated,
    Suppression,
)
from crawler.store import sync
from crawler.store.store import Store

from .conftest import Nights, catalog, entry

START = datetime.fromisoformat("2026-11-02T02:30:00Z")
NAMES = ("one", "two", "three")
URLS = (
    "https://github.com/owner/name",
    "http://www.github.com/Owner/Name/",
    "https://example.org/page",
    "https://arxiv.org/pdf/2305.15334",
    "no address",
)
TABLES = (
    *("documents", "document_versions", "entries", "entry_versions", "links", "mentions"),
    *("exclusions", "overrides", "suppressions", "runs"),
)

MENTIONS = st.builds(
    lambda url, role, line: Mention(url, url, role, line),
    st.sampled_from(URLS),
    st.sampled_from([Role.PROJECT, Role.PAPER]),
    st.none() | st.just(3),
)
IDS = st.builds("{}/{}".format, st.sampled_from(NAMES), st.sampled_from("abc"))
EXCLUSIONS = st.builds(
    Exclusion,
    st.sampled_from([*URLS[:3], "https://example.org/excluded"]),
    st.sampled_from(["asked to", "slow"]),
    st.none() | st.just(date(2031, 1, 1)),
)
OVERRIDES = st.builds(
    Override, IDS, st.just("license"), st.sampled_from(["MIT", "Apache-2.0"]), st.just("read")
)
SUPPRESSIONS = st.builds(
    Suppression, IDS, st.just(FindingKind.DEAD), st.just("known"), st.just(date(2031, 1, 1))
)


@dataclass(frozen=True)
class File:
    title: str
    entries: dict[str, tuple[str, list[Mention]]]
    exclusions: list[Exclusion]
    overrides: list[Override]
    suppressions: list[Suppression]

    def write(self, path: Path) -> None:
        name = path.stem
        entries = [
            Entry(f"{name}/{slug}", slug, EntryKind.TOOL, name, "", Stated(license_), tuple(mentions))
            for slug, (license_, mentions) in self.entries.items()
        ]
        document = Document(name, self.title)
        write_catalog_file(path, document, entries, self.exclusions, self.overrides, "", self.suppressions)


FILES = st.builds(
    File,
    st.sampled_from(["A list", "The same list"]),
    st.dictionaries(
        st.sampled_from("abc"), st.tuples(st.sampled_from(["MIT", "GPL"]), st.lists(MENTIONS, max_size=3))
    ),
    st.lists(EXCLUSIONS, max_size=1),
    st.lists(OVERRIDES, max_size=1),
    st.lists(SUPPRESSIONS, max_size=1),
)
EDITS = st.fixed_dictionaries({}, optional={name: st.none() | FILES for name in NAMES})
"""By document: its file from now on, or None where it goes; others stay as they are."""
NIGHTS = st.lists(
    st.tuples(EDITS, st.sampled_from(["", "", "", "killed", "another release", "no copies"])), max_size=6
)


@settings(max_examples=25)  # each writes some ten databases' worth of commits
@given(nights=NIGHTS)
def test_the_rows_are_those_of_a_sync_that_reads_everything(
    nights: list[tuple[dict[str, File | None], str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("sync")
    skipping, reading = folder / "skipping.db", folder / "reading.db"
    lists = folder / "catalog"
    lists.mkdir()
    File("Always there", {"a": ("MIT", [])}, [], [], []).write(lists / "always.yaml")
    release, now = 0, START
    with pytest.MonkeyPatch.context() as patch:
        for edits, happens in nights:
            for name, file in edits.items():
                path = lists / f"{name}.yaml"
                if file is None:
                    path.unlink(missing_ok=True)
                else:
                    file.write(path)
            if happens == "no copies":
                shutil.rmtree(folder / "parsed", ignore_errors=True)
            if happens == "another release":
                release += 1
                for module in (sync, catalog_copies):
                    patch.setattr(module, "__version__", f"9.{release}")
            whole = load_catalog([str(lists)])
            parts = CatalogFiles([str(lists)], ParsedCopies(skipping))
            for path, taken in ((skipping, parts), (reading, whole)):
                pass_night(path, taken, now, finishes=happens != "killed")
            # A killed run is gone on with, whatever was edited meanwhile.
            now += timedelta(hours=1) if happens == "killed" else timedelta(days=1)
            assert rows(skipping) == rows(reading)
            assert current(skipping) == written(whole)


def pass_night(path: Path, taken: Catalog | CatalogFiles, at: datetime, *, finishes: bool) -> None:
    clock = SimulatedClock(at)
    with Store.open(path, clock.now) as store:
        run = store.begin_run(taken)
        if finishes:
            store.finish_run(run, RunState.FINISHED, {})


def rows(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    with closing(sqlite3.connect(path)) as connection:
        return {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall() for table in TABLES
        }


def current(path: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(
            "SELECT documents.name, documents.title, identifier, stated_license, position,"
            " mentions.url, role"
            " FROM documents JOIN entries ON entries.document_id = documents.id"
            " LEFT JOIN mentions ON mentions.entry_id = entries.id AND mentions.until_run_id IS NULL"
            " WHERE documents.until_run_id IS NULL AND entries.until_run_id IS NULL"
            " ORDER BY identifier, position"
        ).fetchall()


def written(whole: Catalog) -> list[tuple[Any, ...]]:
    title_of = {document.name: document.title for document in whole.documents}
    told: list[tuple[Any, ...]] = []
    for each in sorted(whole.entries, key=lambda each: each.id):
        about = (each.document, title_of[each.document], each.id, each.stated.license)
        told += [(*about, position, one.url, one.role) for position, one in enumerate(each.mentions)]
        if not each.mentions:
            told.append((*about, None, None, None))
    return told


def test_a_part_that_reads_as_before_is_not_read(nights: Nights) -> None:
    def unreadable() -> tuple[Entry, ...]:
        raise AssertionError("read")

    whole = catalog(entry("a", "https://example.org/a"))
    rest = Catalog(whole.documents)
    with nights.open() as store:
        store.begin_run([CatalogPart(rest, lambda: whole.entries, "digest")])
        store.begin_run([CatalogPart(rest, unreadable, "digest")])
        assert [each.url for each in store.candidates(store.begin_run(whole))] == ["https://example.org/a"]
        with pytest.raises(AssertionError, match="read"):
            store.begin_run([CatalogPart(rest, unreadable, "digest")])


def test_an_override_finds_an_entry_that_another_file_has_only_now(nights: Nights) -> None:
    override = Override("second/b", "license", "MIT", "read")
    first = CatalogPart(Catalog((Document("list", "A list"),), overrides=(override,)), lambda: (), "same")
    entries = (entry("b", "https://example.org/b", document="second"),)
    second = CatalogPart(Catalog((Document("second", "Another"),)), lambda: entries, "new")
    with nights.open() as store:
        store.begin_run([first])
        assert nights.rows("SELECT value FROM overrides") == []
        store.begin_run([first, second])
        assert nights.rows("SELECT value FROM overrides WHERE until_run_id IS NULL") == [('"MIT"',)]


def test_a_part_that_cannot_be_read_leaves_nothing_of_the_others(nights: Nights) -> None:
    nights.night()
    before = rows(nights.path)

    def parts() -> Any:
        yield CatalogPart(Catalog((Document("list", "Changed"),)), lambda: (), "changed")
        raise UsageError("no YAML")

    with nights.open() as store, pytest.raises(UsageError, match="no YAML"):
        store.begin_run(parts())
    assert rows(nights.path) == before
