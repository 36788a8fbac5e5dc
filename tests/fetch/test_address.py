"""Addresses are what ada makes of them, without what we do not send."""

from __future__ import annotations

import ada_url
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawler.fetch.address import parse_address
from crawler.fetch.failure import LookFailed

PARTS = st.text(alphabet="abXY09.-_~:/?#[]@!$&'()*+,;=%|\\ \u00e9\u6d4b\uff0e\t", max_size=30)


@given(st.sampled_from(["http://", "https://", "http:", "HTTPS://u:p@"]), PARTS, PARTS)
@example("http://", "u%40@example.org:80", "?")
@example("https://", "@[::1]:8443", "/a?b#c?d")
@example("https://", "example.org?", "#")
@example("http://", "0x7f.1", "")
def test_every_part_is_adas(scheme: str, first: str, second: str) -> None:
    url = scheme + first + second
    try:
        parsed = ada_url.URL(url)
    except ValueError:
        with pytest.raises(LookFailed):
            parse_address(url)
        return
    parsed.username = parsed.password = ""
    assert parse_address(url) == (
        parsed.href,
        parsed.origin,
        parsed.hostname,
        (parsed.pathname + parsed.search).encode("ascii"),
    )
