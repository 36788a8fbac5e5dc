"""A document's bytes → its catalog file, made or brought up to date."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

from crawler.catalog import (
    CatalogFile,
    Written,
    all_entries,
    join_files,
    read_catalog_file,
    write_catalog_file,
)
from crawler.importer.corrections import (
    Corrections,
    apply_corrections,
    corrections_path,
    read_corrections,
)
from crawler.importer.document import extract_entries
from crawler.importer.merge import merge_entries
from crawler.importer.record import Record, digest_of, read_record, record_path, write_record
from crawler.records import Catalog, Document, Entry, Exclusion, Override, Suppression

MADE_BY: Final = "`crawler import`"


@dataclass(frozen=True, slots=True)
class Source:
    """A document to import: its bytes, the name that helps to tell its format, where it lives."""

    name: str
    content: bytes
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did to `output`: its text before (empty: there was none) and after."""

    output: Path
    entries: int
    links: int
    vanished: int
    before: str
    after: str
    catalog: Catalog | None = None
    """What `after` loads as, where it was written now."""

    def diff(self) -> Iterator[str]:
        """A unified diff, nothing for a new file."""
        if self.before:
            before, after = self.before.splitlines(keepends=True), self.after.splitlines(keepends=True)
            yield from difflib.unified_diff(before, after, f"a/{self.output}", f"b/{self.output}")


def import_source(
    source: Source, output: Path, *, today: date, title: str | None = None, url: str | None = None
) -> Imported:
    """Writes the catalog file of a document, or what the document changed into the file that is there.

    `corrections/<stem>.yaml` beside `output` is applied; hand-made changes of the file, its exclusions,
    overrides and suppressions stay. Raises UsageError for files that cannot be used; they are left alone.
    """
    corrections = read_corrections(corrections_path(output))
    found, extracted = extract_entries(
        source.content, name=output.stem, source_name=source.name, corrections=corrections
    )
    found = replace(found, url=found.url or source.url)
    return update_catalog_file(
        output,
        found,
        extracted,
        digest_of(source.content),
        corrections=corrections,
        today=today,
        title=title,
        url=url,
    )


def update_catalog_file(
    output: Path,
    found: Document,
    extracted: Sequence[Entry],
    digest: str,
    *,
    corrections: Corrections,
    today: date,
    title: str | None = None,
    url: str | None = None,
    made_by: str = MADE_BY,
) -> Imported:
    """Writes `extracted`, or what is new in it, into the catalog file `output` as `import_source` does.

    For whoever reads something else than a document: `digest` tells one reading from another, `made_by` is
    named in a comment. Raises UsageError for files that cannot be used; they are left alone.
    """
    document, fresh = apply_corrections(corrections, found, extracted)
    record = read_record(record_path(output))
    file = read_catalog_file(str(output)) if output.exists() else None
    if file is not None:
        # Raises for a mistake in the file as it stands: nothing of it may be lost.
        join_files([file])
    entries, named = fresh, fresh
    if file is not None and file.form is not None:
        mine, last = file.form.document, record.document if record else None
        kept_title = last is None or mine.title != (corrections.title or last.title)
        kept_url = mine.url is not None and (last is None or mine.url != (corrections.url or last.url))
        document = replace(
            document,
            title=mine.title if kept_title else document.title,
            url=mine.url if kept_url else document.url,
        )
        given = frozenset(entry.id for entry in fresh) - {entry.id for entry in extracted}
        entries, named = merge_entries(
            all_entries(file), record.written if record else None, fresh, today, given
        )
    document = replace(document, title=title or document.title, url=url or document.url)
    after = before = output.read_text(encoding="utf-8") if file is not None else ""
    catalog = None
    if file is None or not _says_the_same(file, document, entries):
        header = _header(output, made_by, corrected=bool(corrections.steps))
        after, catalog = _write(output, file, document, entries, header)
    write_record(record_path(output), Record(digest, found, tuple(extracted), tuple(named)))
    present = [entry for entry in entries if entry.vanished is None]
    return Imported(
        output=output,
        entries=len(present),
        links=sum(mention.vanished is None for entry in present for mention in entry.mentions),
        vanished=len(entries) - len(present),
        before=before,
        after=after,
        catalog=catalog,
    )


def _says_the_same(file: CatalogFile, document: Document, entries: list[Entry]) -> bool:
    """Then not a byte is changed, comments and layout included."""
    form = file.form
    return (
        form is not None
        and (form.document.title, form.document.url) == (document.title, document.url)
        and all_entries(file) == entries
    )


def _write(
    output: Path, file: CatalogFile | None, document: Document, entries: list[Entry], header: str
) -> Written:
    form = file.form if file is not None else None
    exclusions = [Exclusion(e.url, e.reason, e.until) for e in form.exclusions] if form else []
    overrides = [Override(o.entry, o.field, o.value, o.reason) for o in form.overrides] if form else []
    suppressions = (
        [Suppression(s.entry, s.kind, s.reason, s.until, s.field) for s in form.suppressions] if form else []
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    return write_catalog_file(output, document, entries, exclusions, overrides, header, suppressions)


def _header(output: Path, made_by: str, *, corrected: bool) -> str:
    lines = [
        f"Made by {made_by} from the document named below: names, addresses and stated facts only.",
        "The next import keeps ids and what a person changed here.",
    ]
    if corrected:
        lines.append(f"Then corrected by corrections/{output.stem}.yaml.")
    return "\n".join(lines)
