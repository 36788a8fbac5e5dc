"""`crawler report`: what is stale, for a maintainer, in one of its forms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from crawler.config import Config
from crawler.report.reading import check_document, choose_run, reading
from crawler.report.stale_collector import collect_report
from crawler.report.stale_markdown import render_markdown
from crawler.report.stale_model import StaleReport
from crawler.report.stale_terminal import render_terminal

RENDERERS: Final[Mapping[str, Callable[[StaleReport], Iterator[str]]]] = {
    "terminal": render_terminal,
    "markdown": render_markdown,
}


def stale_report(
    config: Config, format_name: str, *, document: str | None, as_of: str | None
) -> Iterator[str]:
    """The report's text in pieces. `format_name`: terminal or markdown.

    Raises UsageError for an unknown document, or when there was no run as of then.
    """
    with reading(config) as history:
        run = choose_run(history, as_of)
        if document is not None:
            check_document(history, run, document)
        report = collect_report(history, run, title=config.settings.report.title, document=document)
    yield from RENDERERS[format_name](report)
