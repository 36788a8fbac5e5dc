"""Bytes → the text a reader means, with a way back to every character of the text as it was written.

Undoes what copying does to documents: other encodings, UTF-8 read as a single-byte code page, radicals
and full-width letters where plain ones are meant. Leaves finding links to others.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import ftfy.bad_codecs  # noqa: F401 - registers the forgiving "sloppy" code pages

# Code pages that UTF-8 is misread as in practice; the most frequent first, because ties go to it.
CODE_PAGES: Final = (
    "sloppy-windows-1252",
    "sloppy-windows-1254",
    "latin-1",
    "sloppy-windows-1250",
    "sloppy-windows-1251",
    "sloppy-windows-1257",
)
_SAMPLE_CHARACTERS: Final = 400_000
_FEWEST_MISREAD: Final = 3

REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"

_RADICAL = re.compile("[\u2e80-\u2fdf]")
_RADICALS: Final = {
    point: folded
    for point in range(0x2E80, 0x2FE0)
    if len(folded := unicodedata.normalize("NFKC", chr(point))) == 1 and folded != chr(point)
}
# The supplement block has few compatibility mappings; these are the ones PDF writers emit.
_RADICALS.update(
    zip(map(ord, "⺠⻓⻔⻚⻛⻜⻢⻥⻦⻩⻄⻅⻆⻉⻋⻝⻬⻰"), "民长门页风飞马鱼鸟黄西见角贝车食齐龙", strict=True)
)

# A full-width address: the marks that end a URL in running text are letters of it here.
_FULL_WIDTH_ADDRESS = re.compile(
    r"(?:[hｈＨH][tｔＴT]{2}[pｐＰP][sｓＳS]?[:：][/／]{2}|[wｗＷ]{3}．)[\wＡ-Ｚａ-ｚ０-９．／－＿％＝？＆＃～./%=?&#~-]+",
    re.ASCII,
)
_FULL_WIDTH_HINT = re.compile("[ｈwｗ][ｔtｗ]|[pPsS]：|：／／|:／／|：//")
_FULL_WIDTH: Final = {point: chr(point - 0xFEE0) for point in range(0xFF01, 0xFF5F)}


@dataclass(frozen=True, slots=True)
class SourceText:
    """`text` is what a reader means, `original` what was decoded; `origins` maps offsets, None = the same."""

    original: str
    text: str
    origins: array[int] | None = None

    def original_offset(self, offset: int) -> int:
        return offset if self.origins is None else self.origins[offset]

    def raw(self, start: int, end: int) -> str:
        """What stands in the original for `text[start:end]`."""
        return self.original[self.original_offset(start) : self.original_offset(end)]


def read_source(content: bytes | str) -> SourceText:
    """Decodes and repairs; never raises."""
    original = content if isinstance(content, str) else decode_bytes(content)
    text, origins = _repair_misread_utf8(original)
    if _RADICAL.search(text):
        text = text.translate(_RADICALS)
    if _FULL_WIDTH_HINT.search(text):
        text = _FULL_WIDTH_ADDRESS.sub(lambda match: match[0].translate(_FULL_WIDTH), text)
    return SourceText(original, text, origins)


_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def guess_encoding(head: bytes) -> list[tuple[str, str]]:
    """What a document that begins so may be written in, the likeliest first: (encoding, errors)."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            # With the mark's own name the decoder takes it away.
            return [({"utf-8": "utf-8-sig"}.get(encoding, encoding[:6]), "replace")]
    even, odd = head[:4096:2].count(0), head[1:4096:2].count(0)
    if max(even, odd) > len(head[:4096]) // 8:
        return [("utf-16-le" if odd > even else "utf-16-be", "replace")]
    return [("utf-8", "strict")]


