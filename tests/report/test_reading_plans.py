"""How SQLite reads for the readers: by index, and the first row before the last is read."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from crawler.records import Exclusion, Reason, State
from crawler.report.over_time import OverTime
from crawler.report.stale_collector import collect_report
from crawler.report.stale_html import render_html
from crawler.report.stale_json import render_json
from crawler.report.stale_markdown import render_markdown
from crawler.report.stale_model import StaleReport
from crawler.report.stale_terminal import render_terminal
from crawler.store.history import History
from tests.report.conftest import ALPACA, PAPER, PHI, VICUNA, Nights, missing, saw

LARGE = ("links", "mentions", "entries", "health", "facts", "counters", "observations", "events", "findings")
"""Tables with rows for every link; a short alias of one counts too."""


class Listener:
    """A history's own questions, with the plan of each."""

    def __init__(self, history: History, monkeypatch: pytest.MonkeyPatch) -> None:
        self.plans: list[str] = []
        self._connection = history._connection
        ask = history._query

        def query(sql: str, parameters: Any = ()) -> Iterator[sqlite3.Row]:
            plan = self._connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
            self.plans.append("\n".join(row["detail"] for row in plan))
            return ask(sql, parameters)

        monkeypatch.setattr(history, "_query", query)


@pytest.fixture
def told(nights: Nights) -> Nights:
    nights.pass_night(
        saw(ALPACA, facts={"full_name": "tloen/alpaca-lora", "license": "MIT", "stars": 7}),
        saw(PHI, facts={"arxiv_ids": ["2305.15334"]}),
        missing(VICUNA),
    )
    nights.pass_night(saw(ALPACA, facts={"license": "Apache-2.0", "stars": 9}))
    return nights


def plans_of(
    nights: Nights, monkeypatch: pytest.MonkeyPatch, ask: Callable[[History], Iterable[Any] | object]
) -> list[str]:
    with History.open(nights.config.database) as history:
        listener = Listener(history, monkeypatch)
        answer = ask(history)
        if isinstance(answer, Iterator):
            list(answer)
        assert listener.plans
        return listener.plans


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda history: history.link(ALPACA), id="link"),
        pytest.param(lambda history: history.places(ALPACA), id="places"),
        pytest.param(lambda history: history.looks(ALPACA), id="looks"),
        pytest.param(lambda history: history.fact_versions(ALPACA), id="facts"),
        pytest.param(lambda history: history.findings(url=ALPACA), id="findings"),
        pytest.param(lambda history: history.entry("first/alpaca"), id="entry"),
        pytest.param(lambda history: history.graph.aliases(ALPACA), id="aliases"),
        pytest.param(lambda history: history.graph.connections(ALPACA), id="connections"),
        pytest.param(lambda history: history.graph.connections(PAPER), id="who names a paper"),
        pytest.param(lambda history: history.changes(history.latest_run()), id="changes"),
        pytest.param(lambda history: history.links(document="second"), id="links of a document"),
        pytest.param(
            lambda history: history.links_in([State.DEAD], [Reason.INVALID_URL], history.latest_run()),
            id="links in a state",
        ),
    ],
)
def test_one_thing_is_found_by_index(
    told: Nights, monkeypatch: pytest.MonkeyPatch, ask: Callable[[History], Any]
) -> None:
    for plan in plans_of(told, monkeypatch, ask):
        scans = re.findall(r"^SCAN (\w+)", plan, re.MULTILINE)
        assert not set(scans) & set(LARGE), plan


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda history: history.links(), id="links"),
        pytest.param(lambda history: history.entries(), id="entries"),
        pytest.param(lambda history: history.urls(), id="urls"),
    ],
)
def test_streams_come_in_the_order_of_an_index(
    told: Nights, monkeypatch: pytest.MonkeyPatch, ask: Callable[[History], Any]
) -> None:
    for plan in plans_of(told, monkeypatch, ask):
        scans = [
            line for line in plan.splitlines() if line.startswith(tuple(f"SCAN {name}" for name in LARGE))
        ]
        if scans:
            assert all("USING" in line and "sqlite_autoindex" in line for line in scans), plan
            assert "TEMP B-TREE FOR" not in plan, plan


def test_states_are_counted_without_a_look_at_each_link(
    told: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    (*_, plan) = plans_of(told, monkeypatch, lambda history: history.state_counts())
    for scan in re.findall(r"^SCAN (?:links|health|mentions).*", plan, re.MULTILINE):
        assert "COVERING INDEX" in scan, plan


@pytest.mark.parametrize("url", [ALPACA, PHI, PAPER, VICUNA])
def test_one_link_has_what_the_views_say_of_it(told: Nights, url: str) -> None:
    told.pass_night(saw(VICUNA, pointers={"github-homepage": (PHI, ALPACA)}))
    with History.open(told.config.database) as history:
        graph = history.graph
        rows = history._query("SELECT * FROM connections WHERE url = :url OR to_url = :url", {"url": url})
        expected = sorted((row["url"], row["to_url"], row["leg"], row["source"]) for row in rows)
        assert (
            sorted((each.url, each.to_url, each.leg, each.source) for each in graph.connections(url))
            == expected
        )
        names = [
            row["name"]
            for row in history._query("SELECT name FROM aliases WHERE url = ? ORDER BY since, told_by", [url])
        ]
        assert [alias.name for alias in graph.aliases(url)] == names


def test_a_link_that_is_only_excluded_or_gone_is_not_counted(told: Nights) -> None:
    told.catalog = replace(
        told.catalog,
        entries=told.catalog.entries[:1],
        exclusions=(
            Exclusion("https://example.org/never-listed", "nobody lists it"),
            Exclusion(ALPACA, "listed"),
        ),
    )
    told.pass_night(missing(ALPACA))
    with History.open(told.config.database) as history:
        counted = {state: count for state, count in history.state_counts().items() if count}
        assert counted == Counter(link.health.state for link in history.links())
        assert sum(counted.values()) == 2


@pytest.mark.parametrize(
    ("render", "said_first"),
    [
        pytest.param(render_markdown, "links", id="markdown"),
        pytest.param(render_terminal, "links", id="terminal"),
        pytest.param(lambda report: render_html(report, lambda: OverTime((), (), ())), "links", id="html"),
        pytest.param(render_json, '"document"', id="json"),
    ],
)
def test_a_report_begins_before_all_that_is_open_is_read(
    told: Nights,
    monkeypatch: pytest.MonkeyPatch,
    render: Callable[[StaleReport], Iterator[str]],
    said_first: str,
) -> None:
    told.pass_night(missing(PAPER))
    with History.open(told.config.database) as history:
        report = collect_report(history, history.latest_run(), title="A title", document=None)
        listener = Listener(history, monkeypatch)
        pieces = render(report)
        said = ""
        while said_first not in said:
            said += next(pieces)
        assert not [plan for plan in listener.plans if "findings" in plan or "doubtful" in plan]
        "".join(pieces)
        assert [plan for plan in listener.plans if "findings" in plan]
        assert [plan for plan in listener.plans if "doubtful" in plan]
