"""Plain web hosts: a page for every URL, with the fate that a test, the demo or chance gives it.

`world.web.pages[url]` answers with a ready response or a function; `world.web.fates[url]` picks a fate from
web_pages.py, in real shapes. Without either a page is sound, or in a natural world what `natural_fate` draws.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from crawler.sandbox import faults
from crawler.sandbox.authority import Flaw
from crawler.sandbox.faults import Fault
from crawler.sandbox.messages import Request, Response
from crawler.sandbox.web_pages import Fate, make_page

if TYPE_CHECKING:
    from crawler.sandbox.world import World

Value = TypeVar("Value")
Page: TypeAlias = "Response | Callable[[World, Request], Response]"

LAST_MODIFIED: Final = "Mon, 01 Jun 2026 08:00:00 GMT"

WALLED_HOSTS: Final = frozenset(("zhihu.com", "www.zhihu.com", "zhuanlan.zhihu.com"))
"""Zhihu keeps every client without its script's cookie out, whatever the page."""

WEIXIN_HOSTS: Final = frozenset(("mp.weixin.qq.com", "weixin.qq.com"))


@dataclass
class WebState:
    """Keys are URLs as on the real host; one with https also answers for http."""

    pages: dict[str, Page] = field(default_factory=dict)
    fates: dict[str, Fate] = field(default_factory=dict)


def answer(world: World, request: Request) -> Response:
    """The page at the asked URL, or 304 when the client knows it already."""
    page: Page | None = _find(world.web.pages, request)
    if isinstance(page, Response):
        return _unless_known(request, page)
    if page is not None:
        return page(world, request)
    response = make_page(fate_of(world, request), request)
    return _unless_known(request, _with_validators(world, request, response))


def fault_of(world: World, request: Request) -> Fault | None:
    """The fates that no response can express."""
    match fate_of(world, request):
        case Fate.TIMEOUT:
            return faults.hang()
        case Fate.RESET:
            return faults.reset()
    return None


def connection_fault_of(world: World, host: str) -> Fault | None:
    """In a natural world some hosts vanish and others let their certificate run out; big ones do not."""
    if world.natural and host not in WALLED_HOSTS | WEIXIN_HOSTS:
        draw = world.number("host", host, below=1000)
        for share, fault, nights in NATURAL_HOST_FAULTS:
            if draw < share:
                return fault if world.night in nights else None
            draw -= share
    return None


def fate_of(world: World, request: Request) -> Fate:
    """What is to become of this URL tonight."""
    chosen: Fate | None = _find(world.web.fates, request)
    if chosen is not None:
        return chosen
    if request.host in WALLED_HOSTS:
        return Fate.ZHIHU_WALL
    return natural_fate(world, request) if world.natural else Fate.SOUND


# --- chance --------------------------------------------------------------------------------------

NATURAL_FATES: Final[tuple[tuple[int, Fate, range], ...]] = (
    (30, Fate.NOT_FOUND, range(1, 1000)),
    (10, Fate.GONE, range(1, 1000)),
    (20, Fate.NOT_FOUND, range(2, 1000)),
    (15, Fate.NOT_FOUND, range(3, 1000)),
    (15, Fate.NOT_FOUND, range(2, 4)),
    (30, Fate.MOVED, range(1, 1000)),
    (15, Fate.MOVED, range(3, 1000)),
    (40, Fate.FOUND_ELSEWHERE, range(1, 1000)),
    (30, Fate.SOFT_404, range(1, 1000)),
    (15, Fate.SENT_TO_ROOT, range(2, 1000)),
    (20, Fate.LOGIN_REDIRECT, range(1, 1000)),
    (20, Fate.PARKED, range(2, 1000)),
    (30, Fate.CHALLENGE, range(1, 1000)),
    (20, Fate.SERVER_ERROR, range(2, 3)),
    (5, Fate.TIMEOUT, range(3, 4)),
    (15, Fate.RESET, range(2, 3)),
)
"""Of a thousand URLs so many have this fate in these nights; the rest is sound."""

NATURAL_HOST_FAULTS: Final[tuple[tuple[int, Fault, range], ...]] = (
    (25, faults.no_such_host(), range(2, 1000)),
    (15, faults.refused(), range(3, 1000)),
    (25, faults.bad_certificate(Flaw.EXPIRED), range(2, 1000)),
)
"""Of a thousand hosts so many fail whole; behind a proxy the first two are its 503 and 502."""

WEIXIN_FATES: Final[tuple[tuple[int, Fate, range], ...]] = (
    (120, Fate.WEIXIN_DELETED, range(1, 1000)),
    (80, Fate.WEIXIN_DELETED, range(2, 1000)),
    (40, Fate.WEIXIN_VIOLATION, range(1, 1000)),
    (150, Fate.WEIXIN_WALL, range(2, 4)),
    (60, Fate.WEIXIN_WALL_REDIRECT, range(1, 1000)),
)


def natural_fate(world: World, request: Request) -> Fate:
    """Drawn from the seed and the address, whatever its scheme, so that every night draws the same."""
    if request.path.startswith("/made-up-"):
        return Fate.SOUND
    address = request.url.partition("://")[2]
    draw = world.number("fate", address, below=1000)
    for share, fate, nights in WEIXIN_FATES if request.host in WEIXIN_HOSTS else NATURAL_FATES:
        if draw < share:
            return fate if world.night in nights else Fate.SOUND
        draw -= share
    if request.scheme == "http" and not request.base and world.number("https", request.host, below=2):
        return Fate.UPGRADED_TO_HTTPS
    if request.host.endswith(".cn") and world.number("encoding", request.host, below=2):
        return Fate.SOUND_GBK
    return Fate.SOUND


# --- validators ----------------------------------------------------------------------------------


def _with_validators(world: World, request: Request, response: Response) -> Response:
    """Most hosts give an ETag, some only a date, some neither."""
    if response.status != 200 or response.body == b"":
        return response
    habit = world.number("validators", request.host, below=4) if world.natural else 0
    etag = f'"{hashlib.blake2b(response.body, digest_size=8).hexdigest()}"'
    headers = list(response.headers)
    if habit < 2:
        headers.append(("ETag", etag if habit == 0 else f"W/{etag}"))
    if habit in {0, 2}:
        headers.append(("Last-Modified", LAST_MODIFIED))
    return Response(response.status, tuple(headers), response.body)


def _unless_known(request: Request, response: Response) -> Response:
    """RFC 9110 §13.2.2: If-None-Match decides; If-Modified-Since only without it."""
    if response.status != 200 or request.method not in {"GET", "HEAD"}:
        return response
    told = {name.lower(): value for name, value in response.headers}
    known = request.headers.get("if-none-match")
    if known is not None:
        tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
        is_known = told.get("etag", "").removeprefix("W/") in tags or "*" in tags
    else:
        since = request.headers.get("if-modified-since")
        is_known = since is not None and since == told.get("last-modified")
    if not is_known:
        return response
    kept = {"etag", "last-modified", "cache-control", "vary"}
    return Response(304, tuple(header for header in response.headers if header[0].lower() in kept))


def _find(table: dict[str, Value], request: Request) -> Value | None:
    if not table:
        return None
    address = request.url.partition("://")[2]
    for scheme in (request.scheme, "https", "http"):
        if (key := f"{scheme}://{address}") in table:
            return table[key]
    return None
