"""The command `crawler`: arguments in, exit codes out. Rooms are imported when their command runs.

Data goes to stdout, logs and progress to stderr.
"""

from __future__ import annotations

import atexit
import errno
import gc
import os
import sys
from importlib import import_module
from keyword import iskeyword
from types import TracebackType
from typing import Final, NoReturn

# What importing makes stays: to look for garbage among it is a tenth of the time `status` takes.
gc.set_threshold(50_000, 20, 20)

import click  # noqa: E402

from crawler import __version__  # noqa: E402
from crawler.commands.frame import with_config  # noqa: E402
from crawler.errors import CrawlerError, Interrupted, UnableError  # noqa: E402

NO_SPACE: Final = {errno.ENOSPC, errno.EDQUOT}

ROOMS: Final = {
    "init": "starting",
    "doctor": "starting",
    "run": "crawling",
    "schedule": "crawling",
    "check": "crawling",
    "demo": "crawling",
    "report": "reading",
    "export": "reading",
    "explain": "reading",
    "status": "reading",
    "serve": "reading",
    "extract": "documents",
    "import": "documents",
    "expand": "documents",
    "validate": "documents",
    "fix": "documents",
    "rejudge": "upkeep",
    "backup": "upkeep",
    "compact": "upkeep",
}
"""Where each command stands in `commands/`; a command costs the options of its own room only."""


class Commands(click.Group):
    """The commands of ROOMS, each imported when it is asked for."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return sorted(ROOMS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in ROOMS:
            return None
        room = import_module(f"crawler.commands.{ROOMS[name]}")
        command: click.Command = getattr(room, f"{name}_" if iskeyword(name) else name)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="crawler")
@click.option("-v", "--verbose", count=True, help="Say more on stderr.")
@click.option("-q", "--quiet", is_flag=True, help="Say only what went wrong.")
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Text for people, or one JSON object a line, on stderr.",
)
@with_config
def cli(verbose: int, quiet: bool, log_format: str) -> None:
    """Keep curated lists of open-source AI alive.

    Looks at every link of a catalog, remembers what it saw, and says what died, moved or changed.

    \b
    Example:
      crawler run && crawler report
    """
    import logging

    from crawler.logs import LogFormat, configure_logging

    level = logging.ERROR if quiet else logging.DEBUG if verbose > 1 else logging.INFO
    configure_logging(level, os.environ, LogFormat(log_format))


def tell_error(error: CrawlerError) -> None:
    """One line on stderr, in the form that was asked for."""
    import logging

    from crawler.escape import for_terminal
    from crawler.links.mask import mask_text
    from crawler.logs import is_structured

    if is_structured():
        logging.getLogger("crawler").error("%s", error)
    else:
        click.echo(f"crawler: {for_terminal(mask_text(str(error)))}", err=True)


def tell_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """For `sys.excepthook`, before and after logging is set up."""
    from crawler.logs import log_uncaught

    log_uncaught(kind, error, traceback)


def tell_interrupted() -> None:
    import logging

    logging.getLogger("crawler").error("interrupted: what was told is kept, the next run goes on from there")


def main() -> NoReturn:
    """Run a command and end with the contract's exit code: this is the one table of them."""
    code: int | str | None
    sys.excepthook = tell_uncaught
    try:
        code = cli.main(standalone_mode=False) or 0
    except SystemExit as exit_:
        code = exit_.code
    except Interrupted as interrupted:
        # Threads of blocking clients may wait for an answer that nobody wants any more.
        tell_interrupted()
        sys.stdout.flush()
        os._exit(interrupted.exit_code)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except CrawlerError as error:
        tell_error(error)
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
        tell_error(UnableError("no space left on the device", where=error.filename))
        code = UnableError.exit_code
    leave(code)


def leave(code: int | str | None) -> NoReturn:
    """End the process. Freeing what it holds piece by piece would take as long as `status` does."""
    threads = sys.modules.get("threading")
    if isinstance(code, str) or (threads is not None and threads.active_count() > 1):
        sys.exit(code)
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        code = code or 0
    os._exit(code or 0)
