"""A catalog file by file, and the parsed copies that spare reading YAML: never believed over the file."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from datetime import date
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import catalog_copies
from crawler.catalog import load_catalog, write_catalog_file
from crawler.catalog_checks import validate_catalog
from crawler.catalog_copies import Copy, ParsedCopies, digest_of
from crawler.catalog_files import CatalogFiles
from crawler.errors import UsageError
from crawler.links.classify import texts_of_link
from crawler.records import (
    Catalog,
    Document,
    Entry,
    EntryKind,
    Exclusion,
    FindingKind,
    Mention,
    Override,
    Role,
    Stated,
    Suppression,
)

from .crawl.conftest import Place, place

__all__ = ["place"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two catalog files that use all that there is."""
    write_list(tmp_path / "catalog" / "one.yaml", "One")
    write_list(tmp_path / "catalog" / "two.yaml", "Two")
    return tmp_path


def write_list(path: Path, title: str) -> None:
    path.parent.mkdir(exist_ok=True)
    name = path.stem
    vicuna = Entry(
        f"{name}/vicuna",
        "Vicuna 小羊",
        EntryKind.MODEL,
        name,
        "Models > Open",
        Stated("Apache 2.0", ("7B", "13B")),
        (Mention("https://lmsys.org/blog", "lmsys.org/blog", Role.PROJECT, 7),),
        note="joke",
    )
    write_catalog_file(
        path,
        Document(name, title, "https://example.org/list"),
        [vicuna, Entry(f"{name}/bare", "Bare", EntryKind.OTHER, name)],
        [Exclusion("HTTP://example.org:80/x", "asked to")],
        [Override(f"{name}/vicuna", "parameter_count", 7, "counted")],
        suppressions=[Suppression("one/vicuna", FindingKind.DEAD, "known", date(2031, 1, 1))],
    )


def read(folder: Path) -> Catalog:
    """With copies, as one catalog."""
    return joined(files_of(folder))


def files_of(folder: Path) -> CatalogFiles:
    return CatalogFiles([str(folder / "catalog")], ParsedCopies(folder / "state" / "crawler.db"))


def joined(files: CatalogFiles) -> Catalog:
    parts = [replace(part.rest, entries=tuple(part.read_entries())) for part in files]
    return Catalog(
        *(tuple(each for part in parts for each in getattr(part, name)) for name in Catalog.__slots__)
    )


def copies(folder: Path) -> list[str]:
    return sorted(path.name for path in copies_folder(folder).iterdir())


def copies_folder(folder: Path) -> Path:
    return folder / "state" / "parsed" / "crawler.db"


def plant(folder: Path, name: str, title: str) -> None:
    """A copy for the file as it stands that says something else: who reads it has believed it."""
    content = (folder / "catalog" / f"{name}.yaml").read_bytes()
    made_up = Catalog((Document(name, title),))
    ParsedCopies(folder / "state" / "crawler.db").keep(name, digest_of(name, content), made_up, [])


def titles(catalog: Catalog) -> list[str]:
    return [document.title for document in catalog.documents]


def test_what_is_read_is_the_same_with_and_without_copies(folder: Path) -> None:
    plain = load_catalog([str(folder / "catalog")])
    assert plain.entries
    assert joined(CatalogFiles([str(folder / "catalog")])) == plain
    assert not (folder / "state").exists()
    for _ in range(2):
        assert read(folder) == plain
        assert copies(folder) == ["one.msgpack", "two.msgpack"]


def test_an_unchanged_file_is_read_from_its_copy(folder: Path) -> None:
    plant(folder, "one", "From the copy")
    assert titles(read(folder)) == ["From the copy", "Two"]


def test_a_changed_file_is_read_itself(folder: Path) -> None:
    plant(folder, "one", "From the copy")
    write_list(folder / "catalog" / "one.yaml", "Changed")
    assert titles(read(folder)) == ["Changed", "Two"]
    assert titles(read(folder)) == ["Changed", "Two"]


def test_a_copy_of_another_document_is_not_believed(folder: Path) -> None:
    plant(folder, "one", "From the copy")
    place = copies_folder(folder)
    (place / "one.msgpack").rename(place / "two.msgpack")
    (folder / "catalog" / "two.yaml").write_bytes((folder / "catalog" / "one.yaml").read_bytes())
    with pytest.raises(UsageError, match="is not `two/<slug>`"):
        read(folder)


def test_another_release_reads_files_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(folder, "one", "From the copy")
    monkeypatch.setattr(catalog_copies, "__version__", "9.9.9")
    assert titles(read(folder)) == ["One", "Two"]


@given(data=st.data())
def test_a_damaged_copy_is_ignored_and_written_anew(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    write_list(folder / "catalog" / "one.yaml", "One")
    plant(folder, "one", "From the copy")
    path = copies_folder(folder) / "one.msgpack"
    whole = path.read_bytes()
    damaged = data.draw(
        st.one_of(
            st.integers(0, len(whole) - 1).map(lambda end: whole[:end]),
            st.integers(0, len(whole) - 1).map(
                lambda at: whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :]
            ),
            st.binary(max_size=60),
        )
    )
    path.write_bytes(damaged)
    assert titles(read(folder)) == ["One"]
    assert path.read_bytes() not in (damaged, whole)
    assert titles(read(folder)) == ["One"]


