"""What a run does once every link was asked: are the failures that nobody vouches for ours?

Only hosts the run asks anyway are asked, never a third party.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from enum import Enum, auto
from typing import Final

from crawler.errors import UnableError
from crawler.hosts import Hosts
from crawler.plan import LaneName, Plan, lane_of
from crawler.recorder import Recorder
from crawler.records import Observation, Outcome, Question, Reason
from crawler.witness import host_of, is_answer, is_connection_failure

log = logging.getLogger(__name__)

STRIKES: Final = frozenset({Outcome.NOT_FOUND, Outcome.GONE, Outcome.UNREACHABLE})
FEW_HOSTS: Final = 3
"""So many hosts are asked whether the network is up, and so many silent ones make it worth asking."""
NO_ANSWER: Final = "no host that this run asked gave any answer, so no link was judged"
WENT_AWAY: Final = "the network went away during this run: what was told is kept, the failures judge nothing"
HINT: Final = "check the network and the proxy settings; `crawler demo` needs neither"
NOBODY_VOUCHES: Final = "failed while nobody could say whether our own network was up"


class Network(Enum):
    """What asking again told of our own network."""

    UP = auto()
    CAME_BACK = auto()
    UNKNOWN = auto()
    """Those hosts take no more requests in this run: they can say nothing."""


async def settle_held_failures(
    recorder: Recorder,
    hosts: Hosts,
    plan: Plan,
    ask_all: Callable[[], Awaitable[None]],
    pause_seconds: float,
) -> None:
    """Keep the failures nobody has vouched for when hosts that answered before answer again.

    When they do not, waits once and tries again. Failures of a time in which we were cut off are asked again,
    and everything is (`ask_all`) where nobody had ever answered.
    Raises UnableError when the fault is ours: then they judge nothing.
    """
    for settled in recorder.witness.settle():
        recorder.keep(settled)
    witnesses = _witnesses(recorder, plan)
    if not witnesses:
        if not recorder.in_vain:
            return
        witnesses = _of_different_hosts(recorder.in_vain)
        await _wait(hosts, pause_seconds)
        if await _ask(recorder, hosts, witnesses) is not Network.UP:
            raise UnableError(NO_ANSWER, hint=HINT)
        recorder.ask_again()
        await ask_all()
    elif _is_doubtful([*recorder.witness.held, *recorder.in_vain]):
        if await _check_network(recorder, hosts, witnesses, pause_seconds) is Network.CAME_BACK:
            await _ask_again(recorder, hosts, recorder.ask_again())
        else:
            await _ask_again(recorder, hosts, recorder.witness.take_doubtful())
    await _keep_the_rest(recorder, hosts, _witnesses(recorder, plan) or witnesses, pause_seconds)


async def _keep_the_rest(
    recorder: Recorder, hosts: Hosts, witnesses: list[Question], pause_seconds: float
) -> None:
    for settled in recorder.witness.settle():
        recorder.keep(settled)
    held = recorder.witness.held
    network = (
        await _check_network(recorder, hosts, witnesses, pause_seconds) if _is_doubtful(held) else Network.UP
    )
    for observation in held:
        # Back only now: what failed before is left due rather than believed.
        recorder.keep(observation if network is Network.UP else _as_not_asked(observation))


async def _check_network(
    recorder: Recorder, hosts: Hosts, witnesses: list[Question], pause_seconds: float
) -> Network:
    network = await _ask(recorder, hosts, witnesses)
    if network is not None:
        return network
    await _wait(hosts, pause_seconds)
    if await _ask(recorder, hosts, witnesses) is None:
        raise UnableError(WENT_AWAY, hint=HINT)
    return Network.CAME_BACK


async def _ask(recorder: Recorder, hosts: Hosts, questions: list[Question]) -> Network | None:
    """UP when any of them answers, None when all of them fail to."""
    seen: list[Observation] = []
    await hosts.ask(_by_lane(questions), seen.append)
    if any(is_answer(observation) and recorder.vouches(observation) for observation in seen):
        return Network.UP
    failed = any(is_connection_failure(each) or not recorder.vouches(each) for each in seen)
    return None if failed or any(_was_asked(hosts, each) for each in seen) else Network.UNKNOWN


def _was_asked(hosts: Hosts, observation: Observation) -> bool:
    """Whether a look without an answer reached at least for a proxy: its host takes requests."""
    url = observation.link.canonical_url
    return lane_of(observation.link) is LaneName.WEB and hosts.politeness.lane_for(url).closed is None


async def _ask_again(recorder: Recorder, hosts: Hosts, failed: Iterable[Observation]) -> None:
    questions = [Question(observation.link) for observation in failed]
    if questions:
        log.info("asking %d links again that failed while nobody answered", len(questions))
        await hosts.ask(_by_lane(questions), recorder.record)


async def _wait(hosts: Hosts, seconds: float) -> None:
    log.warning("no host answers any more; waiting %g s to ask again", seconds)
    await hosts.pause(seconds)


def _is_doubtful(held: Iterable[Observation]) -> bool:
    """Whether what is held may count against links, or is too much to be theirs."""
    held = list(held)
    return (
        any(observation.outcome in STRIKES for observation in held)
        or len({host_of(observation) for observation in held}) >= FEW_HOSTS
    )


def _witnesses(recorder: Recorder, plan: Plan) -> list[Question]:
    answered = [Question(observation.link) for observation in recorder.last_answers[-FEW_HOSTS:]]
    return answered or ([Question(plan.answered_before)] if plan.answered_before else [])


def _of_different_hosts(held: Iterable[Observation]) -> list[Question]:
    by_host = {host_of(observation): Question(observation.link) for observation in held}
    return list(by_host.values())[:FEW_HOSTS]


def _by_lane(questions: Iterable[Question]) -> dict[LaneName, list[Question]]:
    lanes: dict[LaneName, list[Question]] = {}
    for question in questions:
        lanes.setdefault(lane_of(question.link), []).append(question)
    return lanes


def _as_not_asked(observation: Observation) -> Observation:
    return replace(observation, outcome=Outcome.SKIPPED, reason=Reason.SKIPPED, detail=NOBODY_VOUCHES)
