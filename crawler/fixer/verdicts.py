"""What the database says about putting a link right: surely moved, perhaps moved, dead, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from crawler.fetch.guard import refuse_host
from crawler.links.mask import mask_url
from crawler.links.normalise import InvalidUrl, normalise_url
from crawler.records import Reason, State
from crawler.store.history import History

_FOR_GOOD: Final = frozenset({Reason.RENAMED, Reason.REDIRECTED})
_LONGEST_CHAIN: Final = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """`certain`: the new address is surely that of the same thing. `doubt` says why it is not."""

    state: State
    reason: Reason | None
    since: datetime | None
    suggested_url: str | None = None
    archived_url: str | None = None
    doubt: str | None = None

    @property
    def certain(self) -> bool:
        return self.suggested_url is not None and self.doubt is None


class Verdicts:
    """Verdicts by canonical URL, each looked up once. Links that a maintainer excluded are left alone."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._excluded = {exclusion.url for exclusion in history.exclusions()}
        self._known: dict[str, Verdict | None] = {}

    def of(self, canonical_url: str) -> Verdict | None:
        if canonical_url not in self._known:
            self._known[canonical_url] = self._look_up(canonical_url)
        return self._known[canonical_url]

    def _look_up(self, canonical_url: str) -> Verdict | None:
        snapshot = self._history.link(canonical_url)
        if snapshot is None or canonical_url in self._excluded:
            return None
        health = snapshot.health
        if health.state is State.DEAD:
            return Verdict(
                State.DEAD, health.reason, health.since, health.suggested_url, snapshot.archived_url,
                "dead" if health.suggested_url else None,
            )  # fmt: skip
        if health.state is not State.MOVED or health.suggested_url is None:
            return None
        end, doubt = self._follow(canonical_url, health.suggested_url)
        if health.reason not in _FOR_GOOD:
            doubt = doubt or f"moved without a word that it is for good ({health.reason})"
        return Verdict(State.MOVED, health.reason, health.since, end, snapshot.archived_url, doubt)

    def _follow(self, canonical_url: str, suggested_url: str) -> tuple[str, str | None]:
        """The end of a chain of moves, and what speaks against writing it into a document."""
        seen = {canonical_url}
        for _ in range(_LONGEST_CHAIN):
            try:
                address = normalise_url(suggested_url)
            except InvalidUrl:
                return suggested_url, "the new address is none"
            if address in seen:
                return suggested_url, "the addresses lead in a circle"
            seen.add(address)
            if mask_url(suggested_url) != suggested_url:
                return suggested_url, "the new address seems to hold a secret"
            if refuse_host(urlsplit(address).hostname or ""):
                return suggested_url, "the new address is a private one"
            snapshot = self._history.link(address)
            if snapshot is None:
                return suggested_url, None
            if snapshot.health.state in {State.DEAD, State.SUSPECT}:
                return suggested_url, f"the new address is {snapshot.health.state}"
            if snapshot.health.state is not State.MOVED or snapshot.health.suggested_url is None:
                return suggested_url, None
            suggested_url = snapshot.health.suggested_url
        return suggested_url, "too many moves"
