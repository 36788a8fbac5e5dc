"""A document's bytes and the text decoded from them: text is replaced in place, every other byte stays."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from crawler.links.decode import REPLACEMENT, decode_bytes

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ENCODINGS: Final = ("utf-8", "utf-16-le", "utf-16-be", "gb18030", "cp1252")


class Edit(NamedTuple):
    """`text[start:end]` of the decoded document becomes `replacement`."""

    start: int
    end: int
    replacement: str


class _Piece(NamedTuple):
    """A run of the text and the bytes it came from; what could not be decoded is a piece of its own."""

    text: str
    byte_start: int
    byte_end: int


@dataclass(frozen=True, slots=True)
class EncodedText:
    """`text` is the whole document as the extractor decodes it, without its byte order mark."""

    content: bytes
    text: str
    encoding: str
    mark: bytes = b""

    def replace(self, edits: Sequence[Edit]) -> bytes | None:
        """The bytes with `edits` made and all others as they are; None where that cannot be done exactly."""
        edits = sorted(edits)
        wanted = replace_text(self.text, edits)
        pieces: list[bytes] = []
        cursor = 0
        places = _ByteOffsets(self)
        for start, end, replacement in edits:
            first, last = places.of(start), places.of(end)
            if first is None or last is None:
                return None
            try:
                pieces += [self.content[cursor:first], replacement.encode(self.encoding)]
            except UnicodeEncodeError:
                return None
            cursor = last
        content = b"".join([*pieces, self.content[cursor:]])
        # A document whose encoding is guessed must be guessed the same afterwards.
        return content if decode_bytes(content) == wanted else None


def replace_text(text: str, edits: Sequence[Edit]) -> str:
    """The text with edits that do not overlap, in rising order."""
    pieces: list[str] = []
    cursor = 0
    for start, end, replacement in edits:
        pieces += [text[cursor:start], replacement]
        cursor = end
    return "".join([*pieces, text[cursor:]])


def read_encoded(content: bytes) -> EncodedText:
    """Decodes as the extractor does, and remembers how."""
    text = decode_bytes(content)
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return EncodedText(content, text, encoding, mark)
    for encoding in _ENCODINGS:
        if content.decode(encoding, "replace") == text:
            return EncodedText(content, text, encoding)
    return EncodedText(content, text, "utf-8")


class _ByteOffsets:
    """Character offsets → byte offsets, asked in rising order."""

    def __init__(self, source: EncodedText) -> None:
        self._encoding = source.encoding
        self._pieces = _decode_in_pieces(source)
        self._index = 0
        self._before = 0
        self._within, self._byte = 0, self._pieces[0].byte_start

    def of(self, offset: int) -> int | None:
        """None inside of what could not be decoded."""
        while self._index < len(self._pieces):
            piece = self._pieces[self._index]
            within = offset - self._before
            if within <= len(piece.text):
                if within == 0:
                    return piece.byte_start
                if within == len(piece.text):
                    return piece.byte_end
                passed = piece.text[self._within : within]
                self._byte += len(passed.encode(self._encoding, "surrogatepass"))
                self._within = within
                return self._byte
            self._before += len(piece.text)
            self._index += 1
            if self._index < len(self._pieces):
                self._within, self._byte = 0, self._pieces[self._index].byte_start
        return None


def _decode_in_pieces(source: EncodedText) -> list[_Piece]:
    """The pieces of the content, in order: what decodes at once, and every error as one U+FFFD."""
    content = source.content
    position = len(source.mark)
    pieces: list[_Piece] = []
    while True:
        try:
            text = content[position:].decode(source.encoding)
        except UnicodeDecodeError as error:
            bad, good_end = position + error.end, position + error.start
            pieces.append(_Piece(content[position:good_end].decode(source.encoding), position, good_end))
            pieces.append(_Piece(REPLACEMENT, good_end, bad))
            position = bad
            continue
        pieces.append(_Piece(text, position, len(content)))
        return pieces
