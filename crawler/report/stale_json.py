"""The stale-link report for machines. Keys are sorted; codes are the same in every language."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from crawler.records import Run
from crawler.report.stale_model import DocumentItems, Item, News, Place, StaleReport

SCHEMA_VERSION: Final = "1.0"


def render_json(report: StaleReport) -> Iterator[str]:
    """One JSON object, key by key; `documents` piece by piece."""
    separator = "{\n  "
    for key in sorted((*PARTS, "documents")):
        yield f'{separator}"{key}": '
        separator = ",\n  "
        if key == "documents":
            yield from _list_of_documents(report)
        else:
            yield _indented(PARTS[key](report), "  ")
    yield "\n}\n"


PARTS: Final[Mapping[str, Callable[[StaleReport], Any]]] = {
    "schema_version": lambda _: SCHEMA_VERSION,
    "title": lambda report: report.title,
    "document": lambda report: report.document,
    "language": lambda report: report.text.language.value,
    "made_up": lambda report: report.made_up,
    "run": lambda report: _run(report.run),
    "is_first": lambda report: report.is_first,
    "states": lambda report: {state.value: count for state, count in report.states.items() if count},
    "changed": lambda report: [_news(change) for change in report.news],
    "unchecked": lambda report: [
        {"count": reason.count, "what": reason.what, "told": reason.told} for reason in report.unchecked
    ],
    "notes": lambda report: list(report.notes),
}
"""All but `documents`, which is what is open; `changed` is what is new in the run, `told` a host's words."""


def _list_of_documents(report: StaleReport) -> Iterator[str]:
    if not report.documents:
        yield "[]"
        return
    separator = "[\n    "
    for document in report.documents:
        yield separator + _indented(_document(document), "    ")
        separator = ",\n    "
    yield "\n  ]"


def _indented(value: Any, margin: str) -> str:
    """Sorted JSON whose lines, but for the first, begin so far to the right."""
    text = json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True)
    return text.replace("\n", f"\n{margin}")


def _run(run: Run | None) -> dict[str, Any] | None:
    if run is None:
        return None
    return {
        "id": run.id,
        "started_at": _time(run.started_at),
        "finished_at": _time(run.finished_at),
        "state": run.state.value,
    }


def _document(document: DocumentItems) -> dict[str, Any]:
    return {
        "name": document.name,
        "title": document.title,
        "url": document.url,
        "items": [_item(item) for item in document.items],
    }


def _news(change: News) -> dict[str, Any]:
    return {
        "kind": change.kind.value,
        "url": change.url,
        "evidence": change.evidence,
        "told": change.told,
        "places": _places(change.places),
    }


def _item(item: Item) -> dict[str, Any]:
    return {
        "topic": item.topic.value,
        "url": item.url,
        "since": _time(item.since),
        "evidence": item.evidence,
        "told": item.told,
        "suggested_url": item.suggested_url,
        "archived_url": item.archived_url,
        "replacement": item.replacement,
        "places": _places(item.places),
    }


def _places(places: Sequence[Place]) -> list[dict[str, Any]]:
    return [{"document": place.document, "line": place.line, "entry": place.entry} for place in places]


def _time(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat().replace("+00:00", "Z")
