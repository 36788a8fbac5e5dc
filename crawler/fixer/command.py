"""`crawler fix`: the files that were named, one after the other, and what is said about them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence

from crawler.config import Config
from crawler.errors import UsageError
from crawler.escape import for_terminal
from crawler.fixer.fix import FileFix, fix_content
from crawler.fixer.output import diff_lines, fix_to_json, proposal_lines, write_fix
from crawler.fixer.verdicts import Verdicts
from crawler.report.reading import reading


def fix_files(
    config: Config, documents: Sequence[tuple[str, bytes]], *, write: bool, as_json: bool
) -> Iterator[tuple[str, bool]]:
    """What to print, and whether it is data for stdout. Files are written when all of them are understood.

    Raises UsageError when stdin is to be written.
    """
    if write and any(name == "-" for name, _ in documents):
        raise UsageError("stdin cannot be written", where="-", hint="leave --write away, or name a file")
    with reading(config) as history:
        verdicts = Verdicts(history)
        if history.latest_run() is None:
            yield "nothing is known of any link yet: `crawler run` first", False
        fixes = [fix_content(content, name, verdicts.of) for name, content in documents]
    for fix in fixes:
        if write and fix.changes:
            write_fix(fix)
    if as_json:
        told = {"files": [fix_to_json(fix, written=write and bool(fix.changes)) for fix in fixes]}
        yield json.dumps(told, ensure_ascii=False, indent=2), True
        return
    for fix in fixes:
        yield from ((_line(line), True) for line in diff_lines(fix))
        yield from ((line, False) for line in proposal_lines(fix))
        yield _summary(fix, write), False


def _line(line: str) -> str:
    """A line of a diff: harmless on a terminal, exact for `patch`."""
    line = line.removesuffix("\n")
    return for_terminal(line) if sys.stdout.isatty() else line


def _summary(fix: FileFix, written: bool) -> str:
    done = "changed" if written else "can be changed (--write)"
    name = for_terminal(fix.name)
    return f"{name}: {len(fix.changes):,} addresses {done}, {len(fix.proposals):,} to decide"
