"""Many rows into a table at once.

SQLite takes a row of a long VALUES list in half the time of a statement of its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, Final

import msgspec

GROUP: Final = 50
"""Rows a statement; with ten columns well below the 999 variables of an old SQLite."""


def insert_rows(
    connection: sqlite3.Connection, into: str, values: str, rows: Sequence[Sequence[Any]], after: str = ""
) -> None:
    """`into` VALUES `values`, … `after`, for all rows in their order; `values` is one row's `(?, …)`."""
    whole = len(rows) - len(rows) % GROUP
    if whole:
        statement = f"{into} VALUES {', '.join([values] * GROUP)} {after}"
        groups = (list(chain.from_iterable(rows[start : start + GROUP])) for start in range(0, whole, GROUP))
        connection.executemany(statement, groups)
    if whole < len(rows):
        connection.executemany(f"{into} VALUES {values} {after}", rows[whole:])


def as_list(values: Iterable[Any]) -> str:
    """Ids or texts as the JSON list that `json_each` reads."""
    return msgspec.json.encode(values).decode()
