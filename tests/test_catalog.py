from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.catalog import (
    format_catalog,
    join_files,
    load_catalog,
    parse_catalog,
    write_catalog_file,
)
from crawler.catalog_form import catalog_json_schema
from crawler.catalog_paths import find_catalog_files
from crawler.catalog_yaml import read_yaml
from crawler.errors import UsageError
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

SCHEMA_FILE = Path(__file__).parent.parent / "catalog" / "catalog.schema.json"

# Made-up names throughout.
SMALL = """\
document:
  title: "A list"
  url: "https://example.com/list"
entries:
  - id: "list/alpha"
    name: "Alpha"
    kind: "model"
    section: "Models > Open"
    note: "joke"
    stated: {license: "MIT", parameters: ["7B", "13B"]}
    links:
      - {role: "project", url: "https://github.com/Made/Up", raw: "github.com/Made/Up", line: 3}
      - {role: "paper", url: "https://example.com/paper"}
  - id: "list/beta"
    name: "Beta"
    kind: "tool"
exclusions:
  - {url: "https://GitHub.com/Made/Up.git", reason: "asked to", until: "2031-12-31"}
overrides:
  - {entry: "list/alpha", field: "license", value: "Apache-2.0", reason: "the card is old"}
  - {entry: "list/alpha", field: "parameter_count", value: 7000000000, reason: "counted"}
"""


def write_file(folder: Path, text: str | bytes, name: str = "list.yaml") -> str:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


def test_reads_all_there_is(tmp_path: Path) -> None:
    assert load_catalog([write_file(tmp_path, SMALL)]) == Catalog(
        documents=(Document("list", "A list", "https://example.com/list"),),
        entries=(
            Entry(
                "list/alpha",
                "Alpha",
                EntryKind.MODEL,
                "list",
                section="Models > Open",
                stated=Stated("MIT", ("7B", "13B")),
                mentions=(
                    Mention("https://github.com/Made/Up", "github.com/Made/Up", Role.PROJECT, 3),
                    Mention("https://example.com/paper", "https://example.com/paper", Role.PAPER),
                ),
                note="joke",
            ),
            Entry("list/beta", "Beta", EntryKind.TOOL, "list"),
        ),
        exclusions=(Exclusion("https://github.com/made/up", "asked to", date(2031, 12, 31)),),
        overrides=(
            Override("list/alpha", "license", "Apache-2.0", "the card is old"),
            Override("list/alpha", "parameter_count", 7_000_000_000, "counted"),
        ),
    )


@pytest.mark.parametrize(
    ("written", "read"),
    [
        *[("no", "no"), ("6.70", "6.70"), ("1:20", "1:20"), ("2023-05-01", "2023-05-01"), ("0x1F", "0x1F")],
        *[
            ("1e3", "1e3"),
            ("010", "010"),
            ("true", "true"),
            ("9" * 19, "9" * 19),
            ('"7"', "7"),
            ("'a''b'", "a'b"),
        ],
        *[("7", 7), ("-7", -7), ("0", 0), ("null", None), ("~", None), ("", None), ('"null"', "null")],
    ],
)
def test_plain_scalars_are_not_guessed_at(written: str, read: object) -> None:
    assert read_yaml(f"key: {written}") == {"key": read}


DOCUMENT = 'document: {title: "A list"}\n'


def entry_with(text: str) -> str:
    return f'{DOCUMENT}entries:\n  - id: "list/a"\n    name: "A"\n    {text}\n'


