"""What is wrong or odd in catalog files, as a list for `crawler validate`. No network.

Errors are what stops a run, or a maintainer's word that reaches nothing; warnings are what a person should
look at. An odd address is a warning: the source document holds it, and `import` keeps what it finds.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import urlsplit

from crawler.catalog import CatalogFile, find_catalog_files, read_catalog_file
from crawler.catalog_form import CatalogForm, LinkForm
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


def validate_catalog(paths: Sequence[str], *, today: date) -> list[Problem]:
    """Every problem in the files that `paths` name, file by file and by line. Raises nothing."""
    try:
        catalog_paths = find_catalog_files(paths)
    except UsageError as error:
        return [_as_problem(error)]
    problems: list[Problem] = []
    files: list[CatalogFile] = []
    for path in catalog_paths:
        try:
            file = read_catalog_file(path)
        except UsageError as error:
            problems.append(_as_problem(error))
            continue
        files.append(file)
        for mistake in file.mistakes:
            where = f"{path}:{mistake.line}"
            problems.append(Problem(Severity.ERROR, where, mistake.message, mistake.hint))
    if problems:
        # Half a catalog says nothing about what its other half refers to.
        return problems
    forms = [(file, file.form) for file in files if file.form is not None]
    urls = {_canonical(link.url) for _, form in forms for entry in form.entries for link in entry.links}
    ids = {entry.id for _, form in forms for entry in form.entries}
    for file, form in forms:
        findings = [*_check_entries(file, form), *_check_exclusions(file, form, urls, today)]
        findings += _check_overrides(file, form, ids)
        findings += _check_suppressions(file, form, ids, today)
        for found in sorted(findings, key=lambda finding: finding.line):
            where = f"{file.path}:{found.line}"
            problems.append(Problem(found.severity, where, found.message, found.hint))
    return problems


def _check_entries(file: CatalogFile, form: CatalogForm) -> Iterator[Finding]:
    if not form.entries:
        yield Finding(file.tree.lines["entries"], "the document has no entry", "did `import` find any?")
    projects: dict[str, tuple[str, int]] = {}
    for entry, node in zip(form.entries, file.tree["entries"], strict=True):
        if entry.vanished is not None:
            continue
        if not entry.links:
            yield Finding(node.lines["id"], f"{entry.name} has no link", "nothing is looked at for it")
        first_lines: dict[str, int] = {}
        for link, link_node in zip(entry.links, node.get("links", ()), strict=True):
            line = link_node.lines["url"]
            for message, hint in _list_oddities(link):
                yield Finding(line, message, hint)
            url = _canonical(link.url)
            first = first_lines.setdefault(url, line)
            if first != line:
                message = f"{mask_url(url)} stands at {entry.name} already, on line {first}"
                yield Finding(line, message, "it is looked at once; keep the line that tells more")
            elif link.role is Role.PROJECT and entry.kind is not EntryKind.PAGE:
                name, first = projects.setdefault(url, (entry.name, line))
                if first != line:
                    message = f"{mask_url(url)} is the project of {name} too, on line {first}"
                    yield Finding(line, message, "one entry listed twice? or a role other than project")


def _check_exclusions(file: CatalogFile, form: CatalogForm, urls: set[str], today: date) -> Iterator[Finding]:
    for exclusion, node in zip(form.exclusions, file.tree.get("exclusions", ()), strict=True):
        shown = mask_url(exclusion.url)
        if _canonical(exclusion.url) not in urls:
            yield Finding(node.lines["url"], f"exclusion {shown} matches no link of the catalog", "remove it")
        if exclusion.until is not None and exclusion.until <= today:
            message = f"exclusion {shown} has ended on {exclusion.until}"
            yield Finding(node.lines["until"], message, "remove it or set a later day")


def _check_overrides(file: CatalogFile, form: CatalogForm, ids: set[str]) -> Iterator[Finding]:
    first_lines: dict[tuple[str, str], int] = {}
    for override, node in zip(form.overrides, file.tree.get("overrides", ()), strict=True):
        line = node.lines["entry"]
        if override.entry not in ids:
            close = difflib.get_close_matches(override.entry, ids, n=1)
            hint = f"did you mean {close[0]!r}?" if close else "name an entry by its id"
            yield Finding(line, f"override for an unknown entry {override.entry!r}", hint, Severity.ERROR)
        first = first_lines.setdefault((override.entry, override.field), line)
        if first != line:
            message = f"{override.field} of {override.entry!r} is put right twice, first on line {first}"
            yield Finding(line, message, "keep one of them", Severity.ERROR)


def _check_suppressions(
    file: CatalogFile, form: CatalogForm, ids: set[str], today: date
) -> Iterator[Finding]:
    for suppression, node in zip(form.suppressions, file.tree.get("suppressions", ()), strict=True):
        if suppression.entry not in ids:
            message = f"suppression for an unknown entry {suppression.entry!r}"
            yield Finding(node.lines["entry"], message, None, Severity.ERROR)
        if suppression.until <= today:
            message = f"suppression at {suppression.entry!r} has ended on {suppression.until}"
            yield Finding(node.lines["until"], message, "remove it or set a later day")


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
        yield (f"{shown} is a {why} address", "a run does not ask it unless private addresses are allowed")
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
