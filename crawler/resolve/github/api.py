"""Asking GitHub's API: the lane's turn, the token's quota, the limits, one retry; an `Answer` in any case.

What an answer means for a repository is decided elsewhere. PyGithub itself: connection.py.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from crawler.clock import Clock
from crawler.fetch.environment import NetworkEnvironment
from crawler.fetch.failure import Failure, LookFailed
from crawler.fetch.meter import RequestMeter
from crawler.fetch.politeness import Lane, LaneClosed, Politeness
from crawler.fetch.throttle import parse_retry_after
from crawler.records import Reason
from crawler.resolve.github.queries import ErrorType, is_whole_query_error
from crawler.resolve.github.tokens import Resource, Token, TokenPool
from crawler.settings import Settings

if TYPE_CHECKING:
    from crawler.resolve.github.connection import ApiSession

API_LANE: Final = "api.github.com"
"""Also where `api_url` is another address: two endpoints may share one host, never one lane."""
MAX_TRIES: Final = 3
RETRY_SECONDS: Final = 2.0
# "wait for at least one minute", then longer each time:
# https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api (2026-11)
SECONDARY_WAIT_SECONDS: Final = 60.0


OF_THE_CONNECTION: Final = frozenset(
    {
        Reason.DNS_FAILURE,
        Reason.CONNECTION_REFUSED,
        Reason.CONNECTION_RESET,
        Reason.TLS_FAILURE,
        Reason.SKIPPED,
    }
)
"""Failures that the next question would meet as well."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one question to the API: an answer (`status`), or a `failure`.

    `content` is the body as JSON, None when it is none. `refused`: the token, not the question, is at fault.
    """

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content: Any = None
    failure: Failure | None = None
    refused: bool = False

    @property
    def object(self) -> Mapping[str, Any]:
        """The body as an object; empty when it is something else."""
        return self.content if isinstance(self.content, dict) else {}

    @property
    def is_limited(self) -> bool:
        return self.failure is not None and self.failure.reason is Reason.RATE_LIMITED


class GitHubApi:
    """One lane to the API for all tokens; an async context manager."""

    def __init__(
        self,
        settings: Settings,
        environment: NetworkEnvironment,
        politeness: Politeness,
        meter: RequestMeter,
        clock: Clock,
        pool: TokenPool,
    ) -> None:
        self.pool = pool
        self.lane: Lane = politeness.lane(API_LANE)
        self.clock = clock
        self._open_session = lambda: _open_session(settings, environment, meter)
        self._session: ApiSession | None = None
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._session is not None:
            self._session.close()

    async def query(self, document: str, token: Token) -> Answer:
        """POST one GraphQL document. A server error is not tried again: a smaller document may be."""
        return await self._ask("POST", "/graphql", Resource.GRAPHQL, token, {"query": document})

    async def get(self, path: str, preferred: Token | None = None) -> Answer:
        """GET one REST path with a token that may still ask, else without."""
        while True:
            token = self.pool.pick(Resource.CORE, self.clock.now(), preferred)
            if token is None:
                said = "the REST quota is used up, an absence could not be confirmed"
                return Answer(failure=Failure(Reason.RATE_LIMITED, said, temporary=True))
            answer = await self._ask("GET", path, Resource.CORE, token)
            spent = answer.is_limited and self.lane.closed is None
            if not (spent or (answer.refused and token.value is not None)):
                return answer

    async def _ask(
        self, verb: str, path: str, resource: Resource, token: Token, body: dict[str, Any] | None = None
    ) -> Answer:
        """One question, asked again where that is likely to heal."""
        answer = Answer()
        for attempt in range(MAX_TRIES):
            try:
                async with self.lane.turn():
                    # Others may have used the token up, or seen it refused, while this one waited.
                    if not token.can_ask(resource, self.clock.now()):
                        return _refused() if token.is_refused else _quota_used_up()
                    answer = await self._send(verb, path, token, body)
                    token.learn(resource, answer.headers, self.clock.now())
            except LaneClosed as closed:
                return Answer(failure=explain_closed(self.lane, closed))
            now = self.clock.now()
            self.lane.quota = self.pool.describe(Resource.GRAPHQL) or self.pool.describe(Resource.CORE)
            limit = read_limit(answer)
            if limit is Limit.PRIMARY:
                if token.can_ask(resource, now):
                    token.spend(resource, now)
                return _quota_used_up()
            if limit is Limit.SECONDARY:
                asked = parse_retry_after(answer.headers.get("retry-after"), now)
                wait = SECONDARY_WAIT_SECONDS * 2**attempt if asked is None else asked
                self.lane.back_off(wait, "secondary rate limit")
            elif answer.status == 401 or (answer.status == 403 and resource is Resource.GRAPHQL):
                token.refuse(answer.status)
                return replace(answer, refused=True)
            elif answer.status == 503:
                self.lane.close("the API answered 503")
                return answer
            elif answer.status is None:
                if answer.failure is None or answer.failure.reason not in OF_THE_CONNECTION:
                    return answer
                self.lane.back_off(RETRY_SECONDS, "the API could not be asked")
            elif answer.status >= 500 and resource is Resource.CORE:
                self.lane.back_off(RETRY_SECONDS, "server error")
            else:
                return answer
        return self._give_up(answer)

    def _give_up(self, answer: Answer) -> Answer:
        """What stays after the last try; an API that cannot be asked at all is left alone."""
        if answer.failure is not None:
            self.lane.close(answer.failure.detail)
        elif answer.status is not None and answer.status < 500:
            self.lane.throttled = True
            self.lane.close("the secondary rate limit holds on")
            said = "the secondary rate limit holds on"
            return replace(answer, failure=Failure(Reason.RATE_LIMITED, said, temporary=True))
        return answer

    async def _send(self, verb: str, path: str, token: Token, body: dict[str, Any] | None) -> Answer:
        async with self._opening:
            if self._session is None:
                self._session = await asyncio.to_thread(self._open_session)
        try:
            status, headers, text = await asyncio.to_thread(
                self._session.request, verb, path, token.value, body
            )
        except LookFailed as failed:
            return Answer(failure=failed.failure)
        try:
            content = json.loads(text)
        except ValueError:
            content = None
        return Answer(status, headers, content)


def _refused() -> Answer:
    return Answer(failure=Failure(Reason.SKIPPED, "the API lets us in no more", temporary=True), refused=True)


def _quota_used_up() -> Answer:
    return Answer(failure=Failure(Reason.RATE_LIMITED, "the quota is used up", temporary=True))


class Limit(StrEnum):
    """Which of GitHub's limits an answer speaks of."""

    PRIMARY = "primary"
    SECONDARY = "secondary"


