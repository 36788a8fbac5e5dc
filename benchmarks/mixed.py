"""A list as real ones are, ours against lychee, both at their default politeness and 100 ms per answer.

    python -m benchmarks.mixed                   # 10,000 links; lychee alone takes five minutes
    python -m benchmarks.mixed --only crawler

60 % GitHub, 20 % Hugging Face over 300 owners, 5 % arXiv, 15 % web pages on 200 hosts. Ours crawls it with
facts into SQLite, with one token each for GitHub and the Hub, against the sandbox, which holds it to the real
rate limits: a single refusal ends the benchmark. The licences of the papers are known from an earlier run.
lychee asks the same pages at the loopback server (`--remap`), which answers faster than the sandbox, without
TLS and without any limit; web pages come from that server for both.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.apis import ApiCounts, Apis, run_apis, tokens
from benchmarks.lists import MixedList, import_list, make_mixed
from benchmarks.measure import (
    Cost,
    crawler,
    demand,
    describe_machine,
    find_lychee,
    plain_environment,
    run_measured,
)
from benchmarks.server import Server, run_server

LATENCY_MS: Final = 100
NETWORK: Final = '[network]\ncontact = "bench@example.org"\nallow_private_addresses = true\n'
FASTER: Final = 10
FEWER: Final = 20
GITHUB: Final = ("api.github.com", "github.com")


@dataclass(frozen=True, slots=True)
class Side:
    """What a tool took, and how many requests it sent to GitHub."""

    cost: Cost
    github: int
    requests: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--links", type=int, default=10_000)
    parser.add_argument("--only", choices=["crawler", "lychee"])
    chosen = parser.parse_args()
    lychee = None if chosen.only == "crawler" else find_lychee()
    print(describe_machine(lychee))
    with tempfile.TemporaryDirectory() as name, run_server() as server, run_apis() as apis:
        folder = Path(name)
        mixed = make_mixed(server, chosen.links)
        import_list(folder, mixed.all(), NETWORK + apis.config_text())
        prepare(folder / "home", mixed, apis)
        server.set_latency(LATENCY_MS)
        print(f"{chosen.links:,} links, {LATENCY_MS} ms per answer")
        print(f"{'':12} {'links/s':>9} {'seconds':>8} {'CPU-ms/link':>11} {'requests':>9} {'GitHub':>7}")
        ours = None if chosen.only == "lychee" else crawl(folder / "home", server, apis, chosen.links)
        if ours is not None:
            print_side("crawler", ours, chosen.links)
        if lychee is not None:
            theirs = check(folder / "list.md", lychee, server, chosen.links)
            print_side("lychee", theirs, chosen.links)
            if ours is not None:
                print_ratios(ours, theirs)


def prepare(home: Path, mixed: MixedList, apis: Apis) -> None:
    """The nights before: what papers there are and their licences, told to the crawler itself."""
    apis.tell(listed=mixed.hub)
    config = home / "config.toml"
    kept = config.read_text(encoding="utf-8")
    hurried = kept.replace("[arxiv]\n", "[arxiv]\nmin_interval_seconds = 0.0\n")
    config.write_text(hurried, encoding="utf-8")
    crawled = run_measured(
        crawler("run", "--config", config, "--no-progress", "--only", "arxiv"), plain_environment()
    )
    config.write_text(kept, encoding="utf-8")
    with closing(sqlite3.connect(home / "state" / "crawler.db")) as database:
        known = database.execute(
            "SELECT count(DISTINCT link_id) FROM facts WHERE field = 'license'"
        ).fetchone()[0]
    demand(crawled.exit_code == 0 and known == len(mixed.arxiv), f"{known:,} licences are known")


def crawl(home: Path, server: Server, apis: Apis, links: int) -> Side:
    """One night, with everything checked."""
    server.reset()
    apis.tell(delay_ms=LATENCY_MS, limited=True)
    cost = run_measured(
        crawler("run", "--config", home / "config.toml", "--no-progress", "--json"),
        plain_environment(**tokens()),
    )
    counts = apis.counts()
    demand_all_found(home, cost, links)
    demand(not counts.refusals, f"refused: {counts.refusals}")
    return Side(cost, github_requests(counts), sum(counts.requests.values()) + server.counts().requests)


def demand_all_found(home: Path, cost: Cost, links: int) -> None:
    """The run looked at every link, and every link is healthy."""
    demand(cost.exit_code == 0, "the run failed")
    looked_at = json.loads(cost.output)["looked_at"]
    with closing(sqlite3.connect(home / "state" / "crawler.db")) as database:
        states = dict(database.execute("SELECT state, count(*) FROM health GROUP BY state"))
    demand(looked_at == links and states == {"healthy": links}, f"{looked_at:,} looked at: {states}")


def github_requests(counts: ApiCounts) -> int:
    return sum(counts.requests.get(host, 0) for host in GITHUB)


def check(document: Path, lychee: str, server: Server, links: int) -> Side:
    """lychee as it comes; GitHub's pages are on a server of their own, so that they can be counted."""
    server.reset()
    with run_server(LATENCY_MS) as github:
        remaps = {
            "https://github.com": github.url(0, "page/github"),
            "https://huggingface.co": server.url(201, "page/hub"),
            "https://arxiv.org": server.url(202, "page/arxiv"),
        }
        options = [part for old, new in remaps.items() for part in ("--remap", f"{old} {new}")]
        cost = run_measured(
            [lychee, *options, "--no-progress", "--format", "json", str(document)], plain_environment()
        )
        asked = github.counts().requests
    told = json.loads(cost.output)
    demand(cost.exit_code == 0 and told["successful"] == links, f"lychee found {told['successful']:,}")
    return Side(cost, asked, asked + server.counts().requests)


def print_side(name: str, side: Side, links: int) -> None:
    print(f"{name:12} {side.cost.per_link(links)} {side.requests:11,} {side.github:7,}", flush=True)


def print_ratios(ours: Side, theirs: Side) -> None:
    faster = theirs.cost.wall_seconds / ours.cost.wall_seconds
    fewer = theirs.github / ours.github
    print(
        f"ours is {faster:.1f} times as fast (target {FASTER}), asks GitHub {fewer:.0f} times less "
        f"(target {FEWER}), takes {ours.cost.cpu_seconds / theirs.cost.cpu_seconds:.1f} times the CPU"
    )


if __name__ == "__main__":
    main()
