"""Headers of weights, read through the sandbox's Hub: on request, once per revision, where it helps."""

from __future__ import annotations

import json
import math
import struct
from typing import Any

import pytest

from crawler.records import Known, Link, Question, Reason, Target, TargetKind
from crawler.resolve.huggingface.packing import BITS_PER_ELEMENT
from crawler.resolve.huggingface.parameters import choose_count, read_parameter_facts
from crawler.resolve.huggingface.resolver import HuggingFaceResolver
from crawler.resolve.huggingface.weights import read_old_index
from crawler.sandbox.hub import FILE_HOST
from crawler.sandbox.world import World

from .conftest import Ask, Asked

NAME = "a/llama-gptq"
REVISION = "3921b6a000000000000000000000000000000000"
ON = {"read_headers": True}
CONFIG = {"quantization_config": {"quant_method": "gptq", "bits": 4}}


def shard(**tensors: tuple[str, list[int]]) -> bytes:
    header = {}
    end = 0
    for name, (dtype, shape) in tensors.items():
        begin, end = end, end + math.prod(shape) * BITS_PER_ELEMENT[dtype] // 8
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + b"\0" * 5_000_000


FILES: dict[str, bytes] = {
    f"{NAME}/model.safetensors": shard(
        **{"l.qweight": ("I32", [100, 80]), "l.qzeros": ("I32", [8]), "norm": ("F16", [64])}
    ),
    f"{NAME}/config.json": json.dumps(CONFIG).encode(),
}


@pytest.fixture
def packed(world: World) -> World:
    world.hub.fields[f"models/{NAME}"] = {
        "sha": REVISION,
        "safetensors": {"parameters": {"I32": 8_008, "F16": 64}, "total": 8_072},
        "gguf": None,
        "tags": ["gptq"],
        "usedStorage": None,
    }
    world.hub.files.update(FILES)
    return world


def look(ask: Ask, known: dict[str, Any] | None = None, **settings: Any) -> Asked:
    target = Target(TargetKind.HUGGINGFACE_MODEL, NAME)
    question = Question(Link(f"https://huggingface.co/{NAME}", target), Known(facts=known or {}))
    return ask(HuggingFaceResolver, [question], huggingface=settings or ON)


def files_asked(world: World) -> list[str]:
    return [request.path.rpartition("/")[2] for request in world.requests if "/api/" not in request.path]


def test_packed_weights_are_counted(packed: World, ask: Ask) -> None:
    facts = look(ask).only.facts
    assert (facts["parameter_count"], facts["parameter_method"]) == (100 * 80 * 8 + 64, "headers")
    assert facts["parameter_counts"][0] == {
        "value": 64_064,
        "method": "headers",
        "revision": REVISION,
        "confidence": "high",
    }
    assert [each["method"] for each in facts["parameter_counts"]] == ["headers", "safetensors", "unpacked"]
    asked = {request.path for request in packed.requests if request.host == FILE_HOST}
    assert asked == {f"/{NAME}/model.safetensors"}


def test_nothing_is_read_unless_asked_for(packed: World, ask: Ask) -> None:
    facts = look(ask, read_headers=False).only.facts
    assert "parameter_count" not in facts
    assert files_asked(packed) == []


def test_a_revision_is_read_once(packed: World, ask: Ask) -> None:
    first = look(ask).only.facts
    packed.requests.clear()
    assert look(ask, known=first).only.facts["parameter_counts"] == first["parameter_counts"]
    assert look(ask, known=first, read_headers=False).only.facts["parameter_count"] == 64_064
    assert files_asked(packed) == []


def test_a_new_revision_is_read_anew_and_the_old_count_stays_until_then(packed: World, ask: Ask) -> None:
    first = look(ask).only.facts
    packed.hub.fields[f"models/{NAME}"]["sha"] = "f" * 40
    kept = look(ask, known=first, read_headers=False).only.facts
    assert kept["parameter_counts"][0]["revision"] == REVISION
    anew = look(ask, known=first).only.facts
    assert anew["parameter_counts"][0]["revision"] == "f" * 40


