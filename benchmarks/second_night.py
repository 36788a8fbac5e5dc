"""What a second night costs where nothing changed: bytes received and wall time against the first.

    python -m benchmarks.second_night                # web: 10,000 links; mixed: 1,000, five minutes in all
    python -m benchmarks.second_night --only web

Web: the list of web.py at 50 ms, politeness off; a page answers 304 to the validators that the first night
kept. Mixed: the list of mixed.py at 100 ms and under the hosts' real limits, nothing known before: the first
night asks OAI for every paper's licence, three seconds each, which is why that list is short; with
`--mixed-links 10000` it takes half an hour. Bytes are those that went out at the servers, headers included.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.apis import Apis, run_apis, tokens
from benchmarks.lists import import_list, make_mixed, web_addresses
from benchmarks.measure import Cost, crawler, demand, describe_machine, plain_environment, run_measured
from benchmarks.mixed import LATENCY_MS, NETWORK, demand_all_found
from benchmarks.server import Server, run_server
from benchmarks.web import CONFIG

WEB_LATENCY_MS: Final = 50
WEB_HOSTS: Final = 100
MOST_BYTES: Final = 0.1
MOST_WALL: Final = 0.5


@dataclass(frozen=True, slots=True)
class Night:
    """What one run took, and the bytes that hosts sent it."""

    cost: Cost
    sent: Mapping[str, int]

    @property
    def bytes(self) -> int:
        return sum(self.sent.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--links", type=int, default=10_000, help="of the web list")
    parser.add_argument("--mixed-links", type=int, default=1_000)
    parser.add_argument("--only", choices=["web", "mixed"])
    chosen = parser.parse_args()
    print(describe_machine())
    if chosen.only != "mixed":
        with run_server(WEB_LATENCY_MS) as server:
            compare_web(server, chosen.links)
    if chosen.only != "web":
        with run_server(LATENCY_MS) as server, run_apis() as apis:
            compare_mixed(server, apis, chosen.mixed_links)


def compare_web(server: Server, links: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        import_list(Path(name), web_addresses(server, links, WEB_HOSTS), CONFIG)
        print_nights(
            f"web, {links:,} links at {WEB_LATENCY_MS} ms",
            [crawl(Path(name, "home"), links, dict, server) for _ in range(2)],
            links,
        )


def compare_mixed(server: Server, apis: Apis, links: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        mixed = make_mixed(server, links)
        import_list(Path(name), mixed.all(), NETWORK + apis.config_text())

        def sent() -> Mapping[str, int]:
            counts = apis.counts()
            demand(not counts.refusals, f"refused: {counts.refusals}")
            return counts.sent

        nights = []
        for _ in range(2):
            apis.tell(delay_ms=LATENCY_MS, limited=True, listed=mixed.hub)
            nights.append(crawl(Path(name, "home"), links, sent, server))
        print_nights(f"mixed, {links:,} links at {LATENCY_MS} ms", nights, links)


def crawl(home: Path, links: int, sent: Callable[[], Mapping[str, int]], server: Server) -> Night:
    """One night after another in the same folder."""
    server.reset()
    cost = run_measured(
        crawler("run", "--config", home / "config.toml", "--no-progress", "--json"),
        plain_environment(**tokens()),
    )
    demand_all_found(home, cost, links)
    return Night(cost, {**sent(), "web pages": server.counts().bytes})


def print_nights(title: str, nights: list[Night], links: int) -> None:
    first, second = nights
    print(f"\n{title}")
    print(f"{'':18} {'first':>13} {'second':>13} {'ratio':>6}")
    for host in first.sent:
        print_row(f"bytes, {host}", first.sent[host], second.sent.get(host, 0))
    print_row("bytes", first.bytes, second.bytes, MOST_BYTES)
    wall = [night.cost.wall_seconds for night in nights]
    print(f"{'seconds':26} {wall[0]:13.2f} {wall[1]:13.2f} {wall[1] / wall[0]:6.3f}  target {MOST_WALL}")
    print(
        f"{'CPU-ms/link':26} {first.cost.cpu_ms(links):13.3f} {second.cost.cpu_ms(links):13.3f}", flush=True
    )


def print_row(name: str, first: int, second: int, target: float | None = None) -> None:
    against = f"  target {target}" if target is not None else ""
    print(f"{name:26} {first:13,} {second:13,} {second / first:6.3f}{against}")


if __name__ == "__main__":
    main()
