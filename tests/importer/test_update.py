"""Imports again and again: what the document changed is taken over, what a person changed stays."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.catalog import all_entries, load_catalog, read_catalog_file
from crawler.errors import UsageError
from crawler.importer import Imported, Source, import_source
from crawler.importer.merge import match_entries, merge_entries
from crawler.importer.record import read_record, record_path
from crawler.records import Entry, EntryKind, Mention, Role

FIRST = """# List

## 模型

- [Foo](https://github.com/o/foo): a model with 7B parameters
- [Bar](https://github.com/o/bar): [paper](https://arxiv.org/abs/2305.00001)
- [Baz](https://github.com/o/baz): another
"""
TODAY, LATER = date(2026, 11, 20), date(2026, 12, 1)


def run(folder: Path, text: str, *, today: date = TODAY, title: str | None = None) -> Imported:
    source = Source("list.md", text.encode(), "https://example.org/list")
    return import_source(source, folder / "list.yaml", today=today, title=title)


def entries(folder: Path) -> dict[str, Entry]:
    file = read_catalog_file(str(folder / "list.yaml"))
    assert not file.mistakes
    return {entry.id.removeprefix("list/"): entry for entry in all_entries(file)}


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / "list.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_new_file_loads_and_an_unchanged_document_changes_no_byte(tmp_path: Path) -> None:
    done = run(tmp_path, FIRST, title="标题")
    assert (done.entries, done.links, done.before) == (3, 4, "")
    assert load_catalog([str(tmp_path)]).documents[0].title == "标题"
    assert load_catalog([str(tmp_path)]).documents[0].url == "https://example.org/list"
    edit(tmp_path, "entries:", "# a comment of mine\nentries:")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    again = run(tmp_path, FIRST)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert list(again.diff()) == []


@pytest.mark.parametrize("with_record", [True, False], ids=["with its record", "without one"])
def test_hand_made_changes_outlive_imports(tmp_path: Path, with_record: bool) -> None:
    run(tmp_path, FIRST)
    edit(tmp_path, 'name: "Foo"', 'name: "Foo the first"\n    note: "a joke"')
    edit(
        tmp_path,
        'id: "list/bar"\n    name: "Bar"\n    kind: "model"',
        'id: "list/bar"\n    name: "Bar"\n    kind: "tool"',
    )
    edit(tmp_path, '{role: "paper"', '{role: "article"')
    with (tmp_path / "list.yaml").open("a", encoding="utf-8") as file:
        file.write('exclusions:\n  - {url: "https://github.com/O/Foo/", reason: "asked to"}\n')
        file.write('overrides:\n  - {entry: "list/foo", field: "license", value: "MIT", reason: "told"}\n')
        file.write("suppressions:\n")
        file.write('  - {entry: "list/foo", kind: "archived", reason: "known", until: "2031-12-31"}\n')
    if not with_record:
        record_path(tmp_path / "list.yaml").unlink()
    done = run(tmp_path, f"{FIRST}- [New](https://github.com/o/new): one more\n")
    found = entries(tmp_path)
    assert list(found) == ["foo", "bar", "baz", "new"]
    assert (found["foo"].name, found["foo"].note) == ("Foo the first", "a joke")
    assert found["bar"].kind is EntryKind.TOOL
    assert [mention.role for mention in found["bar"].mentions] == [Role.PROJECT, Role.ARTICLE]
    text = (tmp_path / "list.yaml").read_text(encoding="utf-8")
    assert 'url: "https://github.com/O/Foo/", reason: "asked to"' in text
    assert 'value: "MIT"' in text
    assert '{entry: "list/foo", kind: "archived", reason: "known", until: "2031-12-31"}' in text
    added = [line for line in done.diff() if line.startswith("+") and not line.startswith("+++")]
    assert any("https://github.com/o/new" in line for line in added)


def test_what_the_document_changes_is_taken_over(tmp_path: Path) -> None:
    run(tmp_path, FIRST)
    edit(tmp_path, 'name: "Baz"', 'name: "Baz of mine"')
    run(tmp_path, FIRST.replace("[Foo]", "[Foo 2]").replace("7B", "13B").replace("[Baz]", "[Bazz]"))
    found = entries(tmp_path)
    assert list(found) == ["foo", "bar", "baz"]
    assert (found["foo"].name, found["foo"].stated.parameters) == ("Foo 2", ("13B",))
    assert found["baz"].name == "Baz of mine"


def test_what_vanished_is_marked_kept_and_left_alone(tmp_path: Path) -> None:
    run(tmp_path, FIRST)
    shorter = FIRST.replace("- [Baz](https://github.com/o/baz): another\n", "").replace(
        "abs/2305.00001", "abs/2305.00002"
    )
    done = run(tmp_path, shorter, today=LATER)
    assert done.vanished == 1
    found = entries(tmp_path)
    assert found["baz"].vanished == LATER
    assert {mention.url[-5:]: mention.vanished for mention in found["bar"].mentions} == {
        "o/bar": None, "00001": LATER, "00002": None,
    }  # fmt: skip
    planned = load_catalog([str(tmp_path)])
    assert [entry.id for entry in planned.entries] == ["list/foo", "list/bar"]
    assert [mention.url[-5:] for mention in planned.entries[1].mentions] == ["o/bar", "00002"]
    before = (tmp_path / "list.yaml").read_bytes()
    run(tmp_path, shorter, today=date(2027, 1, 1))
    assert (tmp_path / "list.yaml").read_bytes() == before
    run(tmp_path, FIRST, today=date(2027, 1, 1))
    back = entries(tmp_path)
    assert back["baz"].vanished is None
    assert list(back) == ["foo", "bar", "baz"]


def test_what_a_person_removed_or_added_stays_so(tmp_path: Path) -> None:
    run(tmp_path, FIRST)
    text = (tmp_path / "list.yaml").read_text(encoding="utf-8")
    start, end = text.index('  - id: "list/bar"'), text.index('  - id: "list/baz"')
    mine = '  - id: "list/mine"\n    name: "Mine"\n    kind: "tool"\n    links: []\n\n'
    (tmp_path / "list.yaml").write_text(text[:start] + mine + text[end:], encoding="utf-8")
    for changed in (FIRST, FIRST.replace("another", "13B parameters"), FIRST):
        run(tmp_path, changed, today=LATER)
        found = entries(tmp_path)
        assert list(found) == ["foo", "mine", "baz"]
        assert not any(entry.vanished for entry in found.values())


def test_corrections_given_later_are_applied(tmp_path: Path) -> None:
    run(tmp_path, FIRST)
    (tmp_path / "corrections").mkdir()
    (tmp_path / "corrections" / "list.yaml").write_text(
        'repairs: {"Baz": "Baz whole"}\nsteps:\n'
        '  - {entry: "foo", slug: "foo-1", kind: "dataset", reason: "r"}\n'
    )
    run(tmp_path, FIRST)
    found = entries(tmp_path)
    assert list(found) == ["foo-1", "bar", "baz"]
    assert (found["foo-1"].kind, found["baz"].name) == (EntryKind.DATASET, "Baz whole")


def test_a_broken_catalog_file_is_left_alone(tmp_path: Path) -> None:
    run(tmp_path, FIRST)
    edit(tmp_path, 'kind: "model"', 'kind: "modell"')
    before = (tmp_path / "list.yaml").read_bytes()
    with pytest.raises(UsageError, match=r"list\.yaml:\d+"):
        run(tmp_path, FIRST)
    assert (tmp_path / "list.yaml").read_bytes() == before


def test_a_record_says_what_was_read(tmp_path: Path) -> None:
    run(tmp_path, FIRST)
    path = record_path(tmp_path / "list.yaml")
    record = read_record(path)
    assert record is not None
    assert record.digest.startswith("sha256:")
    assert record.written == record.extracted
    path.write_text("{}\n")
    with pytest.raises(UsageError, match="not a record"):
        run(tmp_path, FIRST)


NAMES = st.sampled_from("abcdef")
LISTS = st.lists(NAMES, unique=True).map(
    lambda names: [
        Entry(
            f"l/{name}",
            name.upper(),
            EntryKind.TOOL,
            "l",
            mentions=(Mention(f"https://x.org/{name}", "", Role.PROJECT, 1),),
        )
        for name in names
    ]
)


@given(LISTS, LISTS)
def test_merging_keeps_every_entry_and_is_idempotent(first: list[Entry], second: list[Entry]) -> None:
    merged, named = merge_entries(first, first, second, TODAY)
    assert [entry for entry in merged if entry.vanished is None and entry in second] == second
    assert {entry.id for entry in merged} == {entry.id for entry in [*first, *second]}
    assert {entry.id for entry in merged if entry.vanished} == {e.id for e in first} - {e.id for e in second}
    assert named == second
    assert merge_entries(merged, named, second, LATER) == (merged, named)


@given(LISTS, LISTS)
def test_matching_pairs_each_entry_once(first: list[Entry], second: list[Entry]) -> None:
    pairs = match_entries(first, second)
    assert len(set(pairs.values())) == len(pairs)
    assert all(first[new].id == second[old].id for new, old in pairs.items())
