"""What years of nights cost on the disk: a database of made-up links grows night by night, then is thinned.

    python -m benchmarks.history                           # three years of 60 links, a minute
    python -m benchmarks.history --links 1000              # what docs/schema.md tells, ten minutes
    python -m benchmarks.history --nights 3 --links 20000  # single nights at full width

Figures are scaled to 100,000 links. Every hundredth link is dead or walled; in a moving night the stars of
56 % of the repositories are others than the night before; once a month a licence in a hundred changes.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from crawler.clock import SimulatedClock
from crawler.links.classify import link_of
from crawler.records import (
    Catalog,
    Document,
    Entry,
    EntryKind,
    Facts,
    Link,
    Mention,
    Observation,
    Outcome,
    Reason,
    Role,
    RunState,
)
from crawler.store.compact import compact
from crawler.store.history import History
from crawler.store.store import Store

START: Final = datetime(2026, 11, 2, 2, 30, tzinfo=UTC)
THREE_YEARS: Final = 3 * 365
MOVING_PERCENT: Final = 56
SCALED_TO: Final = 100_000
BATCH: Final = 500
MEGABYTE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Growth:
    """Bytes of the file: after the first night, added by an unchanged and by a moving one, in the end."""

    links: int
    nights: int
    first: int
    unchanged: int
    moving: float
    whole: int
    compacted: int
    surplus: int
    seconds: float
    seconds_as_of: float

    def megabytes(self, size: float) -> float:
        """As many as 100,000 links would take."""
        return size * SCALED_TO / self.links / MEGABYTE


class Nights:
    """One database and the repositories in it."""

    def __init__(self, path: Path, links: int) -> None:
        urls = [f"https://github.com/owner-{number}/repository-{number}" for number in range(links)]
        self.path = path
        self.clock = SimulatedClock(START)
        self.links = [link_of(url) for url in urls]
        self.stars = list(range(links))
        self.catalog = Catalog(
            (Document("made-up", "Made-up links"),),
            tuple(
                Entry(
                    f"made-up/{n}",
                    f"Entry {n}",
                    EntryKind.TOOL,
                    "made-up",
                    mentions=(Mention(url, url, Role.PROJECT, n + 1),),
                )
                for n, url in enumerate(urls)
            ),
        )

    def pass_night(self, night: int, moving_percent: int) -> int:
        """One run over all links; returns the bytes it added."""
        before = self.size()
        for number in range(len(self.stars)):
            self.stars[number] += (number * 7919 + night * 104_729) % 100 < moving_percent
        with Store.open(self.path, self.clock.now) as store:
            run = store.begin_run(self.catalog)
            for start in range(0, len(self.links), BATCH):
                self.clock.advance(timedelta(seconds=5))
                batch = range(start, min(start + BATCH, len(self.links)))
                store.record(run, [self._look(number, night) for number in batch])
            store.finish_run(run, RunState.FINISHED, {"api.github.com": len(self.links) // 100 + 1})
        self.clock.advance(START + timedelta(days=night) - self.clock.now())
        return self.size() - before

    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def _look(self, number: int, night: int) -> Observation:
        link, now = self.links[number], self.clock.now()
        match number % 200:
            case 0:
                return Observation(link, now, Outcome.NOT_FOUND, Reason.NOT_FOUND, 404)
            case 100:
                return Observation(link, now, Outcome.RESTRICTED, Reason.BOT_WALL, 403)
        host_id = str(1_000_000 + number)
        facts = self._facts(link, number, night)
        return Observation(
            link, now, Outcome.ALIVE, Reason.OK, 200, link.canonical_url, facts=facts, host_id=host_id
        )

    def _facts(self, link: Link, number: int, night: int) -> Facts:
        changed = night // 30 if number % 100 == night // 30 % 100 else 0
        return {
            "full_name": link.target.id,
            "host_id": 1_000_000 + number,
            "stars": self.stars[number],
            "forks": self.stars[number] // 7,
            "license": "Apache-2.0" if changed else "MIT",
            "archived": False,
            "disabled": False,
            "fork": False,
            "pushed_at": "2026-10-01T12:00:00Z",
            "default_branch": "main",
            "language": "Python",
            "topics": ["made-up"],
            "description": "A repository that nobody has made",
        }


def measure(folder: Path, links: int, nights: int) -> Growth:
    """Let nights pass: the second unchanged, all others with moving stars."""
    began = time.perf_counter()
    database = Nights(folder / "crawler.db", links)
    first = database.pass_night(1, 0)
    unchanged = database.pass_night(2, 0)
    moving = [database.pass_night(night, MOVING_PERCENT) for night in range(3, nights + 1)]
    whole = database.size()
    seconds = time.perf_counter() - began
    began = time.perf_counter()
    with History.open(database.path) as history:
        middle = history.run_as_of(str(max(1, nights // 2)))
        assert sum(1 for _ in history.links(middle)) == links
    as_of = time.perf_counter() - began
    done = compact(database.path, database.clock.now())
    return Growth(
        links=links,
        nights=nights,
        first=first,
        unchanged=unchanged,
        moving=sum(moving) / max(1, len(moving)),
        whole=whole,
        compacted=done.bytes_after,
        surplus=done.surplus,
        seconds=seconds,
        seconds_as_of=as_of,
    )


def describe(growth: Growth) -> str:
    """Lines for people."""
    rows = {
        "the first night": growth.first,
        "an unchanged night": growth.unchanged,
        f"a night in which {MOVING_PERCENT} % of the stars move": growth.moving,
        f"after {growth.nights:,} nights": growth.whole,
        "the same after `crawler compact`": growth.compacted,
    }
    lines = [f"{growth.links:,} links, {growth.nights:,} nights, scaled to {SCALED_TO:,} links"]
    lines += [f"{what:<45} {growth.megabytes(size):>10,.2f} MB" for what, size in rows.items()]
    looks = growth.links * growth.nights / growth.seconds
    lines.append(f"{looks:,.0f} looks a second written; a past night read in {growth.seconds_as_of:.2f} s")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--links", type=int, default=60, help="how many links (default: 60)")
    parser.add_argument(
        "--nights", type=int, default=THREE_YEARS, help="how many nights (default: three years)"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(describe(measure(Path(folder), arguments.links, arguments.nights)))


if __name__ == "__main__":
    main()
