"""Semantic versioning of the export's schema, against the stored one; and lines that stream."""

from __future__ import annotations

import copy
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from crawler.records import Catalog, Document, Entry, EntryKind, Mention, Role
from crawler.report.export import export_catalog
from crawler.report.export_schema import export_json_schema
from crawler.report.export_types import SCHEMA_VERSION
from tests.report.conftest import ALPACA, Nights, missing, saw

STORED = Path(__file__).with_name("export-1.0.schema.json")
"""The schema of the version before; replaced by a copy when a version is released."""


def list_breaks(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """What a reader of the old shape would stumble over: keys that went, other types, new nulls."""
    definitions = {"Export": (old, new)} | {
        name: (shape, new["$defs"].get(name)) for name, shape in old["$defs"].items()
    }
    for name, (before, after) in definitions.items():
        if after is None:
            yield f"{name} is gone"
            continue
        yield from (f"{name}.{key} may be absent" for key in _required(before) - _required(after))
        for key, value in before.get("properties", {}).items():
            if key not in after.get("properties", {}):
                yield f"{name}.{key} is gone"
            elif more := _types(after["properties"][key]) - _types(value):
                yield f"{name}.{key} may be {', '.join(sorted(more))}"


def list_additions(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """Keys and values of enumerations that the old shape has not."""
    if isinstance(new, dict):
        for key, value in new.items():
            if key in {"description", "title", "$comment", "required", "const"}:
                continue
            known = isinstance(old, dict) and key in old
            if not known or key == "enum":
                gained = set(map(str, value)) - set(map(str, old.get("enum", ()))) if known else {key}
                yield from (f"{path}/{each}" for each in sorted(gained))
            else:
                yield from list_additions(old[key], value, f"{path}/{key}")


def _required(shape: dict[str, Any]) -> set[str]:
    return set(shape.get("required", ()))


def _types(value: dict[str, Any]) -> set[str]:
    if "anyOf" in value:
        return {each for part in value["anyOf"] for each in _types(part)}
    if "$ref" in value:
        return {value["$ref"]}
    told = value.get("type", "anything")
    return set(told) if isinstance(told, list) else {told}


def stored() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(STORED.read_text())
    return schema


def version_of(schema: dict[str, Any]) -> str:
    values: list[str] = schema["properties"]["schema_version"]["enum"]
    return values[0]


def test_the_version_says_what_changed() -> None:
    old, new = stored(), export_json_schema()
    major, minor = map(int, version_of(old).split("."))
    now = tuple(map(int, SCHEMA_VERSION.split(".")))
    assert version_of(new) == SCHEMA_VERSION
    if breaks := list(list_breaks(old, new)):
        assert now[0] > major, breaks
    elif additions := list(list_additions(old, new)):
        assert now > (major, minor), f"{additions}: raise the minor number, or store the unreleased schema"


def _lose_a_key(schema: dict[str, Any]) -> None:
    del schema["$defs"]["ExportedHealth"]["properties"]["strikes"]


def _let_it_be_null(schema: dict[str, Any]) -> None:
    schema["$defs"]["ExportedHealth"]["properties"]["strikes"] = {"type": ["integer", "null"]}


def _let_it_be_absent(schema: dict[str, Any]) -> None:
    schema["$defs"]["ExportedEntry"]["required"].remove("name")


@pytest.mark.parametrize("change", [_lose_a_key, _let_it_be_null, _let_it_be_absent])
def test_a_break_is_noticed(change: Any) -> None:
    new = copy.deepcopy(stored())
    assert list(list_breaks(stored(), new)) == list(list_additions(stored(), new)) == []
    change(new)
    assert len(list(list_breaks(stored(), new))) == 1


def test_an_addition_is_noticed_and_breaks_nothing() -> None:
    new = copy.deepcopy(stored())
    new["$defs"]["ExportedEntry"]["properties"]["more"] = {"type": "string"}
    new["$defs"]["State"]["enum"].append("asleep")
    assert list(list_breaks(stored(), new)) == []
    assert len(list(list_additions(stored(), new))) == 2


def test_an_export_of_today_reads_by_the_stored_schema(nights: Nights) -> None:
    nights.pass_night(saw(ALPACA, facts={"license": "MIT", "stars": 7}))
    nights.pass_night(missing(ALPACA))
    whole = json.loads("".join(export_catalog(nights.config, "json", as_of=None)))
    jsonschema.Draft202012Validator(stored()).validate(whole | {"schema_version": version_of(stored())})


@pytest.mark.parametrize("format_name", ["jsonl", "csv", "json"])
def test_memory_is_flat(nights: Nights, format_name: str) -> None:
    few, many = (_peak(nights, format_name, count) for count in (400, 1_000))
    assert many < few + 300_000, (few, many)


def _peak(nights: Nights, format_name: str, count: int) -> int:
    """The most bytes that an export of so many entries holds at once; each of them has 1 kB of text."""
    nights.catalog = Catalog(
        (Document("many", "Many"),),
        tuple(
            Entry(
                f"many/{number:05}",
                f"{number} {'x' * 1_000}",
                EntryKind.TOOL,
                "many",
                mentions=(Mention(f"https://a.example/{number}", "x", Role.PROJECT),),
            )
            for number in range(count)
        ),
    )
    with nights.open() as store:
        store.begin_run(nights.catalog, nights.now)
    tracemalloc.start()
    written = sum(len(piece) for piece in export_catalog(nights.config, format_name, as_of=None))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert written > count * 1_000
    return peak
