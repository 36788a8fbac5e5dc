"""Keeps curated lists of open-source AI alive: link health and facts, night after night.

`crawler.open(path)` reads a database; docs/export.md has examples. Importing this imports nothing heavy.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike

    from crawler.report.reader import Reader

__all__ = ["__version__", "open"]

__version__ = "0.1.0"


def open(path: str | PathLike[str]) -> Reader:  # noqa: A001 - read as crawler.open
    """What a database knows, as of now and any past night. Raises UnableError when it cannot be read."""
    from crawler.report.reader import Reader  # noqa: PLC0415  a crawl needs none of it

    return Reader.open(Path(path))
