"""Commands that read the database: report, export, explain, status, serve."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crawler.commands.frame import Context, echo_json, with_config
from crawler.errors import UsageError
from crawler.escape import for_terminal

if TYPE_CHECKING:
    from crawler.config import Config
    from crawler.report.language import Language


@click.command()
@with_config
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["terminal", "markdown", "html", "json", "atom", "jsonfeed", "badge", "badge-json"]),
    default="terminal",
    show_default=True,
)
@click.option(
    "--lang",
    type=click.Choice(["en", "zh"]),
    help="Its language (default: that of the lists; English in a terminal and for machines).",
)
@click.option("--if-changed", is_flag=True, help="Say and write nothing unless something changed.")
@click.option(
    "--github-issue",
    "repository",
    metavar="OWNER/REPO",
    help="Instead: what would be done about one issue per list there; --write does it.",
)
@click.option("--write", is_flag=True, help="Open, update and close those issues; needs GITHUB_TOKEN.")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write there, atomically.")
@click.option("--document", metavar="NAME", help="Only this document.")
@click.option("--as-of", metavar="WHEN", help="A date, a time or a run id: the report as it was then.")
@click.pass_obj
def report(
    context: Context,
    format_name: str,
    lang: str | None,
    if_changed: bool,
    repository: str | None,
    write: bool,
    output: Path | None,
    document: str | None,
    as_of: str | None,
) -> None:
    """Say which links are dead, moved, suspect or restricted, and what changed.

    \b
    Example:
      crawler report --format html --output stale.html
    """
    from crawler.report.language import Language
    from crawler.report.output import write_output
    from crawler.report.stale import stale_report

    if repository is not None:
        publish(context.config, repository, Language(lang) if lang else None, document, write)
        return
    if write:
        raise UsageError("--write goes with --github-issue", hint="--output writes a file")
    told = stale_report(
        context.config,
        format_name,
        document=document,
        as_of=as_of,
        language=Language(lang) if lang else None,
        if_changed=if_changed,
    )
    if told is not None:
        write_output(told, output)


def publish(
    config: Config, repository: str, language: Language | None, document: str | None, write: bool
) -> None:
    """One issue per list, each step told on a line; nothing is done without `write`."""
    from crawler.fetch.environment import NetworkEnvironment
    from crawler.publish.github_issue import publish_issues
    from crawler.report.issue_text import write_issues

    issues = write_issues(config, document=document, language=language)
    environment = NetworkEnvironment.from_mapping(os.environ)
    for step in publish_issues(issues, repository, config.settings, environment, write=write):
        click.echo(for_terminal(str(step)))
    if not write:
        click.echo("nothing was written: add --write to do this", err=True)


@click.command()
@with_config
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["json", "jsonl", "csv", "parquet"]),
    default="json",
    show_default=True,
)
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Replaced atomically.")
@click.option("--as-of", metavar="WHEN", help="A date, a time or a run id: the data as it was then.")
@click.pass_obj
def export(context: Context, format_name: str, output: Path | None, as_of: str | None) -> None:
    """Write the enriched catalog for other tools.

    \b
    Example:
      crawler export --output catalog.json
    """
    from crawler.report.export import export_catalog
    from crawler.report.export_parquet import export_parquet
    from crawler.report.output import write_output

    if format_name == "parquet":
        export_parquet(context.config, output, as_of=as_of)
        return
    write_output(export_catalog(context.config, format_name, as_of=as_of), output)


@click.command()
@with_config
@click.argument("url")
@click.pass_obj
def explain(context: Context, url: str) -> None:
    """Tell everything known about one link and why it has its state.

    \b
    Example:
      crawler explain https://github.com/tloen/alpaca-lora
    """
    from crawler.report.explain import explain_link

    for line in explain_link(context.config, url):
        click.echo(line)


@click.command()
@with_config
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
@click.pass_obj
def status(context: Context, as_json: bool) -> None:
    """Show the last runs, health counts, API use and the next scheduled run.

    \b
    Example:
      crawler status
    """
    from crawler.report.status import describe_status, status_lines

    described = describe_status(context.config)
    if as_json:
        echo_json(described)
        return
    for line in status_lines(described):
        click.echo(line)


@click.command()
@with_config
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8001, show_default=True, help="0: any free one."
)
@click.option("--open/--no-open", "open_", default=False, help="Open it in the web browser of this desktop.")
@click.option(
    "--write-metadata",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Instead: write what `datasette DATABASE -m FILE` is told.",
)
@click.option(
    "--write-config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Instead, or with it: what Datasette 1.0 wants with -c besides.",
)
@click.pass_obj
def serve(
    context: Context, port: int, open_: bool, write_metadata: Path | None, write_config: Path | None
) -> None:
    """Browse the database in a web browser: a copy as of now, on this machine only, until Ctrl-C.

    \b
    Example:
      crawler serve --open
    """
    from crawler.serve import browse

    if write_metadata is not None or write_config is not None:
        browse.write_metadata(context.config, write_metadata, write_config)
        return
    copy, page = browse.prepare(context.config)
    with browse.listen(port) as listener:
        click.echo(f"serving at {browse.address_of(listener)} (Ctrl-C ends it)", err=True)
        if open_:
            browse.open_browser(listener)
        browse.serve(copy, page, listener)
