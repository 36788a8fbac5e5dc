"""A stated size against the parameters that a host counts in one checkpoint. Pure.

A list that states several sizes agrees with a checkpoint of any of them. A mismatch is a finding with its
reason, where one is known; docs/facts.md lists them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from crawler.records import Facts
from crawler.verdicts.counts import StatedCount, parse_stated_counts
from crawler.verdicts.verdict import Standing, Verdict

FIELD: Final = "parameter_count"
NAME: Final = "name"
"""`parameter_method` of a count that was read off a model's name."""
PACKED_FACTORS: Final = (8, 4, 2)
PACKED_RANGE: Final = (0.85, 1.35)
"""Packed checkpoints keep embeddings, norms and scales unpacked: the factor counts those too often."""
HEAD_SHARE: Final = 1.6
"""With a small model, an output layer of its own adds up to so many times the rest (GPT-2: 124M or 163M)."""
HEAD_UP_TO: Final = 2 * 10**9
TINY_SHARE: Final = 0.01
INCOMPLETE_LABELS: Final = frozenset({"packed", "adapter", "delta", "contradicted"})


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a host tells of one model: its name, measured count, all candidates, what it was made from."""

    name: str
    count: int | None = None
    candidates: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    base_models: Sequence[str] = ()

    @classmethod
    def of_facts(cls, facts: Facts, name: str) -> Checkpoint:
        """From the facts of a Hub model; `name` where they tell none."""
        count = read_measured_count(facts)
        return cls(
            name=facts.get("full_name") or name,
            count=count,
            candidates=tuple(
                each for each in facts.get("parameter_counts") or () if isinstance(each, Mapping)
            ),
            base_models=tuple(each for each in facts.get("base_models") or () if isinstance(each, str)),
        )


def read_measured_count(facts: Facts) -> int | None:
    """The count of a Hub model that somebody measured: what only its name claims proves nothing."""
    count = facts.get("parameter_count")
    return count if isinstance(count, int) and facts.get("parameter_method") != NAME else None


def compare_parameters(stated: Sequence[str], checkpoint: Checkpoint) -> Verdict:
    """Whether the checkpoint is of a size that the list states."""
    sizes = list(_parse_all(stated))
    count = checkpoint.count
    if count is None or not sizes or _labels(checkpoint):
        return Verdict(Standing.OPEN, FIELD)
    written = ", ".join(stated)
    if any(size.accepts(count) for size in sizes):
        return Verdict(Standing.AGREES, FIELD, written, str(count))
    if any(size.accepts(active) for active in _actives(checkpoint) for size in sizes):
        return Verdict(Standing.AGREES, FIELD, written, str(count), "the active parameters are stated")
    return Verdict(Standing.CONFLICTS, FIELD, written, str(count), _find_reason(sizes, count, checkpoint))


def _find_reason(sizes: Sequence[StatedCount], count: int, checkpoint: Checkpoint) -> str | None:
    for factor in PACKED_FACTORS:
        if any(_is_near(count * factor, size) for size in sizes):
            return f"packing: the host may count words that hold {factor} weights each"
    name = checkpoint.name.rpartition("/")[2]
    if any(size.accepts(count) for size in parse_stated_counts(name)):
        return f"the linked checkpoint is of another size: {name}"
    bases = [size for base in checkpoint.base_models for size in parse_stated_counts(base.rpartition("/")[2])]
    if any(_overlap(base, size) for base in bases for size in sizes):
        return f"the stated size is that of the base model {', '.join(checkpoint.base_models)}"
    if all(count < size.low * TINY_SHARE for size in sizes):
        return "less than a hundredth of what is stated: an adapter, a part or a stub"
    if any(_is_output_layer(size, count) for size in sizes):
        return "a tied output layer may be counted once here and twice there"
    return None


def _labels(checkpoint: Checkpoint) -> frozenset[str]:
    """Why the believed count is not the size of the model that a reader has in mind, if it is not."""
    return INCOMPLETE_LABELS.intersection(
        str(each.get("label")) for each in checkpoint.candidates if each.get("value") == checkpoint.count
    )


def _actives(checkpoint: Checkpoint) -> list[int]:
    """What a mixture of experts uses per token, by its name or its tensors."""
    values = [each.get("value") for each in checkpoint.candidates if each.get("label") == "active"]
    return [value for value in values if isinstance(value, int)]


def _parse_all(stated: Iterable[str]) -> Iterable[StatedCount]:
    for text in stated:
        yield from parse_stated_counts(text)


def _is_near(count: int, size: StatedCount) -> bool:
    least, most = PACKED_RANGE
    return size.low * least <= count <= size.high * most


def _overlap(one: StatedCount, other: StatedCount) -> bool:
    return one.low <= other.high and other.low <= one.high


def _is_output_layer(size: StatedCount, count: int) -> bool:
    small, great = sorted((size.high if count > size.high else size.low, count))
    return great <= HEAD_UP_TO and great <= small * HEAD_SHARE
