"""Parameter counts; real totals of public models where a comment names the revision, others made up."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.resolve.huggingface.parameters import read_parameter_facts

REVISION = "86b5e0934494bd15c9632b12f734a8a67f723594"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def weights(total: int | None, **table: int) -> dict[str, Any]:
    return {"parameters": table} | ({} if total is None else {"total": total})


@pytest.mark.parametrize(
    ("model", "name", "count", "method"),
    [
        pytest.param(
            {"safetensors": weights(110_106_428, F32=110_106_428)},
            "google-bert/bert-base-uncased",  # 86b5e09
            110_106_428,
            "safetensors",
            id="total and table agree",
        ),
        pytest.param(
            {"safetensors": weights(124_697_947, F32=124_697_433, I64=514)},
            "FacebookAI/roberta-base",  # e2da8e2
            124_697_947,
            "safetensors",
            id="an index tensor among the weights",
        ),
        pytest.param(
            {"safetensors": weights(333_312, BF16=7_600_000_000)},
            "a/b",
            None,
            None,
            id="contradicted total",
        ),
        pytest.param({"safetensors": weights(None, F16=5_000)}, "a/b", 5_000, "safetensors", id="table only"),
        pytest.param({"safetensors": {"total": 5_000}}, "a/b", 5_000, "safetensors", id="total only"),
        pytest.param(
            {"safetensors": weights(3_000, I32=2_000, F16=1_000)}, "a/b", None, None, id="packed by its table"
        ),
        pytest.param(
            {"safetensors": weights(3_000, F16=3_000), "tags": ["gptq"]},
            "a/b",
            None,
            None,
            id="packed by tag",
        ),
        pytest.param(
            {"safetensors": weights(3_000, F16=3_000), "library_name": "peft"},
            "a/b",
            None,
            None,
            id="adapter",
        ),
        pytest.param(
            {"safetensors": weights(3_000, F16=3_000), "tags": ["base_model:adapter:x/y"]},
            "a/b",
            None,
            None,
            id="adapter by tag",
        ),
        pytest.param(
            {"safetensors": weights(13_000, F16=13_000)}, "a/vicuna-13b-delta-v1", None, None, id="delta"
        ),
        pytest.param(
            {"gguf": {"total": 11_765_788_416, "architecture": "gemma3"}},
            "google/gemma-3-12b-it-qat-q4_0-gguf",
            11_765_788_416,
            "gguf",
            id="gguf",
        ),
        pytest.param(
            {"gguf": {"total": 9_000}, "safetensors": weights(1, I32=8_000)},
            "a/b",
            9_000,
            "gguf",
            id="next best",
        ),
        pytest.param(
            {"gguf": {"total": 9_000}, "tags": ["4-bit"]}, "a/b", 9_000, "gguf", id="gguf is unpacked"
        ),
        pytest.param({}, "EleutherAI/gpt-j-6b", 6_000_000_000, "name", id="a name where nothing is better"),
        pytest.param(
            {"safetensors": weights(333_312, BF16=70_000)}, "a/b-7b", 7_000_000_000, "name", id="name at last"
        ),
        pytest.param({"gguf": {"total": 9_000}}, "a/b-7b", 9_000, "gguf", id="any measure before the name"),
        pytest.param({"library_name": "peft"}, "a/b-7b", None, None, id="name of an adapter"),
        pytest.param({}, "a/alpaca-lora-7b", None, None, id="an adapter by name only"),
        pytest.param({}, "a/vicuna-13b-delta-v1", None, None, id="name of a delta"),
        pytest.param({"safetensors": weights(0, F16=0)}, "a/b", None, None, id="zero is not told"),
        pytest.param({"safetensors": {"total": "7B"}, "gguf": []}, "a/b", None, None, id="wrong types"),
        pytest.param({"safetensors": {"total": True}}, "a/b", None, None, id="true is no number"),
    ],
)
def test_the_count_that_is_believed(
    model: dict[str, Any], name: str, count: int | None, method: str | None
) -> None:
    facts = read_parameter_facts(model, name)
    assert facts.get("parameter_count") == count
    assert facts.get("parameter_method") == method


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("EleutherAI/gpt-j-6b", 6_000_000_000),
        ("nvidia/GPT-2B-001", 2_000_000_000),
        ("bigscience/bloom-7b1", 7_100_000_000),
        ("Langboat/bloom-1b4-zh", 1_400_000_000),
        ("IDEA-CCNL/Wenzhong2.0-GPT2-3.5B-chinese", 3_500_000_000),
        ("OpenBuddy/openbuddy-llama2-13b-v8.1-fp16", 13_000_000_000),
        ("facebook/opt-350m", 350_000_000),
        ("gpt2-xl", None),
        ("mistralai/Mixtral-8x7B-v0.1", None),
        ("a/draft-1b-for-70b", None),
        ("a/context-128k", None),
        ("7b/nothing", None),
        ("a/b-0b", None),
    ],
)
def test_sizes_that_names_claim(name: str, size: int | None) -> None:
    facts = read_parameter_facts({}, name)
    counts = facts.get("parameter_counts", [])
    assert facts.get("parameter_count") == size
    assert counts == ([] if size is None else [{"value": size, "method": "name", "confidence": "low"}])


def test_every_candidate_is_kept_with_its_revision_and_label() -> None:
    model = {
        "sha": REVISION,
        "safetensors": weights(2_000, I32=1_900, F16=100),
        "gguf": {"total": 7_000, "chat_template": "x" * 10_000},
    }
    assert read_parameter_facts(model, "a/b-7b") == {
        "parameter_count": 7_000,
        "parameter_method": "gguf",
        "parameter_counts": [
            {
                "value": 2_000,
                "method": "safetensors",
                "revision": REVISION,
                "confidence": "low",
                "label": "packed",
            },
            {
                "value": 1_900 * 8 + 100,
                "method": "unpacked",
                "revision": REVISION,
                "confidence": "low",
                "label": "packed",
            },
            {"value": 7_000, "method": "gguf", "revision": REVISION, "confidence": "medium"},
            {"value": 7_000_000_000, "method": "name", "confidence": "low"},
        ],
    }


@given(
    st.dictionaries(st.sampled_from(["safetensors", "gguf", "tags", "sha", "library_name"]), JSON), st.text()
)
def test_no_json_is_too_strange(model: dict[str, Any], name: str) -> None:
    facts = read_parameter_facts(model, name)
    assert facts.get("parameter_count", 1) > 0


B = 10**9
GPTQ = {"config": {"quantization_config": {"quant_method": "gptq", "bits": 4}}}


@pytest.mark.parametrize(
    ("model", "name", "count", "method"),
    [
        pytest.param(
            {"safetensors": weights(333_312, BF16=7_600_000_000), "usedStorage": 15_300_000_000},
            "a/b",
            7_600_000_000,
            "dtype-table",
            id="the files bear the table out",
        ),
        pytest.param(
            {"safetensors": weights(333_312, BF16=7_600_000_000), "usedStorage": 1_000_000_000},
            "a/b",
            None,
            None,
            id="the files bear nothing out",
        ),
        pytest.param(
            {"safetensors": {"total": 7 * B}, "usedStorage": 100_000_000},
            "a/b",
            None,
            None,
            id="more than the files could hold",
        ),
        pytest.param(
            {"gguf": {"total": 7 * B}, "usedStorage": 100_000_000}, "a/b", None, None, id="gguf likewise"
        ),
        pytest.param(
            {
                "safetensors": weights(None, BF16=463_375_600, U32=26_893_352_960),
                "tags": ["mlx", "4-bit"],
                "usedStorage": 15_000_000_000,
            },
            "mlx-community/some-27b",
            27_356_728_560,
            "safetensors",
            id="unpacked by the Hub already",
        ),
        pytest.param(
            {"safetensors": weights(None, I32=820_000_000, F16=310_000_000), **GPTQ},
            "a/llama-7b-gptq",
            6_870_000_000,
            "unpacked",
            id="words, as the name shows",
        ),
        pytest.param(
            {"safetensors": weights(None, I32=820_000_000, F16=310_000_000), **GPTQ},
            "a/llama-gptq",
            None,
            None,
            id="words or weights",
        ),
        pytest.param(
            {"safetensors": weights(None, F16=6_700_000_000), **GPTQ},
            "a/llama-7b-gptq",
            6_700_000_000,
            "safetensors",
            id="the name bears it out",
        ),
        pytest.param(
            {"safetensors": weights(7 * B, F16=7 * B), "tags": ["base_model:merge:x/y"]},
            "a/b",
            7 * B,
            "safetensors",
            id="a merge has the size of its parts",
        ),
        pytest.param(
            {"safetensors": weights(7 * B, F8_E4M3=7 * B), "tags": ["fp8"]},
            "a/b",
            7 * B,
            "safetensors",
            id="fp8 is a weight a byte",
        ),
        pytest.param(
            {"safetensors": weights(7 * B, F8_E4M3=7 * B, F8_E8M0=B // 4)},
            "a/b",
            7 * B,
            "safetensors",
            id="the table has exponents and the total has not",
        ),
        pytest.param(
            {"safetensors": weights(7 * B + B // 4, F8_E4M3=7 * B, F8_E8M0=B // 4)},
            "a/b",
            7 * B,
            "safetensors",
            id="exponents are no parameters",
        ),
        pytest.param(
            {"safetensors": weights(7 * B, U8=7 * B), "usedStorage": 100_000_000},
            "a/b",
            None,
            None,
            id="packed, and more than the files have bits",
        ),
    ],
)
def test_what_files_and_names_prove(
    model: dict[str, Any], name: str, count: int | None, method: str | None
) -> None:
    facts = read_parameter_facts(model, name)
    assert (facts.get("parameter_count"), facts.get("parameter_method")) == (count, method)


@pytest.mark.parametrize(
    ("model", "label"),
    [
        ({"tags": ["base_model:adapter:x/y-13b"]}, "adapter"),
        ({"tags": ["base_model:merge:x/y-13b", "base_model:merge:x/z"]}, "merge"),
        ({"config": {"peft": {"base_model_name_or_path": "x/y-13b"}}}, "adapter"),
        ({"library_name": "peft", "config": {"peft": {"base_model_name_or_path": "x/y-13b"}}}, "adapter"),
        ({"tags": ["base_model:quantized:x/y-13b", "awq"]}, "packed"),
    ],
    ids=str,
)
def test_a_label_comes_with_its_base(model: dict[str, Any], label: str) -> None:
    facts = read_parameter_facts({**model, "safetensors": weights(5, F16=5)}, "a/b")
    first = facts["parameter_counts"][0]
    assert (first["label"], first["base"]) == (label, "x/y-13b")


def test_total_and_active_parameters_are_told_apart() -> None:
    facts = read_parameter_facts({}, "Qwen/Qwen3-235B-A22B")
    assert facts == {
        "parameter_count": 235 * B,
        "parameter_method": "name",
        "parameter_counts": [
            {"value": 235 * B, "method": "name", "confidence": "low"},
            {"value": 22 * B, "method": "name", "confidence": "low", "label": "active"},
        ],
    }


@given(st.integers(1, 10**13), st.integers(1, 10**13), st.integers(1, 10**13))
def test_a_contradicted_total_is_never_believed(total: int, table: int, used: int) -> None:
    model = {"safetensors": weights(total, F16=table), "usedStorage": used}
    chosen = read_parameter_facts(model, "a/b").get("parameter_count")
    if abs(total - table) > 0.01 * max(total, table):
        assert chosen in {None, table}
        assert chosen is None or table * 2 <= used * 1.05
    else:
        assert chosen == total
