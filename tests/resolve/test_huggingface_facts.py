from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.records import TargetKind
from crawler.resolve.huggingface.facts import read_owner_facts, read_repository_facts

MODEL = TargetKind.HUGGINGFACE_MODEL
DATASET = TargetKind.HUGGINGFACE_DATASET
SPACE = TargetKind.HUGGINGFACE_SPACE

# The shape of a real answer, with made-up values.
ANSWER: dict[str, Any] = {
    "_id": "621ffdc036468d709f174338",
    "id": "made-up/model-7b",
    "cardData": {"license": "apache-2.0", "language": ["zh"]},
    "disabled": False,
    "downloads": 1234,
    "gated": "manual",
    "lastModified": "2023-07-21T14:12:33.000Z",
    "library_name": "transformers",
    "likes": 56,
    "pipeline_tag": "text-generation",
    "safetensors": {"parameters": {"BF16": 7_000_000_001}, "total": 7_000_000_001},
    "sha": "0e9e39f249a16976918f6564b8830bc894c89659",
    "tags": [
        "transformers",
        "license:apache-2.0",
        "arxiv:2305.14314",
        "arxiv:1910.09700",
        "base_model:made-up/base",
        "base_model:finetune:made-up/base",
        "base_model:quantized:made-up/other",
        "region:us",
    ],
}


def test_facts_of_a_model() -> None:
    facts = read_repository_facts(MODEL, ANSWER)
    counts = facts.pop("parameter_counts")
    assert [count["method"] for count in counts] == ["safetensors", "name"]
    assert facts == {
        "full_name": "made-up/model-7b",
        "host_id": "621ffdc036468d709f174338",
        "license": "Apache-2.0",
        "gated": "manual",
        "disabled": False,
        "downloads": 1234,
        "likes": 56,
        "last_modified": "2023-07-21T14:12:33.000Z",
        "revision": "0e9e39f249a16976918f6564b8830bc894c89659",
        "pipeline_tag": "text-generation",
        "library_name": "transformers",
        "base_models": ["made-up/base", "made-up/other"],
        "arxiv_ids": ["2305.14314", "1910.09700"],
        "parameter_count": 7_000_000_001,
        "parameter_method": "safetensors",
    }


@pytest.mark.parametrize("kind", [DATASET, SPACE], ids=str)
def test_datasets_and_spaces_have_the_shorter_list(kind: TargetKind) -> None:
    assert list(read_repository_facts(kind, ANSWER)) == [
        "full_name",
        "host_id",
        "license",
        "gated",
        "disabled",
        "downloads",
        "likes",
        "last_modified",
        "revision",
    ]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param(
            {"tags": ["license:other"], "cardData": {"license_name": "yi"}}, "LicenseRef-yi", id="named"
        ),
        pytest.param({"tags": ["license:other"], "cardData": None}, "NOASSERTION", id="other without a name"),
        pytest.param({"tags": ["license:mit"]}, "MIT", id="tag without card"),
        pytest.param({"tags": [], "cardData": {"license": ["mit"]}}, "MIT", id="card without tag"),
        pytest.param({"tags": ["license:mit", "license:gpl-3.0"]}, "MIT AND GPL-3.0", id="two"),
        pytest.param({"tags": ["region:us"], "cardData": {}}, None, id="not told"),
        pytest.param({"tags": "license:mit"}, None, id="tags of a wrong type"),
        pytest.param({"cardData": {"license": 7}}, None, id="a number for a license"),
    ],
)
def test_licenses_of_cards(told: dict[str, Any], expected: str | None) -> None:
    assert read_repository_facts(MODEL, {"id": "a/b", **told}).get("license") == expected


def test_what_is_not_told_is_absent() -> None:
    assert read_repository_facts(MODEL, {"id": "a/b"}) == {"full_name": "a/b"}


def test_tags_without_papers_are_told_to_have_none() -> None:
    facts = read_repository_facts(MODEL, {"id": "a/b", "tags": ["region:us"]})
    assert (facts["arxiv_ids"], facts["base_models"]) == ([], [])


@pytest.mark.parametrize(
    ("tags", "base", "expected"),
    [
        pytest.param([], "x/y", ["x/y"], id="by the configuration only"),
        pytest.param(None, "x/y", ["x/y"], id="no tags told"),
        pytest.param(["base_model:x/y", "base_model:adapter:x/y"], "x/y", ["x/y"], id="once"),
        pytest.param(["base_model:adapter:x/z"], "x/y", ["x/z", "x/y"], id="tags first"),
        pytest.param([], "/home/me/llama", [], id="a folder"),
        pytest.param([], "../llama", [], id="a folder nearby"),
        pytest.param([], ["x/y"], [], id="wrong type"),
        pytest.param(None, None, None, id="nothing told"),
    ],
)
def test_base_models(tags: list[str] | None, base: Any, expected: list[str] | None) -> None:
    answer = {"id": "a/b", "tags": tags, "config": {"peft": {"base_model_name_or_path": base}}}
    assert read_repository_facts(MODEL, answer).get("base_models") == expected


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("downloads", -1),
        ("downloads", "12"),
        ("likes", True),
        ("likes", 1.5),
        ("gated", 3),
        ("disabled", "no"),
        ("lastModified", "yesterday"),
        ("sha", {}),
        ("_id", 5),
        ("tags", [1, None, {}]),
    ],
)
def test_a_wrong_type_is_not_told(field: str, value: Any) -> None:
    names = {"lastModified": "last_modified", "sha": "revision", "_id": "host_id", "tags": "license"}
    facts = read_repository_facts(MODEL, {**ANSWER, "cardData": None, field: value})
    assert names.get(field, field) not in facts
    assert facts["full_name"] == "made-up/model-7b"


@pytest.mark.parametrize(
    ("overview", "expected"),
    [
        pytest.param(
            {"user": "someone", "fullname": "Some One", "type": "user"},
            {"login": "someone", "name": "Some One", "type": "user"},
            id="user",
        ),
        pytest.param(
            {"name": "some-org", "fullname": "Some Org", "type": "org"},
            {"login": "some-org", "name": "Some Org", "type": "organization"},
            id="organization",
        ),
        pytest.param(
            {"name": "bare"}, {"login": "bare", "type": "organization"}, id="organization that tells little"
        ),
    ],
)
def test_facts_of_owners(overview: dict[str, Any], expected: dict[str, str]) -> None:
    assert read_owner_facts(overview) == expected


@given(
    st.dictionaries(
        st.sampled_from(sorted(ANSWER)),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=6,
        ),
    )
)
def test_no_json_is_too_strange(answer: dict[str, Any]) -> None:
    for kind in (MODEL, DATASET, SPACE):
        assert None not in read_repository_facts(kind, answer).values()
