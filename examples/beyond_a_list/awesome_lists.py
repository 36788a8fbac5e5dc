"""All repositories that awesome lists name: one catalog file per list, read by the crawler's extractor."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final

from crawler.errors import UsageError
from crawler.fetch.client import Fetcher
from crawler.importer.corrections import corrections_path, read_corrections
from crawler.importer.document import extract_entries
from crawler.importer.record import digest_of
from crawler.importer.sources import fetch_by
from crawler.importer.update import Imported, Source, update_catalog_file
from crawler.links.classify import link_of
from crawler.records import Entry, Mention, Role, TargetKind

NAME: Final = re.compile(r"[\w-]+/[\w.-]+", re.ASCII)
README_NAMES: Final = ("README.md", "readme.md")
REPOSITORIES: Final = frozenset(
    {
        TargetKind.GITHUB_REPO,
        TargetKind.GITHUB_PATH,
        TargetKind.HUGGINGFACE_MODEL,
        TargetKind.HUGGINGFACE_DATASET,
        TargetKind.HUGGINGFACE_SPACE,
    }
)
MADE_BY: Final = "examples/beyond_a_list"


def read_names(path: Path) -> list[str]:
    """The lists to read, `owner/name` a line, `#` for comments. Raises UsageError with file:line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the names of lists: {error}", where=str(path)) from error
    names: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        name = line.partition("#")[0].strip()
        if name and not NAME.fullmatch(name):
            raise UsageError(f"{name!r} is no repository", where=f"{path}:{number}", hint="write owner/name")
        if name:
            names.setdefault(name.casefold(), name)
    return list(names.values())


async def fetch_readme(fetcher: Fetcher, name: str) -> Source:
    """The README of a repository. Raises UsageError where there is none, UnableError without an answer."""
    for readme in README_NAMES[:-1]:
        try:
            return await fetch_by(fetcher, f"github:{name}:{readme}")
        except UsageError:
            continue
    return await fetch_by(fetcher, f"github:{name}:{README_NAMES[-1]}")


def write_list(source: Source, name: str, folder: Path, today: date) -> Imported:
    """Bring the catalog file of one list up to date.

    Raises UsageError, and leaves the file alone, where the README names no repository: a list that was
    moved or emptied is no reason to forget what it held.
    """
    # An owner on GitHub has no two hyphens in a row, so no two lists share a file.
    output = folder / f"{name.replace('/', '--').lower()}.yaml"
    corrections = read_corrections(corrections_path(output))
    found, extracted = extract_entries(
        source.content, name=output.stem, source_name=source.name, corrections=corrections
    )
    kept = [
        replace(entry, mentions=repositories)
        for entry in extracted
        if (repositories := _repositories_of(entry))
    ]
    if not kept:
        raise UsageError("its README names no repository", where=name, hint="the catalog file stays as it is")
    return update_catalog_file(
        output,
        replace(found, url=source.url),
        kept,
        digest_of(source.content),
        corrections=corrections,
        today=today,
        made_by=MADE_BY,
    )


def _repositories_of(entry: Entry) -> tuple[Mention, ...]:
    return tuple(
        mention
        for mention in entry.mentions
        if mention.role not in {Role.BADGE, Role.IMAGE} and link_of(mention.url).target.kind in REPOSITORIES
    )
