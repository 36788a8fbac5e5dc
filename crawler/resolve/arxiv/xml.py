"""XML of arXiv's services → elements, safely: no document type, so no entities but XML's own five. Pure."""

from __future__ import annotations

from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

ARXIV_ID_URLS: Final = ("http://arxiv.org/abs/", "https://arxiv.org/abs/")


class UnreadableAnswer(ValueError):  # noqa: N818 - what it is called elsewhere too
    """Not what the service sends: empty, cut off, a page, or another vocabulary. It says nothing."""


class _NoDocumentType(ElementTree.TreeBuilder):
    """Entities are declared in a document type; the services send none, a bomb needs one."""

    def doctype(self, name: str, *_ids: str | None) -> None:
        raise UnreadableAnswer(f"a document type ({name}) where none belongs")


def parse_xml(body: bytes) -> Element:
    """The root element. Raises UnreadableAnswer."""
    parser = ElementTree.XMLParser(target=_NoDocumentType())  # noqa: S314 - see _NoDocumentType
    try:
        parser.feed(body)
        root = parser.close()
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        # LookupError: an encoding that Python does not know.
        raise UnreadableAnswer(f"no XML: {error}") from error
    if not isinstance(root, Element):
        raise UnreadableAnswer("no XML element")
    return root


def read_text(parent: Element, path: str) -> str | None:
    """The text of a child, white space collapsed: titles are wrapped at 72 columns. None: not told."""
    found = parent.find(path)
    if found is None:
        return None
    return " ".join("".join(found.itertext()).split()) or None
