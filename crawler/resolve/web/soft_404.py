"""What a page says beside its status: walls, graves and parking lots told by signatures. Pure.

The signatures stand in signatures.toml. All conditions of a signature must hold; the first that matches
counts, walls before strikes, because a page that keeps us out says nothing about what lies behind it.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, Final

from crawler.links.hostname import host_of
from crawler.records import Reason

TITLE_SEPARATORS: Final = re.compile(r"\s+[-–—]+\s+|\s*[|｜·•«»_]\s*|\s*[:：]{2}\s*")

_AROUND: Final = re.compile(r"^[\W_]+|[\W_]+$")

WALLS: Final = (Reason.BOT_WALL, Reason.LOGIN_REQUIRED, Reason.DISABLED)


@dataclass
class Page:
    """One answer as far as it is judged. `text` is what a reader sees, white space collapsed.

    Never changed once it is made: only a frozen one would take three times as long to make, for every look.
    `is_elsewhere`: a redirect led to another host than the link's. `headers` have lower-case names.
    """

    url: str
    host: str
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    heading: str = ""
    text: str = ""
    html: str = ""
    has_password_form: bool = False
    is_elsewhere: bool = False

    @cached_property
    def lowered_title(self) -> str:
        return self.title.lower()

    @cached_property
    def title_parts(self) -> list[str]:
        return title_parts(self.title)

    @cached_property
    def source(self) -> bytes:
        """The HTML as needles are looked for in it: a search for bytes costs a hundredth of a pattern."""
        return self.html.encode("utf-8", "replace").lower()


@dataclass(frozen=True, slots=True)
class Signature:
    """One kind of page. Patterns ignore case; `title` must match a whole part of the title.

    `text` is looked for in title, heading and text; `max_text_characters` bounds the text, so that an
    article about such pages is not taken for one; `without` must not stand in the HTML. One of
    `html_needles` stands in every HTML that `html` matches, one of `title_words` in every such title.
    """

    name: str
    reason: Reason
    source: str
    date: date
    hosts: tuple[str, ...] = ()
    statuses: tuple[int, ...] = ()
    url: re.Pattern[str] | None = None
    headers: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    title: re.Pattern[str] | None = None
    text: re.Pattern[str] | None = None
    html: re.Pattern[str] | None = None
    html_needles: tuple[bytes, ...] = ()
    title_words: tuple[str, ...] = ()
    without: re.Pattern[str] | None = None
    max_text_characters: int | None = None
    password_form: bool = False
    elsewhere: bool = False

    def matches(self, page: Page) -> bool:
        """Whether the page shows every mark of this signature; cheap marks are looked at first."""
        if self.max_text_characters is not None and len(page.text) > self.max_text_characters:
            return False
        if (self.password_form and not page.has_password_form) or not self.may_match(page):
            return False
        if self.text and not any(self.text.search(part) for part in (page.title, page.heading, page.text)):
            return False
        if self.html_needles and not any(needle in page.source for needle in self.html_needles):
            return False
        if self.html and not self.html.search(page.html):
            return False
        return not (self.without and self.without.search(page.html))

    def may_match(self, page: Page) -> bool:
        """Whether every mark is there that needs no reading beyond the title."""
        if self.statuses and page.status not in self.statuses:
            return False
        if self.hosts and not is_at(page.host, self.hosts):
            return False
        if self.elsewhere and not page.is_elsewhere:
            return False
        if self.headers and not all(
            pattern.search(page.headers.get(name, "")) for name, pattern in self.headers.items()
        ):
            return False
        if self.url and not self.url.search(page.url):
            return False
        if self.title is None:
            return True
        if self.title_words and not any(word in page.lowered_title for word in self.title_words):
            return False
        return any(self.title.fullmatch(part) for part in page.title_parts)


class Screen:
    """Says what a page must show to match some signature, before its text is read."""

    def __init__(self, signatures: Sequence[Signature]) -> None:
        self.header_names: Final = frozenset(name for it in signatures for name in it.headers)
        self._hosted: Final = [it for it in signatures if it.hosts]
        self._hosts: Final = tuple({host: None for it in self._hosted for host in it.hosts})
        rest = [it for it in signatures if not it.hosts]
        self._headed: Final = [it for it in rest if it.headers]
        self._titled: Final = [it for it in rest if it.title and not it.headers]
        self._title_words: Final = tuple({word: None for it in self._titled for word in it.title_words})
        rest = [it for it in rest if not it.headers and not it.title]
        # Few links lead to another host: only then is an address looked at for those.
        self._elsewhere: Final = [it for it in rest if it.url and it.elsewhere]
        self._addressed: Final = [it for it in rest if it.url and not it.elsewhere]
        self._has_such_url: Final = _search_any([it.url for it in self._addressed])
        self._others: Final = [it for it in rest if not it.url]
        self._others_most: Final = _most_text(self._others)

    def lets_pass(self, url: str, headers: Mapping[str, str]) -> bool:
        """Whether nothing can match that stands at an address to which no redirect led."""
        return not (
            self._titled
            or self._others
            or not self.header_names.isdisjoint(headers)
            or self._has_such_url(url)
            or is_at(host_of(url), self._hosts)
        )

    def most_text(self, page: Page) -> float:
        """So much text at most; infinite where a signature does not care. `page` may lack its text."""
        suspects: list[Signature] = []
        if page.is_elsewhere:
            suspects += self._elsewhere
        if self._has_such_url(page.url):
            suspects += self._addressed
        title = page.title.lower()
        if any(map(title.__contains__, self._title_words)):
            suspects += self._titled
        if page.headers:
            suspects += self._headed
        if is_at(page.host, self._hosts):
            suspects += self._hosted
        return max(self._others_most, _most_text([it for it in suspects if it.may_match(page)]))


def is_at(host: str, hosts: tuple[str, ...]) -> bool:
    """Whether a host is one of these or stands below one."""
    return host.endswith(hosts) and any(host == it or host.endswith(f".{it}") for it in hosts)


def parse_signatures(toml: str) -> tuple[Signature, ...]:
    """The signatures of a file, walls first, otherwise in its order. Raises ValueError or KeyError."""
    signatures = [_parse_signature(table) for table in tomllib.loads(toml)["signature"]]
    return tuple(sorted(signatures, key=lambda signature: signature.reason not in WALLS))


def match_signature(page: Page, signatures: Sequence[Signature]) -> Signature | None:
    """The first signature that the page shows."""
    return next((signature for signature in signatures if signature.matches(page)), None)


def title_parts(title: str) -> list[str]:
    """The title and its parts: sites write their own name beside the page's, in either order."""
    parts = [title, *TITLE_SEPARATORS.split(title)]
    return [part for part in (_strip(part) for part in dict.fromkeys(parts)) if part]


