"""`crawler.open`: what a database knows, for programs. The rows are those of the export, as typed values."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

from crawler.records import Run
from crawler.report.export import export_line, export_link, export_run
from crawler.report.export_types import ExportedLine, ExportedLink, ExportedRun
from crawler.store.graph import LinkChange, Proposal
from crawler.store.history import History

AsOf: TypeAlias = str | int | date | datetime | None
"""A run's number, a day (its end in UTC), a time, or the text of one; None is now."""


class Reader:
    """One moment of a database, also beside a running crawl. A context manager; close it soon.

    Rows come one at a time, in one order for ever. Raises UnableError for what is no database of ours and
    UsageError where there was no run as of then.
    """

    def __init__(self, history: History) -> None:
        self._history = history

    @classmethod
    def open(cls, path: Path) -> Self:
        return cls(History.open(path))

    def close(self) -> None:
        self._history.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def runs(self) -> Iterator[ExportedRun]:
        """All runs, the latest first."""
        yield from map(export_run, self._history.runs())

    def entries(self, as_of: AsOf = None) -> Iterator[ExportedLine]:
        """Entries with what is known of their links, by id: the lines of `--format jsonl`."""
        for entry, links in self._history.entries_with_links(self._run(as_of)):
            yield export_line(entry, links)

    def links(self, as_of: AsOf = None) -> Iterator[ExportedLink]:
        """Each link of the catalog once, by URL."""
        yield from map(export_link, self._history.links(self._run(as_of)))

    def changes(self, run: AsOf = None) -> Iterator[LinkChange]:
        """What changed in a run (default: in all of them), by run, link and kind."""
        found = self._run(run)
        yield from self._history.graph.changes(None if found is None else found.id)

    def proposals(self) -> Iterator[Proposal]:
        """The paper, code or model that an entry lacks and one of its links knows of."""
        yield from self._history.graph.proposals()

    def _run(self, as_of: AsOf) -> Run | None:
        if as_of is None:
            return None
        return self._history.run_as_of(as_of.isoformat() if isinstance(as_of, date) else str(as_of))
