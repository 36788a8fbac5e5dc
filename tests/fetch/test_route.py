"""Routes: what every request to an origin says, and what one of them says besides."""

from __future__ import annotations

import pytest

from crawler.fetch.address import parse_address
from crawler.fetch.environment import NetworkEnvironment
from crawler.fetch.http1 import UnsendableRequest
from crawler.fetch.route import Route, Routes

OWN = {"User-Agent": "crawler", "Accept": "*/*"}


def route_to(url: str) -> Route:
    return Routes(NetworkEnvironment(), OWN).find(parse_address(url))


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Pages.example.org:443/a", b"pages.example.org"),
        ("http://pages.example.org:8080/", b"pages.example.org:8080"),
        ("http://[2001:db8::1]:81/", b"[2001:db8::1]:81"),
        ("https://b\u00fccher.example/", b"xn--bcher-kva.example"),
    ],
)
def test_every_request_names_its_host_and_us(url: str, host: bytes) -> None:
    assert route_to(url).lines == b"Host: %b\r\nUser-Agent: crawler\r\nAccept: */*\r\n" % host


def test_a_header_of_the_same_name_takes_the_place_of_ours() -> None:
    route = route_to("https://pages.example.org/")
    assert route.lines_with({"If-None-Match": '"a"'}) == route.lines + b'If-None-Match: "a"\r\n'
    assert (
        route.lines_with({"accept": "text/html", "Range": "bytes=0-9"})
        == b"Host: pages.example.org\r\nUser-Agent: crawler\r\naccept: text/html\r\nRange: bytes=0-9\r\n"
    )


@pytest.mark.parametrize("more", [{"X-A": "b\r\nC: d"}, {"X A": "b"}, {"X-A": "caf\u00e9"}, {"": "b"}])
def test_what_cannot_be_sent_is_refused(more: dict[str, str]) -> None:
    with pytest.raises((UnsendableRequest, UnicodeError)):
        route_to("https://pages.example.org/").lines_with(more)
