"""Web archives: Wayback availability, captures and CDX index, and Software Heritage origins.

`world.archive.captures[url]` lists timestamps (YYYYMMDDhhmmss), `world.archive.origins[url]` the date of a
visit or None; whatever is not listed is archived or not by chance. Answers as in the services' own
documentation; `[]` and `{}` mean "nothing known", both services forget captures at times.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from crawler.sandbox.messages import Request, Response

if TYPE_CHECKING:
    from crawler.sandbox.world import World

ARCHIVED_PER_MILLE: Final = 700
FORGETFUL_PER_MILLE: Final = 200
"""So many URLs the availability API knows nothing of unless a timestamp is asked for."""

SOFTWARE_HERITAGE_QUOTA: Final = 120
CDX_FIELDS: Final = ("urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length")


@dataclass
class ArchiveState:
    captures: dict[str, list[str]] = field(default_factory=dict)
    origins: dict[str, str | None] = field(default_factory=dict)
    blocked_hosts: set[str] = field(default_factory=set)
    """Sites whose owners asked the archive to hide them: 403 from CDX."""


def answer(world: World, request: Request) -> Response:
    match request.host, request.path:
        case "archive.org", "/wayback/available":
            return _availability(world, request)
        case "web.archive.org", "/cdx/search/cdx" | "/cdx/search":
            return _cdx(world, request)
        case "web.archive.org", path if found := re.match(r"/web/(\d{4,14})(?:[a-z]{2}_)?/(.+)", path):
            return _capture(world, request, found[1], found[2])
        case "archive.softwareheritage.org", path if found := re.match(
            r"/api/1/origin/(.+?)/visit/latest/$", path
        ):
            return _latest_visit(world, request, unquote(found[1]))
    return Response.of_json({"error": "Not Found", "made_up": True}, 404)


def captures_of(world: World, url: str) -> list[str]:
    """Timestamps of all captures of a URL, oldest first; its scheme does not matter."""
    address = url.partition("://")[2] if "://" in url else url
    for spelling in (url, f"https://{address}", f"http://{address}"):
        if spelling in world.archive.captures:
            return sorted(world.archive.captures[spelling])
    if world.number("archived", address, below=1000) >= ARCHIVED_PER_MILLE:
        return []
    count = 1 + world.number("captures", address, below=4)
    return sorted(_made_up_timestamp(world, address, place) for place in range(count))


def _made_up_timestamp(world: World, address: str, place: int) -> str:
    year = 2022 + world.number("year", address, place, below=4)
    month, day = (1 + world.number(part, address, place, below=12) for part in ("month", "day"))
    second = world.number("second", address, place, below=60)
    return f"{year}{month:02}{day:02}1200{second:02}"


def _availability(world: World, request: Request) -> Response:
    url, asked = _one(request, "url"), _one(request, "timestamp")
    told: dict[str, object] = {"url": url}
    if asked:
        told["timestamp"] = asked
    captures = captures_of(world, url)
    is_forgotten = not asked and world.number("forgotten", url, below=1000) < FORGETFUL_PER_MILLE
    if not captures or is_forgotten:
        return Response.of_json({**told, "archived_snapshots": {}})
    nearest = _nearest(captures, asked)
    closest = {
        "status": "200",
        "available": True,
        "url": f"http://web.archive.org/web/{nearest}/{url}",
        "timestamp": nearest,
    }
    return Response.of_json({**told, "archived_snapshots": {"closest": closest}})


def _nearest(captures: list[str], asked: str) -> str:
    if not asked:
        return captures[-1]
    moment = _moment_of(asked)
    return min(captures, key=lambda capture: abs(_moment_of(capture) - moment))


def _moment_of(timestamp: str) -> datetime:
    """The archive's timestamps may be cut short: 2024 is the first second of 2024."""
    return datetime.strptime(timestamp + "20000101000000"[len(timestamp) :], "%Y%m%d%H%M%S").replace(
        tzinfo=UTC
    )


