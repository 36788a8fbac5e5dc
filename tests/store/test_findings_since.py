"""Findings brought up to date by what changed are those that all entries anew would give."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crawler.clock import SimulatedClock
from crawler.records import (
    Catalog,
    Entry,
    EntryKind,
    Mention,
    Observation,
    Outcome,
    Override,
    Reason,
    Role,
    RunState,
    Stated,
)
from crawler.settings import HealthSettings
from crawler.store import findings_since
from crawler.store.backup import back_up
from crawler.store.compact import compact
from crawler.store.store import RunHandle, Store

from .conftest import PAGE, PAPER, REPOSITORY, Nights, catalog, entry, look, mention

MODEL = "https://huggingface.co/owner/model-7b"
DATASET = "https://huggingface.co/datasets/owner/data"
OTHER = "https://github.com/other/thing"
HOME = "https://github.com/somewhere/home"
FILE = "https://github.com/stranger/thing/blob/main/LICENSE"
URLS: Final = (REPOSITORY, PAGE, PAPER, MODEL, DATASET, OTHER, HOME, FILE)
SLUGS: Final = ("one/a", "one/b", "two/c", "two/d")
POLICY: Final = HealthSettings(min_strikes=2, min_days=1, outage_links=3)
FIRST_NIGHT: Final = datetime(2026, 11, 2, 2, 30, tzinfo=UTC)
FACTS: Final[dict[str, list[Any]]] = {
    "license": ["MIT", "MIT", "0BSD", "CC-BY-NC-4.0", "NONE", "NOASSERTION"],
    "archived": [False, True],
    "gated": [False, "manual"],
    "withdrawn": [False, True],
    "description": ["A thing", "This is a joke"],
    "topics": [[], ["parody"]],
    "language": ["Python"],
    "full_name": ["owner/name", "owner/tiny-random", "stranger/thing"],
    "parameter_count": [1_000, 6_738_415_616],
    "used_storage": [10, 10**10],
    "host_id": ["1", "2"],
}
SEEN: Final = [
    (Outcome.ALIVE, Reason.OK, None),
    (Outcome.ALIVE, Reason.OK, None),
    (Outcome.MOVED, Reason.RENAMED, HOME),
    (Outcome.MOVED, Reason.RENAMED, "https://example.org/elsewhere"),
    (Outcome.RESTRICTED, Reason.BOT_WALL, None),
    (Outcome.NOT_FOUND, Reason.NOT_FOUND, None),
    (Outcome.FAILED, Reason.TIMEOUT, None),
]
FINDINGS: Final = "SELECT * FROM findings ORDER BY id"


class History:
    """What happens to a catalog and its links: most of it goes on as it was, some of it changes."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.entries = {slug: self._entry(slug) for slug in SLUGS}
        self.overrides: list[Override] = []
        self.looks = {url: self._look(url) for url in URLS}

    def catalog(self) -> Catalog:
        listed = [self.entries[slug] for slug in SLUGS if slug in self.entries]
        return catalog(*listed, overrides=tuple(self.overrides))

    def change_catalog(self) -> None:
        """One thing in it, or nothing."""
        slug = self.random.choice(SLUGS)
        match self.random.randrange(9):
            case 0:
                self.entries[slug] = self._entry(slug)
            case 1:
                self.entries.pop(slug, None)
            case 2:
                listed = self.entries.get(slug, self._entry(slug))
                self.entries[slug] = replace(listed, mentions=self._mentions())
            case 3 | 6 | 7:
                listed = self.entries.get(slug, self._entry(slug))
                self.entries[slug] = replace(listed, stated=self._stated())
            case 4:
                field: Any = self.random.choice(["license", "parameter_count"])
                self.overrides = [Override(slug, field, "MIT" if field == "license" else 7, "asked")]
            case 5:
                self.overrides = []

    def some_looks(self) -> list[Observation]:
        """At some links that stand in the catalog or stood in it."""
        urls = self.random.sample(URLS, self.random.randrange(4))
        for url in urls:
            if self.random.randrange(2):
                self.looks[url] = self._look(url)
        return [self.looks[url] for url in urls]

    def _entry(self, slug: str) -> Entry:
        document, _, name = slug.partition("/")
        kind = self.random.choice([EntryKind.MODEL, EntryKind.TOOL, EntryKind.TOOL, EntryKind.PAGE])
        made = entry(name, document=document)
        return replace(made, kind=kind, mentions=self._mentions(), stated=self._stated())

    def _mentions(self) -> tuple[Mention, ...]:
        urls = self.random.sample(URLS, self.random.randint(1, 4))
        roles = [Role.PROJECT, Role.PROJECT, Role.PAPER, Role.LICENSE]
        return tuple(mention(url, self.random.choice(roles), line) for line, url in enumerate(urls))

    def _stated(self) -> Stated:
        license_ = self.random.choice([None, "MIT", "Apache-2.0", "commercial use"])
        return Stated(license_, self.random.choice([(), (), ("7B",), ("13B", "65B")]))

    def _look(self, url: str) -> Observation:
        outcome, reason, home = self.random.choice(SEEN)
        names = self.random.sample(sorted(FACTS), self.random.randrange(5))
        return look(
            url,
            outcome,
            reason,
            suggested_url=home,
            facts={name: self.random.choice(FACTS[name]) for name in names},
            host_id=self.random.choice([None, None, "1", "1", "2"]),
            stranger=self.random.choice([None, None, None, "somebody/else (id 3)"]),
        )


