"""One crawl: the way of one link (docs/architecture.md) as calls in that order."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from crawler.catalog import load_catalog
from crawler.clock import Clock
from crawler.config import Config
from crawler.errors import UnableError
from crawler.fetch.environment import NetworkEnvironment
from crawler.hosts import Hosts
from crawler.plan import Lane, Plan, plan_crawl
from crawler.progress import Progress
from crawler.recorder import Recorder
from crawler.records import Observation, Outcome, Question, RunState
from crawler.store.lock import DatabaseLock
from crawler.store.store import RunHandle, Store
from crawler.summary import Summary, summarise_hosts

log = logging.getLogger(__name__)

NO_ANSWER: Final = "no host that this run asked gave any answer, so nothing was judged"
NO_ANSWER_HINT: Final = (
    "check this machine's network and proxy settings, or try `crawler demo`, which needs neither"
)


@dataclass(frozen=True, slots=True)
class CrawlOptions:
    """What of the catalog a run looks at; None means all of it."""

    only: frozenset[Lane] | None = None
    document: str | None = None
    limit: int | None = None
    suspects_only: bool = False
