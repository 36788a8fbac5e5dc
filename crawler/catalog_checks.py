"""What is wrong or odd in catalog files, as a list for `crawler validate`. No network.

Errors are what stops a run, or a maintainer's word that reaches nothing; warnings are what a person should
look at. An odd address is a warning: the source document holds it, and `import` keeps what it finds.
"""

from __future__ import annotations

import difflib
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from crawler.catalog import CatalogFile, read_catalog_file
from crawler.catalog_form import CatalogForm, LinkForm
from crawler.catalog_paths import find_catalog_files
from crawler.errors import UsageError
from crawler.fetch.guard import refuse_host
from crawler.links.classify import classify_url
from crawler.links.mask import mask_url
from crawler.links.normalise import (
    ARXIV,
    ARXIV_PAPER_PATHS,
    GITHUB,
    HUGGING_FACE,
    InvalidUrl,
    normalise_url,
)
from crawler.links.reserved import GITHUB_PAGES, HUB_PAGES
from crawler.records import EntryKind, Role, TargetKind

PAGE_KINDS = {TargetKind.GITHUB_OTHER: "GitHub", TargetKind.HUGGINGFACE_OTHER: "Hugging Face"}
RESERVED_OWNERS = {GITHUB: GITHUB_PAGES, HUGGING_FACE: HUB_PAGES}
NOT_IN_REPOSITORIES = frozenset({TargetKind.WEB_PAGE, TargetKind.ARXIV_PAPER})
IMAGE_PATH = re.compile(r"\.(?:svg|png|jpe?g|gif|webp|ico|bmp)$", re.IGNORECASE)
# Marks that end a sentence, not an address; brackets only where nothing opens them.
STRAY_END = re.compile(r"[。，、；：！？）】》」』”’….,;>*`\"']+$|^[^(]*\)$|^[^\[]*\]$")


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to look at; `where` is `file:line`, or the path that was asked for."""

    severity: Severity
    where: str
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        line = f"{self.where}: {self.severity}: {self.message}"
        return f"{line} (hint: {self.hint})" if self.hint else line


class Finding(NamedTuple):
    """A problem of one file before it knows the file."""

    line: int
    message: str
    hint: str | None = None
    severity: Severity = Severity.WARNING


def validate_catalog(paths: Sequence[str], *, today: date) -> Iterator[Problem]:
    """Every problem in the files that `paths` name, as they are read, by line. Raises nothing.

    What refers to other files is told last, and only if all could be read: half a catalog says nothing about
    what its other half refers to.
    """
    try:
        catalog_paths = find_catalog_files(paths)
    except UsageError as error:
        yield _as_problem(error)
        return
    references = _References(catalog_paths)
    is_whole = True
    for path in catalog_paths:
        try:
            file = read_catalog_file(path)
        except UsageError as error:
            yield _as_problem(error)
            is_whole = False
            continue
        for mistake in file.mistakes:
            yield Problem(Severity.ERROR, f"{path}:{mistake.line}", mistake.message, mistake.hint)
        if file.form is None or file.mistakes:
            is_whole = False
            continue
        yield from _place(path, _check_file(file, file.form, references, today))
    if is_whole:
        for path in catalog_paths:
            yield from _place(path, references.check(path))


def _place(path: str, findings: Iterable[Finding]) -> Iterator[Problem]:
    for found in sorted(findings, key=lambda finding: finding.line):
        yield Problem(found.severity, f"{path}:{found.line}", found.message, found.hint)


def _check_file(
    file: CatalogFile, form: CatalogForm, references: _References, today: date
) -> Iterator[Finding]:
    """What a file tells by itself; what it refers to is noted in `references`."""
    yield from _check_entries(file, form, references)
    for exclusion, node in zip(form.exclusions, file.tree.get("exclusions", ()), strict=True):
        references.note_exclusion(file.path, node.lines["url"], exclusion.url)
        if exclusion.until is not None and exclusion.until <= today:
            message = f"exclusion {mask_url(exclusion.url)} has ended on {exclusion.until}"
            yield Finding(node.lines["until"], message, "remove it or set a later day")
    first_lines: dict[tuple[str, str], int] = {}
    for override, node in zip(form.overrides, file.tree.get("overrides", ()), strict=True):
        line = node.lines["entry"]
        references.note_entry(file.path, line, "override", override.entry)
        first = first_lines.setdefault((override.entry, override.field), line)
        if first != line:
            message = f"{override.field} of {override.entry!r} is put right twice, first on line {first}"
            yield Finding(line, message, "keep one of them", Severity.ERROR)
    for suppression, node in zip(form.suppressions, file.tree.get("suppressions", ()), strict=True):
        references.note_entry(file.path, node.lines["entry"], "suppression", suppression.entry)
        if suppression.until <= today:
            message = f"suppression at {suppression.entry!r} has ended on {suppression.until}"
            yield Finding(node.lines["until"], message, "remove it or set a later day")


class Reference(NamedTuple):
    """Something at a line of a file that speaks of a link or an entry, in whatever file that is."""

    line: int
    what: str
    to: str


class _References:
    """What files refer to, and whether it is there: of each link and entry only a hash of 8 bytes is kept."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = {Path(path).stem: path for path in paths}
        self._there = array("q")
        self._noted: dict[str, list[Reference]] = {}
        self._missing: frozenset[str] | None = None

    def add(self, link_or_entry: str) -> None:
        """This canonical URL or entry id is in the catalog."""
        self._there.append(hash(link_or_entry))

    def note_exclusion(self, path: str, line: int, url: str) -> None:
        self._noted.setdefault(path, []).append(Reference(line, "exclusion", url))

    def note_entry(self, path: str, line: int, what: str, entry: str) -> None:
        self._noted.setdefault(path, []).append(Reference(line, what, entry))

    def check(self, path: str) -> Iterator[Finding]:
        """What a file refers to in vain; every file has been added by now."""
        if self._missing is None:
            self._missing = self._find_missing()
        for reference in self._noted.get(path, ()):
            if _target_of(reference) not in self._missing:
                continue
            if reference.what == "exclusion":
                message = f"exclusion {mask_url(reference.to)} matches no link of the catalog"
                yield Finding(reference.line, message, "remove it")
            else:
                message = f"{reference.what} for an unknown entry {reference.to!r}"
                close = difflib.get_close_matches(reference.to, self._ids_near(reference.to), n=1)
                hint = f"did you mean {close[0]!r}?" if close else "name an entry by its id"
                yield Finding(reference.line, message, hint, Severity.ERROR)

    def _find_missing(self) -> frozenset[str]:
        wanted = {_target_of(reference) for noted in self._noted.values() for reference in noted}
        by_hash = {hash(target): target for target in wanted}
        found = by_hash.keys() & set(filter(by_hash.__contains__, self._there))
        return frozenset(wanted - {by_hash[each] for each in found})

    def _ids_near(self, entry: str) -> list[str]:
        """The ids of the document that an id names, or nearly so."""
        close = difflib.get_close_matches(entry.partition("/")[0], self._paths, n=1)
        return _read_ids(self._paths[close[0]]) if close else []


