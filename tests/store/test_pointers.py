"""Paper, code and model of one entry: what each says of the others, and what an entry lacks."""

from __future__ import annotations

from typing import Any

import pytest

from crawler.records import Role

from .conftest import PAGE, PAPER, REPOSITORY, Nights, catalog, entry, look, mention, missing

MODEL = "https://huggingface.co/owner/model"
OTHER_MODEL = "https://huggingface.co/owner/other"


def proposed(nights: Nights) -> list[tuple[Any, ...]]:
    return nights.rows(
        "SELECT entry, leg, url, sources, candidates FROM proposed_links ORDER BY entry, leg, url"
    )


def pointing(url: str, **told: tuple[str, ...]) -> Any:
    pointers = {source.replace("_", "-"): urls for source, urls in told.items()}
    return look(url, facts={"full_name": "owner/name"}, pointers=pointers)


def test_pointers_are_dated_and_a_source_that_tells_nothing_closes_nothing(nights: Nights) -> None:
    for told in (
        {"github_homepage": (PAPER,), "github_description": (MODEL,)},
        {},
        {"github_homepage": (PAPER,)},
        {"github_homepage": ()},
        {"github_homepage": (PAGE,)},
    ):
        nights.night(pointing(REPOSITORY, **told))
    nights.night(missing(REPOSITORY))
    rows = nights.rows("SELECT url, source, from_run_id, until_run_id FROM pointers ORDER BY id")
    assert sorted(rows) == sorted(
        [
            (PAPER, "github-homepage", 1, 4),
            (MODEL, "github-description", 1, None),
            (PAGE, "github-homepage", 5, None),
        ]
    )
    assert nights.rows("SELECT to_url, leg FROM connections ORDER BY to_url") == [
        (PAGE, "page"),
        (MODEL, "model"),
    ]


@pytest.mark.parametrize(
    ("listed", "telling", "expected"),
    [
        (REPOSITORY, pointing(REPOSITORY, github_homepage=(PAPER,)), ("paper", PAPER, "github-homepage")),
        (MODEL, look(MODEL, facts={"arxiv_ids": ["2305.15334"]}), ("paper", PAPER, "huggingface-tags")),
        (PAPER, pointing(PAPER, arxiv_comment=(REPOSITORY,)), ("code", REPOSITORY, "arxiv-comment")),
        (PAPER, pointing(PAPER, huggingface_papers=(MODEL,)), ("model", MODEL, "huggingface-papers")),
    ],
    ids=["homepage", "tag", "comment", "papers"],
)
def test_an_entry_that_lacks_a_leg_gets_it_proposed(
    nights: Nights, listed: str, telling: Any, expected: tuple[str, str, str]
) -> None:
    nights.catalog = catalog(entry("a", listed))
    nights.night(telling)
    leg, url, source = expected
    assert proposed(nights) == [("list/a", leg, url, source, 1)]
    nights.catalog = catalog(entry("a", listed, url))
    nights.night(telling)
    assert proposed(nights) == []


def test_from_the_other_side(nights: Nights) -> None:
    """The paper says nothing; a model of another entry names it."""
    nights.catalog = catalog(entry("paper", PAPER), entry("model", MODEL), entry("other", OTHER_MODEL))
    nights.night(
        look(PAPER, facts={"title": "A paper"}),
        look(MODEL, facts={"arxiv_ids": ["2305.15334"]}),
        look(OTHER_MODEL, facts={"arxiv_ids": ["2305.15334"]}),
    )
    assert [row for row in proposed(nights) if row[0] == "list/paper"] == [
        ("list/paper", "model", MODEL, "huggingface-tags", 2),
        ("list/paper", "model", OTHER_MODEL, "huggingface-tags", 2),
    ]


def test_what_is_not_proposed(nights: Nights) -> None:
    base = look(MODEL, facts={"base_models": ["owner/other"], "arxiv_ids": []})
    articles = [mention(REPOSITORY, Role.ARTICLE)]
    nights.catalog = catalog(entry("a", MODEL), _with(entry("b"), articles), entry("c", PAPER))
    nights.night(base, pointing(REPOSITORY, github_homepage=(PAPER,)))
    assert nights.rows("SELECT leg, to_url FROM connections WHERE leg = 'base-model'") == [
        ("base-model", OTHER_MODEL)
    ]
    assert [row[0] for row in proposed(nights)] == ["list/c"], "a base model or an article's paper is no leg"


def _with(made: Any, mentions: list[Any]) -> Any:
    return type(made)(made.id, made.name, made.kind, made.document, mentions=tuple(mentions))


def test_a_dead_thing_is_not_proposed(nights: Nights) -> None:
    nights.catalog = catalog(entry("a", REPOSITORY), entry("b", PAPER))
    for _ in range(5):
        nights.night(pointing(REPOSITORY, github_homepage=(PAPER,)), missing(PAPER))
    assert [row for row in proposed(nights) if row[0] == "list/a"] == []


# --- names and identity ---


def test_names_are_dated_aliases_of_the_hosts_id(nights: Nights) -> None:
    for name in ("owner/name", "owner/name", "owner/renamed"):
        nights.night(look(REPOSITORY, host_id="7", facts={"full_name": name}))
    rows = nights.rows(
        "SELECT name, told_by, since, until FROM aliases WHERE host_id = '7' ORDER BY since, told_by"
    )
    assert rows == [
        ("owner/name", "catalog", "2026-11-02T02:30:00Z", None),
        ("owner/name", "host", "2026-11-02T02:31:00Z", "2026-11-04T02:30:00Z"),
        ("owner/renamed", "host", "2026-11-04T02:30:00Z", None),
    ]


def test_a_name_that_a_stranger_took_ends(nights: Nights) -> None:
    nights.night(look(REPOSITORY, host_id="7", facts={"full_name": "owner/name"}))
    nights.night(look(REPOSITORY, host_id="8", facts={"full_name": "owner/name", "stars": 3}))
    assert nights.rows("SELECT until FROM aliases WHERE told_by = 'catalog'") == [("2026-11-03T02:31:00Z",)]


def test_what_is_gone_keeps_its_last_good_facts(nights: Nights) -> None:
    told = {"full_name": "owner/name", "license": "MIT", "stars": 12, "archived": False}
    nights.night(pointing_with(told))
    for _ in range(6):
        nights.night(missing(REPOSITORY))
    with nights.history() as history:
        snapshot = history.link(REPOSITORY)
        (listed,) = history.entries()
    assert snapshot is not None
    assert snapshot.health.state.value == "dead"
    assert snapshot.facts == told
    assert snapshot.facts_observed_at is not None
    assert snapshot.facts_observed_at.isoformat() == "2026-11-02T02:31:00+00:00"
    assert listed.observed == {"license": "MIT", "stars": 12}
    assert nights.rows("SELECT name, until FROM aliases WHERE told_by = 'host'") == [("owner/name", None)]
    assert nights.rows("SELECT to_url FROM connections") == [(PAPER,)]


def pointing_with(facts: dict[str, Any]) -> Any:
    return look(REPOSITORY, host_id="7", facts=facts, pointers={"github-homepage": (PAPER,)})
