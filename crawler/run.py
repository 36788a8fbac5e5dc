"""One crawl: the way of one link (docs/architecture.md) as calls in that order."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from crawler.alongside import alongside
from crawler.catalog import load_catalog
from crawler.clock import Clock
from crawler.config import Config
from crawler.fetch.environment import NetworkEnvironment
from crawler.hosts import Hosts
from crawler.plan import LaneName, plan_crawl
from crawler.progress import Progress
from crawler.recorder import Recorder
from crawler.settle import look_up_copies, settle_held_failures
from crawler.store.lock import DatabaseLock
from crawler.store.store import Store
from crawler.summary import Summary, summarise

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CrawlOptions:
    """What of the catalog a run looks at; None means all of it."""

    only: frozenset[LaneName] | None = None
    document: str | None = None
    limit: int | None = None
    suspects_only: bool = False


async def crawl(
    config: Config,
    options: CrawlOptions,
    progress: Progress,
    environment: NetworkEnvironment,
    clock: Clock,
) -> Summary:
    """Look at every due link once. Raises CrawlerError when the run could not do its job."""
    catalog = load_catalog(config.catalog_paths)
    with DatabaseLock(config.database), Store.open(config.database, config.settings.health) as store:
        run = store.begin_run(catalog, clock.now())
        for note in run.notes:
            log.warning(note)
        plan = plan_crawl(store.questions(run), run.started_at, **vars_of(options))
        if not plan:
            log.warning("nothing to do: no link of the catalog is due")
        async with Hosts(config.settings, environment, clock) as hosts:
            recorder = Recorder(store, run, hosts.meter, progress.observed)
            progress.start(plan.lanes, hosts.politeness.lanes())
            with recorder.closing_the_run():
                async with alongside(recorder.flush_regularly(), progress.show()):
                    await hosts.ask(plan.lanes, recorder.record)
                    await settle_held_failures(recorder, hosts)
                    await look_up_copies(store, run, hosts, config.settings.archive)
                recorder.flush()
            return summarise(store.finish_run(...))
