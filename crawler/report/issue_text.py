"""What stands in the issue of each list: its open items as Markdown, or that nothing is open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from crawler.config import Config
from crawler.report.language import Language
from crawler.report.reading import check_document, reading
from crawler.report.stale import choose_text, title_in
from crawler.report.stale_collector import collect_report
from crawler.report.stale_markdown import render_markdown

MOST_CHARACTERS: Final = 60_000
"""GitHub takes 65,536 in the body of an issue."""


@dataclass(frozen=True, slots=True)
class ListIssue:
    """One list's issue. `body` is None when nothing is open; then `closing` is what it is left with."""

    document: str
    title: str
    body: str | None
    closing: str
    is_news: bool
    """Whether something changed in the latest run: a person who closed the issue may want to know."""
    items: int = 0


def write_issues(config: Config, *, document: str | None, language: Language | None) -> list[ListIssue]:
    """One for each list, by name; none before the first run. Raises UsageError for an unknown document."""
    with reading(config) as history:
        run = history.latest_run()
        if document is not None:
            check_document((known.name for known in history.documents(run)), document)
        if run is None:
            return []
        issues = []
        for listed in history.documents(run):
            if document not in {None, listed.name}:
                continue
            text = choose_text(history, run, listed.name, language)
            title = title_in(config, text)
            report = collect_report(history, run, title=title, document=listed.name, text=text)
            items = sum(len(each.items) for each in report.documents)
            told = "".join(_within_limit(render_markdown(report), text("issue.cut")))
            issues.append(
                ListIssue(
                    document=listed.name,
                    title=text("issue.title", title=title, document=listed.title),
                    body=f"{text('issue.intro')}\n\n{_calling_nobody(told)}" if items else None,
                    closing=text("issue.closed"),
                    is_news=bool(report.news),
                    items=items,
                )
            )
    return issues


def _within_limit(lines: Iterator[str], cut: str) -> Iterator[str]:
    """Whole lines, as many as GitHub takes, with room for what is escaped further."""
    length = 0
    for line in lines:
        length += len(_calling_nobody(line))
        if length > MOST_CHARACTERS:
            yield f"\n{cut}\n"
            return
        yield line


def _calling_nobody(markdown: str) -> str:
    """GitHub finds @names and #numbers after the Markdown is read, where a backslash is gone already."""
    return markdown.replace("\\@", "@<!-- -->").replace("\\#", "#<!-- -->")
