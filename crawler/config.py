"""config.toml → frozen settings. Every key has a default; an unknown key names the nearest known one.

Secrets never stand here: tokens come from the environment (see fetch/environment.py).
"""

from __future__ import annotations

import math
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args, get_type_hints
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from crawler.errors import UsageError

DEFAULT_CONFIG_PATH: Final = Path("config.toml")

Seconds = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=1)]


class CatalogSettings(Struct, frozen=True, forbid_unknown_fields=True):
    paths: Annotated[
        tuple[str, ...], Meta(description="catalog files, folders or globs, relative to this file")
    ] = ("catalog",)


class StateSettings(Struct, frozen=True, forbid_unknown_fields=True):
    database: Annotated[str, Meta(description="the SQLite database, relative to this file")] = (
        "state/crawler.db"
    )


class NetworkSettings(Struct, frozen=True, forbid_unknown_fields=True):
    user_agent: Annotated[
        str, Meta(description="product part of the User-Agent header; empty: crawler/<version>")
    ] = ""
    contact: Annotated[
        str, Meta(description="address or URL that hosts may write to; goes into the User-Agent")
    ] = ""
    concurrency: Annotated[Count, Meta(description="requests in flight over all hosts")] = 64
    per_host_concurrency: Annotated[Count, Meta(description="requests in flight per host")] = 4
    per_host_interval_seconds: Annotated[
        Seconds, Meta(description="seconds between two requests to one host")
    ] = 0.05
    timeout_seconds: Annotated[
        Annotated[float, Meta(gt=0)],
        Meta(description="seconds to connect and between two reads; a look takes at most three times this"),
    ] = 20.0
    pause_seconds: Annotated[
        Seconds, Meta(description="seconds to wait before asking again when no host answers any more")
    ] = 15.0
    max_body_bytes: Annotated[
        Count, Meta(description="bytes of a page that are read, before and after decompression")
    ] = 1_000_000
    allow_private_addresses: Annotated[
        bool, Meta(description="also ask loopback, private and link-local addresses")
    ] = False


class EngineSettings(Struct, frozen=True, forbid_unknown_fields=True):
    kind: Annotated[
        Literal["local", "dask"], Meta(description="who asks: local, this machine; dask, a Dask cluster")
    ] = "local"
    workers: Annotated[
        int,
        Meta(ge=0, description="processes that ask; 0: chosen by the number of web links; 1: only this one"),
    ] = 0
    scheduler: Annotated[
        str, Meta(description="address of the Dask scheduler, tcp:// or tls://; empty: a cluster of its own")
    ] = ""
    lease_seconds: Annotated[
        Annotated[float, Meta(ge=1)],
        Meta(description="seconds without a word from a worker until its hosts go to another"),
    ] = 20.0


class GitHubSettings(Struct, frozen=True, forbid_unknown_fields=True):
    api_url: Annotated[str, Meta(description="root of the REST API; GraphQL is found from it")] = (
        "https://api.github.com"
    )
    web_url: Annotated[str, Meta(description="root of the public pages, asked without a token")] = (
        "https://github.com"
    )
    page_interval_seconds: Annotated[
        Seconds, Meta(description="seconds between two public pages of github.com")
    ] = 0.5


class HuggingFaceSettings(Struct, frozen=True, forbid_unknown_fields=True):
    endpoint: Annotated[str, Meta(description="root of the Hub and its API")] = "https://huggingface.co"
    read_headers: Annotated[
        bool,
        Meta(
            description="count packed and pickled weights from their headers or index, once per revision; "
            "the Hub counts each as a download"
        ),
    ] = False
    papers: Annotated[
        bool,
        Meta(description="ask once a month what the Hub knows of each arXiv paper: code, page, models"),
    ] = False


class ArxivSettings(Struct, frozen=True, forbid_unknown_fields=True):
    api_url: Annotated[str, Meta(description="the Atom query API")] = "https://export.arxiv.org/api/query"
    oai_url: Annotated[str, Meta(description="the OAI-PMH endpoint: licence and withdrawal")] = (
        "https://oaipmh.arxiv.org/oai"
    )
    min_interval_seconds: Annotated[
        Seconds, Meta(description="seconds between two requests to arXiv, all endpoints together")
    ] = 3.0


