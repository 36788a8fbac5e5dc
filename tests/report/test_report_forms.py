"""The report for machines and readers of feeds: JSON, feeds, badges; its languages; --if-changed."""

from __future__ import annotations

import json
import string
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from crawler.records import FindingKind, Outcome, Reason, RunState, State
from crawler.report.badge import healthy_percent
from crawler.report.charts import draw_lines, draw_stacked
from crawler.report.issue_text import write_issues
from crawler.report.language import FOLDER, Language, language_of, load_text
from crawler.report.over_time import MOST_RUNS, choose_evenly, collect_over_time
from crawler.report.reading import reading
from crawler.report.stale import stale_report
from crawler.report.stale_collector import NEWS
from crawler.report.stale_html import is_web_address
from crawler.report.stale_model import StaleReport, Topic
from crawler.store.events import EventKind
from tests.report.conftest import ALPACA, BLOG, FASTCHAT, PAPER, VICUNA, Nights, missing, saw

ATOM = "{http://www.w3.org/2005/Atom}"


def told(nights: Nights, format_name: str, **options: Any) -> str:
    return "".join(stale_report(nights.config, format_name, document=None, as_of=None, **options) or ())


@pytest.fixture
def eventful(nights: Nights) -> Nights:
    """Four nights: one link dead, one moved, one back again."""
    facts = {"stars": 3}
    nights.pass_night(saw(ALPACA, facts=facts))
    moved = saw(VICUNA, Outcome.MOVED, Reason.RENAMED, suggested_url=FASTCHAT)
    nights.pass_night(missing(ALPACA), missing(PAPER))
    nights.pass_night(missing(ALPACA))
    nights.pass_night(missing(ALPACA), moved)
    nights.pass_night(missing(ALPACA), moved)
    return nights


# --- languages ---


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_catalogues_have_the_same_keys_with_the_same_values_to_fill_in() -> None:
    trees = [tomllib.loads((FOLDER / f"{language}.toml").read_text()) for language in Language]
    assert load_text(Language.EN).keys() == load_text(Language.ZH).keys()

    def compare(one: Any, other: Any) -> None:
        if isinstance(one, dict):
            for key in one:
                compare(one[key], other[key])
        else:
            ours, theirs = (value if isinstance(value, str) else value[-1] for value in (one, other))
            assert placeholders(ours) == placeholders(theirs), ours

    compare(*trees)


@pytest.mark.parametrize("language", list(Language))
def test_every_code_has_a_word(language: Language) -> None:
    text = load_text(language)
    for state in State:
        assert text(f"states.{state}")
    for topic in Topic:
        assert text(f"topics.{topic}")
        assert text(f"labels.{topic}")
    for kind in NEWS:
        assert text(f"news.{kind}")
    for ending in RunState:
        assert text(f"run.{ending}", id=1, time="then")


def test_every_event_has_its_place_in_the_news() -> None:
    assert set(NEWS) == set(EventKind) - {EventKind.OUTAGE}
    assert {Topic(kind.value) for kind in FindingKind} <= set(Topic)


@pytest.mark.parametrize(
    ("titles", "expected"),
    [
        (["中文语言大模型"], Language.ZH),
        (["寻找那些ChatGPT/GPT4开源“平替”们"], Language.ZH),
        (["Awesome LLM"], Language.EN),
        (["大模型", "Awesome LLM"], Language.EN),
        (["大模型", "百宝袋", "Awesome LLM"], Language.ZH),
        ([], Language.EN),
        (["2024"], Language.EN),
    ],
)
def test_the_language_is_that_of_most_titles(titles: list[str], expected: Language) -> None:
    assert language_of(titles) is expected


@pytest.mark.parametrize("format_name", ["terminal", "markdown", "html"])
def test_a_chinese_report_says_nothing_of_ours_in_english(eventful: Nights, format_name: str) -> None:
    text = told(eventful, format_name, language=Language.ZH)
    assert "失效链接" in text
    for english in ("failing since", "last alive", "Changed in", "replace with", "newly dead"):
        assert english not in text


# --- for machines ---


def test_json_says_what_changed_and_what_to_paste(eventful: Nights) -> None:
    report = json.loads(told(eventful, "json"))
    assert (report["run"]["id"], report["run"]["state"]) == (5, "finished")
    items = {item["url"]: item for document in report["documents"] for item in document["items"]}
    assert items[ALPACA]["topic"] == "dead"
    assert items[ALPACA]["since"].startswith("2026-11-02")
    assert items[VICUNA]["replacement"] == FASTCHAT
    assert items[ALPACA]["places"][0] == {"document": "first", "line": 12, "entry": "Alpaca-LoRA"}
    assert report["states"]["dead"] == 1


def test_quiet_unless_something_changed(nights: Nights) -> None:
    def says(format_name: str = "terminal") -> bool:
        options = {"document": None, "as_of": None, "if_changed": True}
        return stale_report(nights.config, format_name, **options) is not None  # type: ignore[arg-type]

    nights.pass_night()
    assert not says()
    nights.pass_night(missing(BLOG))
    assert says()
    assert says("html")
    nights.pass_night(missing(BLOG))
    assert not says()


def test_a_first_run_with_something_to_tell_is_a_change(nights: Nights) -> None:
    nights.pass_night(missing(BLOG))
    assert told(nights, "terminal", if_changed=True) == told(nights, "terminal")


