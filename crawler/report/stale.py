"""`crawler report`: what is stale, for a maintainer, in one of its forms."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Final

from crawler.config import Config
from crawler.records import Run
from crawler.report.language import Language, Text, language_of, load_text
from crawler.report.reading import check_document, choose_run, reading
from crawler.report.stale_collector import collect_report
from crawler.report.stale_model import StaleReport
from crawler.settings import ReportSettings
from crawler.store.history import History

OUR_LANGUAGE: Final = frozenset({"terminal", "json", "badge", "badge-json"})
"""Forms for whoever runs the command or for machines: English unless asked; the others speak the lists'."""

FEEDS: Final = frozenset({"atom", "jsonfeed"})
"""Forms that tell of changes only; what is open need not be collected for them."""


def stale_report(
    config: Config,
    format_name: str,
    *,
    document: str | None,
    as_of: str | None,
    language: Language | None = None,
    if_changed: bool = False,
) -> Iterator[str] | None:
    """The report's text in pieces; None with `if_changed` when nothing is new in its run.

    Raises UsageError for an unknown document, or when there was no run as of then.
    """
    with ExitStack() as stack:
        history = stack.enter_context(reading(config))
        run = choose_run(history, as_of)
        if document is not None:
            check_document((known.name for known in history.documents(run)), document)
        if language is None and format_name in OUR_LANGUAGE:
            language = Language.EN
        text = choose_text(history, run, document, language)
        title = title_in(config, text)
        if format_name in FEEDS and not if_changed:
            return _render_feed(history, run, format_name, title=title, document=document, text=text)
        report = collect_report(history, run, title=title, document=document, text=text)
        if if_changed and not report.says_something_new:
            return None
        pieces = _render(history, report, format_name)
        return _closing_after(pieces, stack.pop_all())


def _closing_after(pieces: Iterator[str], stack: ExitStack) -> Iterator[str]:
    with stack:
        yield from pieces


def title_in(config: Config, text: Text) -> str:
    """The heading that the config asks for; the default one in the report's language."""
    title = config.settings.report.title
    return text("stale_links") if title == ReportSettings().title else title


def choose_text(history: History, run: Run | None, document: str | None, language: Language | None) -> Text:
    """The language asked for, else the one most of these documents are written in."""
    if language is None:
        documents = [each for each in history.documents(run) if document in {None, each.name}]
        language = language_of(each.title for each in documents)
    return load_text(language)


def _render(history: History, report: StaleReport, format_name: str) -> Iterator[str]:
    """Forms with libraries of their own are imported when asked for; a page reads for its charts late."""
    match format_name:
        case "markdown":
            from crawler.report.stale_markdown import render_markdown

            return render_markdown(report)
        case "html":
            from crawler.report.over_time import collect_over_time
            from crawler.report.stale_html import render_html

            return render_html(report, lambda: collect_over_time(history, report.run, report.document))
        case "json":
            from crawler.report.stale_json import render_json

            return render_json(report)
        case "atom" | "jsonfeed":
            return _render_feed(
                history,
                report.run,
                format_name,
                title=report.title,
                document=report.document,
                text=report.text,
            )
        case "badge" | "badge-json":
            from crawler.report.badge import render_badge_json, render_badge_svg

            return render_badge_svg(report) if format_name == "badge" else render_badge_json(report)
    from crawler.report.stale_terminal import render_terminal

    return render_terminal(report)


def _render_feed(
    history: History, run: Run | None, format_name: str, *, title: str, document: str | None, text: Text
) -> Iterator[str]:
    from crawler.report.feed import collect_feed, render_atom, render_json_feed

    feed = collect_feed(history, run, title=title, document=document, text=text)
    return render_atom(feed) if format_name == "atom" else render_json_feed(feed)
