"""Documents of any size, by file name or from stdin, to the extractor."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Final

from crawler.errors import UsageError
from crawler.links.extract import ExtractedLink, extract_links, extract_stream

_WHOLE_BYTES: Final = 8_000_000
"""A document up to this size is read at once."""
_PIECE_BYTES: Final = 1 << 20


def extract_document(name: str) -> Iterator[ExtractedLink]:
    """The links of a file, or of stdin for `-`. Raises UsageError when it cannot be read."""
    with _open_document(name) as document:
        head = document.read(_WHOLE_BYTES + 1)
        if len(head) <= _WHOLE_BYTES:
            yield from extract_links(head, name=name)
            return
        del head

        def open_pieces() -> Iterable[bytes]:
            document.seek(0)
            return iter(partial(document.read, _PIECE_BYTES), b"")

        yield from extract_stream(open_pieces, name=name)


@contextmanager
def _open_document(name: str) -> Iterator[IO[bytes]]:
    if name == "-":
        # Read twice, so kept; on disk once it is big.
        with tempfile.SpooledTemporaryFile(max_size=_WHOLE_BYTES) as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy)
            copy.seek(0)
            yield copy
        return
    try:
        with Path(name).open("rb") as file:
            yield file
    except OSError as error:
        raise UsageError(f"cannot read the document: {error.strerror}", where=name) from error
