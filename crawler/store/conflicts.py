"""Where what a list states and what hosts tell differ: the rows of findings that need more than SQL.

Reads only; store/findings.py opens and closes. The comparing itself is pure, in crawler/verdicts/.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Final

from crawler.licenses.stated import parse_stated_license
from crawler.records import EntryKind, Facts, FindingKind, Role, TargetKind
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
REPOSITORIES: Final = frozenset({TargetKind.GITHUB_REPO, TargetKind.GITHUB_PATH})

LINKS_OF_ENTRIES: Final = f"""
    SELECT entries.id AS entry_id, entries.kind AS entry_kind,
        entries.stated_license, entries.stated_parameters,
        mentions.id AS mention_id, mentions.role, links.id AS link_id, links.url, links.kind, links.name,
        facts.field, facts.value,
        (SELECT json_group_array(overrides.field) FROM overrides
            WHERE overrides.entry_id = entries.id AND overrides.until_run_id IS NULL) AS overridden
    FROM entries
    JOIN mentions ON mentions.entry_id = entries.id AND mentions.until_run_id IS NULL
        AND mentions.role IN ('{Role.PROJECT}', '{Role.LICENSE}')
    JOIN links ON links.id = mentions.link_id
    LEFT JOIN facts ON facts.link_id = links.id
        AND facts.field IN ({", ".join(f"'{name}'" for name in COMPARED)})
        AND NOT EXISTS (SELECT 1 FROM facts AS later WHERE later.link_id = facts.link_id
            AND later.field = facts.field AND later.run_id > facts.run_id)
    WHERE entries.until_run_id IS NULL AND entries.kind != 'page'
    ORDER BY entries.id, mentions.position, mentions.id
"""


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


def find_conflicts(connection: sqlite3.Connection) -> Iterator[Conflict]:
    """Every conflict of the present catalog with what is known now, entry by entry."""
    rows = connection.execute(LINKS_OF_ENTRIES)
    for entry_id, of_entry in groupby(rows, key=itemgetter("entry_id")):
        together = list(of_entry)
        first, links = together[0], [_read_link(list(rows)) for rows in _by_mention(together)]
        projects = [link for link in links if link.role is Role.PROJECT]
        overridden = json.loads(first["overridden"])
        if "license" not in overridden:
            yield from _find_license_conflicts(first, projects)
            yield from _find_foreign_license_links(entry_id, links, projects)
        if "parameter_count" not in overridden:
            yield from _find_size_conflicts(entry_id, json.loads(first["stated_parameters"]), projects)
        sizes = json.loads(first["stated_parameters"])
        for link in projects:
            verdict = judge_seriousness(link.kind, link.name, link.facts, sizes)
            if verdict.standing is Standing.CONFLICTS:
                yield Conflict(entry_id, link.link_id, FindingKind.JOKE_OR_STUB, verdict)


def _find_license_conflicts(entry: sqlite3.Row, projects: Sequence[_Link]) -> Iterator[Conflict]:
    if not entry["stated_license"]:
        return
    told = {
        link.url: (HostLicense(link.url, link.kind, link.facts["license"]), link.link_id)
        for link in projects
        if isinstance(link.facts.get("license"), str)
    }
    stated = parse_stated_license(entry["stated_license"])
    hosts = [each for each, _ in told.values()]
    for found in compare_licenses(stated, hosts, has_weights=entry["entry_kind"] == EntryKind.MODEL):
        yield Conflict(entry["entry_id"], told[found.url][1], FindingKind.LICENSE_CONFLICT, found.verdict)


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
    if not stated:
        return
    verdicts = [
        (link, compare_parameters(stated, Checkpoint.of_facts(link.facts, link.name)))
        for link in projects
        if link.kind is TargetKind.HUGGINGFACE_MODEL
    ]
    for link, verdict in verdicts:
        if verdict.standing is Standing.CONFLICTS:
            yield Conflict(entry_id, link.link_id, FindingKind.PARAMETER_CONFLICT, verdict)


def _by_mention(rows: Sequence[sqlite3.Row]) -> Iterator[Iterator[sqlite3.Row]]:
    for _, of_mention in groupby(rows, key=itemgetter("mention_id")):
        yield of_mention


def _read_link(rows: Sequence[sqlite3.Row]) -> _Link:
    first = rows[0]
    facts = {row["field"]: json.loads(row["value"]) for row in rows if row["field"] is not None}
    return _Link(
        first["link_id"], first["url"], TargetKind(first["kind"]), first["name"], Role(first["role"]), facts
    )


def _repository_of(link: _Link) -> str:
    """`owner/name` of `owner/name:ref/path` too."""
    return link.name.partition(":")[0]


def _text(value: object) -> str | None:
    return None if value is None else str(value)
