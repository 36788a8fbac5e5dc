"""What a look says, given the network it was made over: whose word an answer is, what is no news. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from crawler.fetch.environment import NetworkEnvironment
from crawler.records import Observation, Outcome, Reason
from crawler.witness import is_connection_failure

PAST_THE_PROXY: Final = "no way to the host but through a proxy, and none is set for its scheme"


def vouches(environment: NetworkEnvironment, observation: Observation) -> bool:
    """Whether it is the host that speaks in this look, and not perhaps our own proxy."""
    return not environment.may_be_the_proxys(_asked(observation), observation.http_status)


def without_own_faults(environment: NetworkEnvironment, observation: Observation) -> Observation:
    """The look itself; one that found no way out of its own network past a proxy says nothing."""
    if is_connection_failure(observation) and environment.is_past_the_proxy(_asked(observation)):
        return replace(observation, outcome=Outcome.SKIPPED, reason=Reason.SKIPPED, detail=PAST_THE_PROXY)
    return observation


def _asked(observation: Observation) -> str:
    return observation.final_url or observation.link.canonical_url
