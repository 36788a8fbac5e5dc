"""Where a document or catalog file writes an address: exact offsets in its decoded text."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

import yaml

from crawler.catalog_paths import SUFFIXES
from crawler.links.extract import extract_links
from crawler.links.normalise import InvalidUrl, normalise_url

_ADDRESS_KEYS: Final = frozenset({"url", "raw"})


@dataclass(frozen=True, slots=True)
class Place:
    """`text[start:end]` is `raw`, which means `url`. `quote`: how a catalog file quotes it, None elsewhere.

    `group` joins the places of one link: its `url` and `raw` in a catalog file.
    """

    start: int
    end: int
    raw: str
    url: str
    canonical_url: str
    line: int
    column: int
    group: int
    quote: str | None = None

    def written(self, address: str) -> str:
        """An address as it stands at this place."""
        if self.quote == '"':
            return json.dumps(address, ensure_ascii=False)
        if self.quote == "'":
            return "'" + address.replace("'", "''") + "'"
        return address


def find_places(text: str, name: str) -> list[Place]:
    """The addresses of a document, or those at the links of a catalog file, in their order."""
    if PurePath(name).suffix in SUFFIXES and (places := _catalog_places(text)) is not None:
        return places
    return _document_places(text, name)


def _document_places(text: str, name: str) -> list[Place]:
    line_starts = [0]
    position = text.find("\n")
    while position >= 0:
        line_starts.append(position + 1)
        position = text.find("\n", position + 1)
    places: dict[int, Place] = {}
    for group, link in enumerate(extract_links(text, name=name)):
        start = line_starts[link.line - 1] + link.column - 1
        # A reference definition is one place, however many links lead to it.
        places.setdefault(
            start,
            Place(
                start, start + len(link.raw), link.raw, link.url, link.canonical_url,
                link.line, link.column, group,
            ),
        )  # fmt: skip
    return [places[start] for start in sorted(places)]


def _catalog_places(text: str) -> list[Place] | None:
    """The addresses of the document and of the entries' links; None if this is no catalog file."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        return None
    top = _pairs(root)
    if not {"document", "entries"} <= top.keys():
        return None
    nodes = [top["document"]]
    for entry in _items(top["entries"]):
        nodes += _items(_pairs(entry).get("links"))
    places: list[Place] = []
    for group, node in enumerate(nodes):
        values = {key: value for key, value in _pairs(node).items() if key in _ADDRESS_KEYS}
        url = values.get("url")
        if url is None or not isinstance(url, yaml.ScalarNode):
            continue
        places += [
            _catalog_place(value, url.value, group)
            for value in values.values()
            if isinstance(value, yaml.ScalarNode) and value.style in {'"', "'", None}
        ]
    return sorted(places, key=lambda place: place.start)


def _catalog_place(node: yaml.ScalarNode, url: str, group: int) -> Place:
    mark = node.start_mark
    return Place(
        mark.index, node.end_mark.index, node.value, url, _canonical(url),
        mark.line + 1, mark.column + 1, group, node.style or "",
    )  # fmt: skip


def _pairs(node: yaml.Node | None) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {key.value: value for key, value in node.value if isinstance(key, yaml.ScalarNode)}


def _items(node: yaml.Node | None) -> list[yaml.Node]:
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _canonical(url: str) -> str:
    try:
        return normalise_url(url)
    except InvalidUrl:
        return url
