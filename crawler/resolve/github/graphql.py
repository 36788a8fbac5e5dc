"""GitHub with tokens: GraphQL documents for many repositories and owners at once, REST for what they lack.

Each token works through the batches one after the other, as GitHub asks; several tokens share them.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from crawler.fetch.failure import Failure
from crawler.records import Observation, Outcome, Question, Reason
from crawler.resolve.github.api import Answer, GitHubApi
from crawler.resolve.github.confirm import Confirmer, keeps_token_out
from crawler.resolve.github.facts import Repository, read_graphql_owner, read_graphql_repository
from crawler.resolve.github.queries import (
    ErrorType,
    Reply,
    Told,
    is_whole_query_error,
    make_batches,
    read_replies,
    write_query,
)
from crawler.resolve.github.subjects import PathState, Subject, path_of
from crawler.resolve.github.tokens import Resource, Token
from crawler.resolve.github.verdicts import (
    Verdict,
    is_path,
    is_stranger,
    known_id,
    observe_missing_path,
    observe_moved_branch,
    observe_owner,
    observe_repository,
    observe_reused_name,
    observe_verdict,
    read_failure,
)

log = logging.getLogger("crawler")

TIMED_OUT: Final = frozenset({500, 502, 504})
"""A document that takes GitHub longer than ten seconds ends so; a smaller one may not."""
MAX_HALVINGS: Final = 2
MAX_FAILURES_IN_A_ROW: Final = 4
"""Halved batches: all quarters of one."""
MAX_CUTS: Final = 7
"""Halvings for GitHub's resource limits: from 100 aliases down to one."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Subjects of one document; how often it was halved for a server error, and how often cut otherwise."""

    subjects: tuple[Subject, ...]
    halvings: int = 0
    cuts: int = 0


