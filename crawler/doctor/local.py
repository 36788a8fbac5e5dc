"""What can be known without asking anybody: versions, config, catalog, database, disk, environment."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from crawler import __version__
from crawler.catalog_files import CatalogFiles
from crawler.config import Config
from crawler.cron import next_run_at
from crawler.doctor.check import Check, Level
from crawler.errors import CrawlerError
from crawler.fetch.environment import NetworkEnvironment
from crawler.store.examine import examine_database, sqlite_version
from crawler.store.lock import find_holder

LIBRARIES: Final = ("httpx", "PyGithub", "huggingface_hub", "sqlite-utils")
LITTLE_SPACE_BYTES: Final = 1_000_000_000
TOO_LITTLE_SPACE_BYTES: Final = 50_000_000
"""A night writes a few MB (docs/schema.md); SQLite's log and a backup want room beside them."""


def check_versions() -> Check:
    try:
        libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    except PackageNotFoundError as error:
        return Check("versions", Level.FAIL, f"{error.name} is not installed", "install crawler anew")
    return Check(
        "versions",
        Level.OK,
        f"crawler {__version__}, Python {platform.python_version()}, SQLite {sqlite_version()}, {libraries}",
    )


def check_config(config: Config) -> Iterator[Check]:
    if config.path.exists():
        yield Check("config", Level.OK, str(config.path))
    else:
        yield Check(
            "config", Level.WARN, f"{config.path} is not there: defaults are used", "crawler init writes one"
        )
    if not config.settings.network.contact:
        yield Check(
            "contact",
            Level.WARN,
            "hosts cannot reach you",
            "set contact in [network] to an address or a page of yours",
        )


def check_schedule(config: Config, now: datetime) -> Check:
    try:
        times = next_run_at(config.settings.schedule, now)
    except CrawlerError as error:
        return Check.of_error("schedule", error)
    told = ", ".join(f"{name} {time.isoformat(timespec='minutes')}" for name, time in times.items())
    return Check("schedule", Level.OK, told or "nothing is scheduled")


def check_catalog(config: Config) -> Check:
    try:
        documents = entries = links = 0
        for part in CatalogFiles(config.catalog_paths):
            documents += len(part.rest.documents)
            for entry in part.read_entries():
                entries += 1
                links += len(entry.mentions)
    except CrawlerError as error:
        return Check.of_error("catalog", error)
    found = f"{documents:,} documents, {entries:,} entries, {links:,} links"
    if not links:
        return Check("catalog", Level.WARN, found, "crawler import writes a catalog file from a document")
    return Check("catalog", Level.OK, found)


def check_database(path: Path) -> Check:
    try:
        found = examine_database(path)
    except CrawlerError as error:
        return Check.of_error("database", error)
    if found is None:
        return Check("database", Level.OK, f"{path} is not there yet: the first run makes it")
    if found.mistake is not None:
        return Check("database", Level.FAIL, f"{path}: {found.mistake}", "restore a backup")
    size = f"{path.stat().st_size / 1_000_000:,.1f} MB"
    if found.is_older:
        behind = f"{path} is sound, schema {found.version} of an older release, {size}"
        return Check("database", Level.WARN, behind, "the next run brings it up to date")
    return Check("database", Level.OK, f"{path} is sound, schema {found.version}, {size}")


def check_lock(path: Path) -> Check:
    try:
        holder = find_holder(path)
    except OSError as error:
        return Check(
            "lock", Level.WARN, f"cannot be read: {error.strerror}", "check the rights on its folder"
        )
    if holder is None:
        return Check("lock", Level.OK, "free")
    return Check("lock", Level.OK, f"process {holder} is at work: another run would end with 4")


def check_disk(path: Path) -> Check:
    folder = path.absolute().parent
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        return Check("disk", Level.FAIL, f"{folder} cannot be written to", "check the rights, or [state]")
    free = shutil.disk_usage(folder).free
    found = f"{free / 1_000_000_000:,.1f} GB free at {folder}"
    if free < TOO_LITTLE_SPACE_BYTES:
        return Check("disk", Level.FAIL, found, "make room")
    if free < LITTLE_SPACE_BYTES:
        return Check("disk", Level.WARN, found, "make room; crawler compact thins old counters")
    return Check("disk", Level.OK, found)


def check_environment(variables: Mapping[str, str]) -> tuple[Check, NetworkEnvironment | None]:
    """Proxy and CA; the environment itself is None where it cannot be used."""
    try:
        environment = NetworkEnvironment.from_mapping(variables)
        environment.ssl_context()
    except CrawlerError as error:
        return Check.of_error("environment", error), None
    proxy = environment.https_proxy or environment.http_proxy
    told = [f"proxy {proxy}" if proxy else "no proxy"]
    told.append(f"CA file {environment.ca_file}" if environment.ca_file else "the system's CAs")
    return Check("environment", Level.OK, ", ".join(told)), environment