class ArchiveSettings(Struct, frozen=True, forbid_unknown_fields=True):
    availability_url: Annotated[str, Meta(description="Wayback availability API")] = (
        "https://archive.org/wayback/available"
    )
    cdx_url: Annotated[str, Meta(description="Wayback CDX API")] = "https://web.archive.org/cdx/search/cdx"
    software_heritage_url: Annotated[str, Meta(description="root of the Software Heritage API")] = (
        "https://archive.softwareheritage.org/api/1"
    )
    min_interval_seconds: Annotated[
        Seconds, Meta(description="seconds between two requests to one archive")
    ] = 2.5
    max_lookups_per_run: Annotated[
        int, Meta(ge=0, description="dead and suspect links looked up per run")
    ] = 20


class HealthSettings(Struct, frozen=True, forbid_unknown_fields=True):
    min_strikes: Annotated[Count, Meta(description="looks against a link before it is called dead")] = 3
    min_days: Annotated[
        float, Meta(ge=0, description="days between its first and latest strike; may be a fraction")
    ] = 3.0
    silent_nights: Annotated[
        Count, Meta(description="nights in a row that say nothing before a link is suspect")
    ] = 3
    outage_links: Annotated[
        Count, Meta(description="links of a host that were fine and fail at once: from here on an outage")
    ] = 5
    outage_share: Annotated[
        Annotated[float, Meta(gt=0, le=1)],
        Meta(description="and at least this share of the host's links that were fine"),
    ] = 0.5
    outage_days: Annotated[
        float, Meta(ge=0, description="days that a link's failures in an outage say nothing; then they count")
    ] = 7.0
    rest_after_days: Annotated[
        float, Meta(gt=0, description="days dead before a link is only asked weekly, six times that: monthly")
    ] = 30.0


class ScheduleSettings(Struct, frozen=True, forbid_unknown_fields=True):
    timezone: Annotated[str, Meta(description="IANA name the cron expressions are read in")] = "UTC"
    crawl: Annotated[str, Meta(description="cron expression of the nightly crawl; empty: never")] = (
        "30 2 * * *"
    )
    recheck: Annotated[
        str, Meta(description="cron expression of a run over suspect links only; empty: never")
    ] = ""
    crawl_options: Annotated[
        tuple[str, ...], Meta(description="options of that crawl: --only=…, --document=… or --limit=…")
    ] = ()
    recheck_options: Annotated[tuple[str, ...], Meta(description="and of the recheck")] = ()
    jitter_seconds: Annotated[
        Seconds, Meta(description="start each job by chance up to so many seconds later")
    ] = 0.0
    health_file: Annotated[
        str,
        Meta(description="JSON for supervisors, written every minute, relative to this file; empty: none"),
    ] = ""
    steady_rest_days: Annotated[
        int, Meta(ge=0, description="ask links fine for a month only every so many days; 0: each run")
    ] = 0


class ReportSettings(Struct, frozen=True, forbid_unknown_fields=True):
    title: Annotated[str, Meta(description="heading of the report")] = "Stale links"


class NotifySettings(Struct, frozen=True, forbid_unknown_fields=True):
    new_dead: Annotated[bool, Meta(description="tell when links died in a run")] = True
    failed_run: Annotated[bool, Meta(description="tell when a run could not do its job")] = True
    webhook_shape: Annotated[
        Literal["generic", "slack", "feishu"],
        Meta(description="what is posted to $CRAWLER_WEBHOOK_URL: generic, slack or feishu"),
    ] = "generic"
    smtp_host: Annotated[str, Meta(description="mail server; empty: no mail")] = ""
    smtp_port: Annotated[
        int, Meta(ge=1, le=65535, description="its port: 465 with tls, 587 with starttls")
    ] = 587
    smtp_security: Annotated[
        Literal["starttls", "tls", "none"],
        Meta(description="starttls, tls or none; a password is never sent without"),
    ] = "starttls"
    smtp_user: Annotated[
        str, Meta(description="account at the mail server; its password is $CRAWLER_SMTP_PASSWORD")
    ] = ""
    mail_from: Annotated[str, Meta(description="sender of the mail")] = ""
    mail_to: Annotated[tuple[str, ...], Meta(description="receivers of the mail")] = ()


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """All of config.toml. `folder` is where relative paths start."""

    catalog: CatalogSettings = CatalogSettings()
    state: StateSettings = StateSettings()
    network: NetworkSettings = NetworkSettings()
    engine: EngineSettings = EngineSettings()
    github: GitHubSettings = GitHubSettings()
    huggingface: HuggingFaceSettings = HuggingFaceSettings()
    arxiv: ArxivSettings = ArxivSettings()
    archive: ArchiveSettings = ArchiveSettings()
    health: HealthSettings = HealthSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    report: ReportSettings = ReportSettings()
    notify: NotifySettings = NotifySettings()


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
