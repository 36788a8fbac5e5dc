"""How many parameters a Hub model has, by every source that tells it. Pure.

A candidate is kept with its method, revision and confidence; only one that its host measured and that
nothing speaks against becomes `parameter_count`. What is packed, an adapter or a delta is labelled.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeGuard

from crawler.records import Facts

# Author-supplied totals have been off by four orders of magnitude:
# https://github.com/huggingface/huggingface_hub/issues/4221 (2026)
TOTAL_TOLERANCE: Final = 0.01
PACKED_SHARE: Final = 0.05
PACKED_DTYPES: Final = frozenset({"I32", "U32", "I8", "U8"})
"""Integer tensors hold several weights in one element; a few (masks, indices) are in most models."""
PACKED_TAGS: Final = frozenset({"gptq", "awq", "mlx", "bitsandbytes", "4-bit", "8-bit", "compressed-tensors"})
ADAPTER_TAG: Final = "base_model:adapter:"
NAME_PART: Final = re.compile(r"[-_/\s]")
NAME_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)(b|m)|(\d)(b|m)(\d)", re.IGNORECASE)
"""`13b`, `0.5B`, `350m`, and the decimal point written as a unit: `7b1`."""
DELTA_NAME: Final = re.compile(r"(?:^|[-_])(?:delta|xor|diff)s?(?:[-_]|$)", re.IGNORECASE)
UNIT: Final = {"b": 10**9, "m": 10**6}


class Method(StrEnum):
    SAFETENSORS = "safetensors"
    GGUF = "gguf"
    NAME = "name"


class Confidence(StrEnum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NONE = "none"


class Label(StrEnum):
    """Why a count is not the size of the model that a reader has in mind."""

    PACKED = "packed"
    ADAPTER = "adapter"
    DELTA = "delta"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True, slots=True)
class ParameterCount:
    """One source's answer; `revision` is the commit it was told for."""

    value: int
    method: Method
    confidence: Confidence
    revision: str | None = None
    label: Label | None = None

    @property
    def is_usable(self) -> bool:
        return self.label is None and self.method is not Method.NAME

    def to_fact(self) -> dict[str, Any]:
        told = {
            "value": self.value,
            "method": self.method.value,
            "revision": self.revision,
            "confidence": self.confidence.value,
            "label": self.label.value if self.label else None,
        }
        return {key: value for key, value in told.items() if value is not None}


def read_parameter_facts(model: Mapping[str, Any], name: str) -> Facts:
    """`parameter_count`, `parameter_method` and all candidates of a model's answer; only what was told."""
    tags = [tag for tag in _list(model.get("tags")) if isinstance(tag, str)]
    revision = model.get("sha") if isinstance(model.get("sha"), str) else None
    label = _find_label(model, tags, name)
    candidates = [
        candidate
        for candidate in (
            _read_safetensors(model.get("safetensors"), revision, label),
            _read_gguf(model.get("gguf"), revision, label),
            _read_name(name),
        )
        if candidate is not None
    ]
    if not candidates:
        return {}
    facts: Facts = {"parameter_counts": [candidate.to_fact() for candidate in candidates]}
    chosen = next((candidate for candidate in candidates if candidate.is_usable), None)
    if chosen is not None:
        facts |= {"parameter_count": chosen.value, "parameter_method": chosen.method.value}
    return facts


def _read_safetensors(value: Any, revision: str | None, label: Label | None) -> ParameterCount | None:
    if not isinstance(value, Mapping):
        return None
    table = {
        dtype: count for dtype, count in _mapping(value.get("parameters")).items() if _is_positive(count)
    }
    in_table = sum(table.values())
    total = value.get("total") if _is_positive(value.get("total")) else None
    if total is None and not table:
        return None
    count = total or in_table
    confidence = Confidence.HIGH if total and table else Confidence.MEDIUM
    if total and table and abs(total - in_table) > TOTAL_TOLERANCE * max(total, in_table):
        label, confidence = Label.CONTRADICTED, Confidence.NONE
    elif label is None and _is_packed(table):
        label = Label.PACKED
    if label is not None and confidence is not Confidence.NONE:
        confidence = Confidence.LOW
    return ParameterCount(count, Method.SAFETENSORS, confidence, revision, label)


def _read_gguf(value: Any, revision: str | None, label: Label | None) -> ParameterCount | None:
    """`total` counts weights, not bytes and not packed words, of one of the repository's files."""
    total = _mapping(value).get("total")
    if not _is_positive(total):
        return None
    # A tag such as gptq speaks of other files: packing never touches this count.
    label = None if label is Label.PACKED else label
    confidence = Confidence.MEDIUM if label is None else Confidence.LOW
    return ParameterCount(total, Method.GGUF, confidence, revision, label)


def _read_name(name: str) -> ParameterCount | None:
    """The size a name claims. Several sizes, or a product such as 8x7B, claim nothing."""
    sizes = set()
    for part in NAME_PART.split(name.partition("/")[2] or name):
        if match := NAME_SIZE.fullmatch(part):
            number, unit, whole, middle_unit, tenth = match.groups()
            amount = float(number or f"{whole}.{tenth}")
            sizes.add(round(amount * UNIT[(unit or middle_unit).lower()]))
        elif re.fullmatch(r"\d+x\d+(?:\.\d+)?[bm]", part, re.IGNORECASE):
            return None
    size = sizes.pop() if len(sizes) == 1 else 0
    return ParameterCount(size, Method.NAME, Confidence.LOW) if size > 0 else None


def _find_label(model: Mapping[str, Any], tags: Sequence[str], name: str) -> Label | None:
    if model.get("library_name") == "peft" or any(tag.startswith(ADAPTER_TAG) for tag in tags):
        return Label.ADAPTER
    if DELTA_NAME.search(name.partition("/")[2] or name):
        return Label.DELTA
    if PACKED_TAGS.intersection(tag.lower() for tag in tags):
        return Label.PACKED
    return None


def _is_packed(table: Mapping[str, int]) -> bool:
    packed = sum(count for dtype, count in table.items() if dtype in PACKED_DTYPES)
    return packed > PACKED_SHARE * sum(table.values())


def _is_positive(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
