"""What a document tells about its own addresses, read in a first quick pass over its text."""

from __future__ import annotations

import re
from typing import Final

from crawler.links.url_end import REPOSITORY, KnownAddresses, plain_letters, repository_key

_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_GLUED_BEFORE = re.compile(r"[A-Za-z0-9]https?://", re.IGNORECASE)
_DELIMITED_REPOSITORY = re.compile(REPOSITORY.pattern + r"(?=/?(?:[)\]>\"'\s|#?,，。；]|$|/tree/|/blob/))(?![ \t]+[\u3400-\u9fff])", re.IGNORECASE)
_PREFIX = re.compile(r"https?://[\w.-]+/(?:[\w.~-]+/)*(?=[\w.~-]+/|[\w.-]+\.(?:pdf|html?))", re.IGNORECASE)

_FEWEST_GLUED: Final = 3
_GLUED_SHARE: Final = 0.3


def collect_known(text: str) -> KnownAddresses:
    """Repositories that are surely spelt in full somewhere, and whether the text is glued together.

    In a glued text an address follows a word without a space, again and again: copied pages and PDF do that,
    people do not.
    """
    total = sum(1 for _ in _SCHEME.finditer(text))
    if not total:
        return KnownAddresses()
    glued = sum(1 for _ in _GLUED_BEFORE.finditer(text))
    runs_together = glued >= _FEWEST_GLUED and glued >= total * _GLUED_SHARE
    repositories = frozenset(repository_key(match) for match in _DELIMITED_REPOSITORY.finditer(text))
    prefixes: frozenset[str] = frozenset()
    if runs_together:
        prefixes = frozenset(plain_letters(match[0]) for match in _PREFIX.finditer(text))
    return KnownAddresses(repositories, prefixes, runs_together)
