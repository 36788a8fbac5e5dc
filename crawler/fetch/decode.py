"""Content-Encoding undone piece by piece, so that a bomb costs no more memory than the cap."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

import brotli  # type: ignore[import-untyped]
import zstandard

ACCEPT_ENCODING: Final = "gzip, deflate, br, zstd"

PIECE_BYTES: Final = 65_536
# Four bytes of zstd may stand for a block of 128 kB (RFC 8878 §3.1.1.2.2), and the library has no limit on
# what it gives back: small bites bound it to 2 MB.
ZSTD_BITE_BYTES: Final = 64
ZSTD_MAX_WINDOW_BYTES: Final = 8 * 1024 * 1024  # RFC 9659 §3
MAX_CODINGS: Final = 2

Decoder: TypeAlias = Callable[[bytes], Iterator[bytes]]


class DecodingFailed(Exception):  # noqa: N818 - the host's mistake, not ours
    """The body is not what its Content-Encoding says."""


def make_decoder(content_encoding: str) -> Decoder:
    """A function from a received piece to decoded pieces, each at most PIECE_BYTES (2 MB for zstd).

    Unknown codings (`utf-8`, `none`: seen in the wild) mean no coding. The function raises DecodingFailed.
    """
    names = [name.strip().lower() for name in content_encoding.split(",")]
    codings = [name for name in names if name in _CODINGS]
    if len(codings) > MAX_CODINGS:
        raise DecodingFailed(f"{len(codings)} codings in one body")
    decoder: Decoder = _identity
    for name in codings:  # listed in the order they were applied: the last is undone first
        decoder = _chain(_CODINGS[name](), decoder)
    return decoder


def _chain(outer: Decoder, inner: Decoder) -> Decoder:
    def decode(received: bytes) -> Iterator[bytes]:
        for piece in outer(received):
            yield from inner(piece)

    return decode


def _identity(received: bytes) -> Iterator[bytes]:
    yield received


def _make_gzip() -> Decoder:
    return _inflate([zlib.MAX_WBITS | 16])


def _make_deflate() -> Decoder:
    # RFC 9110 §8.4.1.2 means the zlib format; some servers send the bare stream.
    return _inflate([zlib.MAX_WBITS, -zlib.MAX_WBITS])


def _inflate(window_bits: list[int]) -> Decoder:
    stream = zlib.decompressobj(window_bits[0])
    started = False

    def decode(received: bytes) -> Iterator[bytes]:
        nonlocal stream, started
        waiting = received
        while waiting and not stream.eof:
            try:
                piece = stream.decompress(waiting, PIECE_BYTES)
            except zlib.error as error:
                if started or len(window_bits) == 1:
                    raise DecodingFailed(str(error)) from error
                stream, started = zlib.decompressobj(window_bits[1]), True
                continue
            started = True
            waiting = stream.unconsumed_tail
            if piece:
                yield piece
            elif not waiting:
                return

    return decode


def _make_brotli() -> Decoder:
    stream = brotli.Decompressor()

    def decode(received: bytes) -> Iterator[bytes]:
        waiting = received
        try:
            while piece := stream.process(waiting, output_buffer_limit=PIECE_BYTES):
                waiting = b""
                yield piece
        except brotli.error as error:
            raise DecodingFailed("not brotli") from error

    return decode


def _make_zstd() -> Decoder:
    stream = zstandard.ZstdDecompressor(max_window_size=ZSTD_MAX_WINDOW_BYTES).decompressobj()

    def decode(received: bytes) -> Iterator[bytes]:
        for start in range(0, len(received), ZSTD_BITE_BYTES):
            if stream.eof:
                return
            try:
                yield stream.decompress(received[start : start + ZSTD_BITE_BYTES])
            except zstandard.ZstdError as error:
                raise DecodingFailed(str(error)) from error

    return decode


_CODINGS: Final[dict[str, Callable[[], Decoder]]] = {
    "gzip": _make_gzip,
    "x-gzip": _make_gzip,
    "deflate": _make_deflate,
    "br": _make_brotli,
    "zstd": _make_zstd,
}
