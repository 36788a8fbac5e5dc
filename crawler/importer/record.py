"""What an import read and wrote, kept beside the catalog: `imported/NAME.jsonl`, facts only.

From it the next import tells what the document changed from what a person changed, and anybody can make the
catalog file again without the document: extracted entries, then the corrections.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from crawler.errors import UsageError
from crawler.records import Document, Entry
from crawler.report.output import write_output

RECORDS_FOLDER: Final = "imported"


class Line(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One line: what was read, first; then the entries as extracted, and those that corrections made."""

    digest: str | None = None
    document: Document | None = None
    written: tuple[str, ...] = ()
    extracted: Entry | None = None
    corrected: Entry | None = None


class Record(Struct, frozen=True):
    """`digest` is of the document; `document` and `extracted` are before corrections, `written` after."""

    digest: str
    document: Document
    extracted: tuple[Entry, ...]
    written: tuple[Entry, ...]


def record_path(catalog_file: Path) -> Path:
    return catalog_file.parent / RECORDS_FOLDER / f"{catalog_file.stem}.jsonl"


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def read_record(path: Path) -> Record | None:
    """None where there is none. Raises UsageError for a file that is no record."""
    try:
        lines = [msgspec.json.decode(line, type=Line) for line in path.read_bytes().splitlines()]
        head = lines[0]
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError, IndexError) as error:
        hint = "without it the next import keeps everything that stands in the catalog file"
        raise UsageError(f"not a record of an import: {error}", where=str(path), hint=hint) from error
    extracted = tuple(line.extracted for line in lines if line.extracted is not None)
    known = {entry.id: entry for entry in extracted}
    known |= {line.corrected.id: line.corrected for line in lines if line.corrected is not None}
    if head.document is None or head.digest is None or not known.keys() >= set(head.written):
        raise UsageError("not a record of an import: its first line does not fit", where=str(path))
    return Record(head.digest, head.document, extracted, tuple(known[entry] for entry in head.written))


def write_record(path: Path, record: Record) -> None:
    """Writes where something changed."""
    plain = {entry.id: entry for entry in record.extracted}
    ids = tuple(entry.id for entry in record.written)
    lines = [Line(digest=record.digest, document=record.document, written=ids)]
    lines += [Line(extracted=entry) for entry in record.extracted]
    lines += [Line(corrected=entry) for entry in record.written if plain.get(entry.id) != entry]
    text = "".join(f"{_encode(line)}\n" for line in lines)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(exist_ok=True)
        write_output([text], path)


def _encode(line: Line) -> str:
    return msgspec.json.encode(_without_nothing(msgspec.to_builtins(line))).decode()


def _without_nothing(value: object) -> object:
    if isinstance(value, dict):
        told = {key: _without_nothing(inner) for key, inner in value.items()}
        return {key: inner for key, inner in told.items() if inner not in (None, {}, [], "")}
    return [_without_nothing(inner) for inner in value] if isinstance(value, list) else value
