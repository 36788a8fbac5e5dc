"""An address that moved → how to write the new one where the old one stands. Pure text work."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from itertools import product
from typing import Final
from urllib.parse import SplitResult, urlsplit, urlunsplit

from crawler.links.normalise import CANONICAL_HOSTS, InvalidUrl, normalise_url

_SCHEME = re.compile(r"^https?://", re.IGNORECASE)
_WRITTEN_SCHEME = re.compile(r"^[hH]*[tT]+[pP][sS]?\s*[:：]?\s*[/／]*")
_TO_FULL_WIDTH: Final = {point: point + 0xFEE0 for point in range(0x21, 0x7F)}
_VIEW_DEPTHS: Final = {"datasets": 3, "spaces": 3}


def move_address(url: str, suggested_url: str) -> str:
    """The new address with what was the link's own: mirror, `.git`, trailing slash, path behind a repository,
    query, fragment.
    """
    old, new = urlsplit(url), urlsplit(suggested_url)
    known = CANONICAL_HOSTS.get((old.hostname or "").removeprefix("www."))
    same_host = known is not None and known == new.hostname
    host, scheme, path, query = new.netloc, new.scheme, new.path, new.query
    if same_host:
        host, scheme, query = old.netloc, old.scheme, new.query or old.query
        repository, behind = _split_repository(old)
        new_repository, new_behind = _split_repository(new)
        if repository and new_repository and not new_behind:
            path = new_repository + behind
        elif old.path.endswith("/") and not path.endswith("/"):
            path += "/"
    elif old.hostname == new.hostname:
        scheme, host = old.scheme, old.netloc
    return urlunsplit((scheme, host, path, query, new.fragment or old.fragment))


def _split_repository(parts: SplitResult) -> tuple[str, str]:
    """A path at a host of repositories as the repository and what stands behind it."""
    segments = parts.path.split("/")
    depth = _VIEW_DEPTHS.get(segments[1] if len(segments) > 1 else "", 2)
    if len(segments) == depth and depth == 2 and segments[1]:
        # The Hub's first years: a name without an owner.
        return parts.path, ""
    repository, behind = "/".join(segments[: depth + 1]), "/".join(["", *segments[depth + 1 :]])
    if repository.endswith(".git"):
        repository, behind = repository.removesuffix(".git"), f".git{behind if len(behind) > 1 else ''}"
    return repository, behind if len(segments) > depth + 1 or behind == ".git" else ""


def respell(raw: str, url: str, new_url: str) -> str | None:
    """`new_url` written as `raw` writes `url`: escapes, entities, width, scheme. None if not known how."""
    if any(character.isspace() for character in raw):
        # Wrapped over lines, or a slip of a scheme: where to break the new one is a matter of taste.
        return None
    for start, escape in product(_starts(raw, url), _ESCAPES):
        if escape(start(url)) == raw:
            return escape(start(new_url))
    return None


def _starts(raw: str, url: str) -> tuple[Callable[[str], str], ...]:
    """Ways to begin: with the scheme, without, relative to it, with the slip that stands there."""

    def bare(address: str) -> str:
        return _SCHEME.sub("", address)

    def relative(address: str) -> str:
        return f"//{bare(address)}"

    written = _WRITTEN_SCHEME.match(raw)

    def slipped(address: str) -> str:
        same = urlsplit(address).scheme == urlsplit(url).scheme
        return f"{written[0]}{bare(address)}" if written and same else address

    return (str, bare, relative, slipped)


def _escape_underscores(address: str) -> str:
    return address.replace("_", r"\_")


def _escape_marks(address: str) -> str:
    return re.sub(r"([_*~])", r"\\\1", address)


def _escape_entities(address: str) -> str:
    return html.escape(address, quote=False)


def _widen(address: str) -> str:
    return address.translate(_TO_FULL_WIDTH)


_ESCAPES: Final[tuple[Callable[[str], str], ...]] = (
    str,
    _escape_underscores,
    _escape_marks,
    _escape_entities,
    lambda address: _escape_underscores(_escape_entities(address)),
    _widen,
)


def is_same_address(one: str, other: str) -> bool:
    """Whether two addresses are one link."""
    try:
        return normalise_url(one) == normalise_url(other)
    except InvalidUrl:
        return one == other
