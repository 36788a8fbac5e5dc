"""Questions about arXiv papers → observations: one Atom answer for up to a hundred, OAI once per version.

The pages themselves are never asked for: arXiv forbids that to programs, and a missing PDF proves nothing.
Everything goes through one lane, one request at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final
from urllib.parse import urlencode

from crawler.clock import Clock
from crawler.fetch.client import Fetcher, FetchResult
from crawler.fetch.environment import NetworkEnvironment
from crawler.fetch.meter import RequestMeter
from crawler.fetch.politeness import ARXIV_LANE, Politeness
from crawler.links.arxiv_id import canonical_arxiv_id
from crawler.records import Facts, Known, Observation, Outcome, Question, Reason, TargetKind
from crawler.resolve.arxiv.atom import Feed, Paper, parse_feed
from crawler.resolve.arxiv.oai import ID_PREFIX, Presence, Record, parse_record
from crawler.resolve.arxiv.xml import UnreadableAnswer
from crawler.settings import Settings

PAGE_ROOT: Final = "https://arxiv.org/abs/"
PAPERS_PER_REQUEST: Final = 100
"""No limit is documented; this keeps the address short enough for every cache on the way."""
MAX_ANSWER_BYTES: Final = 20_000_000
"""Collaborations of thousands of authors make long entries."""
BUSY_STATUSES: Final = frozenset({403, 406, 429, 503})
"""How arXiv says that it has no capacity left, to those too who keep its rules (since 2025-11)."""
BUSY_WAIT_SECONDS: Final = 60.0
GIVE_UP_SECONDS: Final = 600.0
POISONED_STATUSES: Final = frozenset({400, 500})
"""One id that arXiv cannot read spoils the answer for all."""
MAX_SPLITS: Final = 10
"""Enough to find one bad id among a hundred; when the service itself is down, more would not help."""
MAX_CONFIRMATIONS: Final = 20
"""Absent papers asked for by OAI in one run; the others wait for the next."""
MAX_RECORD_SILENCES: Final = 3
"""OAI answers in a row that say nothing; then it is not asked again in this run."""
FEWEST_FOR_SILENCE: Final = 4
"""A feed without a single paper, for so many ids or more, is rather a fault than the truth."""


@dataclass(frozen=True, slots=True)
class _Silence:
    """An answer that says nothing. `poisoned`: it may say more about fewer ids."""

    outcome: Outcome
    reason: Reason
    detail: str | None = None
    http_status: int | None = None
    poisoned: bool = False


class ArxivResolver:
    """Papers; lists, author pages and the like are web pages."""

    def __init__(
        self,
        settings: Settings,
        environment: NetworkEnvironment,  # noqa: ARG002 - all resolvers are wired alike
        fetcher: Fetcher,
        politeness: Politeness,
        meter: RequestMeter,  # noqa: ARG002 - the fetcher counts
        clock: Clock,
    ) -> None:
        self._settings = settings.arxiv
        self._fetcher = fetcher
        self._lane = politeness.lane(ARXIV_LANE)
        self._clock = clock

    async def resolve(self, questions: Sequence[Question], record: Callable[[Observation], None]) -> None:
        """Look at every link once; `record` gets one observation per question as it arrives."""
        look = _Look(self._settings.api_url, self._settings.oai_url, self._fetcher, self._lane.back_off)

        def tell(question: Question, saw: _Saw) -> None:
            record(
                Observation(
                    link=question.link,
                    observed_at=self._clock.now(),
                    outcome=saw.outcome,
                    reason=saw.reason,
                    http_status=saw.http_status,
                    final_url=PAGE_ROOT + question.link.target.id if saw.host_id else None,
                    detail=saw.detail,
                    facts=saw.facts or {},
                    host_id=saw.host_id,
                    elapsed_seconds=saw.elapsed_seconds,
                    pointers=saw.pointers or {},
                )
            )

        sane = []
        for question in questions:
            target = question.link.target
            if target.kind is not TargetKind.ARXIV_PAPER:
                tell(question, _Saw(Outcome.SKIPPED, Reason.SKIPPED, f"arXiv's API knows no {target.kind}"))
            elif canonical_arxiv_id(target.id) != target.id:
                tell(question, _Saw(Outcome.SKIPPED, Reason.INVALID_URL, f"no arXiv id: {target.id!r}"))
            else:
                sane.append(question)
        remaining = iter(sane)
        while batch := list(islice(remaining, PAPERS_PER_REQUEST)):
            await look.look_at(batch, tell)


@dataclass(frozen=True, slots=True)
class _Saw:
    """The part of an observation that the answers decide."""

    outcome: Outcome
    reason: Reason
    detail: str | None = None
    http_status: int | None = None
    facts: Facts | None = None
    host_id: str | None = None
    elapsed_seconds: float | None = None
    pointers: dict[str, tuple[str, ...]] | None = None


class _Look:
    """One run's way through the papers, with what it may still spend on doubts."""

    def __init__(
        self, api_url: str, oai_url: str, fetcher: Fetcher, back_off: Callable[[float, str], None]
    ) -> None:
        self._api_url = api_url
        self._oai_url = oai_url
        self._fetcher = fetcher
        self._back_off = back_off
        self._splits_left = MAX_SPLITS
        self._confirmations_left = MAX_CONFIRMATIONS
        self._record_silences = 0

    async def look_at(self, questions: Sequence[Question], tell: Callable[[Question, _Saw], None]) -> None:
        ids = [question.link.target.id for question in questions]
        result, feed = await self._ask_feed(ids)
        if isinstance(feed, _Silence):
            if feed.poisoned and len(questions) > 1 and self._splits_left > 0:
                self._splits_left -= 1
                middle = len(questions) // 2
                await self.look_at(questions[:middle], tell)
                await self.look_at(questions[middle:], tell)
                return
            for question in questions:
                tell(question, _Saw(feed.outcome, feed.reason, feed.detail, feed.http_status))
            return
        papers = {paper.id: paper for paper in feed.papers}
        is_credible = bool(papers) or len(questions) < FEWEST_FOR_SILENCE
        # Those that need no further request first.
        for question in sorted(questions, key=lambda one: _needs_record(one, papers)):
            paper = papers.get(question.link.target.id)
            if paper is not None:
                saw = await self._complete(question.known, paper)
            elif feed.is_whole and is_credible:
                saw = await self._confirm_absence(question.link.target.id)
            else:
                saw = _unconfirmed("absent from an answer that is not whole")
            tell(question, replace(saw, elapsed_seconds=result.elapsed_seconds))

    async def _complete(self, known: Known, paper: Paper) -> _Saw:
        """A paper that the API knows, with licence and withdrawal from OAI where those may be new."""
        facts = dict(paper.facts)
        withdrawn = known.facts.get("withdrawn") is True
        detail = None
        if _is_new_version(known, paper):
            record = await self._ask_record(paper.id)
            if isinstance(record, Record) and record.facts and (record.version or 0) >= (paper.version or 0):
                withdrawn = record.withdrawn
                facts |= {field: record.facts[field] for field in RECORD_FACTS if field in record.facts}
            else:
                detail = "licence and withdrawal not told this time"
                if "withdrawn" in known.facts:
                    # They are known for an older version. Until they are for this one, it stays new.
                    facts.pop("version", None)
        return _Saw(
            Outcome.ALIVE,
            Reason.WITHDRAWN if withdrawn else Reason.OK,
            detail,
            http_status=200,
            facts=facts,
            host_id=paper.id,
            pointers=paper.pointers,
        )

    async def _confirm_absence(self, paper_id: str) -> _Saw:
        if self._confirmations_left <= 0:
            return _unconfirmed("absent from the API's answer, which nothing confirmed")
        self._confirmations_left -= 1
        record = await self._ask_record(paper_id)
        if isinstance(record, _Silence):
            return _unconfirmed("absent from the API's answer, and OAI did not say")
        match record.presence:
            case Presence.UNKNOWN_ID:
                return _Saw(Outcome.NOT_FOUND, Reason.NOT_FOUND, "no such paper", http_status=200)
            case Presence.DELETED:
                return _Saw(Outcome.GONE, Reason.GONE, "deleted from arXiv", http_status=200)
            case Presence.FOUND:
                reason = Reason.WITHDRAWN if record.withdrawn else Reason.OK
                return _Saw(
                    Outcome.ALIVE,
                    reason,
                    "known to OAI only",
                    http_status=200,
                    facts=record.facts,
                    host_id=paper_id,
                )

    async def _ask_feed(self, ids: Sequence[str]) -> tuple[FetchResult, Feed | _Silence]:
        # Without max_results the API stops at ten.
        query = urlencode({"id_list": ",".join(ids), "start": 0, "max_results": len(ids)}, safe=",/")
        result = await self._ask(f"{self._api_url}?{query}", "application/atom+xml")
        if (silence := _read_silence(result)) is not None:
            return result, silence
        try:
            feed = parse_feed(result.body)
        except UnreadableAnswer as error:
            return result, _Silence(Outcome.FAILED, Reason.SERVER_ERROR, str(error), result.status)
        if feed.error is not None:
            return result, _Silence(
                Outcome.SKIPPED, Reason.INVALID_URL, f"arXiv says: {feed.error}", result.status, poisoned=True
            )
        return result, feed

    async def _ask_record(self, paper_id: str) -> Record | _Silence:
        if self._record_silences >= MAX_RECORD_SILENCES:
            return _Silence(Outcome.SKIPPED, Reason.SKIPPED, "OAI does not answer in this run")
        answer = await self._ask_record_now(paper_id)
        self._record_silences = self._record_silences + 1 if isinstance(answer, _Silence) else 0
        return answer

    async def _ask_record_now(self, paper_id: str) -> Record | _Silence:
        query = urlencode(
            {"verb": "GetRecord", "identifier": ID_PREFIX + paper_id, "metadataPrefix": "arXivRaw"}, safe=":/"
        )
        result = await self._ask(f"{self._oai_url}?{query}", "text/xml")
        if (silence := _read_silence(result)) is not None:
            return silence
        try:
            return parse_record(result.body, paper_id)
        except UnreadableAnswer as error:
            return _Silence(Outcome.FAILED, Reason.SERVER_ERROR, str(error), result.status)

    async def _ask(self, url: str, accept: str) -> FetchResult:
        """One request, and one more after a wait when arXiv is busy; then no more in this run."""
        headers = {"Accept": accept}
        for wait_seconds in (BUSY_WAIT_SECONDS, GIVE_UP_SECONDS):
            result = await self._fetcher.get(
                url, headers=headers, max_body_bytes=MAX_ANSWER_BYTES, trusted=True
            )
            if result.failure is not None or result.status not in BUSY_STATUSES:
                break
            self._back_off(wait_seconds, f"arXiv is busy ({result.status})")
        return result