def decode_bytes(content: bytes) -> str:
    """The text of a file: by its byte order mark, else UTF-8, else UTF-16 by its zero bytes, else GB18030."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace")
    try:
        decoded = content.decode("utf-8")
    except UnicodeDecodeError as error:
        return _decode_other(content, error.start)
    return decoded if "\0" not in decoded[:4096] else _decode_zero_bytes(content, decoded)


def _decode_zero_bytes(content: bytes, as_utf8: str) -> str:
    head = content[:4096]
    even, odd = head[::2].count(0), head[1::2].count(0)
    if odd > len(head) // 8 and odd > 4 * even:
        return content.decode("utf-16-le", "replace")
    if even > len(head) // 8 and even > 4 * odd:
        return content.decode("utf-16-be", "replace")
    return as_utf8


def _decode_other(content: bytes, first_error: int) -> str:
    if content[:4096].count(0) > len(content[:4096]) // 8:
        return _decode_zero_bytes(content, content.decode("utf-8", "replace"))
    # A file cut in the middle of a character, or with one stray byte, is still UTF-8.
    if first_error >= len(content) - 4:
        return content.decode("utf-8", "replace")
    try:
        return content.decode("gb18030")
    except UnicodeDecodeError:
        pass
    as_utf8 = content.decode("utf-8", "replace")
    broken = as_utf8.count(REPLACEMENT)
    multi_byte = sum(1 for character in as_utf8 if ord(character) > 0x7F) - broken
    return as_utf8 if multi_byte >= broken else content.decode("cp1252", "replace")


@dataclass(frozen=True, slots=True)
class _CodePage:
    """How UTF-8 looks when it was read through one code page."""

    byte_of: dict[str, int]
    whole: re.Pattern[str]
    damaged: re.Pattern[str]


def _build_code_page(name: str) -> _CodePage:
    byte_of: dict[str, int] = {}
    for byte in range(0x80, 0x100):
        byte_of[bytes([byte]).decode(name)] = byte
        byte_of.setdefault(chr(byte), byte)

    def class_of(low: int, high: int) -> str:
        return "[" + re.escape("".join(c for c, byte in byte_of.items() if low <= byte <= high)) + "]"

    follow = class_of(0x80, 0xBF)
    two, three, four = class_of(0xC2, 0xDF), class_of(0xE0, 0xEF), class_of(0xF0, 0xF4)
    whole = f"{three}{follow}{{2}}|{four}{follow}{{3}}|{two}{follow}"
    # Bytes that the code page does not define were dropped by the copy: part of a character is left.
    damaged = f"{four}{follow}{{1,2}}|{three}{follow}?|{follow}+"
    return _CodePage(byte_of, re.compile(whole), re.compile(f"({whole})|{damaged}"))


_code_pages: dict[str, _CodePage] = {}


def _code_page(name: str) -> _CodePage:
    if name not in _code_pages:
        _code_pages[name] = _build_code_page(name)
    return _code_pages[name]


_MISREAD_HINT = re.compile("[Ã-ô\u0400-\u045f][\u0080-\u00bf\u0152-\u0178\u02c6-\u02dc\u2013-\u203a€™]")


def _repair_misread_utf8(original: str) -> tuple[str, array[int] | None]:
    """UTF-8 that was read as a code page, read again; parts that were lost become U+FFFD."""
    if original.isascii() or not _MISREAD_HINT.search(original):
        return original, None
    sample = original[:_SAMPLE_CHARACTERS]
    best, best_count = None, _FEWEST_MISREAD - 1
    for name in CODE_PAGES:
        count = _count_repairable(_code_page(name), sample)
        if count > best_count:
            best, best_count = _code_page(name), count
    if best is None:
        return original, None
    # A text that also holds real wide characters was pasted together: damaged parts cannot be told apart.
    wide = sum(1 for character in sample if "\u3000" <= character <= "\u9fff")
    lossy = wide * 10 < best_count
    return _rewrite(original, best.damaged if lossy else best.whole, _reader(best))


def _count_repairable(page: _CodePage, sample: str) -> int:
    """Wide characters that come out; accents alone (é as Ã©) are too little to go by, so they weigh less."""
    read = _reader(page)
    weight = 0.0
    for match in page.whole.finditer(sample):
        character = read(match[0])
        if character and unicodedata.category(character[0])[0] in "LPSN":
            weight += 1 if len(match[0]) > 2 else 0.5
    return int(weight)


def _reader(page: _CodePage) -> Callable[[str], str]:
    def read(misread: str) -> str:
        return bytes(page.byte_of[character] for character in misread).decode("utf-8", "replace")

    return read


def _rewrite(original: str, pattern: re.Pattern[str], read: Callable[[str], str]) -> tuple[str, array[int]]:
    pieces: list[str] = []
    origins = array("l")
    cursor = 0
    for match in pattern.finditer(original):
        start, end = match.span()
        repaired = read(match[0])
        if REPLACEMENT in repaired:
            repaired = REPLACEMENT if match[0] != "\N{NO-BREAK SPACE}" else " "
        pieces.append(original[cursor:start])
        origins.extend(range(cursor, start))
        pieces.append(repaired)
        origins.extend([start] * len(repaired))
        cursor = end
    pieces.append(original[cursor:])
    origins.extend(range(cursor, len(original) + 1))
    return "".join(pieces), origins