def test_shards_are_added_up_and_the_index_is_no_better_than_its_author(packed: World, ask: Ask) -> None:
    index = {
        "metadata": {"total_parameters": 999, "total_size": 400},
        "weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"},
    }
    packed.hub.files |= {
        f"{NAME}/model.safetensors.index.json": json.dumps(index).encode(),
        f"{NAME}/model-1.safetensors": shard(a=("F16", [10, 10])),
        f"{NAME}/model-2.safetensors": shard(b=("F16", [10, 10])),
    }
    counts = look(ask).only.facts["parameter_counts"]
    assert [(each["method"], each["value"], each.get("label")) for each in counts] == [
        ("headers", 200, None),
        ("safetensors", 8_072, "packed"),
        ("unpacked", 64_128, "packed"),
        ("index", 999, "contradicted"),
        ("index-size", 200, None),
    ]


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({}, id="no such files"),
        pytest.param({f"{NAME}/model.safetensors": b"\xff" * 64}, id="no header"),
        pytest.param({f"{NAME}/model.safetensors": FILES[f"{NAME}/model.safetensors"][:1_000]}, id="cut off"),
        pytest.param({f"{NAME}/model.safetensors.index.json": b"{}"}, id="no index"),
        pytest.param({f"{NAME}/model.safetensors.index.json": b"{"}, id="no json"),
    ],
)
def test_what_cannot_be_read_is_not_tried_again(packed: World, ask: Ask, files: dict[str, bytes]) -> None:
    packed.hub.files = files
    first = look(ask).only
    assert first.reason is Reason.OK
    assert first.facts["parameter_counts"][0]["label"] == "unreadable"
    assert "parameter_count" not in first.facts
    packed.requests.clear()
    again = look(ask, known=first.facts).only.facts
    assert again["parameter_counts"] == first.facts["parameter_counts"]
    assert files_asked(packed) == []


def test_gated_weights_are_left_alone(packed: World, ask: Ask) -> None:
    packed.hub.gated[f"models/{NAME}"] = "manual"
    first = look(ask).only
    assert first.reason is Reason.GATED
    assert files_asked(packed) == []
    assert "parameter_count" not in first.facts
    assert first.facts["parameter_counts"][0] == {
        "value": 8_072,
        "method": "headers",
        "revision": REVISION,
        "confidence": "none",
        "label": "gated",
    }
    del packed.hub.gated[f"models/{NAME}"]
    opened = look(ask, known=first.facts).only.facts
    assert [each["method"] for each in opened["parameter_counts"]] == ["headers", "safetensors", "unpacked"]
    assert opened["parameter_count"] == 64_064


def test_a_gate_closed_later_takes_no_count_away(packed: World, ask: Ask) -> None:
    first = look(ask).only.facts
    packed.hub.gated[f"models/{NAME}"] = "auto"
    packed.hub.fields[f"models/{NAME}"]["sha"] = "f" * 40
    later = look(ask, known=first).only.facts
    assert (later["parameter_count"], later["parameter_method"]) == (64_064, "headers")
    assert [each.get("label") for each in later["parameter_counts"][:2]] == ["gated", None]


def test_totals_that_nobody_doubts_need_no_headers(packed: World, ask: Ask) -> None:
    packed.hub.fields[f"models/{NAME}"] |= {
        "safetensors": {"parameters": {"F16": 70}, "total": 70},
        "tags": [],
    }
    assert look(ask).only.facts["parameter_count"] == 70
    assert files_asked(packed) == []


def test_only_the_header_crosses_the_wire(packed: World, ask: Ask) -> None:
    asked = look(ask)
    assert sum(asked.meter.bytes().values()) < 1_000_000


# --- indexes of pickled weights ------------------------------------------------------------------

OLD = "pytorch_model.bin.index.json"
SEVEN_B = {"metadata": {"total_size": 13_476_831_232}, "weight_map": {"a": "pytorch_model-1.bin"}}


@pytest.fixture
def pickled(world: World) -> World:
    world.hub.fields[f"models/{NAME}"] = {
        "sha": REVISION,
        "safetensors": None,
        "gguf": None,
        "tags": ["pytorch"],
        "siblings": [{"rfilename": "config.json"}, {"rfilename": OLD}],
        "usedStorage": 13_500_000_000,
    }
    world.hub.files = {
        f"{NAME}/{OLD}": json.dumps(SEVEN_B).encode(),
        f"{NAME}/config.json": json.dumps({"torch_dtype": "float16"}).encode(),
    }
    return world


