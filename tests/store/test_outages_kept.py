"""A night in which a host fails as such is one event, and counts against none of its links."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.clock import SimulatedClock
from crawler.judge import Voice, is_excusable, voice_of_words
from crawler.links.classify import link_of
from crawler.outages import HostNight, find_outages
from crawler.records import Observation, Outcome, Reason, RunState, State
from crawler.settings import HealthSettings
from crawler.store.store import RunHandle, Store
from crawler.store.times import optional_to_time

from .conftest import Nights, catalog, entry, look, missing

PAGES = [f"https://host.example/{number}" for number in range(6)]
OTHER = "https://other.example/"
ZONE = [f"https://{name}.zone.example/{page}" for name in ("a", "b", "c") for page in (1, 2)]


@pytest.fixture
def listed(nights: Nights) -> Nights:
    nights.catalog = catalog(entry("pages", *PAGES, OTHER, *ZONE))
    return nights


def all_fine() -> list[Observation]:
    return [look(url) for url in (*PAGES, OTHER, *ZONE)]


def states(nights: Nights) -> dict[str, tuple[str, int]]:
    return {
        url: (state, strikes)
        for url, state, strikes in nights.rows("SELECT url, state, strikes FROM link_health")
    }


def assert_folds(nights: Nights) -> None:
    """The kept health is what the looks fold to, as of the latest run."""
    with nights.history() as history:
        history._is_present = lambda run_id: False  # type: ignore[method-assign]
        folded = {link.link.canonical_url: link.health for link in history.links(history.latest_run())}
    with nights.history() as history:
        assert {link.link.canonical_url: link.health for link in history.links()} == folded


def test_a_host_that_fails_at_once_costs_no_link_a_strike(listed: Nights) -> None:
    listed.night(*all_fine())
    listed.night(*[missing(url) for url in PAGES], look(OTHER), *[look(url) for url in ZONE])
    assert {states(listed)[url] for url in PAGES} == {("healthy", 0)}
    assert listed.rows("SELECT scope, run_id FROM outages") == [("host.example", 2)]
    assert listed.rows("SELECT kind, url FROM run_events WHERE run_id = 2") == [("outage", None)]
    assert_folds(listed)


def test_what_was_seen_is_kept(listed: Nights) -> None:
    listed.night(*all_fine())
    listed.night(*[missing(url) for url in PAGES])
    assert listed.rows("SELECT reason FROM link_looks WHERE url = ? ORDER BY first_run_id", [PAGES[0]]) == [
        ("ok",),
        ("not-found",),
    ]


def test_a_strike_in_an_outage_does_not_kill_what_had_two(listed: Nights) -> None:
    listed.night(*all_fine())
    for _ in range(3):
        listed.night(missing(PAGES[0]), *[look(url) for url in PAGES[1:]])
    assert states(listed)[PAGES[0]] == ("suspect", 3)
    listed.night(*[missing(url) for url in PAGES])
    assert states(listed)[PAGES[0]] == ("suspect", 3)
    listed.night(missing(PAGES[0]), *[look(url) for url in PAGES[1:]])
    assert states(listed)[PAGES[0]] == ("dead", 4)
    assert_folds(listed)


def test_a_single_link_of_a_host_dies_as_ever(listed: Nights) -> None:
    listed.night(*all_fine())
    for _ in range(4):
        listed.night(missing(OTHER), *[look(url) for url in PAGES])
    assert states(listed)[OTHER] == ("dead", 4)


def test_a_zone_that_is_gone_is_one_event(listed: Nights) -> None:
    listed.night(*all_fine())
    listed.night(
        look(OTHER),
        *[look(url) for url in PAGES],
        *[look(url, Outcome.UNREACHABLE, Reason.DNS_FAILURE) for url in ZONE],
    )
    assert listed.rows("SELECT scope FROM outages") == [("*.zone.example",)]
    assert {states(listed)[url] for url in ZONE} == {("healthy", 0)}


def test_a_mass_deletion_is_found_in_the_end(listed: Nights) -> None:
    listed.night(*all_fine())
    dead_after: int | None = None
    for night in range(1, 20):
        listed.night(*[missing(url) for url in PAGES], look(OTHER), *[look(url) for url in ZONE])
        if dead_after is None and states(listed)[PAGES[0]][0] == State.DEAD:
            dead_after = night
    assert dead_after == HealthSettings().outage_days + HealthSettings().min_days + 1
    assert listed.rows("SELECT count(*) FROM outages") == [(7,)]
    assert {states(listed)[url][0] for url in PAGES} == {"dead"}
    assert_folds(listed)


def test_recovery_begins_the_days_anew(listed: Nights) -> None:
    listed.night(*all_fine())
    for _ in range(6):
        listed.night(*[missing(url) for url in PAGES], look(OTHER))
    listed.night(*all_fine())
    for _ in range(6):
        listed.night(*[missing(url) for url in PAGES], look(OTHER))
    assert {states(listed)[url][1] for url in PAGES} == {0}
    listed.night(*all_fine())
    assert {states(listed)[url] for url in PAGES} == {("healthy", 0)}


def test_an_outage_goes_on_in_a_run_over_suspects(listed: Nights) -> None:
    listed.night(*all_fine())
    for _ in range(2):
        listed.night(missing(PAGES[0]), *[look(url) for url in PAGES[1:]])
    listed.night(*[missing(url) for url in PAGES])
    before = states(listed)[PAGES[0]]
    listed.clock.advance(timedelta(hours=-12))
    listed.night(missing(PAGES[0]))
    assert states(listed)[PAGES[0]] == before
    assert listed.rows("SELECT count(*) FROM outages") == [(2,)]


def test_a_killed_run_is_settled_when_it_is_closed(listed: Nights) -> None:
    listed.night(*all_fine())
    listed.night(*[missing(url) for url in PAGES], state=None)
    assert {states(listed)[url][1] for url in PAGES} == {1}, "provisional while nobody has seen the end"
    listed.night(*all_fine(), state=None)
    assert listed.rows("SELECT run_id FROM outages") == [(2,)]
    assert_folds(listed)


def test_settling_twice_changes_nothing(listed: Nights) -> None:
    listed.night(*all_fine())
    with listed.open() as store:
        run = listed.begin(store)
        store.record(run, [listed.timed(missing(url)) for url in PAGES])
        first = store.settle_outages(run)
        before = states(listed)
        assert [outage.scope for outage in first] == ["host.example"]
        assert store.settle_outages(run) == first
        assert states(listed) == before
        store.finish_run(run, RunState.FINISHED, {})
    assert listed.rows("SELECT count(*) FROM outages") == [(1,)]


# --- found without reading what was found ---

HOSTS = [f"https://{host}.example/{page}" for host in ("one", "two", "three") for page in range(4)]
ANSWERS = [
    look(OTHER),
    look(OTHER),
    look(OTHER),
    missing(OTHER),
    missing(OTHER),
    look(OTHER, Outcome.FAILED, Reason.TIMEOUT),
    look(OTHER, Outcome.RESTRICTED, Reason.BOT_WALL, http_status=403),
    look(OTHER, Outcome.THROTTLED, Reason.RATE_LIMITED, http_status=429),
]
BEFORE_THE_END = """
    SELECT links.host, look.outcome, look.reason, health.strikes, health.last_alive_at, health.first_failed_at
    FROM observations AS look
    JOIN links ON links.id = look.link_id JOIN health ON health.link_id = links.id
    WHERE look.id IN (SELECT max(id) FROM observations GROUP BY link_id)
        AND look.runs LIKE '%-' || printf('%04d', ?)
