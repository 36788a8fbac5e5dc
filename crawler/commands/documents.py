"""Commands about documents and catalog files: extract, import, expand, validate, fix."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from crawler.commands.frame import Context, is_quiet, read_document, with_config
from crawler.errors import UsageError
from crawler.escape import for_terminal

if TYPE_CHECKING:
    from crawler.links.extract import ExtractedLink

LINES_AT_ONCE: Final = 500


@click.command()
@with_config
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["jsonl", "text"]),
    default="jsonl",
    show_default=True,
)
@click.option(
    "--verify",
    is_flag=True,
    help="Ask the host which spelling exists where the end of an address is uncertain.",
)
@click.pass_obj
def extract(context: Context, files: tuple[str, ...], format_name: str, verify: bool) -> None:
    """Print every link a document mentions, in document order; - reads stdin.

    \b
    Example:
      crawler extract README.md --format text
    """
    import json

    from crawler.extraction import extract_document
    from crawler.links.extract import extracted_to_json

    def describe(name: str) -> Iterator[str]:
        links = extract_document(name)
        for link in _verified(context, links) if verify else links:
            if format_name == "text":
                doubt = f" (or {for_terminal(link.alternative)})" if link.alternative else ""
                yield f"{for_terminal(name)}:{link.line}:{link.column}: {for_terminal(link.url)}{doubt}"
            else:
                written = extracted_to_json(link)
                yield json.dumps(
                    {**written, "alternative": link.alternative} if verify else written, ensure_ascii=False
                )

    for name in files:
        lines = describe(name)
        # Many at once: a write for each would take longer than finding them.
        while batch := list(islice(lines, LINES_AT_ONCE)):
            click.echo("\n".join(batch))


def _verified(context: Context, links: Iterable[ExtractedLink]) -> Iterator[ExtractedLink]:
    from crawler.alongside import run_until_signal
    from crawler.clock import SystemClock
    from crawler.fetch.environment import NetworkEnvironment
    from crawler.verification import verify_links

    environment = NetworkEnvironment.from_mapping(os.environ)
    yield from run_until_signal(
        verify_links(list(links), context.config.settings, environment, SystemClock())
    )


@click.command("import")
@with_config
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The catalog file, or a folder of them (default: the catalog's folder, named by title).",
)
@click.option("--title", help="The document's title (default: its first heading).")
@click.option("--url", help="Where the document lives.")
@click.pass_obj
def import_(
    context: Context, files: tuple[str, ...], output: Path | None, title: str | None, url: str | None
) -> None:
    """Turn documents into catalog files, or bring those up to date; shows a diff.

    FILE is a file, an http(s) address, or github:owner/repo:path.

    \b
    Example:
      crawler import README.md --output catalog/my-list.yaml
    """
    from crawler.clock import SystemClock
    from crawler.fetch.environment import NetworkEnvironment
    from crawler.importer.command import import_documents

    environment = NetworkEnvironment.from_mapping(os.environ)
    today = SystemClock().now().date()
    imports = import_documents(context.config, files, output, environment, today=today, title=title, url=url)
    for done in imports:
        for line in done.diff():
            click.echo(for_terminal(line.removesuffix("\n")))
        vanished = f", {done.vanished:,} vanished" if done.vanished else ""
        unchanged = "" if done.before != done.after else ": unchanged"
        counts = f"{done.entries:,} entries, {done.links:,} links{vanished}{unchanged}"
        click.echo(f"{done.output}: {counts}", err=True)


@click.command()
@with_config
@click.argument("url")
@click.option("--document", metavar="NAME", help="Stem of the catalog file (default: from the address).")
@click.pass_obj
def expand(context: Context, url: str, document: str | None) -> None:
    """Print what an owner or a collection on Hugging Face holds, as a catalog file to look through.

    \b
    Example:
      crawler expand https://huggingface.co/tiiuae --document falcon
    """
    import asyncio

    from crawler.clock import SystemClock
    from crawler.fetch.environment import NetworkEnvironment
    from crawler.importer.expand import write_fragment
    from crawler.resolve.huggingface.members import list_members

    environment = NetworkEnvironment.from_mapping(os.environ)
    links = asyncio.run(list_members(url, context.config.settings, environment, SystemClock()))
    click.echo(write_fragment(url, links, document), nl=False)


@click.command()
@with_config
@click.pass_obj
def validate(context: Context) -> None:
    """Check config and catalog without any network; errors exit with 2, warnings with 0.

    \b
    Example:
      crawler validate
    """
    from crawler.catalog_checks import Severity, validate_catalog
    from crawler.clock import SystemClock
    from crawler.cron import next_run_at

    config, now = context.config, SystemClock().now()
    next_run_at(config.settings.schedule, now)
    found: Counter[Severity] = Counter()
    for problem in validate_catalog(config.catalog_paths, today=now.date()):
        click.echo(for_terminal(str(problem)))
        found[problem.severity] += 1
    errors = found[Severity.ERROR]
    click.echo(f"{errors:,} errors, {found[Severity.WARNING]:,} warnings", err=True)
    if errors:
        raise SystemExit(UsageError.exit_code)


@click.command()
@with_config
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--write", is_flag=True, help="Make the certain changes, each file atomically.")
@click.option("--json", "as_json", is_flag=True, help="Changes and proposals as JSON on stdout.")
@click.pass_obj
def fix(context: Context, files: tuple[str, ...], write: bool, as_json: bool) -> None:
    """Put moved links of documents and catalog files right: a diff; proposals for dead links on stderr.

    \b
    Example:
      crawler fix README.md --write
    """
    from crawler.fixer.command import fix_files

    quiet = is_quiet()
    documents = [(name, read_document(name)) for name in files]
    for told, is_data in fix_files(context.config, documents, write=write, as_json=as_json):
        if is_data or not quiet:
            click.echo(told, err=not is_data)
