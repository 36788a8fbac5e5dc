"""Whether a failure may be our own. Pure.

A connection that failed tells of the link only if our own network is up: it is held back until another host
has answered after it. What nobody vouches for by the end of a run is not judged, and what failed while we
seemed cut off is never released by whoever answers first afterwards: it is to be asked again.
"""

from __future__ import annotations

from typing import Final

from crawler.links import hostname
from crawler.records import Observation, Outcome, Reason

ANSWERED: Final = frozenset(
    {Outcome.ALIVE, Outcome.MOVED, Outcome.RESTRICTED, Outcome.NOT_FOUND, Outcome.GONE}
)
FAILURES: Final = frozenset({Outcome.UNREACHABLE, Outcome.FAILED})
NOT_OF_THE_NETWORK: Final = frozenset(
    {
        Reason.TOO_MANY_REDIRECTS,
        Reason.BODY_TOO_LARGE,
        Reason.RATE_LIMITED,
        Reason.SKIPPED,
        Reason.INVALID_URL,
        Reason.PRIVATE_ADDRESS,
    }
)

CUT_OFF_FAMILIAR: Final = 3
"""Hosts that had answered in this run and fail one after the other with no answer in between."""
CUT_OFF: Final = 8
"""The same of any hosts: so many dead ones in a row are no chance."""


class Witness:
    """Passes answers through and holds failures back; what is released comes host by host, in order."""

    def __init__(self) -> None:
        self._held: dict[str, list[Observation]] = {}
        self._answered_by_own_host: dict[str, int] = {}
        self._doubtful: list[Observation] = []
        self._failed_since_answer: set[str] = set()
        self.hosts_heard: set[str] = set()
        self.hosts_failed: set[str] = set()

    @property
    def heard_anyone(self) -> bool:
        """Whether any host has answered at all."""
        return bool(self.hosts_heard)

    @property
    def held(self) -> tuple[Observation, ...]:
        return (*self._doubtful, *(observation for held in self._held.values() for observation in held))

    def add(self, observation: Observation, *, vouches: bool = True) -> list[Observation]:
        """Take one look; returns what may be judged now.

        An answer that `vouches` for nothing, because it may be our own proxy's, is held like a failure.
        """
        host = host_of(observation)
        if is_answer(observation) and vouches:
            if self.seems_cut_off:
                self._doubtful = list(self.held)
                self._held, self._answered_by_own_host = {}, {}
            self._failed_since_answer.clear()
            self.hosts_heard.add(host)
            return [*self._release(host), observation]
        if is_connection_failure(observation) or not vouches:
            self.hosts_failed.add(host)
            self._failed_since_answer.add(host)
            self._held.setdefault(host, []).append(observation)
            return []
        return [observation]

    def settle(self) -> list[Observation]:
        """At the end: release what at least its own host answered after. The rest stays held."""
        settled: list[Observation] = []
        for host, count in self._answered_by_own_host.items():
            settled += self._held[host][:count]
            self._held[host] = self._held[host][count:]
        self._answered_by_own_host = {}
        return settled

    def take_held(self) -> list[Observation]:
        """Give up what is held, so that those links can be asked again."""
        taken = list(self.held)
        self._held, self._answered_by_own_host, self._doubtful = {}, {}, []
        self._failed_since_answer.clear()
        return taken

    def take_doubtful(self) -> list[Observation]:
        """Give up only what failed while we seemed cut off."""
        taken, self._doubtful = self._doubtful, []
        return taken

    @property
    def seems_cut_off(self) -> bool:
        """Whether so many hosts in a row failed that it is rather our own network."""
        failed = self._failed_since_answer
        return len(failed) >= CUT_OFF or len(failed & self.hosts_heard) >= CUT_OFF_FAMILIAR

    def _release(self, answering_host: str) -> list[Observation]:
        own = self._held.pop(answering_host, [])
        released = [observation for held in self._held.values() for observation in held]
        self._held = {answering_host: own} if own else {}
        self._answered_by_own_host = {answering_host: len(own)} if own else {}
        return released


def is_answer(observation: Observation) -> bool:
    """Whether some host answered: an HTTP status, or an outcome nobody can make up."""
    return observation.http_status is not None or observation.outcome in ANSWERED


def is_connection_failure(observation: Observation) -> bool:
    """No host answered, and it was asked: no such name, refused, reset, bad TLS, timeout, a failing proxy."""
    return (
        observation.http_status is None
        and observation.outcome in FAILURES
        and observation.reason not in NOT_OF_THE_NETWORK
    )


def host_of(observation: Observation) -> str:
    """The name of the host that was asked first."""
    return hostname.host_of(observation.link.canonical_url)