def test_the_index_of_pickled_weights_tells_their_size_once(pickled: World, ask: Ask) -> None:
    facts = look(ask).only.facts
    assert (facts["parameter_count"], facts["parameter_method"]) == (6_738_415_616, "index-size")
    assert facts["parameter_counts"] == [
        {"value": 6_738_415_616, "method": "index-size", "revision": REVISION, "confidence": "low"}
    ]
    assert sorted(files_asked(pickled)) == ["config.json", OLD]
    pickled.requests.clear()
    assert look(ask, known=facts, read_headers=False).only.facts["parameter_count"] == 6_738_415_616
    assert look(ask, known=facts).only.facts["parameter_count"] == 6_738_415_616
    assert files_asked(pickled) == []


def test_a_declared_total_comes_before_the_bytes(pickled: World, ask: Ask) -> None:
    index = {"metadata": {"total_parameters": "6738415616", "total_size": 13_476_831_232}}
    pickled.hub.files[f"{NAME}/{OLD}"] = json.dumps(index).encode()
    counts = look(ask).only.facts["parameter_counts"]
    assert [each["method"] for each in counts] == ["index", "index-size"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"safetensors": {"parameters": {"F16": 70}, "total": 70}}, id="measured by the Hub"),
        pytest.param({"gated": "manual"}, id="gated"),
        pytest.param({"siblings": [{"rfilename": "pytorch_model.bin"}]}, id="no index there"),
        pytest.param({"siblings": None}, id="files not told"),
        pytest.param({"siblings": [None, {"rfilename": 7}, "x"]}, id="files of strange types"),
    ],
)
def test_no_index_is_asked_for_in_vain(pickled: World, ask: Ask, change: dict[str, Any]) -> None:
    pickled.hub.fields[f"models/{NAME}"] |= change
    assert look(ask).only.reason in {Reason.OK, Reason.GATED}
    assert files_asked(pickled) == []


def test_files_are_listed_only_for_who_reads_them(pickled: World, ask: Ask) -> None:
    look(ask, read_headers=False)
    assert not any("siblings" in request.query_string for request in pickled.requests)
    assert files_asked(pickled) == []


@pytest.mark.parametrize(
    ("config", "change", "counts"),
    [
        pytest.param({"torch_dtype": "float16"}, {"usedStorage": 10**9}, ["contradicted"], id="too large"),
        pytest.param({}, {}, ["unreadable"], id="no number format"),
        pytest.param({"torch_dtype": "float16", **CONFIG}, {}, ["packed"], id="packed"),
    ],
)
def test_bytes_that_tell_no_count(
    pickled: World, ask: Ask, config: dict[str, Any], change: dict[str, Any], counts: list[str]
) -> None:
    pickled.hub.fields[f"models/{NAME}"] |= change
    pickled.hub.files[f"{NAME}/config.json"] = json.dumps(config).encode()
    facts = look(ask).only.facts
    assert "parameter_count" not in facts
    assert [each.get("label") for each in facts["parameter_counts"]] == counts
    pickled.requests.clear()
    assert look(ask, known=facts).only.facts["parameter_counts"] == facts["parameter_counts"]
    assert files_asked(pickled) == []


@pytest.mark.parametrize(
    ("name", "method", "label"),
    [
        pytest.param("a/some-7b", "index-size", None, id="the name agrees"),
        pytest.param("a/some-13b", "name", "contradicted", id="half of what the name claims"),
        pytest.param("a/some-7b-delta", None, "delta", id="a delta"),
    ],
)
def test_the_index_is_held_against_the_name(name: str, method: str | None, label: str | None) -> None:
    facts = read_parameter_facts({}, name) | {"revision": REVISION, "full_name": name}
    (found,) = read_old_index(SEVEN_B, {"torch_dtype": "float16"}, facts)
    assert found.label == label
    chosen = choose_count([found.to_fact(), *facts["parameter_counts"]])
    assert chosen.get("parameter_method") == method
