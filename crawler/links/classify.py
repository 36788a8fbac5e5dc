"""Canonical URL → target: what it denotes at its host, by its spelling alone. Pure.

In doubt an address is a page to be fetched: a page that answers is alive whatever its spelling suggests,
while an API asked for a thing that never was answers "not found".
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import takewhile
from urllib.parse import unquote

from crawler.links.arxiv_id import canonical_arxiv_id
from crawler.links.normalise import ARXIV, GITHUB, HUGGING_FACE, InvalidUrl, normalise_url
from crawler.links.reserved import (
    GITHUB_OWNER_PAGES,
    GITHUB_PAGES,
    GITHUB_PATH_VIEWS,
    HUB_OWNER_PAGES,
    HUB_PAGES,
    HUB_REPO_VIEWS,
)
from crawler.records import Link, Target, TargetKind

# Underscores stand in names of enterprise accounts; a final hyphen in some old names.
_HOSTS = tuple(f"https://{host}/" for host in (GITHUB, HUGGING_FACE, ARXIV))
GITHUB_OWNER = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)
GITHUB_NAME = re.compile(r"(?!\.+$)[a-z0-9._-]{1,100}", re.ASCII)
# `owner/name.svg` is the path of a badge far more often than a repository of that name.
IMAGE_SUFFIX = re.compile(r"\.(?:svg|png|jpe?g|gif|webp|ico|bmp)$")
HUB_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,95}", re.ASCII)


@lru_cache(maxsize=4096)
def link_of(raw_url: str) -> Link:
    """The link a written address stands for; an invalid one is kept as written, to be reported as such."""
    return _read(raw_url)


def texts_of_link(raw_url: str) -> tuple[str, str, str]:
    """The same link as it is kept: its canonical URL, kind and id of its target."""
    link = _read(raw_url)
    return link.canonical_url, link.target.kind.value, link.target.id


def _read(raw_url: str) -> Link:
    try:
        canonical_url = normalise_url(raw_url)
    except InvalidUrl:
        return Link(raw_url, Target(TargetKind.WEB_PAGE, raw_url))
    return Link(canonical_url, classify_url(canonical_url))


def classify_url(canonical_url: str) -> Target:
    """What a canonical URL denotes; anything not recognised is a web page."""
    if not canonical_url.startswith(_HOSTS):
        return Target(TargetKind.WEB_PAGE, canonical_url)
    # A canonical URL of these hosts is all there is to split: no user, no port, no fragment.
    host, _, path_and_query = canonical_url.removeprefix("https://").partition("/")
    path = path_and_query.partition("?")[0]
    segments = [segment for segment in path.split("/") if segment]
    if host == GITHUB:
        return _classify_github(segments) or Target(TargetKind.GITHUB_OTHER, canonical_url)
    if host == HUGGING_FACE:
        return _classify_hub(segments) or Target(TargetKind.HUGGINGFACE_OTHER, canonical_url)
    if path.startswith("abs/"):
        paper = canonical_arxiv_id(path.removeprefix("abs/"))
        if paper is not None:
            return Target(TargetKind.ARXIV_PAPER, paper)
    return Target(TargetKind.WEB_PAGE, canonical_url)


def split_github_path(target_id: str) -> tuple[str, str, str]:
    """`owner/name:ref/path` → (owner, name, "ref/path"), escapes decoded as the API wants them.

    Where the ref ends only GitHub knows: branch names may hold slashes.
    """
    repository, _, ref_and_path = target_id.partition(":")
    owner, _, name = repository.partition("/")
    return owner, name, unquote(ref_and_path)


def _classify_github(segments: list[str]) -> Target | None:
    """None: a page of GitHub that is neither repository, path nor owner."""
    match segments:
        case [owner, *_] if owner.lower() in GITHUB_PAGES or not GITHUB_OWNER.fullmatch(owner):
            return None
        case [owner]:
            return Target(TargetKind.GITHUB_OWNER, owner)
        case [_, name, *_] if name in GITHUB_OWNER_PAGES or not GITHUB_NAME.fullmatch(name):
            return None
        case [owner, name] if not IMAGE_SUFFIX.search(name):
            return Target(TargetKind.GITHUB_REPO, f"{owner}/{name}")
        case [owner, name, view, _, *_] if view in GITHUB_PATH_VIEWS:
            return Target(TargetKind.GITHUB_PATH, f"{owner}/{name}:{'/'.join(segments[3:])}")
    return None


def _classify_hub(segments: list[str]) -> Target | None:
    """None: a page of the site that is neither repository nor owner."""
    match segments:
        case ["datasets", *repository]:
            return _classify_hub_repository(TargetKind.HUGGINGFACE_DATASET, repository)
        case ["spaces", owner, name, *views] if name not in HUB_REPO_VIEWS:
            return _classify_hub_repository(TargetKind.HUGGINGFACE_SPACE, [owner, name, *views])
        case [owner, *_] if owner.lower() in HUB_PAGES or not HUB_NAME.fullmatch(owner):
            return None
        case [owner]:
            return Target(TargetKind.HUGGINGFACE_OWNER, owner)
        case [_, page, *_] if page in HUB_OWNER_PAGES:
            return None
        case [_, _, *_]:
            return _classify_hub_repository(TargetKind.HUGGINGFACE_MODEL, segments)
    return None


def _classify_hub_repository(kind: TargetKind, segments: list[str]) -> Target | None:
    """`owner/name` or a one-part name of the Hub's first years, with or without a view of it behind.

    A file of a repository gives the repository: its facts are what such a link is kept for. The canonical URL
    still says which file was meant, should the resolver want to look for it.
    """
    repository = list(takewhile(lambda segment: segment not in HUB_REPO_VIEWS, segments))
    if len(repository) not in {1, 2} or not all(HUB_NAME.fullmatch(part) for part in repository):
        return None
    return Target(kind, "/".join(repository))
