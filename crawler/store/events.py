"""What changed about a link in a run: derived from two healths or two values of a fact. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from crawler.records import Facts, Health, State
from crawler.store.facts import LICENSE, UNRECOGNISED_LICENSE


class EventKind(StrEnum):
    NEW_DEAD = "new-dead"
    RECOVERED = "recovered"
    MOVED = "moved"
    SUSPECT = "suspect"
    RESTRICTED = "restricted"
    ARCHIVED = "archived"
    LICENSE_CHANGED = "license-changed"
    GATED = "gated"
    WITHDRAWN = "withdrawn"
    NAME_REUSED = "name-reused"
    SIZE_CHANGED = "size-changed"
    OUTAGE = "outage"
    """Of a host, a DNS zone or everything (`after` says which), not of a link."""


@dataclass(frozen=True, slots=True)
class Event:
    """One change of one link in one run; `before` and `after` are states, addresses or values."""

    run_id: int
    url: str
    kind: EventKind
    before: str | None
    after: str | None
    detail: str | None
    observed_at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """An event before it is known whose it is."""

    kind: EventKind
    before: str | None
    after: str | None
    detail: str | None = None


FAILING: Final = frozenset({State.SUSPECT, State.DEAD})
BECAME: Final[Mapping[State, EventKind]] = {
    State.DEAD: EventKind.NEW_DEAD,
    State.SUSPECT: EventKind.SUSPECT,
    State.RESTRICTED: EventKind.RESTRICTED,
}
FLAGS: Final[Mapping[str, EventKind]] = {
    "archived": EventKind.ARCHIVED,
    "gated": EventKind.GATED,
    "withdrawn": EventKind.WITHDRAWN,
}

SIZE: Final = "parameter_count"
SIZE_METHOD: Final = "parameter_method"


def health_changes(before: Health, after: Health) -> Iterator[Change]:
    """A link seen for the first time is no news unless it is found somewhere else or fails."""
    changed = before.state is not after.state
    reason = after.reason.value if after.reason is not None else None
    if changed and after.state in BECAME:
        yield Change(BECAME[after.state], before.state.value, after.state.value, reason)
    if before.state in FAILING and after.state in {State.HEALTHY, State.MOVED}:
        yield Change(EventKind.RECOVERED, before.state.value, after.state.value, reason)
    if after.state is State.MOVED and (changed or before.suggested_url != after.suggested_url):
        yield Change(EventKind.MOVED, before.suggested_url, after.suggested_url, reason)


def fact_changes(known: Facts, changed: Mapping[str, Any]) -> Iterator[Change]:
    """Only what was known and is different now; a first reading is no news."""
    for field, kind in FLAGS.items():
        if field in changed and field in known and changed[field]:
            yield Change(kind, _as_text(known[field]), _as_text(changed[field]))
    if LICENSE in changed and known.get(LICENSE) not in {None, UNRECOGNISED_LICENSE}:
        yield Change(EventKind.LICENSE_CHANGED, _as_text(known[LICENSE]), _as_text(changed[LICENSE]))
    if SIZE in changed and known.get(SIZE) is not None:
        methods = known.get(SIZE_METHOD), changed.get(SIZE_METHOD, known.get(SIZE_METHOD))
        # Another way of counting the same weights is worth saying beside the numbers.
        detail = None if methods[0] == methods[1] else f"{methods[0]} → {methods[1]}"
        yield Change(EventKind.SIZE_CHANGED, _as_text(known[SIZE]), _as_text(changed[SIZE]), detail)


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
