"""Documents to entries: what is one, what it is called, what stands at it. All documents are made up."""

from __future__ import annotations

from crawler.importer import import_document
from crawler.importer.corrections import Corrections
from crawler.records import Entry, EntryKind, Role

DOCUMENT = """---
title: My models
url: https://github.com/me/list
---

# Models of mine

[![stars](https://img.shields.io/github/stars/me/list)](https://github.com/me/list/stargazers)

## 模型

### Foo-7B （更新于2023年5月1日）

Foo是一个开源模型，具有 62 亿参数，训练了1.5万亿token，采用Apache-2.0协议。地址：https://github.com/o/foo

### Silent

Nothing to follow here.

### Bar

- https://huggingface.co/o/bar-13b
- https://arxiv.org/abs/2305.00001

## 数据

| 数据 | 机构 | license | 大小 |
| --- | --- | --- | --- |
| [D1](https://huggingface.co/datasets/o/d1) | [o](https://github.com/o) | CC-BY-4.0 | |
| D2 | | - | |
| | | | |

## 工具

- [Tool](https://github.com/o/tool): makes things
- Planned: nothing yet
- 【P0】[Local](http://127.0.0.1:8000/docs)

Steps to do:

1. think
2. write

## Star History

[![c](https://api.star-history.com/svg?repos=me/list)](https://star-history.com/#me/list)
"""


def read(text: str = DOCUMENT) -> dict[str, Entry]:
    _, entries = import_document(text, name="mine", source_name="list.md")
    return {entry.id.removeprefix("mine/"): entry for entry in entries}


def line_of(words: str) -> int:
    return DOCUMENT[: DOCUMENT.index(words)].count("\n") + 1


def test_document_describes_itself() -> None:
    document, _ = import_document(DOCUMENT, name="mine")
    assert (document.name, document.title, document.url) == (
        "mine",
        "My models",
        "https://github.com/me/list",
    )
    told, _ = import_document(DOCUMENT, name="mine", title="T", url="https://t.org/")
    assert (told.title, told.url) == ("T", "https://t.org/")


def test_entries_are_what_a_reader_would_call_one() -> None:
    assert list(read()) == ["foo-7b", "silent", "bar", "d1", "d2", "tool", "planned", "local", "document"]


def test_kinds_sections_and_stated_facts() -> None:
    entries = read()
    assert [str(entry.kind) for entry in entries.values()] == [
        "model", "model", "model", "dataset", "dataset", "tool", "tool", "tool", "page",
    ]  # fmt: skip
    foo = entries["foo-7b"]
    assert (foo.name, foo.section) == ("Foo-7B", "Models of mine > 模型")
    assert foo.stated.parameters == ("7B", "62亿")
    assert foo.stated.license == "Apache-2.0"
    assert entries["d1"].stated.license == "CC-BY-4.0"
    assert entries["d2"].stated.license is None


def test_links_stand_at_their_entry() -> None:
    entries = read()
    assert [(m.url, m.role, m.line) for m in entries["bar"].mentions] == [
        ("https://huggingface.co/o/bar-13b", Role.PROJECT, line_of("o/bar-13b")),
        ("https://arxiv.org/abs/2305.00001", Role.PAPER, line_of("2305.00001")),
    ]
    assert [m.role for m in entries["d1"].mentions] == [Role.PROJECT, Role.ORG]
    assert entries["d2"].mentions == ()
    assert [m.url for m in entries["local"].mentions] == ["http://127.0.0.1:8000/docs"]
    assert [(m.role, m.line) for m in entries["document"].mentions] == [
        (Role.PROJECT, 3),
        (Role.BADGE, 8),
        (Role.BADGE, 8),
        (Role.BADGE, line_of("star-history.com")),
        (Role.BADGE, line_of("star-history.com")),
    ]


def test_same_names_get_ids_of_their_own() -> None:
    text = (
        "## A\n- [Foo: one](https://a.org/1)\n- [Foo: two](https://a.org/2)\n- [模型 名](https://a.org/3)\n"
    )
    assert list(read(text)) == ["foo", "foo-2", "模型-名"]


def test_facts_only_no_sentences() -> None:
    names = [entry.name for entry in read().values()]
    assert max(map(len, names)) < 30
    assert all(entry.kind is not EntryKind.OTHER for entry in read().values())


def test_numbering_goes_and_numbers_stay() -> None:
    text = "## 1.2 模型\n- [0.5M+1M pairs](https://a.org/1)\n- [2.1 Foo](https://a.org/2)\n- [3.2、Bar](https://a.org/3)\n"
    assert [entry.name for entry in read(text).values()] == ["0.5M+1M pairs", "Foo", "Bar"]


def test_a_cell_that_only_says_license_states_none() -> None:
    text = (
        "| Model | license |\n| --- | --- |\n"
        "| [A](https://github.com/o/a) | [LICENSE](https://github.com/o/a/blob/main/LICENSE) |\n"
        "| [B](https://github.com/o/b) | [MIT license](https://github.com/o/b/blob/main/LICENSE) |\n"
    )
    assert [entry.stated.license for entry in read(text).values()] == [None, "MIT license"]


def test_damaged_words_are_repaired_before_anything_is_read_from_them() -> None:
    text = "# List\n\n## 数\ufffd\n\n- [Foo\ufffd](https://a.org/1): words\n"
    corrections = Corrections(repairs={"数\ufffd": "数据", "Foo\ufffd": "Food"})
    _, entries = import_document(text, name="mine", corrections=corrections)
    assert [(entry.id, entry.name, entry.kind, entry.section) for entry in entries] == [
        ("mine/food", "Food", EntryKind.DATASET, "List > 数据")
    ]


def test_control_characters_in_an_address_are_not_meant() -> None:
    entry = read("# L\n\n## Tools\n\n- [Foo](https://github.com/o/f\x00oo): words\n")["foo"]
    assert [mention.url for mention in entry.mentions] == ["https://github.com/o/foo"]
