"""Ten million links on 1, 8 and 64 workers under the limits of real hosts. Made up, seeded, no network.

    python -m benchmarks.scale.simulate                          # the table of docs/scale.md, a minute
    python -m benchmarks.scale.simulate --links 1000000 --workers 1 2 --tokens 1 --later-night
    python -m benchmarks.scale.simulate --only-tail --tail-exponent 0.8    # nothing but web pages

Kinds and hosts are spread as in catalog/ (population.py). A host belongs to one worker at a time, an API with
all its tokens too; requests are paced by what the host allows (budgets.py) and by a worker's core and places
(cluster.py); one writer takes all answers. Every parameter has an option; defaults and sources stand below.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Final

from benchmarks.scale.budgets import Budget
from benchmarks.scale.cluster import Crawl, Shard, run_shards
from benchmarks.scale.population import ONLY_TAIL, TAIL, Mix, measure_mix, spread_by_zipf
from crawler.catalog import load_catalog
from crawler.plan import LaneName

HOUR: Final = 3_600.0
TAIL_HOST: Final = "host of rank "
ALIASES: Final = 100
"""Repositories in one GraphQL query: resolve/github/queries.py."""
PAPERS: Final = 100
"""Papers in one query: resolve/arxiv/resolver.py."""
SILENT_TRIES: Final = 8
"""Time-outs in a row after which a web host is left alone: hosts.py."""

# https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api (2026-11): a query
# of a hundred aliases costs one of a token's 5,000 points an hour; 2,000 points a minute are beyond our pace.
# https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api (2026-11): and 900 a minute.
GITHUB_WINDOW: Final = (5_000, HOUR)
REST_INTERVAL: Final = 60 / 900
HUB_WINDOW_SECONDS: Final = 300.0
# https://info.arxiv.org/help/api/tou.html (2026-11): all machines and endpoints together.
ARXIV: Final = Budget(0.0, 1, pause_seconds=3.0)
GITHUB_PAGES: Final = Budget(0.5, 4)
"""page_interval_seconds of [github]: for pages of github.com that no API knows."""
WEB: Final = Budget(0.05, 4)
"""per_host_interval_seconds and per_host_concurrency of [network]."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """Times in seconds. What is measured stands in docs/scale.md; what is chosen is a guess to be varied."""

    links: int = 10_000_000
    seed: int = 1
    later_night: bool = False
    """A night on which licences of papers are known and hosts are not asked for an impossible address."""
    places: int = 64
    """Requests in flight on one worker: `concurrency` of [network]."""
    tail_hosts: int = 400_000
    """Chosen: hosts in the long tail of the web."""
    tail_exponent: float = 1.0
    """Chosen: of Zipf's law there."""
    hub_calls: int = 1_000
    """Calls of the Hub's API in five minutes: https://huggingface.co/docs/hub/rate-limits (2025-09), one free
    account, for the program takes one HF_TOKEN; 6,000 for an Enterprise one."""
    hub_pages: int = 200
    """Pages there, likewise; 600 for an Enterprise account."""
    hub_links_per_call: float = 1.0
    """Chosen: more where a listing of an owner answers for several of its repositories."""
    dead_share: float = 0.01
    """Chosen: repositories that GraphQL does not find; each is confirmed by one REST request."""
    silent_share: float = 0.02
    """Chosen: web hosts that let every request run into its time-out."""
    timeout: float = 20.0
    latency: float = 0.4
    """Chosen: of the large web hosts, and the median of the others, which are log-normal."""
    latency_sigma: float = 0.6
    api_latency: float = 1.5
    """Chosen: of a batch at GitHub or arXiv."""
    call_latency: float = 0.25
    """Chosen: of one call of the Hub's API or of GitHub's REST."""
    cpu_page: float = 0.0016
    """Measured: processor time for one web page, 0.8 ms, and for a TLS handshake, 0.7 ms."""
    cpu_call: float = 0.003
    """Measured: for one call of the Hub, with the one to three links that it answers for."""
    cpu_batch: float = 0.04
    """Measured: for a hundred repositories or papers."""
    writer: float = 0.00008
    """Measured: the processor time of the writer for one question read and its answer recorded."""
    begin: float = 0.00004
    """Measured: catalog and plan before the first request, for one link."""
    finish: float = 0.000015
    """Measured: after the last answer, for one link."""
    core_hour_price: float = 0.05


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run takes, between two bounds. `limit` names what it waits for longest."""

    workers: int
    tokens: int
    at_least: float
    at_most: float
    busiest_worker_seconds: float
    writer_seconds: float
    requests: int
    core_hours: float
    price: float
    limit: str


def make_shards(parameters: Parameters, mix: Mix, tokens: int) -> list[Shard]:
    """What is to be asked, in pieces that one worker at a time may ask."""
    return [*_api_shards(parameters, mix, tokens), *_web_shards(parameters, mix)]


def _api_shards(p: Parameters, mix: Mix, tokens: int) -> Iterator[Shard]:
    github = round(p.links * mix.lanes[LaneName.GITHUB])
    hub = round(p.links * mix.lanes[LaneName.HUGGINGFACE])
    papers = round(p.links * mix.lanes[LaneName.ARXIV])
    points, hour = GITHUB_WINDOW
    graphql = replace(WEB, per_window=points * tokens, window_seconds=hour)
    rest = replace(graphql, interval_seconds=max(WEB.interval_seconds, REST_INTERVAL / tokens))
    yield Shard("GitHub GraphQL", github, math.ceil(github / ALIASES), p.api_latency, p.cpu_batch, graphql)
    yield Shard("GitHub REST", 0, round(github * p.dead_share), p.call_latency, p.cpu_call, rest)
    calls = round(hub / p.hub_links_per_call + p.links * mix.owners / 2)
    hub_api = replace(WEB, per_window=p.hub_calls, window_seconds=HUB_WINDOW_SECONDS)
    yield Shard("Hub API", hub, calls, p.call_latency, p.cpu_call, hub_api)
    queries, records = math.ceil(papers / PAPERS), 0 if p.later_night else papers
    cpu = (queries * p.cpu_batch + records * p.cpu_call) / max(1, queries + records)
    yield Shard("arXiv", papers, queries + records, p.api_latency, cpu, ARXIV)


def _web_shards(p: Parameters, mix: Mix) -> Iterator[Shard]:
    chance = random.Random(p.seed)
    heads = [(name, round(p.links * share)) for name, share in mix.hosts.items() if name != TAIL]
    tail = spread_by_zipf(round(p.links * mix.hosts[TAIL]), p.tail_hosts, p.tail_exponent)
    more = 0 if p.later_night else 1
    hub_pages = replace(WEB, per_window=p.hub_pages, window_seconds=HUB_WINDOW_SECONDS)
    for name, links in heads:
        budget = {"github.com": GITHUB_PAGES, "huggingface.co": hub_pages}.get(name, WEB)
        yield Shard(name, links, links + more, p.latency, p.cpu_page, budget)
    for rank, links in enumerate(tail, 1):
        latency = min(p.timeout, p.latency * math.exp(p.latency_sigma * chance.gauss(0.0, 1.0)))
        is_silent = chance.random() < p.silent_share
        requests = min(links, SILENT_TRIES) if is_silent else links + more
        name = f"{TAIL_HOST}{rank:07}"
        yield Shard(name, links, requests, p.timeout if is_silent else latency, p.cpu_page, WEB)


def simulate(parameters: Parameters, mix: Mix, workers: int, tokens: int) -> Outcome:
    """One run."""
    p = parameters
    shards = make_shards(p, mix, tokens)
    crawl = run_shards(shards, workers, p.places)
    writer, around = p.links * p.writer, p.links * (p.begin + p.finish)
    requests = sum(shard.requests for shard in shards)
    cores = sum(shard.core_seconds for shard in shards) + p.links * (p.writer + p.begin + p.finish)
    return Outcome(
        workers=workers,
        tokens=tokens,
        at_least=around + max(crawl.at_least, writer),
        at_most=around + max(crawl.at_most, writer),
        busiest_worker_seconds=crawl.busiest_worker_seconds,
        writer_seconds=writer,
        requests=requests,
        core_hours=cores / HOUR,
        price=cores / HOUR * p.core_hour_price,
        limit=_name_limit(crawl, writer),
    )


def _name_limit(crawl: Crawl, writer_seconds: float) -> str:
    waited_for = {
        "the writer": writer_seconds,
        "the workers": crawl.busiest_worker_seconds,
        crawl.longest_shard: crawl.longest_shard_seconds,
    }
    return max(waited_for, key=waited_for.__getitem__)


# --- tables ---------------------------------------------------------------------------------------


def describe_lanes(parameters: Parameters, mix: Mix, tokens: Sequence[int]) -> Iterator[str]:
    """How long each lane takes by itself, whatever the number of workers; of the tail, the longest."""
    yield "| lane | links | requests | " + " | ".join(f"hours, tokens: {count}" for count in tokens) + " |"
    yield "| --- | ---: | ---: |" + " ---: |" * len(tokens)
    tails: dict[int, list[Shard]] = {}
    lanes: dict[str, list[Shard]] = {}
    for count in tokens:
        for shard in make_shards(parameters, mix, count):
            if shard.name.startswith(TAIL_HOST):
                tails.setdefault(count, []).append(shard)
            elif shard.requests:
                lanes.setdefault(shard.name, []).append(shard)
    for name, same in lanes.items():
        hours = " | ".join(f"{shard.alone_seconds / HOUR:,.1f}" for shard in same)
        yield f"| {name} | {same[0].links:,} | {same[0].requests:,} | {hours} |"
    tail = tails[tokens[0]]
    hours = " | ".join([f"{max(shard.alone_seconds for shard in tail) / HOUR:,.1f}"] * len(tokens))
    links, requests = sum(shard.links for shard in tail), sum(shard.requests for shard in tail)
    yield f"| {len(tail):,} hosts of the tail, the longest | {links:,} | {requests:,} | {hours} |"


def describe_outcomes(outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield "| workers | tokens | hours | busiest worker | requests | core-hours | price | held by |"
    yield "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |"
    for o in outcomes:
        hours = f"{o.at_least / HOUR:,.1f} to {o.at_most / HOUR:,.1f}"
        busy = f"{o.busiest_worker_seconds / HOUR:,.1f}"
        cost = f"{o.core_hours:,.1f} | {o.price:,.2f}"
        yield f"| {o.workers} | {o.tokens} | {hours} | {busy} | {o.requests:,} | {cost} | {o.limit} |"


@cache
def shipped_mix() -> Mix:
    folder = Path(__file__).parents[2] / "catalog"
    return measure_mix(load_catalog([str(folder)]).entries)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument(
        "--tokens", type=int, nargs="+", default=[1, 8], help="of GitHub and of the Hub, each"
    )
    parser.add_argument("--only-tail", action="store_true", help="no API, no large host: web pages only")
    for parameter in fields(Parameters):
        default = parameter.default
        option = f"--{parameter.name.replace('_', '-')}"
        if isinstance(default, bool):
            parser.add_argument(option, action="store_true")
        else:
            parser.add_argument(option, type=type(default), default=default, help=f"default: {default}")
    arguments = vars(parser.parse_args())
    workers, tokens = arguments.pop("workers"), arguments.pop("tokens")
    mix = ONLY_TAIL if arguments.pop("only_tail") else shipped_mix()
    parameters = Parameters(**arguments)
    print("\n".join(describe_lanes(parameters, mix, tokens)), end="\n\n")
    outcomes = [simulate(parameters, mix, count, many) for many in tokens for count in workers]
    print("\n".join(describe_outcomes(outcomes)))
    hours = outcomes[0].writer_seconds / HOUR
    print(f"\nThe writer takes {hours:,.2f} hours for {parameters.links:,} answers.")


if __name__ == "__main__":
    main()
