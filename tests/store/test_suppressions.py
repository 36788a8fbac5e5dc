"""Findings that a maintainer has put aside: not shown while that is in force, never lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from crawler.records import FindingKind, Suppression

from .conftest import PAGE, Nights, catalog, entry, look

UNTIL = date(2026, 11, 4)
ARCHIVED = look(PAGE, facts={"archived": True, "gated": "manual"})


def kinds_shown(nights: Nights, as_of: str | None = None) -> list[str]:
    with nights.history() as history:
        run = history.run_as_of(as_of) if as_of else None
        found = [finding.kind.value for finding in history.findings(run)]
        (snapshot, *_) = history.entries(run)
        assert [finding.kind.value for finding in snapshot.findings] == found, "each reader sees the same"
    return found


@pytest.mark.parametrize(
    ("suppression", "shown"),
    [
        (Suppression("list/a", FindingKind.ARCHIVED, "known", UNTIL), ["gated"]),
        (Suppression("list/a", FindingKind.ARCHIVED, "known", UNTIL, "archived"), ["gated"]),
        (Suppression("list/a", FindingKind.ARCHIVED, "known", UNTIL, "license"), ["archived", "gated"]),
        (Suppression("list/b", FindingKind.ARCHIVED, "known", UNTIL), ["archived", "gated"]),
        (Suppression("list/a", FindingKind.ARCHIVED, "known", date(2026, 11, 2)), ["archived", "gated"]),
    ],
    ids=["kind", "field", "another-field", "another-entry", "ended"],
)
def test_what_is_put_aside(nights: Nights, suppression: Suppression, shown: list[str]) -> None:
    nights.catalog = catalog(entry("a", PAGE), entry("b"), suppressions=(suppression,))
    nights.night(ARCHIVED)
    assert kinds_shown(nights) == shown
    assert nights.rows("SELECT kind FROM open_findings ORDER BY kind") == [(kind,) for kind in shown]
    with nights.history() as history:
        assert history.count_suppressed() == 2 - len(shown)


def test_it_ends_by_its_day_and_by_the_catalog_and_any_past_night_is_as_it_was(nights: Nights) -> None:
    plain = catalog(entry("a", PAGE))
    put_aside = replace(
        plain, suppressions=(Suppression("list/a", FindingKind.ARCHIVED, "known", date(2026, 11, 5)),)
    )
    for version in (plain, put_aside, plain, put_aside, put_aside):
        nights.catalog = version
        nights.night(look(PAGE, facts={"archived": True}))
    shown = [["archived"], [], ["archived"], ["archived"], ["archived"]]
    assert [kinds_shown(nights, str(run)) for run in range(1, 6)] == shown
    assert nights.rows("SELECT opened_run_id, closed_run_id FROM findings") == [(1, None)]


def test_the_view_says_why(nights: Nights) -> None:
    suppression = Suppression("list/a", FindingKind.ARCHIVED, "we know", date(2027, 1, 1))
    nights.catalog = catalog(entry("a", PAGE), suppressions=(suppression,))
    nights.night(look(PAGE, facts={"archived": True}))
    assert nights.rows("SELECT entry, kind, reason, until FROM suppressed_findings") == [
        ("list/a", "archived", "we know", "2027-01-01")
    ]


def test_the_writer_counts_what_the_readers_leave_out(nights: Nights) -> None:
    suppression = Suppression("list/a", FindingKind.ARCHIVED, "known", date(2027, 1, 1))
    nights.catalog = catalog(entry("a", PAGE), suppressions=(suppression,))
    nights.night(ARCHIVED)
    with nights.open() as store:
        run = nights.begin(store)
        assert store.count_suppressed(run) == 1
