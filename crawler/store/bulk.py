"""Many rows into a table at once.

SQLite takes a row of a long VALUES list in half the time of a statement of its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, Final

import msgspec

VARIABLES: Final = 900
"""In one statement; an old SQLite takes 999."""


def insert_rows(
    connection: sqlite3.Connection, into: str, values: str, rows: Sequence[Sequence[Any]], after: str = ""
) -> None:
    """`into` VALUES `values`, … `after`, for all rows in their order; `values` is one row's `(?, …)`."""
    insert_values(connection, into, values, list(chain.from_iterable(rows)), after)


def insert_values(
    connection: sqlite3.Connection, into: str, values: str, told: Sequence[Any], after: str = ""
) -> None:
    """The same of rows that come one after the other in one list: no tuple is made for each."""
    width = values.count("?")
    group = VARIABLES // width * width
    whole = len(told) - len(told) % group
    if whole:
        statement = f"{into} VALUES {', '.join([values] * (group // width))} {after}"
        connection.executemany(statement, (told[start : start + group] for start in range(0, whole, group)))
    if whole < len(told):
        rest = (told[start : start + width] for start in range(whole, len(told), width))
        connection.executemany(f"{into} VALUES {values} {after}", rest)


def as_list(values: Iterable[Any]) -> str:
    """Ids or texts as the JSON list that `json_each` reads."""
    return msgspec.json.encode(values).decode()