def read_limit(answer: Answer) -> Limit | None:
    """Told by status, headers and error type; GraphQL says it inside a 200 too.

    A 403 without a header of either kind is the secondary limit only where the answer links its description.
    """
    if answer.status == 200:
        limited = is_whole_query_error(answer.object, ErrorType.RATE_LIMITED)
    else:
        about = answer.object.get("documentation_url")
        limited = answer.status == 429 or (
            answer.status == 403
            and "block" not in answer.object
            and (
                "retry-after" in answer.headers
                or answer.headers.get("x-ratelimit-remaining") == "0"
                or (isinstance(about, str) and "rate-limit" in about)
            )
        )
    if not limited:
        return None
    remaining = answer.headers.get("x-ratelimit-remaining")
    if remaining == "0" or (answer.status == 200 and remaining is None):
        return Limit.PRIMARY
    return Limit.SECONDARY


def explain_closed(lane: Lane, closed: LaneClosed) -> Failure:
    """Why a question was not asked: the same words for all of them, so that the summary can count them."""
    reason = Reason.RATE_LIMITED if closed.throttled else Reason.SKIPPED
    return Failure(reason, f"{lane.name} is left alone for this run: {closed.reason}", temporary=True)


def _open_session(settings: Settings, environment: NetworkEnvironment, meter: RequestMeter) -> ApiSession:
    # PyGithub takes a third of a second to import: not before the first request.
    from crawler.resolve.github.connection import ApiSession  # noqa: PLC0415

    return ApiSession(settings, environment, meter)
