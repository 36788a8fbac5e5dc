"""How fast looks become rows: observations a second and processor time of `Store.record`, kind by kind.

    python -m benchmarks.record                     # 50,000 links, a few minutes
    python -m benchmarks.record --links 100000 --batch 2000
    python -m benchmarks.record --only plain        # no facts

Every figure is processor time of this process, with the kernel's share and without waiting for the disk. As
in a run the questions are read from the database before their looks come, which is not counted. A night
takes the links in the catalog's order, and once more in an order of chance: then each look of a batch lies on
another page of the file, and pages are what is paid for. `executemany` of plain rows into the file is the
yardstick. Of several repeats (--repeat) the cheapest counts: a busy machine makes everything dearer.
"""

from __future__ import annotations

import argparse
import gc
import random
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
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
    Link,
    Mention,
    Observation,
    Outcome,
    Reason,
    Role,
    RunState,
)
from crawler.store.store import Store

START: Final = datetime(2026, 11, 2, 2, 30, tzinfo=UTC)
BATCHES: Final = (2_000, 10_000)
MICROSECONDS: Final = 1_000_000

Look = Callable[[int, Link, datetime, int], Observation]
"""(number, link, time, version) → what a look sees; another version is another answer."""


def plain(number: int, link: Link, at: datetime, version: int) -> Observation:
    """Every fiftieth link is walled or dead, as on lists that are kept."""
    match number % 100:
        case 0:
            return Observation(link, at, Outcome.NOT_FOUND, Reason.NOT_FOUND, 404, link.canonical_url)
        case 50:
            return Observation(link, at, Outcome.RESTRICTED, Reason.BOT_WALL, 403, link.canonical_url)
    final_url = f"{link.canonical_url}?{version}" if version else link.canonical_url
    return Observation(link, at, Outcome.ALIVE, Reason.OK, 200, final_url)


def page(number: int, link: Link, at: datetime, version: int) -> Observation:
    """What a web page tells, with an ETag for the next night."""
    final_url = f"{link.canonical_url}/"
    facts = {
        "title": f"Page {number} as it reads in version {version}",
        "final_url": final_url,
        "content_type": "text/html",
    }
    validators = {"etag": f'"{number:x}-{version}"', "last-modified": "Mon, 02 Nov 2026 00:00:00 GMT"}
    return Observation(link, at, Outcome.ALIVE, Reason.OK, 200, final_url, facts=facts, validators=validators)


def repository(number: int, link: Link, at: datetime, version: int) -> Observation:
    """Thirteen fields, two of them counters."""
    facts = {
        "full_name": link.target.id,
        "host_id": 1_000_000 + number,
        "stars": number + version,
        "forks": number // 7,
        "license": "MIT",
        "archived": False,
        "disabled": False,
        "fork": False,
        "pushed_at": f"2026-10-{1 + version:02}T12:00:00Z",
        "default_branch": "main",
        "language": "Python",
        "topics": ["made-up", "benchmark"],
        "description": "A repository that nobody has made",
    }
    host_id = str(1_000_000 + number)
    return Observation(
        link, at, Outcome.ALIVE, Reason.OK, 200, link.canonical_url, facts=facts, host_id=host_id
    )


LOOKS: Final[dict[str, Look]] = {"plain": plain, "page": page, "repository": repository}


@dataclass(frozen=True, slots=True)
class Figure:
    """One night, or one yardstick: looks, processor seconds and bytes by which the file grew."""

    name: str
    batch: int
    looks: int
    seconds: float
    grown: int

    def line(self) -> str:
        micro = self.seconds / self.looks * MICROSECONDS
        return (
            f"{self.name:<44} {self.batch:>7,} {self.looks / self.seconds:>12,.0f}"
            f" {micro:>8.2f} {self.grown / 1000:>11,.0f}"
        )


HEADER: Final = f"{'':<44} {'batch':>7} {'looks/s':>12} {'µs/look':>8} {'kB grown':>11}"


