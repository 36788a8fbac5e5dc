"""The one writer: runs that begin, go on and end; looks recorded once; what a crash leaves."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from crawler.errors import UsageError
from crawler.links.classify import link_of
from crawler.records import Exclusion, Outcome, Reason, RunState, State
from crawler.settings import HealthSettings
from crawler.store.candidates import AT_ONCE
from crawler.store.events import EventKind
from crawler.store.times import text_to_time, time_to_text, whole_seconds

from .conftest import PAGE, PAPER, REPOSITORY, Nights, catalog, entry, look, missing


def health_of(nights: Nights, url: str) -> tuple[State, int]:
    with nights.history() as history:
        link = history.link(url)
    assert link is not None
    return link.health.state, link.health.strikes


def answered(nights: Nights) -> set[str]:
    with nights.open() as store:
        run = nights.begin(store)
        return {each.url for each in store.candidates(run) if each.answered}


def test_times_are_text_that_sorts() -> None:
    time = datetime(2026, 11, 2, 2, 30, 1, 999_999, tzinfo=UTC)
    assert time_to_text(time) == "2026-11-02T02:30:01Z"
    assert text_to_time(time_to_text(time)) == whole_seconds(time)


# --- runs ---


def test_a_finished_run_is_followed_by_a_new_one(nights: Nights) -> None:
    nights.night(look(PAGE))
    nights.night(look(PAGE))
    assert nights.rows("SELECT id, state FROM runs") == [(1, "finished"), (2, "finished")]


@pytest.mark.parametrize(
    ("hours", "state", "resumed"),
    [
        (11.9, None, True),
        (12.1, None, False),
        (1, RunState.INTERRUPTED, True),
        (13, RunState.INTERRUPTED, False),
        (1, RunState.FINISHED, False),
        (1, RunState.FAILED, False),
    ],
)
def test_a_run_that_ended_early_is_continued(
    nights: Nights, hours: float, state: RunState | None, resumed: bool
) -> None:
    nights.night(look(PAGE), state=state)
    nights.clock.advance(timedelta(hours=hours) - timedelta(days=1))
    with nights.open() as store:
        run = nights.begin(store)
    assert run.resumed is resumed
    assert run.id == (1 if resumed else 2)
    states = [row[0] for row in nights.rows("SELECT state FROM runs ORDER BY id")]
    assert states == (["running"] if resumed else [state or "interrupted", "running"])


def test_a_continued_run_asks_only_for_what_it_was_not_told(nights: Nights) -> None:
    nights.night(
        look(PAGE),
        look(PAPER, Outcome.FAILED, Reason.TIMEOUT),
        look(REPOSITORY, Outcome.THROTTLED, Reason.RATE_LIMITED),
        state=None,
    )
    nights.clock.advance(timedelta(hours=-20))
    assert answered(nights) == {PAGE}


def test_a_new_run_asks_for_everything(nights: Nights) -> None:
    nights.night(look(PAGE), look(PAPER))
    assert answered(nights) == set()


def test_a_continued_run_adds_its_requests(nights: Nights) -> None:
    nights.night(look(PAGE), state=RunState.INTERRUPTED, requests={"a.example": 3})
    nights.clock.advance(timedelta(hours=-20))
    with nights.open() as store:
        run = nights.begin(store)
        store.save_progress(run, {"a.example": 1, "b.example": 2})
        store.save_progress(run, {"a.example": 2, "b.example": 2})
        store.finish_run(run, RunState.FINISHED, {"a.example": 2, "b.example": 2})
    with nights.history() as history:
        latest = history.latest_run()
    assert latest is not None
    assert latest.requests == {"a.example": 5, "b.example": 2}


def test_a_continued_run_keeps_its_policy(nights: Nights) -> None:
    nights.policy = HealthSettings(min_strikes=1, min_days=0)
    nights.night(state=None)
    nights.clock.advance(timedelta(hours=-20))
    nights.policy = HealthSettings()
    nights.night(missing(PAGE))
    assert health_of(nights, PAGE) == (State.DEAD, 1)


def test_a_clock_moved_back_is_told_and_overtaken(nights: Nights) -> None:
    nights.night(look(PAGE))
    nights.clock.advance(timedelta(days=-10))
    with nights.open() as store:
        run = nights.begin(store)
        store.record(run, [nights.timed(missing(PAGE))])
    assert "the clock shows" in run.notes[0]
    rows = nights.rows("SELECT updated_at FROM runs WHERE id = 1")
    assert time_to_text(run.started_at) > rows[0][0]
    observed = nights.rows("SELECT first_observed_at FROM observations WHERE first_run_id = 2")
    assert observed == [(time_to_text(run.started_at),)]


def test_runs_close_upon_each_other_are_no_clock_gone_wrong(nights: Nights) -> None:
    nights.night(look(PAGE))
    nights.clock.advance(timedelta(minutes=1) - timedelta(days=1))
    with nights.open() as store:
        assert nights.begin(store).notes == ()


def test_made_up_and_real_data_do_not_mix(nights: Nights) -> None:
    with nights.open() as store:
        store.begin_run(nights.catalog, made_up=True)
    with nights.open() as store, pytest.raises(UsageError, match="made-up"):
        store.begin_run(nights.catalog)
    with nights.history() as history:
        assert history.made_up


def test_the_end_of_a_run_is_written(nights: Nights) -> None:
    with nights.open() as store:
        run = nights.begin(store)
        nights.clock.advance(timedelta(minutes=5))
        store.finish_run(run, RunState.FINISHED, {}, {"looked_at": 3})
    with nights.history() as history:
        latest = history.latest_run()
        assert latest is not None
        assert history.summary_of(latest) == {"looked_at": 3}
    assert (latest.state, latest.finished_at) == (RunState.FINISHED, run.started_at + timedelta(minutes=5))


# --- looks ---


def test_equal_looks_are_one_interval(nights: Nights) -> None:
    for looks in ([look(PAGE)], [look(PAGE)], [], [look(PAGE)], [missing(PAGE)], [look(PAGE)]):
        nights.night(*looks)
    assert nights.rows("SELECT outcome, runs FROM observations ORDER BY id") == [
        ("alive", "0001-0002,0004-0004"),
        ("not-found", "0005-0005"),
        ("alive", "0006-0006"),
    ]
    assert nights.rows("SELECT looks, last_run_id FROM link_looks ORDER BY observation_id") == [
        (3, 4),
        (1, 5),
        (1, 6),
    ]


@pytest.mark.parametrize(
    "other",
    [
        look(PAGE, http_status=203),
        look(PAGE, http_status=200, final_url="https://example.org/final"),
        look(PAGE, http_status=200, detail="signature"),
        look(PAGE, http_status=200, facts={"title": "told"}),
        look(PAGE, reason=Reason.GATED, http_status=200),
    ],
    ids=["status", "final_url", "detail", "facts told", "reason"],
)
def test_what_differs_is_another_interval(nights: Nights, other: object) -> None:
    nights.night(look(PAGE, http_status=200))
    nights.night(other)  # type: ignore[arg-type]
    assert nights.rows("SELECT runs FROM observations ORDER BY id") == [("0001-0001",), ("0002-0002",)]


def test_waiting_every_night_for_another_hour_is_one_interval(nights: Nights) -> None:
    for hour in ("03:12", "04:50"):
        nights.night(look(PAGE, Outcome.THROTTLED, Reason.RATE_LIMITED, detail=f"again at {hour}"))
    assert nights.rows("SELECT runs, detail FROM observations") == [("0001-0002", "again at 04:50")]


def test_a_repeated_look_has_its_runs_time(nights: Nights) -> None:
    nights.night(look(PAGE))
    started_at = nights.clock.now()
    nights.night(look(PAGE))
    with nights.history() as history:
        link = history.link(PAGE)
    assert link is not None
    assert link.health.last_checked_at == started_at


def test_the_same_look_twice_in_a_run_counts_once(nights: Nights) -> None:
    nights.night(missing(PAGE), missing(PAGE))
    assert health_of(nights, PAGE) == (State.SUSPECT, 1)
    assert nights.rows("SELECT runs FROM observations") == [("0001-0001",)]


def test_another_look_in_the_same_run_counts(nights: Nights) -> None:
    nights.night(look(PAGE, Outcome.FAILED, Reason.TIMEOUT), look(PAGE))
    assert health_of(nights, PAGE) == (State.HEALTHY, 0)
    assert nights.rows("SELECT runs FROM observations ORDER BY id") == [("0001-0001",), ("0001-0001",)]


def test_a_batch_is_written_whole_or_not_at_all(nights: Nights) -> None:
    with nights.open() as store:
        run = nights.begin(store)
        with pytest.raises(LookupError):
            store.record(run, [nights.timed(look(PAGE)), nights.timed(look("https://unknown.example/"))])
    assert nights.rows("SELECT * FROM observations") == []


def test_events_tell_what_changed(nights: Nights) -> None:
    walled = look(PAGE, Outcome.RESTRICTED, Reason.BOT_WALL)
    seen = [look(PAGE), *[missing(PAGE)] * 4, look(PAGE), walled]
    kinds = [[event.kind for event in nights.night(each)] for each in seen]
    assert kinds == [
        [],
        [EventKind.SUSPECT],
        [],
        [],
        [EventKind.NEW_DEAD],
        [EventKind.RECOVERED],
        [EventKind.RESTRICTED],
    ]
    with nights.history() as history:
        (died,) = history.changes(history.run_as_of("5"))
    assert (died.url, died.before, died.after, died.detail) == (PAGE, "suspect", "dead", "not-found")


def test_a_move_is_news_once_for_each_address(nights: Nights) -> None:
    def moved(home: str) -> list[tuple[EventKind, str | None]]:
        seen = look(PAGE, Outcome.MOVED, Reason.REDIRECTED, suggested_url=home)
        return [(event.kind, event.after) for event in nights.night(seen)]

    assert moved("https://a.example/") == [(EventKind.MOVED, "https://a.example/")]
    assert moved("https://a.example/") == []
    assert moved("https://b.example/") == [(EventKind.MOVED, "https://b.example/")]


# --- the catalog in questions ---


def test_links_that_left_the_catalog_are_not_asked_for(nights: Nights) -> None:
    nights.night(look(PAGE), look(PAPER))
    nights.catalog = catalog(entry("model", PAPER), entry("other", PAPER, document="second"))
    with nights.open() as store:
        run = nights.begin(store)
        (candidate,) = store.candidates(run)
        stands_in = {
            name: [each.documents for each in store.candidates(run, name)]
            for name in ("list", "second", "third")
        }
    assert candidate.url == PAPER
    assert candidate.state is State.HEALTHY
    assert stands_in == {"list": [("list",)], "second": [("second",)], "third": [()]}


def test_exclusions_come_with_the_link(nights: Nights) -> None:
    exclusion = Exclusion("http://example.org:80/page#part", "asked to", date(2026, 12, 1))
    nights.catalog = catalog(entry("model", "http://example.org/page"), exclusions=(exclusion,))
    with nights.open() as store:
        (candidate,) = store.candidates(nights.begin(store))
    assert candidate.exclusion == Exclusion("http://example.org/page", "asked to", date(2026, 12, 1))


def test_candidates_can_be_read_while_looks_are_written(nights: Nights) -> None:
    with nights.open() as store:
        run = nights.begin(store)
        seen = []
        for candidate in store.candidates(run):
            seen.append(candidate.url)
            store.record(run, [nights.timed(look(candidate.url))])
    assert len(seen) == 3


def test_questions_come_in_the_order_they_are_asked_for(nights: Nights) -> None:
    urls = [f"https://example.org/{number}" for number in range(AT_ONCE + 3)]
    nights.catalog = catalog(entry("model", *urls))
    with nights.open() as store:
        ids = [each.link_id for each in store.candidates(nights.begin(store))]
        questions = store.questions([*reversed(ids), ids[7]])
    assert [each.link for each in questions] == [link_of(url) for url in [*reversed(urls), urls[7]]]


# --- archived copies ---


def test_copies_are_looked_up_for_the_dead_then_for_suspects(nights: Nights) -> None:
    for night in range(4):
        looks = [missing(REPOSITORY)]
        if night >= 2:
            looks.append(missing(PAGE))
        if night == 3:
            looks.append(missing(PAPER))
        nights.night(*looks)
    with nights.open() as store:
        run = nights.begin(store)
        wanted = [lost.link.canonical_url for lost in store.links_without_copy(9)]
        assert wanted == [REPOSITORY, PAGE], "a first strike is too early"
        assert len(store.links_without_copy(1)) == 1
        store.set_archived(run, REPOSITORY, "wayback", "https://web.archive.org/1", nights.clock.now())
        store.set_archived(run, PAGE, "wayback", None, None)
        assert store.links_without_copy(9) == []
        nights.clock.advance(timedelta(days=31))
        assert [lost.link.canonical_url for lost in store.links_without_copy(9)] == [PAGE]
        store.set_archived(run, REPOSITORY, "wayback", None, None)
    with nights.history() as history:
        link = history.link(REPOSITORY)
    assert link is not None
    assert link.archived_url == "https://web.archive.org/1", "a copy once found is remembered for good"


def test_the_policy_of_a_run_is_kept(nights: Nights) -> None:
    nights.policy = HealthSettings(min_strikes=5)
    nights.night()
    ((policy,),) = nights.rows("SELECT policy FROM runs")
    assert json.loads(policy)["min_strikes"] == 5


def test_a_look_up_that_always_fails_keeps_nobody_waiting(nights: Nights) -> None:
    for _ in range(4):
        nights.night(missing(REPOSITORY), missing(PAGE), missing(PAPER))
    with nights.open() as store:
        nights.begin(store)
        first = store.links_without_copy(1)[0].link.canonical_url
        store.note_lookup(first)
        assert store.links_without_copy(1)[0].link.canonical_url != first
        assert len(store.links_without_copy(9)) == 3, "a failed look-up proves nothing"


def test_a_copy_is_asked_for_by_the_hosts_own_spelling(nights: Nights) -> None:
    nights.night(look(REPOSITORY, facts={"full_name": "Owner/Name"}))
    for _ in range(4):
        nights.night(missing(REPOSITORY))
    with nights.open() as store:
        assert [lost.full_name for lost in store.links_without_copy(9)] == ["Owner/Name"]


def test_what_hosts_asked_for_is_kept_until_it_is_over(nights: Nights) -> None:
    with nights.open() as store:
        run = nights.begin(store)
        until = nights.clock.now() + timedelta(hours=3)
        store.save_progress(run, {"a.example": 1}, {"a.example": until})
        store.save_progress(run, {"a.example": 2}, {"a.example": until - timedelta(hours=1)})
    with nights.open() as store:
        assert store.holds() == {"a.example": until}, "never shortened"
        nights.clock.advance(timedelta(hours=4))
        assert store.holds() == {}
