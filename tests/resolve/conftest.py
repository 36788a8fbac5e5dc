"""One resolver, asked once, with everything around it that a run would give it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pytest

from crawler.clock import SimulatedClock
from crawler.fetch.client import Fetcher
from crawler.fetch.environment import NetworkEnvironment
from crawler.fetch.meter import RequestMeter
from crawler.fetch.politeness import Politeness
from crawler.records import Observation, Question
from crawler.sandbox.server import Sandbox
from crawler.settings import Settings


class ResolverClass(Protocol):
    def __call__(
        self,
        settings: Settings,
        environment: NetworkEnvironment,
        fetcher: Fetcher,
        politeness: Politeness,
        meter: RequestMeter,
        clock: SimulatedClock,
    ) -> Any: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What one call of `resolve` brought: observations in the order they came, by link too."""

    observations: list[Observation]
    politeness: Politeness
    meter: RequestMeter

    def __getitem__(self, target_id: str) -> Observation:
        (found,) = [seen for seen in self.observations if seen.link.target.id == target_id]
        return found

    @property
    def only(self) -> Observation:
        (found,) = self.observations
        return found

    @property
    def requests(self) -> int:
        return sum(self.meter.requests().values())


Ask = Callable[..., Asked]


@pytest.fixture
def ask(sandbox: Sandbox, clock: SimulatedClock) -> Ask:
    """`ask(ResolverClass, questions, variables={…}, proxied=False, **settings by section)`."""

    def ask_once(
        resolver_class: ResolverClass,
        questions: Sequence[Question],
        *,
        variables: Mapping[str, str] | None = None,
        proxied: bool = False,
        **changes: Mapping[str, Any],
    ) -> Asked:
        settings = sandbox.proxied_settings(**changes) if proxied else sandbox.settings(**changes)
        own = sandbox.environment() if proxied else {}
        environment = NetworkEnvironment.from_mapping({**own, **(variables or {})})
        observations: list[Observation] = []

        async def resolve() -> Asked:
            meter = RequestMeter()
            politeness = Politeness(settings, clock)
            async with Fetcher(settings, environment, politeness, meter, clock) as fetcher:
                resolver = resolver_class(settings, environment, fetcher, politeness, meter, clock)
                await resolver.resolve(questions, observations.append)
            return Asked(observations, politeness, meter)

        asked = asyncio.run(resolve())
        links = [question.link for question in questions]
        assert sorted(map(repr, links)) == sorted(repr(seen.link) for seen in observations), (
            "one observation a question"
        )
        return asked

    return ask_once