@lru_cache(maxsize=16)
def _read_ids(path: str) -> list[str]:
    form = read_catalog_file(path).form
    return [entry.id for entry in form.entries] if form is not None else []


def _target_of(reference: Reference) -> str:
    return _canonical(reference.to) if reference.what == "exclusion" else reference.to


def _check_entries(file: CatalogFile, form: CatalogForm, references: _References) -> Iterator[Finding]:
    if not form.entries:
        yield Finding(file.tree.lines["entries"], "the document has no entry", "did `import` find any?")
    projects: dict[str, tuple[str, int]] = {}
    for entry, node in zip(form.entries, file.tree["entries"], strict=True):
        references.add(entry.id)
        if entry.vanished is not None:
            for link in entry.links:
                references.add(_canonical(link.url))
            continue
        if not entry.links:
            yield Finding(node.lines["id"], f"{entry.name} has no link", "nothing is looked at for it")
        first_lines: dict[str, int] = {}
        for link, link_node in zip(entry.links, node.get("links", ()), strict=True):
            line = link_node.lines["url"]
            for message, hint in _list_oddities(link):
                yield Finding(line, message, hint)
            url = _canonical(link.url)
            references.add(url)
            first = first_lines.setdefault(url, line)
            if first != line:
                message = f"{mask_url(url)} stands at {entry.name} already, on line {first}"
                yield Finding(line, message, "it is looked at once; keep the line that tells more")
            elif link.role is Role.PROJECT and entry.kind is not EntryKind.PAGE:
                name, first = projects.setdefault(url, (entry.name, line))
                if first != line:
                    message = f"{mask_url(url)} is the project of {name} too, on line {first}"
                    yield Finding(line, message, "one entry listed twice? or a role other than project")


def _list_oddities(link: LinkForm) -> Iterator[tuple[str, str]]:
    """What is odd about one address by its spelling alone, each with a hint."""
    shown = mask_url(link.url)
    if shown != link.url:
        yield (f"{shown} seems to hold a secret", "a catalog is public: revoke it and take it out")
    if "\\" in link.url:
        yield (f"{shown} holds a backslash", "an escape of Markdown? browsers read it as /")
    if STRAY_END.search(link.url):
        yield (f"{shown} ends in a mark of the sentence around it", "cut the mark off")
    try:
        canonical_url = normalise_url(link.url)
    except InvalidUrl as error:
        yield (mask_url(str(error)), "a run reports it as invalid-url and asks nobody")
        return
    parts = urlsplit(canonical_url)
    if why := refuse_host(parts.hostname or ""):
        yield (f"{shown}: {why}", "a run does not ask it unless private addresses are allowed")
    kind = classify_url(canonical_url).kind
    segments = [segment for segment in parts.path.split("/") if segment]
    if (
        kind is TargetKind.WEB_PAGE
        and parts.netloc == ARXIV
        and parts.path.split("/")[1] in ARXIV_PAPER_PATHS
    ):
        yield (f"{shown} holds no well-formed arXiv id", "write it as in 2305.14314 or hep-th/9901001")
    if link.role is not Role.PROJECT or kind in NOT_IN_REPOSITORIES:
        return
    no_facts = "it gets no stars and no licence; was a role other than project meant?"
    if IMAGE_PATH.search(parts.path):
        yield (f"{shown} is the path of an image, not a repository", no_facts)
    elif kind in PAGE_KINDS and segments and segments[0].lower() in RESERVED_OWNERS[parts.netloc]:
        yield (
            f"{shown} is a page of {PAGE_KINDS[kind]}, not a repository: {segments[0]!r} is no owner",
            no_facts,
        )
    elif kind in PAGE_KINDS:
        yield (f"{shown} is a page of {PAGE_KINDS[kind]}, not a repository", no_facts)


def _canonical(url: str) -> str:
    try:
        return normalise_url(url)
    except InvalidUrl:
        return url


def _as_problem(error: UsageError) -> Problem:
    return Problem(Severity.ERROR, error.where or "", error.message, error.hint)
