"""What changed, run by run, for feed readers: Atom (through feedgen) and JSON Feed 1.1."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from feedgen.feed import FeedGenerator

from crawler.records import Run, RunState
from crawler.report.language import Text
from crawler.report.stale_collector import collect_news
from crawler.report.stale_model import News
from crawler.store.history import History

MOST_RUNS: Final = 30
MOST_ITEMS: Final = 200
JSON_FEED: Final = "https://jsonfeed.org/version/1.1"
HOME: Final = "urn:crawler:changes"


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One change; `identifier` is the same each time the feed is written."""

    identifier: str
    title: str
    url: str
    summary: str
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Feed:
    title: str
    identifier: str
    text: Text
    items: tuple[FeedItem, ...]
    """The latest first."""
    updated_at: datetime | None


def collect_feed(history: History, run: Run | None, *, title: str, document: str | None, text: Text) -> Feed:
    """The changes of the latest finished runs; those of a first run are no changes."""
    runs = [] if run is None else [each for each in history.runs() if each.id <= run.id]
    told = [each for each in runs if each.state is RunState.FINISHED and history.run_before(each)]
    items = (
        _item(each, change, text)
        for each in told[:MOST_RUNS]
        for change in collect_news(history, each, document=document, text=text)
    )
    return Feed(
        title=title if document is None else text("title", title=title, document=document),
        identifier=_identifier(document or "everything"),
        text=text,
        items=tuple(islice(items, MOST_ITEMS)),
        updated_at=runs[0].started_at if runs else None,
    )


def render_atom(feed: Feed) -> Iterator[str]:
    """RFC 4287."""
    generator = FeedGenerator()
    generator.id(feed.identifier)
    generator.title(_plain(feed.title))
    generator.subtitle(feed.text("feed.subtitle"))
    generator.language(feed.text.language.tag)
    generator.author(name="crawler")
    generator.generator("crawler")
    generator.updated(feed.updated_at or datetime.fromisoformat("1970-01-01T00:00:00+00:00"))
    for item in feed.items:
        entry = generator.add_entry(order="append")
        entry.id(item.identifier)
        entry.title(_plain(item.title))
        entry.link(href=_plain(item.url))
        entry.summary(_plain(item.summary))
        entry.published(item.published_at)
        entry.updated(item.published_at)
    yield generator.atom_str(pretty=True).decode()


def render_json_feed(feed: Feed) -> Iterator[str]:
    """https://www.jsonfeed.org/version/1.1/"""
    told = {
        "version": JSON_FEED,
        "title": feed.title,
        "description": feed.text("feed.subtitle"),
        "language": feed.text.language.tag,
        "items": [
            {
                "id": item.identifier,
                "title": item.title,
                "url": item.url,
                "content_text": item.summary or item.title,
                "date_published": item.published_at.isoformat().replace("+00:00", "Z"),
            }
            for item in feed.items
        ],
    }
    yield json.dumps(told, ensure_ascii=False, indent=2) + "\n"


def _item(run: Run, change: News, text: Text) -> FeedItem:
    name = change.places[0].entry if change.places else change.url
    where = [
        place.document if place.line is None else f"{place.document}:{place.line}" for place in change.places
    ]
    said = [change.url, change.evidence, change.told, text("comma").join(where)]
    return FeedItem(
        identifier=_identifier(f"{run.id}:{change.kind}:{change.url}"),
        title=text("feed.entry", what=change.what, name=name),
        url=change.url,
        summary=text("separator").join(filter(None, said)),
        published_at=run.started_at,
    )


def _identifier(of: str) -> str:
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'{HOME}:{of}')}"


def _plain(text: str) -> str:
    """Without control characters, which XML 1.0 has no way to write."""
    return (
        "".join(
            character if unicodedata.category(character) not in {"Cc", "Cs"} else " " for character in text
        )
        .replace("\ufffe", " ")
        .replace("\uffff", " ")
    )
