"""What the run knows of its work in hand: the jobs it was given, the pieces of them, and who has which."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

import msgspec

from crawler.engine.engine import Remote
from crawler.engine.messages import UNENCODABLE, Orders, is_encodable, pack
from crawler.engine.shards import Shard, by_lane
from crawler.links.hostname import host_of
from crawler.records import Link, Observation, Question
from crawler.witness import CUT_OFF, Witness

MOST_UNTOLD: Final = 8_000
"""Web links that one worker may have in hand."""
HOSTS_PER_PLACE: Final = 2
"""Hosts in hand for each that the concurrency has room for: some always wait for their spacing."""
REMEMBERED_ANSWERS: Final = 32
CHECKED_HOSTS: Final = 3


@dataclass(slots=True, eq=False)
class Job:
    """One call of `ask`."""

    left: int
    record: Callable[[Observation], None]
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def count_told(self, links: int) -> None:
        self.left -= links
        if self.left <= 0:
            self.done.set()


@dataclass(slots=True, eq=False)
class Piece:
    """A shard of a job. `untold` are the questions nobody was told of yet, by URL, while a worker has it."""

    shard: Shard
    job: Job
    untold: dict[str, Question] = field(default_factory=dict)

    def pack(self) -> tuple[msgspec.Raw, list[Question]]:
        """The untold questions for a worker, and those that cannot travel: they are untold no more."""
        try:
            return pack(by_lane(self.untold.values())), []
        except UNENCODABLE:
            odd = [question for question in self.untold.values() if not is_encodable(question)]
            for question in odd:
                del self.untold[question.link.canonical_url]
            return pack(by_lane(self.untold.values())), odd


@dataclass(slots=True, eq=False)
class Check:
    """Links that answered before, asked again: does this worker's network stand?"""

    has_answer: bool = False


@dataclass(slots=True, eq=False)
class Member:
    """One worker of the run. `heard_at`: when its latest report came, on the clock of leases."""

    remote: Remote
    orders: Orders
    heard_at: float
    witness: Witness = field(default_factory=Witness)
    in_vain: list[Observation] = field(default_factory=list)
    """Looks since its latest answer that say nothing, perhaps for want of a network: not yet written."""
    pieces: dict[int, Piece] = field(default_factory=dict)
    check: Check | None = None
    check_number: int = 0
    checked_at: float = float("-inf")
    failed_checks: int = 0
    is_gone: bool = False
    answers: deque[Link] = field(default_factory=lambda: deque(maxlen=REMEMBERED_ANSWERS))
    """The latest links that answered it."""

    @property
    def seems_cut_off(self) -> bool:
        """Whether so many hosts in a row gave no answer that it is rather its own network."""
        return self.witness.seems_cut_off or len(self._hosts_in_vain()) >= CUT_OFF

    @property
    def is_undecided(self) -> bool:
        """Whether a check is under way, perhaps one that was due already, or it is lost and its hosts not yet
        free: what it holds is decided after that."""
        if self.is_gone:
            return bool(self.witness.held or self.in_vain)
        return self.check is not None

    @property
    def is_sick(self) -> bool:
        """Hosts that answer others do not answer it."""
        return self.failed_checks > 0

    def _hosts_in_vain(self) -> set[str]:
        return {host_of(observation.link.canonical_url) for observation in self.in_vain}

    def take_in_vain(self) -> list[Observation]:
        taken, self.in_vain = self.in_vain, []
        return taken

    def links_that_answered(self) -> list[Link]:
        """One of each of its latest hosts."""
        by_host = {host_of(link.canonical_url): link for link in self.answers}
        return list(by_host.values())[-CHECKED_HOSTS:]

    @property
    def untold(self) -> int:
        """Web links in hand."""
        return sum(len(piece.untold) for piece in self.pieces.values() if not piece.shard.is_api)

    def has_room(self, wanted_hosts: int, fair_share: float) -> bool:
        """Whether it should get another piece of web links."""
        hosts = sum(
            len(piece.shard.hosts) * len(piece.untold) / max(len(piece.shard), 1)
            for piece in self.pieces.values()
            if not piece.shard.is_api
        )
        return self.untold <= min(MOST_UNTOLD, fair_share) and hosts < wanted_hosts


def share_fairly(waiting: Iterable[Piece], members: Collection[Member], expected: int) -> float:
    """How many web links one worker may have in hand, so that one that comes later finds work too."""
    left = sum(len(piece.shard) for piece in waiting if not piece.shard.is_api)
    left += sum(member.untold for member in members)
    return left / max(expected, len(members))
