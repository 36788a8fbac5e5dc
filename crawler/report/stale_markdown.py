"""The stale-link report as Markdown, fit for an issue or a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from crawler.escape import for_markdown, for_markdown_link
from crawler.report.stale_model import HEADINGS, DocumentItems, Item, News, Place, StaleReport
from crawler.report.wording import MADE_UP


def render_markdown(report: StaleReport) -> Iterator[str]:
    """The report line by line, each with its line end."""
    for line in _lines(report):
        yield f"{line}\n"


def _lines(report: StaleReport) -> Iterator[str]:
    yield f"# {for_markdown(report.title)}" + (
        f" in {for_markdown(report.document)}" if report.document else ""
    )
    yield ""
    if report.made_up:
        yield f"> **{MADE_UP}**"
        yield ""
    verdict = report.verdict()
    yield f"{verdict[0].upper()}{verdict[1:]}."
    if report.run is None or report.is_all_well:
        return
    yield ""
    yield f"## {report.news_heading()}"
    if report.news and not report.is_first:
        yield ""
        yield from map(_news_line, report.news)
    for document in report.documents:
        yield ""
        yield from _document_lines(document)
    if report.unchecked:
        yield ""
        yield "## Could not be checked"
        yield ""
        for reason in report.unchecked:
            told = f": {for_markdown(reason.told)}" if reason.told else ""
            yield f"- {reason.count:,} {reason.what}{told}"
    if report.notes:
        yield ""
    for note in report.notes:
        yield f"> {for_markdown(note)}"


def _news_line(change: News) -> str:
    said = "; ".join(filter(None, (change.evidence, for_markdown(change.told))))
    place = f" at {_place(change.places[0])}" if change.places else ""
    return f"- **{change.what}**: {for_markdown_link(change.url)}{f' ({said})' if said else ''}{place}"


def _document_lines(document: DocumentItems) -> Iterator[str]:
    yield f"## {for_markdown(document.title)}"
    if document.url:
        yield ""
        yield for_markdown_link(document.url)
    for topic, group in groupby(document.items, key=lambda item: item.topic):
        items = list(group)
        heading = HEADINGS[topic]
        yield ""
        yield f"### {heading[0].upper()}{heading[1:]} ({len(items):,})"
        yield ""
        for item in items:
            yield from _item_lines(item, document.name)


def _item_lines(item: Item, here: str) -> Iterator[str]:
    name = f"**{for_markdown(item.places[0].entry)}**" if item.places else "**?**"
    line = f"line {item.places[0].line}, " if item.places and item.places[0].line is not None else ""
    url = f" {for_markdown_link(item.url)}" if item.url is not None else ""
    yield f"- {line}{name}:{url}"
    if evidence := "; ".join(filter(None, (item.evidence, for_markdown(item.told)))):
        yield f"  - {evidence}"
    if item.suggested_url is not None:
        yield f"  - replace with {for_markdown_link(item.suggested_url)}"
    if item.archived_url is not None:
        yield f"  - archived copy {for_markdown_link(item.archived_url)}"
    if len(item.places) > 1:
        yield f"  - also at {_other_places(item.places[1:], here)}"


def _other_places(places: Sequence[Place], here: str) -> str:
    return ", ".join(
        f"line {place.line} ({for_markdown(place.entry)})"
        if place.document == here and place.line is not None
        else _place(place)
        for place in places
    )


def _place(place: Place) -> str:
    line = "" if place.line is None else f" line {place.line}"
    return f"{for_markdown(place.document)}{line} ({for_markdown(place.entry)})"
