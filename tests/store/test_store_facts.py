"""A good fact is never lost to a bad read."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawler.records import Facts, FindingKind, Outcome, Reason
from crawler.store.events import EventKind
from crawler.store.facts import FactChanges, compare_facts, fact_to_text
from crawler.store.sorted_looks import headers_to_text

from .conftest import PAGE, REPOSITORY, Nights, ask, look, missing


@pytest.mark.parametrize(
    ("known", "told", "changes"),
    [
        pytest.param({}, {"license": "MIT"}, FactChanges({"license": "MIT"}), id="first reading"),
        pytest.param({"license": "MIT"}, {"license": "MIT"}, FactChanges(), id="nothing new"),
        pytest.param({"license": "MIT"}, {"license": None}, FactChanges(), id="None is not told"),
        pytest.param({"license": "MIT"}, {}, FactChanges(), id="absent is not told"),
        pytest.param({"license": "MIT"}, {"license": "NOASSERTION"}, FactChanges(), id="unrecognised"),
        pytest.param(
            {"license": "LicenseRef-x"},
            {"license": "NOASSERTION"},
            FactChanges(),
            id="unrecognised over named",
        ),
        pytest.param(
            {"license": "NOASSERTION"}, {"license": "MIT"}, FactChanges({"license": "MIT"}), id="recognised"
        ),
        pytest.param(
            {"license": "NONE"},
            {"license": "NOASSERTION"},
            FactChanges({"license": "NOASSERTION"}),
            id="a licence came",
        ),
        pytest.param(
            {"license": "MIT"},
            {"license": "GPL-3.0"},
            FactChanges({"license": "GPL-3.0"}),
            id="another licence",
        ),
        pytest.param(
            {"license": "MIT"}, {"license": "NONE"}, FactChanges(doubted={"license": "NONE"}), id="no licence"
        ),
        pytest.param(
            {"archived": True}, {"archived": False}, FactChanges({"archived": False}), id="false is told"
        ),
        pytest.param(
            {"topics": ["a"]}, {"topics": []}, FactChanges({"topics": []}), id="an empty list is told"
        ),
        pytest.param({"stars": 5}, {"stars": 5}, FactChanges(), id="counter at rest"),
        pytest.param(
            {"stars": 5, "forks": 2},
            {"stars": 0},
            FactChanges(counters={"stars": 0, "forks": 2}),
            id="counters move",
        ),
        pytest.param({"stars": 5}, {"stars": None}, FactChanges(), id="a counter not told"),
    ],
)
def test_told_against_known(known: Facts, told: Facts, changes: FactChanges) -> None:
    assert compare_facts(known, told) == changes


def facts_of(nights: Nights, url: str = REPOSITORY) -> Facts:
    with nights.history() as history:
        link = history.link(url)
    assert link is not None
    return link.facts


def test_facts_outlive_looks_that_fail(nights: Nights) -> None:
    facts: dict[str, Any] = {"license": "MIT", "stars": 7, "topics": ["llm"], "archived": False}
    nights.night(look(REPOSITORY, facts=facts))
    nights.night(missing(REPOSITORY))
    nights.night(look(REPOSITORY, Outcome.FAILED, Reason.TIMEOUT))
    nights.night(look(REPOSITORY, Outcome.RESTRICTED, Reason.BOT_WALL, facts={"title": "Just a moment..."}))
    nights.night(look(REPOSITORY, facts={"license": None, "stars": None}))
    assert facts_of(nights) == facts


def test_a_disabled_repository_still_tells(nights: Nights) -> None:
    nights.night(look(REPOSITORY, Outcome.RESTRICTED, Reason.DISABLED, facts={"disabled": True}))
    assert facts_of(nights) == {"disabled": True}


def test_a_missing_path_still_tells_of_its_repository(nights: Nights) -> None:
    nights.night(look(REPOSITORY, Outcome.NOT_FOUND, Reason.PATH_MISSING, facts={"stars": 7}))
    assert facts_of(nights) == {"stars": 7}


def test_a_licence_that_vanished_is_believed_the_second_night(nights: Nights) -> None:
    nights.night(look(REPOSITORY, facts={"license": "MIT"}))
    assert nights.night(look(REPOSITORY, facts={"license": "NONE"})) == []
    assert facts_of(nights)["license"] == "MIT"
    (event,) = nights.night(look(REPOSITORY, facts={"license": "NONE"}))
    assert (event.kind, event.before, event.after) == (EventKind.LICENSE_CHANGED, "MIT", "NONE")
    assert facts_of(nights)["license"] == "NONE"


def test_a_doubt_is_forgotten_when_the_licence_is_back(nights: Nights) -> None:
    for license_ in ("MIT", "NONE", "MIT", "NONE"):
        nights.night(look(REPOSITORY, facts={"license": license_}))
    assert facts_of(nights)["license"] == "MIT"


def test_a_doubt_is_not_confirmed_within_the_hour(nights: Nights) -> None:
    nights.night(look(REPOSITORY, facts={"license": "MIT"}))
    nights.night(look(REPOSITORY, facts={"license": "NONE"}))
    nights.clock.advance(timedelta(hours=-23))
    nights.night(look(REPOSITORY, facts={"license": "NONE"}))
    assert facts_of(nights)["license"] == "MIT"


def test_only_changes_become_rows(nights: Nights) -> None:
    for stars, language in [(5, "C"), (5, "C"), (6, "C"), (6, "Rust")]:
        nights.night(look(REPOSITORY, facts={"stars": stars, "language": language}))
    assert nights.rows("SELECT run_id, value FROM facts ORDER BY run_id") == [(1, '"C"'), (4, '"Rust"')]
    assert nights.rows("SELECT run_id, stars FROM counters ORDER BY run_id") == [(1, 5), (3, 6)]


def test_a_known_counter_stays_where_it_is_not_told(nights: Nights) -> None:
    nights.night(look(REPOSITORY, facts={"stars": 5, "forks": 2}))
    nights.night(look(REPOSITORY, facts={"stars": 6}))
    assert facts_of(nights) == {"stars": 6, "forks": 2}


def test_a_stranger_under_the_name_tells_nothing_of_the_first(nights: Nights) -> None:
    nights.night(look(REPOSITORY, facts={"stars": 900, "license": "MIT"}, host_id="1"))
    (event,) = nights.night(look(REPOSITORY, facts={"stars": 3, "license": "GPL-3.0"}, host_id="2"))
    assert (event.kind, event.before, event.after) == (EventKind.NAME_REUSED, "1", "id 2")
    assert facts_of(nights) == {"stars": 900, "license": "MIT"}
    with nights.history() as history:
        (finding,) = history.findings()
    assert (finding.kind, finding.stated, finding.observed) == (FindingKind.NAME_REUSED, "1", "id 2")
    assert nights.night(look(REPOSITORY, facts={"stars": 3}, host_id="2")) == [], "news once"
    nights.night(look(REPOSITORY, facts={"stars": 901}, host_id="1"))
    assert facts_of(nights)["stars"] == 901
    with nights.history() as history:
        assert list(history.findings()) == []


def test_the_first_one_found_elsewhere_tells_and_the_stranger_is_named(nights: Nights) -> None:
    nights.night(look(REPOSITORY, facts={"stars": 900}, host_id="1"))
    home = "https://github.com/elsewhere/name"
    nights.night(
        look(
            REPOSITORY,
            Outcome.MOVED,
            Reason.RENAMED,
            facts={"stars": 905},
            host_id="1",
            suggested_url=home,
            stranger="owner/name (id 2)",
        )
    )
    assert facts_of(nights) == {"stars": 905}
    with nights.history() as history:
        found = {finding.kind: finding.observed for finding in history.findings()}
    assert found == {FindingKind.MOVED: home, FindingKind.NAME_REUSED: "owner/name (id 2)"}


def test_not_modified_keeps_facts_fresh(nights: Nights) -> None:
    nights.night(look(PAGE, http_status=200, facts={"title": "A page"}, validators={"etag": '"1"'}))
    second = nights.clock.now()
    nights.night(look(PAGE, Outcome.ALIVE, Reason.NOT_MODIFIED, http_status=304))
    with nights.history() as history:
        page = history.link(PAGE)
    assert page is not None
    assert (page.facts, page.facts_observed_at) == ({"title": "A page"}, second)
    assert nights.rows("SELECT outcome, reason, runs FROM observations") == [("alive", "ok", "0001-0002")]


def test_not_modified_behind_a_redirect_is_the_same_move(nights: Nights) -> None:
    home = "https://example.org/new"
    moved = look(
        PAGE, Outcome.MOVED, Reason.REDIRECTED, suggested_url=home, http_status=200, facts={"title": "T"}
    )
    nights.night(moved)
    nights.night(replace(moved, http_status=304, facts={}))
    nights.night(replace(moved, http_status=304, facts={}, suggested_url="https://example.org/newer"))
    assert nights.rows("SELECT http_status, tells_facts, runs FROM observations ORDER BY id") == [
        (200, 1, "0001-0002"),
        (304, 1, "0003-0003"),
    ]


def test_a_page_that_was_gone_is_not_as_it_was(nights: Nights) -> None:
    unmodified = look(PAGE, Outcome.ALIVE, Reason.NOT_MODIFIED, http_status=304)
    for seen in (look(PAGE, http_status=200), missing(PAGE), unmodified, unmodified):
        nights.night(seen)
    assert nights.rows("SELECT reason, runs FROM observations ORDER BY id") == [
        ("ok", "0001-0001"),
        ("not-found", "0002-0002"),
        ("not-modified", "0003-0004"),
    ]


def test_what_was_known_comes_with_the_question(nights: Nights) -> None:
    nights.night(
        look(
            PAGE,
            final_url="https://example.org/final",
            facts={"title": "A page"},
            validators={"etag": '"1"'},
            host_id="7",
        )
    )
    nights.night(missing(PAGE))
    with nights.open() as store:
        asked = {each.link.canonical_url: each for each in ask(store, nights.begin(store))}
    known = asked[PAGE].known
    assert (known.host_id, known.validators, known.facts) == ("7", {"etag": '"1"'}, {"title": "A page"})
    assert asked[REPOSITORY].known.facts == {}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.just(Reason.OK),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(VALUES)
@example(["a", 'b "c" \\ \x07 \u2028 頁'])
@example(["a", Reason.OK])
def test_a_value_reads_in_the_file_as_the_standard_encoder_writes_it(value: Any) -> None:
    """Text that another release wrote must compare equal."""
    assert fact_to_text(value) == json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@given(st.dictionaries(st.text(), st.text(), max_size=3))
def test_so_do_validators(headers: dict[str, str]) -> None:
    assert headers_to_text(headers) == json.dumps(headers, sort_keys=True)
