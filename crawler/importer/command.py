"""`crawler import`: which documents, into which files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

from crawler.alongside import run_until_signal
from crawler.catalog_files import CatalogFiles
from crawler.catalog_paths import SUFFIXES
from crawler.config import Config
from crawler.errors import UsageError
from crawler.fetch.environment import NetworkEnvironment
from crawler.importer.document import describe_document
from crawler.importer.slugs import make_slug
from crawler.importer.sources import fetch, is_remote, read_local
from crawler.importer.update import Imported, Source, import_source
from crawler.links.decode import read_source
from crawler.links.hidden import hide_unseen


def import_documents(
    config: Config,
    given: Sequence[str],
    output: Path | None,
    environment: NetworkEnvironment,
    *,
    today: date,
    title: str | None = None,
    url: str | None = None,
) -> Iterator[Imported]:
    """One catalog file after the other; all documents are read before the first is written.

    Raises UsageError for arguments that do not fit each other.
    """
    several = len(given) > 1
    if several and (title or url):
        raise UsageError("--title and --url are about one document", hint="import them one by one")
    if several and output is not None and output.suffix in SUFFIXES and not output.is_dir():
        raise UsageError("several documents need a folder", where=str(output), hint="--output catalog/")
    sources = [
        run_until_signal(fetch(one, config.settings, environment)) if is_remote(one) else read_local(one)
        for one in given
    ]
    targets = [_target(source, output, config, several=several, title=title) for source in sources]
    for target in targets:
        if targets.count(target) > 1:
            hint = "give each document a first heading or file name of its own, or import them one by one"
            raise UsageError("two documents would become this file", where=str(target), hint=hint)
    for source, target in zip(sources, targets, strict=True):
        done = import_source(source, target, today=today, title=title, url=url)
        _keep_copy(config, done)
        yield done


def _keep_copy(config: Config, done: Imported) -> None:
    """So that the next run need not read YAML; an output that is not the catalog's has no copy."""
    if done.catalog is not None:
        with suppress(UsageError):  # another file's, which the next run will name
            CatalogFiles.of(config).keep_copy(done.output, done.after, done.catalog)


def _target(source: Source, output: Path | None, config: Config, *, several: bool, title: str | None) -> Path:
    if output is not None and not several and not output.is_dir():
        return output
    folder = output if output is not None else _catalog_folder(config)
    return folder / f"{_stem(source, title)}.yaml"


def _stem(source: Source, title: str | None) -> str:
    text = hide_unseen(read_source(source.content).text)
    found, _ = describe_document(text, source.name)
    return make_slug(title or found or Path(source.name).stem)


def _catalog_folder(config: Config) -> Path:
    """The folder of the first catalog path: itself, or where the file or glob stands."""
    first = Path(config.catalog_paths[0]) if config.catalog_paths else config.folder / "catalog"
    while first.suffix in SUFFIXES or any(mark in first.name for mark in "*?["):
        first = first.parent
    return first
