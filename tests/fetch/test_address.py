"""Addresses are what ada makes of them, without what we do not send."""

from __future__ import annotations

import ada_url
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crawler.fetch.address import PLAIN, parse_address
from crawler.fetch.failure import LookFailed

PARTS = st.text(alphabet="abXY09.-_~:/?#[]@!$&'()*+,;=%|\\ \u00e9\u6d4b\uff0e\t", max_size=30)


@given(st.sampled_from(["http://", "https://", "http:", "HTTPS://u:p@"]), PARTS, PARTS)
@example("http://", "u%40@example.org:80", "?")
@example("https://", "@[::1]:8443", "/a?b#c?d")
@example("https://", "example.org?", "#")
@example("http://", "0x7f.1", "")
def test_every_part_is_adas(scheme: str, first: str, second: str) -> None:
    assert_every_part_is_adas(scheme + first + second)


def assert_every_part_is_adas(url: str) -> None:
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


@settings(max_examples=500)
@given(st.from_regex(PLAIN, fullmatch=True))
@example("http://1.2.3.4:8080/")
@example("https://a.b-c.example/x/y.html?q=%2e#z")
def test_what_is_plain_stays_as_it_is(url: str) -> None:
    assert ada_url.URL(url).href == url
    assert_every_part_is_adas(url)


@given(
    st.lists(st.sampled_from(["a", "xn--", "0x7f", "256", "01", "-", "com", ".", "..", ""]), min_size=1),
    st.sampled_from(["", ":80", ":443", ":0", ":65535", ":65536", ":081", ":8080", ":"]),
    st.lists(
        st.sampled_from(["/", ".", "%2e", "%2E", "a", "\\", "'", "^", "|", "{", "?", "#", " ", "%zz", "\n"])
    ),
)
def test_what_is_not_plain_is_adas_word(labels: list[str], port: str, rest: list[str]) -> None:
    for scheme in ("http", "https"):
        assert_every_part_is_adas(f"{scheme}://{'.'.join(labels)}{port}/{''.join(rest)}")
