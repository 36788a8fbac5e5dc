"""The stale-link report as Markdown, fit for an issue or a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from crawler.escape import for_markdown, for_markdown_link
from crawler.report.language import Text
from crawler.report.stale_model import DocumentItems, Item, News, Place, StaleReport


def render_markdown(report: StaleReport) -> Iterator[str]:
    """The report line by line, each with its line end."""
    for line in _lines(report):
        yield f"{line}\n"


def _lines(report: StaleReport) -> Iterator[str]:
    text = report.text
    yield f"# {for_markdown(report.heading())}"
    yield ""
    if report.made_up:
        yield f"> **{text('made_up')}**"
        yield ""
    verdict = report.verdict()
    yield f"{verdict[0].upper()}{verdict[1:]}{text('sentence_end')}"
    if report.run is None or report.is_all_well:
        return
    yield ""
    yield f"## {report.news_heading()}"
    if report.news and not report.is_first:
        yield ""
        yield from (_news_line(change, text) for change in report.news)
    for document in report.documents:
        yield ""
        yield from _document_lines(document, text)
    if report.unchecked:
        yield ""
        yield f"## {text('unchecked.heading')}"
        yield ""
        for reason in report.unchecked:
            told = f": {for_markdown(reason.told)}" if reason.told else ""
            yield f"- {reason.count:,} {reason.what}{told}"
    if report.notes:
        yield ""
    for note in report.notes:
        yield f"> {for_markdown(note)}"


def _news_line(change: News, text: Text) -> str:
    said = text("separator").join(filter(None, (change.evidence, for_markdown(change.told))))
    place = f" {text('item.at')} {_place(change.places[0], text)}" if change.places else ""
    return f"- **{change.what}**: {for_markdown_link(change.url)}{f' ({said})' if said else ''}{place}"


def _document_lines(document: DocumentItems, text: Text) -> Iterator[str]:
    yield f"## {for_markdown(document.title)}"
    if document.url:
        yield ""
        yield for_markdown_link(document.url)
    for topic, group in groupby(document.items, key=lambda item: item.topic):
        items = list(group)
        heading = text(f"topics.{topic}")
        yield ""
        yield f"### {heading[0].upper()}{heading[1:]} ({len(items):,})"
        yield ""
        for item in items:
            yield from _item_lines(item, document.name, text)


def _item_lines(item: Item, here: str, text: Text) -> Iterator[str]:
    name = f"**{for_markdown(item.places[0].entry)}**" if item.places else "**?**"
    line = ""
    if item.places and item.places[0].line is not None:
        line = text("item.line", line=item.places[0].line) + text("comma")
    url = f" {for_markdown_link(item.url)}" if item.url is not None else ""
    yield f"- {line}{name}:{url}"
    if evidence := text("separator").join(filter(None, (item.evidence, for_markdown(item.told)))):
        yield f"  - {evidence}"
    if item.suggested_url is not None:
        yield f"  - {text('item.replace')} {for_markdown_link(item.suggested_url)}"
    if item.archived_url is not None:
        yield f"  - {text('item.archived_copy')} {for_markdown_link(item.archived_url)}"
    if len(item.places) > 1:
        yield f"  - {text('item.also_at')} {_other_places(item.places[1:], here, text)}"


def _other_places(places: Sequence[Place], here: str, text: Text) -> str:
    return text("comma").join(
        f"{text('item.line', line=place.line)} ({for_markdown(place.entry)})"
        if place.document == here and place.line is not None
        else _place(place, text)
        for place in places
    )


def _place(place: Place, text: Text) -> str:
    line = "" if place.line is None else f" {text('item.line', line=place.line)}"
    return f"{for_markdown(place.document)}{line} ({for_markdown(place.entry)})"
