"""Addresses that a line of prose or a form's field names: of what a thing itself says that it belongs to."""

from __future__ import annotations

import re
from typing import Final

from crawler.links.extract import extract_links
from crawler.links.normalise import InvalidUrl, normalise_url

MAX_POINTERS: Final = 20
"""Of one text; a list of links is no abstract."""
LATEX_LINK: Final = re.compile(r"\\(?:url|href|texttt|path)\s*\{([^{}]*)\}")


def read_pointers(text: str | None) -> tuple[str, ...]:
    """The canonical URLs in a text, in its order, each once. LaTeX's own ways of writing them are known."""
    plain = LATEX_LINK.sub(r" \1 ", text or "")
    urls = dict.fromkeys(link.canonical_url for link in extract_links(plain))
    return tuple(urls)[:MAX_POINTERS]


def read_pointer(address: str | None) -> tuple[str, ...]:
    """The canonical URL of a field that holds one address; none when it holds none that can be asked for."""
    if not address or not address.strip():
        return ()
    try:
        return (normalise_url(address.strip()),)
    except InvalidUrl:
        return ()
