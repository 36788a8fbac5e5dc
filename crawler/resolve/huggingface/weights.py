"""Headers of safetensors files, read from the Hub where its own totals cannot be believed: only on request.

The Hub counts every request for such a file as a download
(https://huggingface.co/docs/hub/models-download-stats, 2026-11), so a revision is read once and remembered
for ever: the answer, or that there is none, becomes a candidate of the model's facts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from crawler.fetch.client import Fetcher, FetchResult
from crawler.records import Facts
from crawler.resolve.huggingface.packing import Packing
from crawler.resolve.huggingface.parameters import (
    LEAST_BITS,
    STORAGE_SLACK,
    Confidence,
    Label,
    Method,
    ParameterCount,
    choose_count,
    is_usable,
)
from crawler.resolve.huggingface.safetensors import (
    LENGTH_BYTES,
    MAX_HEADER_BYTES,
    HeaderError,
    Tensor,
    list_shards,
    parse_header,
    read_declared_bytes,
    read_declared_total,
    read_header_length,
    recount,
)
from crawler.verdicts.counts import TOLERANCE

WEIGHTS: Final = "model.safetensors"
INDEX: Final = "model.safetensors.index.json"
OLD_INDEX: Final = "pytorch_model.bin.index.json"
CONFIG: Final = "config.json"
MAX_INDEX_BYTES: Final = 100_000_000
MAX_CONFIG_BYTES: Final = 10_000_000
MOST_SHARDS: Final = 500
"""Read one after the other; the largest public models have fewer."""
READ_METHODS: Final = frozenset({Method.HEADERS, Method.INDEX, Method.INDEX_SIZE})
WHOLE_LENGTH: Final = re.compile(r"bytes \d{1,15}-\d{1,15}/(\d{1,15})", re.ASCII)
DOUBTED: Final = frozenset({Label.PACKED, Label.CONTRADICTED})
BYTES_OF_DTYPE: Final = {"F32": 4, "F16": 2, "BF16": 2}
WIDTHS: Final = {"float32": 4, "float16": 2, "bfloat16": 2}
"""Bytes of one weight, by the word of a configuration."""
USUAL_WIDTH: Final = 2


class _NotToldNow(Exception):  # noqa: N818 - not an error of ours, and not for users
    """The Hub does not answer, or not to us: another night may tell."""


@dataclass(frozen=True, slots=True)
class WeightsReader:
    """Reads the headers of one Hub's models through our own client; without a token."""

    fetcher: Fetcher
    endpoint: str

    async def add_counts(
        self, facts: Facts, known: Facts, files: Collection[str] = (), *, may_read: bool
    ) -> Facts:
        """The facts with what headers or an index tell, remembered or read now.

        Nothing is asked unless it could help; `files` are those that the repository is known to hold.
        """
        counts = _candidates(facts)
        revision = facts.get("revision")
        remembered = [
            each
            for each in _candidates(known)
            if each.get("method") in READ_METHODS and each.get("label") != Label.GATED
        ]
        current = [each for each in remembered if each.get("revision") == revision]
        if not current and may_read and is_doubted(facts):
            if facts.get("gated"):
                current = [_not_counted(counts, str(revision), Label.GATED)]
            else:
                current = await self._read(str(facts["full_name"]), str(revision), counts)
        elif not current and may_read and OLD_INDEX in files and is_unmeasured(facts):
            current = await self._read_old_index(facts)
        if facts.get("parameter_method") in {None, Method.NAME} and not any(map(is_usable, current)):
            # What an earlier revision told is better than nothing; it carries its revision.
            earlier = (each for each in remembered if each.get("revision") != revision)
            current += [each for each in earlier if each.get("label") != Label.UNREADABLE]
        return facts | choose_count([*_only(current, Method.HEADERS), *_with_declared(counts, current)])

    async def _read(
        self, name: str, revision: str, counts: Sequence[Mapping[str, Any]]
    ) -> list[Mapping[str, Any]]:
        try:
            found = await self._count(name, revision)
        except _NotToldNow:
            return []
        except HeaderError:
            return [_not_counted(counts, revision, Label.UNREADABLE)]
        return [each.to_fact() for each in found]

    async def _read_old_index(self, facts: Facts) -> list[Mapping[str, Any]]:
        """What the index beside pickled weights declares: all that such a repository tells of its size."""
        name, revision = str(facts["full_name"]), str(facts["revision"])
        counts = _candidates(facts)
        try:
            index = await self._get_json(name, revision, OLD_INDEX, MAX_INDEX_BYTES)
            if read_declared_bytes(index) is None and read_declared_total(index) is None:
                raise HeaderError("the index declares nothing")
            config = await self._get_json(name, revision, CONFIG, MAX_CONFIG_BYTES)
        except _NotToldNow:
            return []
        except HeaderError:
            return [_not_counted(counts, revision, Label.UNREADABLE)] if counts else []
        found = read_old_index(index, config if isinstance(config, Mapping) else {}, facts)
        return [each.to_fact() for each in found]

    async def _count(self, name: str, revision: str) -> list[ParameterCount]:
        """Raises HeaderError for what will not become readable, _NotToldNow for what may."""
        index = await self._get_json(name, revision, INDEX, MAX_INDEX_BYTES)
        shards = [WEIGHTS] if index is None else list_shards(index)
        if len(shards) > MOST_SHARDS:
            raise HeaderError(f"{len(shards)} shards")
        config = await self._get_json(name, revision, CONFIG, MAX_CONFIG_BYTES)
        tensors: list[Tensor] = []
        for shard in shards:
            tensors += await self._get_header(name, revision, shard)
        counted = recount(tensors, config if isinstance(config, Mapping) else {})
        if counted.total == 0:
            raise HeaderError("no weights")
        found = [ParameterCount(counted.total, Method.HEADERS, Confidence.HIGH, revision)]
        if counted.active is not None:
            found.append(
                ParameterCount(counted.active, Method.HEADERS, Confidence.MEDIUM, revision, Label.ACTIVE)
            )
        return [*found, *_read_index(index, counted.total, set(counted.by_dtype), revision)]

    async def _get_header(self, name: str, revision: str, file: str) -> list[Tensor]:
        most = LENGTH_BYTES + MAX_HEADER_BYTES
        result = await self.fetcher.get(
            self._address(name, revision, file),
            headers={"Range": f"bytes=0-{most - 1}", "Accept-Encoding": "identity"},
            max_body_bytes=most,
            # Where the file lies on another host, our Range stays behind: the rest is not read then.
            enough=lambda _, body: _has_header(body),
        )
        if _is_missing(result):
            raise HeaderError(f"no file {file}")
        return parse_header(result.body, _file_bytes(result))

    async def _get_json(self, name: str, revision: str, file: str, most: int) -> Any:
        """A small file; None where there is none."""
        result = await self.fetcher.get(self._address(name, revision, file), max_body_bytes=most)
        if _is_missing(result):
            return None
        if result.truncated:
            raise HeaderError(f"{file} is larger than {most:,} bytes")
        try:
            return json.loads(result.body)
        except (ValueError, RecursionError) as error:
            raise HeaderError(f"{file} is no JSON") from error

    def _address(self, name: str, revision: str, file: str) -> str:
        return f"{self.endpoint.rstrip('/')}/{name}/resolve/{revision}/{file}"


