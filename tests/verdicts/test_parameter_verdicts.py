"""Stated sizes against counted checkpoints."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.verdicts.parameters import Checkpoint, compare_parameters
from crawler.verdicts.verdict import Standing

LLAMA = 6_738_415_616


def judge(
    stated: list[str], count: int | None, name: str = "a/model", **facts: Any
) -> tuple[str, str | None]:
    told = {"full_name": name, "parameter_count": count, **facts}
    verdict = compare_parameters(stated, Checkpoint.of_facts(told, name))
    return verdict.standing.value, verdict.reason


@pytest.mark.parametrize(
    ("stated", "count"),
    [
        (["7B"], LLAMA),
        (["7B", "13B", "65B"], LLAMA),
        (["7B/13B"], 13_015_864_320),
        (["70亿"], LLAMA),
        (["0.06 - 11"], 3_000_000_000),
    ],
    ids=str,
)
def test_agreement(stated: list[str], count: int) -> None:
    assert judge(stated, count) == ("agrees", None)


def test_the_active_parameters_of_a_mixture_may_be_stated() -> None:
    active = {"value": 22_000_000_000, "method": "name", "label": "active"}
    found = judge(["22B"], 235_093_634_560, parameter_counts=[active])
    assert found == ("agrees", "the active parameters are stated")


@pytest.mark.parametrize(
    ("stated", "count", "facts"),
    [
        pytest.param(["7B"], None, {}, id="nothing is counted"),
        pytest.param(["large"], LLAMA, {}, id="no size is stated"),
        pytest.param([], LLAMA, {}, id="nothing is stated"),
        pytest.param(["7B"], 70_000_000_000, {"parameter_method": "name"}, id="only the name claims a size"),
        pytest.param(
            ["7B"],
            4_194_304,
            {"parameter_counts": [{"value": 4_194_304, "method": "safetensors", "label": "adapter"}]},
            id="an adapter",
        ),
    ],
)
def test_too_little_is_told(stated: list[str], count: int | None, facts: dict[str, Any]) -> None:
    assert judge(stated, count, **facts)[0] == "open"


@pytest.mark.parametrize(
    ("stated", "count", "name", "facts", "reason"),
    [
        pytest.param(["7B"], 1_128_000_000, "a/m", {}, "packing", id="four bits in 32-bit words"),
        pytest.param(["70B"], 36_000_000_000, "a/m", {}, "packing", id="four bits in bytes"),
        pytest.param(["6B"], 12_000_000_000, "a/dolly-v2-12b", {}, "another size", id="other checkpoint"),
        pytest.param(
            ["13B"], 300_000_000, "a/m", {"base_models": ["x/llama-13b"]}, "base model", id="the base's size"
        ),
        pytest.param(["7B"], 4_194_304, "a/m", {}, "hundredth", id="a part"),
        pytest.param(["124M"], 163_037_184, "a/m", {}, "tied output layer", id="gpt2 with its head"),
        pytest.param(["7B"], 30_000_000_000, "a/m", {}, None, id="nobody knows why"),
    ],
)
def test_conflicts_and_their_reasons(
    stated: list[str], count: int, name: str, facts: dict[str, Any], reason: str | None
) -> None:
    standing, found = judge(stated, count, name, **facts)
    assert standing == "conflicts"
    assert (found is None) if reason is None else (found is not None and reason in found)


@given(st.lists(st.sampled_from(["7B", "13B", "62亿", "1.5万亿", "x"]), min_size=1), st.integers(1, 10**13))
def test_one_agreeing_size_is_enough(stated: list[str], count: int) -> None:
    checkpoint = Checkpoint("a/m", count)
    alone = {compare_parameters([each], checkpoint).standing for each in stated}
    together = compare_parameters(stated, checkpoint).standing
    assert (together is Standing.AGREES) == (Standing.AGREES in alone)
