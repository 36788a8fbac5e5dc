"""The fixed work whose instructions are counted, and the process that does it, in valgrind for `counts.py`.

Each workload is made once outside the count, done once to warm what Python keeps, then done once more, with
other addresses and documents, and counted. Nothing in it depends on time, chance, hashes or the network.
"""

from __future__ import annotations

import ctypes
import gc
import random
import re
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeAlias

from benchmarks.extract import build_document
from crawler.clock import SimulatedClock
from crawler.judge import judge
from crawler.links.classify import link_of
from crawler.links.extract import extract_links
from crawler.records import (
    Catalog,
    Document,
    Entry,
    EntryKind,
    Health,
    Mention,
    Observation,
    Outcome,
    Reason,
    Role,
)
from crawler.settings import HealthSettings
from crawler.store.store import Store

Work: TypeAlias = Callable[[], object]

NIGHT: Final = datetime(2026, 11, 2, 2, 30, tzinfo=UTC)
DOCUMENT_BYTES: Final = 40_000
ADDRESSES: Final = 2_000
LOOKS: Final = 3_000
RECORDED: Final = 400
LOOKED: Final = (
    *[(Outcome.ALIVE, Reason.OK)] * 12,
    (Outcome.MOVED, Reason.RENAMED),
    (Outcome.NOT_FOUND, Reason.NOT_FOUND),
    (Outcome.FAILED, Reason.TIMEOUT),
    (Outcome.RESTRICTED, Reason.BOT_WALL),
)
"""What looks bring, in about the shares of a real night."""


def calibrate() -> Work:
    """Nothing of ours: what CPython itself takes for arithmetic, dicts, objects and regular expressions."""
    text = " ".join(f"word-{number} https://host-{number % 97}.example/{number}" for number in range(2_000))
    pattern = re.compile(r"https?://([\w.-]+)/(\d+)")

    def work() -> object:
        counts: dict[str, int] = {}
        for host, number in pattern.findall(text):
            counts[host] = counts.get(host, 0) + int(number) % 7
        total = 0
        for number in range(30_000):
            total += (number * number) % 11
        rows = [(name.upper(), count, [count] * 3) for name, count in counts.items()]
        return sorted(rows), total, "".join(name for name, *_ in rows).split("EXAMPLE")

    return work


def extract() -> Work:
    documents = ["".join(build_document(DOCUMENT_BYTES, seed)) for seed in (3, 4)]
    return lambda: list(extract_links(documents.pop(), name="list.md"))


def classify() -> Work:
    lists = [_addresses(ADDRESSES, first) for first in (10_000, 20_000)]
    return lambda: [link_of(address) for address in lists.pop()]


def judge_looks() -> Work:
    policy = HealthSettings()
    looks = _looks(LOOKS)

    def work() -> object:
        healths = [Health()] * 50
        for place, look in enumerate(looks):
            healths[place % 50] = judge(healths[place % 50], look, policy)
        return healths

    return work


def record() -> Work:
    """A first and a second night of as many links, of which some changed; each call has a new database."""
    looks = [_looks(RECORDED), _looks(RECORDED, nights=1)]
    links = [look.link for look in looks[0]]
    mentions = tuple(Mention(link.canonical_url, link.canonical_url, Role.PROJECT, None) for link in links)
    entry = Entry(id="list/all", name="all", kind=EntryKind.MODEL, document="list", mentions=mentions)
    catalog = Catalog((Document("list", "List"),), (entry,))
    folder = Path(tempfile.mkdtemp(prefix="crawler-counts-"))
    clock = SimulatedClock(NIGHT)
    stores = []
    for number in range(2):
        store = Store.open(folder / f"{number}.db", clock.now)
        stores.append((store, store.begin_run(catalog)))

    def work() -> object:
        store, run = stores.pop(0)
        return [store.record(run, night) for night in looks]

    return work


WORKLOADS: Final[dict[str, Callable[[], Work]]] = {
    "calibration": calibrate,
    "extract": extract,
    "classify": classify,
    "judge": judge_looks,
    "record": record,
}


def _addresses(count: int, first: int = 10_000) -> list[str]:
    chance = random.Random(5)
    shapes = (
        "https://github.com/Owner-{}/Name.git",
        "http://www.github.com/owner-{}/name/tree/main/docs#part",
        "https://huggingface.co/Owner/model-{}",
        "https://hf.co/datasets/owner/set-{}",
        "https://arxiv.org/pdf/2305.{:05}v2.pdf",
        "https://example-{}.org/a/b?utm_source=x&id=3",
        "HTTPS://Example.com:443/%7Euser/{}/../page",
    )
    return [chance.choice(shapes).format(first + number) for number in range(count)]


def _looks(count: int, nights: int = 0) -> list[Observation]:
    chance = random.Random(7 + nights)
    looks = []
    for number, address in enumerate(_addresses(count)):
        outcome, reason = chance.choice(LOOKED)
        observed_at = NIGHT + timedelta(days=nights, seconds=number)
        is_found = outcome is Outcome.ALIVE
        looks.append(
            Observation(
                link=link_of(address),
                observed_at=observed_at,
                outcome=outcome,
                reason=reason,
                http_status=200 if is_found else None,
                facts={"title": f"Thing {number}", "stars": number * 3 + nights * (number % 5 == 0)}
                if is_found
                else {},
                validators={"etag": f'"{number:x}"'} if is_found else {},
            )
        )
    return looks


def main() -> None:
    """Arguments: the library made of marks.c, and workloads."""
    marks = ctypes.CDLL(sys.argv[1])
    for name in sys.argv[2:]:
        work = WORKLOADS[name]()
        work()
        gc.collect()
        gc.disable()
        marks.begin()
        work()
        marks.end(name.encode())
        gc.enable()


if __name__ == "__main__":
    main()
