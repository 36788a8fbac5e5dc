"""Where the files of a catalog are, and their bytes."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from crawler.errors import UsageError

SUFFIXES: Final = frozenset({".yaml", ".yml"})


def find_catalog_files(paths: Sequence[str]) -> list[str]:
    """The files that `paths` name, each once; a folder gives its *.yaml and *.yml by name.

    Raises UsageError where nothing is found or two files would give one document name.
    """
    found: dict[Path, str] = {}
    for path in paths:
        for file in _expand(path):
            found.setdefault(Path(file).resolve(), file)
    by_name: dict[str, str] = {}
    for file in found.values():
        name = Path(file).stem
        if name in by_name:
            raise UsageError(
                f"a second document named {name!r}; the first is {by_name[name]}",
                where=file,
                hint="rename one of the files, and its ids",
            )
        by_name[name] = file
    return list(found.values())


def _expand(path: str) -> list[str]:
    place = Path(path)
    if place.is_dir():
        files = sorted(str(file) for file in place.iterdir() if file.suffix in SUFFIXES and not file.is_dir())
        if not files:
            raise UsageError("no catalog file in this folder", where=path, hint="its files end in .yaml")
        return files
    if place.exists():
        return [path]
    files = sorted(file for file in glob.glob(path, recursive=True) if not Path(file).is_dir())
    if not files:
        raise UsageError(
            "no such catalog file or folder", where=path, hint="see [catalog] paths in the config"
        )
    return files


def read_content(path: str) -> bytes:
    """The bytes of a catalog file. Raises UsageError."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read the catalog file: {error.strerror}", where=path) from error
