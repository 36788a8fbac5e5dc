"""Addresses as browsers read them: of a link, and of a redirect's Location."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import ada_url

from crawler.fetch.failure import Failure, LookFailed
from crawler.links.mask import mask_url
from crawler.records import Reason

MAX_URL_LENGTH: Final = 16_384

# What WHATWG parsing makes of every http(s) address; asking ada for each part costs more than the parsing.
HREF: Final = re.compile(
    r"(?P<origin>https?://(?P<host>\[[^\]]*\]|[^/:?#@]+)(?::\d+)?)(?P<path>/[^?#]*)(?P<query>\?[^#]*)?"
)
# What it leaves as it is, as nearly all addresses of a catalog are: a plain name or IPv4 address, no port
# that goes without saying, no segment that may stand for the folder or the one above.
_NUMBER: Final = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
PLAIN: Final = re.compile(
    r"(https?://((?:(?!xn--)[a-z0-9-]+\.)+(?!xn--)[a-z][a-z0-9-]*"
    rf"|(?:{_NUMBER}\.){{3}}{_NUMBER})(?::(?!80/|443/)(?:[1-5]\d{{4}}|[1-9]\d{{1,3}}))?)"
    r"((?:/(?:[\w~!$&()*+,;=:@-][\w~!$&()*+,;=:@.%-]*)?)+)(\?[\w~!$&()*+,;=:@./?%-]*)?"
    r"(?:#[\w~!$&()*+,;=:@./?%-]*)?",
    re.ASCII,
)


class Address(NamedTuple):
    """An http(s) address without credentials. `target` is what a request line names."""

    href: str
    origin: str
    host: str
    target: bytes


def parse_address(url: str, base: str | None = None) -> Address:
    """A URL as a browser reads it, without credentials. Raises LookFailed unless http(s)."""
    if len(url) > MAX_URL_LENGTH:
        raise LookFailed(Failure(Reason.INVALID_URL, f"longer than {MAX_URL_LENGTH} characters"))
    href, parts = url, PLAIN.fullmatch(url) if base is None else None
    if parts is None:
        href, parts = _read_any(url, base)
    origin, host, path, query = parts.groups()
    if query is not None and len(query) > 1:
        path += query
    return Address(href, origin, host, path.encode("ascii"))


def _read_any(url: str, base: str | None) -> tuple[str, re.Match[str]]:
    try:
        href = ada_url.normalize_url(url) if base is None else ada_url.join_url(base, url)
        parts = HREF.match(href)
        if parts is None and href.startswith(("http:", "https:")):
            href = ada_url.replace_url(href, username="", password="")
            parts = HREF.match(href)
    except ValueError as error:
        raise LookFailed(Failure(Reason.INVALID_URL, f"no URL: {mask_url(url[:200])}")) from error
    if parts is None:
        raise LookFailed(Failure(Reason.INVALID_URL, f"{href.partition(':')[0]}: is not http or https"))
    return href, parts


def read_location(raw: bytes) -> str:
    """A Location header; bytes that are not UTF-8 are escaped as they are, as browsers do."""
    try:
        return raw.decode("utf-8").strip()
    except UnicodeDecodeError:
        return "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in raw).strip()
