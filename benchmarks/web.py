"""Web links, ours against lychee tuned to its fastest: 10,000 pages on 100 loopback hosts, politeness off.

    python -m benchmarks.web                                # 0, 50 and 200 ms latency, best of three
    python -m benchmarks.web --latency-ms 0 --repeat 1

Both tools are given the same Markdown list. Ours imports it once, as a user does (told, not compared), then
`crawler run` goes end to end: plan, fetch, judge, into SQLite. `fetching` is the HTTP client alone, from its
first call to its last. lychee's own figures are whole processes. The server's work is in nobody's figures.
Every answer is checked: a tool that did not get all pages ends the benchmark.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.lists import import_list, web_addresses
from benchmarks.measure import (
    Cost,
    best,
    crawler,
    demand,
    describe_machine,
    find_lychee,
    plain_environment,
    run_measured,
)
from benchmarks.server import Server, run_server

CONCURRENCY: Final = 512
PER_HOST: Final = 8
"""Of ours: enough for 512 over 100 hosts, so that connections are used again; lychee uses each once."""
TUNED: Final = (
    *("--max-concurrency", str(CONCURRENCY)),
    *("--host-concurrency", str(CONCURRENCY)),
    *("--host-request-interval", "0ms"),
)
CONFIG: Final = f"""
[network]
concurrency = {CONCURRENCY}
per_host_concurrency = {PER_HOST}
per_host_interval_seconds = 0.0
allow_private_addresses = true
"""
HEADER: Final = f"{'':22} {'links/s':>9} {'seconds':>8} {'CPU-ms/link':>11}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One latency: the best of several runs of each."""

    whole: Cost
    fetching: Cost
    lychee: Cost


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--links", type=int, default=10_000)
    parser.add_argument("--hosts", type=int, default=100)
    parser.add_argument("--latency-ms", type=int, nargs="+", default=[0, 50, 200])
    parser.add_argument("--repeat", type=int, default=3)
    chosen = parser.parse_args()
    lychee = find_lychee()
    print(describe_machine(lychee))
    with tempfile.TemporaryDirectory() as name, run_server() as server:
        folder = Path(name)
        addresses = web_addresses(server, chosen.links, chosen.hosts)
        (folder / "addresses.txt").write_text("\n".join(addresses), encoding="utf-8")
        imported = import_list(folder, addresses, CONFIG)
        print(f"{chosen.links:,} links on {chosen.hosts} hosts, best of {chosen.repeat}")
        print(f"import of the list, once: {imported.wall_seconds:.2f} s, {imported.cpu_seconds:.2f} s CPU")
        for latency in chosen.latency_ms:
            server.set_latency(latency)
            told = compare(server, folder, lychee, len(addresses), chosen.repeat)
            print_comparison(latency, told, len(addresses))


def compare(server: Server, folder: Path, lychee: str, links: int, repeat: int) -> Comparison:
    """All three, turn by turn, so that a busy minute of the machine meets each alike."""
    whole, fetching, theirs = [], [], []
    for _ in range(repeat):
        whole.append(crawl(server, folder, links))
        theirs.append(check(server, folder, lychee, links))
        fetching.append(fetch(server, folder, links))
    return Comparison(best(whole), best(fetching), best(theirs))


def crawl(server: Server, folder: Path, links: int) -> Cost:
    """`crawler run` into a new database."""
    home = folder / "night"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(folder / "home", home)
    server.reset()
    cost = run_measured(
        crawler("run", "--config", home / "config.toml", "--no-progress"), plain_environment()
    )
    with closing(sqlite3.connect(home / "state" / "crawler.db")) as database:
        found = database.execute(
            "SELECT count(*) FROM health WHERE state = 'healthy' AND http_status = 200"
        ).fetchone()[0]
    demand(cost.exit_code == 0 and found == links, f"ours found {found:,} of {links:,} links")
    demand(server.counts().pages >= links, f"ours asked {server.counts()}")
    return cost


def fetch(server: Server, folder: Path, links: int) -> Cost:
    """The client alone; processor and wall time as it measured them itself, start-up left out."""
    server.reset()
    command = [sys.executable, "-m", "benchmarks.fetching", str(folder / "addresses.txt")]
    said = subprocess.run(command, capture_output=True, text=True, check=True, env=plain_environment())
    told = json.loads(said.stdout)
    demand(told["statuses"] == {"200": links}, f"fetching alone got {told['statuses']}")
    return Cost(told["wall_seconds"], told["cpu_seconds"], 0.0, 0, said.stdout)


def check(server: Server, folder: Path, lychee: str, links: int) -> Cost:
    """lychee over the same list."""
    server.reset()
    command = [lychee, *TUNED, "--no-progress", "--format", "json", str(folder / "list.md")]
    cost = run_measured(command, plain_environment())
    told = json.loads(cost.output)
    demand(cost.exit_code == 0 and told["successful"] == links, f"lychee found {told['successful']:,}")
    demand(server.counts().pages == links, f"lychee asked {server.counts()}")
    return cost


def print_comparison(latency: int, told: Comparison, links: int) -> None:
    print(f"\n{f'{latency} ms':22} {HEADER[23:]}")
    print(f"{'crawler run':22} {told.whole.per_link(links)}")
    print(f"{'  fetching alone':22} {told.fetching.per_link(links)}")
    print(f"{'lychee':22} {told.lychee.per_link(links)}")
    print(
        f"ours : lychee           wall {told.whole.wall_seconds / told.lychee.wall_seconds:.2f}, "
        f"CPU {told.whole.cpu_seconds / told.lychee.cpu_seconds:.2f}, "
        f"CPU of fetching alone {told.fetching.cpu_seconds / told.lychee.cpu_seconds:.2f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
