"""When most of what was fine fails at once, that is one event and says nothing of single links. Pure.

Looked for at each host, at each DNS zone above it, and over everything; the widest that fails is reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from crawler.settings import HealthSettings

EVERYTHING: Final = "*"
ZONE: Final = "*."
ZONE_HOSTS: Final = 2
WIDE_HOSTS: Final = 3
"""How many hosts must fail before a zone, or a top-level domain and everything, is what failed."""
ADDRESS: Final = re.compile(r"[0-9.]+|.*:.*")


@dataclass(frozen=True, slots=True)
class HostNight:
    """One host in one run: links that were fine last time and were told of now, and those that failed now."""

    host: str
    fine: int
    failed: int


@dataclass(frozen=True, slots=True)
class Outage:
    """`scope` is a host, `*.` and a DNS zone (the name itself included), or `*` for everything."""

    scope: str
    fine: int
    failed: int

    def describe(self) -> str:
        where = "all hosts together" if self.scope == EVERYTHING else self.scope
        return (
            f"outage: {where}: {self.failed:,} of {self.fine:,} links that were fine failed at once;"
            " their failures judge nothing"
        )


def scopes_of(host: str) -> Iterator[str]:
    """`a.b.org` → `*`, `*.org`, `*.b.org`, `*.a.b.org`, `a.b.org`: the widest first."""
    yield EVERYTHING
    if host and not ADDRESS.fullmatch(host):
        labels = host.split(".")
        for start in range(len(labels) - 1, -1, -1):
            yield ZONE + ".".join(labels[start:])
    yield host


def find_outages(nights: Iterable[HostNight], policy: HealthSettings) -> list[Outage]:
    """The widest scopes in which at least `outage_links` and `outage_share` of what was fine failed."""
    told = [night for night in nights if night.fine]
    # Most hosts stand in no scope but "everything" where anything failed at all.
    groups: dict[str, list[HostNight]] = {
        scope: [] for night in told if night.failed for scope in scopes_of(night.host)
    }
    if groups:
        for night in told:
            for scope in scopes_of(night.host):
                if scope in groups:
                    groups[scope].append(night)
    found: dict[str, Outage] = {}
    for scope in sorted(groups, key=_width):
        members = groups[scope]
        covered = any(wider in found for wider in scopes_of(members[0].host) if _width(wider) < _width(scope))
        if not covered and _has_failed(scope, members, policy):
            fine, failed = (sum(night.fine for night in members), sum(night.failed for night in members))
            found[scope] = Outage(scope, fine, failed)
    return list(found.values())


def is_covered(host: str, scopes: Iterable[str]) -> bool:
    """Whether a host lies in one of these scopes."""
    known = frozenset(scopes)
    return bool(known) and any(scope in known for scope in scopes_of(host))


def _width(scope: str) -> tuple[int, int, str]:
    if scope == EVERYTHING:
        return (0, 0, scope)
    return (1, scope.count("."), scope) if scope.startswith(ZONE) else (2, 0, scope)


def _has_failed(scope: str, members: list[HostNight], policy: HealthSettings) -> bool:
    failed = sum(night.failed for night in members)
    if failed < policy.outage_links or not _is_most(failed, sum(night.fine for night in members), policy):
        return False
    if not scope.startswith(EVERYTHING):
        return True
    hosts = sum(bool(night.failed) and _is_most(night.failed, night.fine, policy) for night in members)
    needed = ZONE_HOSTS if scope.count(".") > 1 else WIDE_HOSTS
    return hosts >= needed and _is_most(hosts, len(members), policy)


def _is_most(part: int, whole: int, policy: HealthSettings) -> bool:
    return part >= policy.outage_share * whole
