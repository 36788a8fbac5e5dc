"""What a document tells about its own addresses, read in a first quick pass over its text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from crawler.links.run_together import REPOSITORY, KnownAddresses, plain_letters, repository_key

_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_GLUED_BEFORE = re.compile(r"[A-Za-z0-9]https?://", re.IGNORECASE)
_DELIMITED_REPOSITORY = re.compile(
    REPOSITORY.pattern + r"(?=/?(?:[)\]>\"'\s|#?,，。；]|$|/tree/|/blob/))(?![ \t]+[\u3400-\u9fff])",
    re.IGNORECASE,
)
_FOLDERS = re.compile(r"https?://[\w.-]+/(?:[\w.~-]+/){1,8}", re.IGNORECASE)

_OWNER = re.compile(
    r"https?://(?:www\.)?(?:github\.com|huggingface\.co|gitee\.com|modelscope\.cn)/([\w-]+?)(?=https?:|[^\w-]|$)",
    re.IGNORECASE,
)

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
    if not runs_together:
        return KnownAddresses(repositories)
    names = {plain_letters(name) for match in REPOSITORY.finditer(text) for name in match.groups()[1:]}
    names |= {plain_letters(match[1]) for match in _OWNER.finditer(text)}
    folders = Counter(_folders(text))
    shared = frozenset(folder for folder, count in folders.items() if count > 1)
    return KnownAddresses(repositories, shared, frozenset(names), runs_together)


def _folders(text: str) -> Iterator[str]:
    """Every folder of every address, as `plain_letters` writes it; owners of repositories are none."""
    for match in _FOLDERS.finditer(text):
        if _OWNER.match(match[0]):
            continue
        folders = match[0]
        position = folders.find("/", folders.find("//") + 2)
        while (position := folders.find("/", position + 1)) >= 0:
            yield plain_letters(folders[: position + 1])
