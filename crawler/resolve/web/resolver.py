"""Any link as a web page: one polite GET, judged by status, redirects and what the page shows.

Signatures are soft_404's, redirects web_redirects', text web_page's; here they become one observation.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlsplit

from crawler.clock import Clock
from crawler.config import Settings
from crawler.fetch.client import Fetcher, FetchResult
from crawler.fetch.environment import NetworkEnvironment
from crawler.fetch.meter import RequestMeter
from crawler.fetch.politeness import Politeness
from crawler.records import Facts, Observation, Outcome, Question, Reason, Sibling
from crawler.resolve.web.catch_all import choose_hosts, judge_by_sibling, keep_sibling, sibling_of
from crawler.resolve.web.page import PageText, has_whole_title, is_page, media_type_of, read_page
from crawler.resolve.web.redirects import is_root, judge_redirects
from crawler.resolve.web.soft_404 import WALLS, Page, Signature, match_signature, parse_signatures

ENOUGH_BYTES: Final = 65_536
"""Of a page whose title is complete no more is read than this."""
CONFIRM_AFTER_SECONDS: Final = 5.0
"""How long after a host's last link those that did not resolve, refused or failed at TLS are tried again."""
MAX_TIMEOUTS_IN_A_ROW: Final = 8
"""A host that let so many links wait in vain is not asked for its others in this run."""
WORKERS_PER_PLACE: Final = 4
"""More workers than requests in flight: most of them wait for their lane's spacing."""
MAX_VALIDATOR_LENGTH: Final = 300
UNTOLD: Final = frozenset({401, 403, 407, 429, *range(500, 600), 999})
"""Answers to a sibling path that tell nothing of how the host treats what does not exist."""
OWN_FAULT: Final = "our own fault: see the log"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Verdict:
    outcome: Outcome
    reason: Reason
    detail: str | None = None
    suggested_url: str | None = None


@dataclass(slots=True)
class _Host:
    """The links of one lane still to be asked, and those to be tried again at its end."""

    waiting: deque[Question]
    unconfirmed: list[tuple[Question, Observation]] = field(default_factory=list)
    workers: int = 0
    timeouts_in_a_row: int = 0


