"""Stated licences against what hosts tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.licenses.stated import parse_stated_license
from crawler.records import TargetKind
from crawler.verdicts.licenses import (
    HostLicense,
    LicenseLink,
    OwnRepository,
    compare_license_link,
    compare_licenses,
    is_same_license,
)

CODE = TargetKind.GITHUB_REPO
WEIGHTS = TargetKind.HUGGINGFACE_MODEL
DATA = TargetKind.HUGGINGFACE_DATASET
SPACE = TargetKind.HUGGINGFACE_SPACE


def conflicts(
    stated: str, *told: tuple[TargetKind, str], has_weights: bool = True
) -> list[tuple[str, str, str | None]]:
    hosts = [HostLicense(f"https://x.example/{index}", *each) for index, each in enumerate(told)]
    found = compare_licenses(parse_stated_license(stated), hosts, has_weights=has_weights)
    return [(each.verdict.field, each.verdict.observed, each.verdict.reason) for each in found]


@pytest.mark.parametrize(
    ("stated", "told"),
    [
        pytest.param("Apache-2.0 license", [(CODE, "Apache-2.0")], id="same"),
        pytest.param("GPL-3.0", [(CODE, "GPL-3.0-or-later")], id="hosts leave only or later open"),
        pytest.param("Apache", [(CODE, "Apache-2.0")], id="the list leaves the version open"),
        pytest.param("CC BY 4.0", [(DATA, "LicenseRef-cc")], id="the host leaves the member open"),
        pytest.param("MIT", [(CODE, "MIT"), (WEIGHTS, "LicenseRef-llama2")], id="one of two agrees"),
        pytest.param("MIT", [(CODE, "MIT AND Apache-2.0")], id="one of a card's several"),
        pytest.param("MIT", [(CODE, "NOASSERTION")], id="a file nobody recognised"),
        pytest.param("MIT", [(CODE, "Apache-2.0"), (WEIGHTS, "NOASSERTION")], id="it may be the other file"),
        pytest.param("MIT", [(SPACE, "Apache-2.0")], id="a demo"),
        pytest.param("license", [(CODE, "MIT")], id="no licence is named"),
        pytest.param("MIT", [], id="nothing is told"),
        pytest.param("RAIL License v1.0", [(WEIGHTS, "LicenseRef-bigscience-bloom-rail-1.0")], id="rail"),
        pytest.param("数据CC BY-NC 4.0", [(CODE, "MIT"), (WEIGHTS, "MIT")], id="of the data only"),
        pytest.param(
            "代码Apache 2.0，数据CC BY-NC 4.0，模型权重GNU AGPL 3.0",
            [(CODE, "Apache-2.0"), (WEIGHTS, "AGPL-3.0")],
            id="each as stated",
        ),
        pytest.param("可商用", [(WEIGHTS, "Apache-2.0")], id="commercial use is allowed"),
        pytest.param("可商用", [(CODE, "CC-BY-NC-4.0")], id="the code is not what is used"),
        pytest.param("可商用，需申请", [(WEIGHTS, "CC-BY-NC-4.0")], id="on request"),
    ],
)
def test_no_conflict(stated: str, told: list[tuple[TargetKind, str]]) -> None:
    assert conflicts(stated, *told) == []


@pytest.mark.parametrize(
    ("stated", "told", "field", "reason"),
    [
        pytest.param("MIT", [(CODE, "Apache-2.0")], "license", "code against licence of weights", id="code"),
        pytest.param(
            "MIT", [(WEIGHTS, "CC-BY-NC-4.0")], "license", "tells that of the weights", id="weights"
        ),
        pytest.param("MIT", [(CODE, "NONE")], "license", "no licence file", id="none"),
        pytest.param("MIT", [(CODE, "GPL-3.0"), (WEIGHTS, "GPL-3.0")], "license", None, id="both"),
        pytest.param("CC BY 4.0", [(DATA, "CC-BY-NC-4.0")], "license", "", id="another creative commons"),
        pytest.param(
            "代码MIT，模型权重CC BY-NC 4.0",
            [(WEIGHTS, "MIT")],
            "license.weights",
            "stated for the code",
            id="the host says the code's",
        ),
        pytest.param(
            "免费商用",
            [(WEIGHTS, "CC-BY-NC-4.0")],
            "license.permission",
            "forbids commercial",
            id="permission",
        ),
    ],
)
def test_conflicts(stated: str, told: list[tuple[TargetKind, str]], field: str, reason: str | None) -> None:
    ((found_field, observed, found),) = conflicts(stated, *told)
    assert (found_field, observed) == (field, told[0][1])
    assert (found is None) if reason is None else (found is not None and reason in found)


def test_a_tool_has_no_weights_to_explain_it() -> None:
    assert conflicts("MIT", (CODE, "GPL-3.0"), has_weights=False) == [("license", "GPL-3.0", None)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("MIT", "Apache-2.0"),
        ("GPL-2.0", "GPL-3.0"),
        ("LGPL-3.0", "GPL-3.0"),
        ("LicenseRef-gpl", "LGPL-3.0"),
        ("LicenseRef-cc-by", "CC-BY-NC-4.0"),
        ("CC-BY-NC-4.0", "CC-BY-NC-SA-4.0"),
        ("MIT", "NONE"),
    ],
)
def test_different_licenses(one: str, other: str) -> None:
    assert not is_same_license(one, other)
    assert not is_same_license(other, one)


@given(st.sampled_from(["MIT", "Apache-2.0", "GPL-3.0", "LicenseRef-llama2", "CC-BY-4.0", "LicenseRef-cc"]))
def test_a_license_is_itself(name: str) -> None:
    assert is_same_license(name, name)
    assert is_same_license(name.lower(), name)


OWN = OwnRepository("facebookresearch/llama", "meta-llama/llama", "601538369")


@pytest.mark.parametrize(
    ("link", "own", "standing"),
    [
        pytest.param(LicenseLink("u", "tatsu-lab/stanford_alpaca"), [OWN], "conflicts", id="another project"),
        pytest.param(LicenseLink("u", "FacebookResearch/LLaMA"), [OWN], "agrees", id="its own"),
        pytest.param(LicenseLink("u", "meta-llama/llama"), [OWN], "agrees", id="its own, renamed"),
        pytest.param(LicenseLink("u", "old/name", "601538369"), [OWN], "agrees", id="by the host's id"),
        pytest.param(LicenseLink("u", "facebookresearch/metaseq"), [OWN], "agrees", id="of the same owner"),
        pytest.param(LicenseLink("u", "a/b"), [], "open", id="no repository to compare with"),
        pytest.param(
            LicenseLink("https://creativecommons.org/licenses/by/4.0/", "a/b"), [OWN], "open", id="its text"
        ),
    ],
)
def test_where_license_links_lead(link: LicenseLink, own: list[OwnRepository], standing: str) -> None:
    assert compare_license_link(link, own).standing.value == standing
