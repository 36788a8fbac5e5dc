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
    """What one text tells."""
    survey = Survey()
    survey.add(text)
    return survey.known()


class Survey:
    """The first pass: repositories that are surely spelt in full somewhere, and whether the text is glued.

    In a glued text an address follows a word without a space, again and again: copied pages and PDF do that,
    people do not.
    """

    def __init__(self) -> None:
        self.addresses = 0
        self.glued = 0
        self.repositories: set[str] = set()
        self.names: set[str] = set()
        self.folders: Counter[str] = Counter()

    def add(self, text: str) -> None:
        """Reads one text, or one window of it."""
        addresses = sum(1 for _ in _SCHEME.finditer(text))
        if not addresses:
            return
        self.addresses += addresses
        glued = sum(1 for _ in _GLUED_BEFORE.finditer(text))
        self.glued += glued
        self.repositories.update(repository_key(match) for match in _DELIMITED_REPOSITORY.finditer(text))
        if _is_glued(addresses, glued):
            self.names.update(
                plain_letters(name) for match in REPOSITORY.finditer(text) for name in match.groups()[1:]
            )
            self.names.update(plain_letters(match[1]) for match in _OWNER.finditer(text))
            self.folders.update(_folders(text))

    def known(self) -> KnownAddresses:
        """What was told by everything that was added."""
        if not _is_glued(self.addresses, self.glued):
            return KnownAddresses(frozenset(self.repositories))
        shared = frozenset(folder for folder, count in self.folders.items() if count > 1)
        return KnownAddresses(frozenset(self.repositories), shared, frozenset(self.names), runs_together=True)


def _is_glued(addresses: int, glued: int) -> bool:
    return glued >= _FEWEST_GLUED and glued >= addresses * _GLUED_SHARE


def _folders(text: str) -> Iterator[str]:
    """Every folder of every address, as `plain_letters` writes it; owners of repositories are none."""
    for match in _FOLDERS.finditer(text):
        if _OWNER.match(match[0]):
            continue
        folders = match[0]
        position = folders.find("/", folders.find("//") + 2)
        while (position := folders.find("/", position + 1)) >= 0:
            yield plain_letters(folders[: position + 1])
