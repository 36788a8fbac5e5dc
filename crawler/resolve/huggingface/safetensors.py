"""The header of a safetensors file → its tensors → parameters. Pure, with caps for strangers' files.

Format: eight bytes with the header's length, the header in JSON, the data
(https://huggingface.co/docs/safetensors, 2026-11). Caps as huggingface.js has them.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from crawler.resolve.huggingface.packing import BITS_PER_ELEMENT, Packing

LENGTH_BYTES: Final = 8
MAX_HEADER_BYTES: Final = 25_000_000
MAX_DIMENSION: Final = 2**32
MAX_RANK: Final = 64
MAX_SHARDS: Final = 10_000
SHARD_NAME: Final = re.compile(r"[\w.-]{1,200}\.safetensors", re.ASCII)
EXPERT: Final = re.compile(r"\.experts\.(\d+)\.")
FUSED_EXPERTS: Final = re.compile(r"\.experts\.(?!\d)")
EXPERT_COUNTS: Final = (
    *("num_local_experts", "n_routed_experts", "num_experts", "moe_num_experts", "num_moe_experts"),
)
EXPERTS_PER_TOKEN: Final = ("num_experts_per_tok", "num_experts_per_token", "experts_per_token", "moe_topk")


class HeaderError(ValueError):
    """Not a safetensors header, or one that nobody would write in earnest."""


@dataclass(frozen=True, slots=True)
class Tensor:
    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def elements(self) -> int:
        """A scalar counts as none: it is bookkeeping, not a weight."""
        return math.prod(self.shape) if self.shape else 0


@dataclass(frozen=True, slots=True)
class Recount:
    """Parameters by dtype, packing undone; `active` are those used per token where experts are told apart."""

    by_dtype: Mapping[str, int]
    active: int | None = None

    @property
    def total(self) -> int:
        return sum(self.by_dtype.values())


def read_header_length(start: bytes) -> int | None:
    """Bytes of the header, from the file's first eight; None when there are not so many yet."""
    if len(start) < LENGTH_BYTES:
        return None
    (length,) = struct.unpack("<Q", start[:LENGTH_BYTES])
    if not 2 <= length <= MAX_HEADER_BYTES:
        raise HeaderError(f"a header of {length:,} bytes")
    return int(length)


def parse_header(start: bytes, file_bytes: int | None = None) -> list[Tensor]:
    """The tensors named at the start of a file of `file_bytes`, where that is known. Raises HeaderError."""
    length = read_header_length(start)
    if length is None or len(start) < LENGTH_BYTES + length:
        raise HeaderError("the header is cut off")
    try:
        header = json.loads(start[LENGTH_BYTES : LENGTH_BYTES + length])
    except (ValueError, RecursionError) as error:
        raise HeaderError("the header is no JSON") from error
    if not isinstance(header, dict):
        raise HeaderError("the header is no table")
    data_bytes = None if file_bytes is None else file_bytes - LENGTH_BYTES - length
    return [_parse_tensor(name, told, data_bytes) for name, told in header.items() if name != "__metadata__"]


def list_shards(index: Any) -> list[str]:
    """File names of a `model.safetensors.index.json`, sorted. Raises HeaderError."""
    weights = index.get("weight_map") if isinstance(index, Mapping) else None
    if not isinstance(weights, Mapping):
        raise HeaderError("the index maps no weights")
    names = set(weights.values())
    if len(names) > MAX_SHARDS:
        raise HeaderError(f"{len(names):,} shards")
    if not names or not all(isinstance(name, str) and SHARD_NAME.fullmatch(name) for name in names):
        raise HeaderError("the index names files that are no shards")
    return sorted(names)


def read_declared_total(index: Any) -> int | None:
    """`metadata.total_parameters` of an index: its author's word."""
    metadata = index.get("metadata") if isinstance(index, Mapping) else None
    total = metadata.get("total_parameters") if isinstance(metadata, Mapping) else None
    if isinstance(total, str) and total.isascii() and total.isdigit() and len(total) < 20:
        total = int(total)
    return total if isinstance(total, int) and not isinstance(total, bool) and total > 0 else None


def read_declared_bytes(index: Any) -> int | None:
    """`metadata.total_size` of an index, in bytes."""
    metadata = index.get("metadata") if isinstance(index, Mapping) else None
    size = metadata.get("total_size") if isinstance(metadata, Mapping) else None
    if isinstance(size, float) and size.is_integer():
        size = int(size)
    return size if isinstance(size, int) and not isinstance(size, bool) and size > 0 else None


def recount(tensors: Iterable[Tensor], config: Mapping[str, Any]) -> Recount:
    """Count the parameters of all tensors of a model by its configuration."""
    packing = Packing.of_config(config)
    by_dtype: dict[str, int] = {}
    in_experts = 0
    experts: set[int] = set()
    has_fused = False
    for tensor in tensors:
        count = packing.count(tensor.name, tensor.dtype, tensor.elements)
        if count == 0:
            continue
        by_dtype[tensor.dtype] = by_dtype.get(tensor.dtype, 0) + count
        if match := EXPERT.search(tensor.name):
            experts.add(int(match[1]))
            in_experts += count
        elif FUSED_EXPERTS.search(tensor.name):
            has_fused = True
            in_experts += count
    return Recount(by_dtype, _find_active(sum(by_dtype.values()), in_experts, experts, has_fused, config))


def _find_active(
    total: int, in_experts: int, experts: set[int], has_fused: bool, config: Mapping[str, Any]
) -> int | None:
    """Only where configuration and tensor names agree on how many experts there are."""
    inner = config.get("text_config")
    places = [config, *([inner] if isinstance(inner, Mapping) else [])]
    told = _first_number(places, EXPERT_COUNTS)
    used = _first_number(places, EXPERTS_PER_TOKEN)
    if not in_experts or told is None or used is None or used > told:
        return None
    if not has_fused and len(experts) != told:
        return None
    return total - in_experts + round(in_experts * used / told)


def _first_number(places: Iterable[Mapping[str, Any]], names: Iterable[str]) -> int | None:
    for place in places:
        for name in names:
            value = place.get(name)
            if isinstance(value, int) and not isinstance(value, bool) and value > 0:
                return value
    return None


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _parse_tensor(name: str, told: Any, data_bytes: int | None) -> Tensor:
    dtype = told.get("dtype") if isinstance(told, dict) else None
    shape = told.get("shape") if isinstance(told, dict) else None
    if not isinstance(dtype, str) or not isinstance(shape, list):
        raise HeaderError(f"tensor {name[:80]!r} without dtype or shape")
    if len(shape) > MAX_RANK or not all(_is_whole(each) and 0 <= each <= MAX_DIMENSION for each in shape):
        raise HeaderError(f"tensor {name[:80]!r} has no sane shape")
    _check_place(
        name, told.get("data_offsets"), math.prod(shape) * BITS_PER_ELEMENT.get(dtype, 0), data_bytes
    )
    return Tensor(name, dtype, tuple(shape))


def _check_place(name: str, offsets: Any, bits: int, data_bytes: int | None) -> None:
    """A tensor takes as many bytes as its shape needs, and the file has them. `bits` 0: not known."""
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(map(_is_whole, offsets)):
        raise HeaderError(f"tensor {name[:80]!r} without a place")
    begin, end = offsets
    if not 0 <= begin <= end or (bits and (end - begin) * 8 != bits):
        raise HeaderError(f"tensor {name[:80]!r} does not fill its place")
    if data_bytes is not None and end > data_bytes:
        raise HeaderError(f"tensor {name[:80]!r} lies beyond the end of the file")
