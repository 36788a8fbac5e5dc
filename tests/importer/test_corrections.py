"""Recorded corrections: applied in order, and never silently lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.errors import UsageError
from crawler.importer import import_document
from crawler.importer.corrections import corrections_path, read_corrections
from crawler.records import Entry

DOCUMENT = """# List
## Tools
### Foo and Bar
- https://github.com/o/foo
- https://github.com/o/bar
### Baz
- https://site.org/baz
- https://site.org/baz
"""


def corrected(tmp_path: Path, steps: str) -> dict[str, Entry]:
    path = tmp_path / "corrections.yaml"
    path.write_text(steps, encoding="utf-8")
    _, entries = import_document(DOCUMENT, name="list", corrections=read_corrections(path))
    return {entry.id.removeprefix("list/"): entry for entry in entries}


def urls(entry: Entry) -> list[str]:
    return [mention.url.rsplit("/", 1)[1] for mention in entry.mentions]


def test_split_and_rename(tmp_path: Path) -> None:
    entries = corrected(
        tmp_path,
        """steps:
  - entry: "foo-and-bar"
    rename: "Foo"
    kind: "model"
    parameters: ["7B"]
    note: "withdrawn"
    split: [{name: "Bar", links: ["https://github.com/o/bar"]}]
    reason: "two things"
""",
    )
    assert list(entries) == ["foo", "bar", "baz"]
    assert (urls(entries["foo"]), urls(entries["bar"])) == (["foo"], ["bar"])
    foo = entries["foo"]
    assert (str(foo.kind), foo.stated.parameters, foo.note) == ("model", ("7B",), "withdrawn")


def test_move_merge_roles_and_lines(tmp_path: Path) -> None:
    entries = corrected(
        tmp_path,
        """title: "Better"
steps:
  - {entry: "baz", roles: {"https://site.org/baz@7": "demo"}, reason: "r"}
  - {entry: "baz", move: {"https://site.org/baz@8": "foo-and-bar"}, reason: "r"}
  - entry: "baz"
    add_links: [{url: "https://new.org/x", role: "paper"}]
    reason: "r"
  - {entry: "foo-and-bar", remove_links: ["https://github.com/o/foo"], reason: "r"}
""",
    )
    assert urls(entries["foo-and-bar"]) == ["bar", "baz"]
    assert [(str(m.role), m.line) for m in entries["baz"].mentions] == [("demo", 7), ("paper", None)]
    merged = corrected(tmp_path, 'steps: [{entry: "baz", merge_into: "foo-and-bar", reason: "r"}]')
    assert urls(merged["foo-and-bar"]) == ["foo", "bar", "baz", "baz"]
    assert list(merged) == ["foo-and-bar"]


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ('steps: [{entry: "gone", reason: "r", kind: "model"}]', "list/gone"),
        ('steps: [{entry: "baz", reason: "r", remove_links: ["https://x.org/"]}]', "https://x.org/"),
        ('steps: [{entry: "baz", reason: "r", slug: "foo-and-bar"}]', "is taken"),
        ('steps: [{entry: "baz"}]', "reason"),
        ('steps: [{entry: "baz", reason: "r", kinds: "model"}]', "kinds"),
        ("steps: [", "corrections.yaml:"),
    ],
    ids=["no such entry", "no such link", "id taken", "no reason", "unknown key", "no YAML"],
)
def test_a_correction_that_does_not_fit_is_an_error(tmp_path: Path, steps: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        corrected(tmp_path, steps)
    assert message in str(caught.value)


def test_no_file_no_corrections(tmp_path: Path) -> None:
    path = corrections_path(tmp_path / "list.yaml")
    assert path == tmp_path / "corrections" / "list.yaml"
    assert read_corrections(path).steps == ()
