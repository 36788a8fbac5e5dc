"""Fetching alone: `Fetcher.get` over every address of a file, nothing parsed, judged or stored.

    python -m benchmarks.fetching ADDRESSES [--concurrency 512]

Prints one JSON object: answers by status, and the processor and wall time from the first call to the last.
`web.py` runs it in a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import resource
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from crawler.clock import SystemClock
from crawler.fetch.client import Fetcher
from crawler.fetch.environment import NetworkEnvironment
from crawler.fetch.meter import RequestMeter
from crawler.fetch.politeness import Politeness
from crawler.settings import NetworkSettings, Settings


async def fetch_all(addresses: Iterator[str], concurrency: int) -> Counter[str]:
    """Get each once, `concurrency` at a time."""
    settings = Settings(
        network=NetworkSettings(
            concurrency=concurrency,
            per_host_concurrency=concurrency,
            per_host_interval_seconds=0.0,
            allow_private_addresses=True,
        )
    )
    clock = SystemClock()
    statuses: Counter[str] = Counter()
    politeness = Politeness(settings, clock)
    async with Fetcher(settings, NetworkEnvironment(), politeness, RequestMeter(), clock) as fetcher:

        async def work() -> None:
            for address in addresses:
                result = await fetcher.get(address)
                statuses[str(result.failure.reason if result.failure else result.status)] += 1

        await asyncio.gather(*(work() for _ in range(concurrency)))
    return statuses


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("addresses", type=Path)
    parser.add_argument("--concurrency", type=int, default=512)
    chosen = parser.parse_args()
    addresses = chosen.addresses.read_text(encoding="utf-8").split()
    gc.set_threshold(50_000, 20, 20)  # as crawler/cli.py does
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    statuses = asyncio.run(fetch_all(iter(addresses), chosen.concurrency))
    after, ended = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"statuses": statuses, "cpu_seconds": cpu, "wall_seconds": ended - started}))


if __name__ == "__main__":
    main()
