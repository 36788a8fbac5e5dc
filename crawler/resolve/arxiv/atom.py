"""An answer of arXiv's query API (Atom) → papers. Pure.

https://info.arxiv.org/help/api/user-manual.html (2026-11). The feed knows neither licence nor withdrawal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from xml.etree.ElementTree import Element

from crawler.links.arxiv_id import canonical_arxiv_id
from crawler.links.pointers import read_pointers
from crawler.records import Facts
from crawler.resolve.arxiv.xml import ARXIV_ID_URLS, UnreadableAnswer, parse_xml, read_text

ATOM: Final = "{http://www.w3.org/2005/Atom}"
OPEN_SEARCH: Final = "{http://a9.com/-/spec/opensearch/1.1/}"
ARXIV: Final = "{http://arxiv.org/schemas/atom}"
ERROR_ID: Final = re.compile(r"https?://(?:export\.)?arxiv\.org/api/errors")
VERSION: Final = re.compile(r"v([1-9]\d{0,3})$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Paper:
    """One entry: `id` without version, its latest `version`, and what the feed tells of it."""

    id: str
    version: int | None
    facts: Facts
    comment: str | None = None
    pointers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Addresses in the authors' comment and in the abstract, by which of them."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A whole answer. `error`: the API's complaint, which then stands in place of all papers."""

    papers: tuple[Paper, ...]
    total: int | None
    error: str | None = None

    @property
    def is_whole(self) -> bool:
        """Nothing was held back: what is missing here, the API did not find."""
        return self.error is None and self.total == len(self.papers)


def parse_feed(body: bytes) -> Feed:
    """Raises UnreadableAnswer for anything but a complete Atom feed."""
    root = parse_xml(body)
    if root.tag != f"{ATOM}feed":
        raise UnreadableAnswer(f"no Atom feed but {root.tag}")
    entries = root.findall(f"{ATOM}entry")
    for entry in entries:
        if ERROR_ID.match(read_text(entry, f"{ATOM}id") or ""):
            return Feed((), None, read_text(entry, f"{ATOM}summary") or "an error without words")
    total = read_text(root, f"{OPEN_SEARCH}totalResults")
    return Feed(
        papers=tuple(_read_paper(entry) for entry in entries),
        total=int(total) if total and total.isdecimal() else None,
    )


def _read_paper(entry: Element) -> Paper:
    address = read_text(entry, f"{ATOM}id") or ""
    name = next((address.removeprefix(url) for url in ARXIV_ID_URLS if address.startswith(url)), "")
    paper_id = canonical_arxiv_id(name)
    if paper_id is None:
        raise UnreadableAnswer(f"an entry without a paper's id: {address!r}")
    version = VERSION.search(name)
    category = entry.find(f"{ARXIV}primary_category")
    authors = [read_text(author, f"{ATOM}name") for author in entry.findall(f"{ATOM}author")]
    comment = read_text(entry, f"{ARXIV}comment")
    told: Facts = {
        "title": read_text(entry, f"{ATOM}title"),
        "authors": [author for author in authors if author] or None,
        "published_at": read_text(entry, f"{ATOM}published"),
        "updated_at": read_text(entry, f"{ATOM}updated"),
        "version": int(version[1]) if version else None,
        "primary_category": category.get("term") if category is not None else None,
        "doi": read_text(entry, f"{ARXIV}doi"),
    }
    return Paper(
        id=paper_id,
        version=told["version"],
        facts={name: value for name, value in told.items() if value is not None},
        comment=comment,
        pointers={
            "arxiv-comment": read_pointers(comment),
            "arxiv-abstract": read_pointers(read_text(entry, f"{ATOM}summary")),
        },
    )
