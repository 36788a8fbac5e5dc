"""The reference definitions of a Markdown text: `[id]: address "title"`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from crawler.links.destination import meant_address

DEFINITION = re.compile(
    r"^[ \t>]{0,12}\[(?P<id>(?:[^\[\]\n^\\]|\\.)(?:[^\[\]\n\\]|\\.){0,998})\]:[ \t]*(?:\r?\n[ \t]*)?"
    r"(?:<(?P<angle>[^<>\n]{0,4000})>|(?P<plain>[^\s<]\S{0,4000}))"
    r"(?:[ \t]*(?:\r?\n)?[ \t]*(?:\"[^\"\n]{0,500}\"|'[^'\n]{0,500}'|\([^()\n]{0,500}\)))?[ \t]*(?=\r?$)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an address stands in the original document, and what stands there. From 1."""

    line: int
    column: int
    raw: str


@dataclass(frozen=True, slots=True)
class Definition:
    """Where a reference definition keeps its address; `place` where it stands in another window."""

    start: int
    end: int
    url: str
    place: Place | None = None


def read_definitions(text: str) -> dict[str, Definition]:
    """The reference definitions of a document; the first of an id wins."""
    definitions: dict[str, Definition] = {}
    if "]:" not in text:
        return definitions
    for match in DEFINITION.finditer(text):
        group = "angle" if match["angle"] is not None else "plain"
        url = meant_address(match[group])
        if url is not None:
            key = reference_key(match["id"])
            definitions.setdefault(key, Definition(match.start(group), match.end(group), url))
    return definitions


def reference_key(label: str) -> str:
    return " ".join(label.casefold().split())
