"""GitHub repositories, paths and owners: with tokens through GraphQL, without one by their public pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from crawler.clock import Clock
from crawler.fetch.client import Fetcher
from crawler.fetch.environment import NetworkEnvironment, may_carry_token
from crawler.fetch.meter import RequestMeter
from crawler.fetch.politeness import Politeness
from crawler.records import Observation, Outcome, Question, Reason
from crawler.resolve.github.api import GitHubApi
from crawler.resolve.github.confirm import Confirmer
from crawler.resolve.github.graphql import GraphQLLook
from crawler.resolve.github.pages import PageLook
from crawler.resolve.github.subjects import KINDS, group_questions
from crawler.resolve.github.tokens import TokenPool
from crawler.resolve.github.verdicts import Verdict, observe_verdict
from crawler.settings import Settings


class GitHubResolver:
    """Answers questions about things at GitHub. What is known of the tokens lasts as long as the resolver."""

    def __init__(
        self,
        settings: Settings,
        environment: NetworkEnvironment,
        fetcher: Fetcher,
        politeness: Politeness,
        meter: RequestMeter,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._environment = environment
        self._fetcher = fetcher
        self._politeness = politeness
        self._meter = meter
        self._clock = clock
        tokens = environment.github_tokens
        may_ask = tokens and may_carry_token(settings.github.api_url, "GITHUB_TOKEN")
        self._pool = TokenPool(tokens if may_ask else ())

    async def resolve(self, questions: Sequence[Question], record: Callable[[Observation], None]) -> None:
        """Ask GitHub, and call `record` exactly once per question; never raises for a link."""
        for question in questions:
            if question.link.target.kind not in KINDS:
                verdict = Verdict(Outcome.SKIPPED, Reason.SKIPPED, detail="no repository, path or owner")
                record(observe_verdict(question, verdict, self._clock.now()))
        subjects = group_questions(question for question in questions if question.link.target.kind in KINDS)
        async with GitHubApi(
            self._settings, self._environment, self._politeness, self._meter, self._clock, self._pool
        ) as api:
            confirmer = Confirmer(api)
            if self._pool.tokens:
                with_tokens = GraphQLLook(api, confirmer, record)
                await with_tokens.look(subjects)
                subjects = with_tokens.for_pages
            await PageLook(self._settings, self._fetcher, confirmer, self._clock, record).look(subjects)
