"""The stale-link report for machines. Keys are sorted; codes are the same in every language."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from crawler.report.stale_model import Item, News, Place, StaleReport

SCHEMA_VERSION: Final = "1.0"


def render_json(report: StaleReport) -> Iterator[str]:
    """One JSON object."""
    yield json.dumps(report_to_json(report), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def report_to_json(report: StaleReport) -> dict[str, Any]:
    """`changed` is what is new in the run, `documents` what is open; `told` is a host's own words."""
    run = report.run
    return {
        "schema_version": SCHEMA_VERSION,
        "title": report.title,
        "document": report.document,
        "language": report.text.language.value,
        "made_up": report.made_up,
        "run": None
        if run is None
        else {
            "id": run.id,
            "started_at": _time(run.started_at),
            "finished_at": _time(run.finished_at),
            "state": run.state.value,
        },
        "is_first": report.is_first,
        "states": {state.value: count for state, count in report.states.items() if count},
        "changed": [_news(change) for change in report.news],
        "documents": [
            {
                "name": document.name,
                "title": document.title,
                "url": document.url,
                "items": [_item(item) for item in document.items],
            }
            for document in report.documents
        ],
        "unchecked": [
            {"count": reason.count, "what": reason.what, "told": reason.told} for reason in report.unchecked
        ],
        "notes": list(report.notes),
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
