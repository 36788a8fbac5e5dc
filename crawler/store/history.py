"""The reading side: what the database knew as of any run. Read-only, and good beside a running crawl.

Entries and links come as streams, in one order for ever: by id and by URL. Everything read through one
History is of one moment.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from crawler.errors import UsageError
from crawler.records import (
    Catalog,
    Document,
    Entry,
    EntryKind,
    Exclusion,
    Facts,
    Health,
    Link,
    Mention,
    Role,
    Run,
    State,
    Stated,
)
from crawler.store.as_of import parse_when
from crawler.store.connect import connect_read_only, explained, has_tables
from crawler.store.events import Event, EventKind
from crawler.store.folding import read_intervals, read_run_terms
from crawler.store.graph import Graph
from crawler.store.intervals import Interval, RunTerms, fold_intervals, row_to_interval
from crawler.store.queries import (
    COUNT_SUPPRESSED,
    DOCUMENTS,
    ENTRIES,
    FINDINGS,
    FINDINGS_ORDER,
    IN_CATALOG,
    LINKS,
    MENTIONS,
    ONE_LINK,
    OPEN_THEN,
    PLACES,
    STATE_COUNTS,
)
from crawler.store.rows import LATEST, read_facts, row_to_health, row_to_link
from crawler.store.snapshots import (
    EntrySnapshot,
    FactVersion,
    Finding,
    LinkSnapshot,
    Place,
    row_to_finding,
    row_to_run,
)
from crawler.store.tables import MADE_UP
from crawler.store.timelines import StarGrowth, count_states_over, grow_stars_over
from crawler.store.times import optional_to_time, text_to_time

OBSERVED: Final = ("stars", "license", "parameter_count")


def open_history(path: Path, load_catalog: Callable[[], Catalog]) -> History:
    """The database's history, or before the first run that of the catalog as it stands, nothing looked at."""
    if has_tables(path):
        history = History.open(path)
        if history.latest_run() is not None:
            return history
        history.close()
    return History.of_catalog(load_catalog())


def last_run_started_at(path: Path) -> datetime | None:
    """When the latest run began; None without one."""
    if not has_tables(path):
        return None
    with History.open(path) as history:
        run = history.latest_run()
    return None if run is None else run.started_at


def is_made_up(path: Path) -> bool:
    """Whether this is a database of made-up data; a file that is no database of ours is not."""
    if not has_tables(path):
        return False
    with History.open(path) as history:
        return history.made_up