class GraphQLLook:
    """One round of questions to the API. `for_pages` collects what is better asked without a token."""

    def __init__(self, api: GitHubApi, confirmer: Confirmer, record: Callable[[Observation], None]) -> None:
        self.for_pages: list[Subject] = []
        self._api = api
        self._confirmer = confirmer
        self._record = record
        self._batches: deque[Batch] = deque()
        self._parts: deque[Batch] = deque()
        """Of batches begun: they go first, so that an API that answers nothing shows itself early."""
        self._failures_in_a_row = 0

    async def look(self, subjects: Iterable[Subject]) -> None:
        """Every question of the subjects is recorded, or its subject stands in `for_pages`."""
        self._batches.extend(Batch(subjects) for subjects in make_batches(subjects))
        pool = self._api.pool
        # Again, for a token that ran out may hand its batch back after the others have gone.
        while self._waiting and (tokens := pool.usable(Resource.GRAPHQL, self._api.clock.now())):
            async with asyncio.TaskGroup() as group:
                for token in tokens:
                    group.create_task(self._work(token))
        left = [subject for batch in self._waiting for subject in batch.subjects]
        if not left:
            return
        if pool.all_refused:
            self.for_pages.extend(left)
        else:
            self._settle(left, read_failure(self._end_lane()))

    @property
    def _waiting(self) -> list[Batch]:
        return [*self._parts, *self._batches]

    def _end_lane(self) -> Failure:
        """No quota is left: nothing more goes to the API in this run."""
        lane = self._api.lane
        reset = self._api.pool.next_reset(Resource.GRAPHQL)
        why = f"the quota is used up until {reset:%H:%M} UTC"
        lane.throttled = True
        lane.close(why)
        lane.back_off((reset - self._api.clock.now()).total_seconds(), why)
        return Failure(Reason.RATE_LIMITED, f"{lane.name} is left alone for this run: {why}", temporary=True)

    async def _work(self, token: Token) -> None:
        """One token's share: a batch after the other, until there is none or the token is of no more use."""
        while self._waiting and token.can_ask(Resource.GRAPHQL, self._api.clock.now()):
            batch = (self._parts or self._batches).popleft()
            answer = await self._api.query(write_query(batch.subjects), token)
            if answer.refused or (answer.is_limited and self._api.lane.closed is None):
                self._parts.appendleft(batch)
            else:
                await self._read(batch, answer, token)

    async def _read(self, batch: Batch, answer: Answer, token: Token) -> None:
        if answer.status in TIMED_OUT or (answer.failure and answer.failure.reason is Reason.TIMEOUT):
            self._halve(batch, answer)
        elif answer.failure is not None:
            self._settle(batch.subjects, read_failure(answer.failure, answer.status))
        elif answer.status == 200 and ("data" in answer.object or "errors" in answer.object):
            self._failures_in_a_row = 0
            await self._read_replies(batch, answer, token)
        elif answer.status == 503:
            self._settle(batch.subjects, _server_error(answer))
        else:
            said = f"the API answered {answer.status}, which is no answer of GraphQL"
            self._api.lane.close(said)
            self._settle(batch.subjects, Verdict(Outcome.SKIPPED, Reason.SKIPPED, answer.status, said))

    def _halve(self, batch: Batch, answer: Answer) -> None:
        if batch.halvings < MAX_HALVINGS and len(batch.subjects) > 1:
            self._parts.extend(
                Batch(half, batch.halvings + 1, batch.cuts) for half in _halves(batch.subjects)
            )
            return
        self._settle(batch.subjects, _server_error(answer))
        self._failures_in_a_row += 1
        if self._failures_in_a_row == MAX_FAILURES_IN_A_ROW:
            self._api.lane.close("the API answers no document, however small")

    async def _read_replies(self, batch: Batch, answer: Answer, token: Token) -> None:
        limited = is_whole_query_error(
            answer.object, ErrorType.RESOURCE_LIMITS_EXCEEDED, ErrorType.MAX_NODE_LIMIT_EXCEEDED
        )
        untold: list[Subject] = []
        further: list[Coroutine[Any, Any, None]] = []
        for subject, reply in zip(batch.subjects, read_replies(answer.object, batch.subjects), strict=True):
            match reply.told:
                case Told.UNTOLD:
                    untold.append(subject)
                case Told.ABSENT | Told.FORBIDDEN:
                    further.append(self._confirm(subject, token))
                case Told.FOUND if subject.name is None:
                    self._report_owner(subject, reply)
                case Told.FOUND:
                    repository = read_graphql_repository(reply.node, reply.forbidden)
                    further.append(self._report(subject, repository, reply.exists, token))
        if untold and batch.cuts and not limited and not isinstance(answer.object.get("data"), dict):
            log.warning(
                "GitHub takes no document of ours (%r): asking its pages instead", _first_message(answer)
            )
            self.for_pages.extend(untold)
        elif untold:
            self._ask_again(untold, batch, limited=limited)
        async with asyncio.TaskGroup() as group:
            for work in further:
                group.create_task(work)

    def _ask_again(self, untold: Sequence[Subject], batch: Batch, *, limited: bool) -> None:
        """In halves where the document was too much for GitHub; once more as it is after any other error."""
        if batch.cuts >= (MAX_CUTS if limited else 1):
            said = "GitHub cut the answer off"
            self._settle(untold, Verdict(Outcome.FAILED, Reason.SERVER_ERROR, 200, said))
            return
        for part in _halves(untold) if limited else [tuple(untold)]:
            self._parts.append(Batch(part, batch.halvings, batch.cuts + 1))

    def _report_owner(self, subject: Subject, reply: Reply) -> None:
        owner = read_graphql_owner(reply.node)
        for question in subject.questions:
            self._record(observe_owner(question, owner, self._api.clock.now()))

    async def _report(
        self, subject: Subject, repository: Repository, exists: dict[str, bool], token: Token
    ) -> None:
        for question in subject.questions:
            if is_stranger(question, repository):
                seen = await self._follow_identity(question, repository, token)
            else:
                seen = observe_repository(question, repository, self._api.clock.now())
            here = seen.host_id is None or seen.host_id == str(repository.host_id)
            if is_path(question) and here and seen.outcome in {Outcome.ALIVE, Outcome.MOVED}:
                seen = await self._look_at_path(question, seen, repository, exists, token)
            self._record(seen)

    async def _follow_identity(self, question: Question, stranger: Repository, token: Token) -> Observation:
        known = known_id(question)
        first = await self._confirmer.find_identity(known or 0, token)
        return observe_reused_name(question, stranger, first, self._api.clock.now())

    async def _look_at_path(
        self,
        question: Question,
        seen: Observation,
        repository: Repository,
        exists: dict[str, bool],
        token: Token,
    ) -> Observation:
        path = path_of(question)
        match path.state(exists):
            case PathState.FOUND:
                return seen
            case PathState.MISSING:
                return observe_missing_path(seen)
            case PathState.UNTOLD:
                said = "the repository is there, whether its path is was not told"
                verdict = Verdict(Outcome.FAILED, Reason.SERVER_ERROR, seen.http_status, said)
                return observe_verdict(question, verdict, seen.observed_at)
            case PathState.BRANCH_MISSING:
                # The default branch of many was renamed; the site leads on, Git does not know the old name.
                branch = path.splits[0][0]
                name = repository.full_name or question.link.target.id.partition(":")[0]
                found = await self._confirmer.find_branch(name, branch, token)
        if isinstance(found, Verdict):
            if found.outcome is Outcome.NOT_FOUND:
                return observe_missing_path(seen, found.http_status)
            return observe_verdict(question, found, seen.observed_at)
        if found == repository.default_branch and found != branch:
            if path.is_at_head(exists):
                return observe_moved_branch(seen, path.with_ref(found))
            return observe_missing_path(seen)
        said = f"its branch is {found} now, where the path was not looked for"
        return observe_verdict(
            question, Verdict(Outcome.SKIPPED, Reason.SKIPPED, 200, said), seen.observed_at
        )

    async def _confirm(self, subject: Subject, token: Token) -> None:
        """A null does not say why, and a token may be refused what every reader sees."""
        if subject.name is None:
            owner = await self._confirmer.find_owner(subject.owner, token)
            if isinstance(owner, Verdict):
                self._settle_or_hand_on(subject, owner)
                return
            for question in subject.questions:
                self._record(observe_owner(question, owner, self._api.clock.now()))
            return
        repository = await self._confirmer.find_repository(subject.full_name, token)
        if isinstance(repository, Verdict):
            self._settle_or_hand_on(subject, repository)
        else:
            await self._report(subject, repository, {}, token)

    def _settle_or_hand_on(self, subject: Subject, verdict: Verdict) -> None:
        if keeps_token_out(verdict):
            self.for_pages.append(subject)
        else:
            self._settle([subject], verdict)

    def _settle(self, subjects: Iterable[Subject], verdict: Verdict) -> None:
        """The same verdict for every question of these subjects."""
        now = self._api.clock.now()
        for subject in subjects:
            for question in subject.questions:
                self._record(observe_verdict(question, verdict, now))


def _server_error(answer: Answer) -> Verdict:
    if answer.failure is not None:
        return read_failure(answer.failure)
    return Verdict(Outcome.FAILED, Reason.SERVER_ERROR, answer.status, f"the API answered {answer.status}")


def _first_message(answer: Answer) -> str:
    errors = answer.object.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    return str(first.get("message", ""))[:200] if isinstance(first, dict) else ""


def _halves(subjects: Sequence[Subject]) -> list[tuple[Subject, ...]]:
    middle = (len(subjects) + 1) // 2
    return [half for half in (tuple(subjects[:middle]), tuple(subjects[middle:])) if half]
