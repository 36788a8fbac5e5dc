"""What `crawler fix` says: a unified diff, lines for people, JSON for bots; and the writing of a file."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crawler.escape import for_terminal
from crawler.fixer.fix import Change, FileFix, Proposal
from crawler.fixer.places import Place
from crawler.fixer.verdicts import Verdict
from crawler.links.decode import decode_bytes
from crawler.links.mask import mask_url
from crawler.report.output import write_file


def diff_lines(fix: FileFix) -> Iterator[str]:
    """A unified diff, in the file's own line ends; what `patch` takes for files in UTF-8."""
    before = _lines(fix.before.text)
    after = _lines(decode_bytes(fix.content))
    name = fix.name.lstrip("/")
    for line in difflib.unified_diff(before, after, f"a/{name}", f"b/{name}"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines(text: str) -> list[str]:
    """Lines as `diff` sees them: only a line feed ends one."""
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def proposal_lines(fix: FileFix) -> Iterator[str]:
    """What a person should decide, one line each."""
    for proposal in fix.proposals:
        place, verdict = proposal.place, proposal.verdict
        since = f" since {verdict.since:%Y-%m-%d}" if verdict.since else ""
        line = f"{fix.name}:{place.line}:{place.column}: {mask_url(place.url)}: {verdict.state}{since}"
        if verdict.reason is not None:
            line += f", {verdict.reason}"
        if proposal.why != str(verdict.state):
            line += f"; not changed: {proposal.why}"
        if verdict.suggested_url:
            line += f"; perhaps {mask_url(verdict.suggested_url)}"
        if verdict.archived_url:
            line += f"; archived copy: {mask_url(verdict.archived_url)}"
        yield for_terminal(line)


def fix_to_json(fix: FileFix, *, written: bool) -> dict[str, Any]:
    """The object of one file in `crawler fix --json`."""
    return {
        "file": fix.name,
        "encoding": fix.before.encoding,
        "written": written,
        "changes": [_change_to_json(change) for change in fix.changes],
        "proposals": [_proposal_to_json(proposal) for proposal in fix.proposals],
        "diff": "".join(diff_lines(fix)),
    }


def _place_to_json(place: Place) -> dict[str, Any]:
    return {
        "line": place.line,
        "column": place.column,
        "raw": place.raw,
        "url": place.url,
        "canonical_url": place.canonical_url,
    }


def _verdict_to_json(verdict: Verdict) -> dict[str, Any]:
    return {
        "state": str(verdict.state),
        "reason": None if verdict.reason is None else str(verdict.reason),
        "since": verdict.since.strftime("%Y-%m-%dT%H:%M:%SZ") if verdict.since else None,
        "suggested_url": verdict.suggested_url,
        "archived_url": verdict.archived_url,
    }


def _change_to_json(change: Change) -> dict[str, Any]:
    return {
        **_place_to_json(change.place),
        **_verdict_to_json(change.verdict),
        "replacement": change.replacement,
        "new_url": change.new_url,
    }


def _proposal_to_json(proposal: Proposal) -> dict[str, Any]:
    return {**_place_to_json(proposal.place), **_verdict_to_json(proposal.verdict), "why": proposal.why}


def write_fix(fix: FileFix) -> None:
    """Replaces the file atomically; a link to it stays one."""
    write_file([fix.content], Path(fix.name).resolve())
