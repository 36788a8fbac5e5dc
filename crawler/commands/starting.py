"""Commands to begin with: init, doctor."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import click

from crawler.commands.frame import Context, echo_json, with_config
from crawler.errors import UsageError
from crawler.escape import for_terminal

EXIT_UNABLE: Final = 3


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


@click.command()
@with_config
@click.option("--json", "as_json", is_flag=True, help="The checks as JSON.")
@click.pass_obj
def doctor(context: Context, as_json: bool) -> None:
    """Check network, tokens, clock, disk, database, lock, catalog and versions; exit 3 if a run would fail.

    \b
    Example:
      crawler doctor
    """
    from crawler.alongside import run_until_signal
    from crawler.clock import SystemClock
    from crawler.doctor.check import Check, Level, check_lines, checks_as_json, worst_of
    from crawler.doctor.examine import examine

    try:
        checks = run_until_signal(examine(context.config, os.environ, SystemClock()))
    except UsageError as error:
        # Without a config nobody knows which endpoints to ask.
        checks = [Check.of_error("config", error)]
    if as_json:
        echo_json(checks_as_json(checks))
    else:
        for line in check_lines(checks):
            click.echo(line)
    if worst_of(checks) is Level.FAIL:
        raise SystemExit(EXIT_UNABLE)
