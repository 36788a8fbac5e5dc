"""The stale-link report for a terminal: aligned, no colour needed, long addresses never cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from crawler.escape import for_terminal
from crawler.report.columns import cell_width, clip, pad
from crawler.report.language import Text
from crawler.report.stale_model import DocumentItems, Item, News, Place, StaleReport, Topic

NAME_CELLS: Final = 36
ON_ONE_LINE: Final = frozenset({Topic.ARCHIVED, Topic.GATED, Topic.RESTRICTED})
"""Good to know, nothing to do: one line each."""


def render_terminal(report: StaleReport) -> Iterator[str]:
    """The report line by line, each with its line end."""
    for line in _lines(report):
        yield f"{line.rstrip()}\n"


def _lines(report: StaleReport) -> Iterator[str]:
    text = report.text
    if report.made_up:
        yield text("made_up")
    yield f"{for_terminal(report.heading())}: {report.verdict()}"
    if report.run is None or report.is_all_well:
        return
    yield ""
    yield report.news_heading()
    if not report.is_first:
        yield from _news_lines(report.news)
    for document in report.documents:
        yield ""
        yield from _document_lines(document, text)
    if report.unchecked:
        yield ""
        yield text("unchecked.heading")
        width = max(len(f"{reason.count:,}") for reason in report.unchecked)
        for reason in report.unchecked:
            told = f": {for_terminal(reason.told)}" if reason.told else ""
            yield f"  {reason.count:>{width},}  {reason.what}{told}"
    for note in report.notes:
        yield f"{text('item.note')}: {for_terminal(note)}"


def _news_lines(news: Sequence[News]) -> Iterator[str]:
    rows = [
        (
            change.what,
            _place(change.places[0]) if change.places else "",
            _name(change.places),
            "  ".join(filter(None, (for_terminal(change.url), change.evidence, for_terminal(change.told)))),
        )
        for change in news
    ]
    widths = [max((cell_width(row[column]) for row in rows), default=0) for column in range(3)]
    for *cells, last in rows:
        padded = (pad(cell, width) for cell, width in zip(cells, widths, strict=True))
        yield f"  {'  '.join(padded)}  {last}"


def _document_lines(document: DocumentItems, text: Text) -> Iterator[str]:
    title = for_terminal(document.title)
    yield f"{title}  <{for_terminal(document.url)}>" if document.url else title
    for topic, group in groupby(document.items, key=lambda item: item.topic):
        items = list(group)
        yield f"  {text(f'topics.{topic}')} ({len(items):,})"
        lines = [_line_number(item.places, text) for item in items]
        line_width = max(cell_width(line) for line in lines)
        name_width = max(cell_width(_name(item.places)) for item in items)
        for item, line in zip(items, lines, strict=True):
            start = f"    {pad(line, line_width)}  "
            if topic in ON_ONE_LINE:
                yield f"{start}{pad(_name(item.places), name_width)}  {'  '.join(_short_facts(item, text))}"
            else:
                yield f"{start}{_name(item.places)}"
                for fact in _facts(item, text):
                    yield f"{' ' * cell_width(start)}{fact}"
            if len(item.places) > 1:
                others = text("comma").join(
                    _other_place(place, document.name, text) for place in item.places[1:]
                )
                yield f"{' ' * cell_width(start)}{text('item.also')}: {others}"


def _facts(item: Item, text: Text) -> Iterator[str]:
    if item.url is not None:
        yield for_terminal(item.url)
    if evidence := _evidence(item, text):
        yield evidence
    if item.suggested_url is not None:
        yield f"{text('item.replace')}: {for_terminal(item.suggested_url)}"
    if item.archived_url is not None:
        yield f"{text('item.archived_copy')}: {for_terminal(item.archived_url)}"


def _short_facts(item: Item, text: Text) -> Iterator[str]:
    if item.url is not None:
        yield for_terminal(item.url)
    if evidence := _evidence(item, text):
        yield evidence


def _evidence(item: Item, text: Text) -> str:
    return text("separator").join(filter(None, (item.evidence, for_terminal(item.told))))


def _name(places: Sequence[Place]) -> str:
    return clip(for_terminal(places[0].entry), NAME_CELLS) if places else ""


def _line_number(places: Sequence[Place], text: Text) -> str:
    line = places[0].line if places else None
    return text("item.no_line") if line is None else text("item.line", line=line)


def _place(place: Place) -> str:
    name = for_terminal(place.document)
    return name if place.line is None else f"{name}:{place.line}"


def _other_place(place: Place, here: str, text: Text) -> str:
    where = (
        text("item.line", line=place.line)
        if place.document == here and place.line is not None
        else _place(place)
    )
    return f"{where} {clip(for_terminal(place.entry), NAME_CELLS)}"
