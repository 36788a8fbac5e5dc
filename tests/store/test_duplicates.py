"""Entries of two documents that are one thing."""

from __future__ import annotations

import pytest

from crawler.records import Entry, Observation, Role
from crawler.store.duplicates import NAMED_OTHERS

from .conftest import PAGE, REPOSITORY, Nights, catalog, entry, look, mention

RENAMED = "https://github.com/owner/renamed"
OTHER = "https://github.com/owner/other"


def found(nights: Nights) -> list[tuple[str, str]]:
    return nights.rows("SELECT entry, observed FROM open_findings WHERE kind = 'duplicate' ORDER BY entry")


def paper_of(slug: str, *urls: str) -> Entry:
    made = entry(slug, document="second")
    return Entry(made.id, slug, made.kind, "second", mentions=tuple(mention(u, Role.PAPER) for u in urls))


@pytest.mark.parametrize(
    ("second", "looks", "duplicates"),
    [
        (entry("b", REPOSITORY, document="second"), [], True),
        (
            entry("b", RENAMED, document="second"),
            [look(REPOSITORY, host_id="7"), look(RENAMED, host_id="7")],
            True,
        ),
        (
            entry("b", OTHER, document="second"),
            [look(REPOSITORY, host_id="7"), look(OTHER, host_id="8")],
            False,
        ),
        (entry("b", OTHER, document="second"), [], False),
        (entry("b", REPOSITORY), [], False),
        (entry("b", OTHER, REPOSITORY, document="second"), [], False),
        (paper_of("b", REPOSITORY), [], False),
        (entry("b", PAGE, document="second"), [], False),
    ],
    ids=["one-link", "renamed", "two-ids", "not-told", "one-document", "second-link", "as-paper", "page"],
)
def test_first_projects_of_one_identity(
    nights: Nights, second: Entry, looks: list[Observation], duplicates: bool
) -> None:
    nights.catalog = catalog(entry("a", REPOSITORY), second)
    nights.night(*looks)
    expected = [("list/a", "second/b"), ("second/b", "list/a")]
    assert found(nights) == (expected if duplicates else [])


def test_what_stands_in_many_lists_names_some_of_them(nights: Nights) -> None:
    """What is told grows with the number of lists, not with its square."""
    nights.catalog = catalog(
        *(entry("a", REPOSITORY, document=f"list{number:03}") for number in range(NAMED_OTHERS + 5)),
        entry("b", REPOSITORY, document="list003"),
    )
    nights.night()
    told = dict(found(nights))
    assert len(told) == NAMED_OTHERS + 6
    others = [f"list{number:03}/a" for number in (0, 1, 2, *range(4, NAMED_OTHERS + 1))]
    assert told["list003/a"] == told["list003/b"] == f"{', '.join(others)} and 4 more"
    assert told["list000/a"].endswith(" and 5 more")


def test_one_that_leaves_takes_the_finding_with_it(nights: Nights) -> None:
    nights.catalog = catalog(entry("a", REPOSITORY), entry("b", REPOSITORY, document="second"))
    nights.night()
    nights.catalog = catalog(entry("a", REPOSITORY))
    nights.night()
    assert found(nights) == []
    assert nights.rows("SELECT opened_run_id, closed_run_id FROM findings") == [(1, 2), (1, 2)]
