"""Whose failures are believed: those that the network of the very worker that saw them vouches for.

Each worker has a witness. One that gets no answer from many hosts in a row gets no more work; it is asked to
look at links that answered before, its own or another worker's. When they answer it, its failures count as in
any run; when they do not, the fault is its own, and what it saw is to be asked again by others.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Final

from crawler.engine.leases import steady_seconds
from crawler.engine.members import Check, Member
from crawler.engine.messages import Seen, ShardOrder, pack
from crawler.engine.shards import by_lane
from crawler.recorder import Recorder
from crawler.records import Observation, Outcome, Question, Reason
from crawler.witness import is_answer

SHORTEST_PAUSE_SECONDS: Final = 1.0
OF_OTHERS: Final = 3
"""Links that answered others, for a worker that nobody answered yet."""

log = logging.getLogger("crawler.engine")


class Vouching:
    """Passes on to the recorder what may be believed. `next_number` numbers checks like shards."""

    def __init__(self, recorder: Recorder, next_number: Callable[[], int], pause_seconds: float) -> None:
        self._recorder = recorder
        self._next_number = next_number
        self._pause_seconds = max(pause_seconds, SHORTEST_PAUSE_SECONDS)
        self._again: list[Question] = []

    def take_again(self) -> list[Question]:
        """What was seen over networks that nobody vouches for."""
        taken, self._again = self._again, []
        return taken

    def hear(self, member: Member, seen: Seen) -> None:
        """Take one look of a worker."""
        observation = seen.observation
        if seen.vouches and is_answer(observation):
            member.answers.append(observation.link)
            if member.in_vain:
                self._keep(member.take_in_vain())
        if observation.outcome is Outcome.SKIPPED and observation.reason is Reason.SKIPPED:
            # It says nothing, and perhaps only for want of a network: then another worker may ask.
            self._recorder.note(member.witness, observation, vouches=seen.vouches)
            member.in_vain.append(observation)
        else:
            self._recorder.hear(member.witness, observation, vouches=seen.vouches)

    def doubts(self, member: Member) -> bool:
        """Whether it should rather get no more work now. Where nobody was ever answered nobody is doubted."""
        return member.is_sick or (bool(self._recorder.last_answers) and member.seems_cut_off)

    def begin_check_if_due(self, member: Member) -> bool:
        """Have a doubted worker show what it reaches, once it has nothing else in hand."""
        if member.pieces or not self.doubts(member):
            return False
        pause = self._pause_seconds if member.is_sick else 0.0
        return steady_seconds() - member.checked_at >= pause and self._begin_check(member)

    def begin_check_if_needed(self, member: Member) -> None:
        """At the end: have a worker vouch for what it still holds; without any way to, that is put off."""
        self._keep(member.witness.settle())
        if member.is_gone or member.check is not None or not (member.witness.held or member.in_vain):
            return
        if not self._begin_check(member):
            self.put_off(member)

    def hear_check(self, member: Member, check: Check, seen: Seen) -> None:
        """One of its looks at a link that answered before; it was told of then and is not written again."""
        if not (seen.vouches and is_answer(seen.observation)):
            return
        check.has_answer = True
        released = member.witness.add(seen.observation, vouches=True)
        self._keep(each for each in released if each is not seen.observation)
        self._keep(member.take_in_vain())

    def end_check(self, member: Member, check: Check) -> None:
        member.check = None
        if check.has_answer:
            member.failed_checks = 0
        else:
            member.failed_checks += 1
            log.warning("worker %s reaches none of the hosts that answered before", member.remote.name)
        self.put_off(member)

    def put_off(self, member: Member) -> None:
        """Keep what this worker's own network vouches for; the rest is to be asked again."""
        self._keep(member.witness.settle())
        held, in_vain = member.witness.take_held(), member.take_in_vain()
        if self._recorder.last_answers:
            self._recorder.forget_in_vain(member.witness)
            self._again += [Question(observation.link) for observation in (*held, *in_vain)]
        else:
            # Nobody ever answered anybody: settle.py sees whether that is the network's fault.
            self._keep(in_vain)
            for observation in held:
                self._recorder.record(observation)

    def _begin_check(self, member: Member) -> bool:
        others = [observation.link for observation in self._recorder.last_answers[-OF_OTHERS:]]
        links = member.links_that_answered() or others
        if not links:
            return False
        member.check, member.check_number = Check(), self._next_number()
        member.checked_at = steady_seconds()
        questions = pack(by_lane(Question(link) for link in links))
        # It owns none of those hosts: each turn is lent by whoever does.
        member.orders.shards.append(ShardOrder(member.check_number, questions, [], [], []))
        return True

    def _keep(self, observations: Iterable[Observation]) -> None:
        for observation in observations:
            self._recorder.keep(observation)