class Nights:
    """A database whose catalog is already in, and looks at its links night by night."""

    def __init__(self, path: Path, links: Sequence[Link], catalog: Catalog) -> None:
        self.path = path
        self.links = links
        self.catalog = catalog
        self.clock = SimulatedClock(START)
        self.night = 0

    def pass_night(self, name: str, look: Look, batch: int, order: Sequence[int], changed: int = 0) -> Figure:
        """One run; every `changed`-th look says something else than the night before (0: none does)."""
        self.night += 1
        self.clock.advance(START + timedelta(days=self.night) - self.clock.now())
        spent, before = 0.0, 0
        with Store.open(self.path, self.clock.now) as store:
            run = store.begin_run(self.catalog)
            ids = {candidate.url: candidate.link_id for candidate in store.candidates(run)}
            before = self._size()
            for start in range(0, len(order), batch):
                self.clock.advance(timedelta(seconds=1))
                at = self.clock.now()
                looks = [
                    look(
                        number, self.links[number], at, self.night if changed and number % changed == 1 else 0
                    )
                    for number in order[start : start + batch]
                ]
                store.questions([ids[each.link.canonical_url] for each in looks])
                gc.collect()
                began = time.process_time()
                store.record(run, looks)
                spent += time.process_time() - began
            store._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            grown = self._size() - before
            store.finish_run(run, RunState.FINISHED, {})
        return Figure(name, batch, len(order), spent, grown)

    def _size(self) -> int:
        return self.path.stat().st_size


def catalog_of(links: int) -> Catalog:
    urls = [f"https://github.com/owner-{number}/repository-{number}" for number in range(links)]
    entries = tuple(
        Entry(
            f"made-up/{number}",
            f"Entry {number}",
            EntryKind.TOOL,
            "made-up",
            mentions=(Mention(url, url, Role.PROJECT, number + 1),),
        )
        for number, url in enumerate(urls)
    )
    return Catalog((Document("made-up", "Made-up links"),), entries)


def yardstick(path: Path, batch: int, rows: int) -> Figure:
    """`executemany` of plain rows, four columns without an index, into the very file."""
    values = [
        (number, f"https://example.org/{number}", "alive", "2026-11-02T02:30:00Z") for number in range(rows)
    ]
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE yardstick (number INTEGER, url TEXT, outcome TEXT, at TEXT) STRICT")
    before = path.stat().st_size
    spent = 0.0
    for start in range(0, rows, batch):
        part = values[start : start + batch]
        began = time.process_time()
        with connection:
            connection.executemany("INSERT INTO yardstick VALUES (?, ?, ?, ?)", part)
        spent += time.process_time() - began
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return Figure("executemany of plain rows", batch, rows, spent, path.stat().st_size - before)


def measure(folder: Path, links: int, batch: int, kinds: Sequence[str]) -> Iterator[Figure]:
    """All nights of all kinds; each kind and order has a database of its own."""
    catalog = catalog_of(links)
    known = [link_of(entry.mentions[0].url) for entry in catalog.entries]
    template = folder / "template.db"
    with Store.open(template, SimulatedClock(START).now) as store:
        store.finish_run(store.begin_run(catalog), RunState.FINISHED, {})
    in_order = range(links)
    by_chance = random.Random(links).sample(in_order, links)
    path = folder / "yardstick.db"
    shutil.copy(template, path)
    yield yardstick(path, batch, links)
    path.unlink()
    for kind in kinds:
        for order, way in ((in_order, ""), (by_chance, ", by chance")):
            path = folder / "nights.db"
            shutil.copy(template, path)
            nights = Nights(path, known, catalog)
            yield nights.pass_night(f"{kind}: the first night{way}", LOOKS[kind], batch, order)
            yield nights.pass_night(f"{kind}: an unchanged night{way}", LOOKS[kind], batch, order)
            yield nights.pass_night(f"{kind}: 1 % changed{way}", LOOKS[kind], batch, order, changed=100)
            path.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--links", type=int, default=50_000, help="how many links (default: 50,000)")
    parser.add_argument(
        "--batch", type=int, action="append", help="looks a batch (default: 2,000 and 10,000)"
    )
    parser.add_argument("--repeat", type=int, default=3, help="how often (default: 3)")
    parser.add_argument("--only", choices=sorted(LOOKS), action="append", help="only looks of this kind")
    arguments = parser.parse_args()
    print(f"{arguments.links:,} links, the cheapest of {arguments.repeat}\n{HEADER}", flush=True)
    kinds = arguments.only or list(LOOKS)
    for batch in arguments.batch or BATCHES:
        best: dict[str, Figure] = {}
        for _ in range(arguments.repeat):
            with tempfile.TemporaryDirectory() as folder:
                for figure in measure(Path(folder), arguments.links, batch, kinds):
                    if figure.name not in best or figure.seconds < best[figure.name].seconds:
                        best[figure.name] = figure
        for figure in best.values():
            print(figure.line(), flush=True)


if __name__ == "__main__":
    main()
