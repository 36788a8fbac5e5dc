"""The stale-link report as values: what changed, what is open, what could not be checked.

Texts from outside stand in it as they came; who renders it escapes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Final, Protocol

from crawler.records import FindingKind, Run, State
from crawler.report.language import ENGLISH, Text
from crawler.report.wording import describe_run, summarise_states
from crawler.store.events import EventKind


class Topic(StrEnum):
    """What is wrong with an item, in the order in which a maintainer wants to hear it."""

    DEAD = "dead"
    MOVED = "moved"
    SUSPECT = "suspect"
    NAME_REUSED = "name-reused"
    WITHDRAWN = "withdrawn"
    LICENSE_CHANGED = "license-changed"
    LICENSE_CONFLICT = "license-conflict"
    PARAMETER_CONFLICT = "parameter-conflict"
    DUPLICATE = "duplicate"
    JOKE_OR_STUB = "joke-or-stub"
    NOT_ASKED = "not-asked"
    ARCHIVED = "archived"
    GATED = "gated"
    RESTRICTED = "restricted"


SHOWN_BY_HEALTH: Final = frozenset({FindingKind.DEAD, FindingKind.MOVED, FindingKind.RESTRICTED})
"""Findings that say again what the health of the link says."""


@dataclass(frozen=True, slots=True)
class Place:
    """One place where a link stands; `line` is that of the document."""

    document: str
    line: int | None
    entry: str


@dataclass(frozen=True, slots=True)
class Item:
    """One link that wants a person, with every place where it stands; an address to paste, if there is one.

    `evidence` is in our own words, `told` in those of a host.
    """

    topic: Topic
    url: str | None
    places: tuple[Place, ...]
    evidence: str = ""
    told: str = ""
    suggested_url: str | None = None
    archived_url: str | None = None
    since: datetime | None = None

    @property
    def replacement(self) -> str | None:
        """What to paste in its place: where it lives now, else a copy of what is gone."""
        return self.suggested_url or (self.archived_url if self.topic is Topic.DEAD else None)


@dataclass(frozen=True, slots=True)
class News:
    """One change of a link since the run before: `what` and `evidence` in our words, `told` in a host's."""

    kind: EventKind
    what: str
    url: str
    places: tuple[Place, ...]
    evidence: str = ""
    told: str = ""


@dataclass(frozen=True, slots=True)
class DocumentItems:
    """One document and its items; an item stands at the document where it is mentioned first."""

    name: str
    title: str
    url: str | None
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Unchecked:
    """Links that could not be checked, counted by why (`told` in a stranger's words)."""

    count: int
    what: str
    told: str = ""


class Source(Protocol):
    """Where a report reads what fills it, each part when it is reached."""

    def has_items(self) -> bool:
        """Whether anything is open, found without reading all that is."""
        ...

    def news(self) -> Iterator[News]: ...

    def documents(self) -> Iterator[DocumentItems]: ...

    def unchecked(self) -> Iterator[Unchecked]: ...


@dataclass(frozen=True)
class StaleReport:
    """Everything the report says. Without a run nothing has been looked at yet.

    Its parts are read from the database when they are asked for, so that its first lines need not wait for
    the last: render it while the database is open.
    """

    title: str
    run: Run | None
    states: Mapping[State, int]
    source: Source | None = None
    is_first: bool = False
    entries: int = 0
    """Counted before the first run only."""
    notes: tuple[str, ...] = ()
    """What the run said of itself, such as a token that was refused."""
    made_up: bool = False
    document: str | None = None
    """The one document that was asked for."""

    text: Text = ENGLISH
    """The language it speaks."""

    @cached_property
    def news(self) -> tuple[News, ...]:
        return () if self.source is None else tuple(self.source.news())

    @cached_property
    def documents(self) -> tuple[DocumentItems, ...]:
        return () if self.source is None else tuple(self.source.documents())

    @cached_property
    def unchecked(self) -> tuple[Unchecked, ...]:
        return () if self.source is None else tuple(self.source.unchecked())

    @cached_property
    def is_all_well(self) -> bool:
        has_items = self.source is not None and self.source.has_items()
        return not (has_items or self.notes or self.news or self.unchecked)

    @property
    def says_something_new(self) -> bool:
        """Whether somebody who read the report of the run before would miss something."""
        return bool(self.news) or (self.is_first and not self.is_all_well)

    def heading(self) -> str:
        """The title, and the one document that was asked for."""
        if self.document is None:
            return self.title
        return self.text("title", title=self.title, document=self.document)

    def verdict(self) -> str:
        """The report in one sentence; all of it when there is no more to say."""
        links = summarise_states(self.states, self.text)
        if self.run is None:
            entries = self.text.count(self.entries, "counts.entry")
            return self.text("verdict.not_crawled", entries=entries, links=links)
        key = "verdict.all_well" if self.is_all_well else "verdict.open"
        return self.text(key, run=describe_run(self.run, self.text), links=links)

    def news_heading(self) -> str:
        """What stands above the news; the first run's would say everything twice."""
        if self.run is None or self.is_first:
            return self.text("news_heading.first")
        return self.text("news_heading.changed" if self.news else "news_heading.nothing", id=self.run.id)