def test_a_whole_copy_of_something_else_falls_back_on_the_file(folder: Path) -> None:
    """As another state of this program might have left it under the same release."""
    plain = read(folder)
    path = copies_folder(folder) / "one.msgpack"
    copy = msgspec.msgpack.decode(path.read_bytes()[catalog_copies.CHECKSUM_BYTES :], type=Copy)
    other = msgspec.Raw(msgspec.msgpack.encode([{"id": "neither entry nor link"}]))
    body = msgspec.msgpack.encode(msgspec.structs.replace(copy, entries=other, links=other))
    path.write_bytes(catalog_copies._checksum(body) + body)
    assert read(folder) == plain
    (part, _) = files_of(folder)
    assert part.read_links is not None
    assert part.read_links() == {}


def test_a_copy_tells_what_its_addresses_stand_for(folder: Path) -> None:
    files_of(folder).check()
    for part in files_of(folder):
        urls = {mention.url for entry in part.read_entries() for mention in entry.mentions}
        assert part.read_links is not None
        assert part.read_links() == {url: texts_of_link(url) for url in urls} != {}


def test_where_no_copy_can_be_kept_there_is_none(folder: Path) -> None:
    (folder / "state").write_text("a file where the folder would be")
    files = files_of(folder)
    files.check()
    assert joined(files) == load_catalog([str(folder / "catalog")])


def test_copies_go_with_their_files(folder: Path) -> None:
    read(folder)
    (copies_folder(folder) / ".half-written").write_bytes(b"killed")
    (folder / "catalog" / "two.yaml").unlink()
    read(folder)
    assert copies(folder) == ["one.msgpack"]


def test_what_was_checked_is_what_is_taken_in(folder: Path) -> None:
    files = files_of(folder)
    files.check()
    write_list(folder / "catalog" / "one.yaml", "Changed meanwhile")
    assert titles(joined(files)) == ["One", "Two"]
    assert titles(read(folder)) == ["Changed meanwhile", "Two"]


def test_the_first_mistake_is_named_before_anything_is_taken_in(folder: Path) -> None:
    (folder / "catalog" / "two.yaml").write_text("document: {title: T}\nentries: [{id: two/a, name: A}]\n")
    files = files_of(folder)
    with pytest.raises(UsageError, match="key 'kind' is missing") as raised:
        files.check()
    assert raised.value.where == f"{folder / 'catalog' / 'two.yaml'}:2"


def test_a_copy_has_its_checksum_first(folder: Path) -> None:
    plant(folder, "one", "From the copy")
    body = (copies_folder(folder) / "one.msgpack").read_bytes()[catalog_copies.CHECKSUM_BYTES :]
    assert msgspec.msgpack.decode(body, type=Copy).rest.documents == (Document("one", "From the copy"),)


@pytest.mark.parametrize("with_copies", [False, True])
def test_one_file_is_in_memory_at_a_time(tmp_path: Path, *, with_copies: bool) -> None:
    """Six times as many files, and hardly more memory at its highest."""

    def peak_of(files: int) -> int:
        folder = tmp_path / str(files)
        for number in range(files):
            name = f"list-{number}"
            entries = [Entry(f"{name}/{n}", f"Entry {n}", EntryKind.TOOL, name) for n in range(150)]
            (folder / "catalog").mkdir(parents=True, exist_ok=True)
            write_catalog_file(folder / "catalog" / f"{name}.yaml", Document(name, name), entries)
        catalog = files_of(folder)
        if with_copies:
            catalog.check()
        tracemalloc.start()
        read = sum(len(part.read_entries()) for part in catalog)
        problems = sum(1 for _ in validate_catalog([str(folder / "catalog")], today=date(2026, 11, 20)))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert (read, problems) == (files * 150, files * 150)
        return peak

    peak_of(2)  # what is made once and kept
    # The smaller of two: once in a while Python's own table of names grows by megabytes.
    assert min(peak_of(24), peak_of(24)) < 2 * peak_of(4)


# --- as people meet them -----------------------------------------------------------------------------


def test_import_and_run_leave_copies_that_validate_does_not(place: Place) -> None:
    parsed = place.folder / "state" / "parsed" / "crawler.db"
    place.run("validate")
    assert not parsed.exists()
    (place.folder / "README.md").write_text("# Mine\n\n- [Foo](https://github.com/o/foo)\n")
    place.run("import", "README.md", "--output", "elsewhere.yaml")
    assert not parsed.exists(), "not of the catalog"
    place.run("import", "README.md")
    assert [path.name for path in parsed.iterdir()] == ["mine.msgpack"]
    before = (parsed / "mine.msgpack").stat().st_mtime_ns
    place.run("run", "--no-progress", "--limit", "1")
    assert sorted(path.name for path in parsed.iterdir()) == ["list.msgpack", "mine.msgpack"]
    assert (parsed / "mine.msgpack").stat().st_mtime_ns == before, "what import left is what a run reads"


def test_a_mistake_leaves_no_database(place: Place) -> None:
    (place.folder / "catalog" / "worse.yaml").write_text("entries: []\n")
    ran = place.run("run", "--no-progress", code=2)
    assert "worse.yaml:1" in ran.stderr
    assert not place.database.exists()