def _cdx(world: World, request: Request) -> Response:
    url = _one(request, "url")
    if (urlsplit(url).hostname or url.partition("/")[0]) in world.archive.blocked_hosts:
        message = b"org.archive.util.io.RuntimeIOException: AdministrativeAccessControlException: "
        return Response(403, (("Content-Type", "text/plain"),), message + b"Blocked Site Error\n")
    captures = [
        capture
        for capture in captures_of(world, url)
        if _one(request, "from").ljust(14, "0") <= capture <= (_one(request, "to") or "9").ljust(14, "9")
    ]
    if _one(request, "sort") == "closest" and (asked := _one(request, "closest")):
        captures.sort(key=lambda capture: abs(_moment_of(capture) - _moment_of(asked)))
    if limit := int(_one(request, "limit") or 0):
        captures = captures[:limit] if limit > 0 else captures[limit:]
    fields = _one(request, "fl").split(",") if "fl" in request.query else list(CDX_FIELDS)
    rows = [_row(url, capture, fields) for capture in captures if _is_wanted(request)]
    if _one(request, "output") == "json":
        return Response.of_json([fields, *rows] if rows else [])
    lines = "".join(" ".join(row) + "\n" for row in rows)
    return Response(200, (("Content-Type", "text/plain"),), lines.encode())


def _row(url: str, capture: str, fields: list[str]) -> list[str]:
    parts = urlsplit(url if "://" in url else f"http://{url}")
    values = {
        "urlkey": ",".join(reversed((parts.hostname or "").split("."))) + ")" + (parts.path or "/"),
        "timestamp": capture,
        "original": url,
        "mimetype": "text/html",
        "statuscode": "200",
        "digest": "MADEUPMADEUPMADEUPMADEUPMADEUPMA",
        "length": "1234",
    }
    return [values.get(name, "-") for name in fields]


def _is_wanted(request: Request) -> bool:
    """Every made-up capture has status 200: a filter on another status finds none."""
    for condition in request.query.get("filter", ()):
        negated, _, pattern = condition.removeprefix("!").partition("statuscode:")
        if not negated and bool(re.fullmatch(pattern, "200")) == condition.startswith("!"):
            return False
    return True


def _capture(world: World, request: Request, timestamp: str, url: str) -> Response:
    full = f"{url}?{request.query_string}" if request.query_string else url
    captures = captures_of(world, full)
    if not captures:
        return Response.of_html("<title>Wayback Machine</title>made up: not archived", 404)
    nearest = _nearest(captures, timestamp)
    if nearest != timestamp:
        place = request.link("web.archive.org", f"/web/{nearest}/{full}")
        return Response(302, (("Location", place),))
    return Response.of_html(f"<title>Made-up capture of {nearest}</title>")


def _latest_visit(world: World, request: Request, origin: str) -> Response:
    moment = int(world.now().timestamp())
    limits = (
        ("X-RateLimit-Limit", str(SOFTWARE_HERITAGE_QUOTA)),
        ("X-RateLimit-Remaining", str(max(0, SOFTWARE_HERITAGE_QUOTA - _asked_before(world, request)))),
        ("X-RateLimit-Reset", str(moment - moment % 3600 + 3600)),
    )
    if origin in world.archive.origins:
        date = world.archive.origins[origin]
    else:
        is_known = world.number("origin", origin, below=1000) < ARCHIVED_PER_MILLE
        date = "2026-05-01T12:00:00.000000+00:00" if is_known else None
    if date is None:
        reason = f"Origin with url {origin} not found!"
        return Response.of_json({"exception": "NotFoundExc", "reason": reason}, 404, limits)
    snapshot = f"{world.number('snapshot', origin, below=16**16):040x}"
    visit = {
        "origin": origin,
        "visit": 1 + world.number("visit", origin, below=40),
        "date": date,
        "status": "full",
        "snapshot": snapshot,
        "type": "git",
        "metadata": {},
        "origin_url": f"https://archive.softwareheritage.org/api/1/origin/{origin}/get/",
        "snapshot_url": f"https://archive.softwareheritage.org/api/1/snapshot/{snapshot}/",
    }
    return Response.of_json(visit, 200, limits)


def _asked_before(world: World, request: Request) -> int:
    return sum(1 for earlier in world.requests if earlier.host == request.host)


def _one(request: Request, name: str) -> str:
    return request.query.get(name, [""])[0]
