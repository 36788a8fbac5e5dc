"""What a run does once every link was asked: are the failures that nobody vouches for ours?"""

from __future__ import annotations

from typing import Final

from crawler.errors import UnableError
from crawler.hosts import Hosts
from crawler.plan import Plan, lane_of
from crawler.recorder import Recorder
from crawler.records import Observation, Outcome, Question
from crawler.witness import is_answer

STRIKES: Final = frozenset({Outcome.NOT_FOUND, Outcome.GONE, Outcome.UNREACHABLE})
NO_ANSWER: Final = "no host that this run asked gave any answer, so no link was judged"
WENT_AWAY: Final = "the network went away during this run: what was told is kept, the failures judge nothing"
HINT: Final = "check the network and the proxy settings; `crawler demo` needs neither"


async def settle_held_failures(recorder: Recorder, hosts: Hosts, plan: Plan) -> None:
    """Keep the failures nobody has vouched for when a host that answered before answers again.

    Raises UnableError when the fault is more likely ours.
    """
    for settled in recorder.witness.settle():
        recorder.keep(settled)
    held = recorder.witness.held
    answered = Question(recorder.last_answer.link) if recorder.last_answer else plan.answered_before
    if answered is None:
        if recorder.asked_in_vain:
            raise UnableError(NO_ANSWER, hint=HINT)
        return
    if any(observation.outcome in STRIKES for observation in held):
        again: list[Observation] = []
        await hosts.ask({lane_of(answered.link): [answered]}, again.append)
        if not any(is_answer(observation) for observation in again):
            raise UnableError(WENT_AWAY, hint=HINT)
    for observation in held:
        recorder.keep(observation)
