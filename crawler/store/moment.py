"""One moment of a database, and its runs: what opens a history, and when things were.

What was known then is for history.py.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from crawler.errors import UsageError
from crawler.records import Run
from crawler.store.as_of import parse_when
from crawler.store.connect import connect_read_only, explained
from crawler.store.rows import row_to_run
from crawler.store.tables import MADE_UP


class Moment:
    """A reader's view of one moment. Close it soon: while it is open the write-ahead log cannot shrink."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    @classmethod
    def open(cls, path: Path) -> Self:
        """Raises UnableError when there is no database of ours, or it cannot be read."""
        connection = connect_read_only(path)
        connection.execute("BEGIN")
        return cls(connection, path)

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def made_up(self) -> bool:
        """Whether nobody observed any of this: a demo's database."""
        return any(self._query("SELECT 1 FROM _settings WHERE key = ?", [MADE_UP]))

    # --- runs ---

    def latest_run(self) -> Run | None:
        return next(self.runs(), None)

    def runs(self) -> Iterator[Run]:
        """All runs, the latest first."""
        for row in self._query("SELECT * FROM runs WHERE id > 0 ORDER BY id DESC"):
            yield row_to_run(row)

    def run_before(self, run: Run) -> Run | None:
        """The run that came before."""
        rows = self._query("SELECT * FROM runs WHERE id > 0 AND id < ? ORDER BY id DESC LIMIT 1", [run.id])
        return next((row_to_run(row) for row in rows), None)

    def summary_of(self, run: Run) -> dict[str, Any]:
        """What the run said of itself when it ended; empty for one that did not end by itself."""
        for row in self._query("SELECT summary FROM runs WHERE id = ?", [run.id]):
            summary: dict[str, Any] = json.loads(row["summary"])
            return summary
        return {}

    def run_as_of(self, when: str) -> Run:
        """What `--as-of` means: a run's id, or the latest run begun by a time or by the end of a UTC day.

        Raises UsageError when there is no such run.
        """
        condition, value = parse_when(when)
        rows = self._query(
            f"SELECT * FROM runs WHERE id > 0 AND {condition} ORDER BY id DESC LIMIT 1", [value]
        )
        for row in rows:
            return row_to_run(row)
        first = next(iter(self._query("SELECT * FROM runs WHERE id > 0 ORDER BY id LIMIT 1")), None)
        raise UsageError(
            f"no run as of {when!r}",
            where=str(self._path),
            hint="nothing has been crawled yet"
            if first is None
            else f"the first run, {first['id']}, began at {first['started_at']}",
        )

    # --- questions ---

    def _is_present(self, run_id: int) -> bool:
        """Whether nothing has been recorded after that run: the health table then is the answer."""
        return run_id >= self._latest_run_id

    @cached_property
    def _latest_run_id(self) -> int:
        return max(
            (int(row["id"]) for row in self._query("SELECT max(id) AS id FROM runs") if row["id"]), default=0
        )

    def _query(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> Iterator[sqlite3.Row]:
        with explained(self._path):
            # No `yield from`: a reader who leaves early would close the cursor after its connection.
            for row in self._connection.execute(sql, parameters):  # noqa: UP028
                yield row
