"""The one writer. Every method is one transaction; what it returned from is on the disk.

Each look is judged here with the very time and evidence that its interval keeps, so that folding the stored
intervals gives the stored health.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from crawler import __version__
from crawler.errors import UsageError
from crawler.outages import Outage
from crawler.plan import Candidate
from crawler.records import Catalog, CatalogPart, Observation, Question, RunState, Sibling, State
from crawler.settings import HealthSettings
from crawler.store.archived_copies import LostLink, links_without_copy, note_lookup, set_archived
from crawler.store.candidates import read_candidates, read_questions
from crawler.store.connect import bring_up_to_date, connect, connect_read_only, explained, transaction
from crawler.store.events import Event
from crawler.store.findings import update_findings
from crawler.store.findings_since import forget_up_to
from crawler.store.folding import Rejudged, rejudge_all
from crawler.store.outages import settle_outages
from crawler.store.paper_lookups import papers_to_look_up, record_paper
from crawler.store.queries import COUNT_SUPPRESSED, STATE_COUNTS_NOW
from crawler.store.recording import write_looks
from crawler.store.rows import (
    UPSERT_SIBLING,
    sibling_to_row,
)
from crawler.store.sync import sync_catalog
from crawler.store.tables import MADE_UP
from crawler.store.times import text_to_time, time_to_text, whole_seconds

__all__ = ["Event", "LostLink", "RunHandle", "Store"]

RESUMABLE: Final = timedelta(hours=12)
MOST_ASKED: Final = 200_000
"""Questions whose link ids are remembered; of more, ids are found by URL again."""
CLOCK_SLACK: Final = timedelta(seconds=5)
"""Runs that follow each other at once are moved a second apart; that is no clock gone wrong."""


@dataclass(frozen=True, slots=True)
class RunHandle:
    """The run in hand. `notes` say what was odd about beginning it, for the summary."""

    id: int
    started_at: datetime
    resumed: bool
    policy: HealthSettings
    notes: tuple[str, ...] = ()


class Store:
    """The database, open for writing. Use it from one thread."""

    def __init__(
        self, path: Path, connection: sqlite3.Connection, now: Callable[[], datetime], policy: HealthSettings
    ) -> None:
        self._path = path
        self._connection = connection
        self._now = now
        self._policy = policy
        self._requests_before: Mapping[str, int] = {}
        self._requests_saved: Mapping[str, int] | None = None
        self._asked: dict[str, int] = {}
        """Link ids by URL of questions that may yet be answered."""
        self._settled_run: int | None = None
        """The run whose outages are settled, all its looks considered."""
        self._closed_run: int | None = None
        """The run that was closed last by this store."""

    @classmethod
    def open(cls, path: Path, now: Callable[[], datetime], policy: HealthSettings | None = None) -> Self:
        """Open or create a database and bring its tables up to date.

        Raises UnableError when it is damaged, foreign, written by a newer release or cannot be written.
        """
        connection = connect(path)
        try:
            with explained(path):
                bring_up_to_date(connection)
        except BaseException:
            connection.close()
            raise
        return cls(path, connection, now, policy or HealthSettings())

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

    # --- the run ---

    def begin_run(
        self,
        catalog: Catalog | Iterable[CatalogPart],
        now: datetime | None = None,
        *,
        made_up: bool = False,
    ) -> RunHandle:
        """Continue the latest run if it ended early within the last twelve hours, else begin a new one.

        Takes the catalog in: all of it, or nothing where a part raises. A continued run goes on judging by
        the policy that it began with. When the clock stands before the latest thing recorded, the run begins
        a second after that and says so.
        Made-up and real data never share a database: the first run decides (`made_up`) which it holds.

        Raises UsageError when it holds the other.
        """
        now = whole_seconds(now or self._now())
        with self._transaction():
            latest = self._connection.execute("SELECT * FROM runs ORDER BY id DESC LIMIT 1").fetchone()
            notes: list[str] = []
            if latest is not None:
                last_time = text_to_time(latest["updated_at"])
                if now < last_time - CLOCK_SLACK:
                    notes.append(
                        f"the clock shows {time_to_text(now)}, before the latest record of"
                        f" {time_to_text(last_time)}; this run counts from there"
                    )
                now = max(now, last_time + timedelta(seconds=1))
            self._check_reality(is_new=latest is None, made_up=made_up)
            run = self._resume(latest, now, tuple(notes)) or self._begin(now, tuple(notes))
            sync_catalog(self._connection, catalog, run.id)
        return run

    def _check_reality(self, *, is_new: bool, made_up: bool) -> None:
        if is_new and made_up:
            self._connection.execute(MARK_MADE_UP)
            return
        marked = self._connection.execute("SELECT 1 FROM _settings WHERE key = ?", [MADE_UP]).fetchone()
        if made_up != bool(marked):
            raise UsageError(
                f"this database holds {'made-up' if marked else 'real'} data",
                where=str(self._path),
                hint="name another file: database in [state], or --database of `crawler demo`",
            )

    def _resume(self, latest: sqlite3.Row | None, now: datetime, notes: tuple[str, ...]) -> RunHandle | None:
        if latest is None or latest["state"] not in {RunState.RUNNING, RunState.INTERRUPTED}:
            return None
        started_at = text_to_time(latest["started_at"])
        policy = msgspec.json.decode(latest["policy"], type=HealthSettings)
        if now - started_at >= RESUMABLE:
            settle_outages(self._connection, latest["id"], started_at, policy)
            self._connection.execute(
                "UPDATE runs SET state = ?, finished_at = coalesce(finished_at, updated_at) WHERE id = ?",
                [RunState.INTERRUPTED.value, latest["id"]],
            )
            return None
        self._connection.execute(
            "UPDATE runs SET state = ?, finished_at = NULL WHERE id = ?",
            [RunState.RUNNING.value, latest["id"]],
        )
        self._requests_before = json.loads(latest["requests"])
        return RunHandle(latest["id"], started_at, resumed=True, policy=policy, notes=notes)

    def _begin(self, now: datetime, notes: tuple[str, ...]) -> RunHandle:
        started_at = time_to_text(now)
        cursor = self._connection.execute(
            "INSERT INTO runs (name, started_at, state, updated_at, crawler_version, policy)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [
                f"run of {now:%Y-%m-%d %H:%M}",
                started_at,
                RunState.RUNNING.value,
                started_at,
                __version__,
                msgspec.json.encode(self._policy).decode(),
            ],
        )
        self._requests_before = {}
        return RunHandle(int(cursor.lastrowid or 0), now, resumed=False, policy=self._policy, notes=notes)

    def save_progress(
        self, run: RunHandle, requests: Mapping[str, int], holds: Mapping[str, datetime] | None = None
    ) -> None:
        """Keep the HTTP requests counted so far, and until when hosts (lanes) asked to be left alone.

        A continued run adds to what it had counted.
        """
        if requests != self._requests_saved:
            with self._transaction():
                self._save_requests(run, requests)
                for lane, until in (holds or {}).items():
                    self._connection.execute(KEEP_HOLD, [lane, time_to_text(until)])

    def finish_run(
        self,
        run: RunHandle,
        state: RunState,
        requests: Mapping[str, int],
        summary: Mapping[str, Any] | None = None,
    ) -> datetime:
        """Close the run, with findings brought up to date unless it judged nothing; returns when."""
        finished_at = max(whole_seconds(self._now()), run.started_at)
        with self._transaction():
            self._save_requests(run, requests)
            if self._settled_run != run.id:
                settle_outages(self._connection, run.id, run.started_at, run.policy)
            if state is not RunState.FAILED:
                is_over = state is RunState.FINISHED
                update_findings(self._connection, run.id, finished_at, is_over=is_over)
            self._connection.execute(
                "UPDATE runs SET state = ?, finished_at = ?, summary = ? WHERE id = ?",
                [
                    state.value,
                    time_to_text(finished_at),
                    json.dumps(summary or {}, ensure_ascii=False, sort_keys=True),
                    run.id,
                ],
            )
        self._closed_run = run.id
        return finished_at

    def _save_requests(self, run: RunHandle, requests: Mapping[str, int]) -> None:
        before = self._requests_before
        total = {host: before.get(host, 0) + requests.get(host, 0) for host in sorted({*before, *requests})}
        self._connection.execute(
            "UPDATE runs SET requests = ?, updated_at = max(updated_at, ?) WHERE id = ?",
            [json.dumps(total), time_to_text(self._now()), run.id],
        )
        self._requests_saved = dict(requests)

    # --- what to ask ---

    def holds(self) -> dict[str, datetime]:
        """Until when which lanes asked in earlier runs to be left alone; what is over is forgotten."""
        with self._transaction():
            now = time_to_text(self._now())
            self._connection.execute("DELETE FROM _holds WHERE until <= ?", [now])
            rows = self._connection.execute("SELECT lane, until FROM _holds ORDER BY lane").fetchall()
        return {row["lane"]: text_to_time(row["until"]) for row in rows}

    def candidates(self, run: RunHandle, document: str | None = None) -> Iterator[Candidate]:
        """Every link of the present catalog, as a stream; what is written meanwhile does not touch it.

        Which of them stand in `document` is told where one is named.
        """
        with explained(self._path):
            reader = connect_read_only(self._path)
            try:
                yield from read_candidates(reader, run.id if run.resumed else None, document)
            finally:
                reader.close()

    def questions(self, link_ids: Sequence[int]) -> list[Question]:
        """What is asked about these links, in this order: each with all that is known of it by now."""
        with explained(self._path):
            questions = list(read_questions(self._connection, link_ids))
        if len(self._asked) > MOST_ASKED:
            self._asked.clear()
        for link_id, question in zip(link_ids, questions, strict=True):
            self._asked[question.link.canonical_url] = link_id
        return questions

    # --- what was seen ---

    def record(self, run: RunHandle, observations: Iterable[Observation]) -> list[Event]:
        """Write and judge a batch of looks, in order, in one transaction; returns what changed."""
        self._settled_run = None
        looks = tuple(observations)
        with self._transaction():
            if self._closed_run == run.id:
                # Findings of looks that come after them must not be taken for up to date.
                forget_up_to(self._connection)
            events, latest = write_looks(
                self._connection, run.id, run.started_at, run.policy, looks, self._asked
            )
            self._connection.execute(
                "UPDATE runs SET updated_at = max(updated_at, ?) WHERE id = ?", [time_to_text(latest), run.id]
            )
        for look in looks:
            self._asked.pop(look.link.canonical_url, None)
        return events

    def settle_outages(self, run: RunHandle) -> list[Outage]:
        """Say which hosts failed as such; what failed there counts for nothing. `finish_run` does it too."""
        with self._transaction():
            outages = settle_outages(self._connection, run.id, run.started_at, run.policy)
        self._settled_run = run.id
        return outages

    def remember_siblings(self, siblings: Mapping[str, Sibling]) -> None:
        """Keep what hosts show at addresses that cannot exist."""
        if siblings:
            with self._transaction():
                self._connection.executemany(UPSERT_SIBLING, map(sibling_to_row, siblings.items()))

    # --- what it adds up to ---

    def rejudge(self) -> list[Rejudged]:
        """Judge every stored look anew by this store's policy; returns the links whose state changed."""
        with self._transaction():
            return rejudge_all(self._connection, self._policy, whole_seconds(self._now()))

    def count_states(self) -> dict[str, int]:
        """Links of the present catalog by state of health, every state named."""
        counted = dict(self._connection.execute(STATE_COUNTS_NOW).fetchall())
        return {state.value: counted.get(state.value, 0) for state in State}

    def count_events(self, run: RunHandle) -> dict[str, int]:
        """What changed in a run, by kind."""
        return dict(
            self._connection.execute(
                "SELECT kind, count(*) FROM events WHERE run_id = ? GROUP BY kind ORDER BY kind", [run.id]
            ).fetchall()
        )

    def count_suppressed(self, run: RunHandle) -> int:
        """Findings that hold after a run and that the catalog puts aside."""
        (count,) = self._connection.execute(COUNT_SUPPRESSED, {"run": run.id}).fetchone()
        return int(count)

    # --- what the Hub knows of papers ---

    def papers_to_look_up(self, most: int) -> list[str]:
        """arXiv ids that the Hub has not been asked about for a month."""
        return papers_to_look_up(self._connection, self._now(), most)

    def record_paper(self, run: RunHandle, paper_id: str, urls: Sequence[str]) -> None:
        """Keep what belongs to a paper as the Hub says."""
        with self._transaction():
            record_paper(self._connection, run.id, paper_id, urls, self._now())

    # --- archived copies ---

    def links_without_copy(self, limit: int) -> list[LostLink]:
        """Dead links, then suspects from their second strike on, without a known archived copy.

        Who waited longest for a look-up comes first, so that one that always fails keeps nobody waiting.
        """
        return links_without_copy(self._connection, self._now(), limit)

    def note_lookup(self, url: str) -> None:
        """Remember that archives were asked for a link's copy, whatever comes of it."""
        with self._transaction():
            note_lookup(self._connection, url, self._now())

    def set_archived(
        self, run: RunHandle, url: str, source: str, archived_url: str | None, captured_at: datetime | None
    ) -> None:
        """Remember an archive's answer: a copy for good, None (it surely has none) for thirty days."""
        with self._transaction():
            set_archived(self._connection, run.id, url, source, archived_url, captured_at, self._now())

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with explained(self._path), transaction(self._connection):
            yield


KEEP_HOLD: Final = """
    INSERT INTO _holds (lane, until) VALUES (?, ?)
    ON CONFLICT (lane) DO UPDATE SET until = max(until, excluded.until)
"""

MARK_MADE_UP: Final = f"INSERT OR IGNORE INTO _settings (key, value) VALUES ('{MADE_UP}', 'true')"
