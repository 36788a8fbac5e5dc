"""All that a run has to do with the network: one client, one politeness, one resolver per lane.

The client libraries of GitHub and the Hub take longer to import than a thousand pages to ask: a resolver is
imported when its lane is asked.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Final, Protocol, Self

from crawler.clock import Clock
from crawler.fetch.client import Fetcher
from crawler.fetch.environment import NetworkEnvironment
from crawler.fetch.meter import RequestMeter
from crawler.fetch.politeness import Politeness
from crawler.plan import LaneName
from crawler.records import Observation, Outcome, Question, Reason, Sibling
from crawler.resolve.archive import ArchiveCopy, ArchiveResolver, Unknown, archives_for
from crawler.resolve.web.resolver import WebResolver
from crawler.settings import Settings

if TYPE_CHECKING:
    from crawler.store.store import RunHandle, Store

PATIENCE: Final = 8
"""Time-outs of one web host in a row; then it is left alone, so that it cannot hold up the run."""

MAX_PAPERS_PER_RUN: Final = 100


class Resolver(Protocol):
    async def resolve(self, questions: Sequence[Question], record: Callable[[Observation], None]) -> None:
        """Ask, and call `record` exactly once per question; never raises for a link."""
        ...


class Hosts:
    """The network side of one run; an async context manager that closes every connection it opened."""

    def __init__(
        self,
        settings: Settings,
        environment: NetworkEnvironment,
        clock: Clock,
        politeness: Politeness | None = None,
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._environment = environment
        self.meter = RequestMeter()
        self.politeness = politeness or Politeness(settings, clock)
        self._fetcher = Fetcher(settings, environment, self.politeness, self.meter, clock)
        self._web = WebResolver(settings, environment, self._fetcher, self.politeness, self.meter, clock)
        self._resolvers: dict[LaneName, Resolver] = {LaneName.WEB: self._web}
        self._archive = ArchiveResolver(settings, self._fetcher, clock)

    async def __aenter__(self) -> Self:
        await self._fetcher.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._fetcher.__aexit__(kind, error, traceback)

    @property
    def siblings(self) -> Mapping[str, Sibling]:
        """What web hosts showed in this run at an address that cannot exist."""
        return self._web.siblings

    def remember_siblings(self, siblings: Mapping[str, Sibling]) -> None:
        """What others saw at such addresses in this run."""
        self._web.siblings.update(siblings)

    def probe(self, hosts: Iterable[str]) -> None:
        """Ask these web hosts for such an address too, rather than choosing some of all that are asked."""
        self._web.to_probe = (self._web.to_probe or set()) | set(hosts)

    async def ask(
        self, lanes: Mapping[LaneName, Sequence[Question]], record: Callable[[Observation], None]
    ) -> None:
        """Ask all lanes at once; each keeps its own pace, and a host that hangs is given up."""
        timeouts: Counter[str] = Counter()

        def watch(observation: Observation) -> None:
            url = observation.link.canonical_url
            if observation.outcome is Outcome.FAILED and observation.reason is Reason.TIMEOUT:
                lane = self.politeness.lane_for(url)
                timeouts[lane.name] += 1
                if timeouts[lane.name] == PATIENCE:
                    lane.close(f"no answer to {PATIENCE} questions in a row")
            elif timeouts and observation.outcome not in {Outcome.SKIPPED, Outcome.THROTTLED}:
                timeouts.pop(self.politeness.lane_for(url).name, None)
            record(observation)

        resolvers = {lane: self._resolver(lane) for lane, questions in lanes.items() if questions}
        async with asyncio.TaskGroup() as group:
            for lane, resolver in resolvers.items():
                told = watch if lane is LaneName.WEB else record
                group.create_task(resolver.resolve(lanes[lane], told), name=lane.value)

    def _resolver(self, lane: LaneName) -> Resolver:
        if lane not in self._resolvers:
            self._resolvers[lane] = _import_resolver(lane)(
                self._settings, self._environment, self._fetcher, self.politeness, self.meter, self._clock
            )
        return self._resolvers[lane]

    async def pause(self, seconds: float) -> None:
        """Ask nobody for a while."""
        await self._clock.sleep(seconds)

    async def look_up_papers(self, store: Store, run: RunHandle) -> None:
        """Ask the Hub what it knows of papers, if the config wants it; some in each run."""
        if not self._settings.huggingface.papers:
            return
        from crawler.resolve.huggingface.papers import look_up_papers

        await look_up_papers(
            self._settings,
            self._environment,
            self.politeness,
            self.meter,
            self._clock,
            store.papers_to_look_up(MAX_PAPERS_PER_RUN),
            lambda paper_id, urls: store.record_paper(run, paper_id, urls),
        )

    async def look_up_copies(self, store: Store, run: RunHandle, most: int) -> None:
        """Ask the archives for copies of links that are gone, `most` links in one run."""
        for lost in store.links_without_copy(most):
            url = lost.link.canonical_url
            store.note_lookup(url)
            match await self._archive.find_copy(url, lost.last_alive_at, lost.full_name):
                case ArchiveCopy(url=copy, taken_at=taken_at, archive=archive):
                    store.set_archived(run, url, archive, copy, taken_at)
                case None:
                    for source in archives_for(url):
                        store.set_archived(run, url, source, None, None)
                case Unknown.UNKNOWN:
                    pass


def _import_resolver(lane: LaneName) -> Callable[..., Resolver]:
    match lane:
        case LaneName.GITHUB:
            from crawler.resolve.github.resolver import GitHubResolver

            return GitHubResolver
        case LaneName.HUGGINGFACE:
            from crawler.resolve.huggingface.resolver import HuggingFaceResolver

            return HuggingFaceResolver
        case LaneName.ARXIV:
            from crawler.resolve.arxiv.resolver import ArxivResolver

            return ArxivResolver
        case LaneName.WEB:
            return WebResolver
