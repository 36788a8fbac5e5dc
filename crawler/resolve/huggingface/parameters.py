"""How many parameters a Hub model has, by every source that tells it. Pure.

A candidate is kept with its method, revision and confidence; the most trusted one that nothing speaks against
becomes `parameter_count`, and `parameter_method` says whose it is. What is packed, an adapter, a delta or a
merge is labelled with its base. docs/facts.md has the order of trust.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, TypeGuard

from crawler.records import Facts
from crawler.resolve.huggingface.bases import is_adapter, read_base_models
from crawler.resolve.huggingface.packing import (
    BITS_PER_ELEMENT,
    CONTAINER_BITS,
    DEFAULT_BITS,
    EXPONENT_DTYPES,
    Packing,
)
from crawler.verdicts.counts import TOLERANCE

# Author-supplied totals have been off by four orders of magnitude:
# https://github.com/huggingface/huggingface_hub/issues/4221 (2026)
TOTAL_TOLERANCE: Final = 0.01
PACKED_SHARE: Final = 0.05
PACKED_DTYPES: Final = frozenset({"I32", "U32", "I8", "U8"})
"""Integer tensors hold several weights in one element; a few (masks, indices) are in most models."""
PACKED_TAGS: Final = frozenset({"gptq", "awq", "mlx", "bitsandbytes", "4-bit", "8-bit", "compressed-tensors"})
PACKED_METHODS: Final = frozenset({"gptq", "awq", "bitsandbytes", "compressed-tensors", "mxfp4", "mlx"})
ADAPTER_TAG: Final = "base_model:adapter:"
MERGE_TAG: Final = "base_model:merge:"
STORAGE_SLACK: Final = 1.05
"""`usedStorage` has all files of all revisions: weights may be much less, and never more."""
LEAST_BITS: Final = 1
"""No known format stores a parameter in less."""
ACTIVE_SIZE: Final = re.compile(r"a(\d+(?:\.\d+)?)(b|m)", re.IGNORECASE)
"""`A22B`: what a mixture of experts uses per token."""
NAME_PART: Final = re.compile(r"[-_/\s]")
NAME_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)(b|m)|(\d)(b|m)(\d)", re.IGNORECASE)
"""`13b`, `0.5B`, `350m`, and the decimal point written as a unit: `7b1`."""
DELTA_NAME: Final = re.compile(r"(?:^|[-_])(?:delta|xor|diff)s?(?:[-_]|$)", re.IGNORECASE)
ADAPTER_NAME: Final = re.compile(r"(?:^|[-_])(?:q?lora|adapter)s?(?:[-_]|$)", re.IGNORECASE)
"""Enough to doubt the name's own claim; what was measured may be of merged weights all the same."""
UNIT: Final = {"b": 10**9, "m": 10**6}


class Method(StrEnum):
    """Who counted; in the order of trust."""

    HEADERS = "headers"
    SAFETENSORS = "safetensors"
    DTYPE_TABLE = "dtype-table"
    UNPACKED = "unpacked"
    GGUF = "gguf"
    INDEX = "index"
    INDEX_SIZE = "index-size"
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
    MERGE = "merge"
    ACTIVE = "active"
    CONTRADICTED = "contradicted"
    UNREADABLE = "unreadable"
    GATED = "gated"


@dataclass(frozen=True, slots=True)
class ParameterCount:
    """One source's answer; `revision` is the commit it was told for, `base` what it was made from."""

    value: int
    method: Method
    confidence: Confidence
    revision: str | None = None
    label: Label | None = None
    base: str | None = None

    def to_fact(self) -> dict[str, Any]:
        told = {
            "value": self.value,
            "method": self.method.value,
            "revision": self.revision,
            "confidence": self.confidence.value,
            "label": self.label.value if self.label else None,
            "base": self.base,
        }
        return {key: value for key, value in told.items() if value is not None}


@dataclass(frozen=True, slots=True)
class _Model:
    """What an answer tells of a model beside its counts."""

    name: str
    revision: str | None
    label: Label | None
    base: str | None
    packing: Packing
    used_bytes: int | None
    named: ParameterCount | None

    def count(
        self, value: int, method: Method, confidence: Confidence, label: Label | None
    ) -> ParameterCount:
        base = self.base if label in {Label.ADAPTER, Label.DELTA, Label.MERGE, Label.PACKED} else None
        return ParameterCount(value, method, confidence, self.revision, label, base)

    def is_named(self, value: int) -> bool:
        """Whether the name claims about this size."""
        return self.named is not None and abs(value - self.named.value) <= TOLERANCE * self.named.value


