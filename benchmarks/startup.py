"""What a command costs before it does anything: processor time against `python -c pass`, turn by turn.

    python -m benchmarks.startup                       # databases of 500 and 100,000 links, two minutes
    python -m benchmarks.startup --rounds 40 --links 500

Each round runs every command once; the least time of all rounds counts, for whatever else the machine does
can only add to it. Ends with 1 where a target is missed: `--help` under 6 times, `status` under 8 times.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.measure import crawler, demand, describe_machine, plain_environment, run_measured
from benchmarks.record import repository
from crawler.clock import SimulatedClock
from crawler.links.classify import link_of
from crawler.records import Catalog, Document, Entry, EntryKind, Mention, Role, RunState
from crawler.store.store import Store

NOTHING: Final = "python -c pass"
START: Final = datetime(2026, 11, 2, 2, 30, tzinfo=UTC)
BATCH: Final = 5_000


@dataclass(frozen=True, slots=True)
class Command:
    """`limit` is its target as a multiple of NOTHING, where it has one."""

    name: str
    arguments: Sequence[str | Path]
    limit: float | None = None


def command(*arguments: str | Path) -> list[str | Path]:
    """The installed command, as people call it; else the module."""
    script = Path(sys.executable).with_name("crawler")
    return [script, *arguments] if script.exists() else crawler(*arguments)


def url_of(number: int) -> str:
    return f"https://github.com/owner-{number % 997}/repository-{number}"


def make_database(folder: Path, links: int) -> None:
    """A night over so many repositories, one at each entry, with facts; recorded as a crawl records them."""
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('[catalog]\npaths = ["catalog"]\n', encoding="utf-8")
    clock = SimulatedClock(START)
    entries = tuple(
        Entry(
            f"list/e{number:07}",
            f"Entry {number}",
            EntryKind.MODEL,
            "list",
            mentions=(Mention(url_of(number), url_of(number), Role.PROJECT, number + 1),),
        )
        for number in range(links)
    )
    with Store.open(folder / "state" / "crawler.db", clock.now) as store:
        run = store.begin_run(Catalog((Document("list", "A list"),), entries))
        for numbers in _in_batches(links):
            store.record(
                run, [repository(number, link_of(url_of(number)), clock.now(), 0) for number in numbers]
            )
        store.finish_run(run, RunState.FINISHED, {"api.github.com": links // 100})


def _in_batches(links: int) -> Iterator[range]:
    for first in range(0, links, BATCH):
        yield range(first, min(first + BATCH, links))


def commands(room: Path, sizes: Sequence[int]) -> Iterator[Command]:
    yield Command(NOTHING, [sys.executable, "-c", "pass"])
    yield Command("--help", command("--help"), limit=6)
    for size in sizes:
        config = ("--config", room / str(size) / "config.toml")
        yield Command(f"status, {size:,} links", command("status", *config), limit=8)
        yield Command(f"explain, {size:,} links", command("explain", *config, url_of(size // 2)))
        yield Command(f"report, {size:,} links", command("report", *config))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--links", type=int, nargs="+", default=[500, 100_000])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        room = Path(folder)
        for size in options.links:
            make_database(room / str(size), size)
        print(describe_machine())
        print(f"least of {options.rounds} rounds, processor time")
        met = all([*measure(list(commands(room, options.links)), options.rounds)])
    demand(met, "a target is missed")


def measure(listed: Sequence[Command], rounds: int) -> Iterator[bool]:
    """Prints each command's figures; yields whether its target is met."""
    environment = plain_environment(PYTHONPATH=str(Path(__file__).parent.parent))
    least = dict.fromkeys((each.name for each in listed), float("inf"))
    for _ in range(rounds):
        for each in listed:
            cost = run_measured(each.arguments, environment)
            demand(cost.exit_code == 0, f"{each.name} ended with {cost.exit_code}")
            least[each.name] = min(least[each.name], cost.cpu_seconds)
    for each in listed:
        seconds = least[each.name]
        ratio = seconds / least[NOTHING]
        met = each.limit is None or ratio < each.limit
        told = "" if each.limit is None else f"target {each.limit:g}: {'met' if met else 'MISSED'}"
        print(f"{each.name:24} {1000 * seconds:8.1f} ms {ratio:7.2f} times  {told}".rstrip())
        yield met


if __name__ == "__main__":
    main()
