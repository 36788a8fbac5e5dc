"""Nights in a database: a catalog of made-up links, looks at them, a clock that moves on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crawler.clock import SimulatedClock
from crawler.links.classify import link_of
from crawler.records import (
    Catalog,
    Document,
    Entry,
    EntryKind,
    Mention,
    Observation,
    Outcome,
    Question,
    Reason,
    Role,
    RunState,
)
from crawler.settings import HealthSettings
from crawler.store.events import Event
from crawler.store.history import History
from crawler.store.store import RunHandle, Store

REPOSITORY = "https://github.com/owner/name"
PAGE = "https://example.org/page"
PAPER = "https://arxiv.org/abs/2305.15334"


def mention(url: str, role: Role = Role.PROJECT, line: int | None = None) -> Mention:
    return Mention(url, url, role, line)


def entry(slug: str, *urls: str, name: str | None = None, document: str = "list") -> Entry:
    return Entry(
        id=f"{document}/{slug}",
        name=name or slug,
        kind=EntryKind.MODEL,
        document=document,
        mentions=tuple(mention(url, line=line) for line, url in enumerate(urls, 1)),
    )


def catalog(*entries: Entry, **more: Any) -> Catalog:
    documents = tuple(
        Document(name, f"Title of {name}") for name in sorted({each.document for each in entries})
    )
    return Catalog(documents, entries, **more)


def look(url: str, outcome: Outcome = Outcome.ALIVE, reason: Reason = Reason.OK, **more: Any) -> Observation:
    """`observed_at` is set when the look is recorded, unless a test sets it."""
    return Observation(
        link=link_of(url), observed_at=more.pop("observed_at", None), outcome=outcome, reason=reason, **more
    )


def missing(url: str, reason: Reason = Reason.NOT_FOUND) -> Observation:
    return look(url, Outcome.NOT_FOUND, reason, http_status=404)


def ask(store: Store, run: RunHandle) -> list[Question]:
    """Everything that this run has not been told of yet, in one wave."""
    return store.questions([each.link_id for each in store.candidates(run) if not each.answered])


class Nights:
    """A store that sees one night after the other."""

    def __init__(self, path: Path, clock: SimulatedClock) -> None:
        self.path = path
        self.clock = clock
        self.catalog = catalog(entry("model", REPOSITORY, PAGE, PAPER))
        self.policy = HealthSettings()

    def open(self) -> Store:
        return Store.open(self.path, self.clock.now, self.policy)

    def begin(self, store: Store) -> RunHandle:
        return store.begin_run(self.catalog)

    def night(
        self,
        *looks: Observation,
        state: RunState | None = RunState.FINISHED,
        requests: Mapping[str, int] | None = None,
    ) -> list[Event]:
        """One run that sees these looks, a minute in; without a state it ends as a crash would end it."""
        with self.open() as store:
            run = self.begin(store)
            self.clock.advance(timedelta(minutes=1))
            events = store.record(run, [self.timed(each) for each in looks])
            if state is not None:
                store.finish_run(run, state, requests or {})
        self.clock.advance(timedelta(days=1, minutes=-1))
        return events

    def timed(self, observation: Observation) -> Observation:
        if observation.observed_at is not None:
            return observation
        return replace(observation, observed_at=self.clock.now())

    def history(self) -> History:
        return History.open(self.path)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What a person sees who asks the database."""
        with self.history() as history:
            return [tuple(row) for row in history._connection.execute(sql, parameters)]


@pytest.fixture
def nights(tmp_path: Path, clock: SimulatedClock) -> Nights:
    return Nights(tmp_path / "state" / "crawler.db", clock)
