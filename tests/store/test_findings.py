"""Findings open when something shows and close when it does not any more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crawler.records import FindingKind, Observation, Outcome, Override, Reason, Role, RunState

from .conftest import PAGE, PAPER, REPOSITORY, Nights, catalog, entry, look, mention, missing


def open_findings(nights: Nights) -> list[tuple[str, str | None]]:
    with nights.history() as history:
        return [(finding.kind.value, finding.observed) for finding in history.findings()]


@pytest.mark.parametrize(
    ("seen", "found"),
    [
        (look(PAGE), []),
        (
            look(PAGE, Outcome.MOVED, Reason.RENAMED, suggested_url="https://a.example/"),
            [("moved", "https://a.example/")],
        ),
        (look(PAGE, Outcome.RESTRICTED, Reason.BOT_WALL, http_status=403), [("restricted", "bot-wall")]),
        (look(PAGE, facts={"archived": True}), [("archived", "archived")]),
        (look(PAGE, facts={"archived": False, "gated": False, "withdrawn": False}), []),
        (look(PAGE, facts={"gated": "manual"}), [("gated", "manual")]),
        (look(PAGE, facts={"gated": True}), [("gated", "gated")]),
        (look(PAGE, reason=Reason.WITHDRAWN, facts={"withdrawn": True}), [("withdrawn", "withdrawn")]),
        (missing(PAGE), []),
    ],
    ids=lambda value: value[0][0] if isinstance(value, list) and value else "",
)
def test_one_look_shows_it_and_the_next_takes_it_back(
    nights: Nights, seen: Observation, found: list[tuple[str, str]]
) -> None:
    nights.night(seen)
    assert open_findings(nights) == found
    nights.night(look(PAGE, facts={"archived": False, "gated": False, "withdrawn": False}))
    assert open_findings(nights) == []
    assert nights.rows("SELECT opened_run_id, closed_run_id FROM findings") == [(1, 2)] * len(found)


def test_a_death_is_found_once_it_is_proved(nights: Nights) -> None:
    nights.night(look(PAGE))
    for _ in range(6):
        nights.night(missing(PAGE))
    with nights.history() as history:
        (finding,) = history.findings()
    assert (finding.kind, finding.url, finding.observed) == (FindingKind.DEAD, PAGE, "not-found")
    assert finding.detail == "HTTP 404, failing since 2026-11-03, last seen alive 2026-11-02"
    assert nights.rows("SELECT opened_run_id FROM findings") == [(5,)], "and not again every night"


def test_every_entry_has_its_own(nights: Nights) -> None:
    twice = replace(entry("a", PAGE), mentions=(mention(PAGE, Role.PROJECT, 1), mention(PAGE, Role.DEMO, 2)))
    nights.catalog = catalog(twice, entry("b", PAGE), entry("c", PAPER))
    nights.night(look(PAGE, facts={"archived": True}))
    with nights.history() as history:
        assert [finding.entry_id for finding in history.findings()] == ["list/a", "list/b"]
        by_entry = {each.entry.id: len(each.findings) for each in history.entries()}
    assert by_entry == {"list/a": 1, "list/b": 1, "list/c": 0}
    nights.catalog = catalog(entry("b", PAGE))
    nights.night()
    with nights.history() as history:
        assert [finding.entry_id for finding in history.findings()] == ["list/b"]


def test_another_new_home_is_another_finding(nights: Nights) -> None:
    for home in ("https://a.example/", "https://b.example/"):
        nights.night(look(PAGE, Outcome.MOVED, Reason.RENAMED, suggested_url=home))
    assert open_findings(nights) == [("moved", "https://b.example/")]
    assert nights.rows("SELECT opened_run_id, closed_run_id FROM findings ORDER BY id") == [(1, 2), (2, None)]


@pytest.mark.parametrize(
    ("licenses", "found"),
    [
        (["MIT", "MIT"], []),
        (["MIT", "GPL-3.0-only"], [("license-changed", "GPL-3.0-only")]),
        (["MIT", "GPL-3.0-only", "MIT"], []),
        (["NOASSERTION", "MIT"], []),
        (["NOASSERTION", "MIT", "0BSD"], [("license-changed", "0BSD")]),
        (["MIT", "NONE", "NONE"], [("license-changed", "NONE")]),
        (["MIT", "NOASSERTION"], []),
    ],
    ids=str,
)
def test_licences(nights: Nights, licenses: list[str], found: list[tuple[str, str]]) -> None:
    for license_ in licenses:
        nights.night(look(REPOSITORY, facts={"license": license_}))
    assert open_findings(nights) == found


def test_a_maintainers_word_settles_a_changed_licence(nights: Nights) -> None:
    plain = nights.catalog
    override = Override("list/model", "license", "0BSD", "asked the authors")
    nights.night(look(REPOSITORY, facts={"license": "MIT"}))
    nights.catalog = replace(plain, overrides=(override,))
    nights.night(look(REPOSITORY, facts={"license": "0BSD"}))
    assert open_findings(nights) == []
    nights.catalog = plain
    nights.night()
    assert open_findings(nights) == [("license-changed", "0BSD")]


def test_a_run_that_judged_nothing_finds_nothing(nights: Nights) -> None:
    nights.night(look(PAGE, facts={"archived": True}), state=RunState.FAILED)
    assert open_findings(nights) == []
    nights.night()
    assert open_findings(nights) == [("archived", "archived")]


HOME = "https://github.com/Somewhere/Home"


def duplicates(nights: Nights) -> list[tuple[str, str]]:
    rows = nights.rows(
        "SELECT stated, observed FROM open_findings WHERE kind = 'duplicate' AND field = 'link'"
    )
    return [(stated, observed) for stated, observed in rows]


def renamed(url: str) -> Observation:
    return look(url, Outcome.MOVED, Reason.RENAMED, suggested_url=HOME, host_id="1")


def test_a_link_that_moved_to_a_listed_one_is_a_duplicate(nights: Nights) -> None:
    listed = HOME.lower()
    nights.catalog = catalog(entry("old", REPOSITORY), entry("new", listed))
    nights.night(renamed(REPOSITORY), look(listed, host_id="1"))
    assert duplicates(nights) == [(REPOSITORY, listed)], "the one that moved, not the one that is right"
    nights.catalog = catalog(entry("old", REPOSITORY))
    nights.night(renamed(REPOSITORY))
    assert duplicates(nights) == []


def test_two_links_that_moved_to_one_place_are_duplicates(nights: Nights) -> None:
    other = "https://github.com/another/name"
    nights.catalog = catalog(entry("old", REPOSITORY), entry("older", other))
    nights.night(renamed(REPOSITORY), renamed(other))
    assert duplicates(nights) == [(other, REPOSITORY)]


def test_links_that_lead_elsewhere_for_now_are_no_duplicates(nights: Nights) -> None:
    nights.catalog = catalog(entry("pages", PAGE, "https://example.org/other"))
    for url in (PAGE, "https://example.org/other"):
        nights.night(look(url, Outcome.ALIVE, Reason.REDIRECTED, final_url="https://example.org/home"))
    assert duplicates(nights) == []


def test_renamed_then_recreated_by_a_stranger_then_given_back(nights: Nights) -> None:
    nights.catalog = catalog(entry("one", REPOSITORY))
    nights.night(look(REPOSITORY, host_id="1", facts={"license": "MIT"}))
    nights.night(renamed(REPOSITORY))
    taken = replace(renamed(REPOSITORY), stranger="owner/name (id 2)")
    kinds = [event.kind.value for event in nights.night(taken)]
    assert kinds == ["name-reused"]
    assert nights.night(taken) == []
    open_kinds = nights.rows("SELECT kind FROM findings WHERE closed_run_id IS NULL ORDER BY kind")
    assert open_kinds == [("moved",), ("name-reused",)]
    nights.night(look(REPOSITORY, host_id="1"))
    assert nights.rows("SELECT kind FROM findings WHERE closed_run_id IS NULL") == []
