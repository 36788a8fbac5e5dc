"""The command `crawler`: arguments in, exit codes out. Rooms are imported when their command runs.

Data goes to stdout, logs and progress to stderr.
"""

from __future__ import annotations

import errno
import logging
import os
import sys
from typing import Final, NoReturn

import click

from crawler import __version__
from crawler.commands import crawling, documents, reading, starting, upkeep
from crawler.commands.frame import with_config
from crawler.errors import CrawlerError, Interrupted, UnableError
from crawler.escape import for_terminal
from crawler.links.mask import mask_text
from crawler.logs import LogFormat, configure_logging, is_structured, log_uncaught

NO_SPACE: Final = {errno.ENOSPC, errno.EDQUOT}


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="crawler")
@click.option("-v", "--verbose", count=True, help="Say more on stderr.")
@click.option("-q", "--quiet", is_flag=True, help="Say only what went wrong.")
@click.option(
    "--log-format",
    type=click.Choice([form.value for form in LogFormat]),
    default=LogFormat.TEXT.value,
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
    level = logging.ERROR if quiet else logging.DEBUG if verbose > 1 else logging.INFO
    configure_logging(level, os.environ, LogFormat(log_format))


for _command in (
    starting.init,
    starting.doctor,
    crawling.run,
    crawling.schedule,
    crawling.check,
    crawling.demo,
    reading.report,
    reading.export,
    reading.explain,
    reading.status,
    reading.serve,
    documents.extract,
    documents.import_,
    documents.expand,
    documents.validate,
    documents.fix,
    upkeep.rejudge,
    upkeep.backup,
    upkeep.compact,
):
    cli.add_command(_command)


def tell_error(error: CrawlerError) -> None:
    """One line on stderr, in the form that was asked for."""
    if is_structured():
        logging.getLogger("crawler").error("%s", error)
    else:
        click.echo(f"crawler: {for_terminal(mask_text(str(error)))}", err=True)


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
        logging.getLogger("crawler").error(
            "interrupted: what was told is kept, the next run goes on from there"
        )
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
    sys.exit(code)
