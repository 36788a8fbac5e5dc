"""The types every room shares. Frozen values; times are aware and in UTC; None means *not told*.

Nothing here does anything: no clock, no network, no database, no import of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal, TypeAlias, TypeVar, dataclass_transform

Value = TypeVar("Value")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[Value]) -> type[Value]:
    """A frozen dataclass for the type checker, for what is made at every look.

    Held at run time too, it would take three times as long to make: each field by a call of its own.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)


Facts: TypeAlias = dict[str, Any]
"""Field → JSON value, fields as contract §6 lists them per target kind. Not told = the key is absent."""


# --- what a catalog says -------------------------------------------------------------------------


class EntryKind(StrEnum):
    MODEL = "model"
    DATASET = "dataset"
    TOOL = "tool"
    BENCHMARK = "benchmark"
    PAPER = "paper"
    ARTICLE = "article"
    PRODUCT = "product"
    PAGE = "page"
    OTHER = "other"


class Role(StrEnum):
    """What a link is to the entry it stands at."""

    PROJECT = "project"
    PAPER = "paper"
    LICENSE = "license"
    ORG = "org"
    DATA = "data"
    ARTICLE = "article"
    BADGE = "badge"
    IMAGE = "image"
    DEMO = "demo"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Stated:
    """What the document itself says of an entry, kept as written."""

    license: str | None = None
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mention:
    """One place where a link stands at an entry. `vanished`: the day its document held it no more."""

    url: str
    raw: str
    role: Role
    line: int | None = None
    vanished: date | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a list as a reader sees it. `id` is `<file stem>/<slug>` and stays for ever.

    `vanished`: the day its document did not list it any more; the file keeps it, a run leaves it alone.
    """

    id: str
    name: str
    kind: EntryKind
    document: str
    section: str = ""
    stated: Stated = Stated()
    mentions: tuple[Mention, ...] = ()
    note: str | None = None
    vanished: date | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One source list; `name` is the stem of its catalog file."""

    name: str
    title: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Leave this link alone until a day, because of a reason. Without a day: until someone removes it."""

    url: str
    reason: str
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """A maintainer's word on one field of an entry; it wins over what the host says."""

    entry: str
    field: Literal["license", "parameter_count"]
    value: str | int
    reason: str


