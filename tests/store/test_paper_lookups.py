"""Each paper is asked about once a month; what the Hub said is dated like any pointer."""

from __future__ import annotations

from datetime import timedelta

from crawler.records import RunState

from .conftest import PAPER, REPOSITORY, Nights, catalog, entry

OTHER = "https://arxiv.org/abs/2301.00001"


def test_once_a_month_the_longest_unasked_first(nights: Nights) -> None:
    nights.catalog = catalog(entry("a", PAPER, REPOSITORY), entry("b", OTHER))
    with nights.open() as store:
        run = nights.begin(store)
        assert store.papers_to_look_up(10) == ["2305.15334", "2301.00001"]
        assert store.papers_to_look_up(1) == ["2305.15334"]
        store.record_paper(run, "2305.15334", [REPOSITORY])
        assert store.papers_to_look_up(10) == ["2301.00001"]
        nights.clock.advance(timedelta(days=29))
        store.record_paper(run, "2301.00001", [])
        nights.clock.advance(timedelta(days=1))
        assert store.papers_to_look_up(10) == ["2305.15334"]
        nights.clock.advance(timedelta(days=30))
        assert store.papers_to_look_up(10) == ["2305.15334", "2301.00001"]
    nights.catalog = catalog(entry("b", OTHER))
    with nights.open() as store:
        run = nights.begin(store)
        assert store.papers_to_look_up(10) == ["2301.00001"], "the other has left the catalog"


def test_what_is_said_no_more_is_closed(nights: Nights) -> None:
    for urls in ([REPOSITORY], [REPOSITORY], []):
        with nights.open() as store:
            run = nights.begin(store)
            store.record_paper(run, "2305.15334", urls)
            store.finish_run(run, RunState.FINISHED, {})
        nights.clock.advance(timedelta(days=30))
    assert nights.rows("SELECT url, source, from_run_id, until_run_id FROM pointers") == [
        (REPOSITORY, "huggingface-papers", 1, 3)
    ]
