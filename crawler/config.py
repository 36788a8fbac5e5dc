"""config.toml → frozen settings. A mistake is named with its line, an unknown key with the nearest known."""

from __future__ import annotations

import math
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_type_hints
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from crawler.errors import UsageError
from crawler.settings import Settings

DEFAULT_CONFIG_PATH: Final = Path("config.toml")


class Config(Struct, frozen=True):
    """Settings and the file they came from; paths in them start at the file's folder."""

    settings: Settings
    path: Path
    """The config file; it need not exist."""

    @property
    def folder(self) -> Path:
        return self.path.parent

    @property
    def database(self) -> Path:
        return self.folder / self.settings.state.database

    @property
    def catalog_paths(self) -> tuple[str, ...]:
        return tuple(str(self.folder / path) for path in self.settings.catalog.paths)


def with_engine(
    config: Config, kind: Literal["local", "dask"] | None, workers: int | None, scheduler: str | None
) -> Config:
    """The same config, but asking by another engine where that is given.

    Raises UsageError for a scheduler that nobody would use.
    """
    given = {"kind": kind, "workers": workers, "scheduler": scheduler}
    changes = {key: value for key, value in given.items() if value is not None}
    engine = msgspec.structs.replace(config.settings.engine, **changes)
    if engine.scheduler and engine.kind != "dask":
        raise UsageError(
            f"the scheduler {engine.scheduler!r} is of no use to the engine {engine.kind!r}",
            hint='add --engine dask, or kind = "dask" in [engine]',
        )
    return msgspec.structs.replace(config, settings=msgspec.structs.replace(config.settings, engine=engine))


def find_config(argument: Path | None, environment: Mapping[str, str] = os.environ) -> Path:
    """`--config`, else `$CRAWLER_CONFIG`, else ./config.toml."""
    if argument is not None:
        return argument
    return Path(environment.get("CRAWLER_CONFIG") or DEFAULT_CONFIG_PATH)


def load_config(path: Path, *, must_exist: bool = False) -> Config:
    """Read one config file. A missing file means defaults unless somebody named it.

    Raises UsageError with file:line, the value, and a hint.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        if must_exist:
            raise UsageError("no such config file", where=str(path)) from None
        return Config(settings=Settings(), path=path)
    except OSError as error:
        raise UsageError(f"cannot read the config file: {error.strerror}", where=str(path)) from error
    return Config(settings=parse_settings(content, str(path)), path=path)


def parse_settings(content: bytes, where: str) -> Settings:
    """TOML bytes → settings, each mistake named with its line."""
    try:
        text = content.decode("utf-8-sig")
        tree = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise UsageError("not UTF-8 text", where=where, hint="save the file as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise UsageError(
            f"not valid TOML: {error}", where=f"{where}:{line.group(1)}" if line else where
        ) from error
    try:
        settings = msgspec.convert(tree, Settings)
    except msgspec.ValidationError:
        # The hints of types are costly to read, and only needed to say where the mistake is.
        _name_mistake(tree, text, where)
        raise
    for section, table in tree.items():
        for key, value in table.items():
            if mistake := _find_nonsense(section, key, value):
                raise UsageError(
                    f"{section}.{key} = {value!r} {mistake[0]}",
                    where=f"{where}:{_line_of(text, section, key)}",
                    hint=mistake[1],
                )
    return settings


def _name_mistake(tree: Mapping[str, Any], text: str, where: str) -> None:
    """Raises UsageError for the first key or value of the file that is not of its type."""
    known = {section: set(fields) for section, fields in settings_keys().items()}
    for section, table in tree.items():
        if section not in known:
            raise _unknown(f"[{section}]", section, known, f"{where}:{_line_of(text, section)}")
        if not isinstance(table, dict):
            raise UsageError(
                f"{section} must be a table, not {table!r}",
                where=f"{where}:{_line_of(text, section)}",
                hint=f"write it as [{section}]",
            )
        for key, value in table.items():
            line_number = _line_of(text, section, key)
            if key not in known[section]:
                raise _unknown(f"{key} in [{section}]", key, known[section], f"{where}:{line_number}")
            _check_value(section, key, value, f"{where}:{line_number}")


def settings_keys() -> dict[str, dict[str, str]]:
    """Section → key → its one line of help, in the order of the file."""
    sections: dict[str, dict[str, str]] = {}
    for section, struct in get_type_hints(Settings).items():
        hints = get_type_hints(struct, include_extras=True)
        sections[section] = {
            key: next(_descriptions(hint), "")
            for key, hint in hints.items()
            if key in struct.__struct_fields__
        }
    return sections


def _descriptions(hint: object) -> Iterator[str]:
    for part in get_args(hint):
        if isinstance(part, Meta) and part.description:
            yield part.description


def _check_value(section: str, key: str, value: Any, where: str) -> None:
    struct = get_type_hints(Settings)[section]
    hint = get_type_hints(struct, include_extras=True)[key]
    try:
        msgspec.convert(value, hint, strict=True)
    except msgspec.ValidationError as error:
        raise UsageError(f"{section}.{key} = {value!r}: {error}", where=where) from error


def _find_nonsense(section: str, key: str, value: Any) -> tuple[str, str | None] | None:
    """What is wrong with a value of the right type, and a hint."""
    if isinstance(value, float) and not math.isfinite(value):
        return "is not a finite number", None
    if (key == "endpoint" or key.endswith("_url")) and not _is_http_url(value):
        return "is not an http(s) URL", "write it with https://"
    if key == "timezone":
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415  the default needs no lookup

        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            return "is no time zone", "use an IANA name such as Asia/Shanghai"
    if section == "network" and key in {"user_agent", "contact"} and re.search(r"[^\x20-\x7e]", value):
        return "must be plain ASCII for a header", None
    return None


def _is_http_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _unknown(what: str, name: str, known: Mapping[str, Any] | set[str], where: str) -> UsageError:
    import difflib  # noqa: PLC0415  mistakes are rare

    nearest = difflib.get_close_matches(name, list(known), n=1, cutoff=0.0)
    return UsageError(f"unknown key {what}", where=where, hint=f"did you mean {nearest[0]!r}?")


def _line_of(text: str, section: str, key: str | None = None) -> int:
    """The line a section or a key stands at; tomllib gives values without positions."""
    header = re.compile(r"\s*\[\s*([^\]]+?)\s*\]")
    section_start = re.compile(rf"\s*[\"']?{re.escape(section)}[\"']?\s*[.=]")
    key_start = re.compile(rf"\s*[\"']?{re.escape(key or '')}[\"']?\s*=")
    inside, found = False, 1
    for number, line in enumerate(text.splitlines(), 1):
        if match := header.match(line):
            inside = match.group(1).strip("\"'") == section
            if inside:
                found = number
                if key is None:
                    break
        elif (key is not None and inside and key_start.match(line)) or (
            key is None and section_start.match(line)
        ):
            return number
    return found
