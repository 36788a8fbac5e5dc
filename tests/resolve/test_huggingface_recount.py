"""Recounting parameters from headers. Golden totals are those of public checkpoints at the named revision;
the tensors are rebuilt from their architecture, one entry per group of equal ones."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.resolve.huggingface.packing import Packing
from crawler.resolve.huggingface.safetensors import (
    MAX_DIMENSION,
    MAX_HEADER_BYTES,
    HeaderError,
    Tensor,
    list_shards,
    parse_header,
    read_declared_bytes,
    read_declared_total,
    recount,
)

Shapes = Iterator[Tensor]


def header_of(tensors: dict[str, Any]) -> bytes:
    text = json.dumps(tensors).encode()
    return struct.pack("<Q", len(text)) + text


def bert() -> Shapes:
    """google-bert/bert-base-uncased: the twelve layers, the embeddings, the pooler and the two heads."""
    hidden, inner = 768, 3072
    yield Tensor("embeddings.word", "F32", (30522, hidden))
    yield Tensor("embeddings.position", "F32", (512, hidden))
    yield Tensor("embeddings.token_type", "F32", (2, hidden))
    yield Tensor("embeddings.norm", "F32", (2, hidden))
    for layer in range(12):
        for part in ("query", "key", "value", "output"):
            yield Tensor(f"{layer}.{part}.weight", "F32", (hidden, hidden))
            yield Tensor(f"{layer}.{part}.bias", "F32", (hidden,))
        yield Tensor(f"{layer}.up.weight", "F32", (inner, hidden))
        yield Tensor(f"{layer}.up.bias", "F32", (inner,))
        yield Tensor(f"{layer}.down.weight", "F32", (hidden, inner))
        yield Tensor(f"{layer}.down.bias", "F32", (hidden,))
        yield Tensor(f"{layer}.norms", "F32", (4, hidden))
    yield Tensor("pooler.weight", "F32", (hidden, hidden))
    yield Tensor("pooler.bias", "F32", (hidden,))
    yield Tensor("cls.transform.weight", "F32", (hidden, hidden))
    yield Tensor("cls.transform.bias", "F32", (hidden,))
    yield Tensor("cls.transform.norm", "F32", (2, hidden))
    yield Tensor("cls.bias", "F32", (30522,))
    yield Tensor("cls.seq_relationship.weight", "F32", (2, hidden))
    yield Tensor("cls.seq_relationship.bias", "F32", (2,))


def bloom() -> Shapes:
    """bigscience/bloom, 72 shards: 70 layers."""
    hidden = 14336
    yield Tensor("word_embeddings", "BF16", (250880, hidden))
    yield Tensor("norms.outer", "BF16", (4, hidden))
    for layer in range(70):
        yield Tensor(f"{layer}.norms", "BF16", (4, hidden))
        yield Tensor(f"{layer}.qkv.weight", "BF16", (3 * hidden, hidden))
        yield Tensor(f"{layer}.qkv.bias", "BF16", (3 * hidden,))
        yield Tensor(f"{layer}.dense.weight", "BF16", (hidden, hidden))
        yield Tensor(f"{layer}.dense.bias", "BF16", (hidden,))
        yield Tensor(f"{layer}.up.weight", "BF16", (4 * hidden, hidden))
        yield Tensor(f"{layer}.up.bias", "BF16", (4 * hidden,))
        yield Tensor(f"{layer}.down.weight", "BF16", (hidden, 4 * hidden))
        yield Tensor(f"{layer}.down.bias", "BF16", (hidden,))


def roberta() -> Shapes:
    """FacebookAI/roberta-base: weights, and position ids among them."""
    yield Tensor("all.weights", "F32", (124_697_433,))
    yield Tensor("embeddings.position_ids", "I64", (1, 514))


def llama_linears(hidden: int, inner: int, grouped: int) -> dict[str, tuple[int, int]]:
    """(output, input) of the seven linear modules of a layer; `grouped` is the width of keys and values."""
    return {
        "self_attn.q_proj": (hidden, hidden),
        "self_attn.k_proj": (grouped, hidden),
        "self_attn.v_proj": (grouped, hidden),
        "self_attn.o_proj": (hidden, hidden),
        "mlp.gate_proj": (inner, hidden),
        "mlp.up_proj": (inner, hidden),
        "mlp.down_proj": (hidden, inner),
    }


def llama_rest(layers: int, hidden: int) -> Shapes:
    yield Tensor("model.embed_tokens.weight", "BF16", (128256, hidden))
    yield Tensor("lm_head.weight", "BF16", (128256, hidden))
    yield Tensor("model.norm.weight", "BF16", (hidden,))
    for layer in range(layers):
        yield Tensor(f"model.layers.{layer}.norms.weight", "BF16", (2, hidden))


def llama_gptq() -> Shapes:
    """Meta-Llama-3.1-8B quantised to w4a16 by GPTQ, whose modules carry biases."""
    yield from llama_rest(32, 4096)
    for layer in range(32):
        for module, (outputs, inputs) in llama_linears(4096, 14336, 1024).items():
            name = f"model.layers.{layer}.{module}"
            yield Tensor(f"{name}.qweight", "I32", (inputs // 8, outputs))
            yield Tensor(f"{name}.qzeros", "I32", (inputs // 128, outputs // 8))
            yield Tensor(f"{name}.scales", "F16", (inputs // 128, outputs))
            yield Tensor(f"{name}.g_idx", "I32", (inputs,))
            yield Tensor(f"{name}.bias", "F16", (outputs,))


def llama_bitsandbytes() -> Shapes:
    yield from llama_rest(32, 4096)
    for layer in range(32):
        for module, (outputs, inputs) in llama_linears(4096, 14336, 1024).items():
            name = f"model.layers.{layer}.{module}.weight"
            yield Tensor(name, "U8", (outputs * inputs // 2, 1))
            yield Tensor(f"{name}.absmax", "U8", (outputs * inputs // 64,))
            yield Tensor(f"{name}.nested_absmax", "F32", (outputs * inputs // 64 // 256,))
            yield Tensor(f"{name}.nested_quant_map", "F32", (256,))
            yield Tensor(f"{name}.quant_map", "F32", (16,))
            yield Tensor(f"{name}.quant_state.bitsandbytes__nf4", "U8", (81,))


def llama_compressed() -> Shapes:
    """Llama-3.3-70B, w4a16 by compressed-tensors."""
    yield from llama_rest(80, 8192)
    for layer in range(80):
        for module, (outputs, inputs) in llama_linears(8192, 28672, 1024).items():
            name = f"model.layers.{layer}.{module}"
            yield Tensor(f"{name}.weight_packed", "I32", (outputs, inputs // 8))
            yield Tensor(f"{name}.weight_scale", "BF16", (outputs, inputs // 128))
            yield Tensor(f"{name}.weight_shape", "I64", (2,))


def gpt_oss() -> Shapes:
    """openai/gpt-oss-120b: 128 experts a layer in MXFP4."""
    hidden, experts, heads = 2880, 128, 64 * 64
    yield Tensor("model.embed_tokens.weight", "BF16", (201088, hidden))
    yield Tensor("lm_head.weight", "BF16", (201088, hidden))
    yield Tensor("model.norm.weight", "BF16", (hidden,))
    for layer in range(36):
        name = f"model.layers.{layer}"
        yield Tensor(f"{name}.norms.weight", "BF16", (2, hidden))
        for part, width in (("q", heads), ("k", 512), ("v", 512)):
            yield Tensor(f"{name}.self_attn.{part}_proj.weight", "BF16", (width, hidden))
            yield Tensor(f"{name}.self_attn.{part}_proj.bias", "BF16", (width,))
        yield Tensor(f"{name}.self_attn.o_proj.weight", "BF16", (hidden, heads))
        yield Tensor(f"{name}.self_attn.o_proj.bias", "BF16", (hidden,))
        yield Tensor(f"{name}.self_attn.sinks", "BF16", (64,))
        yield Tensor(f"{name}.mlp.router.weight", "BF16", (experts, hidden))
        yield Tensor(f"{name}.mlp.router.bias", "BF16", (experts,))
        for part, width in (("gate_up_proj", 2 * hidden), ("down_proj", hidden)):
            expert = f"{name}.mlp.experts.{part}"
            yield Tensor(f"{expert}_blocks", "U8", (experts, width, 90, 16))
            yield Tensor(f"{expert}_scales", "U8", (experts, width, 90))
            yield Tensor(f"{expert}_bias", "BF16", (experts, width))


def kimi() -> Shapes:
    """moonshotai/Kimi-K2.5: routed experts packed to four bits; all that is not packed in one entry."""
    packed = 60 * 384 * 3 * 7168 * 2048
    yield Tensor("language_model.rest.weight", "BF16", (1_026_879_376_368 - packed,))
    for layer in range(1, 61):
        name = f"language_model.model.layers.{layer}.mlp.experts.0.up_proj"
        yield Tensor(f"{name}.weight_packed", "I32", (384 * 3 * 7168, 2048 // 8))
        yield Tensor(f"{name}.weight_scale", "BF16", (384 * 3 * 7168, 2048 // 32))
        yield Tensor(f"{name}.weight_shape", "I32", (2,))


def deepseek() -> Shapes:
    """deepseek-ai/DeepSeek-V4-Pro: fp8, its routed experts in fp4; the shares of the two are made up."""
    packed = 1_550_000_000_000
    yield Tensor("layers.0.attn.wkv.weight", "F8_E4M3", (1_598_839_674_782 - packed,))
    yield Tensor("layers.0.attn.wkv.scale", "F8_E8M0", (7_000_000,))
    yield Tensor("layers.0.ffn.experts.0.w1.weight", "I8", (packed // 2_000_000, 1_000_000))
    yield Tensor("layers.0.ffn.experts.0.w1.scale", "F8_E8M0", (packed // 32_000_000, 1_000_000))


GPTQ = {"quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": 128}}
BITSANDBYTES = {"quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True}}
COMPRESSED = {
    "quant_method": "compressed-tensors",
    "format": "pack-quantized",
    "config_groups": {"group_0": {"targets": ["Linear"], "weights": {"num_bits": 4}}},
    "ignore": ["lm_head"],
}
MXFP4 = {
    "quantization_config": {"quant_method": "mxfp4", "modules_to_not_convert": ["lm_head"]},
    "num_local_experts": 128,
    "num_experts_per_tok": 4,
}
FP8 = {"quantization_config": {"quant_method": "fp8"}, "expert_dtype": "fp4"}


@pytest.mark.parametrize(
    ("tensors", "config", "total"),
    [
        pytest.param(bert(), {}, 110_106_428, id="bert@86b5e09"),
        pytest.param(bloom(), {}, 176_247_271_424, id="bloom@053d9cd"),
        pytest.param(roberta(), {}, 124_697_433 + 514, id="roberta@e2da8e2"),
        pytest.param(llama_gptq(), GPTQ, 8_031_637_504, id="llama-8b gptq@3921b6a"),
        pytest.param(llama_bitsandbytes(), BITSANDBYTES, 8_030_261_248, id="llama-8b bnb@f15c379"),
        pytest.param(
            llama_compressed(), {"quantization_config": COMPRESSED}, 70_553_706_496, id="llama-70b@7177921"
        ),
        pytest.param(gpt_oss(), MXFP4, 116_829_156_672, id="gpt-oss@b5c939d"),
        pytest.param(
            kimi(), {"text_config": {"quantization_config": COMPRESSED}}, 1_026_879_376_368, id="kimi@2426b45"
        ),
        pytest.param(deepseek(), FP8, 1_598_839_674_782, id="deepseek@b5968e9"),
    ],
)
def test_golden_totals(tensors: Shapes, config: dict[str, Any], total: int) -> None:
    assert recount(tensors, config).total == total


def test_by_dtype() -> None:
    assert recount(roberta(), {}).by_dtype == {"F32": 124_697_433, "I64": 514}


def test_active_parameters_of_a_mixture_of_experts() -> None:
    found = recount(gpt_oss(), MXFP4)
    assert found.active is not None
    assert 5_000_000_000 < found.active < 6_000_000_000, "its card says 5.1 billion"
    assert recount(gpt_oss(), {**MXFP4, "num_experts_per_tok": 400}).active is None


@pytest.mark.parametrize("experts", [2, 3])
def test_active_parameters_only_where_names_and_configuration_agree(experts: int) -> None:
    tensors = [Tensor("a.weight", "F16", (10,))]
    tensors += [Tensor(f"l.experts.{number}.w", "F16", (100,)) for number in range(2)]
    found = recount(tensors, {"num_experts": experts, "num_experts_per_tok": 1})
    assert found.active == (110 if experts == 2 else None)


@pytest.mark.parametrize(
    ("config", "name", "dtype", "elements", "count"),
    [
        pytest.param({}, "a.qweight", "I32", 10, 10, id="nothing says that it is packed"),
        pytest.param({"quantization": {"bits": 4}}, "a.weight", "U32", 10, 80, id="mlx"),
        pytest.param({"quantization": {"bits": 6}}, "a.weight", "U32", 30, 160, id="mlx of six bits"),
        pytest.param({"quantization": {"bits": 4}}, "a.scales", "BF16", 10, 0, id="mlx scales"),
        pytest.param(
            {"quantization_config": {"quant_method": "awq", "bits": 3}}, "a.qweight", "I32", 3, 30, id="3"
        ),
        pytest.param(
            {"quantization_config": {"quant_method": "awq", "bits": "4"}}, "a.qweight", "I32", 1, 8, id="?"
        ),
        pytest.param(FP8, "l.shared_experts.w", "I8", 10, 10, id="shared experts are not packed"),
        pytest.param(FP8, "a.weight_scale_inv", "F32", 10, 0, id="fp8 scales"),
        pytest.param({}, "a.scale", "F8_E8M0", 10, 0, id="exponents"),
        pytest.param({}, "a.scale", "F32", 10, 10, id="a scale may be learnt"),
        pytest.param(
            {"quantization_config": {**COMPRESSED, "ignore": ["re:.*vision.*"]}},
            "m.vision.q.weight_packed",
            "I32",
            10,
            10,
            id="ignored by pattern",
        ),
        pytest.param(
            {"quantization_config": {**COMPRESSED, "ignore": ["re:(a+)+$"]}},
            "aaaa.weight_packed",
            "I32",
            10,
            80,
            id="no stranger's pattern is run",
        ),
    ],
)
def test_packing(config: dict[str, Any], name: str, dtype: str, elements: int, count: int) -> None:
    assert Packing.of_config(config).count(name, dtype, elements) == count


def test_mixed_precision_has_a_width_per_group() -> None:
    groups = {
        "wide": {"targets": ["re:.*down_proj"], "weights": {"num_bits": 8}},
        "narrow": {"targets": ["Linear"], "weights": {"num_bits": 4}},
    }
    packing = Packing.of_config({"quantization_config": {**COMPRESSED, "config_groups": groups}})
    assert packing.count("l.0.down_proj.weight_packed", "I32", 10) == 40


def test_a_header_is_read() -> None:
    told = {
        "__metadata__": {"format": "pt"},
        "a": {"dtype": "F16", "shape": [2, 3], "data_offsets": [0, 12]},
        "b": {"dtype": "I64", "shape": [], "data_offsets": [12, 20]},
    }
    tensors = parse_header(header_of(told) + b"data")
    assert [(each.name, each.dtype, each.elements) for each in tensors] == [("a", "F16", 6), ("b", "I64", 0)]
    start = header_of(told)
    assert parse_header(start, len(start) + 20) == tensors
    with pytest.raises(HeaderError, match="beyond the end"):
        parse_header(start, len(start) + 19)


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"\x00" * 7,
        struct.pack("<Q", MAX_HEADER_BYTES + 1) + b"{}",
        struct.pack("<Q", 10) + b"{}",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 2) + b"{]",
        struct.pack("<Q", 100_000) + b"[" * 100_000,
        header_of({"a": {"dtype": "F16"}}),
        header_of({"a": []}),
        header_of({"a": {"dtype": "F16", "shape": [-1]}}),
        header_of({"a": {"dtype": "F16", "shape": [True]}}),
        header_of({"a": {"dtype": "F16", "shape": [MAX_DIMENSION + 1], "data_offsets": [0, 2**33 + 2]}}),
        header_of({"a": {"dtype": "F16", "shape": [1] * 65, "data_offsets": [0, 2]}}),
        header_of({"a": {"dtype": "F16", "shape": [2]}}),
        header_of({"a": {"dtype": "F16", "shape": [2], "data_offsets": [4, 0]}}),
        header_of({"a": {"dtype": "F16", "shape": [2], "data_offsets": [0, 1]}}),
        header_of({"a": {"dtype": "F16", "shape": [2], "data_offsets": [0.0, 4.0]}}),
    ],
    ids=lambda start: repr(start[:20]),
)
def test_headers_nobody_would_write(start: bytes) -> None:
    with pytest.raises(HeaderError):
        parse_header(start)


@pytest.mark.parametrize(
    "index",
    [
        None,
        [],
        {},
        {"weight_map": {}},
        {"weight_map": {"a": "../../etc/passwd"}},
        {"weight_map": {"a": "x.safetensors?x=y"}},
        {"weight_map": {"a": 1}},
        {"weight_map": {str(number): f"{number}.safetensors" for number in range(10_001)}},
    ],
    ids=lambda index: repr(index)[:20],
)
def test_indexes_nobody_would_write(index: Any) -> None:
    with pytest.raises(HeaderError):
        list_shards(index)


def test_an_index() -> None:
    index = {
        "metadata": {"total_size": 437_928_960.0, "total_parameters": "109482240"},
        "weight_map": {"a": "model-2.safetensors", "b": "model-1.safetensors", "c": "model-1.safetensors"},
    }
    assert list_shards(index) == ["model-1.safetensors", "model-2.safetensors"]
    assert read_declared_total(index) == 109_482_240, "sharded-model-metadata-num-parameters@999395e"
    assert read_declared_bytes(index) == 437_928_960
    assert read_declared_total({"metadata": {"total_parameters": True}}) is None


@given(st.binary(max_size=200))
def test_no_bytes_are_too_strange(start: bytes) -> None:
    with suppress(HeaderError):
        assert all(tensor.elements >= 0 for tensor in parse_header(start))


@given(
    st.sampled_from(["gptq", "awq", "compressed-tensors", "mxfp4", "fp8", "bitsandbytes", "mlx", "x"]),
    st.integers(-1, 40),
    st.sampled_from(["a.qweight", "a.weight", "l.experts.1.w", "a_blocks", "a.weight_packed"]),
    st.sampled_from(["U8", "I32", "U32", "BF16", "F8_E4M3"]),
    st.integers(0, 10**6),
)
def test_unpacking_never_loses_a_weight(method: str, bits: int, name: str, dtype: str, elements: int) -> None:
    settings = {"quant_method": method, "bits": bits, "format": "pack-quantized"}
    count = Packing.of_config({"quantization_config": settings, "expert_dtype": "fp4"}).count(
        name, dtype, elements
    )
    assert elements <= count <= elements * 32
