"""Where a copy of a lost link is kept: the Wayback Machine, and Software Heritage for code.

A look-up that failed is UNKNOWN and never proof of absence. How many are made per run is the caller's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import urlencode

from crawler.clock import Clock
from crawler.fetch.client import Fetcher
from crawler.links.classify import classify_url, split_github_path
from crawler.records import TargetKind
from crawler.settings import Settings

WAYBACK_ROOT: Final = "https://web.archive.org/web"
SOFTWARE_HERITAGE_BROWSE: Final = "https://archive.softwareheritage.org/browse/origin/directory/"
MAX_ANSWER_BYTES: Final = 200_000
CDX_CAPTURES: Final = 10
TIMESTAMP: Final = re.compile(r"\d{14}", re.ASCII)
JSON_HEADERS: Final = {"Accept": "application/json"}


class Unknown(Enum):
    """Nobody could say whether there is a copy."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN


@dataclass(frozen=True, slots=True)
class ArchiveCopy:
    """A copy that anybody can open. `taken_at`: when the archive saw the original."""

    url: str
    taken_at: datetime
    archive: Literal["wayback", "software-heritage"]


Found: TypeAlias = ArchiveCopy | Unknown | None


class ArchiveResolver:
    """Asks the archives one link at a time, each in its own lane."""

    def __init__(self, settings: Settings, fetcher: Fetcher, clock: Clock) -> None:
        self._endpoints = settings.archive
        self._fetcher = fetcher
        self._clock = clock

    async def find_copy(
        self, url: str, last_alive_at: datetime | None, full_name: str | None = None
    ) -> Found:
        """The copy nearest to the last time the link was alive; None when the archives surely have none.

        `full_name`: a repository's name as its host spells it; Software Heritage tells cases apart.
        """
        answers: list[Found] = []
        for ask in (self._ask_availability, self._ask_cdx):
            # The availability index forgets captures at times: only both together say "none".
            answers.append(await ask(url, last_alive_at or self._clock.now()))
            if isinstance(answers[-1], ArchiveCopy):
                return answers[-1]
        if (repository := _repository_url(url, full_name)) is not None:
            answers.append(await self._ask_software_heritage(repository))
            if isinstance(answers[-1], ArchiveCopy):
                return answers[-1]
        return UNKNOWN if UNKNOWN in answers else None

    async def _ask_availability(self, url: str, near: datetime) -> Found:
        # Without a timestamp it may answer "none" although there are captures.
        told = await self._get_json(self._endpoints.availability_url, {"url": url, "timestamp": _stamp(near)})
        match told:
            case {
                "archived_snapshots": {
                    "closest": {"available": True, "status": "200", "timestamp": str(stamp)}
                }
            }:
                return _wayback_copy(stamp, url)
            case {"archived_snapshots": dict()}:
                return None
            case _:
                return UNKNOWN

    async def _ask_cdx(self, url: str, near: datetime) -> Found:
        told = await self._get_json(
            self._endpoints.cdx_url,
            {
                "url": url,
                "output": "json",
                "fl": "timestamp,original",
                "filter": "statuscode:200",
                "sort": "closest",
                "closest": _stamp(near),
                "limit": str(CDX_CAPTURES),
            },
        )
        if not isinstance(told, list):
            return UNKNOWN
        copies = [
            copy
            for row in told[1:]  # the first row names the columns
            if isinstance(row, list) and row and isinstance(copy := _wayback_copy(row[0], url), ArchiveCopy)
        ]
        if not copies:
            return None if len(told) <= 1 else UNKNOWN
        return min(copies, key=lambda copy: abs(copy.taken_at - near))

    async def _ask_software_heritage(self, repository: str) -> Found:
        url = f"{self._endpoints.software_heritage_url}/origin/{repository}/visit/latest/"
        result = await self._fetcher.get(
            f"{url}?require_snapshot=true",
            headers=JSON_HEADERS,
            max_body_bytes=MAX_ANSWER_BYTES,
            trusted=True,
        )
        if result.failure is None and result.status == 404:
            # Its origins keep the case of names: without the host's own spelling a miss proves little, and
            # Wayback's own answer decides.
            return None
        match _parse_json(result.body) if result.failure is None and result.status == 200 else None:
            case {"date": str(date), "snapshot": str()}:
                taken_at = _parse_iso(date)
                browse = f"{SOFTWARE_HERITAGE_BROWSE}?{urlencode({'origin_url': repository})}"
                return ArchiveCopy(browse, taken_at, "software-heritage") if taken_at else UNKNOWN
            case _:
                return UNKNOWN

    async def _get_json(self, endpoint: str, query: Mapping[str, str]) -> Any:
        """The parsed answer, or None for anything but a whole 200."""
        separator = "&" if "?" in endpoint else "?"
        result = await self._fetcher.get(
            f"{endpoint}{separator}{urlencode(query)}",
            headers=JSON_HEADERS,
            max_body_bytes=MAX_ANSWER_BYTES,
            trusted=True,
        )
        if result.failure is not None or result.status != 200 or result.truncated:
            return None
        return _parse_json(result.body)


def _parse_json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def archives_for(url: str) -> tuple[str, ...]:
    """The archives that are asked for a copy of it."""
    return ("wayback",) if _repository_url(url) is None else ("wayback", "software-heritage")


def _repository_url(url: str, full_name: str | None = None) -> str | None:
    target = classify_url(url)
    if full_name is not None and target.kind in {TargetKind.GITHUB_REPO, TargetKind.GITHUB_PATH}:
        return f"https://github.com/{full_name}"
    match target.kind:
        case TargetKind.GITHUB_REPO:
            return f"https://github.com/{target.id}"
        case TargetKind.GITHUB_PATH:
            owner, name, _ = split_github_path(target.id)
            return f"https://github.com/{owner}/{name}"
        case _:
            return None


def _wayback_copy(stamp: object, url: str) -> Found:
    if not isinstance(stamp, str) or not TIMESTAMP.fullmatch(stamp):
        return UNKNOWN
    try:
        taken_at = datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return UNKNOWN
    return ArchiveCopy(f"{WAYBACK_ROOT}/{stamp}/{url}", taken_at, "wayback")


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S")


def _parse_iso(value: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
