"""Change events of a run, with both values and who told them."""

from __future__ import annotations

from typing import Any

import pytest

from crawler.records import Observation, Outcome, Reason

from .conftest import PAGE, REPOSITORY, Nights, catalog, entry, look, missing

MODEL = "https://huggingface.co/owner/model"


def changes(nights: Nights, run: int) -> list[tuple[Any, ...]]:
    return nights.rows(
        "SELECT kind, before, after, source_before, source_after FROM changes WHERE run_id = ? ORDER BY kind",
        [run],
    )


def size(count: int, method: str = "safetensors") -> Observation:
    return look(MODEL, facts={"parameter_count": count, "parameter_method": method})


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (
            look(MODEL, facts={"license": "MIT"}),
            look(MODEL, facts={"license": "Apache-2.0"}),
            [("license-changed", "MIT", "Apache-2.0", "huggingface", "huggingface")],
        ),
        (size(7), size(8), [("size-changed", "7", "8", "huggingface", "huggingface")]),
        (size(7), size(7), []),
        (look(MODEL, facts={"license": "MIT"}), size(8), []),
        (
            look(MODEL, facts={"gated": False}),
            look(MODEL, facts={"gated": "auto"}),
            [("gated", "false", "auto", "huggingface", "huggingface")],
        ),
        (
            look(MODEL, facts={"withdrawn": False}),
            look(MODEL, facts={"withdrawn": True}),
            [("withdrawn", "false", "true", "huggingface", "huggingface")],
        ),
        (
            look(MODEL, facts={"archived": False}),
            look(MODEL, facts={"archived": True}),
            [("archived", "false", "true", "huggingface", "huggingface")],
        ),
        (
            look(MODEL),
            look(MODEL, Outcome.MOVED, Reason.RENAMED, suggested_url=PAGE),
            [("moved", None, PAGE, None, None)],
        ),
        (missing(MODEL), look(MODEL), [("recovered", "suspect", "healthy", None, None)]),
    ],
    ids=[
        "licence",
        "size",
        "same-size",
        "first-size",
        "gated",
        "withdrawn",
        "archived",
        "moved",
        "recovered",
    ],
)
def test_what_changed(
    nights: Nights, first: Observation, second: Observation, told: list[tuple[Any, ...]]
) -> None:
    nights.catalog = catalog(entry("a", MODEL))
    nights.night(first)
    assert ("new", None, "huggingface_model", None, None) in changes(nights, 1)
    nights.night(second)
    assert changes(nights, 2) == told


def test_another_way_of_counting_is_said(nights: Nights) -> None:
    nights.catalog = catalog(entry("a", MODEL))
    nights.night(size(7, "name"))
    (event,) = nights.night(size(8))
    assert event.detail == "name → safetensors"


def test_a_death_and_a_new_link(nights: Nights) -> None:
    nights.catalog = catalog(entry("a", PAGE))
    for _ in range(3):
        nights.night(missing(PAGE))
    nights.catalog = catalog(entry("a", PAGE), entry("b", REPOSITORY))
    nights.night(missing(PAGE))
    assert [row[:3] for row in changes(nights, 4)] == [
        ("died", "suspect", "dead"),
        ("new", None, "github_repo"),
    ]


def test_licences_as_a_timeline(nights: Nights) -> None:
    for license_ in ("MIT", "MIT", "0BSD"):
        nights.night(look(REPOSITORY, facts={"license": license_}))
    assert nights.rows("SELECT license, since, until, source FROM license_history ORDER BY since") == [
        ("MIT", "2026-11-02T02:31:00Z", "2026-11-04T02:30:00Z", "github"),
        ("0BSD", "2026-11-04T02:30:00Z", None, "github"),
    ]