class Anew(Store):
    """The same store, which finds everything anew after every run."""

    def finish_run(self, run: RunHandle, *arguments: Any, **more: Any) -> datetime:
        with self._transaction():
            findings_since.forget_up_to(self._connection)
        return super().finish_run(run, *arguments, **more)


def rows_of(store: Store) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in store._connection.execute(FINDINGS)]


class Twins:
    """Two databases of one history, whose findings are found in the two ways."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = SimulatedClock(FIRST_NIGHT)
        self.stores: list[Store] = []
        self.open()

    def open(self) -> None:
        for kind in (Store, Anew):
            self.stores.append(kind.open(self._path(kind), self.clock.now, POLICY))

    def close(self) -> None:
        for store in self.stores:
            store.close()
        self.stores.clear()

    def _path(self, kind: type[Store]) -> Path:
        return self.folder / f"{kind.__name__}.db"

    def night(self, listed: Catalog, looks: list[Observation], state: RunState | None) -> None:
        timed = [replace(each, observed_at=self.clock.now() + timedelta(minutes=1)) for each in looks]
        for store in self.stores:
            run = store.begin_run(listed)
            known = {each.url for each in store.candidates(run)}
            store.record(run, [each for each in timed if each.link.canonical_url in known])
            if state is not None:
                store.finish_run(run, state, {})

    def late_looks(self, listed: Catalog, looks: list[Observation]) -> None:
        """Looks by a run that is over already."""
        timed = [replace(each, observed_at=self.clock.now() + timedelta(minutes=2)) for each in looks]
        for store in self.stores:
            run = store.begin_run(listed)
            store.finish_run(run, RunState.FINISHED, {})
            known = {each.url for each in store.candidates(run)}
            store.record(run, [each for each in timed if each.link.canonical_url in known])

    def between(self, what: int) -> None:
        """What else happens to databases between their runs."""
        match what:
            case 0:
                for store in self.stores:
                    store.rejudge()
            case 1:
                self.close()
                for kind in (Store, Anew):
                    compact(self._path(kind), self.clock.now() + timedelta(days=400))
                self.open()
            case 2:
                self.close()
                for kind in (Store, Anew):
                    copy = self.folder / "copy.db"
                    back_up(self._path(kind), copy)
                    copy.replace(self._path(kind))
                self.open()

    def check(self) -> None:
        by_change, anew = map(rows_of, self.stores)
        assert by_change == anew


# Whole databases shrink too slowly to wait for.
@settings(
    max_examples=60,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.randoms(use_true_random=True))
def test_findings_by_change_are_those_found_anew(
    tmp_path_factory: pytest.TempPathFactory, random: Random
) -> None:
    """Over catalogs, facts, states and identities that change, and runs that end in every way."""
    history = History(random)
    ended = [*[RunState.FINISHED] * 4, RunState.INTERRUPTED, RunState.FAILED, None]
    twins = Twins(tmp_path_factory.mktemp("twins"))
    try:
        for _ in range(random.randint(3, 12)):
            for _ in range(random.randrange(3)):
                history.change_catalog()
            state = random.choice(ended)
            if random.randrange(12):
                twins.night(history.catalog(), history.some_looks(), state)
            else:
                state = RunState.FINISHED
                twins.late_looks(history.catalog(), history.some_looks())
            twins.clock.advance(timedelta(minutes=5))
            if state is RunState.FINISHED or state is RunState.INTERRUPTED:
                twins.check()
            if state is RunState.FINISHED or random.randrange(2):
                twins.clock.advance(timedelta(days=1))
            twins.between(random.randrange(20))
        twins.night(history.catalog(), [], RunState.FINISHED)
        twins.check()
    finally:
        twins.close()


def up_to(nights: Nights) -> list[tuple[Any, ...]]:
    return nights.rows("SELECT value FROM _settings WHERE key = ?", [findings_since.UP_TO])


def entries_looked_at(nights: Nights, *looks: Observation) -> int | None:
    """How many entries a night sees to; None for all of them."""
    with nights.open() as store:
        run = nights.begin(store)
        store.record(run, [nights.timed(each) for each in looks])
        since = findings_since.read_up_to(store._connection, run.id)
        store.finish_run(run, RunState.FINISHED, {})
        count = None
        if since is not None:
            (count,) = store._connection.execute("SELECT count(*) FROM temp.changed").fetchone()
    nights.clock.advance(timedelta(days=1))
    return count


def test_a_night_sees_to_what_changed_since_the_last(nights: Nights) -> None:
    nights.catalog = catalog(entry("a", REPOSITORY), entry("b", PAGE), entry("c", PAGE, PAPER))
    assert entries_looked_at(nights, look(PAGE, facts={"archived": False})) is None
    assert entries_looked_at(nights, look(PAGE, facts={"archived": False})) == 0
    assert entries_looked_at(nights, look(PAGE, facts={"archived": True})) == 2
    nights.catalog = replace(nights.catalog, overrides=(Override("list/a", "license", "MIT", "asked"),))
    assert entries_looked_at(nights) == 1
    nights.catalog = catalog(*nights.catalog.entries[1:])
    assert entries_looked_at(nights) == 1, "what left the catalog has no findings any more"


@pytest.mark.parametrize("state", [RunState.FINISHED, RunState.INTERRUPTED, RunState.FAILED, None], ids=str)
def test_only_a_run_that_is_over_says_that_findings_are_those_of_the_present(
    nights: Nights, state: RunState | None
) -> None:
    nights.night(look(PAGE))
    assert [value.partition(" ")[0] for (value,) in up_to(nights)] == ["1"]
    nights.night(look(PAGE), state=state)
    runs = {RunState.FINISHED: ["2"], RunState.INTERRUPTED: []}.get(state or RunState.FAILED, ["1"])
    assert [value.partition(" ")[0] for (value,) in up_to(nights)] == runs


def test_rejudging_and_another_release_find_everything_anew(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    nights.night(look(PAGE))
    with nights.open() as store:
        store.rejudge()
    assert entries_looked_at(nights) is None
    assert entries_looked_at(nights) == 0
    monkeypatch.setattr(findings_since, "__version__", "999.0")
    assert entries_looked_at(nights) is None
    assert entries_looked_at(nights) == 0


def test_a_thing_that_tells_its_identity_late_is_listed_twice_from_then_on(nights: Nights) -> None:
    nights.catalog = catalog(entry("a", REPOSITORY, document="one"), entry("b", OTHER, document="two"))
    nights.night(look(REPOSITORY, host_id="1"))
    nights.night()
    assert nights.rows("SELECT count(*) FROM findings") == [(0,)]
    nights.night(look(OTHER, host_id="1"))
    nights.night()
    assert (
        nights.rows("SELECT kind, opened_run_id, closed_run_id FROM findings") == [("duplicate", 3, None)] * 2
    )


def test_what_was_found_by_a_mention_that_left_without_a_trace_is_closed(nights: Nights) -> None:
    """An interrupted run that goes on with another catalog deletes the mentions it had made itself."""
    plain = nights.catalog
    with closing(nights.open()) as store:
        store.finish_run(nights.begin(store), RunState.FINISHED, {})
        nights.clock.advance(timedelta(days=1))
        nights.catalog = catalog(entry("model", REPOSITORY, PAGE, PAPER, OTHER))
        run = nights.begin(store)
        store.record(run, [nights.timed(look(OTHER, facts={"archived": True}))])
        store.finish_run(run, RunState.INTERRUPTED, {})
        assert len(rows_of(store)) == 1
        nights.catalog = plain
        assert nights.begin(store).resumed
        store.finish_run(run, RunState.FINISHED, {})
        counted = store.count_states()
    assert nights.rows("SELECT count(*), count(closed_at) FROM findings") == [(1, 1)]
    with nights.history() as history:
        assert sum(counted.values()) == sum(history.state_counts().values()) == 3, "nor is the link counted"
        assert len(list(history.links())) == 3
