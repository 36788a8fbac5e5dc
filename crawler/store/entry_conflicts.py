"""The conflicts of one entry: what it states against what the hosts of its links tell. Plain values.

The comparing itself is pure, in crawler/verdicts/; here each comparison gets what it is about.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from crawler.licenses.stated import parse_stated_license
from crawler.records import EntryKind, Facts, FindingKind, Role, TargetKind
from crawler.store.conflicts import REPOSITORIES
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


@dataclass(frozen=True, slots=True)
class Conflict:
    """One finding of an entry about one of its links."""

    entry_id: int
    link_id: int
    kind: FindingKind
    verdict: Verdict


@dataclass(slots=True)
class ListedLink:
    """A link of an entry that has something to tell: a project's, or a licence's in some repository."""

    link_id: int
    url: str
    kind: TargetKind
    name: str
    role: Role
    facts: Facts = field(default_factory=dict)


@dataclass(slots=True)
class StatingEntry:
    """What an entry states; `sizes` are parameter counts as written."""

    entry_id: int
    kind: str
    stated_license: str | None
    sizes: Sequence[str]


def find_in_entry(
    entry: StatingEntry, links: Sequence[ListedLink], overridden: Collection[str]
) -> Iterator[Conflict]:
    """Every conflict of an entry with its links, in their order; none of the fields that are `overridden`."""
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


def _find_license_conflicts(entry: StatingEntry, projects: Sequence[ListedLink]) -> Iterator[Conflict]:
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
    entry_id: int, links: Sequence[ListedLink], projects: Sequence[ListedLink]
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
    entry_id: int, stated: Sequence[str], projects: Sequence[ListedLink]
) -> Iterator[Conflict]:
    verdicts = [
        (link, compare_parameters(stated, Checkpoint.of_facts(link.facts, link.name)))
        for link in projects
        if link.kind is TargetKind.HUGGINGFACE_MODEL
    ]
    for link, verdict in verdicts:
        if verdict.standing is Standing.CONFLICTS:
            yield Conflict(entry_id, link.link_id, FindingKind.PARAMETER_CONFLICT, verdict)


def _repository_of(link: ListedLink) -> str:
    """`owner/name` of `owner/name:ref/path` too."""
    return link.name.partition(":")[0]


def _text(value: object) -> str | None:
    return None if value is None else str(value)