class WebResolver:
    """Looks at links of any target kind by their canonical URL."""

    def __init__(
        self,
        settings: Settings,
        environment: NetworkEnvironment,  # noqa: ARG002 - every resolver is wired alike
        fetcher: Fetcher,
        politeness: Politeness,
        meter: RequestMeter,  # noqa: ARG002
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._fetcher = fetcher
        self._politeness = politeness
        self._clock = clock
        self._to_probe: set[str] | None = None
        """Chosen by the run's first call: later ones ask again what it asked, without all that is known."""
        self.siblings: dict[str, Sibling] = {}
        """What hosts showed in this run at an address that cannot exist, to be remembered."""

    async def resolve(self, questions: Sequence[Question], record: Callable[[Observation], None]) -> None:
        """Ask every link once; `record` is called exactly once per question, as answers arrive."""
        hosts: dict[str, _Host] = {}
        for question in questions:
            lane = self._politeness.lane_name_for(question.link.canonical_url)
            hosts.setdefault(lane, _Host(deque())).waiting.append(question)
        if self._to_probe is None:
            known = {_host_of(question): question.known.sibling for question in questions}
            self._to_probe = set(choose_hosts(known, self._clock.now()))
        # The hosts with most links first: their spacing decides how long the run takes.
        longest_first = sorted(hosts.values(), key=lambda host: -len(host.waiting))
        per_host = self._settings.network.per_host_concurrency
        shifts = deque(host for host in longest_first for _ in range(min(per_host, len(host.waiting))))
        for host in shifts:
            host.workers += 1
        workers = min(len(shifts), self._settings.network.concurrency * WORKERS_PER_PLACE)
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(self._work(shifts, record))

    async def look(self, question: Question) -> Observation:
        """One look at one link, not yet confirmed."""
        url, known = question.link.canonical_url, question.known
        # Without facts of an earlier look a 304 would leave us knowing nothing.
        headers = _conditions(known.validators) if known.facts else {}
        result = await self._fetcher.get(
            url,
            headers=headers,
            enough=lambda headers, body: (
                not is_page(headers.get("content-type", ""))
                or (len(body) >= ENOUGH_BYTES and has_whole_title(body))
            ),
        )
        if result.failure is not None:
            failure = result.failure
            return self._observe(question, result, _Verdict(failure.outcome, failure.reason, failure.detail))
        page = read_page(result.body, result.headers.get("content-type", ""))
        asked_conditionally = bool(headers) and _origin(url) == _origin(result.final_url)
        verdict = judge_answer(url, result, page, asked_conditionally=asked_conditionally)
        if (
            verdict.outcome is Outcome.ALIVE
            and verdict.reason is Reason.OK
            and result.status == 200
            and page.text
        ):
            verdict = await self._compare(question, page) or verdict
        return self._observe(question, result, verdict, page)

    async def _compare(self, question: Question, page: PageText) -> _Verdict | None:
        """A page at the very address asked for, held against what its host shows at any address."""
        host, url = _host_of(question), question.link.canonical_url
        if is_root(urlsplit(url)):
            return None
        if self._to_probe and host in self._to_probe:
            self._to_probe.discard(host)
            await self._probe(host, url)
        sibling = self.siblings.get(host, question.known.sibling)
        route = judge_by_sibling(page, sibling, question.known.facts.get("title"))
        return _Verdict(route.outcome, route.reason, route.detail) if route else None

    async def _probe(self, host: str, url: str) -> None:
        result = await self._fetcher.get(sibling_of(url, self._clock.now()))
        if result.failure is None and result.status is not None and result.status not in UNTOLD:
            shows_page = result.status == 200 and not result.redirect_chain
            page = read_page(result.body, result.headers.get("content-type", "")) if shows_page else None
            self.siblings[host] = keep_sibling(page, self._clock.now())

    async def _work(self, shifts: deque[_Host], record: Callable[[Observation], None]) -> None:
        while shifts:
            host = shifts.popleft()
            while host.waiting:
                question = host.waiting.popleft()
                observation = await self._look_safely(question, host)
                if observation.outcome is Outcome.UNREACHABLE:
                    host.unconfirmed.append((question, observation))
                else:
                    record(observation)
            host.workers -= 1
            if host.workers == 0 and host.unconfirmed:
                await self._confirm(host, record)

    async def _confirm(self, host: _Host, record: Callable[[Observation], None]) -> None:
        await self._clock.sleep(CONFIRM_AFTER_SECONDS)
        for question, first in host.unconfirmed:
            second = await self._look_safely(question, host)
            if second.outcome is Outcome.UNREACHABLE and second.reason is not first.reason:
                # It fails in another way each time: something is wrong, but nothing is confirmed.
                second = _unconfirmed(second)
            record(second)
        host.unconfirmed.clear()

    async def _look_safely(self, question: Question, host: _Host) -> Observation:
        if host.timeouts_in_a_row >= MAX_TIMEOUTS_IN_A_ROW:
            return self._silence(question, Reason.TIMEOUT, Outcome.FAILED, "not asked: its host is hanging")
        try:
            observation = await self.look(question)
        except Exception:
            # One page that trips our own code must not end the night for all others.
            log.exception("cannot judge %s", question.link.canonical_url)
            return self._silence(question, Reason.SKIPPED, Outcome.SKIPPED, OWN_FAULT)
        if observation.reason is Reason.TIMEOUT:
            host.timeouts_in_a_row += 1
        elif observation.outcome is not Outcome.SKIPPED:
            host.timeouts_in_a_row = 0
        return observation

    def _silence(self, question: Question, reason: Reason, outcome: Outcome, detail: str) -> Observation:
        return Observation(question.link, self._clock.now(), outcome, reason, detail=detail)

    def _observe(
        self, question: Question, result: FetchResult, verdict: _Verdict, page: PageText | None = None
    ) -> Observation:
        is_found = verdict.outcome in {Outcome.ALIVE, Outcome.MOVED}
        is_read = is_found and page is not None and result.status != 304
        return Observation(
            link=question.link,
            observed_at=self._clock.now(),
            outcome=verdict.outcome,
            reason=verdict.reason,
            http_status=result.status,
            final_url=result.final_url,
            suggested_url=verdict.suggested_url,
            detail=verdict.detail,
            redirect_chain=result.redirect_chain,
            facts=_facts(result, page) if is_read and page is not None else {},
            validators=_validators(question, result) if is_found else {},
            elapsed_seconds=result.elapsed_seconds,
        )


def judge_answer(url: str, result: FetchResult, page: PageText, *, asked_conditionally: bool) -> _Verdict:
    """The verdict on an answer. Walls first: a page that keeps us out proves nothing else."""
    status = result.status or 0
    signature = match_signature(_page(url, result, page), _signatures())
    if signature is not None and (signature.reason in WALLS or status < 400):
        return _verdict_of(signature)
    if 300 <= status < 400 and not (status == 304 and asked_conditionally):
        return _Verdict(Outcome.FAILED, Reason.SERVER_ERROR, f"status {status} that nobody asked for")
    if status >= 400:
        return _judge_error(status, page)
    is_cut_page = result.truncated and is_page(result.headers.get("content-type", ""))
    if is_cut_page and page.html and not page.title and not has_whole_title(result.body):
        return _Verdict(Outcome.FAILED, Reason.BODY_TOO_LARGE, f"no title in {len(result.body):,} bytes")
    route = judge_redirects(url, result.redirect_chain, result.final_url)
    if route.reason is Reason.OK and status == 304:
        return _Verdict(Outcome.ALIVE, Reason.NOT_MODIFIED)
    return _Verdict(route.outcome, route.reason, route.detail, route.suggested_url)


def _judge_error(status: int, page: PageText) -> _Verdict:
    match status:
        case 404:
            return _Verdict(Outcome.NOT_FOUND, Reason.NOT_FOUND)
        case 410:
            return _Verdict(Outcome.GONE, Reason.GONE)
        case 451:
            return _Verdict(Outcome.GONE, Reason.LEGAL)
        case 401 | 402:
            return _Verdict(Outcome.RESTRICTED, Reason.LOGIN_REQUIRED)
        case 403 if page.has_password_form:
            return _Verdict(Outcome.RESTRICTED, Reason.LOGIN_REQUIRED, "403 with a login form")
        case 403 | 407 | 999:
            return _Verdict(Outcome.RESTRICTED, Reason.BOT_WALL, f"status {status}")
        case 429:
            return _Verdict(Outcome.THROTTLED, Reason.RATE_LIMITED)
        case _:
            # 400, 405, 406 and their like speak about our request, not about the page.
            return _Verdict(Outcome.FAILED, Reason.SERVER_ERROR, f"status {status}")


def _verdict_of(signature: Signature) -> _Verdict:
    match signature.reason:
        case reason if reason in WALLS:
            return _Verdict(Outcome.RESTRICTED, reason, signature.name)
        case Reason.SOFT_404 | Reason.PARKED as reason:
            return _Verdict(Outcome.NOT_FOUND, reason, signature.name)
        case reason:
            return _Verdict(Outcome.FAILED, reason, signature.name)


@cache
def _signatures() -> tuple[Signature, ...]:
    return parse_signatures((files("crawler.resolve.web") / "signatures.toml").read_text("utf-8"))


def _page(url: str, result: FetchResult, page: PageText) -> Page:
    host = urlsplit(result.final_url).hostname or ""
    return Page(
        url=result.final_url,
        host=host,
        status=result.status or 0,
        headers={name.lower(): value for name, value in result.headers.items()},
        title=page.title,
        heading=page.heading,
        text=page.text,
        html=page.html,
        has_password_form=page.has_password_form,
        is_elsewhere=host != (urlsplit(url).hostname or ""),
    )


def _facts(result: FetchResult, page: PageText) -> Facts:
    told: dict[str, Any] = {
        "title": page.title,
        "final_url": result.final_url,
        "content_type": media_type_of(result.headers.get("content-type", "")),
    }
    return {name: value for name, value in told.items() if value}


def _validators(question: Question, result: FetchResult) -> dict[str, str]:
    told = {name: result.headers.get(name, "") for name in ("etag", "last-modified")}
    kept = {
        name: value
        for name, value in told.items()
        if value.isascii() and 0 < len(value) <= MAX_VALIDATOR_LENGTH
    }
    return question.known.validators | kept if result.status == 304 else kept


def _conditions(validators: dict[str, str]) -> dict[str, str]:
    names = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
    return {names[name]: value for name, value in validators.items() if name in names and value.isascii()}


def _unconfirmed(observation: Observation) -> Observation:
    return replace(observation, outcome=Outcome.FAILED, detail=f"{observation.detail}, not confirmed")


def _host_of(question: Question) -> str:
    try:
        return urlsplit(question.link.canonical_url).hostname or ""
    except ValueError:
        return ""


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
