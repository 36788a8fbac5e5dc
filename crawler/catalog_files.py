"""A catalog file by file, so that one of them is in memory at a time; from parsed copies if there are any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import msgspec

from crawler.catalog_copies import ParsedCopies, digest_of
from crawler.catalog_paths import find_catalog_files, read_content
from crawler.config import Config
from crawler.errors import UsageError
from crawler.records import Catalog, CatalogPart, Entry


class CatalogFiles:
    """The parts of a catalog, one for each file. Iterating raises UsageError for the first mistake."""

    def __init__(self, paths: Sequence[str], copies: ParsedCopies | None = None) -> None:
        """Raises UsageError where nothing is found or two files would give one document name."""
        self._paths = {Path(path).stem: path for path in find_catalog_files(paths)}
        self._copies = copies
        self._checked: dict[str, str] = {}
        """Digests by name, as of `check`."""
        self.web_pages = 0
        """Addresses of web pages, as far as copies told of them at `check`."""

    @classmethod
    def of(cls, config: Config) -> Self:
        """The catalog of a config, with the parsed copies beside its database."""
        return cls(config.catalog_paths, ParsedCopies(config.database))

    def keep_copy(self, path: Path, text: str, catalog: Catalog) -> None:
        """Leave the parsed copy of a file that was just written, if it is one of the catalog's."""
        mine = self._paths.get(path.stem)
        if self._copies and mine is not None and Path(mine).resolve() == path.resolve():
            digest = digest_of(path.stem, text.encode())
            self._copies.keep(path.stem, digest, replace(catalog, entries=()), catalog.entries)

    @property
    def names(self) -> list[str]:
        """Of the documents."""
        return list(self._paths)

    def check(self) -> None:
        """Raises UsageError for the first mistake, with file:line. Iterating gives what was checked."""
        self.web_pages = 0
        for name in self._paths:
            part = self._read(name)
            self._checked[name] = part.digest or ""
            self.web_pages += part.web_pages

    def __iter__(self) -> Iterator[CatalogPart]:
        for name in self._paths:
            checked = self._checked.get(name)
            part = self._copies.find(name, checked) if self._copies and checked else None
            yield self._mended(name, part) if part else self._read(name)
        if self._copies:
            self._copies.keep_only(self._paths)

    def _read(self, name: str) -> CatalogPart:
        content = read_content(self._paths[name])
        digest = digest_of(name, content)
        if self._copies and (copy := self._copies.find(name, digest)):
            return self._mended(name, copy)
        rest, entries = self._parse(name, content)
        if self._copies:
            self._copies.keep(name, digest, rest, entries)
        return CatalogPart(rest, lambda: entries, digest)

    def _parse(self, name: str, content: bytes) -> tuple[Catalog, tuple[Entry, ...]]:
        # Where copies are whole, nothing is asked of YAML.
        from crawler.catalog import join_files, parse_catalog  # noqa: PLC0415

        catalog = join_files([parse_catalog(content, self._paths[name])])
        return replace(catalog, entries=()), catalog.entries

    def _mended(self, name: str, copy: CatalogPart) -> CatalogPart:
        """A copy that falls back on its file if its entries are not what this program takes for entries."""

        def read_entries() -> Sequence[Entry]:
            try:
                return copy.read_entries()
            except msgspec.MsgspecError:
                content = read_content(self._paths[name])
                if digest_of(name, content) != copy.digest:
                    changed = "the catalog file was changed while it was read"
                    raise UsageError(changed, where=self._paths[name], hint="try again") from None
                return self._parse(name, content)[1]

        def read_links() -> Mapping[str, tuple[str, str, str]]:
            try:
                return copy.read_links() if copy.read_links else {}
            except msgspec.MsgspecError:
                return {}

        return replace(copy, read_entries=read_entries, read_links=read_links)
