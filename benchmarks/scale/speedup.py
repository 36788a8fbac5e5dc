"""How much sooner a crawl of web links ends with more workers on this machine, by either engine.

    python -m benchmarks.scale.speedup                        # 10,000 pages, local and dask, 1 and 2 workers
    python -m benchmarks.scale.speedup --engine local --workers 1 2 4 --latency-ms 0

The pages are those of benchmarks/web.py: a loopback server in C, politeness off, so that the processor
decides. Server, run and workers share the machine, so the wall clock tells little where cores are few or
others work too. The processor time of the busiest process does: no crawl is faster than that, and with a core
for each it comes near. Every crawl is `crawler run` into a new database; one that did not find all pages ends
the benchmark.
"""

from __future__ import annotations

import argparse
import shutil
import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

from benchmarks.lists import import_list, web_addresses
from benchmarks.measure import crawler, demand, describe_machine, plain_environment
from benchmarks.scale.processes import Load, run_watched
from benchmarks.server import Server, run_server
from benchmarks.web import CONFIG


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--links", type=int, default=10_000)
    parser.add_argument("--hosts", type=int, default=100)
    parser.add_argument("--latency-ms", type=int, default=50)
    parser.add_argument("--repeat", type=int, default=3, help="the least counts (default: 3)")
    parser.add_argument("--engine", nargs="+", default=["local", "dask"], choices=["local", "dask"])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    chosen = parser.parse_args()
    print(describe_machine())
    if "dask" in chosen.engine:
        print(f"distributed {version('distributed')}")
    ways = [(engine, workers) for engine in chosen.engine for workers in chosen.workers]
    with tempfile.TemporaryDirectory() as name, run_server(chosen.latency_ms) as server:
        folder = Path(name)
        import_list(folder, web_addresses(server, chosen.links, chosen.hosts), CONFIG)
        costs: dict[tuple[str, int], list[Load]] = {way: [] for way in ways}
        for _ in range(chosen.repeat):
            # Turn by turn, so that a busy minute of the machine meets each alike.
            for engine, workers in ways:
                options = ("--engine", engine, "--workers", str(workers))
                costs[engine, workers].append(crawl(server, folder, chosen.links, options))
    print(f"{chosen.links:,} pages on {chosen.hosts} hosts, {chosen.latency_ms} ms, best of {chosen.repeat}")
    print(describe(costs, chosen.links))


def crawl(server: Server, folder: Path, links: int, options: Sequence[str]) -> Load:
    """One run into a new database."""
    home = folder / "night"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(folder / "home", home)
    server.reset()
    command = crawler("run", "--config", home / "config.toml", "--no-progress", *options)
    cost = run_watched(command, plain_environment())
    demand(cost.exit_code == 0, f"{options}: exit code {cost.exit_code}")
    with closing(sqlite3.connect(home / "state" / "crawler.db")) as database:
        (found,) = database.execute("SELECT count(*) FROM health WHERE state = 'healthy'").fetchone()
    demand(found == links, f"{options}: found {found:,} of {links:,} pages")
    return cost


def describe(costs: Mapping[tuple[str, int], Sequence[Load]], links: int) -> str:
    """A Markdown table of the least of several runs; what is gained is against the first row."""
    rows = [
        "| engine | workers | CPU-ms/link: the run | its busiest worker | all | gain | seconds | gain |",
        "| --- |" + " ---: |" * 7,
    ]
    first: tuple[float, float] | None = None
    for (engine, workers), loads in costs.items():
        own = min(load.own_seconds for load in loads)
        other = min(max(load.others_seconds, default=0.0) for load in loads)
        every = min(load.all_seconds for load in loads)
        wall = min(load.wall_seconds for load in loads)
        busiest = max(own, other)
        first = first or (busiest, wall)
        per_link = " | ".join(f"{1000 * figure / links:.2f}" for figure in (own, other, every))
        gains = f"{first[0] / busiest:.2f} | {wall:.1f} | {first[1] / wall:.2f}"
        rows.append(f"| {engine} | {workers} | {per_link} | {gains} |")
    return "\n".join(rows)


if __name__ == "__main__":
    main()
