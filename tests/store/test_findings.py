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