def read_parameter_facts(answer: Mapping[str, Any], name: str) -> Facts:
    """`parameter_count`, `parameter_method` and all candidates of a model's answer; only what was told."""
    model = _read_model(answer, name)
    candidates = [
        *_read_safetensors(answer.get("safetensors"), model),
        *_read_gguf(answer.get("gguf"), model),
        *_claim(model),
        *_read_active(name),
    ]
    return choose_count([candidate.to_fact() for candidate in candidates])


def choose_count(candidates: Sequence[Mapping[str, Any]]) -> Facts:
    """The facts of these candidates, the most trusted first."""
    if not candidates:
        return {}
    facts: Facts = {"parameter_counts": list(candidates)}
    chosen = next(filter(is_usable, candidates), None)
    if chosen is not None:
        facts |= {"parameter_count": chosen["value"], "parameter_method": chosen["method"]}
    return facts


def is_usable(candidate: Mapping[str, Any]) -> bool:
    """Whether this is the size that a reader has in mind; a merge has the size of its parts."""
    return candidate.get("label") in {None, Label.MERGE}


def keep_measured(facts: Facts, known: Facts) -> Facts:
    """The facts, without what a name claims where a count is known that somebody measured."""
    is_measured = "parameter_count" in known and known.get("parameter_method") != Method.NAME
    if facts.get("parameter_method") != Method.NAME or not is_measured:
        return facts
    untold = {"parameter_count", "parameter_method"}
    if all(each["method"] == Method.NAME for each in facts["parameter_counts"]):
        # Nothing but the name is told: what the known count comes from is worth more than that.
        untold.add("parameter_counts")
    return {field: value for field, value in facts.items() if field not in untold}


def _read_model(answer: Mapping[str, Any], name: str) -> _Model:
    tags = [tag for tag in _list(answer.get("tags")) if isinstance(tag, str)]
    config = _mapping(answer.get("config"))
    packing = Packing.of_config(config)
    used = answer.get("usedStorage")
    return _Model(
        name=name,
        revision=answer["sha"] if isinstance(answer.get("sha"), str) else None,
        label=_find_label(answer, tags, name, packing),
        base=next(iter(read_base_models(answer) or ()), None),
        packing=packing,
        used_bytes=used if _is_positive(used) else None,
        named=_read_name(name),
    )


def _claim(model: _Model) -> Iterator[ParameterCount]:
    """What the name says; of an adapter or a delta that is the size of another model."""
    if model.named is None:
        return
    if model.label in {Label.ADAPTER, Label.DELTA}:
        yield replace(model.named, label=model.label, base=model.base)
    elif ADAPTER_NAME.search(model.name.partition("/")[2] or model.name):
        yield replace(model.named, label=Label.ADAPTER, base=model.base)
    else:
        yield model.named


def _read_safetensors(value: Any, model: _Model) -> Iterator[ParameterCount]:
    if not isinstance(value, Mapping):
        return
    table = {
        dtype: count for dtype, count in _mapping(value.get("parameters")).items() if _is_positive(count)
    }
    stored = sum(table.values())
    exponents = sum(count for dtype, count in table.items() if dtype in EXPONENT_DTYPES)
    in_table = stored - exponents
    total = value.get("total") if _is_positive(value.get("total")) else None
    if total is None and not in_table:
        return
    count = in_table if exponents else total or in_table
    is_doubtful = not table or model.label is Label.PACKED or _is_packed(table)
    if total and table and not (_agree(total, in_table) or _agree(total, stored)):
        yield model.count(total, Method.SAFETENSORS, Confidence.NONE, Label.CONTRADICTED)
        yield from _read_table(table, model)
    elif is_doubtful and model.used_bytes and count * LEAST_BITS > model.used_bytes * 8:
        yield model.count(count, Method.SAFETENSORS, Confidence.NONE, Label.CONTRADICTED)
    elif model.label is Label.PACKED or (model.label in {None, Label.MERGE} and _is_packed(table)):
        yield from _read_packed(count, table, model)
    elif model.label in {None, Label.MERGE}:
        confidence = Confidence.HIGH if total and table else Confidence.MEDIUM
        yield model.count(count, Method.SAFETENSORS, confidence, model.label)
    else:
        yield model.count(count, Method.SAFETENSORS, Confidence.LOW, model.label)


def _agree(total: int, in_table: int) -> bool:
    return abs(total - in_table) <= TOTAL_TOLERANCE * max(total, in_table)


