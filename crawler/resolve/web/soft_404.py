"""What a page says beside its status: walls, graves and parking lots told by signatures. Pure.

The signatures stand in signatures.toml. All conditions of a signature must hold; the first that matches
counts, walls before strikes, because a page that keeps us out says nothing about what lies behind it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from crawler.records import Reason

TITLE_SEPARATORS: Final = re.compile(r"\s+[-–—]+\s+|\s*[|｜·•«»_]\s*|\s*[:：]{2}\s*")

WALLS: Final = (Reason.BOT_WALL, Reason.LOGIN_REQUIRED, Reason.DISABLED)


@dataclass(frozen=True, slots=True)
class Page:
    """One answer as far as it is judged. `text` is what a reader sees, white space collapsed.

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


@dataclass(frozen=True, slots=True)
class Signature:
    """One kind of page. Patterns ignore case; `title` must match a whole part of the title.

    `text` is looked for in title, heading and text; `max_text_characters` bounds the text, so that an
    article about such pages is not taken for one; `without` must not stand in the HTML.
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
    without: re.Pattern[str] | None = None
    max_text_characters: int | None = None
    password_form: bool = False
    elsewhere: bool = False

    def matches(self, page: Page) -> bool:
        """Whether the page shows every mark of this signature; cheap marks are looked at first."""
        if self.statuses and page.status not in self.statuses:
            return False
        if self.hosts and not any(page.host == host or page.host.endswith(f".{host}") for host in self.hosts):
            return False
        if (self.elsewhere and not page.is_elsewhere) or (self.password_form and not page.has_password_form):
            return False
        if self.max_text_characters is not None and len(page.text) > self.max_text_characters:
            return False
        if any(not pattern.search(page.headers.get(name, "")) for name, pattern in self.headers.items()):
            return False
        if self.url and not self.url.search(page.url):
            return False
        if self.title and not any(self.title.fullmatch(part) for part in title_parts(page.title)):
            return False
        if self.text and not any(self.text.search(part) for part in (page.title, page.heading, page.text)):
            return False
        if self.html and not self.html.search(page.html):
            return False
        return not (self.without and self.without.search(page.html))


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
    return re.sub(r"^[\W_]+|[\W_]+$", "", text)


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
    return Signature(**values)
