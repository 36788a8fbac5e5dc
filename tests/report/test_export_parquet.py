"""Parquet: the rows of the CSV with types, written in batches."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from crawler.errors import UsageError
from crawler.report import export_parquet as module
from crawler.report.export import export_catalog
from crawler.report.export_parquet import export_parquet
from tests.report.conftest import ALPACA, PHI, Nights, missing, saw

FACTS = {
    ALPACA: {"stars": 7, "license": "MIT", "archived": False, "topics": ["a", "b"], "host_id": 5},
    PHI: {"gated": "manual", "parameter_count": 7_000_000_000, "arxiv_ids": ["2305.15334"]},
}


@pytest.fixture
def crawled(nights: Nights) -> Nights:
    nights.pass_night(*(saw(url, facts=facts) for url, facts in FACTS.items()))
    nights.pass_night(missing(ALPACA))
    return nights


def read(nights: Nights, tmp_path: Path, as_of: str | None = None) -> list[dict[str, Any]]:
    export_parquet(nights.config, tmp_path / "out.parquet", as_of=as_of)
    rows: list[dict[str, Any]] = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    return rows


def test_the_rows_of_the_csv(crawled: Nights, tmp_path: Path) -> None:
    rows = read(crawled, tmp_path)
    text = "".join(export_catalog(crawled.config, "csv", as_of=None))
    table = list(csv.DictReader(io.StringIO(text)))
    assert [row["id"] for row in rows] == [row["id"] for row in table]
    assert [row["health.state"] or "" for row in rows] == [row["health.state"] for row in table]
    assert list(rows[0]) == list(table[0])


def test_values_have_types(crawled: Nights, tmp_path: Path) -> None:
    by_link = {row["link"]: row for row in read(crawled, tmp_path)}
    alpaca, phi = by_link[ALPACA], by_link[PHI]
    assert (alpaca["facts.stars"], alpaca["facts.archived"], alpaca["facts.topics"]) == (7, False, ["a", "b"])
    assert (alpaca["facts.host_id"], alpaca["health.strikes"]) == ("5", 1)
    assert (phi["facts.parameter_count"], phi["facts.gated"]) == (7_000_000_000, "manual")
    assert phi["facts.stars"] is None
    assert alpaca["findings"] == []


def test_as_of_and_batches(crawled: Nights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read(crawled, tmp_path, "1")
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 2)
    assert read(crawled, tmp_path, "1") == whole
    assert parquet.ParquetFile(tmp_path / "out.parquet").num_row_groups == (len(whole) + 1) // 2
    assert {row["health.state"] for row in whole} == {"healthy", None}


def test_a_catalog_without_entries(nights: Nights, tmp_path: Path) -> None:
    nights.catalog = type(nights.catalog)()
    with nights.open() as store:
        store.begin_run(nights.catalog, nights.now)
    assert read(nights, tmp_path) == []


def test_it_needs_a_file_and_the_extra(
    crawled: Nights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="no text"):
        export_parquet(crawled.config, None, as_of=None)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match="crawler\\[parquet\\]"):
        export_parquet(crawled.config, tmp_path / "out.parquet", as_of=None)
    assert not (tmp_path / "out.parquet").exists()
