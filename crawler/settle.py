"""What a run does once every link was asked: failures that may be ours, and archived copies of what is gone."""

from __future__ import annotations

from typing import Final

from crawler.errors import UnableError
from crawler.hosts import Hosts
from crawler.plan import lane_of
from crawler.recorder import Recorder
from crawler.records import Observation, Outcome, Question
from crawler.store.store import RunHandle, Store

STRIKES: Final = {Outcome.NOT_FOUND, Outcome.GONE, Outcome.UNREACHABLE}
NO_ANSWER: Final = "no host that this run asked gave any answer, so no link was judged"
NO_ANSWER_HINT: Final = "check the network and the proxy settings; `crawler demo` needs neither"
WENT_AWAY: Final = "the network went away during this run: what was told is kept, the failures judge nothing"


async def settle_held_failures(recorder: Recorder, hosts: Hosts) -> None:
    """Keep the failures nobody has vouched for yet when a host that answered before still answers.

    Raises UnableError when the fault is more likely ours.
    """
    held = recorder.witness.held
    if not held:
        return
    answered = recorder.last_answer
    if answered is None:
        raise UnableError(NO_ANSWER, hint=NO_ANSWER_HINT)
    if any(observation.outcome in STRIKES for observation in held):
        again: list[Observation] = []
        question = Question(answered.link)
        await hosts.ask({lane_of(answered.link): [question]}, again.append)
        if all(observation.http_status is None for observation in again):
            raise UnableError(WENT_AWAY, hint=NO_ANSWER_HINT)
    for observation in held:
        recorder.keep(observation)


async def look_up_copies(store: Store, run: RunHandle, hosts: Hosts, most: int) -> None:
    """Ask the archives for the links that need a copy, a few each run."""
    for link, last_alive_at in store.links_without_copy(most):
        copy = await hosts.archive.find_copy(link.canonical_url, last_alive_at)
        store.record_copy(run, link, copy)
