"""The way from listings to a catalog: the Hub's models first, then one awesome list after the other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from crawler.clock import Clock
from crawler.errors import CrawlerError
from crawler.fetch.client import Fetcher
from crawler.fetch.environment import NetworkEnvironment
from crawler.fetch.meter import RequestMeter
from crawler.fetch.politeness import Politeness
from crawler.importer.update import Imported
from crawler.settings import Settings
from examples.beyond_a_list.awesome_lists import fetch_readme, read_names, write_list
from examples.beyond_a_list.hub_models import KeptPages, read_listing, write_models

PAGES_FOLDER: Final = "listing"
"""Beside the catalog files; it is there only while a listing is being read or written."""


class Generator:
    """Reads listings and brings the catalog files in `folder` up to date; `tell` gets a line for people."""

    def __init__(
        self,
        settings: Settings,
        environment: NetworkEnvironment,
        clock: Clock,
        folder: Path,
        tell: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._environment = environment
        self._clock = clock
        self._folder = folder
        self._tell = tell
        self._entries = self._changed = self._files = self._vanished = 0

    async def run(self, lists: Path, min_likes: int) -> int:
        """All of it; returns the exit code of the worst that happened. One failing list stops no other.

        Raises UsageError for a file of names that cannot be used.
        """
        names = read_names(lists)
        self._folder.mkdir(parents=True, exist_ok=True)
        code = 0
        try:
            await self._take_models(min_likes)
        except CrawlerError as error:
            code = self._tell_error(error)
        code = max(code, await self._take_lists(names))
        vanished = f", {self._vanished:,} vanished" if self._vanished else ""
        counts = f"{self._entries:,} entries in {self._files:,} files{vanished}"
        self._tell(f"{self._folder}: {counts}, {self._changed:,} files changed")
        return code

    async def _take_models(self, min_likes: int) -> None:
        pages = KeptPages(self._folder / PAGES_FOLDER)
        await read_listing(pages, min_likes, self._settings, self._environment, self._clock)
        for done in write_models(pages, min_likes, self._folder, self._clock.now().date()):
            self._count(done)
        pages.forget()
        self._tell(f"models with more than {min_likes:,} likes: {self._entries:,}")

    async def _take_lists(self, names: list[str]) -> int:
        code = 0
        settings, clock = self._settings, self._clock
        politeness = Politeness(settings, clock)
        async with Fetcher(settings, self._environment, politeness, RequestMeter(), clock) as fetcher:
            for name in names:
                try:
                    source = await fetch_readme(fetcher, name)
                    done = write_list(source, name, self._folder, clock.now().date())
                except CrawlerError as error:
                    code = max(code, self._tell_error(error))
                    continue
                self._count(done)
                self._tell(f"{name}: {done.entries:,} entries, {done.links:,} repositories")
        return code

    def _count(self, done: Imported) -> None:
        self._files += 1
        self._entries += done.entries
        self._vanished += done.vanished
        self._changed += done.before != done.after

    def _tell_error(self, error: CrawlerError) -> int:
        self._tell(str(error))
        return error.exit_code
