"""Reading names, connections, proposals and changes: rows of the views of graph_tables as plain values."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from crawler.store.times import optional_to_time, text_to_time

Query: TypeAlias = Callable[[str, Sequence[Any] | dict[str, Any]], Iterator[sqlite3.Row]]

MOST_CANDIDATES: Final = 3
"""More things than these for one leg of an entry are no proposal but a search result."""


@dataclass(frozen=True, slots=True)
class Alias:
    """A name of a thing; `told_by` its host or the catalog. Without `until` it holds still."""

    name: str
    told_by: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Connection:
    """One thing (`url`) says in `source` that another (`to_url`) is its paper, code, model, … (`leg`)."""

    url: str
    to_url: str
    leg: str
    source: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Proposal:
    """A link that an entry lacks: `told_by` is the thing that names it, or is named by what the entry has."""

    entry_id: str
    leg: str
    url: str
    sources: tuple[str, ...]
    told_by: str


@dataclass(frozen=True, slots=True)
class LinkChange:
    """What changed of a link in a run: `kind` as in the view `changes`, both values and who told each."""

    run_id: int
    kind: str
    url: str
    before: str | None
    after: str | None
    detail: str | None
    source_before: str | None
    source_after: str | None
    observed_at: datetime


class Graph:
    """The present of a History, as things that know each other."""

    def __init__(self, query: Query) -> None:
        self._query = query

    def aliases(self, url: str) -> list[Alias]:
        """Every name a link's thing is known to have had, the oldest first."""
        rows = self._query(
            "SELECT name, told_by, since, until FROM aliases WHERE url = ? ORDER BY since, told_by", [url]
        )
        return [
            Alias(row["name"], row["told_by"], text_to_time(row["since"]), optional_to_time(row["until"]))
            for row in rows
        ]

    def connections(self, url: str) -> list[Connection]:
        """What a link says of others and others say of it."""
        rows = self._query(
            "SELECT url, to_url, leg, source, since FROM connections WHERE url = :url OR to_url = :url"
            " ORDER BY url <> :url, leg, url, to_url, source",
            {"url": url},
        )
        return [
            Connection(row["url"], row["to_url"], row["leg"], row["source"], text_to_time(row["since"]))
            for row in rows
        ]

    def proposals(self, entry_ids: Sequence[str] | None = None) -> Iterator[Proposal]:
        """Links that entries lack, by entry; of all entries unless some are named."""
        rows = self._query(
            "SELECT entry, leg, url, sources, told_by FROM proposed_links WHERE candidates <= ?"
            " ORDER BY entry, leg, url",
            [MOST_CANDIDATES],
        )
        for row in rows:
            if entry_ids is None or row["entry"] in entry_ids:
                sources = tuple(sorted(row["sources"].split(",")))
                yield Proposal(row["entry"], row["leg"], row["url"], sources, row["told_by"])

    def changes(self, run_id: int | None = None) -> Iterator[LinkChange]:
        """What changed in a run, or in all of them, by run, link and kind."""
        rows = self._query(
            "SELECT * FROM changes WHERE :run IS NULL OR run_id = :run ORDER BY run_id, url, kind",
            {"run": run_id},
        )
        for row in rows:
            yield LinkChange(
                run_id=row["run_id"],
                kind=row["kind"],
                url=row["url"],
                before=row["before"],
                after=row["after"],
                detail=row["detail"],
                source_before=row["source_before"],
                source_after=row["source_after"],
                observed_at=text_to_time(row["observed_at"]),
            )
