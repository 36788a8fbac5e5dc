"""`crawler init`: a folder to begin with. What is there already is kept as it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

from crawler.catalog_paths import SUFFIXES
from crawler.config import DEFAULT_CONFIG_PATH, load_config
from crawler.config_page import write_config_page
from crawler.errors import UsageError
from crawler.fetch.environment import NetworkEnvironment

FIRST_LIST: Final = """\
# A list of links. `crawler validate` checks it, `crawler import README.md` writes one from a document.
# kind: model dataset tool benchmark paper article product page other
# role: project paper license org data article badge image demo other

document:
  title: "My list"

entries:
  # An id is this file's name without .yaml, a slash and a word of its own; it stays when the name changes.
  - id: "my-list/example"
    name: "An example to replace"
    kind: "other"
    links:
      - {role: "project", url: "https://example.org/"}
"""
FIRST_LIST_NAME: Final = "my-list.yaml"


def start_folder(
    folder: Path, document: str | None, environment: NetworkEnvironment, *, today: date
) -> Iterator[str]:
    """Write config.toml and a first catalog file where there is none; yields what was done, line by line.

    `document` (a file, an address, `github:owner/repo:path`) becomes the first list. Raises UsageError.
    """
    config_file = folder / DEFAULT_CONFIG_PATH
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield _write_once(config_file, write_config_page())
        config = load_config(config_file)
        catalog = Path(config.catalog_paths[0]) if config.catalog_paths else None
        if catalog is None or not _is_free(catalog):
            yield "kept the catalog that is there"
            if document is not None:
                raise UsageError(
                    "there is a catalog already, so the document was not imported",
                    where=str(catalog or config_file),
                    hint=f"crawler import {document}",
                )
        elif document is None:
            yield _write_once(catalog / FIRST_LIST_NAME, FIRST_LIST)
        else:
            from crawler.importer.command import import_documents  # noqa: PLC0415  slow to import

            for done in import_documents(config, [document], None, environment, today=today):
                yield f"wrote {done.output}: {done.entries:,} entries, {done.links:,} links"
    except OSError as error:
        raise UsageError(
            f"cannot write there: {error.strerror}", where=str(error.filename or folder)
        ) from error


def _write_once(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return f"kept {path}"
    return f"wrote {path}"


def _is_free(catalog: Path) -> bool:
    """Whether this is a folder, there or not, without a catalog file."""
    if catalog.suffix in SUFFIXES or any(mark in catalog.name for mark in "*?["):
        return False
    return not catalog.exists() or (
        catalog.is_dir() and not any(file.suffix in SUFFIXES for file in catalog.iterdir())
    )
