"""Exported rows as text, piece by piece: one JSON document, JSON Lines or CSV, keys sorted."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from crawler.escape import for_csv
from crawler.records import TargetKind
from crawler.report.export_schema import fact_fields
from crawler.report.export_types import (
    SCHEMA_VERSION,
    ExportedEntry,
    ExportedHealth,
    ExportedLine,
    ExportedLink,
    ExportedMentionInLine,
    ExportedObserved,
    ExportedRun,
    ExportedStated,
    ExportedTarget,
)

ENTRY_COLUMNS: Final = ("id", "name", "kind", "document", "section")
MENTION_COLUMNS: Final = ("link", "role", "raw", "line")
FACT_COLUMNS: Final = tuple(dict.fromkeys(field for kind in TargetKind for field in fact_fields(kind)[:-1]))

CSV_COLUMNS: Final = (
    *ENTRY_COLUMNS,
    *(f"stated.{name}" for name in ExportedStated.__struct_fields__),
    *(f"observed.{name}" for name in ExportedObserved.__struct_fields__),
    "findings",
    *MENTION_COLUMNS,
    *(f"target.{name}" for name in ExportedTarget.__struct_fields__),
    *(f"health.{name}" for name in ExportedHealth.__struct_fields__),
    *(f"facts.{name}" for name in (*FACT_COLUMNS, "observed_at")),
)
"""Dotted names follow the shape of a line of JSON Lines; `findings` holds the kinds of the open ones."""


ENCODER: Final = msgspec.json.Encoder(order="sorted")


def to_json(value: object) -> str:
    """Compact JSON, keys sorted."""
    return ENCODER.encode(value).decode()


def json_document(
    run: ExportedRun | None,
    entries: Iterable[ExportedEntry],
    links: Iterable[ExportedLink],
    generated_at: str,
) -> Iterator[str]:
    """One JSON object, one entry or link a line; nothing is held but the row in hand."""
    yield '{"entries":['
    yield from _array_items(entries)
    yield f'],\n"generated_at":{to_json(generated_at)},\n"links":['
    yield from _array_items(links)
    yield f'],\n"run":{to_json(run)},\n"schema_version":{to_json(SCHEMA_VERSION)}}}\n'


def _array_items(rows: Iterable[Struct]) -> Iterator[str]:
    separator = "\n"
    for row in rows:
        yield separator + to_json(row)
        separator = ",\n"


def json_lines(lines: Iterable[ExportedLine]) -> Iterator[str]:
    """One entry a line."""
    for line in lines:
        yield to_json(line) + "\n"


def csv_table(lines: Iterable[ExportedLine]) -> Iterator[str]:
    """RFC 4180: a header, then one row per entry and link; an entry without links has one row."""
    pipe = _Pipe()
    writer = csv.writer(pipe)
    writer.writerow(CSV_COLUMNS)
    yield pipe.text
    for row in table_rows(lines):
        writer.writerow([_cell(value) for value in row])
        yield pipe.text


def table_rows(lines: Iterable[ExportedLine]) -> Iterator[list[Any]]:
    """Values in the order of CSV_COLUMNS, one row per entry and link; an entry without links has one row."""
    for line in lines:
        for mention in line.links or (None,):
            yield _table_row(line, mention)


class _Pipe:
    """What `csv` takes for a file: keeps the text of the latest row."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


def _table_row(line: ExportedLine, mention: ExportedMentionInLine | None) -> list[Any]:
    cells = [
        *_fields(line, ENTRY_COLUMNS),
        *_fields(line.stated, ExportedStated.__struct_fields__),
        *_fields(line.observed, ExportedObserved.__struct_fields__),
        [finding.kind.value for finding in line.findings],
    ]
    if mention is not None:
        cells += _fields(mention, MENTION_COLUMNS)
        cells += _fields(mention.target, ExportedTarget.__struct_fields__)
        cells += _fields(mention.health, ExportedHealth.__struct_fields__)
        cells += [mention.facts.get(name) for name in (*FACT_COLUMNS, "observed_at")]
    else:
        cells += [None] * (len(CSV_COLUMNS) - len(cells))
    return cells


def _fields(row: Struct, names: Sequence[str]) -> list[Any]:
    return [getattr(row, name) for name in names]


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return for_csv(value)
        case int() | float():
            return str(value)
        case list() | tuple() if all(isinstance(item, str) for item in value):
            return for_csv("; ".join(value))
    return for_csv(to_json(value))
