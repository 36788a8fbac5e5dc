"""The whole way without a network: made-up listings become a catalog, and the catalog is crawled.

    python -m examples.beyond_a_list.made_up FOLDER

No host is asked, and nothing in FOLDER is true.
"""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from crawler.alongside import run_until_signal
from crawler.catalog_checks import Severity, validate_catalog
from crawler.config import Config
from crawler.demo import describe_night
from crawler.fetch.environment import NetworkEnvironment
from crawler.progress import Silent
from crawler.run import CrawlOptions, crawl
from crawler.sandbox.demo_world import DEMO_TOKENS
from crawler.sandbox.listings import add_awesome_lists, add_models
from crawler.sandbox.server import run_in_thread
from crawler.sandbox.world import World
from crawler.settings import CatalogSettings
from examples.beyond_a_list.__main__ import LISTS
from examples.beyond_a_list.awesome_lists import read_names
from examples.beyond_a_list.generate import Generator


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--models", default=2_000, show_default=True, help="Models on the made-up Hub.")
@click.option("--projects", default=60, show_default=True, help="Projects in each of the 100 lists.")
@click.option("--nights", default=2, show_default=True)
def rehearse(folder: Path, models: int, projects: int, nights: int) -> None:
    """Generate a catalog from made-up listings and crawl it, night by night."""
    world = World()
    add_models(world, models)
    add_awesome_lists(world, read_names(LISTS), projects)
    with run_in_thread(world) as sandbox:
        settings = msgspec.structs.replace(
            sandbox.proxied_settings(), catalog=CatalogSettings(paths=(str(folder.absolute() / "catalog"),))
        )
        config = Config(settings, folder / "config.toml")
        environment = NetworkEnvironment.from_mapping({**sandbox.environment(), **DEMO_TOKENS})
        for night in range(1, nights + 1):
            generator = Generator(settings, environment, world.clock, folder / "catalog", tell=_tell_summary)
            run_until_signal(generator.run(LISTS, 100))
            problems = validate_catalog(config.catalog_paths, today=world.now().date())
            errors = sum(problem.severity is Severity.ERROR for problem in problems)
            click.echo(f"validated: {errors:,} errors")
            config.database.parent.mkdir(parents=True, exist_ok=True)
            made_up = CrawlOptions(made_up=True)
            summary = run_until_signal(crawl(config, made_up, Silent(), environment, world.clock))
            click.echo(describe_night(night, summary))
            world.next_night()


def _tell_summary(line: str) -> None:
    """Not every list, but what adds up."""
    if "repositories" not in line:
        click.echo(line)


if __name__ == "__main__":
    rehearse.main()