def is_doubted(facts: Facts) -> bool:
    """Whether headers could tell more: the repository's own totals are packed or contradicted."""
    return (
        bool(facts.get("full_name"))
        and bool(facts.get("revision"))
        and not facts.get("disabled")
        and any(
            each.get("method") == Method.SAFETENSORS and each.get("label") in DOUBTED
            for each in _candidates(facts)
        )
    )


def is_unmeasured(facts: Facts) -> bool:
    """Whether an open repository tells nothing of its weights but their files."""
    return (
        bool(facts.get("full_name"))
        and bool(facts.get("revision"))
        and not facts.get("gated")
        and not facts.get("disabled")
        and all(each.get("method") == Method.NAME for each in _candidates(facts))
    )


def read_old_index(index: Any, config: Mapping[str, Any], facts: Facts) -> list[ParameterCount]:
    """The totals that `pytorch_model.bin.index.json` declares, held against the files and the name."""
    revision = str(facts["revision"])
    named = next((each for each in _candidates(facts) if each.get("label") != Label.ACTIVE), {})
    width = WIDTHS.get(str(config.get("torch_dtype") or config.get("dtype")))
    is_packed = bool(Packing.of_config(config).method)
    size = read_declared_bytes(index)
    used: int | None = facts.get("used_storage")
    is_too_large = bool(size and used and size > used * STORAGE_SLACK)
    found: list[tuple[int, Method, Label | None]] = []
    if (declared := read_declared_total(index)) is not None:
        found.append((declared, Method.INDEX, None))
    if size is not None:
        # Kept where the bytes tell no count too: nobody need look again.
        unknown = Label.PACKED if is_packed else Label.UNREADABLE if width is None else None
        found.append((size // (width or USUAL_WIDTH), Method.INDEX_SIZE, unknown))
    counts = []
    for value, method, unknown in found:
        # An adapter's or a delta's name speaks of another model, and so do its weights.
        label = unknown or (Label(named["label"]) if "label" in named else None)
        is_unlikely = "value" in named and abs(value - named["value"]) > TOLERANCE * named["value"]
        if is_too_large or (used and value * LEAST_BITS > used * 8) or (label is None and is_unlikely):
            label = Label.CONTRADICTED
        is_believed = label not in {Label.CONTRADICTED, Label.UNREADABLE}
        confidence = Confidence.LOW if is_believed else Confidence.NONE
        base = named.get("base") if label in {Label.ADAPTER, Label.DELTA} else None
        counts.append(ParameterCount(value, method, confidence, revision, label, base))
    return counts


def _not_counted(counts: Sequence[Mapping[str, Any]], revision: str, why: Label) -> Mapping[str, Any]:
    """Says that there is no count from headers, and why; its value is the one in doubt."""
    return ParameterCount(counts[0]["value"], Method.HEADERS, Confidence.NONE, revision, why).to_fact()


def _read_index(index: Any, counted: int, dtypes: set[str], revision: str) -> list[ParameterCount]:
    """What the index itself declares: its author's word, believed less than the count, and kept."""
    found: list[ParameterCount] = []
    if (declared := read_declared_total(index)) is not None:
        # More than was counted cannot be; less may leave something out on purpose.
        label = Label.CONTRADICTED if declared > counted else None
        confidence = Confidence.NONE if label else Confidence.LOW
        found.append(ParameterCount(declared, Method.INDEX, confidence, revision, label))
    widths = {BYTES_OF_DTYPE.get(dtype) for dtype in dtypes}
    width = widths.pop() if len(widths) == 1 else None
    if width and (size := read_declared_bytes(index)) is not None:
        found.append(ParameterCount(size // width, Method.INDEX_SIZE, Confidence.LOW, revision))
    return found


def _has_header(body: bytes) -> bool:
    try:
        length = read_header_length(body)
    except HeaderError:
        return True
    return length is not None and len(body) >= LENGTH_BYTES + length


def _file_bytes(result: FetchResult) -> int | None:
    """How long the whole file is, where its host says so."""
    if match := WHOLE_LENGTH.fullmatch(result.headers.get("content-range", "")):
        return int(match[1])
    length = result.headers.get("content-length", "")
    is_whole = result.status == 200 and "content-encoding" not in result.headers
    return int(length) if is_whole and length.isascii() and length.isdigit() else None


def _is_missing(result: FetchResult) -> bool:
    """Whether the file surely is not there. Raises _NotToldNow for anything but that and the file."""
    if result.failure is None and result.status in {200, 206}:
        return False
    if result.failure is None and result.status == 404:
        return True
    raise _NotToldNow


def _candidates(facts: Facts) -> list[Mapping[str, Any]]:
    counts = facts.get("parameter_counts")
    return [each for each in counts if isinstance(each, Mapping)] if isinstance(counts, list) else []


def _only(counts: Sequence[Mapping[str, Any]], method: Method) -> list[Mapping[str, Any]]:
    return [each for each in counts if each.get("method") == method]


def _with_declared(
    counts: Sequence[Mapping[str, Any]], read: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """The index's word stands behind what the Hub counted and before the name."""
    declared = [each for each in read if each.get("method") != Method.HEADERS]
    named = _only(counts, Method.NAME)
    return [*(each for each in counts if each not in named), *declared, *named]
