"""One catalog of all well-liked models of the Hub and of all repositories that 100 awesome lists name."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Final

import click

from crawler.alongside import run_until_signal
from crawler.clock import SystemClock
from crawler.config import find_config, load_config
from crawler.errors import CrawlerError, Interrupted
from crawler.escape import for_terminal
from crawler.fetch.environment import NetworkEnvironment
from crawler.links.mask import mask_text
from crawler.logs import configure_logging
from examples.beyond_a_list.generate import Generator

LISTS: Final = Path(__file__).with_name("lists.txt")


@click.command()
@click.option("--config", type=click.Path(path_type=Path), help="As of `crawler`.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="Folder of the catalog files (default: catalog/ beside the config).",
)
@click.option(
    "--lists",
    type=click.Path(path_type=Path),
    default=LISTS,
    help="Names of awesome lists, owner/name a line (default: the 100 beside this program).",
)
@click.option("--min-likes", type=click.IntRange(0), default=100, show_default=True, help="More likes than.")
def generate(config: Path | None, output: Path | None, lists: Path, min_likes: int) -> None:
    """Write or bring up to date a catalog of well-liked models and of what awesome lists name.

    \b
    Example:
      python -m examples.beyond_a_list --output catalog && crawler validate && crawler run
    """
    loaded = load_config(find_config(config), must_exist=config is not None)
    generator = Generator(
        loaded.settings,
        NetworkEnvironment.from_mapping(os.environ),
        SystemClock(),
        output or loaded.folder / "catalog",
        tell=lambda line: click.echo(for_terminal(mask_text(line)), err=True),
    )
    raise SystemExit(run_until_signal(generator.run(lists, min_likes)))


def main() -> None:
    configure_logging(logging.INFO, os.environ)
    try:
        generate.main()
    except Interrupted as interrupted:
        click.echo("interrupted: run it again to go on", err=True)
        # A thread of the Hub's client may wait for an answer that nobody wants any more.
        os._exit(interrupted.exit_code)
    except CrawlerError as error:
        click.echo(f"beyond_a_list: {for_terminal(mask_text(str(error)))}", err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
