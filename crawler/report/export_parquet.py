"""An export as Parquet: the table of the CSV with types. Needs the extra `crawler[parquet]`."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from crawler.config import Config
from crawler.errors import UsageError
from crawler.report.export import export_line
from crawler.report.export_formats import CSV_COLUMNS, table_rows, to_json
from crawler.report.export_types import SCHEMA_VERSION
from crawler.report.output import write_file
from crawler.report.reading import choose_run, reading

ROWS_AT_ONCE: Final = 5_000
"""Rows of a row group, and all that is held in memory."""
# By the last part of a column's name; every other column is text, times as in the JSON.
INTEGERS: Final = frozenset(
    ("line", "http_status", "strikes", "stars", "forks", "likes", "downloads", "parameter_count")
)
BOOLEANS: Final = frozenset(("archived", "disabled", "fork", "withdrawn"))
LISTS: Final = frozenset(("findings", "parameters", "topics", "authors", "base_models", "arxiv_ids"))


def export_parquet(config: Config, output: Path | None, *, as_of: str | None) -> None:
    """Write the table, atomically. Raises UsageError without the extra or without a file to write to."""
    if output is None:
        raise UsageError("parquet is no text for a terminal", hint="name a file: --output catalog.parquet")
    try:
        import pyarrow as arrow  # noqa: PLC0415  an extra
    except ImportError as error:
        raise UsageError("parquet needs pyarrow", hint="pip install 'crawler[parquet]'") from error
    schema = arrow.schema(
        [(column, _type_of(arrow, column)) for column in CSV_COLUMNS],
        metadata={"crawler.schema_version": SCHEMA_VERSION},
    )
    with reading(config) as history:
        run = choose_run(history, as_of)
        lines = (export_line(*each) for each in history.entries_with_links(run))
        write_file(_parquet_bytes(arrow, schema, table_rows(lines)), output)


def _parquet_bytes(arrow: ModuleType, schema: Any, rows: Iterable[list[Any]]) -> Iterator[bytes]:
    from pyarrow import parquet  # noqa: PLC0415

    pipe = _Pipe()
    with parquet.ParquetWriter(pipe, schema) as writer:
        for columns in _column_batches(rows):
            writer.write_table(arrow.table(columns, schema=schema))
            yield pipe.take()
    yield pipe.take()


class _Pipe(io.RawIOBase):
    """What pyarrow takes for a file: keeps what was written since it was last taken."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._position += len(part)
        return len(part)

    def take(self) -> bytes:
        taken, self._parts = b"".join(self._parts), []
        return taken


def _column_batches(rows: Iterable[list[Any]]) -> Iterator[dict[str, list[Any]]]:
    remaining = iter(rows)
    while batch := list(islice(remaining, ROWS_AT_ONCE)):
        values = zip(*batch, strict=True)
        yield {name: [_fit(name, value) for value in column] for name, column in _named(values)}


def _named(columns: Iterable[tuple[Any, ...]]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    return zip(CSV_COLUMNS, columns, strict=True)


def _type_of(arrow: ModuleType, column: str) -> Any:
    name = column.rpartition(".")[2]
    if name in INTEGERS:
        return arrow.int64()
    if name in BOOLEANS:
        return arrow.bool_()
    return arrow.list_(arrow.string()) if name in LISTS else arrow.string()


def _fit(column: str, value: Any) -> Any:
    """A value as its column has it; what a host tells in another type than expected is left out."""
    name = column.rpartition(".")[2]
    if value is None:
        return None
    if name in BOOLEANS:
        return value if isinstance(value, bool) else None
    if name in INTEGERS:
        return value if isinstance(value, int) and not isinstance(value, bool) else None
    if name in LISTS:
        return [str(item) for item in value] if isinstance(value, list | tuple) else None
    return str(value) if isinstance(value, str) else to_json(value)
