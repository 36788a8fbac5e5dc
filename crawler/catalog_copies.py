"""Parsed copies of catalog files beside the database, so that YAML is read once and not every night.

A copy stands for a file only while it was made from the same bytes by the same release, which its digest
tells. It can be missing, damaged or from elsewhere: then the file itself is read, and never is that an error.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from crawler import __version__
from crawler.links.classify import texts_of_link
from crawler.records import Catalog, CatalogPart, Entry, TargetKind

FOLDER: Final = "parsed"
"""The copies' folder beside the database; each database has a folder of its own in it."""
SUFFIX: Final = ".msgpack"
CHECKSUM_BYTES: Final = 16


class Copy(Struct, frozen=True, array_like=True):
    """What a copy holds, after its checksum. `rest` is the catalog of the file without its entries."""

    digest: str
    rest: Catalog
    entries: msgspec.Raw
    links: msgspec.Raw
    web_pages: int


_COPY: Final = msgspec.msgpack.Decoder(Copy)
_ENTRIES: Final = msgspec.msgpack.Decoder(tuple[Entry, ...])
_LINKS: Final = msgspec.msgpack.Decoder(dict[str, tuple[str, str, str]])


def digest_of(name: str, content: bytes) -> str:
    """Of a catalog file's bytes, the name of its document and the release that reads it."""
    digest = hashlib.sha256(f"{__version__}\0{name}\0".encode("utf-8", "surrogateescape"))
    digest.update(content)
    return digest.hexdigest()


class ParsedCopies:
    """The copies of one database's catalog, one for each document."""

    def __init__(self, database: Path) -> None:
        self._folder = database.parent / FOLDER / database.name

    def find(self, name: str, digest: str) -> CatalogPart | None:
        """The copy of a document's file, if it is whole and was made from what `digest` is of.

        Its entries and links raise msgspec.MsgspecError when they are read and are none.
        """
        try:
            content = self._path_of(name).read_bytes()
        except OSError:
            return None
        body = memoryview(content)[CHECKSUM_BYTES:]
        if content[:CHECKSUM_BYTES] != _checksum(body):
            return None
        try:
            copy = _COPY.decode(body)
        except msgspec.MsgspecError:
            return None
        if copy.digest != digest:
            return None
        return CatalogPart(
            copy.rest,
            lambda: _ENTRIES.decode(copy.entries),
            digest,
            lambda: _LINKS.decode(copy.links),
            copy.web_pages,
        )

    def keep(self, name: str, digest: str, rest: Catalog, entries: Sequence[Entry]) -> None:
        """Write a document's copy in one step; where that cannot be done, there is none."""
        encode = msgspec.msgpack.encode
        links = {mention.url: texts_of_link(mention.url) for entry in entries for mention in entry.mentions}
        pages = sum(kind == TargetKind.WEB_PAGE for _, kind, _ in links.values())
        body = encode(Copy(digest, rest, msgspec.Raw(encode(entries)), msgspec.Raw(encode(links)), pages))
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, partial = tempfile.mkstemp(prefix=".", dir=self._folder)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(_checksum(body))
                    file.write(body)
                # Not synced to the disk: one that a power cut spoiled is known by its checksum.
                os.replace(partial, self._path_of(name))
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(partial)

    def keep_only(self, names: Collection[str]) -> None:
        """Remove the copies of documents that are no more, and what a killed process left behind."""
        kept = {self._path_of(name).name for name in names}
        with suppress(OSError):
            for file in list(self._folder.iterdir()):
                if file.name not in kept:
                    file.unlink()

    def _path_of(self, name: str) -> Path:
        return self._folder / f"{name}{SUFFIX}"


def _checksum(body: bytes | memoryview) -> bytes:
    return hashlib.blake2b(body, digest_size=CHECKSUM_BYTES).digest()
