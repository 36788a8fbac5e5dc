"""The reading side: what the database knew as of any run. Read-only, and good beside a running crawl.

Entries and links come as streams, in one order for ever: by id and by URL. Everything read through one
History is of one moment. What belongs to each of them is read in pages.py; what only some questions need is
imported when they are asked, for `status` asks none of them.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from crawler.records import Catalog, Document, Exclusion, Reason, Role, Run, State
from crawler.store.connect import explained
from crawler.store.moment import Moment
from crawler.store.queries import (
    COUNT_SUPPRESSED,
    DOCUMENTS,
    ENTRIES_NOW,
    ENTRIES_THEN,
    FINDINGS,
    FINDINGS_ORDER,
    IN_CATALOG,
    LINKS,
    LINKS_IN_STATE,
    MENTIONED,
    MENTIONED_IN_DOCUMENT,
    MENTIONED_NOW,
    OF_DOCUMENT,
    ONE_LINK,
    OPEN_THEN,
    PLACES,
    STATE_COUNTS,
    STATE_COUNTS_NOW,
    UNCHECKED,
)
from crawler.store.rows import LATEST, row_to_link
from crawler.store.times import text_to_time, time_to_text

if TYPE_CHECKING:
    from crawler.store.events import Event
    from crawler.store.graph import Graph
    from crawler.store.intervals import Interval, RunTerms
    from crawler.store.pages import PageReader
    from crawler.store.past import Folded
    from crawler.store.snapshots import (
        EntrySnapshot,
        FactVersion,
        Finding,
        LinkSnapshot,
        Place,
        UncheckedLinks,
    )
    from crawler.store.timelines import StarGrowth


class History(Moment):
    """A reader's view of one moment. Close it soon: while it is open the write-ahead log cannot shrink."""

    _health_then_of: int | None = None
    """The run as of which `temp.health_then` was made."""

    @classmethod
    def of_catalog(cls, catalog: Catalog) -> Self:
        """The same view of a catalog that nobody has crawled yet."""
        from crawler.store.preview import catalog_in_memory

        return cls(catalog_in_memory(catalog), Path(":memory:"))

    @property
    def graph(self) -> Graph:
        """Names, connections and changes."""
        from crawler.store.graph import Graph

        return Graph(self._query)

    # --- the catalog ---

    def documents(self, as_of: Run | None = None) -> Iterator[Document]:
        """By name."""
        for row in self._query(DOCUMENTS, {"run": _run_id(as_of)}):
            yield Document(row["name"], row["title"], row["url"])

    def exclusions(self, as_of: Run | None = None) -> Iterator[Exclusion]:
        """Links left alone, in force or not, by URL."""
        rows = self._query(
            "SELECT links.url, exclusions.reason, exclusions.until FROM exclusions"
            " JOIN links ON links.id = exclusions.link_id"
            f" WHERE {IN_CATALOG.format('exclusions')} ORDER BY links.url",
            {"run": _run_id(as_of)},
        )
        for row in rows:
            until = date.fromisoformat(row["until"]) if row["until"] else None
            yield Exclusion(row["url"], row["reason"], until)

    def entries(self, as_of: Run | None = None, document: str | None = None) -> Iterator[EntrySnapshot]:
        """Entries as the catalog had them in that run, by id."""
        yield from self._pages(as_of).entries(self._entry_rows(as_of, document))

    def entries_with_links(
        self, as_of: Run | None = None
    ) -> Iterator[tuple[EntrySnapshot, list[LinkSnapshot]]]:
        """The same, each with what was known of the links of its mentions."""
        yield from self._pages(as_of).entries_with_links(self._entry_rows(as_of, None))

    def count_entries(self, as_of: Run | None = None, document: str | None = None) -> int:
        return sum(1 for _ in self._entry_rows(as_of, document))

    def entry(self, entry_id: str, as_of: Run | None = None) -> EntrySnapshot | None:
        """One entry as the catalog had it in that run; None where it had none of that id."""
        rows = self._entry_rows(as_of, None, entry_id)
        return next(self._pages(as_of).entries(rows), None)

    def _entry_rows(
        self, as_of: Run | None, document: str | None, entry_id: str | None = None
    ) -> Iterator[sqlite3.Row]:
        where = ""
        if document is not None:
            where += f" AND {{0}}.{OF_DOCUMENT}"
        if entry_id is not None:
            where += " AND entries.identifier = :entry"
        # What reads differently now is only of use for the past.
        sql = ENTRIES_NOW if self._is_present(_run_id(as_of)) else ENTRIES_THEN
        return self._query(
            f"{sql.format(where.format('entries'), where.format('version'))} ORDER BY identifier",
            {"run": _run_id(as_of), "document": document, "entry": entry_id},
        )

    def places(self, url: str, as_of: Run | None = None) -> list[Place]:
        """Where a link stands in the catalog, by document and line."""
        return self.places_of([url], as_of).get(url, [])

    def places_of(self, urls: Collection[str], as_of: Run | None = None) -> dict[str, list[Place]]:
        """The same of many links at once; one that stands nowhere is left out."""
        from crawler.store.snapshots import Place

        found: dict[str, list[Place]] = {}
        parameters = {"run": _run_id(as_of), "urls": json.dumps([*urls])}
        for row in self._query(PLACES.format(IN_CATALOG.format("mentions")), parameters):
            place = Place(
                document=row["document"],
                entry_id=row["identifier"],
                entry_name=row["entry_name"],
                role=Role(row["role"]),
                raw=row["raw"],
                line=row["line"],
            )
            found.setdefault(row["url"], []).append(place)
        return found

    # --- links ---

    def links(
        self, as_of: Run | None = None, document: str | None = None, *, with_looks: bool = False
    ) -> Iterator[LinkSnapshot]:
        """Links that the catalog had in that run, by URL; their latest looks only if wanted."""
        is_all_of_now = document is None and self._is_present(_run_id(as_of))
        sql = LINKS.format(mentioned=MENTIONED_NOW if is_all_of_now else _mentioned(document))
        rows = self._query(sql, {"run": _run_id(as_of), "document": document})
        yield from self._pages(as_of).links(rows, with_looks=with_looks)

    def links_in(
        self,
        states: Collection[State],
        unknown_for: Collection[Reason],
        as_of: Run | None = None,
        document: str | None = None,
    ) -> Iterator[LinkSnapshot]:
        """Those in one of these states, in no order, with latest looks, no facts.

        Unknown ones only for some reasons.
        """
        sql = LINKS_IN_STATE.format(health=self._health_table(as_of), mentioned=_mentioned(document))
        rows = self._query(
            sql,
            {
                "run": _run_id(as_of),
                "document": document,
                "states": json.dumps([*states]),
                "reasons": json.dumps([*unknown_for]),
            },
        )
        yield from self._pages(as_of).links(rows, with_facts=False, with_looks=True)

    def unchecked(
        self,
        run: Run,
        left_alone: Collection[str],
        unknown_for: Collection[Reason],
        document: str | None = None,
    ) -> Iterator[UncheckedLinks]:
        """Links that a run may not have checked, counted; not those left alone or unknown for such a reason.

        Ordered by the first URL of each count.
        """
        from crawler.store.snapshots import row_to_unchecked

        sql = UNCHECKED.format(health=self._health_table(run), mentioned=_mentioned(document))
        rows = self._query(
            sql,
            {
                "run": run.id,
                "document": document,
                "started_at": time_to_text(run.started_at),
                "left_alone": json.dumps([*left_alone]),
                "reasons": json.dumps([*unknown_for]),
            },
        )
        yield from map(row_to_unchecked, rows)

    def link(self, url: str, as_of: Run | None = None) -> LinkSnapshot | None:
        """One link by its canonical URL, also one that has left the catalog; None for one never seen."""
        rows = self._query(ONE_LINK, {"url": url})
        return next(self._pages(as_of).links(rows, with_looks=True), None)

    def urls(self, host: str | None = None) -> Iterator[str]:
        """Canonical URLs of the links of the catalog, by URL; of one host only, if it is named."""
        condition = "" if host is None else "AND links.host = :host"
        rows = self._query(
            f"SELECT links.url FROM links WHERE {MENTIONED} {condition} ORDER BY links.url",
            {"run": LATEST, "host": host},
        )
        yield from (row["url"] for row in rows)

    def looks(self, url: str) -> Iterator[tuple[Interval, datetime]]:
        """Every look at a link, equal ones as one interval with the time of its last; oldest first."""
        from crawler.store.folding import read_intervals

        for row in self._query(ONE_LINK, {"url": url}):
            for interval in read_intervals(self._connection, row["link_id"], row_to_link(row), LATEST):
                last = interval.last_look_until(LATEST, self._run_terms)
                yield interval, interval.observation.observed_at if last is None else last[1]

    def fact_versions(self, url: str) -> Iterator[FactVersion]:
        """Every value that each of a link's facts has had, by field, oldest first; counters are left out."""
        from crawler.store.snapshots import FactVersion

        rows = self._query(
            "SELECT facts.field, facts.value, facts.observed_at FROM facts"
            " JOIN links ON links.id = facts.link_id WHERE links.url = ? ORDER BY facts.field, facts.run_id",
            [url],
        )
        for row in rows:
            yield FactVersion(row["field"], json.loads(row["value"]), text_to_time(row["observed_at"]))

    def state_counts(self, as_of: Run | None = None, document: str | None = None) -> dict[State, int]:
        """How many links of the catalog are in each state."""
        counts = dict.fromkeys(State, 0)
        if document is None and self._is_present(_run_id(as_of)):
            sql = STATE_COUNTS_NOW
        else:
            sql = STATE_COUNTS.format(health=self._health_table(as_of), mentioned=_mentioned(document))
        for row in self._query(sql, {"run": _run_id(as_of), "document": document}):
            counts[State(row["state"])] = row["links"]
        return counts

    # --- over many runs ---

    def states_over(self, runs: Sequence[Run], document: str | None = None) -> list[Counter[State]]:
        """How many links were in each state after each of these runs, oldest first."""
        from crawler.store.timelines import count_states_over

        with explained(self._path):
            return count_states_over(self._connection, runs, self._run_terms, document)

    def star_growth(self, runs: Sequence[Run], document: str | None, most: int) -> list[StarGrowth]:
        """The repositories that gained most stars over these runs, oldest first."""
        from crawler.store.timelines import grow_stars_over

        with explained(self._path):
            return grow_stars_over(self._connection, runs, document, most)

    # --- what changed ---

    def changes(self, run: Run) -> Iterator[Event]:
        """What changed in a run, by URL."""
        from crawler.store.events import Event, EventKind

        rows = self._query(
            "SELECT events.*, links.url FROM events JOIN links ON links.id = events.link_id"
            " WHERE events.run_id = ? ORDER BY links.url, events.id",
            [run.id],
        )
        for row in rows:
            yield Event(
                run_id=run.id,
                url=row["url"],
                kind=EventKind(row["kind"]),
                before=row["before"],
                after=row["after"],
                detail=row["detail"],
                observed_at=text_to_time(row["observed_at"]),
            )

    def outages(self, run: Run) -> list[str]:
        """What failed as such in a run, in words: a host, a DNS zone or everything."""
        rows = self._query("SELECT detail FROM outages WHERE run_id = ? ORDER BY scope", [run.id])
        return [row["detail"] for row in rows]

    def findings(self, as_of: Run | None = None, *, url: str | None = None) -> Iterator[Finding]:
        """Findings that were open after a run, by entry; only those of one link, if it is named."""
        from crawler.store.snapshots import row_to_finding

        of_link = "" if url is None else "AND findings.link_id = (SELECT id FROM links WHERE url = :url)"
        rows = self._query(
            f"{FINDINGS} WHERE {OPEN_THEN} {of_link} {FINDINGS_ORDER}", {"run": _run_id(as_of), "url": url}
        )
        for row in rows:
            yield row_to_finding(row)

    def count_suppressed(self, as_of: Run | None = None) -> int:
        """Findings that hold and that the catalog puts aside."""
        return sum(int(row[0]) for row in self._query(COUNT_SUPPRESSED, {"run": _run_id(as_of)}))

    # --- what belongs to them ---

    def _pages(self, as_of: Run | None) -> PageReader:
        from crawler.store.pages import PageReader

        run_id = _run_id(as_of)
        if self._is_present(run_id):
            return PageReader(self._query, run_id, None)

        def fold(link_ids: Sequence[int]) -> dict[int, Folded]:
            from crawler.store.past import fold_page

            with explained(self._path):
                return fold_page(self._connection, link_ids, self._run_terms, run_id)

        return PageReader(self._query, run_id, fold)

    def _health_table(self, as_of: Run | None) -> str:
        """The table `health`, or one of our own with the healths of a past run."""
        run_id = _run_id(as_of)
        if self._is_present(run_id):
            return "health"
        if self._health_then_of != run_id:
            from crawler.store.past import fill_health_then

            with explained(self._path):
                fill_health_then(self._connection, self._run_terms, run_id)
            self._health_then_of = run_id
        return "temp.health_then"

    @cached_property
    def _run_terms(self) -> Mapping[int, RunTerms]:
        from crawler.store.folding import read_run_terms

        with explained(self._path):
            return read_run_terms(self._connection)


def _run_id(as_of: Run | None) -> int:
    return LATEST if as_of is None else as_of.id


def _mentioned(document: str | None) -> str:
    return MENTIONED if document is None else MENTIONED_IN_DOCUMENT
