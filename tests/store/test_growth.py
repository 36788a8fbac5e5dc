"""What a night costs on the disk, measured on 5,000 links and scaled to 100,000."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from crawler.clock import SimulatedClock
from crawler.links.classify import link_of
from crawler.records import Facts, Link, Observation, Outcome, Reason, RunState
from crawler.store.store import Store

from .conftest import catalog, entry

LINKS = 5_000
SCALE = 100_000 / LINKS
MEGABYTE = 1_000_000


class ManyLinks:
    """Nights over many repositories, in a database whose size is looked at in between."""

    def __init__(self, path: Path, clock: SimulatedClock) -> None:
        urls = [f"https://github.com/owner-{number}/repository-{number}" for number in range(LINKS)]
        self.catalog = catalog(*(entry(f"entry-{number}", url) for number, url in enumerate(urls)))
        self.links = [link_of(url) for url in urls]
        self.path = path
        self.clock = clock

    def night(self, look: Callable[[int, Link], Observation]) -> float:
        """One night; returns the megabytes that 100,000 links would have added."""
        before = self.path.stat().st_size if self.path.exists() else 0
        with Store.open(self.path, self.clock.now) as store:
            run = store.begin_run(self.catalog)
            for start in range(0, LINKS, 500):
                self.clock.advance(timedelta(seconds=30))
                batch = range(start, start + 500)
                store.record(run, [look(number, self.links[number]) for number in batch])
            store.finish_run(run, RunState.FINISHED, {"github.com": LINKS})
        self.clock.advance(timedelta(days=1))
        return (self.path.stat().st_size - before) * SCALE / MEGABYTE

    def alive(self, link: Link, stars: int) -> Observation:
        facts: Facts = {
            "full_name": link.target.id,
            "stars": stars,
            "forks": stars // 7,
            "license": "MIT",
            "archived": False,
            "description": "made up",
        }
        return Observation(
            link, self.clock.now(), Outcome.ALIVE, Reason.OK, 200, link.canonical_url, facts=facts
        )


@pytest.fixture
def many(tmp_path: Path, clock: SimulatedClock) -> ManyLinks:
    return ManyLinks(tmp_path / "crawler.db", clock)


def test_an_unchanged_night_of_100_000_links_adds_under_a_megabyte(many: ManyLinks) -> None:
    """From the second night on, and also when run ids get another digit."""

    def look(number: int, link: Link) -> Observation:
        if number % 10:
            return many.alive(link, number)
        if number % 20:
            return Observation(link, many.clock.now(), Outcome.RESTRICTED, Reason.BOT_WALL, 403)
        return Observation(link, many.clock.now(), Outcome.NOT_FOUND, Reason.MISSING_OR_PRIVATE, 401)

    many.night(look)
    added = [many.night(look) for _ in range(10)]
    assert max(added) < 1, added


def test_a_night_in_which_most_stars_move_adds_under_three(many: ManyLinks) -> None:
    stars = list(range(LINKS))

    def night(moved_percent: int) -> float:
        for number in range(LINKS):
            stars[number] += number * 7919 % 100 < moved_percent
        return many.night(lambda number, link: many.alive(link, stars[number]))

    night(0)
    added = [night(56) for _ in range(6)]
    assert max(added) < 3, added
    assert sum(added) > 1, "the counters are kept after all"
