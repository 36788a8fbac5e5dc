"""The host name in an address, read for every look: the same few hosts come again and again. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit


def host_of(url: str) -> str:
    """The host name as `urlsplit` reads it; "" where there is none or the address cannot be read."""
    start = url.find("//")
    end = url.find("/", start + 2) if start >= 0 else -1
    return _host_of_origin(url if end < 0 else url[:end])


_USUAL = re.compile(r"https?://([a-z0-9.-]+)", re.ASCII)


@lru_cache(maxsize=8192)
def _host_of_origin(url: str) -> str:
    if usual := _USUAL.fullmatch(url):
        return usual[1]
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
