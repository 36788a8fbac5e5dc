"""Catalog files ↔ documents and entries. A mistake in a file is one UsageError with file:line.

What is legal but odd is for catalog_checks; what links mean is for links/.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from crawler.catalog_form import CatalogForm, EntryForm, LinkForm, list_form_mistakes
from crawler.catalog_paths import find_catalog_files, read_content
from crawler.catalog_yaml import Mistake, YamlError, YamlMapping, read_yaml
from crawler.errors import UsageError
from crawler.links.normalise import InvalidUrl, normalise_url
from crawler.records import Catalog, Document, Entry, Exclusion, Mention, Override, Stated, Suppression
from crawler.report.output import write_output

SCHEMA_NAME = "catalog.schema.json"
NOT_FOR_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
SLUG = re.compile(r"[^\s/\\]+")


@dataclass(frozen=True, slots=True)
class CatalogFile:
    """One file as read: `tree` knows the lines, `form` the values. `form` is None if it has mistakes."""

    path: str
    tree: YamlMapping
    form: CatalogForm | None
    mistakes: tuple[Mistake, ...] = ()

    @property
    def name(self) -> str:
        return Path(self.path).stem


def load_catalog(paths: Sequence[str]) -> Catalog:
    """Read files, folders and globs, in that order. Exclusions come with their canonical URL.

    Raises UsageError for the first mistake, with file:line, the value and a hint.
    """
    return join_files([read_catalog_file(path) for path in find_catalog_files(paths)])


def read_catalog_file(path: str) -> CatalogFile:
    """One file with all its mistakes of form. Raises UsageError if it cannot be read as YAML at all."""
    return parse_catalog(read_content(path), path)


def parse_catalog(content: bytes, path: str) -> CatalogFile:
    """The bytes of a catalog file; `path` gives the document its name. Raises UsageError if not YAML."""
    try:
        tree = read_yaml(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UsageError("not UTF-8 text", where=f"{path}:{line}", hint="save the file as UTF-8") from error
    except YamlError as error:
        raise _as_usage_error(path, error.mistake) from error
    try:
        form = msgspec.convert(tree, CatalogForm)
    except msgspec.ValidationError as error:
        mistakes = sorted(list_form_mistakes(tree), key=lambda mistake: mistake.line)
        return CatalogFile(path, tree, None, tuple(mistakes) or (Mistake(1, str(error)),))
    return CatalogFile(path, tree, form, tuple(_list_rule_mistakes(form, tree, Path(path).stem)))


def join_files(files: Iterable[CatalogFile]) -> Catalog:
    """Files without mistakes as one catalog; raises UsageError for the first mistake."""
    documents: list[Document] = []
    entries: list[Entry] = []
    exclusions: list[Exclusion] = []
    overrides: list[Override] = []
    suppressions: list[Suppression] = []
    for file in files:
        form = file.form
        if form is None or file.mistakes:
            raise _as_usage_error(file.path, file.mistakes[0])
        documents.append(Document(name=file.name, title=form.document.title, url=form.document.url))
        entries.extend(present_entries(file))
        exclusions.extend(Exclusion(normalise_url(e.url), e.reason, e.until) for e in form.exclusions)
        overrides.extend(Override(o.entry, o.field, o.value, o.reason) for o in form.overrides)
        suppressions.extend(
            Suppression(s.entry, s.kind, s.reason, s.until, s.field) for s in form.suppressions
        )
    return Catalog(tuple(documents), tuple(entries), tuple(exclusions), tuple(overrides), tuple(suppressions))


def all_entries(file: CatalogFile) -> list[Entry]:
    """The entries of a file without mistakes, those included that vanished from the document."""
    return [_entry_of(entry, file.name) for entry in file.form.entries] if file.form else []


def present_entries(file: CatalogFile) -> Iterator[Entry]:
    """The entries and links that the document holds now."""
    for entry in all_entries(file):
        if entry.vanished is None:
            yield replace(
                entry, mentions=tuple(mention for mention in entry.mentions if mention.vanished is None)
            )


def _entry_of(form: EntryForm, document: str) -> Entry:
    return Entry(
        id=form.id,
        name=form.name,
        kind=form.kind,
        document=document,
        section=form.section,
        stated=Stated(form.stated.license, form.stated.parameters),
        mentions=tuple(_mention_of(link) for link in form.links),
        note=form.note,
        vanished=form.vanished,
    )


def _mention_of(link: LinkForm) -> Mention:
    return Mention(link.url, link.url if link.raw is None else link.raw, link.role, link.line, link.vanished)


def _list_rule_mistakes(form: CatalogForm, tree: YamlMapping, name: str) -> Iterator[Mistake]:
    """What the types cannot say: ids, exclusions that are no address, values that fit their field."""
    first_lines: dict[str, int] = {}
    for entry, node in zip(form.entries, tree["entries"], strict=True):
        line = node.lines["id"]
        prefix, _, slug = entry.id.partition("/")
        if prefix != name or not SLUG.fullmatch(slug):
            yield Mistake(line, f"id {entry.id!r} is not `{name}/<slug>`", f"ids here begin with {name}/")
        elif entry.id in first_lines:
            message = f"id {entry.id!r} stands twice, first on line {first_lines[entry.id]}"
            yield Mistake(line, message, "an id names one entry for ever: give the newer one another")
        first_lines.setdefault(entry.id, line)
    for exclusion, node in zip(form.exclusions, tree.get("exclusions", ()), strict=True):
        try:
            normalise_url(exclusion.url)
        except InvalidUrl as error:
            yield Mistake(node.lines["url"], f"exclusion: {error}")
    for override, node in zip(form.overrides, tree.get("overrides", ()), strict=True):
        if (override.field == "license") != isinstance(override.value, str):
            hint = "an SPDX id in quotes" if override.field == "license" else "a whole number without quotes"
            yield Mistake(node.lines["value"], f"{override.value!r} is no {override.field}", hint)


def _as_usage_error(path: str, mistake: Mistake) -> UsageError:
    return UsageError(mistake.message, where=f"{path}:{mistake.line}", hint=mistake.hint)


# --- writing -------------------------------------------------------------------------------------


class Written(NamedTuple):
    """The text of a catalog file, and what it loads as."""

    text: str
    catalog: Catalog


def write_catalog_file(
    path: Path,
    document: Document,
    entries: Sequence[Entry],
    exclusions: Sequence[Exclusion] = (),
    overrides: Sequence[Override] = (),
    header: str = "",
    suppressions: Sequence[Suppression] = (),
) -> Written:
    """Replace `path` by a file that loads as exactly these values; `header` goes above as a comment.
    Raises UsageError, and leaves the file alone, where they would not load.
    """
    if (path.parent / SCHEMA_NAME).exists():
        # Editors that know this line check the file while it is being written.
        header = f"yaml-language-server: $schema={SCHEMA_NAME}\n{header}"
    text = format_catalog(document, entries, exclusions, overrides, header, suppressions)
    catalog = join_files([parse_catalog(text.encode(), str(path))])
    write_output([text], path)
    return Written(text, catalog)


def format_catalog(
    document: Document,
    entries: Sequence[Entry],
    exclusions: Sequence[Exclusion] = (),
    overrides: Sequence[Override] = (),
    header: str = "",
    suppressions: Sequence[Suppression] = (),
) -> str:
    """The text of a catalog file: keys in one order, every string quoted, one link a line."""
    lines = [f"# {_printable(line)}".rstrip() for line in header.splitlines()]
    lines += ["", "document:", f"  title: {_quote(document.title)}"]
    if document.url is not None:
        lines.append(f"  url: {_quote(document.url)}")
    lines += ["", "entries:" if entries else "entries: []"]
    for entry in entries:
        lines += [*_format_entry(entry), ""]
    if exclusions:
        lines.append("exclusions:")
        lines += [f"  - {_flow(url=e.url, reason=e.reason, until=e.until)}" for e in exclusions]
        lines.append("")
    if overrides:
        lines.append("overrides:")
        lines += [
            f"  - {_flow(entry=o.entry, field=o.field, value=o.value, reason=o.reason)}" for o in overrides
        ]
        lines.append("")
    if suppressions:
        lines.append("suppressions:")
        for s in suppressions:
            lines.append(
                f"  - {_flow(entry=s.entry, kind=s.kind, field=s.field, reason=s.reason, until=s.until)}"
            )
    return "\n".join(lines).strip("\n") + "\n"


def _format_entry(entry: Entry) -> Iterator[str]:
    yield f"  - id: {_quote(entry.id)}"
    yield f"    name: {_quote(entry.name)}"
    yield f"    kind: {_quote(entry.kind)}"
    if entry.section:
        yield f"    section: {_quote(entry.section)}"
    if entry.note is not None:
        yield f"    note: {_quote(entry.note)}"
    if entry.vanished is not None:
        yield f"    vanished: {_quote(entry.vanished)}"
    if entry.stated != Stated():
        stated = _flow(license=entry.stated.license, parameters=entry.stated.parameters or None)
        yield f"    stated: {stated}"
    yield "    links:" if entry.mentions else "    links: []"
    for mention in entry.mentions:
        told = {name: getattr(mention, name) for name in ("role", "url", "raw", "line", "vanished")}
        yield f"      - {_flow(**told)}"


def _printable(line: str) -> str:
    return "".join(character if character.isprintable() else " " for character in line)


def _flow(**values: Any) -> str:
    """A mapping on one line, without what is not told."""
    pairs = (f"{key}: {_quote(value)}" for key, value in values.items() if value is not None)
    return f"{{{', '.join(pairs)}}}"


def _quote(value: Any) -> str:
    """JSON is YAML but for the few characters that its reader refuses or folds."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return NOT_FOR_YAML.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
