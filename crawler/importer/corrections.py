"""Changes a person made to an import, recorded beside the catalog with a reason each.

They are applied in order after extraction, so the catalog file can be made again from the document. Each
step names an entry by the slug it has at that point. A step that no longer fits is an error, not a silence.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from crawler.catalog_yaml import YamlError, read_yaml
from crawler.errors import UsageError
from crawler.importer.slugs import make_slug
from crawler.records import Document, Entry, EntryKind, Mention, Role, Stated

CORRECTIONS_FOLDER: Final = "corrections"


class NewLink(Struct, frozen=True, forbid_unknown_fields=True):
    """A link that extraction cannot see."""

    url: str
    role: Role
    raw: str | None = None
    line: int | None = None


class NewEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """An entry that a step makes out of another: `links` are the addresses that move to it."""

    name: str
    slug: str | None = None
    kind: EntryKind | None = None
    section: str | None = None
    note: str | None = None
    license: str | None = None
    parameters: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


class Step(Struct, frozen=True, forbid_unknown_fields=True):
    """One correction of one entry. Everything but `entry` and `reason` may be left out.

    Links are named by their address, or `address@line` where it stands at the entry more than once. An empty
    `license` takes a wrongly read one away.
    """

    entry: str
    reason: str
    rename: str | None = None
    slug: str | None = None
    kind: EntryKind | None = None
    section: str | None = None
    note: str | None = None
    license: str | None = None
    parameters: tuple[str, ...] | None = None
    roles: dict[str, Role] = {}
    split: tuple[NewEntry, ...] = ()
    move: dict[str, str] = {}
    merge_into: str | None = None
    add_links: tuple[NewLink, ...] = ()
    remove_links: tuple[str, ...] = ()


class Corrections(Struct, frozen=True, forbid_unknown_fields=True):
    """All corrections of one document; `title` and `url` are its own.

    `repairs`: damaged words → what they were before a copy lost bytes, for names, sections and table cells;
    done in their order, before anything is read from them.
    """

    repairs: dict[str, str] = {}
    title: str | None = None
    url: str | None = None
    reason: str | None = None
    steps: tuple[Step, ...] = ()
    path: str = ""

    def repair(self, words: str) -> str:
        for damaged, whole in self.repairs.items():
            words = words.replace(damaged, whole)
        return words

    def kinds(self, document: str) -> dict[str, EntryKind]:
        """Entry id → the kind it is given."""
        return {f"{document}/{step.entry}": step.kind for step in self.steps if step.kind is not None}


def corrections_path(catalog_file: Path) -> Path:
    return catalog_file.parent / CORRECTIONS_FOLDER / catalog_file.name


def read_corrections(path: Path) -> Corrections:
    """The recorded corrections, none if there is no file. Raises UsageError with file and place."""
    try:
        content = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Corrections()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the corrections: {error}", where=str(path)) from error
    try:
        corrections = msgspec.convert(read_yaml(content) or {}, Corrections)
    except YamlError as error:
        raise UsageError(
            error.mistake.message, where=f"{path}:{error.mistake.line}", hint=error.mistake.hint
        ) from error
    except msgspec.ValidationError as error:
        raise UsageError(
            str(error), where=str(path), hint="see the keys of crawler.importer.corrections.Step"
        ) from error
    return msgspec.structs.replace(corrections, path=str(path))


def apply_corrections(
    corrections: Corrections, document: Document, entries: Iterable[Entry]
) -> tuple[Document, list[Entry]]:
    """Document and entries after all steps. Raises UsageError for a step that fits nothing any more."""
    document = replace(
        document, title=corrections.title or document.title, url=corrections.url or document.url
    )
    corrected = list(entries)
    for step in corrections.steps:
        corrected = _Stepper(corrections.path, document, corrected).apply(step)
    return document, corrected


class _Stepper:
    def __init__(self, path: str, document: Document, entries: list[Entry]) -> None:
        self.path, self.document, self.entries = path, document, entries

    def apply(self, step: Step) -> list[Entry]:
        index = self._index(step.entry, step)
        entry = self.entries[index]
        entry = self._with_links(entry, step)
        for address, target in step.move.items():
            entry, moved = self._take(entry, (address,), step)
            self._append(self._index(target, step), moved)
        entry, parts = self._split(entry, step)
        entry = self._with_fields(entry, step)
        if step.merge_into is not None:
            self._append(self._index(step.merge_into, step), entry.mentions)
        if step.merge_into is not None:
            self.entries[index : index + 1] = parts
        else:
            self.entries[index : index + 1] = [entry, *parts]
        return self.entries

    def _index(self, entry_id: str, step: Step) -> int:
        full = f"{self.document.name}/{entry_id}"
        for index, entry in enumerate(self.entries):
            if entry.id == full:
                return index
        raise self._misfit(f"no entry {full!r}", step)

    def _misfit(self, message: str, step: Step) -> UsageError:
        return UsageError(
            message,
            where=f"{self.path or 'corrections'} (entry {step.entry})",
            hint="the document or the extractor changed: bring the correction up to date",
        )

    def _append(self, index: int, mentions: Iterable[Mention]) -> None:
        entry = self.entries[index]
        merged = sorted([*entry.mentions, *mentions], key=lambda mention: mention.line or 0)
        self.entries[index] = replace(entry, mentions=tuple(merged))

    def _take(
        self, entry: Entry, addresses: tuple[str, ...], step: Step
    ) -> tuple[Entry, tuple[Mention, ...]]:
        """The entry without the mentions of these addresses (`url` or `url@line`), and those mentions."""
        taken: list[Mention] = []
        left = list(entry.mentions)
        for address in addresses:
            hits = [mention for mention in left if _fits(mention, address)]
            if not hits:
                raise self._misfit(f"no link {address} there", step)
            taken += hits
            left = [mention for mention in left if mention not in hits]
        return replace(entry, mentions=tuple(left)), tuple(taken)

    def _with_links(self, entry: Entry, step: Step) -> Entry:
        entry, _ = self._take(entry, step.remove_links, step)
        mentions = list(entry.mentions)
        for address, role in step.roles.items():
            hits = [index for index, mention in enumerate(mentions) if _fits(mention, address)]
            if not hits:
                raise self._misfit(f"no link {address} there", step)
            for index in hits:
                mentions[index] = replace(mentions[index], role=role)
        mentions += [Mention(link.url, link.raw or link.url, link.role, link.line) for link in step.add_links]
        return replace(entry, mentions=tuple(mentions))

    def _split(self, entry: Entry, step: Step) -> tuple[Entry, list[Entry]]:
        parts = []
        for new in step.split:
            entry, taken = self._take(entry, new.links, step)
            parts.append(
                Entry(
                    id=self._new_id(new.slug or make_slug(new.name), step),
                    name=new.name,
                    kind=new.kind or entry.kind,
                    document=self.document.name,
                    section=entry.section if new.section is None else new.section,
                    stated=Stated(new.license, new.parameters),
                    mentions=taken,
                    note=new.note,
                )
            )
        return entry, parts

    def _with_fields(self, entry: Entry, step: Step) -> Entry:
        name = step.rename or entry.name
        new_id = entry.id
        if step.slug or step.rename:
            slug = step.slug or make_slug(name)
            if f"{self.document.name}/{slug}" != entry.id:
                new_id = self._new_id(slug, step)
        stated = Stated(
            entry.stated.license if step.license is None else (step.license or None),
            entry.stated.parameters if step.parameters is None else step.parameters,
        )
        return replace(
            entry,
            id=new_id,
            name=name,
            kind=step.kind or entry.kind,
            section=entry.section if step.section is None else step.section,
            stated=stated,
            note=entry.note if step.note is None else step.note,
        )

    def _new_id(self, slug: str, step: Step) -> str:
        new_id = f"{self.document.name}/{slug}"
        if any(entry.id == new_id for entry in self.entries):
            raise self._misfit(f"id {new_id!r} is taken", step)
        return new_id


def _fits(mention: Mention, address: str) -> bool:
    url, _, line = address.rpartition("@")
    if url and line.isdigit():
        return mention.url == url and mention.line == int(line)
    return mention.url == address
