"""The host name in an address."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.links.hostname import host_of


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://example.org/a//b", "example.org"),
        ("https://example.org", "example.org"),
        ("https://example.org?next=//other.example/", "example.org"),
        ("https://user:word@Example.ORG:8443/", "example.org"),
        ("https://[2001:db8::1]/", "2001:db8::1"),
        ("https://[2001:db8::1/", ""),
        ("//example.org/a", "example.org"),
        ("/\n/example.org/a", "example.org"),
        ("mailto:someone@example.org", ""),
        ("/a//b/c", ""),
        ("", ""),
    ],
)
def test_a_host(url: str, host: str) -> None:
    assert host_of(url) == host


@given(
    st.lists(
        st.sampled_from(
            ["http", "s", ":", "/", "//", "?", "#", "@", "[", "]", "a.example", ".", "\n", " ", "℀"]
        )
    ).map("".join)
    | st.text()
)
def test_it_is_what_the_library_reads(url: str) -> None:
    try:
        expected = urlsplit(url).hostname or ""
    except ValueError:
        expected = ""
    assert host_of(url) == expected
