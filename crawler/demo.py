"""`crawler demo`: the shipped catalog crawled against made-up hosts for some simulated nights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

import crawler
from crawler.alongside import run_until_signal
from crawler.catalog import load_catalog
from crawler.config import Config
from crawler.errors import UsageError
from crawler.fetch.environment import NetworkEnvironment
from crawler.links.classify import link_of
from crawler.progress import Silent
from crawler.report.stale import stale_report
from crawler.run import CrawlOptions, crawl
from crawler.sandbox.demo_world import DEMO_TOKENS, make_demo_world
from crawler.sandbox.server import run_in_thread
from crawler.settings import CatalogSettings, ReportSettings, Settings, StateSettings
from crawler.store.opening import is_made_up
from crawler.summary import Summary

DATABASE_FILES: Final = ("", "-wal", "-shm")


def run_demo(database: Path, nights: int) -> Iterator[str]:
    """Crawl, and tell it line by line. Replaces `database`; a real one is refused with a UsageError."""
    make_room(database)
    catalog = load_catalog([str(shipped_catalog())])
    targets = {link_of(mention.url).target for entry in catalog.entries for mention in entry.mentions}
    world = make_demo_world(targets)
    yield "Everything below is made up: no real host was asked, no number is true."
    with run_in_thread(world) as sandbox:
        settings = msgspec.structs.replace(
            sandbox.proxied_settings(),
            catalog=CatalogSettings(paths=(str(shipped_catalog()),)),
            state=StateSettings(database=str(database.absolute())),
            report=ReportSettings(title="Stale links (made-up data)"),
        )
        config = Config(settings=settings, path=database.with_suffix(".toml").absolute())
        environment = NetworkEnvironment.from_mapping({**sandbox.environment(), **DEMO_TOKENS})
        for night in range(1, nights + 1):
            summary = run_until_signal(
                crawl(config, CrawlOptions(made_up=True), Silent(), environment, world.clock)
            )
            yield describe_night(night, summary)
            if night < nights:
                world.next_night()
    write_config(config)
    yield ""
    yield "".join(stale_report(config, "terminal", document=None, as_of=None) or ()).rstrip("\n")
    yield ""
    yield from next_steps(config.path, database)


def describe_night(night: int, summary: Summary) -> str:
    changes = ", ".join(f"{count:,} {kind}" for kind, count in summary.events.items()) or "nothing changed"
    requests = sum(summary.requests.values())
    return f"night {night}: {summary.told['looked_at']:,} links, {requests:,} requests: {changes}"


def next_steps(config: Path, database: Path) -> Iterator[str]:
    yield "Look around (made-up data):"
    yield f"  crawler report --config {config} --format html --output report.html"
    yield f"  crawler export --config {config} --output demo.json"
    yield f"  crawler status --config {config}"
    yield f"  sqlite3 {database} 'SELECT * FROM dead_links'"  # noqa: S608 - shown, not run
    yield f"  crawler serve --config {config} --open   # pip install 'crawler[serve]'"


def shipped_catalog() -> Path:
    """The wheel's copy of catalog/, or the checkout's own."""
    package = Path(crawler.__file__).parent
    for folder in (package / "sandbox" / "catalog", package.parent / "catalog"):
        if folder.is_dir():
            return folder
    raise UsageError("the shipped catalog is missing", where=str(package), hint="install the package again")


def make_room(database: Path) -> None:
    """Remove an earlier demo's database. Raises UsageError when the file is anything else."""
    if database.exists() and not is_made_up(database):
        raise UsageError(
            "not a database of `crawler demo`, so it is not replaced",
            where=str(database),
            hint="name another file with --database",
        )
    database.parent.mkdir(parents=True, exist_ok=True)
    for suffix in DATABASE_FILES:
        with suppress(FileNotFoundError):
            Path(f"{database}{suffix}").unlink()


def write_config(config: Config) -> None:
    """A config.toml beside the database, so that the other commands find both."""
    defaults = Settings()
    lines = ["# Written by `crawler demo`. All data of this database is made up."]
    for section in ("catalog", "state", "report"):
        table = msgspec.to_builtins(getattr(config.settings, section))
        default = msgspec.to_builtins(getattr(defaults, section))
        lines.append(f"[{section}]")
        lines += [
            f"{key} = {msgspec.json.encode(value).decode()}"
            for key, value in table.items()
            if value != default[key]
        ]
    config.path.write_text("\n".join(lines) + "\n", encoding="utf-8")
