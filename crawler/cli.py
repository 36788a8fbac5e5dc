"""The command `crawler`: arguments in, exit codes out. Rooms are imported when their command runs.

Data goes to stdout, logs and progress to stderr.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from crawler import __version__
from crawler.errors import CrawlerError, Interrupted, UnableError, UsageError
from crawler.escape import for_terminal
from crawler.links.mask import mask_text
from crawler.logs import configure_logging, log_uncaught

if TYPE_CHECKING:
    from crawler.config import Config
    from crawler.links.extract import ExtractedLink
    from crawler.report.language import Language

EXIT_FAIL_ON: Final = 1
EXIT_UNABLE: Final = 3
LINES_AT_ONCE: Final = 500
NO_SPACE: Final = {errno.ENOSPC, errno.EDQUOT}


class Context:
    """What every command may need: the config, read once, when somebody asks for it."""

    def __init__(self, config_argument: Path | None) -> None:
        self._config_argument = config_argument
        self._config: Config | None = None

    @property
    def config(self) -> Config:
        if self._config is None:
            from crawler.config import find_config, load_config

            path = find_config(self._config_argument)
            named = self._config_argument is not None or bool(os.environ.get("CRAWLER_CONFIG"))
            self._config = load_config(path, must_exist=named)
        return self._config


def with_config(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--config` on every command, before or after its name."""

    def remember(context: click.Context, _parameter: click.Parameter, value: Path | None) -> Path | None:
        if value is not None or not isinstance(context.obj, Context):
            context.obj = Context(value)
        return value

    return click.option(
        "--config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        callback=remember,
        expose_value=False,
        help="The config file (default: ./config.toml, or $CRAWLER_CONFIG).",
    )(command)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="crawler")
@click.option("-v", "--verbose", count=True, help="Say more on stderr.")
@click.option("-q", "--quiet", is_flag=True, help="Say only what went wrong.")
@with_config
def cli(verbose: int, quiet: bool) -> None:
    """Keep curated lists of open-source AI alive.

    Looks at every link of a catalog, remembers what it saw, and says what died, moved or changed.

    \b
    Example:
      crawler run && crawler report
    """
    level = logging.ERROR if quiet else logging.DEBUG if verbose > 1 else logging.INFO
    configure_logging(level, os.environ)


@cli.command()
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
    no_progress: bool,
    as_json: bool,
) -> None:
    """Look at every link of the catalog once and record what was seen.

    \b
    Example:
      crawler run --only github,arxiv --fail-on new-dead
    """
    from crawler.alongside import run_until_signal
    from crawler.clock import SystemClock
    from crawler.fetch.environment import NetworkEnvironment
    from crawler.notify import notify_failed_run, notify_new_dead
    from crawler.plan import parse_lanes
    from crawler.progress import choose_progress
    from crawler.run import CrawlOptions, crawl

    quiet = logging.getLogger("crawler").level >= logging.ERROR
    options = CrawlOptions(
        only=parse_lanes(only) if only is not None else None,
        document=document,
        limit=limit,
        suspects_only=suspects,
    )
    progress = choose_progress(wanted=not no_progress and not quiet)
    environment = NetworkEnvironment.from_mapping(os.environ)
    try:
        summary = run_until_signal(crawl(context.config, options, progress, environment, SystemClock()))
    except UnableError as error:
        notify_failed_run(context.config, error, os.environ)
        raise
    if as_json:
        click.echo(json.dumps(summary.as_json(), ensure_ascii=False, indent=2, sort_keys=True))
    if not quiet:
        for line in summary.lines():
            click.echo(line, err=True)
    if summary.events.get("new-dead"):
        notify_new_dead(context.config, os.environ)
    if (fail_on == "dead" and summary.states.get("dead")) or (
        fail_on == "new-dead" and summary.events.get("new-dead")
    ):
        raise SystemExit(EXIT_FAIL_ON)


@cli.command()
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
    from crawler.store.history import last_run_started_at

    async def stay_up() -> int:
        config = context.config
        return await Schedule(config, last_run_started_at(config.database), SystemClock().now).run_forever()

    raise SystemExit(asyncio.run(stay_up()))


@cli.command()
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


@cli.command()
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


@cli.command()
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


@cli.command()
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
        click.echo(json.dumps(checked.as_json(), ensure_ascii=False, indent=2, sort_keys=True))
    else:
        for line in checked.lines():
            click.echo(line)
    if not checked.somebody_answered:
        raise UnableError(NOBODY_ANSWERED, hint="check the network and the proxy settings")
    if fail_on == "suspect" and checked.states[State.SUSPECT]:
        raise SystemExit(EXIT_FAIL_ON)


