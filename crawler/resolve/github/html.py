"""A public page of github.com → what it tells of a repository or owner. Pure.

The page tells less than the API and changes without notice: what is not surely there is not told.
Selectors as seen on logged-out pages of 2026; a counter's `title` is exact, its text is rounded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from crawler.licenses.github import read_page_license
from crawler.links.pointers import read_pointers
from crawler.records import Facts
from crawler.resolve.github.facts import Owner, Repository, read_owner

STARS: Final = "#repo-stars-counter-star"
FORKS: Final = "#repo-network-counter"
LICENSE: Final = "a:has(svg.octicon-law)"
LANGUAGE: Final = 'a[href*="/search?l="] .text-bold'
DESCRIPTION: Final = "p.f4.my-3"
TOPICS: Final = 'a[href^="/topics/"]'
LABELS: Final = "span.Label"
OWNER_NAME: Final = '[itemprop="name"]'
EMBEDDED: Final = 'script[data-target$=".embeddedData"]'
EMBEDDED_KEYS: Final = ("stargazerCount", "defaultBranch")
ARCHIVED: Final = re.compile(r"This repository was archived by the owner on .{1,30}? It is now read-only")
ARCHIVED_LABEL: Final = "Public archive"
LIVE_LABELS: Final = frozenset({"Public", "Public template", "Public mirror"})
NOT_ITS_OWN_WORDS: Final = ["article", "script", "style", "template"]
"""A readme may say anything; GitHub renders it as an `article`."""
OWNER_SUBJECTS: Final = {"user": "User", "organization": "Organization"}
"""First part of `hovercard-subject-tag` → type, as the API names it."""


def read_repository_page(body: bytes, address: str) -> Repository | None:
    """The page of a repository or of a path in it; None when it is no such page.

    `address` is the `owner/name` that the page answered at: a layout we do not know has it in its title.
    """
    tree = LexborHTMLParser(body.decode("utf-8", errors="replace"))
    embedded = [found for node in tree.css(EMBEDDED) for found in _embedded(node.text())]
    about = next((found for found in embedded if "stargazerCount" in found), {})
    branch = next((found["defaultBranch"] for found in embedded if "defaultBranch" in found), None)
    tree.strip_tags(NOT_ITS_OWN_WORDS)
    told_name = _meta(tree, "octolytics-dimension-repository_nwo")
    stars = _first_number(_count(tree, STARS), about.get("stargazerCount"))
    if told_name is None and stars is None and not _is_titled(tree, address):
        return None
    told = {
        "full_name": told_name,
        "host_id": _number(_meta(tree, "octolytics-dimension-repository_id")),
        "stars": stars,
        "forks": _first_number(_count(tree, FORKS), about.get("forksCount")),
        "license": read_page_license(_text(tree.css_first(LICENSE)) or ""),
        "archived": _is_archived(tree),
        "fork": {"true": True, "false": False}.get(
            _meta(tree, "octolytics-dimension-repository_is_fork") or ""
        ),
        "default_branch": branch if isinstance(branch, str) else None,
        "language": _text(tree.css_first(LANGUAGE)),
        "topics": [topic for node in tree.css(TOPICS) if (topic := _text(node))] or None,
        "description": about.get("description") or _text(tree.css_first(DESCRIPTION)),
    }
    facts: Facts = {name: value for name, value in told.items() if value is not None}
    return Repository(
        told_name or address,
        facts.get("host_id"),
        default_branch=facts.get("default_branch"),
        facts=facts,
        pointers={"github-description": read_pointers(facts["description"])}
        if "description" in facts
        else {},
    )


def read_owner_page(body: bytes, login: str) -> Owner | None:
    """The profile of a user or organisation; None when the page is none."""
    tree = LexborHTMLParser(body.decode("utf-8", errors="replace"))
    kind = OWNER_SUBJECTS.get((_meta(tree, "hovercard-subject-tag") or "").partition(":")[0])
    if kind is None and not _is_titled(tree, login):
        return None
    served = _meta(tree, "octolytics-dimension-user_login") or login
    return read_owner(served, _text(tree.css_first(OWNER_NAME)), kind)


def has_login_form(body: bytes) -> bool:
    """Whether the page asks a reader to sign in."""
    tree = LexborHTMLParser(body.decode("utf-8", errors="replace"))
    return tree.css_first('form[action="/session"] input[type="password"]') is not None


def _is_titled(tree: LexborHTMLParser, name: str) -> bool:
    return name.lower() in (_text(tree.css_first("title")) or "").lower()


def _is_archived(tree: LexborHTMLParser) -> bool | None:
    labels = {_text(node) for node in tree.css(LABELS)}
    text = _text(tree.body) or ""
    if ARCHIVED_LABEL in labels or ARCHIVED.search(text):
        return True
    return False if labels & LIVE_LABELS else None


def _embedded(text: str) -> Iterator[dict[str, Any]]:
    """Every object of a page's embedded data that holds one of the keys, wherever it stands today."""
    if not any(f'"{key}"' in text for key in EMBEDDED_KEYS):
        return
    try:
        waiting = [json.loads(text)]
    except (ValueError, RecursionError):
        return
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, dict):
            if any(key in value for key in EMBEDDED_KEYS):
                yield value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _meta(tree: LexborHTMLParser, name: str) -> str | None:
    node = tree.css_first(f'meta[name="{name}"]')
    return (node.attributes.get("content") or None) if node else None


def _count(tree: LexborHTMLParser, selector: str) -> int | None:
    """The exact number of a counter; its visible text may be `97k`."""
    node = tree.css_first(selector)
    return _number((node.attributes.get("title") or "").replace(",", "")) if node else None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() else None


def _first_number(*values: object) -> int | None:
    return next((value for value in values if isinstance(value, int) and not isinstance(value, bool)), None)


def _text(node: LexborNode | None) -> str | None:
    """Visible text with white space collapsed; None when there is none."""
    return (" ".join(node.text(separator=" ").split()) or None) if node else None