"""


def outages_by_all_looks(store: Store, run: RunHandle) -> set[str]:
    """The scopes that a run's looks come to, every link of it considered."""
    fine, failed = Counter[str](), Counter[str]()
    for row in store._connection.execute(BEFORE_THE_END, [run.id]):
        voice = voice_of_words(Outcome(row["outcome"]), Reason(row["reason"]))
        if voice is Voice.FOR:
            fine[row["host"]] += 1
        elif voice in {Voice.AGAINST, Voice.SILENT}:
            first_failed_at = optional_to_time(row["first_failed_at"])
            if (
                row["last_alive_at"] is not None
                and row["strikes"] <= (voice is Voice.AGAINST)
                and is_excusable(first_failed_at, run.started_at, run.policy)
            ):
                failed[row["host"]] += 1
    nights = [HostNight(host, fine[host] + failed[host], failed[host]) for host in {*fine, *failed}]
    return {outage.scope for outage in find_outages(nights, run.policy)}


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_every_outage_is_found_and_no_other(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    clock = SimulatedClock(datetime(2026, 11, 2, 2, 30, tzinfo=UTC))
    policy = HealthSettings(outage_links=data.draw(st.sampled_from([1, 2, 4])))
    listed = catalog(entry("pages", *HOSTS))
    path = tmp_path_factory.mktemp("outages") / "crawler.db"
    told: set[str] = set()
    with Store.open(path, clock.now, policy) as store:
        for _ in range(data.draw(st.integers(2, 5))):
            run = store.begin_run(listed)
            mood = data.draw(st.sampled_from([ANSWERS, ANSWERS[:1], ANSWERS[3:4], ANSWERS[3:6]]))
            store.record(
                run,
                [
                    replace(data.draw(st.sampled_from(mood)), link=link_of(url), observed_at=clock.now())
                    for url in HOSTS
                    if data.draw(st.booleans())
                ],
            )
            expected = outages_by_all_looks(store, run)
            found = {outage.scope for outage in store.settle_outages(run)}
            assert expected <= found <= expected | told, "others only go on"
            store.finish_run(run, RunState.FINISHED, {})
            told = found
            clock.advance(timedelta(days=1))


# --- rejudge ---


def test_rejudging_by_the_same_policy_changes_nothing(listed: Nights) -> None:
    listed.night(*all_fine())
    listed.night(*[missing(url) for url in PAGES], look(OTHER))
    for _ in range(3):
        listed.night(missing(PAGES[0]), missing(OTHER), *[look(url) for url in PAGES[1:]])
    before = listed.rows("SELECT * FROM health ORDER BY link_id")
    with listed.open() as store:
        assert store.rejudge() == []
    assert listed.rows("SELECT * FROM health ORDER BY link_id") == before


def test_rejudging_by_another_policy_says_what_changed(listed: Nights) -> None:
    listed.night(*all_fine())
    for _ in range(2):
        listed.night(missing(OTHER), *[look(url) for url in PAGES])
    listed.policy = replace_policy(min_strikes=2, min_days=1)
    with listed.open() as store:
        (changed,) = store.rejudge()
    assert (changed.url, changed.before, changed.after) == (OTHER, State.SUSPECT, State.DEAD)
    assert listed.rows("SELECT kind, closed_run_id FROM findings") == [("dead", None)]
    with listed.history() as history:
        past = {link.link.canonical_url: link.health.state for link in history.links(history.run_as_of("2"))}
        latest = {
            link.link.canonical_url: link.health.state for link in history.links(history.run_as_of("3"))
        }
    assert (past[OTHER], latest[OTHER]) == (State.SUSPECT, State.DEAD)
    assert_folds(listed)


def replace_policy(**changes: float) -> HealthSettings:
    return msgspec.structs.replace(HealthSettings(), **changes)
