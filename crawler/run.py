"""One crawl: the way of one link (docs/architecture.md) as calls in that order."""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack
from dataclasses import dataclass

from crawler.alongside import alongside
from crawler.catalog_files import CatalogFiles
from crawler.clock import Clock
from crawler.config import Config
from crawler.engine.choose import check_engine, choose_engine, early_workers
from crawler.fetch.environment import NetworkEnvironment
from crawler.hosts import Hosts
from crawler.plan import LaneName, Plan, plan_crawl
from crawler.progress import Progress
from crawler.recorder import Recorder
from crawler.report.reading import check_document
from crawler.settle import settle_held_failures
from crawler.store.lock import DatabaseLock
from crawler.store.store import Store
from crawler.summary import Summary, summarise, tell_of
from crawler.waves import ask_in_waves, leave_off_when

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CrawlOptions:
    """What of the catalog a run looks at; None means all of it."""

    only: frozenset[LaneName] | None = None
    document: str | None = None
    limit: int | None = None
    suspects_only: bool = False
    made_up: bool = False
    """The hosts are the sandbox's: its data goes into a database of its own."""


async def crawl(
    config: Config,
    options: CrawlOptions,
    progress: Progress,
    environment: NetworkEnvironment,
    clock: Clock,
) -> Summary:
    """Look at every due link once. Raises CrawlerError when the run could not do its job."""
    settings = config.settings
    check_engine(settings.engine)
    catalog = CatalogFiles.of(config)
    if options.document is not None:
        check_document(catalog.names, options.document)
    # All of it, before anything is opened or written.
    catalog.check()
    async with AsyncExitStack() as stack:
        early = await stack.enter_async_context(
            early_workers(settings, clock, _pages_to_expect(options, catalog))
        )
        stack.enter_context(DatabaseLock(config.database))
        store = stack.enter_context(Store.open(config.database, clock.now, settings.health))
        run = store.begin_run(catalog, made_up=options.made_up)
        if not settings.network.contact and not options.made_up:
            log.info("no contact in [network]: with one, hosts can write to you instead of blocking you")
        plan = plan_crawl(
            store.candidates(run, options.document),
            run.started_at,
            only=options.only,
            document=options.document,
            limit=options.limit,
            suspects_only=options.suspects_only,
            policy=run.policy,
            steady_rest_days=settings.schedule.steady_rest_days,
        )
        async with Hosts(settings, environment, clock) as hosts:
            recorder = Recorder(
                store, run, hosts.meter, environment, progress.observed, hosts.politeness.holds
            )
            hosts.politeness.honour(store.holds())
            progress.start(plan, hosts.politeness.lanes())
            with recorder.closing_the_run():
                engine = choose_engine(settings, environment, clock, hosts, recorder, _web_links(plan), early)

                async def ask_all() -> None:
                    await ask_in_waves(plan, store.questions, engine.ask, recorder.record)
                    await engine.settle()

                async with alongside(recorder.flush_regularly(), progress.show()), engine:
                    await leave_off_when(recorder.hopeless, ask_all())
                    await settle_held_failures(recorder, hosts, plan, ask_all, settings.network.pause_seconds)
                    recorder.flush()
                    store.remember_siblings(hosts.siblings)
                    outages = store.settle_outages(run)
                    await hosts.look_up_copies(store, run, settings.archive.max_lookups_per_run)
                    await hosts.look_up_papers(store, run)
            return summarise(store, run, hosts, tell_of(run, plan, recorder, hosts, outages))


def _pages_to_expect(options: CrawlOptions, catalog: CatalogFiles) -> int:
    """As far as that can be told before the database is opened: what is due is only known then."""
    no_web = options.only is not None and LaneName.WEB not in options.only
    if no_web or options.document is not None or options.suspects_only:
        return 0
    return min(catalog.web_pages, options.limit or catalog.web_pages)


def _web_links(plan: Plan) -> int:
    return sum(len(wave.get(LaneName.WEB, ())) for wave in plan.waves)