def _read_table(table: Mapping[str, int], model: _Model) -> Iterator[ParameterCount]:
    """The dtype table of a model whose author declares another total; believed when the files bear it out."""
    stored = _bytes_of(table)
    if model.used_bytes is None or stored is None or _is_packed(table) or model.label is Label.PACKED:
        return
    if stored <= model.used_bytes * STORAGE_SLACK:
        confidence = Confidence.MEDIUM if model.label is None else Confidence.LOW
        weights = sum(count for dtype, count in table.items() if dtype not in EXPONENT_DTYPES)
        yield model.count(weights, Method.DTYPE_TABLE, confidence, model.label)


def _read_packed(count: int, table: Mapping[str, int], model: _Model) -> Iterator[ParameterCount]:
    """Words or weights? The Hub unpacks some formats and not others; the files or the name may tell which."""
    stored = _bytes_of(table)
    unpacked = _unpack(table, model.packing)
    if stored is not None and model.used_bytes and stored > model.used_bytes * STORAGE_SLACK:
        # So many words would not fit into the repository: these are weights already.
        yield model.count(count, Method.SAFETENSORS, Confidence.MEDIUM, None)
    elif model.is_named(count) and (unpacked is None or not model.is_named(unpacked)):
        yield model.count(count, Method.SAFETENSORS, Confidence.MEDIUM, None)
    else:
        yield model.count(count, Method.SAFETENSORS, Confidence.LOW, Label.PACKED)
        if unpacked is not None:
            is_proved = model.is_named(unpacked) and not model.is_named(count)
            label = None if is_proved else Label.PACKED
            yield model.count(unpacked, Method.UNPACKED, Confidence.LOW, label)


def _unpack(table: Mapping[str, int], packing: Packing) -> int | None:
    """What the words of the table hold, if they are packed as the configuration says."""
    if not _is_packed(table):
        return None
    bits = packing.bits or DEFAULT_BITS
    return sum(
        count * max(1, CONTAINER_BITS[dtype] // bits) if dtype in PACKED_DTYPES else count
        for dtype, count in table.items()
        if dtype not in EXPONENT_DTYPES
    )


def _bytes_of(table: Mapping[str, int]) -> int | None:
    if not table or any(dtype not in BITS_PER_ELEMENT for dtype in table):
        return None
    return sum(count * BITS_PER_ELEMENT[dtype] for dtype, count in table.items()) // 8


def _read_gguf(value: Any, model: _Model) -> Iterator[ParameterCount]:
    """`total` counts weights, not bytes and not packed words, of one of the repository's files."""
    total = _mapping(value).get("total")
    if not _is_positive(total):
        return
    # A tag such as gptq speaks of other files: packing never touches this count.
    label = None if model.label is Label.PACKED else model.label
    if model.used_bytes and total * LEAST_BITS > model.used_bytes * 8:
        yield model.count(total, Method.GGUF, Confidence.NONE, Label.CONTRADICTED)
    else:
        confidence = Confidence.MEDIUM if label in {None, Label.MERGE} else Confidence.LOW
        yield model.count(total, Method.GGUF, confidence, label)


def _read_active(name: str) -> Iterator[ParameterCount]:
    for part in NAME_PART.split(name.partition("/")[2] or name):
        if (match := ACTIVE_SIZE.fullmatch(part)) and (size := _scale(match[1], match[2])) > 0:
            yield ParameterCount(size, Method.NAME, Confidence.LOW, label=Label.ACTIVE)


def _scale(number: str, unit: str) -> int:
    return round(float(number) * UNIT[unit.lower()])


def _read_name(name: str) -> ParameterCount | None:
    """The size a name claims. Several sizes, or a product such as 8x7B, claim nothing."""
    sizes = set()
    for part in NAME_PART.split(name.partition("/")[2] or name):
        if match := NAME_SIZE.fullmatch(part):
            number, unit, whole, middle_unit, tenth = match.groups()
            sizes.add(_scale(number or f"{whole}.{tenth}", unit or middle_unit))
        elif re.fullmatch(r"\d+x\d+(?:\.\d+)?[bm]", part, re.IGNORECASE):
            return None
    size = sizes.pop() if len(sizes) == 1 else 0
    return ParameterCount(size, Method.NAME, Confidence.LOW) if size > 0 else None


def _find_label(answer: Mapping[str, Any], tags: Sequence[str], name: str, packing: Packing) -> Label | None:
    has_tag = any(tag.startswith(ADAPTER_TAG) for tag in tags)
    if answer.get("library_name") == "peft" or has_tag or is_adapter(answer):
        return Label.ADAPTER
    if DELTA_NAME.search(name.partition("/")[2] or name):
        return Label.DELTA
    if packing.method in PACKED_METHODS or PACKED_TAGS.intersection(tag.lower() for tag in tags):
        return Label.PACKED
    if any(tag.startswith(MERGE_TAG) for tag in tags):
        return Label.MERGE
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
