"""Where what a list states and what hosts tell differ: the rows of findings that need more than SQL.

Reads only; store/findings.py opens and closes. The comparing itself is pure, in crawler/verdicts/.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import msgspec

from crawler.licenses.stated import parse_stated_license
from crawler.records import EntryKind, Facts, FindingKind, Role, TargetKind
from crawler.store.facts import LICENSE
from crawler.verdicts.jokes import judge_seriousness
from crawler.verdicts.licenses import (
    HostLicense,
    LicenseLink,
    OwnRepository,
    compare_license_link,
    compare_licenses,
)
from crawler.verdicts.parameters import Checkpoint, compare_parameters
from crawler.verdicts.verdict import Standing, Verdict

COMPARED: Final = (
    *("parameter_count", "parameter_method", "parameter_counts", "base_models", "used_storage"),
    *("license", "full_name", "host_id", "description", "topics", "language"),
)
KINDS: Final = {kind.value: kind for kind in TargetKind}
ROLES: Final = {role.value: role for role in Role}
REPOSITORIES: Final = frozenset({TargetKind.GITHUB_REPO, TargetKind.GITHUB_PATH})

# CROSS JOIN keeps the order of the tables: entry by entry, so that nothing is sorted but an entry's mentions.
# The plus keeps the seeks for each field out: all facts of a link lie side by side.
LINKS_OF_ENTRIES: Final = f"""
    SELECT entries.id, entries.kind, entries.stated_license, entries.stated_parameters,
        mentions.role, links.id, links.url, links.kind, links.name,
        (SELECT group_concat(latest.fact) FROM (
            SELECT '"' || facts.field || '":' || facts.value AS fact, max(facts.run_id) FROM facts
            WHERE facts.link_id = links.id AND +facts.field IN ({", ".join(f"'{name}'" for name in COMPARED)})
            GROUP BY facts.field) AS latest) AS facts
    FROM entries
    CROSS JOIN mentions ON mentions.entry_id = entries.id AND mentions.until_run_id IS NULL
        AND mentions.role IN ('{Role.PROJECT}', '{Role.LICENSE}')
    CROSS JOIN links ON links.id = mentions.link_id
    WHERE entries.until_run_id IS NULL AND entries.kind != 'page'
    ORDER BY entries.id, mentions.position, mentions.id
"""
OVERRIDDEN: Final = "SELECT entry_id, field FROM overrides WHERE until_run_id IS NULL"


@dataclass(frozen=True, slots=True)
class Conflict:
    """One finding of an entry about one of its links."""

    entry_id: int
    link_id: int
    kind: FindingKind
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class _Link:
    link_id: int
    url: str
    kind: TargetKind
    name: str
    role: Role
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Entry:
    entry_id: int
    kind: str
    stated_license: str | None
    sizes: Sequence[str]


def find_conflicts(connection: sqlite3.Connection) -> Iterator[Conflict]:
    """Every conflict of the present catalog with what is known now, entry by entry."""
    overridden: dict[int, set[str]] = {}
    for entry_id, name in connection.execute(OVERRIDDEN):
        overridden.setdefault(entry_id, set()).add(name)
    cursor = connection.cursor()
    cursor.row_factory = None
    for entry_id, of_entry in groupby(cursor.execute(LINKS_OF_ENTRIES), key=itemgetter(0)):
        rows = list(of_entry)
        _, kind, stated_license, sizes, *_ = rows[0]
        entry = _Entry(entry_id, kind, stated_license, _read_sizes(sizes))
        yield from _find_in_entry(entry, [_read_link(row) for row in rows], overridden.get(entry_id, ()))


def _find_in_entry(entry: _Entry, links: Sequence[_Link], overridden: Collection[str]) -> Iterator[Conflict]:
    projects = [link for link in links if link.role is Role.PROJECT]
    if LICENSE not in overridden:
        yield from _find_license_conflicts(entry, projects)
        if len(projects) < len(links):
            yield from _find_foreign_license_links(entry.entry_id, links, projects)
    if entry.sizes and "parameter_count" not in overridden:
        yield from _find_size_conflicts(entry.entry_id, entry.sizes, projects)
    for link in projects:
        verdict = judge_seriousness(link.kind, link.name, link.facts, entry.sizes)
        if verdict.standing is Standing.CONFLICTS:
            yield Conflict(entry.entry_id, link.link_id, FindingKind.JOKE_OR_STUB, verdict)


def _find_license_conflicts(entry: _Entry, projects: Sequence[_Link]) -> Iterator[Conflict]:
    if not entry.stated_license:
        return
    told = {link.url: link for link in projects if isinstance(link.facts.get(LICENSE), str)}
    if not told:
        return
    hosts = tuple((link.kind, str(link.facts[LICENSE])) for link in told.values())
    found = _compare_licenses(entry.stated_license, hosts, has_weights=entry.kind == EntryKind.MODEL)
    asked = list(told.values())
    for number, verdict in found:
        yield Conflict(entry.entry_id, asked[number].link_id, FindingKind.LICENSE_CONFLICT, verdict)


@lru_cache(maxsize=4096)
def _compare_licenses(
    stated: str, hosts: tuple[tuple[TargetKind, str], ...], *, has_weights: bool
) -> tuple[tuple[int, Verdict], ...]:
    """The conflicts, each with the number of the host that says otherwise: lists have few licences."""
    told = [HostLicense(str(number), kind, name) for number, (kind, name) in enumerate(hosts)]
    found = compare_licenses(parse_stated_license(stated), told, has_weights=has_weights)
    return tuple((int(each.url), each.verdict) for each in found)


def _find_foreign_license_links(
    entry_id: int, links: Sequence[_Link], projects: Sequence[_Link]
) -> Iterator[Conflict]:
    own = [
        OwnRepository(_repository_of(link), link.facts.get("full_name"), _text(link.facts.get("host_id")))
        for link in projects
        if link.kind in REPOSITORIES
    ]
    for link in links:
        if link.role is Role.LICENSE and link.kind in REPOSITORIES:
            pointer = LicenseLink(link.url, _repository_of(link), _text(link.facts.get("host_id")))
            verdict = compare_license_link(pointer, own)
            if verdict.standing is Standing.CONFLICTS:
                yield Conflict(entry_id, link.link_id, FindingKind.LICENSE_CONFLICT, verdict)


def _find_size_conflicts(
    entry_id: int, stated: Sequence[str], projects: Sequence[_Link]
) -> Iterator[Conflict]:
    verdicts = [
        (link, compare_parameters(stated, Checkpoint.of_facts(link.facts, link.name)))
        for link in projects
        if link.kind is TargetKind.HUGGINGFACE_MODEL
    ]
    for link, verdict in verdicts:
        if verdict.standing is Standing.CONFLICTS:
            yield Conflict(entry_id, link.link_id, FindingKind.PARAMETER_CONFLICT, verdict)


def _read_link(row: tuple[Any, ...]) -> _Link:
    *_, role, link_id, url, kind, name, facts = row
    told = msgspec.json.decode(f"{{{facts}}}") if facts else {}
    return _Link(link_id, url, KINDS[kind], name, ROLES[role], told)


@lru_cache(maxsize=1024)
def _read_sizes(stated_parameters: str) -> tuple[str, ...]:
    return tuple(msgspec.json.decode(stated_parameters))


def _repository_of(link: _Link) -> str:
    """`owner/name` of `owner/name:ref/path` too."""
    return link.name.partition(":")[0]


def _text(value: object) -> str | None:
    return None if value is None else str(value)
