"""What `crawler import` was given → the document: a file, an address, a file in a GitHub repository."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from crawler.clock import SystemClock
from crawler.errors import UnableError, UsageError
from crawler.fetch.client import Fetcher, FetchResult
from crawler.fetch.environment import NetworkEnvironment
from crawler.fetch.meter import RequestMeter
from crawler.fetch.politeness import Politeness
from crawler.importer.update import Source
from crawler.links.mask import mask_url
from crawler.settings import Settings

MAX_DOCUMENT_BYTES: Final = 64_000_000
# Serves files as they are, without a token and without the API's quota of sixty an hour.
RAW_HOST: Final = "https://raw.githubusercontent.com"

_IN_REPOSITORY = re.compile(r"github:(?P<name>[\w-]+/[\w.-]+)(?:@(?P<ref>[^:\s]+))?:/?(?P<path>\S.*)")
_BLOB = re.compile(r"https?://(?:www\.)?github\.com/([^/]+/[^/]+)/(?:blob|raw)/([^/]+)/([^?#]+)")
_GONE: Final = frozenset({404, 410, 451})


def is_remote(given: str) -> bool:
    return given.startswith(("http://", "https://", "github:"))


def read_local(given: str) -> Source:
    """Raises UsageError for a file that cannot be read."""
    path = Path(given)
    try:
        return Source(path.name, path.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read the document: {error.strerror}", where=given) from error


def locate(given: str) -> tuple[str, str]:
    """Where to fetch a document, and where people read it. Raises UsageError."""
    if inside := _IN_REPOSITORY.fullmatch(given):
        name, ref, path = inside["name"], inside["ref"] or "HEAD", inside["path"]
        shown = f"https://github.com/{name}"
        return f"{RAW_HOST}/{name}/{quote(ref)}/{quote(path)}", shown
    if given.startswith("github:"):
        hint = "as in github:owner/repo:README.md or github:owner/repo@branch:docs/list.md"
        raise UsageError("not a file in a repository", where=given, hint=hint)
    if blob := _BLOB.match(given):
        return f"{RAW_HOST}/{blob[1]}/{blob[2]}/{blob[3]}", given
    return given, given


async def fetch(given: str, settings: Settings, environment: NetworkEnvironment) -> Source:
    """Fetches politely, and from no private address unless the config allows it.

    Raises UsageError for what is not there or may not be asked, UnableError where nobody answered.
    """
    clock = SystemClock()
    politeness = Politeness(settings, clock)
    async with Fetcher(settings, environment, politeness, RequestMeter(), clock) as fetcher:
        return await fetch_by(fetcher, given)


async def fetch_by(fetcher: Fetcher, given: str) -> Source:
    """One of several documents, by a client that keeps the pace over all of them. Raises as `fetch` does."""
    address, shown = locate(given)
    return _document(await fetcher.get(address, max_body_bytes=MAX_DOCUMENT_BYTES), given, shown)


def _document(result: FetchResult, given: str, shown: str) -> Source:
    where = mask_url(given)
    if result.failure is not None:
        detail = f"{result.failure.reason}: {result.failure.detail}"
        if result.failure.reason in {"private-address", "invalid-url"}:
            hint = "see allow_private_addresses in [network]"
            raise UsageError(detail, where=where, hint=hint)
        raise UnableError(f"cannot fetch the document: {detail}", where=where)
    if result.status in _GONE:
        raise UsageError(f"no document there: HTTP {result.status}", where=where)
    if result.status != 200:
        raise UnableError(f"cannot fetch the document: HTTP {result.status}", where=where)
    if result.truncated:
        raise UsageError(f"larger than {MAX_DOCUMENT_BYTES:,} bytes", where=where)
    name = unquote(urlsplit(result.final_url).path).rsplit("/", 1)[-1] or "document"
    if "html" in result.headers.get("content-type", "") and not name.endswith((".html", ".htm")):
        name = f"{name}.html"
    return Source(name, result.body, shown)
