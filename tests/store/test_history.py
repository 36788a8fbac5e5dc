"""Any past night again: what a reader was told then is what a reader is told of then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.clock import SimulatedClock
from crawler.errors import UsageError
from crawler.records import (
    Entry,
    EntryKind,
    Exclusion,
    Observation,
    Outcome,
    Override,
    Reason,
    Role,
    Run,
    RunState,
    State,
    Stated,
)
from crawler.settings import HealthSettings
from crawler.store.history import History
from crawler.store.opening import is_made_up, last_run_started_at, open_history
from crawler.store.store import Store

from .conftest import PAGE, PAPER, REPOSITORY, Nights, catalog, entry, look, mention, missing


def run_of(history: History, when: str) -> Run:
    return history.run_as_of(when)


# --- which run is meant ---


@pytest.fixture
def three_nights(nights: Nights) -> Nights:
    for _ in range(3):
        nights.night(look(PAGE))
    return nights


@pytest.mark.parametrize(
    ("when", "run_id"),
    [
        ("1", 1),
        ("3", 3),
        ("2026-11-02", 1),
        ("2026-11-03", 2),
        ("2027-01-01", 3),
        ("9999-12-31", 3),
        ("2026-11-03T02:29:59Z", 1),
        ("2026-11-03T02:30:00Z", 2),
        ("2026-11-03T02:30", 2),
        ("2026-11-03T04:29+02:00", 1),
        ("2026-11-03T04:30+02:00", 2),
    ],
)
def test_as_of(three_nights: Nights, when: str, run_id: int) -> None:
    with three_nights.history() as history:
        assert history.run_as_of(when).id == run_id


@pytest.mark.parametrize("when", ["2026-11-01", "4", "0", "yesterday", "2026-13-01", "", "-1", "2026-1-1"])
def test_as_of_no_run(three_nights: Nights, when: str) -> None:
    with three_nights.history() as history, pytest.raises(UsageError):
        history.run_as_of(when)


def test_runs_the_latest_first(three_nights: Nights) -> None:
    with three_nights.history() as history:
        runs = list(history.runs())
        assert [run.id for run in runs] == [3, 2, 1]
        assert history.run_before(runs[0]) == runs[1]
        assert history.run_before(runs[2]) is None
    assert last_run_started_at(three_nights.path) == runs[0].started_at


def test_before_the_first_run(nights: Nights) -> None:
    assert last_run_started_at(nights.path) is None
    assert not is_made_up(nights.path)
    for _ in range(2):
        with open_history(nights.path, lambda: nights.catalog) as history:
            assert history.latest_run() is None
            assert [each.entry.id for each in history.entries()] == ["list/model"]
            assert [each.link.canonical_url for each in history.links()] == [PAPER, PAGE, REPOSITORY]
            assert history.state_counts()[State.UNKNOWN] == 3
            with pytest.raises(UsageError, match="nothing has been crawled"):
                history.run_as_of("2026-11-20")
        with nights.open():
            pass


# --- the catalog as it was ---


def full_entry(**changes: Any) -> Entry:
    return replace(
        Entry(
            id="list/model",
            name="Model",
            kind=EntryKind.MODEL,
            document="list",
            section="Models > Large",
            stated=Stated("Apache 2.0", ("7B", "62亿")),
            mentions=(mention(REPOSITORY, Role.PROJECT, 3), mention(PAPER, Role.PAPER, 4)),
            note="kept",
        ),
        **changes,
    )


def test_an_entry_comes_back_as_the_catalog_had_it(nights: Nights) -> None:
    nights.catalog = catalog(full_entry())
    nights.night()
    with nights.history() as history:
        (snapshot,) = history.entries()
    assert snapshot.entry == full_entry()
    assert snapshot.urls == (REPOSITORY, PAPER)


def test_the_catalog_of_every_night(nights: Nights) -> None:
    versions = [
        catalog(full_entry()),
        catalog(full_entry(name="Renamed", stated=Stated(None, ()))),
        catalog(
            full_entry(name="Renamed", mentions=(mention(PAGE, Role.DEMO, 3), mention(PAPER, Role.PAPER, 4)))
        ),
        catalog(entry("other", PAGE)),
        catalog(entry("other", PAGE)),
        catalog(full_entry(), entry("other", PAGE), entry("new", document="second")),
    ]
    for version in versions:
        nights.catalog = version
        nights.night()
    with nights.history() as history:
        for number, version in enumerate(versions, 1):
            run = run_of(history, str(number))
            assert [each.entry for each in history.entries(run)] == sorted(
                version.entries, key=lambda it: it.id
            )
            urls = {url for each in history.entries(run) for url in each.urls}
            assert [each.link.canonical_url for each in history.links(run)] == sorted(urls)
        assert [document.name for document in history.documents(run_of(history, "5"))] == ["list"]
        assert [each.entry.id for each in history.entries(document="second")] == ["second/new"]
        assert [each.link.canonical_url for each in history.links(document="second")] == []
        assert [place.entry_id for place in history.places(PAGE)] == ["list/other"]
        assert [place.entry_id for place in history.places(PAGE, run_of(history, "3"))] == ["list/model"]


def test_an_unchanged_catalog_writes_nothing(nights: Nights) -> None:
    nights.night()
    before = nights.rows("SELECT count(*), max(id) FROM mentions")
    nights.night()
    assert nights.rows("SELECT count(*), max(id) FROM mentions") == before
    assert nights.rows("SELECT count(*) FROM entry_versions") == [(0,)]


def test_a_catalog_edited_while_a_run_was_down(nights: Nights) -> None:
    nights.night(look(PAGE), state=None)
    nights.clock.advance(timedelta(hours=-20))
    nights.catalog = catalog(full_entry(name="Changed"))
    nights.night(look(PAPER))
    with nights.history() as history:
        (snapshot,) = history.entries(run_of(history, "1"))
    assert snapshot.entry.name == "Changed"
    assert nights.rows("SELECT count(*) FROM runs") == [(1,)]


def test_links_that_left_are_kept(nights: Nights) -> None:
    nights.night(look(PAGE))
    nights.catalog = catalog(entry("model", PAPER))
    nights.night(look(PAPER))
    with nights.history() as history:
        assert [each.link.canonical_url for each in history.links()] == [PAPER]
        gone = history.link(PAGE)
    assert gone is not None
    assert gone.health.state is State.HEALTHY


def test_two_spellings_are_one_link(nights: Nights) -> None:
    nights.catalog = catalog(
        entry("a", "https://www.github.com/Owner/Name.git"), entry("b", "github.com/owner/name")
    )
    nights.night(look(REPOSITORY))
    with nights.history() as history:
        assert [each.link.canonical_url for each in history.links()] == [REPOSITORY]
        assert [each.raw for each in history.places(REPOSITORY)] == [
            "https://www.github.com/Owner/Name.git",
            "github.com/owner/name",
        ]


def test_exclusions_as_of_a_run(nights: Nights) -> None:
    nights.catalog = catalog(entry("a", PAGE), exclusions=(Exclusion(PAGE, "asked to"),))
    nights.night()
    nights.catalog = catalog(entry("a", PAGE))
    nights.night()
    with nights.history() as history:
        assert list(history.exclusions()) == []
        assert list(history.exclusions(run_of(history, "1"))) == [Exclusion(PAGE, "asked to")]


# --- what was observed of an entry ---


def observed(nights: Nights, as_of: str | None = None) -> dict[str, Any]:
    with nights.history() as history:
        (snapshot,) = history.entries(None if as_of is None else run_of(history, as_of))
    return snapshot.observed


def test_observed_is_told_by_the_first_project_link_that_tells(nights: Nights) -> None:
    model = "https://huggingface.co/owner/model"
    nights.catalog = catalog(
        full_entry(mentions=(mention(PAPER, Role.PAPER), mention(REPOSITORY), mention(model)))
    )
    nights.night(
        look(PAPER, facts={"license": "CC-BY-4.0"}),
        look(REPOSITORY, facts={"stars": 5, "archived": False}),
        look(model, facts={"license": "MIT", "parameter_count": 7_000_000_000, "likes": 3}),
    )
    assert observed(nights) == {"stars": 5, "license": "MIT", "parameter_count": 7_000_000_000}


def test_an_override_wins_while_it_stands(nights: Nights) -> None:
    override = Override("list/model", "license", "Apache-2.0", "asked the authors")
    nights.catalog = catalog(full_entry(), overrides=(override,))
    nights.night(look(REPOSITORY, facts={"license": "MIT", "stars": 5}))
    nights.catalog = catalog(full_entry())
    nights.night()
    assert observed(nights, "1") == {"license": "Apache-2.0", "stars": 5}
    assert observed(nights) == {"license": "MIT", "stars": 5}


# --- every night again ---

SEEN = [
    (Outcome.ALIVE, Reason.OK),
    (Outcome.MOVED, Reason.RENAMED),
    (Outcome.RESTRICTED, Reason.BOT_WALL),
    (Outcome.RESTRICTED, Reason.DISABLED),
    (Outcome.NOT_FOUND, Reason.NOT_FOUND),
    (Outcome.NOT_FOUND, Reason.MISSING_OR_PRIVATE),
    (Outcome.FAILED, Reason.TIMEOUT),
    (Outcome.THROTTLED, Reason.RATE_LIMITED),
]
looks = st.builds(
    lambda url, seen, minutes, stars, license_: look(
        url,
        *seen,
        facts={"stars": stars, "license": license_},
        suggested_url="https://example.org/new" if seen[0] is Outcome.MOVED else None,
        observed_at=minutes,
    ),
    st.sampled_from([REPOSITORY, PAGE]),
    st.sampled_from(SEEN),
    st.integers(0, 400),
    st.integers(1, 3),
    st.sampled_from(["MIT", "NONE", "NOASSERTION", None]),
)


class Told:
    """Everything a reader can be told as of a moment."""

    def __init__(self, history: History, as_of: Run | None) -> None:
        self.entries = list(history.entries(as_of))
        self.links = [replace(each, last_look=None) for each in history.links(as_of)]
        self.last_looks = [each.last_look for each in history.links(as_of, with_looks=True)]
        self.findings = list(history.findings(as_of))
        self.states = history.state_counts(as_of)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Told) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return 0


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.tuples(st.lists(looks, max_size=4), st.sampled_from([None, RunState.FINISHED]), st.integers(1, 4)),
        min_size=1,
        max_size=8,
    )
)
def test_any_past_night_comes_again_exactly(
    tmp_path_factory: pytest.TempPathFactory,
    plan: list[tuple[list[Observation], RunState | None, int]],
) -> None:
    """Random nights, some cut short and continued, under policies that change."""
    start = datetime.fromisoformat("2026-11-02T02:30:00Z")
    nights = Nights(tmp_path_factory.mktemp("history") / "crawler.db", SimulatedClock(start))
    told: dict[int, Told] = {}
    for seen, state, min_strikes in plan:
        nights.policy = HealthSettings(min_strikes=min_strikes, min_days=1)
        now = nights.clock.now()
        minutes = sorted(each.observed_at for each in seen)
        nights.night(
            *(
                replace(each, observed_at=now + timedelta(minutes=after))  # type: ignore[arg-type]
                for each, after in zip(seen, minutes, strict=True)
            ),
            state=state,
        )
        if state is None:
            nights.clock.advance(timedelta(hours=-14))
        with nights.history() as history:
            latest = history.latest_run()
            assert latest is not None
            told[latest.id] = Told(history, None)
    with nights.history() as history:
        for run_id, then in told.items():
            assert Told(history, run_of(history, str(run_id))) == then


def test_a_reader_beside_a_crawl_sees_one_moment(nights: Nights) -> None:
    nights.night(look(PAGE))
    with nights.open() as store, nights.history() as history:
        before = history.state_counts()
        run = nights.begin(store)
        store.record(run, [nights.timed(missing(PAGE)), nights.timed(look(PAPER))])
        assert history.state_counts() == before
        with nights.history() as later:
            assert later.state_counts()[State.SUSPECT] == 1
            latest = later.latest_run()
    assert latest is not None
    assert (latest.state, latest.finished_at) == (RunState.RUNNING, None)


def test_the_looks_of_a_link(nights: Nights) -> None:
    first = nights.clock.now()
    for seen in (look(PAGE), look(PAGE), missing(PAGE)):
        nights.night(seen)
    with nights.history() as history:
        told = [(interval.looks, interval.observation.reason, last) for interval, last in history.looks(PAGE)]
        assert history.link("https://never.example/") is None
    assert told == [
        (2, Reason.OK, first + timedelta(days=1)),
        (1, Reason.NOT_FOUND, first + timedelta(days=2, minutes=1)),
    ]


def test_readers_stream(tmp_path: Path, clock: SimulatedClock) -> None:
    """The first of many comes without reading the rest."""
    many = catalog(*(entry(f"e{number:04}", f"https://example.org/{number:04}") for number in range(300)))
    with Store.open(tmp_path / "many.db", clock.now) as store:
        store.begin_run(many)
    with History.open(tmp_path / "many.db") as history:
        statements: list[str] = []
        history._connection.set_trace_callback(statements.append)
        streams: list[Iterator[Any]] = [history.entries(), history.links()]
        for stream in streams:
            next(stream)
        assert len(statements) < 20