def _strip(text: str) -> str:
    """Without the punctuation and emoji around it."""
    if text[:1].isalnum() and text[-1:].isalnum():
        return text
    return _AROUND.sub("", text)


def _search_any(patterns: Sequence[re.Pattern[str] | None]) -> Callable[[str], object]:
    """A search for what any of these verbose patterns matches; with none of them, for nothing."""
    told = [pattern.pattern for pattern in patterns if pattern]
    any_of = re.compile("|".join(f"(?:{it}\n)" for it in told) or "(?!)", re.IGNORECASE | re.VERBOSE)
    return any_of.match if all(it.startswith("^") for it in told) else any_of.search


def _most_text(signatures: Sequence[Signature]) -> float:
    bounds = (it.max_text_characters for it in signatures)
    return max((math.inf if bound is None else bound for bound in bounds), default=0)


def _parse_signature(table: dict[str, Any]) -> Signature:
    values = dict(table)
    for key in ("url", "title", "text", "html", "without"):
        if key in values:
            values[key] = re.compile(values[key], re.IGNORECASE | re.VERBOSE)
    values["headers"] = {
        name.lower(): re.compile(pattern, re.IGNORECASE)
        for name, pattern in values.get("headers", {}).items()
    }
    values["reason"] = Reason(values["reason"])
    for key in ("hosts", "statuses"):
        values[key] = tuple(values.get(key, ()))
    values["html_needles"] = tuple(needle.encode() for needle in values.get("html_needles", ()))
    values["title_words"] = tuple(values.get("title_words", ()))
    return Signature(**values)