@cli.command("import")
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


@cli.command()
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


@cli.command()
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
    from crawler.schedule import next_run_at

    config, now = context.config, SystemClock().now()
    next_run_at(config.settings.schedule, now)
    problems = validate_catalog(config.catalog_paths, today=now.date())
    for problem in problems:
        click.echo(for_terminal(str(problem)))
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    click.echo(f"{errors:,} errors, {len(problems) - errors:,} warnings", err=True)
    if errors:
        raise SystemExit(UsageError.exit_code)


@cli.command()
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

    quiet = logging.getLogger("crawler").level >= logging.ERROR
    documents = [(name, read_document(name)) for name in files]
    for told, is_data in fix_files(context.config, documents, write=write, as_json=as_json):
        if is_data or not quiet:
            click.echo(told, err=not is_data)


@cli.command()
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


@cli.command()
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
        click.echo(json.dumps(described, ensure_ascii=False, indent=2, sort_keys=True))
        return
    for line in status_lines(described):
        click.echo(line)


@cli.command()
@with_config
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def backup(context: Context, file: Path) -> None:
    """Copy the database into one file, whole and checked, also beside a running crawl.

    \b
    Example:
      crawler backup backups/crawler.db
    """
    from crawler.store.backup import back_up

    size = back_up(context.config.database, file)
    click.echo(f"{for_terminal(str(file))}: {size:,} bytes; docs/operations.md says how to restore", err=True)


@cli.command()
@with_config
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.pass_obj
def compact(context: Context, dry_run: bool) -> None:
    """Thin old counters: daily for 90 days, weekly for two years, then monthly; nothing else is touched.

    \b
    Example:
      crawler compact --dry-run
    """
    from crawler.clock import SystemClock
    from crawler.store.compact import compact as compact_database

    done = compact_database(context.config.database, SystemClock().now(), dry_run=dry_run)
    what = f"{done.surplus:,} of {done.rows:,} rows of counters"
    if dry_run:
        click.echo(f"{what} would go; the file has {done.bytes_before:,} bytes", err=True)
    else:
        click.echo(f"{what} went; {done.bytes_before:,} → {done.bytes_after:,} bytes", err=True)


@cli.command()
@with_config
@click.pass_obj
def rejudge(context: Context) -> None:
    """Judge everything ever seen anew by the present [health] settings; says which links changed.

    \b
    Example:
      crawler rejudge
    """
    from crawler.clock import SystemClock
    from crawler.store.connect import connect_read_only
    from crawler.store.lock import DatabaseLock
    from crawler.store.store import Store

    path, policy = context.config.database, context.config.settings.health
    connect_read_only(path).close()  # there must be one
    with DatabaseLock(path), Store.open(path, SystemClock().now, policy) as store:
        changed = store.rejudge()
    for each in changed:
        click.echo(f"{each.before} → {each.after}  {for_terminal(each.url)}")
    click.echo(f"{len(changed):,} {'link' if len(changed) == 1 else 'links'} changed", err=True)


@cli.command()
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


def read_document(name: str) -> bytes:
    """A file's bytes, or stdin's for `-`. Raises UsageError when it cannot be read."""
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read the document: {error.strerror}", where=name) from error


def main() -> NoReturn:
    """Run a command and end with the contract's exit code: this is the one table of them."""
    code: int | str | None
    sys.excepthook = log_uncaught
    try:
        code = cli.main(standalone_mode=False) or 0
    except SystemExit as exit_:
        code = exit_.code
    except Interrupted as interrupted:
        # Threads of blocking clients may wait for an answer that nobody wants any more.
        click.echo("interrupted: what was told is kept, the next run goes on from there", err=True)
        sys.stdout.flush()
        os._exit(interrupted.exit_code)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except CrawlerError as error:
        click.echo(f"crawler: {for_terminal(mask_text(str(error)))}", err=True)
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        code = 130
    except BrokenPipeError:
        # The reader of our stdout has gone, as in `crawler export | head`; nothing is wrong with us.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except OSError as error:
        if error.errno not in NO_SPACE:
            raise
        click.echo(f"crawler: {UnableError('no space left on the device', where=error.filename)}", err=True)
        code = EXIT_UNABLE
    sys.exit(code)
