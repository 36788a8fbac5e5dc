"""Commands that ask hosts: run, schedule, check, and the made-up demo."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Literal

import click

from crawler.commands.frame import Context, echo_json, is_quiet, read_document, with_config
from crawler.errors import UnableError

EXIT_FAIL_ON: Final = 1


@click.command()
@with_config
@click.option("--only", metavar="LANES", help="Only these of github,huggingface,arxiv,web.")
@click.option("--document", metavar="NAME", help="Only the links of this document.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N links.")
@click.option("--suspects", is_flag=True, help="Only links that are suspect now.")
@click.option(
    "--fail-on",
    type=click.Choice(["never", "dead", "new-dead"]),
    default="never",
    show_default=True,
    help="Exit with 1 when a link is dead, or died in this run.",
)
@click.option("--engine", type=click.Choice(["local", "dask"]), help="Who asks, if not as [engine] says.")
@click.option("--workers", type=click.IntRange(min=0), metavar="N", help="How many processes ask; 0: chosen.")
@click.option("--scheduler", metavar="ADDRESS", help="The Dask cluster to ask by; none: one of its own.")
@click.option("--no-progress", is_flag=True, help="No progress on stderr.")
@click.option("--json", "as_json", is_flag=True, help="The run's summary as JSON on stdout.")
@click.pass_obj
def run(
    context: Context,
    only: str | None,
    document: str | None,
    limit: int | None,
    suspects: bool,
    fail_on: str,
    engine: Literal["local", "dask"] | None,
    workers: int | None,
    scheduler: str | None,
    no_progress: bool,
    as_json: bool,
) -> None:
    """Look at every link of the catalog once and record what was seen.

    \b
    Example:
      crawler run --only github,arxiv --fail-on new-dead
    """
    import logging

    from crawler.alongside import run_until_signal
    from crawler.clock import SystemClock
    from crawler.config import with_engine
    from crawler.fetch.environment import NetworkEnvironment
    from crawler.logs import is_structured
    from crawler.plan import parse_lanes
    from crawler.progress import choose_progress
    from crawler.run import CrawlOptions, crawl

    quiet = is_quiet()
    options = CrawlOptions(
        only=parse_lanes(only) if only is not None else None,
        document=document,
        limit=limit,
        suspects_only=suspects,
    )
    progress = choose_progress(wanted=not no_progress and not quiet and not is_structured())
    environment = NetworkEnvironment.from_mapping(os.environ)
    config = with_engine(context.config, engine, workers, scheduler)
    try:
        summary = run_until_signal(crawl(config, options, progress, environment, SystemClock()))
    except UnableError as error:
        from crawler.notify import notify_failed_run

        notify_failed_run(context.config, error, os.environ)
        raise
    if as_json:
        echo_json(summary.as_json())
    if is_structured():
        logging.getLogger("crawler").info("the run has ended", extra={"data": summary.as_json()})
    elif not quiet:
        for line in summary.lines():
            click.echo(line, err=True)
    if summary.events.get("new-dead"):
        from crawler.notify import notify_new_dead

        notify_new_dead(context.config, os.environ)
    if (fail_on == "dead" and summary.states.get("dead")) or (
        fail_on == "new-dead" and summary.events.get("new-dead")
    ):
        raise SystemExit(EXIT_FAIL_ON)


@click.command()
@with_config
@click.pass_obj
def schedule(context: Context) -> None:
    """Stay up and run the jobs of [schedule] in config.toml.

    \b
    Example:
      crawler schedule --config /etc/crawler/config.toml
    """
    import asyncio

    from crawler.clock import SystemClock
    from crawler.schedule import Schedule
    from crawler.store.opening import last_run_started_at

    async def stay_up() -> int:
        config = context.config
        return await Schedule(config, last_run_started_at(config.database), SystemClock().now).run_forever()

    raise SystemExit(asyncio.run(stay_up()))


@click.command()
@with_config
@click.argument("what", nargs=-1, required=True, metavar="URL|FILE...")
@click.option(
    "--fail-on",
    type=click.Choice(["never", "suspect"]),
    default="never",
    show_default=True,
    help="Exit with 1 when a look speaks against a link.",
)
@click.option("--json", "as_json", is_flag=True, help="Every link with what was seen, as JSON.")
@click.pass_obj
def check(context: Context, what: tuple[str, ...], fail_on: str, as_json: bool) -> None:
    """Look once at links, or at every link of documents; no catalog, no database. - reads stdin.

    \b
    Example:
      crawler check README.md --fail-on suspect
    """
    from crawler.alongside import run_until_signal
    from crawler.check import NOBODY_ANSWERED, check_links, find_links, is_address
    from crawler.clock import SystemClock
    from crawler.fetch.environment import NetworkEnvironment
    from crawler.records import State

    documents = [(name, read_document(name)) for name in what if not is_address(name)]
    links = find_links(filter(is_address, what), documents)
    environment = NetworkEnvironment.from_mapping(os.environ)
    checked = run_until_signal(check_links(links, context.config.settings, environment, SystemClock()))
    if as_json:
        echo_json(checked.as_json())
    else:
        for line in checked.lines():
            click.echo(line)
    if not checked.somebody_answered:
        raise UnableError(NOBODY_ANSWERED, hint="check the network and the proxy settings")
    if fail_on == "suspect" and checked.states[State.SUSPECT]:
        raise SystemExit(EXIT_FAIL_ON)


@click.command()
@with_config
@click.option(
    "--database",
    type=click.Path(path_type=Path),
    default=Path("state/demo.db"),
    show_default=True,
    metavar="FILE",
    help="Where the made-up crawl is kept; replaced each time.",
)
@click.option(
    "--nights",
    type=click.IntRange(min=1, max=60),
    default=6,
    show_default=True,
    metavar="N",
    help="How many nights to simulate.",
)
def demo(database: Path, nights: int) -> None:
    """Crawl the shipped catalog against made-up hosts for some simulated nights; no network, no token.

    \b
    Example:
      crawler demo
    """
    from crawler.demo import run_demo

    for line in run_demo(database, nights):
        click.echo(line)