RECORD_FACTS: Final = ("version", "license", "withdrawn")
"""What OAI alone tells, and the version it tells it of."""


def _read_silence(result: FetchResult) -> _Silence | None:
    """Why a result says nothing; None when it has a body worth reading."""
    status = result.status
    if result.failure is not None:
        failure = result.failure
        # That the API cannot be reached is no word about a paper.
        outcome = Outcome.FAILED if failure.outcome is Outcome.UNREACHABLE else failure.outcome
        return _Silence(outcome, failure.reason, failure.detail, status)
    if result.truncated:
        return _Silence(Outcome.FAILED, Reason.BODY_TOO_LARGE, "the answer has no end", status)
    match status:
        case 200:
            return None
        case 429:
            return _Silence(Outcome.THROTTLED, Reason.RATE_LIMITED, "arXiv is busy", status)
        case 400:
            detail = "arXiv cannot read the id"
            return _Silence(Outcome.SKIPPED, Reason.INVALID_URL, detail, status, poisoned=True)
        case code if code is not None and code >= 500:
            poisoned = code in POISONED_STATUSES
            return _Silence(Outcome.FAILED, Reason.SERVER_ERROR, None, status, poisoned)
        case _:
            return _Silence(Outcome.SKIPPED, Reason.SKIPPED, f"arXiv's API answered {status}", status)


def _needs_record(question: Question, papers: dict[str, Paper]) -> bool:
    paper = papers.get(question.link.target.id)
    return paper is None or _is_new_version(question.known, paper)


def _is_new_version(known: Known, paper: Paper) -> bool:
    """Whether OAI may tell something that is not known yet; `withdrawn` is known from nowhere else."""
    if "withdrawn" not in known.facts:
        return True
    return paper.version is not None and known.facts.get("version") != paper.version


def _unconfirmed(why: str) -> _Saw:
    return _Saw(Outcome.SKIPPED, Reason.SKIPPED, why)