@pytest.mark.parametrize(
    ("text", "line", "message", "hint"),
    [
        pytest.param("", 1, "empty", "document", id="empty"),
        pytest.param("# only a comment\n", 1, "empty", "document", id="only-comment"),
        pytest.param("- a\n", 1, "expected a mapping, not a list", "document", id="list"),
        pytest.param("hello\n", 1, "not 'hello'", "document", id="scalar"),
        pytest.param(b"\xff\xfe", 1, "UTF-8", "UTF-8", id="not-utf8"),
        pytest.param(b'document:\n  title: "\xc4"\n', 2, "UTF-8", "UTF-8", id="latin1"),
        pytest.param("a: \x07\n", 1, "U+0007", "escape", id="control-character"),
        pytest.param("document: [\n", 2, "not valid YAML", "quotes", id="syntax"),
        pytest.param('document:\n  title: "a" b\n', 2, "not valid YAML", "quotes", id="after-quote"),
        pytest.param(
            f"{DOCUMENT}entries: []\nentries: []\n", 3, "'entries' stands twice", "keep", id="twice"
        ),
        pytest.param(f"{DOCUMENT}---\n{DOCUMENT}", 2, "second YAML document", "---", id="two-documents"),
        pytest.param("document: &a {title: x}\n", 1, "anchors", "write", id="anchor"),
        pytest.param("a: *a\n", 1, "anchors", "write", id="alias"),
        pytest.param("document: !!python/object:x {}\n", 1, "tag", None, id="tag"),
        pytest.param("a: !x b\n", 1, "tag", "quotes", id="scalar-tag"),
        pytest.param("1: a\n", 1, "a key must be text, not 1", None, id="number-key"),
        pytest.param("? [a]\n: b\n", 1, "a key must be text, not a list", None, id="list-key"),
        pytest.param("[" * 100_000, 1, "nested", None, id="deep-flow"),
        pytest.param("- " * 100_000, 1, "nested", None, id="deep-block"),
        pytest.param(DOCUMENT, 1, "'entries' is missing", None, id="no-entries"),
        pytest.param('entries: []\ndocument: {titel: "x"}\n', 2, "unknown key 'titel'", "'title'", id="key"),
        pytest.param(f"{DOCUMENT}entries: {{}}\n", 2, "entries must be a list", "[]", id="entries-mapping"),
        pytest.param(f"{DOCUMENT}entries:\n", 2, "not nothing", "[]", id="entries-null"),
        pytest.param(entry_with('kind: "modle"'), 5, "'modle'", "'model'", id="kind"),
        pytest.param(entry_with('kind: "zzz"'), 5, "'zzz'", "one of model, dataset", id="kind-unlike-any"),
        pytest.param(entry_with("kind: 3"), 5, "3", "one of model", id="kind-number"),
        pytest.param(
            entry_with('kind: "tool"\n    links:\n      - {role: "projekt", url: "a.b"}'),
            7,
            "'projekt'",
            "'project'",
            id="role",
        ),
        pytest.param(
            entry_with('kind: "tool"\n    links:\n      - {role: "project"}'),
            7,
            "'url' is missing",
            None,
            id="url",
        ),
        pytest.param(
            entry_with('kind: "tool"\n    links: [{role: "demo", url: "a.b", line: 0}]'),
            6,
            "0",
            None,
            id="line-0",
        ),
        pytest.param(
            entry_with('kind: "tool"\n    section: 3'), 6, "section: 3", "quotes", id="unquoted-number"
        ),
        pytest.param(
            entry_with('kind: "tool"\n    note: "a\\e[2J"'), 6, "note", "one line", id="escape-sequence"
        ),
        pytest.param(entry_with('kind: "tool"\n    note: "a\\n"'), 6, "note", "one line", id="line-break"),
        pytest.param(
            f'{DOCUMENT}entries: [{{id: "other/a", name: "A", kind: "tool"}}]',
            2,
            "'other/a'",
            "list/",
            id="prefix",
        ),
        pytest.param(
            f'{DOCUMENT}entries: [{{id: "list/a b", name: "A", kind: "tool"}}]',
            2,
            "'list/a b'",
            "list/",
            id="slug",
        ),
        pytest.param(
            f"{DOCUMENT}entries:\n" + '  - {id: "list/a", name: "A", kind: "tool"}\n' * 2,
            4,
            "'list/a' stands twice, first on line 3",
            None,
            id="duplicate-id",
        ),
        pytest.param(
            f'{DOCUMENT}entries: []\nexclusions:\n  - url: "a.b"\n    reason: "x"\n    until: "2031-02-30"\n',
            6,
            "'2031-02-30'",
            "2031-12-31",
            id="date",
        ),
        pytest.param(
            f'{DOCUMENT}entries: []\nexclusions: [{{url: "nohost", reason: "x"}}]',
            3,
            "'nohost'",
            None,
            id="exclusion",
        ),
        pytest.param(
            f'{DOCUMENT}entries: []\noverrides: [{{entry: "a/b", field: "stars", value: 1, reason: "x"}}]',
            3,
            "'stars'",
            "one of license",
            id="override-field",
        ),
        pytest.param(
            f'{DOCUMENT}entries: []\noverrides: [{{entry: "a/b", field: "license", value: 1, reason: "x"}}]',
            3,
            "1 is no license",
            "quotes",
            id="override-value",
        ),
    ],
)
def test_a_mistake_is_one_line_with_place_value_and_hint(
    tmp_path: Path, text: str | bytes, line: int, message: str, hint: str | None
) -> None:
    path = write_file(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        load_catalog([path])
    assert caught.value.where == f"{path}:{line}"
    assert message in caught.value.message
    assert hint is None or hint in (caught.value.hint or "")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


def test_all_mistakes_are_listed_by_line() -> None:
    text = f'{DOCUMENT}entries:\n  - id: "list/a"\n    kind: "x"\n    colour: "red"\n  - 3\n'
    file = parse_catalog(text.encode(), "list.yaml")
    assert [mistake.line for mistake in file.mistakes] == [3, 4, 5, 6]


def test_files_folders_and_globs_keep_their_order(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yml", "note.txt", "c.yaml"):
        write_file(tmp_path, SMALL, name)
    (tmp_path / "folder.yaml").mkdir()
    names = [Path(file).name for file in find_catalog_files([str(tmp_path / "c*.yaml"), str(tmp_path)])]
    assert names == ["c.yaml", "a.yml", "b.yaml"]
    assert find_catalog_files([]) == []


def test_a_file_named_with_glob_characters_is_a_file(tmp_path: Path) -> None:
    path = write_file(tmp_path, SMALL, "list[1].yaml")
    assert find_catalog_files([path]) == [path]


@pytest.mark.parametrize("path", ["none.yaml", "none*", "empty", ""])
def test_finding_nothing_names_the_path(tmp_path: Path, path: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError) as caught:
        find_catalog_files([str(tmp_path / "empty" / path) if path == "" else str(tmp_path / path)])
    assert str(tmp_path) in str(caught.value.where)


def test_two_documents_of_one_name_are_refused(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write_file(tmp_path / folder, SMALL)
    with pytest.raises(UsageError, match="second document named 'list'"):
        load_catalog([str(tmp_path / "one"), str(tmp_path / "two")])


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    os.symlink(tmp_path / "gone", tmp_path / "list.yaml")
    with pytest.raises(UsageError, match="cannot read the catalog file") as caught:
        load_catalog([str(tmp_path)])
    assert caught.value.where == str(tmp_path / "list.yaml")


def test_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    plain = load_catalog([write_file(tmp_path, SMALL)])
    assert load_catalog([write_file(tmp_path, "\ufeff" + SMALL.replace("\n", "\r\n"))]) == plain


# --- writing -------------------------------------------------------------------------------------

ONE_LINE = st.text(
    st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("\"\\'#:{}[],&*!|>%@` \u2028\ufeff😀中"),
    min_size=1,
).filter(lambda text: not any(0x7F <= ord(character) <= 0x9F for character in text))
ANY_TEXT = st.text(st.characters(codec="utf-8"))
MENTIONS = st.builds(
    Mention,
    url=ONE_LINE,
    raw=ANY_TEXT,
    role=st.sampled_from(Role),
    line=st.none() | st.integers(1, 10**9),
)
ENTRIES = st.lists(
    st.builds(
        Entry,
        id=st.from_regex(r"list/[\w.+-]{1,20}", fullmatch=True),
        name=ONE_LINE,
        kind=st.sampled_from(EntryKind),
        document=st.just("list"),
        section=ANY_TEXT,
        stated=st.builds(
            Stated, license=st.none() | ONE_LINE, parameters=st.lists(ONE_LINE, max_size=3).map(tuple)
        ),
        mentions=st.lists(MENTIONS, max_size=3).map(tuple),
        note=st.none() | ONE_LINE,
    ),
    max_size=3,
    unique_by=lambda entry: entry.id,
)
DOCUMENTS = st.builds(Document, name=st.just("list"), title=ONE_LINE, url=st.none() | ONE_LINE)
EXCLUSIONS = st.lists(
    st.builds(
        Exclusion,
        url=st.sampled_from(["https://example.com/", "https://github.com/a/b"]),
        reason=ONE_LINE,
        until=st.none() | st.dates(),
    ),
    max_size=2,
)
OVERRIDES = st.lists(
    st.builds(Override, entry=ONE_LINE, field=st.just("license"), value=ONE_LINE, reason=ONE_LINE)
    | st.builds(
        Override,
        entry=ONE_LINE,
        field=st.just("parameter_count"),
        value=st.integers(0, 10**15),
        reason=ONE_LINE,
    ),
    max_size=2,
)

SUPPRESSIONS = st.lists(
    st.builds(
        Suppression,
        entry=ONE_LINE,
        kind=st.sampled_from(FindingKind),
        reason=ONE_LINE,
        until=st.dates(),
        field=st.none() | ONE_LINE,
    ),
    max_size=2,
)


@given(DOCUMENTS, ENTRIES, EXCLUSIONS, OVERRIDES, ANY_TEXT, SUPPRESSIONS)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_what_is_written_is_read_again(
    document: Document,
    entries: list[Entry],
    exclusions: list[Exclusion],
    overrides: list[Override],
    header: str,
    suppressions: list[Suppression],
) -> None:
    text = format_catalog(document, entries, exclusions, overrides, header, suppressions)
    read = join_files([parse_catalog(text.encode(), "list.yaml")])
    assert read == Catalog(
        (document,), tuple(entries), tuple(exclusions), tuple(overrides), tuple(suppressions)
    )
    tree = json.loads(json.dumps(read_yaml(text)))
    jsonschema.Draft202012Validator(catalog_json_schema()).validate(tree)


def test_the_layout_is_stable_and_quoted(tmp_path: Path) -> None:
    catalog = load_catalog([write_file(tmp_path, SMALL)])
    path = tmp_path / "again" / "list.yaml"
    path.parent.mkdir()
    (path.parent / "catalog.schema.json").touch()
    write_catalog_file(
        path,
        catalog.documents[0],
        catalog.entries,
        catalog.exclusions,
        catalog.overrides,
        "Facts only.\n\nEnd.",
    )
    assert (
        path.read_text()
        == """\
# yaml-language-server: $schema=catalog.schema.json
# Facts only.
#
# End.

document:
  title: "A list"
  url: "https://example.com/list"

entries:
  - id: "list/alpha"
    name: "Alpha"
    kind: "model"
    section: "Models > Open"
    note: "joke"
    stated: {license: "MIT", parameters: ["7B", "13B"]}
    links:
      - {role: "project", url: "https://github.com/Made/Up", raw: "github.com/Made/Up", line: 3}
      - {role: "paper", url: "https://example.com/paper", raw: "https://example.com/paper"}

  - id: "list/beta"
    name: "Beta"
    kind: "tool"
    links: []

exclusions:
  - {url: "https://github.com/made/up", reason: "asked to", until: "2031-12-31"}

overrides:
  - {entry: "list/alpha", field: "license", value: "Apache-2.0", reason: "the card is old"}
  - {entry: "list/alpha", field: "parameter_count", value: 7000000000, reason: "counted"}
"""
    )
    assert load_catalog([str(path)]) == catalog


def test_without_header_the_file_begins_with_its_document(tmp_path: Path) -> None:
    path = tmp_path / "list.yaml"
    write_catalog_file(path, Document("list", "A list"), [])
    assert path.read_text() == 'document:\n  title: "A list"\n\nentries: []\n'


@pytest.mark.parametrize(
    "entry",
    [
        Entry("other/a", "A", EntryKind.TOOL, "list"),
        Entry("list/a", "two\nlines", EntryKind.TOOL, "list"),
        Entry("list/a", "\ud800", EntryKind.TOOL, "list"),
    ],
    ids=["prefix", "line-break", "surrogate"],
)
def test_nothing_is_written_that_would_not_load(tmp_path: Path, entry: Entry) -> None:
    path = Path(write_file(tmp_path, SMALL))
    with pytest.raises(UsageError):
        write_catalog_file(path, Document("list", "A list"), [entry])
    assert path.read_text() == SMALL
    assert list(tmp_path.iterdir()) == [path]


def test_the_schema_file_is_the_generated_one() -> None:
    assert json.loads(SCHEMA_FILE.read_text()) == catalog_json_schema()


@pytest.mark.parametrize(
    ("change", "fits"),
    [
        ({}, True),
        ({"entries": [{"id": "a/b"}]}, False),
        ({"colour": "red"}, False),
        ({"entries": None}, False),
    ],
    ids=["as-is", "keys-missing", "unknown-key", "null"],
)
def test_the_schema_judges_as_the_loader_does(change: dict[str, Any], fits: bool) -> None:
    tree = {**json.loads(json.dumps(read_yaml(SMALL))), **change}
    validator = jsonschema.Draft202012Validator(catalog_json_schema())
    validator.check_schema(catalog_json_schema())
    assert validator.is_valid(tree) is fits


def test_the_documented_suppressions_load() -> None:
    page = (Path(__file__).parent.parent / "docs" / "facts.md").read_text()
    example = page.partition("```yaml\n")[2].partition("```")[0]
    read = join_files([parse_catalog((SMALL + example).encode(), "list.yaml")])
    assert [each.kind for each in read.suppressions] == [FindingKind.ARCHIVED, FindingKind.LICENSE_CONFLICT]
    assert read.suppressions[1].field == "license.code"