# --- feeds ---


def test_atom_tells_each_change_once_the_latest_first(eventful: Nights) -> None:
    root = ET.fromstring(told(eventful, "atom"))
    titles = [entry.findtext(f"{ATOM}title") for entry in root.iter(f"{ATOM}entry")]
    assert titles[:2] == ["newly dead: Alpaca-LoRA", "moved: Vicuna 小羊驼"]
    assert "suspect: Alpaca-LoRA" in titles
    times = [str(entry.findtext(f"{ATOM}updated")) for entry in root.iter(f"{ATOM}entry")]
    assert times == sorted(times, reverse=True)
    identifiers = [entry.findtext(f"{ATOM}id") for entry in root.iter(f"{ATOM}entry")]
    assert len(set(identifiers)) == len(identifiers)


def test_a_feed_says_the_same_of_a_night_ever_after(eventful: Nights) -> None:
    def items() -> dict[str, Any]:
        return {item["id"]: item for item in json.loads(told(eventful, "jsonfeed"))["items"]}

    before = items()
    eventful.pass_night(missing(ALPACA), missing(BLOG))
    after = items()
    assert len(after) > len(before)
    assert {key: after[key] for key in before} == before


def test_json_feed_has_what_readers_ask_for(eventful: Nights) -> None:
    feed = json.loads(told(eventful, "jsonfeed"))
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    for item in feed["items"]:
        assert item["id"]
        assert item["content_text"]
        assert datetime.fromisoformat(item["date_published"])


@pytest.mark.parametrize("format_name", ["atom", "jsonfeed", "badge", "badge-json", "json", "html"])
def test_before_the_first_crawl_every_form_is_whole(nights: Nights, format_name: str) -> None:
    assert told(nights, format_name)


# --- badges ---


@pytest.mark.parametrize(
    ("states", "percent"),
    [
        ({State.HEALTHY: 97, State.DEAD: 3}, 97),
        ({State.HEALTHY: 999, State.SUSPECT: 1}, 99),
        ({State.HEALTHY: 1, State.MOVED: 1, State.RESTRICTED: 50, State.UNKNOWN: 9}, 100),
        ({State.RESTRICTED: 5}, None),
        ({}, None),
    ],
    ids=["share", "rounded down", "what keeps us out says nothing", "nothing told", "no links"],
)
def test_the_badge_counts_what_can_be_told(states: dict[State, int], percent: int | None) -> None:
    assert healthy_percent(StaleReport("x", None, states)) == percent


def test_badges_for_shields_and_for_nobody(eventful: Nights) -> None:
    endpoint = json.loads(told(eventful, "badge-json"))
    assert endpoint == {"schemaVersion": 1, "label": "links healthy", "message": "83 %", "color": "yellow"}
    root = ET.fromstring(told(eventful, "badge"))
    assert root.tag.endswith("svg")
    assert "83 %" in "".join(root.itertext())


# --- the issue of each list ---


def test_each_list_has_an_issue_in_its_language(eventful: Nights) -> None:
    eventful.pass_night(missing(ALPACA), missing(BLOG))
    first, second = write_issues(eventful.config, document=None, language=None)
    assert (first.document, second.document) == ("first", "second")
    assert "失效" in (first.body or "")
    assert "suspect" in (second.body or "")
    assert "@everyone" not in (second.body or "")


# --- pages and charts ---


def test_health_over_time_is_what_each_night_said(eventful: Nights) -> None:
    with reading(eventful.config) as history:
        over_time = collect_over_time(history, history.latest_run(), None)
        for run, states in zip(over_time.runs, over_time.states, strict=True):
            counted = {state: count for state, count in history.state_counts(run).items() if count}
            assert dict(states) == counted, run


def test_of_many_runs_the_first_and_the_last_are_kept() -> None:
    runs: list[Any] = list(range(1000))
    chosen: list[Any] = list(choose_evenly(runs, MOST_RUNS))
    assert (len(chosen), chosen[0], chosen[-1]) == (MOST_RUNS, 0, 999)
    assert len(set(chosen)) == MOST_RUNS
    assert choose_evenly(runs[:3], MOST_RUNS) == runs[:3]


@pytest.mark.parametrize("draw", [draw_stacked, draw_lines])
def test_a_chart_is_a_drawing_and_nothing_else(draw: Any) -> None:
    svg = draw(["<a>", "b"], {"<script>": [1, None], "x": [3, 4]}, '"label" & more')
    root = ET.fromstring(svg)
    assert root.get("aria-label") == '"label" & more'
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert not tags & {"script", "style", "a", "foreignObject", "defs"}
    assert not [element for element in root.iter() if element.get("style") or element.get("onclick")]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.org/", True),
        ("HTTP://example.org/", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//[", False),
        ("", False),
    ],
)
def test_only_web_addresses_become_links(url: str, expected: bool) -> None:
    assert is_web_address(url) is expected


def test_templates_hold_no_address_to_load_from() -> None:
    folder = Path(FOLDER).parent / "templates"
    for file in folder.iterdir():
        content = file.read_text()
        assert "http" not in content.replace("http-equiv", "").replace("https?", ""), file
        assert "|safe" not in content