class History:
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

    @classmethod
    def of_catalog(cls, catalog: Catalog) -> Self:
        """The same view of a catalog that nobody has crawled yet."""
        from crawler.store.preview import catalog_in_memory  # noqa: PLC0415  readers need no writer

        return cls(catalog_in_memory(catalog), Path(":memory:"))

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

    @property
    def graph(self) -> Graph:
        """Names, connections and changes."""
        return Graph(self._query)

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
        for row in self._query(ENTRIES, {"run": _run_id(as_of), "document": document}):
            yield self._snapshot_entry(row, _run_id(as_of))

    def places(self, url: str, as_of: Run | None = None) -> list[Place]:
        """Where a link stands in the catalog, by document and line."""
        rows = self._query(PLACES.format(IN_CATALOG.format("mentions")), {"run": _run_id(as_of), "url": url})
        return [
            Place(
                document=row["document"],
                entry_id=row["identifier"],
                entry_name=row["entry_name"],
                role=Role(row["role"]),
                raw=row["raw"],
                line=row["line"],
            )
            for row in rows
        ]

    # --- links ---

    def links(self, as_of: Run | None = None, document: str | None = None) -> Iterator[LinkSnapshot]:
        """Links that the catalog had in that run, by URL."""
        for row in self._query(LINKS, {"run": _run_id(as_of), "document": document}):
            yield self._snapshot_link(row, _run_id(as_of))

    def link(self, url: str, as_of: Run | None = None) -> LinkSnapshot | None:
        """One link by its canonical URL, also one that has left the catalog; None for one never seen."""
        for row in self._query(ONE_LINK, {"url": url}):
            return self._snapshot_link(row, _run_id(as_of))
        return None

    def looks(self, url: str) -> Iterator[tuple[Interval, datetime]]:
        """Every look at a link, equal ones as one interval with the time of its last; oldest first."""
        for row in self._query(ONE_LINK, {"url": url}):
            for interval in read_intervals(self._connection, row["link_id"], row_to_link(row), LATEST):
                last = interval.last_look_until(LATEST, self._run_terms)
                yield interval, interval.observation.observed_at if last is None else last[1]

    def fact_versions(self, url: str) -> Iterator[FactVersion]:
        """Every value that each of a link's facts has had, by field, oldest first; counters are left out."""
        rows = self._query(
            "SELECT facts.field, facts.value, facts.observed_at FROM facts"
            " JOIN links ON links.id = facts.link_id WHERE links.url = ? ORDER BY facts.field, facts.run_id",
            [url],
        )
        for row in rows:
            yield FactVersion(row["field"], json.loads(row["value"]), text_to_time(row["observed_at"]))

    def state_counts(self, as_of: Run | None = None) -> dict[State, int]:
        """How many links of the catalog are in each state."""
        counts = dict.fromkeys(State, 0)
        if self._is_present(_run_id(as_of)):
            for row in self._query(STATE_COUNTS, {"run": LATEST}):
                counts[State(row["state"])] = row["links"]
        else:
            run_id = _run_id(as_of)
            for row in self._query(LINKS, {"run": run_id, "document": None}):
                health, _ = self._fold(row["link_id"], row_to_link(row), run_id)
                counts[health.state] += 1
        return counts

    # --- over many runs ---

    def states_over(self, runs: Sequence[Run], document: str | None = None) -> list[Counter[State]]:
        """How many links were in each state after each of these runs, oldest first."""
        with explained(self._path):
            return count_states_over(self._connection, runs, self._run_terms, document)

    def star_growth(self, runs: Sequence[Run], document: str | None, most: int) -> list[StarGrowth]:
        """The repositories that gained most stars over these runs, oldest first."""
        with explained(self._path):
            return grow_stars_over(self._connection, runs, document, most)

    # --- what changed ---

    def changes(self, run: Run) -> Iterator[Event]:
        """What changed in a run, by URL."""
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

    def findings(self, as_of: Run | None = None) -> Iterator[Finding]:
        """Findings that were open after a run, by entry."""
        rows = self._query(f"{FINDINGS} WHERE {OPEN_THEN} {FINDINGS_ORDER}", {"run": _run_id(as_of)})
        for row in rows:
            yield row_to_finding(row)

    def count_suppressed(self, as_of: Run | None = None) -> int:
        """Findings that hold and that the catalog puts aside."""
        return sum(int(row[0]) for row in self._query(COUNT_SUPPRESSED, {"run": _run_id(as_of)}))

    # --- one row and what belongs to it ---

    def _snapshot_entry(self, row: sqlite3.Row, run_id: int) -> EntrySnapshot:
        parameters = {"run": run_id, "entry": row["entry_id"]}
        mentions = list(self._query(MENTIONS.format(IN_CATALOG.format("mentions")), parameters))
        observed = self._observe(
            [mention["link_id"] for mention in mentions if mention["role"] == Role.PROJECT], run_id
        )
        overrides = self._query(
            f"SELECT field, value FROM overrides WHERE entry_id = :entry AND {IN_CATALOG.format('overrides')}"
            " ORDER BY id",
            parameters,
        )
        observed |= {override["field"]: json.loads(override["value"]) for override in overrides}
        findings = self._query(
            f"{FINDINGS} WHERE findings.entry_id = :entry AND {OPEN_THEN} {FINDINGS_ORDER}", parameters
        )
        return EntrySnapshot(
            entry=Entry(
                id=row["identifier"],
                name=row["name"],
                kind=EntryKind(row["kind"]),
                document=row["document"],
                section=row["section"],
                stated=Stated(row["stated_license"], tuple(json.loads(row["stated_parameters"]))),
                mentions=tuple(
                    Mention(each["url"], each["raw"], Role(each["role"]), each["line"]) for each in mentions
                ),
                note=row["note"],
            ),
            urls=tuple(mention["canonical_url"] for mention in mentions),
            observed=observed,
            findings=tuple(row_to_finding(finding) for finding in findings),
        )

    def _observe(self, project_link_ids: Sequence[int], run_id: int) -> Facts:
        """Each value from the first project link that tells it."""
        observed: Facts = {}
        for link_id in dict.fromkeys(project_link_ids):
            facts = read_facts(self._connection, link_id, run_id)
            for name in OBSERVED:
                if name in facts:
                    observed.setdefault(name, facts[name])
        return observed

    def _snapshot_link(self, row: sqlite3.Row, run_id: int) -> LinkSnapshot:
        link = row_to_link(row)
        link_id = row["link_id"]
        if self._is_present(run_id):
            health, facts_observed_at = row_to_health(row), optional_to_time(row["facts_observed_at"])
        else:
            health, facts_observed_at = self._fold(link_id, link, run_id)
        copy = self._query(
            "SELECT url FROM archived_copies WHERE link_id = ? AND url IS NOT NULL AND run_id <= ?"
            " ORDER BY source DESC LIMIT 1",
            [link_id, run_id],
        )
        latest = self._query(
            "SELECT * FROM observations WHERE link_id = ? AND first_run_id <= ? ORDER BY id DESC LIMIT 1",
            [link_id, run_id],
        )
        return LinkSnapshot(
            link=link,
            health=health,
            facts=read_facts(self._connection, link_id, run_id),
            facts_observed_at=facts_observed_at,
            archived_url=next((each["url"] for each in copy), None),
            last_look=next((row_to_interval(each, link).observation for each in latest), None),
        )

    def _fold(self, link_id: int, link: Link, run_id: int) -> tuple[Health, datetime | None]:
        with explained(self._path):
            return fold_intervals(
                read_intervals(self._connection, link_id, link, run_id), self._run_terms, run_id
            )

    def _is_present(self, run_id: int) -> bool:
        """Whether nothing has been recorded after that run: the health table then is the answer."""
        return run_id >= self._latest_run_id

    @cached_property
    def _latest_run_id(self) -> int:
        return max(
            (int(row["id"]) for row in self._query("SELECT max(id) AS id FROM runs") if row["id"]), default=0
        )

    @cached_property
    def _run_terms(self) -> dict[int, RunTerms]:
        with explained(self._path):
            return read_run_terms(self._connection)

    def _query(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> Iterator[sqlite3.Row]:
        with explained(self._path):
            # No `yield from`: a reader who leaves early would close the cursor after its connection.
            for row in self._connection.execute(sql, parameters):  # noqa: UP028
                yield row


def _run_id(as_of: Run | None) -> int:
    return LATEST if as_of is None else as_of.id
