"""How many parameters the elements of a tensor stand for in a packed (quantised) checkpoint. Pure.

Quantised weights are stored several to a word, beside scales, zero points and look-up tables that are no
parameters. Which tensors those are, and how many weights a word holds, follows from `quantization_config`.
Conventions as huggingface.js settled them (packages/hub/src/lib/parse-safetensors-metadata.ts, 2026-11).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

CONTAINER_BITS: Final = {"U8": 8, "I8": 8, "U16": 16, "I16": 16, "U32": 32, "I32": 32}
BITS_PER_ELEMENT: Final = {
    **dict.fromkeys(("F64", "I64", "U64"), 64),
    **dict.fromkeys(("F32", "I32", "U32"), 32),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 16),
    **dict.fromkeys(("I8", "U8", "BOOL", "F8_E4M3", "F8_E5M2", "F8_E8M0"), 8),
}
EXPONENT_DTYPES: Final = frozenset({"F8_E8M0", "E8M0", "UE8"})
"""Formats that hold nothing but the exponents of block scales."""
DEFAULT_BITS: Final = 4
MOST_BITS: Final = 32
# A bare `.scale` is not among them: some architectures learn a parameter of that name.
BOOKKEEPING: Final = frozenset(
    {
        *("weight_scale", "weight_scale_inv", "weight_scale_2", "weight_global_scale", "weight_zero_point"),
        *("input_scale", "input_global_scale", "input_zero_point", "zero_point"),
        *("weight_shape", "weight_g_idx"),
    }
)
GPTQ_BOOKKEEPING: Final = frozenset({"qzeros", "g_idx", "scales"})
BITSANDBYTES_BOOKKEEPING: Final = frozenset({"absmax", "quant_map", "nested_absmax", "nested_quant_map"})
BITS_IN_WORDS: Final = (("fp4", 4), ("int4", 4), ("nf4", 4), ("int2", 2))
REGULAR: Final = frozenset("\\+?()[]{}|^$")


@dataclass(frozen=True, slots=True)
class Packing:
    """What a model's configuration says of its quantisation; `method` is "" where it is not quantised."""

    method: str = ""
    bits: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    expert_dtype: str = ""

    @classmethod
    def of_config(cls, config: Mapping[str, Any]) -> Packing:
        """From config.json or the Hub's digest of it; multimodal models keep it in `text_config`."""
        inner = _mapping(config.get("text_config"))
        settings = _mapping(config.get("quantization_config")) or _mapping(inner.get("quantization_config"))
        # MLX calls it `quantization` and names no method.
        mlx = _mapping(config.get("quantization"))
        if not settings and mlx:
            return cls("mlx", _bits(mlx.get("bits")), mlx)
        bits = _bits(settings.get("bits"))
        if settings.get("load_in_4bit"):
            bits = 4
        places = (config, inner, settings)
        expert_dtype = next(filter(None, (_word(each.get("expert_dtype")) for each in places)), "")
        return cls(_word(settings.get("quant_method")), bits, settings, expert_dtype)

    def count(self, name: str, dtype: str, elements: int) -> int:
        """Parameters in one tensor of so many stored elements."""
        if dtype in EXPONENT_DTYPES or self._is_bookkeeping(name, dtype):
            return 0
        if not self.settings or not self._is_quantised(name):
            return elements
        bits = self._bits_of(name, dtype)
        container = CONTAINER_BITS.get(dtype)
        if bits is None or container is None or bits >= container:
            return elements
        if self.method in {"gptq", "awq"}:
            # Three bits fill 32-bit words unevenly; these two count whole weights per word.
            return elements * (container // bits)
        return round(elements * container / bits)

    def _bits_of(self, name: str, dtype: str) -> int | None:
        """Width of the weights packed into this tensor; None where each element is one."""
        last = name.rpartition(".")[2]
        match self.method:
            case "gptq" | "awq":
                return (self.bits or DEFAULT_BITS) if last == "qweight" or dtype == "U8" else None
            case "compressed-tensors":
                return self._bits_of_group(name)
            case "mxfp4":
                return 4 if dtype == "U8" and "_blocks" in name else None
            case "mlx":
                return (self.bits or DEFAULT_BITS) if dtype == "U32" else None
            case "fp8":
                is_expert = ".experts." in name and "shared_experts" not in name
                return _bits_in_words(self.expert_dtype) if is_expert else None
            case _:
                return 4 if dtype == "U8" and self.bits == 4 else None

    def _bits_of_group(self, name: str) -> int | None:
        """Models of mixed precision have a group of settings per width, with the modules it holds for."""
        module = _module_of(name)
        groups = [_mapping(group) for group in _mapping(self.settings.get("config_groups")).values()]
        group = next((each for each in groups if _matches_any(each.get("targets"), module)), {})
        layout = _word(group.get("format")) or _word(self.settings.get("format"))
        if not layout.endswith("pack-quantized"):
            return None
        widths = (_bits(_mapping(each.get("weights")).get("num_bits")) for each in (group, *groups))
        return next((width for width in widths if width), None) or _bits_in_words(layout) or DEFAULT_BITS

    def _is_bookkeeping(self, name: str, dtype: str) -> bool:
        if not self.settings:
            return False
        last = name.rpartition(".")[2]
        if last in BOOKKEEPING:
            return True
        match self.method:
            case "mxfp4":
                return dtype == "U8" and last.endswith("_scales")
            case "bitsandbytes":
                return last in BITSANDBYTES_BOOKKEEPING or last.startswith("bitsandbytes__")
            case "gptq" | "awq":
                return last in GPTQ_BOOKKEEPING and self._is_quantised(name)
            case "mlx":
                # Beside each packed `.weight`; a module that is not packed has neither.
                return last in {"scales", "biases"}
            case _:
                return False

    def _is_quantised(self, name: str) -> bool:
        if _matches_any(self.settings.get("ignore"), _module_of(name)):
            return False
        kept = self.settings.get("modules_to_not_convert")
        return not any(
            fnmatchcase(name, each) if "*" in each else each in name for each in _texts(kept) if each
        )


def _matches_any(targets: Any, module: str) -> bool:
    return any(_matches(target, module) for target in _texts(targets))


def _matches(target: str, module: str) -> bool:
    """`re:` targets only as far as wildcards say it: strangers' regular expressions are not run."""
    if not target.startswith("re:"):
        return target == module
    pattern = target.removeprefix("re:").removeprefix("^")
    pattern = pattern.removesuffix("$") if pattern.endswith("$") else f"{pattern}.*"
    glob = pattern.replace(".*", "*").replace("\\.", ".")
    return not REGULAR.intersection(glob) and fnmatchcase(module, glob)


def _module_of(name: str) -> str:
    """`model.layers.0.q_proj.weight_packed` → `model.layers.0.q_proj`."""
    place = name.rfind(".weight")
    return name if place < 0 else name[:place]


def _bits_in_words(text: str) -> int | None:
    return next((bits for word, bits in BITS_IN_WORDS if word in text), None)


def _bits(value: Any) -> int | None:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 < value <= MOST_BITS else None


def _word(value: Any) -> str:
    return value.lower() if isinstance(value, str) else ""


def _texts(value: Any) -> Iterator[str]:
    for item in value if isinstance(value, list) else ():
        if isinstance(item, str):
            yield item


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
