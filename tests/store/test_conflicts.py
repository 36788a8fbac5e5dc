"""Findings where the list and the hosts differ: opened, closed, settled by a maintainer's word."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from crawler.records import Entry, EntryKind, Override, Role, Stated
from crawler.store.conflicts import TELLING
from crawler.verdicts.licenses import COMPONENT_OF

from .conftest import REPOSITORY, Nights, catalog, entry, look, mention

MODEL = "https://huggingface.co/owner/model-7b"
FOREIGN = "https://github.com/stranger/thing/blob/main/LICENSE"
OWN = "https://github.com/owner/name/blob/main/LICENSE"


def stating(*urls: str, license: str | None = None, parameters: tuple[str, ...] = ()) -> Entry:  # noqa: A002
    return replace(entry("model", *urls), stated=Stated(license, parameters))


def conflicts(nights: Nights) -> list[tuple[Any, ...]]:
    return nights.rows(
        "SELECT kind, field, url, stated, observed FROM open_findings"
        " WHERE kind IN ('license-conflict', 'parameter-conflict', 'joke-or-stub') ORDER BY kind, field"
    )


def test_a_license_conflict_opens_and_closes(nights: Nights) -> None:
    nights.catalog = catalog(stating(REPOSITORY, license="Apache-2.0 license"))
    nights.night(look(REPOSITORY, facts={"license": "Apache-2.0"}))
    assert conflicts(nights) == []
    nights.night(look(REPOSITORY, facts={"license": "MIT"}))
    assert conflicts(nights) == [("license-conflict", "license", REPOSITORY, "Apache-2.0 license", "MIT")]
    nights.night()
    nights.catalog = catalog(stating(REPOSITORY, license="MIT license"))
    nights.night()
    assert conflicts(nights) == []
    assert nights.rows(
        "SELECT opened_run_id, closed_run_id FROM findings WHERE kind = 'license-conflict'"
    ) == [(2, 4)]


def test_every_kind_of_link_whose_licence_is_compared_is_read() -> None:
    assert set(COMPONENT_OF) <= set(TELLING)


def test_a_size_conflict(nights: Nights) -> None:
    nights.catalog = catalog(stating(MODEL, parameters=("13B", "65B")))
    nights.night(look(MODEL, facts={"full_name": "owner/model-7b", "parameter_count": 6_738_415_616}))
    assert conflicts(nights) == [("parameter-conflict", "parameter_count", MODEL, "13B, 65B", "6738415616")]
    nights.catalog = catalog(stating(MODEL, parameters=("7B", "13B")))
    nights.night()
    assert conflicts(nights) == []


@pytest.mark.parametrize(
    ("field", "value"), [("license", "MIT"), ("parameter_count", 6_738_415_616)], ids=str
)
def test_a_maintainers_word_settles_one_field(nights: Nights, field: Any, value: str | int) -> None:
    both = stating(MODEL, license="MIT", parameters=("13B",))
    facts = {"license": "CC-BY-NC-4.0", "parameter_count": 6_738_415_616}
    nights.catalog = catalog(both, overrides=(Override("list/model", field, value, "asked the authors"),))
    nights.night(look(MODEL, facts=facts))
    left = {row[1] for row in conflicts(nights)}
    assert left == {"license", "parameter_count"} - {field}


@pytest.mark.parametrize(("link", "found"), [(FOREIGN, True), (OWN, False)], ids=["foreign", "own"])
def test_where_a_license_link_leads(nights: Nights, link: str, found: bool) -> None:
    nights.catalog = catalog(
        replace(entry("model"), mentions=(mention(REPOSITORY), mention(link, Role.LICENSE)))
    )
    nights.night(look(REPOSITORY, facts={"full_name": "owner/name"}))
    expected = [("license-conflict", "license_link", FOREIGN, FOREIGN, "owner/name")]
    assert conflicts(nights) == (expected if found else [])


def test_a_joke(nights: Nights) -> None:
    nights.night(look(REPOSITORY, facts={"description": "Just a joke"}))
    assert conflicts(nights) == [("joke-or-stub", "description", REPOSITORY, None, "Just a joke")]
    nights.night(look(REPOSITORY, facts={"description": "Serious now"}))
    assert conflicts(nights) == []


def test_what_stands_on_the_documents_own_page_is_not_compared(nights: Nights) -> None:
    nights.catalog = catalog(replace(stating(REPOSITORY, license="MIT"), kind=EntryKind.PAGE))
    nights.night(look(REPOSITORY, facts={"license": "Apache-2.0"}))
    assert conflicts(nights) == []


def test_what_is_only_mentioned_is_not_compared(nights: Nights) -> None:
    """An article's or a data link's licence is not the project's."""
    nights.catalog = catalog(
        replace(
            stating(license="MIT"), mentions=(mention(REPOSITORY, Role.ARTICLE), mention(MODEL, Role.DATA))
        )
    )
    nights.night(look(REPOSITORY, facts={"license": "Apache-2.0"}), look(MODEL, facts={"license": "GPL-3.0"}))
    assert conflicts(nights) == []
