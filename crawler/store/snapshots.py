"""What the database tells about entries and links as of a run. Plain values for reports and exports."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crawler.records import (
    Entry,
    Facts,
    FindingKind,
    Health,
    Link,
    Observation,
    Outcome,
    Reason,
    Role,
    State,
)
from crawler.store.times import text_to_time


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about an entry that a person should look at, open then. `url` is its link, if it has one."""

    kind: FindingKind
    entry_id: str
    url: str | None
    field: str | None
    stated: str | None
    observed: str | None
    detail: str | None
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class FactVersion:
    """A value that a fact has had, and when it was first told."""

    field: str
    value: Any
    observed_at: datetime


@dataclass(frozen=True, slots=True)
class LinkSnapshot:
    """A link, what is believed and known of it, and its latest look, be it a telling one or not.

    `facts` hold no `observed_at`; `facts_observed_at` is when a look last told them.
    """

    link: Link
    health: Health
    facts: Facts = field(default_factory=dict)
    facts_observed_at: datetime | None = None
    archived_url: str | None = None
    last_look: Observation | None = None


@dataclass(frozen=True, slots=True)
class EntrySnapshot:
    """An entry as the catalog had it. `urls` are the canonical URLs of `entry.mentions`, in their order.

    `observed` holds `stars`, `license` and `parameter_count`, told by a project link or set by an override.
    """

    entry: Entry
    urls: tuple[str, ...]
    observed: Facts = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a link stands: at which entry of which document, on which line of it."""

    document: str
    entry_id: str
    entry_name: str
    role: Role
    raw: str
    line: int | None


@dataclass(frozen=True, slots=True)
class UncheckedLinks:
    """Links of one host that a run may not have checked, counted by what their latest look said.

    Without a look `outcome` and `reason` are None. `is_earlier`: last checked before the run began.
    `details` are the first and the last of what those looks said, in the order of text.
    """

    outcome: Outcome | None
    reason: Reason | None
    host: str
    state: State
    is_earlier: bool
    count: int
    details: tuple[str, ...]


def row_to_unchecked(row: sqlite3.Row) -> UncheckedLinks:
    """One row of the query UNCHECKED."""
    details = dict.fromkeys((row["least_detail"], row["most_detail"]))
    return UncheckedLinks(
        outcome=None if row["outcome"] is None else Outcome(row["outcome"]),
        reason=None if row["reason"] is None else Reason(row["reason"]),
        host=row["host"],
        state=State(row["state"]),
        is_earlier=bool(row["is_earlier"]),
        count=row["links"],
        details=tuple(detail for detail in details if detail),
    )


def row_to_finding(row: sqlite3.Row) -> Finding:
    """One row of the query FINDINGS."""
    return Finding(
        kind=FindingKind(row["kind"]),
        entry_id=row["identifier"],
        url=row["url"],
        field=row["field"],
        stated=row["stated"],
        observed=row["observed"],
        detail=row["detail"],
        opened_at=text_to_time(row["opened_at"]),
    )
