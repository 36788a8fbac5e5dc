"""One document → its catalog file: read, draft, name, correct, write."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from crawler.catalog import write_catalog_file
from crawler.errors import UsageError
from crawler.importer.corrections import Corrections, apply_corrections, corrections_path, read_corrections
from crawler.importer.drafts import Draft, collect_drafts
from crawler.importer.kinds import decide_kind
from crawler.importer.slugs import SlugBook, make_slug
from crawler.importer.stated import read_stated
from crawler.links.blocks import BlockKind, read_html_blocks, read_markdown_blocks
from crawler.links.extract import read_document
from crawler.links.hidden import hide_unseen
from crawler.links.plain import plain_text
from crawler.records import Document, Entry, EntryKind

PAGE_SLUG: Final = "document"
_FRONT_MATTER_LINE = re.compile(r"^(\w+)[ \t]*[:=][ \t]*[\"']?(.*?)[\"']?[ \t\r]*$", re.MULTILINE)
_TITLE_TAG = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffd]+")


def import_file(
    source: Path, output: Path, *, title: str | None = None, url: str | None = None
) -> tuple[int, int]:
    """Writes the catalog file of a local document; returns how many entries and links it holds.

    `corrections/<stem>.yaml` beside `output` is applied. Raises UsageError for files that cannot be used.
    """
    try:
        content = source.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read the document: {error.strerror}", where=str(source)) from error
    corrections = read_corrections(corrections_path(output))
    document, entries = import_document(
        content, name=output.stem, title=title, url=url, source_name=source.name, corrections=corrections
    )
    write_catalog_file(output, document, entries, header=_header(output, bool(corrections.steps)))
    return len(entries), sum(len(entry.mentions) for entry in entries)


def _header(output: Path, corrected: bool) -> str:
    lines = [
        "Made by `crawler import` from the document named below: names, addresses and stated facts only.",
    ]
    if corrected:
        lines.append(
            f"Then corrected by corrections/{output.stem}.yaml: change that file and import again, or"
            " keep changes made here in step with it."
        )
    return "\n".join(lines)


def import_document(
    content: bytes | str,
    *,
    name: str,
    title: str | None = None,
    url: str | None = None,
    source_name: str = "",
    corrections: Corrections | None = None,
) -> tuple[Document, list[Entry]]:
    """A document's entries in its order; its own links at a last entry of kind `page`.

    `name` is the stem of the catalog file and begins every id; `source_name` helps to tell the format.
    """
    reading = read_document(content, name=source_name)
    text = hide_unseen(reading.source.text)
    drafts = collect_drafts(reading, text)
    if corrections is not None and corrections.repairs:
        drafts = [draft.with_words(corrections.repair) for draft in drafts]
    found_title, found_url = describe_document(text, source_name)
    document = Document(
        name=name,
        title=_line(title or found_title or source_name or name),
        url=url or found_url or _own_repository(drafts[-1]),
    )
    slugs = SlugBook()
    slugs.unique(PAGE_SLUG)
    kinds = corrections.kinds(name) if corrections is not None else {}
    entries = [
        _entry(draft, document, slugs, kinds) for draft in drafts if draft.owner is not None or draft.mentions
    ]
    if corrections is not None:
        document, entries = apply_corrections(corrections, document, entries)
    return document, entries


def _entry(draft: Draft, document: Document, slugs: SlugBook, kinds: Mapping[str, EntryKind]) -> Entry:
    if draft.owner is None:
        slug, name = PAGE_SLUG, document.title
    else:
        name = _line(draft.name) or "?"
        slug = slugs.unique(make_slug(name))
    entry_id = f"{document.name}/{slug}"
    # The kind a person gave is known before the facts are read: only models have parameter counts.
    kind = kinds.get(entry_id) or decide_kind(draft)
    return Entry(
        id=entry_id,
        name=name,
        kind=kind,
        document=document.name,
        section=_line(draft.section),
        stated=read_stated(draft, kind),
        mentions=tuple(draft.mentions),
    )


def describe_document(text: str, source_name: str = "") -> tuple[str | None, str | None]:
    """Title and address a document gives itself: front matter, first heading, `<title>`."""
    address = None
    is_html = source_name.lower().endswith((".html", ".htm"))
    title = None
    for block in read_html_blocks(text) if is_html else read_markdown_blocks(text):
        words = text[block.start : block.end]
        if block.kind is BlockKind.FRONT_MATTER:
            values = {match[1].lower(): match[2] for match in _FRONT_MATTER_LINE.finditer(words)}
            title = values.get("title")
            written = values.get("url") or values.get("repository") or values.get("homepage")
            address = written if written and written.startswith(("http://", "https://")) else None
        elif block.kind is BlockKind.HEADING:
            title = title or plain_text(words)
            break
    if title is None and (tag := _TITLE_TAG.search(text)):
        title = plain_text(tag[1])
    return title or None, address


def _own_repository(page: Draft) -> str | None:
    return next((url for url in page.own_addresses if "://github.com/" in url), None)


def _line(text: str) -> str:
    return _CONTROL.sub("�" if "\ufffd" in text else " ", text).strip()
