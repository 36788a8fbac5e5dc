"""Commands to begin with: init, doctor."""

from __future__ import annotations

import os
from pathlib import Path

import click

from crawler.commands.frame import with_config
from crawler.escape import for_terminal


@click.command()
@with_config
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
@click.option(
    "--from",
    "document",
    metavar="FILE",
    help="A document to import as the first list: a file, an address, or github:owner/repo:path.",
)
def init(folder: Path, document: str | None) -> None:
    """Write a commented config.toml and a first catalog file into FOLDER; nothing there is overwritten.

    \b
    Example:
      crawler init my-list --from README.md
    """
    from crawler.clock import SystemClock
    from crawler.fetch.environment import NetworkEnvironment
    from crawler.start import start_folder

    environment = NetworkEnvironment.from_mapping(os.environ)
    for line in start_folder(folder, document, environment, today=SystemClock().now().date()):
        click.echo(for_terminal(line))
