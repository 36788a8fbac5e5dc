"""Reading names, connections, proposals and changes: rows of the views of graph_tables as plain values."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from crawler.store.graph_tables import LEG
from crawler.store.times import optional_to_time, text_to_time

Query: TypeAlias = Callable[[str, Sequence[Any] | dict[str, Any]], Iterator[sqlite3.Row]]

MOST_CANDIDATES: Final = 3
"""More things than these for one leg of an entry are no proposal but a search result."""


# The views `aliases` and `connections` for one link: by its id, for they would read all facts of all links.
ALIASES_OF: Final = """
    SELECT json_extract(facts.value, '$') AS name, 'host' AS told_by, facts.observed_at AS since,
        lead(facts.observed_at) OVER (ORDER BY facts.run_id) AS until
    FROM facts
    WHERE facts.link_id = (SELECT id FROM links WHERE url = :url) AND facts.field IN ('full_name', 'login')
    UNION ALL
    SELECT CASE links.kind WHEN 'github_path' THEN substr(links.name, 1, instr(links.name, ':') - 1)
            ELSE links.name END,
        'catalog', runs.started_at,
        CASE WHEN links.stranger IS NOT NULL THEN (SELECT max(events.observed_at) FROM events
            WHERE events.link_id = links.id AND events.kind = 'name-reused') END
    FROM links JOIN runs ON runs.id = links.first_run_id
    WHERE links.url = :url AND links.host_id IS NOT NULL
    ORDER BY since, told_by
"""

POINTERS_OF: Final = f"""
    SELECT links.url, pointers.url AS to_url, {LEG.format("pointers.kind")} AS leg, pointers.source,
        runs.started_at AS since
    FROM pointers
    JOIN links ON links.id = pointers.link_id
    JOIN runs ON runs.id = pointers.from_run_id
    WHERE pointers.until_run_id IS NULL
        AND (pointers.link_id = (SELECT id FROM links WHERE url = :url) OR pointers.url = :url)
"""

TAGS: Final = (
    ("arxiv_ids", "https://arxiv.org/abs/", "paper"),
    ("base_models", "https://huggingface.co/", "base-model"),
)
"""Facts of the Hub's models that name other things: the field, the start of their URL, the leg."""
TAGGING: Final = ("huggingface_model", "huggingface_dataset", "huggingface_space")
TAGGED_PREFIXES: Final = tuple(prefix for _, prefix, _ in TAGS)


def _tags_where(condition: str) -> str:
    return " UNION ALL ".join(
        f"""
        SELECT links.url, '{prefix}' || told.value AS to_url, '{leg}' AS leg, 'huggingface-tags' AS source,
            facts.observed_at AS since
        FROM links CROSS JOIN facts ON facts.link_id = links.id AND facts.field = '{field}'
        CROSS JOIN json_each(facts.value) AS told
        WHERE {condition} AND facts.run_id = (SELECT max(later.run_id) FROM facts AS later
            WHERE later.link_id = facts.link_id AND later.field = facts.field)
        """
        for field, prefix, leg in TAGS
    )


TOLD_BY: Final = _tags_where("links.url = :url")
TOLD_OF: Final = f"""
    SELECT * FROM ({_tags_where(f"links.kind IN {TAGGING!r} AND links.url != :url")}) WHERE to_url = :url
"""


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
        return [
            Alias(row["name"], row["told_by"], text_to_time(row["since"]), optional_to_time(row["until"]))
            for row in self._query(ALIASES_OF, {"url": url})
        ]

    def connections(self, url: str) -> list[Connection]:
        """What a link says of others and others say of it."""
        told = [
            *self._query(POINTERS_OF, {"url": url}),
            *self._query(TOLD_BY, {"url": url}),
        ]
        if url.startswith(TAGGED_PREFIXES):
            told += self._query(TOLD_OF, {"url": url})
        connections = [
            Connection(row["url"], row["to_url"], row["leg"], row["source"], text_to_time(row["since"]))
            for row in told
        ]
        return sorted(
            connections, key=lambda each: (each.url != url, each.leg, each.url, each.to_url, each.source)
        )

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
