"""One document → its entries: read, draft, name, correct."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from crawler.importer.corrections import Corrections, apply_corrections
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
    document, entries = extract_entries(
        content, name=name, source_name=source_name, corrections=corrections or Corrections()
    )
    document = replace(document, title=_line(title) if title else document.title, url=url or document.url)
    return apply_corrections(corrections, document, entries) if corrections else (document, entries)


def extract_entries(
    content: bytes | str, *, name: str, source_name: str, corrections: Corrections
) -> tuple[Document, list[Entry]]:
    """Document and entries before the steps of `corrections`; its repairs and kinds help to read them."""
    reading = read_document(content, name=source_name)
    text = hide_unseen(reading.source.text)
    drafts = collect_drafts(reading, text)
    if corrections.repairs:
        drafts = [draft.with_words(corrections.repair) for draft in drafts]
    found_title, found_url = describe_document(text, source_name)
    document = Document(
        name=name,
        title=_line(found_title or source_name or name),
        url=found_url or _own_repository(drafts[-1]),
    )
    slugs = SlugBook()
    slugs.unique(PAGE_SLUG)
    kinds = corrections.kinds(name)
    entries = [
        _entry(draft, document, slugs, kinds) for draft in drafts if draft.owner is not None or draft.mentions
    ]
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
            # A page names itself in its <title>, unless it has a heading for that.
            title = title or (plain_text(words) if block.level == 1 or not _TITLE_TAG.search(text) else None)
            break
    if title is None and (tag := _TITLE_TAG.search(text)):
        title = plain_text(tag[1])
    return title or None, address


def _own_repository(page: Draft) -> str | None:
    return next((url for url in page.own_addresses if "://github.com/" in url), None)


def _line(text: str) -> str:
    return _CONTROL.sub("�" if "\ufffd" in text else " ", text).strip()
