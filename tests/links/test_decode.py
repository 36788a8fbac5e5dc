"""Bytes to the text a reader means, and back to where it stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.links.decode import REPLACEMENT, decode_bytes, read_source

TEXT = "# 列表\n[模型](https://github.com/a/b)：开源\n"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        b"\xef\xbb\xbf" + TEXT.encode(),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("gb18030"),
    ],
    ids=["utf-8", "byte order mark", "utf-16", "utf-16 without a mark", "gb18030"],
)
def test_encodings(content: bytes) -> None:
    assert decode_bytes(content) == TEXT


def test_a_cut_character_spoils_nothing_else() -> None:
    assert decode_bytes(TEXT.encode()[:-3]).startswith("# 列表\n[模型]")


@pytest.mark.parametrize("code_page", ["cp1252", "cp1254", "latin-1"])
def test_utf8_read_as_a_code_page(code_page: str) -> None:
    original = TEXT.encode().decode(code_page, "replace").replace(REPLACEMENT, "")
    source = read_source(original)
    assert "https://github.com/a/b" in source.text
    assert source.text.startswith("# ")
    assert "开" in source.text
    place = source.text.index("https")
    assert original[source.original_offset(place) :].startswith("https://github.com/a/b")


def test_lost_bytes_become_replacement_characters() -> None:
    # U+4E2D ends in byte AD, a soft hyphen that copying drops.
    original = (
        "中文模型列表".encode().decode("cp1254", "replace").replace("\xad", "").replace(REPLACEMENT, "")
    )
    assert read_source(original).text.startswith(REPLACEMENT + "文模")


def test_accents_are_no_damage() -> None:
    text = "Café Müller – naïve façade, Ångström: Ça va? « Été » Ð ã©"
    assert read_source(text).text == text


def test_radicals_and_full_width_addresses_are_folded_in_place() -> None:
    original = "⼤模型⻚ ｈｔｔｐｓ：／／ａ．ｏｒｇ／ｂ，好 https：//c.org/d"
    source = read_source(original)
    assert source.text == "大模型页 https://a.org/b，好 https://c.org/d"
    assert len(source.text) == len(original)


@given(st.binary(max_size=300))
def test_any_bytes_give_a_text_with_a_way_back(content: bytes) -> None:
    source = read_source(content)
    offsets = [source.original_offset(offset) for offset in range(len(source.text) + 1)]
    assert offsets == sorted(offsets)
    assert offsets[-1] == len(source.original)