@dataclass(frozen=True, slots=True)
class Suppression:
    """Findings of this kind at this entry (and field, if one is named) are put aside until a day."""

    entry: str
    kind: FindingKind
    reason: str
    until: date
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Catalog:
    """All documents and entries, in catalog order."""

    documents: tuple[Document, ...] = ()
    entries: tuple[Entry, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    overrides: tuple[Override, ...] = ()
    suppressions: tuple[Suppression, ...] = ()


@dataclass(frozen=True, slots=True)
class CatalogPart:
    """A part of a catalog, such as one file. `rest` is all of it but its entries, which are read when needed.

    Equal `digest`s, equal parts: it is of the part's content and of the release that read it. None: not told.
    `read_links` gives what addresses of its mentions stand for, as far as that was kept: canonical URL, kind
    and id of the target by the address as written. `web_pages`: how many of them are pages, as far as known.
    """

    rest: Catalog
    read_entries: Callable[[], Sequence[Entry]]
    digest: str | None = None
    read_links: Callable[[], Mapping[str, tuple[str, str, str]]] | None = None
    web_pages: int = 0


# --- what a link points at -----------------------------------------------------------------------


class TargetKind(StrEnum):
    GITHUB_REPO = "github_repo"
    GITHUB_PATH = "github_path"
    GITHUB_OWNER = "github_owner"
    GITHUB_OTHER = "github_other"
    HUGGINGFACE_MODEL = "huggingface_model"
    HUGGINGFACE_DATASET = "huggingface_dataset"
    HUGGINGFACE_SPACE = "huggingface_space"
    HUGGINGFACE_OWNER = "huggingface_owner"
    HUGGINGFACE_OTHER = "huggingface_other"
    ARXIV_PAPER = "arxiv_paper"
    WEB_PAGE = "web_page"


@dataclass(frozen=True, slots=True)
class Target:
    """What a canonical URL denotes at its host; `id` as contract §5 spells it (`owner/name:ref/path`, …)."""

    kind: TargetKind
    id: str


@dataclass(frozen=True, slots=True)
class Link:
    """One thing we look at; its identity is the canonical URL."""

    canonical_url: str
    target: Target


# --- what one look saw ---------------------------------------------------------------------------


class Outcome(StrEnum):
    """What a look says about the link: for it, against it, or nothing."""

    ALIVE = "alive"
    MOVED = "moved"
    RESTRICTED = "restricted"
    NOT_FOUND = "not-found"
    GONE = "gone"
    UNREACHABLE = "unreachable"
    THROTTLED = "throttled"
    FAILED = "failed"
    SKIPPED = "skipped"


class Reason(StrEnum):
    """Why, in the contract's words (§4); a signature names itself in the observation's `detail`."""

    OK = "ok"
    NOT_MODIFIED = "not-modified"
    RENAMED = "renamed"
    REDIRECTED = "redirected"
    NOT_FOUND = "not-found"
    MISSING_OR_PRIVATE = "missing-or-private"
    GONE = "gone"
    LEGAL = "legal"
    DISABLED = "disabled"
    WITHDRAWN = "withdrawn"
    GATED = "gated"
    BOT_WALL = "bot-wall"
    LOGIN_REQUIRED = "login-required"
    RATE_LIMITED = "rate-limited"
    SERVER_ERROR = "server-error"
    TIMEOUT = "timeout"
    DNS_FAILURE = "dns-failure"
    CONNECTION_REFUSED = "connection-refused"
    CONNECTION_RESET = "connection-reset"
    TLS_FAILURE = "tls-failure"
    TOO_MANY_REDIRECTS = "too-many-redirects"
    BODY_TOO_LARGE = "body-too-large"
    SOFT_404 = "soft-404"
    PARKED = "parked"
    PATH_MISSING = "path-missing"
    INVALID_URL = "invalid-url"
    PRIVATE_ADDRESS = "private-address"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Hop:
    """One redirect: the address that answered, with which status (HTTP 3xx)."""

    url: str
    status: int


@value
class Observation:
    """What one look at one link saw. Immutable; never an opinion about the past.

    `suggested_url` is the new permanent address (outcome MOVED). `facts` holds only what was told.
    `validators` are `etag` / `last-modified` for the next conditional request.
    `host_id` is the host's own id of the thing, the identity behind the name; `stranger` is who has that name
    now (name and id), where it is another thing than the one known from earlier runs. `pointers` are the
    canonical URLs of other things that it speaks of, by where it does: `github-homepage`, `arxiv-comment`, …
    """

    link: Link
    observed_at: datetime
    outcome: Outcome
    reason: Reason
    http_status: int | None = None
    final_url: str | None = None
    suggested_url: str | None = None
    detail: str | None = None
    redirect_chain: tuple[Hop, ...] = ()
    facts: Facts = field(default_factory=dict)
    host_id: str | None = None
    stranger: str | None = None
    validators: dict[str, str] = field(default_factory=dict)
    elapsed_seconds: float | None = None
    pointers: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sibling:
    """What a host showed at an address that cannot exist; no title and text where it said so properly."""

    probed_at: datetime
    title: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What earlier runs learned that a resolver may use to ask more cheaply. Plain values, no history."""

    host_id: str | None = None
    validators: dict[str, str] = field(default_factory=dict)
    facts: Facts = field(default_factory=dict)
    final_url: str | None = None
    sibling: Sibling | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One due link and what is known of it."""

    link: Link
    known: Known = Known()


# --- what many looks add up to -------------------------------------------------------------------


class State(StrEnum):
    UNKNOWN = "unknown"
    HEALTHY = "healthy"
    MOVED = "moved"
    RESTRICTED = "restricted"
    SUSPECT = "suspect"
    DEAD = "dead"


@value
class Health:
    """Present belief about one link: `judge` folded over its observations.

    `since` is when `state` began. `first_failed_at` is the first look of the present failing streak,
    `first_strike_at`/`last_strike_at` bound its strikes. `silent_nights` counts nights in a row that
    said nothing because something failed.
    """

    state: State = State.UNKNOWN
    since: datetime | None = None
    reason: Reason | None = None
    http_status: int | None = None
    final_url: str | None = None
    suggested_url: str | None = None
    first_failed_at: datetime | None = None
    last_alive_at: datetime | None = None
    last_checked_at: datetime | None = None
    strikes: int = 0
    first_strike_at: datetime | None = None
    last_strike_at: datetime | None = None
    silent_nights: int = 0
    last_silent_at: datetime | None = None


class RunState(StrEnum):
    RUNNING = "running"
    FINISHED = "finished"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Run:
    """One pass over the plan. `requests` counts every HTTP request sent, per host name."""

    id: int
    started_at: datetime
    finished_at: datetime | None
    state: RunState
    requests: dict[str, int] = field(default_factory=dict)


class FindingKind(StrEnum):
    LICENSE_CONFLICT = "license-conflict"
    PARAMETER_CONFLICT = "parameter-conflict"
    LICENSE_CHANGED = "license-changed"
    ARCHIVED = "archived"
    MOVED = "moved"
    DEAD = "dead"
    RESTRICTED = "restricted"
    WITHDRAWN = "withdrawn"
    GATED = "gated"
    DUPLICATE = "duplicate"
    JOKE_OR_STUB = "joke-or-stub"
    NAME_REUSED = "name-reused"
