"""Any link as a web page: one polite GET, whose verdict becomes one observation."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlsplit

from crawler.clock import Clock
from crawler.fetch.client import Fetcher, FetchResult
from crawler.fetch.environment import NetworkEnvironment
from crawler.fetch.meter import RequestMeter
from crawler.fetch.politeness import Politeness
from crawler.links.hostname import host_of as host_of_url
from crawler.records import Facts, Observation, Outcome, Question, Reason, Sibling
from crawler.resolve.web.catch_all import choose_hosts, judge_by_sibling, keep_sibling, share_of, sibling_of
from crawler.resolve.web.heap import keep_memory
from crawler.resolve.web.page import PageText, has_whole_title, is_page, media_type_of, read_page
from crawler.resolve.web.redirects import is_root
from crawler.resolve.web.verdict import Verdict, judge_answer, judge_at_a_glance
from crawler.settings import Settings

ENOUGH_BYTES: Final = 65_536
"""Of a page whose title is complete no more is read than this."""
CONFIRM_AFTER_SECONDS: Final = 5.0
"""How long after a host's last link those that did not resolve, refused or failed at TLS are tried again."""
MAX_TIMEOUTS_IN_A_ROW: Final = 8
"""A host that let so many links wait in vain is not asked for its others in this run."""
WORKERS_PER_PLACE: Final = 4
"""More workers than requests in flight: most of them wait for their lane's spacing."""
MAX_VALIDATOR_LENGTH: Final = 300
CONDITIONS: Final = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
"""Validators that are kept, and what asks by them."""
UNTOLD: Final = frozenset({401, 403, 407, 429, *range(500, 600), 999})
"""Answers to a sibling path that tell nothing of how the host treats what does not exist."""
FOUND: Final = frozenset({Outcome.ALIVE, Outcome.MOVED})
OWN_FAULT: Final = "our own fault: see the log"

log = logging.getLogger(__name__)


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
        keep_memory()
        self._settings = settings
        self._fetcher = fetcher
        self._politeness = politeness
        self._clock = clock
        self.to_probe: set[str] | None = None
        """Hosts to be asked for a page that cannot exist, where somebody else chooses them."""
        self._chosen: set[str] = set()
        """Otherwise, those chosen here and not yet asked."""
        self._number_chosen = 0
        self._met: set[str] = set()
        """All hosts of this run: links of one that come again come without all that is known of it."""
        self.siblings: dict[str, Sibling] = {}
        """What hosts showed in this run at an address that cannot exist, to be remembered."""

    async def resolve(self, questions: Sequence[Question], record: Callable[[Observation], None]) -> None:
        """Ask every link once; `record` is called exactly once per question, as answers arrive."""
        hosts: dict[str, _Host] = {}
        for question in questions:
            lane = self._politeness.lane_name_for(question.link.canonical_url)
            hosts.setdefault(lane, _Host(deque())).waiting.append(question)
        if self.to_probe is None:
            self._choose(questions)
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

    def _choose(self, questions: Sequence[Question]) -> None:
        """Whom to probe of the hosts met for the first time: a run may ask its questions in parts."""
        known = {host_of_url(question.link.canonical_url): question.known.sibling for question in questions}
        new = {host: sibling for host, sibling in known.items() if host not in self._met}
        self._met.update(new)
        chosen = choose_hosts(new, self._clock.now(), share_of(len(self._met)) - self._number_chosen)
        self._number_chosen += len(chosen)
        self._chosen.update(chosen)

    async def look(self, question: Question) -> Observation:
        """One look at one link, not yet confirmed."""
        url, known = question.link.canonical_url, question.known
        # Without facts of an earlier look a 304 would leave us knowing nothing.
        headers = _conditions(known.validators) if known.facts else {}
        result = await self._fetcher.get(url, headers=headers, enough=_is_enough)
        if result.failure is not None:
            failure = result.failure
            return self._observe(question, result, Verdict(failure.outcome, failure.reason, failure.detail))
        content_type = result.headers.get("content-type", "")
        page: PageText | None = None
        if glanced := judge_at_a_glance(url, result, content_type):
            verdict, title = glanced
        else:
            page = read_page(result.body, content_type)
            asked_conditionally = bool(headers) and (
                not result.redirect_chain or _origin(url) == _origin(result.final_url)
            )
            verdict = judge_answer(url, result, page, asked_conditionally=asked_conditionally)
            title = page.title
        if verdict.reason is Reason.OK and result.status == 200 and (page is None or page.text):
            sibling = await self._sibling_of(question)
            if sibling is not None and sibling.text and sibling.title == title:
                page = page or read_page(result.body, content_type)
                route = judge_by_sibling(page, sibling, question.known.facts.get("title"))
                verdict = Verdict(route.outcome, route.reason, route.detail) if route else verdict
        return self._observe(question, result, verdict, title, content_type)

    async def _sibling_of(self, question: Question) -> Sibling | None:
        """What the host of a page at the very address asked for shows at any address, if that is known."""
        url = question.link.canonical_url
        host, known = host_of_url(url), question.known.sibling
        to_probe = self._chosen if self.to_probe is None else self.to_probe
        if host not in to_probe and host not in self.siblings and known is None:
            return None
        if is_root(urlsplit(url)):
            return None
        if host in to_probe:
            to_probe.discard(host)
            await self._probe(host, url)
        return self.siblings.get(host, known)

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
        self,
        question: Question,
        result: FetchResult,
        verdict: Verdict,
        title: str | None = None,
        content_type: str = "",
    ) -> Observation:
        is_found = verdict.outcome in FOUND
        is_read = is_found and title is not None and result.status != 304
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
            facts=_facts(result, title, content_type) if is_read else {},
            validators=_validators(question, result) if is_found else {},
            elapsed_seconds=result.elapsed_seconds,
        )


def _is_enough(headers: Mapping[str, str], body: bytes) -> bool:
    """A page up to its title, of anything else the beginning."""
    if len(body) >= ENOUGH_BYTES and has_whole_title(body):
        return True
    return not is_page(headers.get("content-type", ""))


def _facts(result: FetchResult, title: str | None, content_type: str) -> Facts:
    told: Facts = {"title": title} if title else {}
    told["final_url"] = result.final_url
    if media_type := media_type_of(content_type):
        told["content_type"] = media_type
    return told


def _validators(question: Question, result: FetchResult) -> dict[str, str]:
    kept: dict[str, str] = {}
    for name in CONDITIONS:
        value = result.headers.get(name)
        if value and len(value) <= MAX_VALIDATOR_LENGTH and value.isascii():
            kept[name] = value
    return question.known.validators | kept if result.status == 304 else kept


def _conditions(validators: dict[str, str]) -> dict[str, str]:
    return {
        CONDITIONS[name]: value
        for name, value in validators.items()
        if name in CONDITIONS and value.isascii()
    }


def _unconfirmed(observation: Observation) -> Observation:
    return replace(observation, outcome=Outcome.FAILED, detail=f"{observation.detail}, not confirmed")


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
