"""What the one writer takes: observations a second, bytes of the database, export, begin and end of a run.

    python -m benchmarks.scale.writer                                # 1,000,000 links: minutes, some GB
    python -m benchmarks.scale.writer --links 100000 --nights 3

No network and no YAML: a catalog of parts made up on the way goes in by `begin_run`; all links are planned,
read, looked at and recorded in batches as a run does, night by night, then exported. Links and looks as in
benchmarks/million.py. Processor time is that of this process; wall time stands beside it, for a disk may be
slow.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.million import START, Looker, url_of
from crawler.clock import SimulatedClock
from crawler.config import Config
from crawler.plan import Plan, plan_crawl
from crawler.records import (
    Catalog,
    CatalogPart,
    Document,
    Entry,
    EntryKind,
    Mention,
    Role,
    RunState,
)
from crawler.report.export import export_catalog
from crawler.settings import Settings
from crawler.store.store import RunHandle, Store

ENTRIES_OF_A_PART: Final = 2_500
LINKS_OF_AN_ENTRY: Final = 2
MEGABYTE: Final = 1_000_000


@dataclass
class Figures:
    """Step → (processor seconds, wall seconds), in order; sizes in bytes."""

    steps: dict[str, tuple[float, float]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    largest_wal: int = 0
    told: set[str] = field(default_factory=set)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time the block and add it to what the step has taken so far."""
        cpu, wall = time.process_time(), time.perf_counter()
        yield
        before = self.steps.get(name, (0.0, 0.0))
        self.steps[name] = (
            before[0] + time.process_time() - cpu,
            before[1] + time.perf_counter() - wall,
        )

    def look_at_files(self, database: Path, name: str) -> None:
        """Keep the size of the database by `name`, and the write-ahead log's where it is the largest yet."""
        wal = Path(f"{database}-wal")
        self.largest_wal = max(self.largest_wal, wal.stat().st_size if wal.exists() else 0)
        self.sizes[name] = database.stat().st_size


def make_parts(links: int) -> Iterator[CatalogPart]:
    """A catalog of so many links, one part in memory at a time."""
    entries = links // LINKS_OF_AN_ENTRY
    for number, start in enumerate(range(0, entries, ENTRIES_OF_A_PART)):
        name = f"list-{number:05}"
        numbers = range(start, min(start + ENTRIES_OF_A_PART, entries))
        rest = Catalog((Document(name, f"List {number}"),), ())
        yield CatalogPart(rest, partial(_make_entries, name, numbers, links), digest=f"{name} {len(numbers)}")


def _make_entries(name: str, numbers: Sequence[int], links: int) -> list[Entry]:
    made = []
    for number in numbers:
        urls = [url_of(number * LINKS_OF_AN_ENTRY + each, links) for each in range(LINKS_OF_AN_ENTRY)]
        roles = (Role.PROJECT, Role.PAPER)
        mentions = tuple(Mention(url, url, role, number + 1) for url, role in zip(urls, roles, strict=True))
        identifier = f"{name}/system-{number}"
        made.append(
            Entry(identifier, f"System {number}", EntryKind.TOOL, name, "Models > Open", mentions=mentions)
        )
    return made


def measure(folder: Path, links: int, nights: int, batch: int, formats: Sequence[str]) -> Figures:
    """Let nights pass over a new database in `folder`, then export it into nothing."""
    figures = Figures()
    config = Config(Settings(), folder / "config.toml")
    config.database.parent.mkdir(parents=True)
    for night in range(nights):
        name = f"night {night + 1}"
        clock = SimulatedClock(START + timedelta(days=night))
        with Store.open(config.database, clock.now) as store:
            with figures.step(f"{name}: begin_run"):
                run = store.begin_run(make_parts(links))
            figures.look_at_files(config.database, f"{name}, begun")
            _tell(figures, links, name)
            with figures.step(f"{name}: plan"):
                plan = plan_crawl(store.candidates(run), run.started_at)
            _look_at_all(figures, config.database, store, run, plan, Looker(clock, night), name, batch)
            _tell(figures, links, name)
            with figures.step(f"{name}: finish_run"):
                store.finish_run(run, RunState.FINISHED, {"api.github.com": links // 100})
        figures.look_at_files(config.database, f"{name}, finished")
        _tell(figures, links, name)
    for form in formats:
        with figures.step(f"export {form}"), open(os.devnull, "w", encoding="utf-8") as nowhere:
            nowhere.writelines(export_catalog(config, form, as_of=None, now=START))
        _tell(figures, links, f"export {form}")
    return figures


def _look_at_all(
    figures: Figures,
    database: Path,
    store: Store,
    run: RunHandle,
    plan: Plan,
    looker: Looker,
    name: str,
    batch: int,
) -> None:
    for wave in plan.waves:
        for link_ids in wave.values():
            for start in range(0, len(link_ids), batch):
                with figures.step(f"{name}: read questions"):
                    questions = store.questions(link_ids[start : start + batch])
                observations = [looker.look(question.link) for question in questions]
                with figures.step(f"{name}: record"):
                    store.record(run, observations)
        figures.look_at_files(database, f"{name}, looking")


def _tell(figures: Figures, links: int, prefix: str) -> None:
    """What was measured since the last time, on stderr, as soon as it is known."""
    for name, (cpu, wall) in figures.steps.items():
        if name.startswith(prefix) and name not in figures.told:
            figures.told.add(name)
            print(f"{name}: {describe(cpu, wall, links)}", file=sys.stderr, flush=True)


def describe(cpu: float, wall: float, links: int) -> str:
    return f"{cpu:,.1f} s processor, {wall:,.1f} s wall, {links / max(cpu, 1e-9):,.0f} links a second"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--links", type=int, default=1_000_000, help="how many (default: 1000000)")
    parser.add_argument("--nights", type=int, default=2, help="default: 2; the third is the steady state")
    parser.add_argument("--batch", type=int, default=2_000, help="looks in one transaction (default: 2000)")
    parser.add_argument("--export", nargs="*", default=["jsonl"], help="formats (default: jsonl)")
    parser.add_argument(
        "--folder", type=Path, help="where the database is made, and removed (default: temporary)"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        figures = measure(Path(folder), arguments.links, arguments.nights, arguments.batch, arguments.export)
    print(f"{arguments.links:,} links")
    for name, (cpu, wall) in figures.steps.items():
        print(f"{name:<28} {describe(cpu, wall, arguments.links)}")
    for name, size in figures.sizes.items():
        print(f"database, {name:<18} {size / MEGABYTE:,.0f} MB, {size / arguments.links:,.0f} bytes a link")
    print(f"largest write-ahead log      {figures.largest_wal / MEGABYTE:,.0f} MB")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000
    print(f"peak memory                  {peak:,.0f} MB")


if __name__ == "__main__":
    main()
