"""Content-Encoding: every coding round, every bomb bounded, every lie told."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import brotli  # type: ignore[import-untyped]
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from crawler.fetch.decode import DecodingFailed, make_decoder

CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


def bare_deflate(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


def decode(coding: str, body: bytes, piece_bytes: int = 1000) -> bytes:
    decoder = make_decoder(coding)
    pieces = (body[start : start + piece_bytes] for start in range(0, len(body), piece_bytes))
    return b"".join(decoded for piece in pieces for decoded in decoder(piece))


@pytest.mark.parametrize("coding", CODINGS)
@given(content=st.binary(max_size=5000), piece_bytes=st.integers(1, 3000))
def test_round_trip(coding: str, content: bytes, piece_bytes: int) -> None:
    assert decode(coding, CODINGS[coding](content), piece_bytes) == content


@given(content=st.binary(min_size=1, max_size=5000))
def test_deflate_without_its_wrapper(content: bytes) -> None:
    assert decode("deflate", bare_deflate(content)) == content


def test_two_codings() -> None:
    body = brotli.compress(gzip.compress(b"twice"))
    assert decode("gzip, br", body) == b"twice"


@pytest.mark.parametrize("coding", ["", "identity", "utf-8", "none", "gzip-not"])
def test_no_coding(coding: str) -> None:
    assert decode(coding, b"plain") == b"plain"


def test_too_many_codings() -> None:
    with pytest.raises(DecodingFailed):
        make_decoder("gzip, gzip, gzip")


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "deflate"])
def test_a_body_that_is_something_else(coding: str) -> None:
    with pytest.raises(DecodingFailed):
        decode(coding, b"<html>plain text under a wrong name</html>" * 50)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
def test_what_follows_the_end_is_ignored(coding: str) -> None:
    assert decode(coding, CODINGS[coding](b"whole") + b"trailing garbage") == b"whole"


@pytest.mark.parametrize("coding", CODINGS)
def test_a_bomb_comes_in_small_pieces(coding: str) -> None:
    bomb = CODINGS[coding](b"\0" * 50_000_000)
    decoder = make_decoder(coding)
    tracemalloc.start()
    try:
        seen = 0
        for piece in decoder(bomb):
            assert len(piece) <= 4_000_000
            seen += len(piece)
            if seen > 1_000_000:
                break
        assert tracemalloc.get_traced_memory()[1] < 12_000_000
    finally:
        tracemalloc.stop()
    assert seen > 1_000_000
