"""The stale-link report as values: what changed, what is open, what could not be checked.

Texts from outside stand in it as they came; who renders it escapes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from crawler.records import FindingKind, Run, State
from crawler.report.wording import count_of, describe_run, summarise_states


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


HEADINGS: Final[Mapping[Topic, str]] = {
    Topic.DEAD: "dead",
    Topic.MOVED: "moved",
    Topic.SUSPECT: "suspect: failing, not yet proved dead",
    Topic.NAME_REUSED: "name taken over by something else",
    Topic.WITHDRAWN: "withdrawn",
    Topic.LICENSE_CHANGED: "licence changed",
    Topic.LICENSE_CONFLICT: "licence differs from what is stated",
    Topic.PARAMETER_CONFLICT: "size differs from what is stated",
    Topic.DUPLICATE: "listed twice",
    Topic.JOKE_OR_STUB: "joke or stub",
    Topic.NOT_ASKED: "not an address that can be asked",
    Topic.ARCHIVED: "archived by its owner",
    Topic.GATED: "gated",
    Topic.RESTRICTED: "restricted: the host keeps us out",
}

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


@dataclass(frozen=True, slots=True)
class News:
    """One change of a link since the run before: `what` and `evidence` in our words, `told` in a host's."""

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


@dataclass(frozen=True, slots=True)
class StaleReport:
    """Everything the report says. Without a run nothing has been looked at yet."""

    title: str
    run: Run | None
    states: Mapping[State, int]
    is_first: bool = False
    entries: int = 0
    """Counted before the first run only."""
    news: tuple[News, ...] = ()
    documents: tuple[DocumentItems, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    notes: tuple[str, ...] = ()
    """What the run said of itself, such as a token that was refused."""
    made_up: bool = False
    document: str | None = None
    """The one document that was asked for."""

    @property
    def is_all_well(self) -> bool:
        return not (self.news or self.documents or self.unchecked or self.notes)

    def verdict(self) -> str:
        """The report in one sentence; all of it when there is no more to say."""
        links = summarise_states(self.states)
        if self.run is None:
            return f"not crawled yet: {count_of(self.entries, 'entry')}, {links}; `crawler run` looks at them"
        if self.is_all_well:
            return f"all well: {links} as of {describe_run(self.run)}"
        return f"{describe_run(self.run)}: {links}"

    def news_heading(self) -> str:
        """What stands above the news; the first run's would say everything twice."""
        if self.run is None or self.is_first:
            return "The first run: everything below is new"
        return f"Changed in run {self.run.id}" if self.news else f"Nothing changed in run {self.run.id}"
