"""GitHub without a token: the public page of each repository, path and owner; REST only to confirm a death.

60 REST requests an hour is all there is, so what they cannot confirm stays undecided until another night.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from crawler.clock import Clock
from crawler.fetch.client import Fetcher, FetchResult
from crawler.records import Hop, Observation, Outcome, Question, Reason
from crawler.resolve.github.confirm import Confirmer
from crawler.resolve.github.facts import Owner, Repository
from crawler.resolve.github.html import has_login_form, read_owner_page, read_repository_page
from crawler.resolve.github.subjects import Subject
from crawler.resolve.github.verdicts import (
    Verdict,
    is_path,
    is_stranger,
    known_id,
    observe_missing_path,
    observe_owner,
    observe_repository,
    observe_reused_name,
    observe_verdict,
    read_failure,
)
from crawler.settings import Settings

SITE: Final = "https://github.com"
ABSENT: Final = frozenset({404, 410, 451})
PERMANENT: Final = frozenset({301, 308})
VIEWS_OF_A_FILE: Final = frozenset({"raw", "blame", "edit"})


class PageLook:
    """One round of questions to the public pages."""

    def __init__(
        self,
        settings: Settings,
        fetcher: Fetcher,
        confirmer: Confirmer,
        clock: Clock,
        record: Callable[[Observation], None],
    ) -> None:
        self._web_url = settings.github.web_url.rstrip("/")
        self._workers = settings.network.per_host_concurrency
        self._fetcher = fetcher
        self._confirmer = confirmer
        self._clock = clock
        self._record = record

    async def look(self, subjects: Iterable[Subject]) -> None:
        """Every question of the subjects is recorded."""
        waiting = deque(subjects)

        async def work() -> None:
            while waiting:
                subject = waiting.popleft()
                if subject.name is None:
                    await self._look_at_owner(subject)
                else:
                    await self._look_at_repository(subject)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._workers, len(waiting))):
                group.create_task(work())

    # --- owners --------------------------------------------------------------------------------

    async def _look_at_owner(self, subject: Subject) -> None:
        page = await self._fetch(f"/{subject.owner}")
        is_whole = page.failure is None and page.status == 200
        owner = read_owner_page(page.body, subject.owner) if is_whole else None
        found: Owner | Verdict = owner or _read_page(page)
        if _is_absent(page):
            found = await self._confirmer.find_owner(subject.owner)
        for question in subject.questions:
            now = self._clock.now()
            if isinstance(found, Owner):
                self._record(observe_owner(question, found, now))
            else:
                self._record(observe_verdict(question, found, now))

    # --- repositories --------------------------------------------------------------------------

    async def _look_at_repository(self, subject: Subject) -> None:
        """One page for all questions about a repository, then one for each path in it."""
        page = await self._fetch(f"/{subject.full_name}")
        repository = self._read_repository(page)
        found: Repository | Verdict = repository or _read_page(page)
        if _is_absent(page):
            found = await self._confirmer.find_repository(subject.full_name)
        for question in subject.questions:
            if isinstance(found, Verdict):
                self._record(observe_verdict(question, found, self._clock.now()))
                continue
            seen = await self._observe(question, found, page)
            here = seen.host_id is None or seen.host_id == str(found.host_id)
            if is_path(question) and here and seen.outcome in {Outcome.ALIVE, Outcome.MOVED}:
                seen = await self._look_at_path(question, seen)
            self._record(seen)

    async def _observe(self, question: Question, repository: Repository, page: FetchResult) -> Observation:
        if is_stranger(question, repository):
            first = await self._confirmer.find_identity(known_id(question) or 0)
            return observe_reused_name(question, repository, first, self._clock.now())
        seen = observe_repository(question, repository, self._clock.now(), hops=self._public_hops(page))
        return replace(seen, elapsed_seconds=page.elapsed_seconds)

    async def _look_at_path(self, question: Question, seen: Observation) -> Observation:
        """The path's own page; that its repository is there is known already."""
        page = await self._fetch(_readable_path(urlsplit(question.link.canonical_url).path))
        seen = replace(seen, redirect_chain=self._public_hops(page), elapsed_seconds=page.elapsed_seconds)
        if _is_absent(page):
            return observe_missing_path(seen, page.status)
        if self._read_repository(page) is None:
            return observe_verdict(question, _read_page(page), self._clock.now())
        home = self._public(page.final_url)
        is_permanent = any(hop.status in PERMANENT for hop in page.redirect_chain)
        if seen.outcome is Outcome.ALIVE and is_permanent and home.lower() != self._public(page.url).lower():
            return replace(
                seen, outcome=Outcome.MOVED, reason=Reason.REDIRECTED, final_url=home, suggested_url=home
            )
        return seen

    # --- pages ---------------------------------------------------------------------------------

    async def _fetch(self, path: str) -> FetchResult:
        return await self._fetcher.get(f"{self._web_url}{path}", trusted=True)

    def _read_repository(self, page: FetchResult) -> Repository | None:
        parts = urlsplit(self._public(page.final_url)).path.split("/")[1:3]
        if page.failure is not None or page.status != 200 or len(parts) < 2:
            return None
        address = "/".join(parts)
        repository = read_repository_page(page.body, address)
        if repository is not None and page.redirect_chain and "full_name" not in repository.facts:
            # The address asked for may be in any case; one that GitHub redirects to is as the owner wrote it.
            return replace(repository, facts={"full_name": address, **repository.facts})
        return repository

    def _public(self, url: str) -> str:
        """An address under `web_url` as readers know it."""
        return SITE + url.removeprefix(self._web_url) if url.startswith(self._web_url) else url

    def _public_hops(self, page: FetchResult) -> tuple[Hop, ...]:
        return tuple(Hop(self._public(hop.url), hop.status) for hop in page.redirect_chain)


def _is_absent(page: FetchResult) -> bool:
    return page.failure is None and page.status in ABSENT


def _readable_path(path: str) -> str:
    """`raw` leaves for another host and `edit` for the login page; `blob` shows the same file to all."""
    parts = path.split("/")
    if len(parts) > 3 and parts[3] in VIEWS_OF_A_FILE:
        parts[3] = "blob"
    return "/".join(parts)


def _read_page(page: FetchResult) -> Verdict:
    """A page that shows no repository and no owner: at most that readers are kept out."""
    status = page.status
    if page.failure is not None:
        return read_failure(page.failure, status)
    if status == 429:
        return Verdict(Outcome.THROTTLED, Reason.RATE_LIMITED, status, "github.com asks to be left alone")
    if status == 401 or (status in {200, 403} and _asks_to_log_in(page)):
        return Verdict(Outcome.RESTRICTED, Reason.LOGIN_REQUIRED, status)
    if status == 403:
        return Verdict(Outcome.RESTRICTED, Reason.BOT_WALL, status)
    if status is not None and status >= 500:
        return Verdict(Outcome.FAILED, Reason.SERVER_ERROR, status, f"github.com answered {status}")
    said = f"github.com answered {status} with a page that shows neither a repository nor an owner"
    return Verdict(Outcome.SKIPPED, Reason.SKIPPED, status, said)


def _asks_to_log_in(page: FetchResult) -> bool:
    return bool(page.redirect_chain and urlsplit(page.final_url).path.endswith("/login")) or has_login_form(
        page.body
    )
