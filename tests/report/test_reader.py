"""`crawler.open`: the rows of the export as typed values, as of any night."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest

import crawler
from crawler.errors import UnableError, UsageError
from crawler.report.export import export_catalog
from crawler.report.reader import AsOf
from tests.report.conftest import ALPACA, PHI, Nights, missing, saw


@pytest.fixture
def crawled(nights: Nights) -> Nights:
    nights.pass_night(saw(ALPACA, facts={"license": "MIT", "stars": 7}))
    nights.pass_night(saw(ALPACA, facts={"license": "0BSD", "stars": 9}), missing(PHI))
    return nights


@pytest.mark.parametrize("when", [None, "1", "2"])
def test_entries_are_the_lines_of_the_export(crawled: Nights, when: str | None) -> None:
    lines = [json.loads(line) for line in export_catalog(crawled.config, "jsonl", as_of=when)]
    with crawler.open(crawled.database) as reader:
        assert [json.loads(msgspec.json.encode(entry)) for entry in reader.entries(when)] == lines


@pytest.mark.parametrize("when", [None, "1", "2"])
def test_links_are_those_of_the_export(crawled: Nights, when: str | None) -> None:
    whole = json.loads("".join(export_catalog(crawled.config, "json", as_of=when)))
    with crawler.open(crawled.database) as reader:
        assert [json.loads(msgspec.json.encode(link)) for link in reader.links(when)] == whole["links"]


@pytest.mark.parametrize(
    "when",
    [1, "1", date(2026, 11, 1), datetime(2026, 11, 1, 12, tzinfo=UTC), "2026-11-01"],
    ids=["number", "text", "day", "time", "day-as-text"],
)
def test_every_way_to_say_when(crawled: Nights, when: AsOf) -> None:
    with crawler.open(str(crawled.database)) as reader:
        first = next(entry for entry in reader.entries(when) if entry.id == "first/alpaca")
    assert (first.observed.stars, first.observed.license) == (7, "MIT")


def test_changes_of_one_run_and_of_all(crawled: Nights) -> None:
    with crawler.open(crawled.database) as reader:
        told = [
            (each.kind, each.url, each.before, each.after, each.source_after) for each in reader.changes(2)
        ]
        assert len(list(reader.changes())) == len(told) + len(list(reader.changes(1)))
        assert [run.id for run in reader.runs()] == [2, 1]
    assert told == [
        ("license-changed", ALPACA, "MIT", "0BSD", "github"),
        ("suspect", PHI, "healthy", "suspect", None),
    ]


def test_what_cannot_be_read(tmp_path: Path, crawled: Nights) -> None:
    with pytest.raises(UnableError, match="no database"):
        crawler.open(tmp_path / "none.db")
    with crawler.open(crawled.database) as reader, pytest.raises(UsageError, match="no run"):
        next(reader.links(date(2020, 1, 1)))
