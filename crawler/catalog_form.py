"""The form of a catalog file: its keys, their types and help, the JSON Schema, and what breaks the form."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from msgspec import Meta, Struct

from crawler.catalog_yaml import QUOTED_HINT, Mistake, YamlMapping, YamlSequence, describe_value
from crawler.records import EntryKind, FindingKind, Role

SCHEMA_URL = "https://json-schema.org/draft/2020-12/schema"

# Not `$`: Python lets a line break follow it.
Line = Annotated[str, Meta(min_length=1, pattern=r"^[^\x00-\x1f\x7f-\x9f]*(?![\s\S])")]
"""Text on one line: names end up in terminals and tables."""
LineNumber = Annotated[int, Meta(ge=1)]


class DocumentForm(Struct, frozen=True, forbid_unknown_fields=True):
    """The source document this file was made from."""

    title: Annotated[Line, Meta(description="its title")]
    url: Annotated[Line | None, Meta(description="where it lives")] = None


class StatedForm(Struct, frozen=True, forbid_unknown_fields=True):
    """What the document itself says of the entry, as written there."""

    license: Annotated[Line | None, Meta(description="licence as the document words it")] = None
    parameters: Annotated[tuple[Line, ...], Meta(description="parameter counts, likewise")] = ()


class LinkForm(Struct, frozen=True, forbid_unknown_fields=True):
    """One link at an entry."""

    role: Annotated[Role, Meta(description="what the link is to the entry")]
    url: Annotated[Line, Meta(description="the address as a reader means it")]
    raw: Annotated[str | None, Meta(description="as it stands in the document (default: url)")] = None
    line: Annotated[LineNumber | None, Meta(description="line of the document it stands on")] = None
    vanished: Annotated[date | None, Meta(description="day the document was found without it")] = None


class EntryForm(Struct, frozen=True, forbid_unknown_fields=True):
    """One row of the document that a reader would call an entry."""

    id: Annotated[Line, Meta(description="`<file stem>/<slug>`; stays for ever")]
    name: Annotated[Line, Meta(description="name as the document writes it")]
    kind: Annotated[EntryKind, Meta(description="what it is; `page` for the document's own links")]
    section: Annotated[str, Meta(description="headings above it, joined by ` > `")] = ""
    note: Annotated[Line | None, Meta(description="a mark for readers, such as joke or withdrawn")] = None
    stated: Annotated[StatedForm, Meta(description="what the document says of it")] = StatedForm()
    vanished: Annotated[date | None, Meta(description="day the document was found without it")] = None
    links: Annotated[tuple[LinkForm, ...], Meta(description="its links in document order")] = ()


class ExclusionForm(Struct, frozen=True, forbid_unknown_fields=True):
    """A link to be left alone."""

    url: Annotated[Line, Meta(description="the link")]
    reason: Annotated[Line, Meta(description="why; shown in the report")]
    until: Annotated[date | None, Meta(description="first day (UTC) it is asked again (default: never)")] = (
        None
    )


class OverrideForm(Struct, frozen=True, forbid_unknown_fields=True):
    """A maintainer's word on one field of an entry; it wins over what the host says."""

    entry: Annotated[Line, Meta(description="id of the entry")]
    field: Annotated[Literal["license", "parameter_count"], Meta(description="the field that is put right")]
    value: Annotated[int | Line, Meta(description="an SPDX id, or a whole number of parameters")]
    reason: Annotated[Line, Meta(description="why it is right")]


class SuppressionForm(Struct, frozen=True, forbid_unknown_fields=True):
    """Findings of an entry that a maintainer has looked at and puts aside for a while."""

    entry: Annotated[Line, Meta(description="id of the entry")]
    kind: Annotated[FindingKind, Meta(description="kind of finding")]
    reason: Annotated[Line, Meta(description="why it is no news")]
    until: Annotated[date, Meta(description="first day (UTC) it is shown again")]
    field: Annotated[Line | None, Meta(description="only findings about this field (default: any)")] = None


class CatalogForm(Struct, frozen=True, forbid_unknown_fields=True):
    """One catalog file: a source document and what it lists."""

    document: DocumentForm
    entries: tuple[EntryForm, ...]
    exclusions: Annotated[tuple[ExclusionForm, ...], Meta(description="links to be left alone")] = ()
    overrides: Annotated[tuple[OverrideForm, ...], Meta(description="fields put right by hand")] = ()
    suppressions: Annotated[
        tuple[SuppressionForm, ...], Meta(description="findings put aside for a while")
    ] = ()


def catalog_json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a catalog file, for editors and other tools."""
    schema = {"$schema": SCHEMA_URL, "title": "Catalog file", **msgspec.json.schema(CatalogForm)}
    return msgspec.json.decode(msgspec.json.encode(schema), type=dict[str, Any])


def list_form_mistakes(tree: Any) -> Iterator[Mistake]:
    """Everything in a file that does not fit CatalogForm, each with its line."""
    if tree is None:
        yield Mistake(1, "the file is empty", "a catalog file has the keys `document` and `entries`")
    else:
        yield from _check_struct(tree, CatalogForm, 1)


def _check_struct(value: Any, form: type[Struct], line: int) -> Iterator[Mistake]:
    fields = {field.name: field for field in msgspec.structs.fields(form)}
    if not isinstance(value, YamlMapping):
        expected = ", ".join(fields)
        yield Mistake(line, f"expected a mapping, not {describe_value(value)}", f"its keys are {expected}")
        return
    for key in value:
        if key not in fields:
            yield Mistake(value.lines[key], f"unknown key {key!r}", _nearest(key, list(fields)))
    for name, field in fields.items():
        if name in value:
            yield from _check_value(name, value[name], field.type, value.lines[name])
        elif field.required:
            yield Mistake(value.line, f"key {name!r} is missing")


def _check_value(name: str, value: Any, expected: Any, line: int) -> Iterator[Mistake]:
    bare = _without_annotations(expected)
    if get_origin(bare) is tuple:
        yield from _check_items(name, value, get_args(bare)[0], line)
    elif isinstance(bare, type) and issubclass(bare, Struct):
        yield from _check_struct(value, bare, line)
    else:
        try:
            msgspec.convert(value, expected)
        except msgspec.ValidationError as error:
            yield Mistake(line, f"{name}: {describe_value(value)}: {error}", _hint_for(value, bare))


def _without_annotations(expected: Any) -> Any:
    while get_origin(expected) is Annotated:
        expected = get_args(expected)[0]
    return expected


def _check_items(name: str, value: Any, expected: Any, line: int) -> Iterator[Mistake]:
    if not isinstance(value, YamlSequence):
        yield Mistake(line, f"{name} must be a list, not {describe_value(value)}", "write [] for none")
        return
    for item, item_line in zip(value, value.lines, strict=True):
        yield from _check_value(name, item, expected, item_line)


def _hint_for(value: Any, expected: Any) -> str | None:
    if isinstance(expected, type) and issubclass(expected, StrEnum):
        return _nearest(str(value), list(expected))
    if get_origin(expected) is Literal:
        return _nearest(str(value), get_args(expected))
    if expected is date or date in get_args(expected):
        return 'write it as "2031-12-31"'
    if isinstance(value, str):
        return "text on one line, without control characters"
    return QUOTED_HINT if isinstance(value, int) and expected is str else None


def _nearest(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word.lower(), known, n=1)
    return f"did you mean '{close[0]}'?" if close else f"one of {', '.join(known)}"
