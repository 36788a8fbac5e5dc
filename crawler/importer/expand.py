"""Links of an owner or a collection as the text of a catalog file, to be looked through by a person."""

from __future__ import annotations

from collections.abc import Sequence

from crawler.catalog import format_catalog
from crawler.errors import UsageError
from crawler.importer.slugs import SlugBook, make_slug
from crawler.records import Document, Entry, EntryKind, Link, Mention, Role, TargetKind

KINDS = {
    TargetKind.HUGGINGFACE_MODEL: (EntryKind.MODEL, Role.PROJECT),
    TargetKind.HUGGINGFACE_DATASET: (EntryKind.DATASET, Role.PROJECT),
    TargetKind.HUGGINGFACE_SPACE: (EntryKind.OTHER, Role.DEMO),
    TargetKind.ARXIV_PAPER: (EntryKind.PAPER, Role.PAPER),
}


def write_fragment(url: str, links: Sequence[Link], document: str | None) -> str:
    """A catalog file with one entry per link; `document` is the stem its ids begin with.

    Raises UsageError when there is nothing to write.
    """
    if not links:
        raise UsageError("the Hub lists nothing there", where=url)
    stem = document or make_slug(url.rstrip("/").rpartition("/")[2])
    slugs = SlugBook()
    entries = []
    for link in links:
        kind, role = KINDS.get(link.target.kind, (EntryKind.OTHER, Role.PROJECT))
        name = link.target.id.rpartition("/")[2]
        mention = Mention(link.canonical_url, link.canonical_url, role)
        identifier = f"{stem}/{slugs.unique(make_slug(name))}"
        entries.append(Entry(identifier, name, kind, stem, mentions=(mention,)))
    header = f"From {url}; save as {stem}.yaml, or copy what belongs into another file."
    return format_catalog(Document(stem, stem, url), entries, header=header)
