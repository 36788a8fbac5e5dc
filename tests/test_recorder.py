"""Observations on their way to the store: written in batches, counted by host."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.clock import SimulatedClock
from crawler.fetch.environment import NetworkEnvironment
from crawler.fetch.meter import RequestMeter
from crawler.links.classify import link_of
from crawler.recorder import FLUSH_OBSERVATIONS, NO_HOST, Recorder, host_of
from crawler.records import Catalog, Document, Entry, EntryKind, Mention, Observation, Outcome, Reason, Role
from crawler.store.store import Store

URLS = [f"https://host-{number % 7}.example/{number}" for number in range(FLUSH_OBSERVATIONS + 1)]
CATALOG = Catalog(
    (Document("list", "List"),),
    (Entry("list/a", "A", EntryKind.OTHER, "list", mentions=tuple(Mention(u, u, Role.OTHER) for u in URLS)),),
)


class Scene:
    """A recorder over a database that a second connection looks into."""

    def __init__(self, path: Path, store: Store, clock: SimulatedClock) -> None:
        self.meter = RequestMeter()
        self.seen: list[Observation] = []
        run = store.begin_run(CATALOG)
        self.recorder = Recorder(store, run, self.meter, NetworkEnvironment(), self.seen.append)
        self._path = path
        self._clock = clock

    def record(self, *urls: str) -> None:
        for url in urls:
            self.recorder.record(
                Observation(link_of(url), self._clock.now(), Outcome.ALIVE, Reason.OK, 200, url)
            )

    def written(self) -> tuple[int, str]:
        """Looks and request counts as others see them."""
        with sqlite3.connect(self._path) as reader:
            (looks,) = reader.execute("SELECT count(*) FROM observations").fetchone()
            (requests,) = reader.execute("SELECT requests FROM runs").fetchone()
        reader.close()
        return looks, requests


@pytest.fixture
def scene(tmp_path: Path, clock: SimulatedClock) -> Iterator[Scene]:
    path = tmp_path / "crawler.db"
    with Store.open(path, clock.now) as store:
        yield Scene(path, store, clock)


def test_a_full_batch_is_written_at_once(scene: Scene) -> None:
    scene.record(*URLS[:-2])
    assert scene.written()[0] == 0
    scene.record(*URLS[-2:])
    assert scene.written()[0] == FLUSH_OBSERVATIONS
    scene.recorder.flush()
    assert scene.written()[0] == len(URLS)
    assert [look.link.canonical_url for look in scene.seen] == URLS


def test_a_flush_writes_the_requests_too(scene: Scene) -> None:
    scene.meter.count("host-1.example")
    assert scene.written() == (0, "{}")
    scene.recorder.flush()
    assert scene.written() == (0, '{"host-1.example": 1}')


def test_looks_are_counted_by_host(scene: Scene) -> None:
    scene.record(*URLS[:9])
    counted = {host: dict(outcomes) for host, outcomes in scene.recorder.outcomes.items()}
    assert counted["host-0.example"] == {Outcome.ALIVE: 2}
    assert sum(outcomes[Outcome.ALIVE] for outcomes in counted.values()) == 9


def test_an_address_without_a_host_has_a_name_all_the_same() -> None:
    assert host_of("https://[broken/") == NO_HOST
