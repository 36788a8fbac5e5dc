"""Stated parameter counts as numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.verdicts.counts import parse_stated_counts

B = 10**9


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("7B", [7 * B]),
        ("7b", [7 * B]),
        ("13 B", [13 * B]),
        ("6 billion", [6 * B]),
        ("20 Billion", [20 * B]),
        ("124M", [124_000_000]),
        ("6.7b", [6_700_000_000]),
        ("1B5", [1_500_000_000]),
        ("7b1", [7_100_000_000]),
        ("62亿", [6_200_000_000]),
        ("1300亿", [130 * B]),
        ("1,300亿", [130 * B]),
        ("1.5万亿", [1500 * B]),
        ("1500万", [15_000_000]),
        ("1.11亿", [111_000_000]),
        ("7B/13B/33B/65B", [7 * B, 13 * B, 33 * B, 65 * B]),
        ("70亿、130亿和700亿", [7 * B, 13 * B, 70 * B]),
        ("llama-7b", [7 * B]),
        ("llama-2-7b-hf", [7 * B]),
        ("openbuddy-llama2-13b-v8.1-fp16", [13 * B]),
        ("8x7B", [56 * B]),
        ("Mixtral-8x22B-v0.1", [176 * B]),
        ("Qwen3-235B-A22B", [235 * B, 22 * B]),
        ("65", [65 * B]),
        ("6738415616", [6_738_415_616]),
        ("7B, 7B", [7 * B]),
    ],
)
def test_sizes(text: str, sizes: list[int]) -> None:
    found = parse_stated_counts(text)
    assert [size.low for size in found] == [size.high for size in found] == sizes


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("0.06 - 11", 60_000_000, 11 * B),
        ("7B-65B", 7 * B, 65 * B),
        ("7-13B", 7 * B, 13 * B),
        ("70亿到700亿", 7 * B, 70 * B),
        ("125M ~ 1.3B", 125_000_000, 1_300_000_000),
    ],
)
def test_ranges(text: str, low: int, high: int) -> None:
    (found,) = parse_stated_counts(text)
    assert (found.low, found.high) == (low, high)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "multi",
        "gpt-3",
        "2048",
        "2023",
        "1e9",
        "0B",
        "0",
        "v1.5",
        "4bit",
        "B",
        "亿",
        "32 Bits",
        "a7Bc",
        "-",
    ],
)
def test_what_is_no_size(text: str) -> None:
    assert parse_stated_counts(text) == ()


@pytest.mark.parametrize(
    ("text", "count", "agrees"),
    [
        pytest.param("7B", 6_738_415_616, True, id="llama"),
        pytest.param("7B", 8_537_680_896, True, id="gemma counts its embeddings"),
        pytest.param("6B", 6_243_584_000, True, id="chatglm"),
        pytest.param("176B", 176_247_271_424, True, id="bloom"),
        pytest.param("7B", 13_015_864_320, False, id="another size"),
        pytest.param("7B", 1_000_000_000, False, id="packed words"),
        pytest.param("8x7B", 46_702_792_704, True, id="mixtral"),
        pytest.param("8x22B", 140_630_071_296, True, id="larger mixtral"),
        pytest.param("8x7B", 7_000_000_000, False, id="one expert"),
        pytest.param("0.06 - 11", 770_000_000, True, id="within a range"),
        pytest.param("0.06 - 11", 40_000_000_000, False, id="beyond a range"),
    ],
)
def test_tolerance(text: str, count: int, agrees: bool) -> None:
    assert any(size.accepts(count) for size in parse_stated_counts(text)) is agrees


def test_active_parameters_are_told_apart() -> None:
    total, active = parse_stated_counts("Qwen3-235B-A22B")
    assert (total.is_active, active.is_active) == (False, True)


@given(st.integers(1, 999), st.sampled_from(["M", "B", "亿", "万亿", " billion", "m", "b"]))
def test_a_size_accepts_itself(number: int, unit: str) -> None:
    (size,) = parse_stated_counts(f"{number}{unit}")
    assert size.accepts(size.low)
    assert not size.accepts(size.low * 2)
    assert parse_stated_counts(f"some-model-{number}{unit}") == (size,)


@given(st.text(alphabet=st.sampled_from("0123456789.-~/xXBbMmAa亿万千 to,、"), max_size=30))
def test_no_text_is_too_strange(text: str) -> None:
    for size in parse_stated_counts(text):
        assert 0 < size.low <= size.high
        assert size.accepts_from <= size.accepts_to
