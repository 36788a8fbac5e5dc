"""The stale-link report as one HTML file: no network, no framework; without scripts it is only less handy.

Everything from outside passes Jinja2's autoescape. The page's policy lets nothing load and nothing run but
the one script and the one style sheet whose digests it names.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from crawler import __version__
from crawler.report.charts import draw_lines, draw_stacked
from crawler.report.over_time import OverTime
from crawler.report.stale_model import StaleReport, Topic
from crawler.report.wording import WORST_FIRST, describe_run, format_day

TEMPLATES: Final = Path(__file__).parent / "templates"
AT_LEAST: Final = 2
"""Nights that make a chart."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing, what its colours mean, and its numbers for those who cannot see it."""

    name: str
    svg: Markup
    legend: tuple[tuple[int, str], ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    heading: str
    note: str


def render_html(
    report: StaleReport, collect_over_time: Callable[[], OverTime], browse: tuple[tuple[str, str], ...] = ()
) -> Iterator[str]:
    """The page in pieces; `browse` is where it leads when it is served, with what that is called.

    Each part is read from the database when the page reaches it; the counts by state are out by then.
    """
    script, style = _asset("report.js"), _asset("report.css")
    policy = (
        f"default-src 'none'; script-src {_digest(script)}; style-src {_digest(style)};"
        " base-uri 'none'; form-action 'none'"
    )
    yield from (
        _environment()
        .get_template("report.html")
        .generate(
            report=report,
            browse=browse,
            t=report.text,
            script=Markup(script),  # noqa: S704 - ours, and must be byte for byte what the digest is of
            style=Markup(style),  # noqa: S704
            policy=policy,
            count_topics=lambda: _count_topics(report),
            states=[(state, report.states[state]) for state in WORST_FIRST if report.states.get(state)],
            group_news=lambda: [
                (what, list(group)) for what, group in groupby(report.news, key=lambda news: news.what)
            ],
            draw_charts=lambda: list(_charts(report, collect_over_time())),
            verdict=_verdict(report),
            described_run=describe_run(report.run, report.text) if report.run else "",
            version=__version__,
        )
    )
    yield "\n"


def _count_topics(report: StaleReport) -> list[tuple[Topic, int]]:
    """What is open, the gravest first."""
    counts = Counter(item.topic for document in report.documents for item in document.items)
    return [(topic, counts[topic]) for topic in Topic if counts[topic]]


def _verdict(report: StaleReport) -> str:
    """Shorter than in plain text: the page shows the counts below it."""
    if report.run is None or report.is_all_well:
        return report.verdict()
    links = report.text.count(sum(report.states.values()), "counts.link")
    return report.text("verdict.open", run=describe_run(report.run, report.text), links=links)


def _charts(report: StaleReport, over_time: OverTime) -> Iterator[Chart]:
    text, runs = report.text, over_time.runs
    if len(runs) < AT_LEAST:
        return
    days = tuple(format_day(run.started_at, text) for run in runs)
    states = [state for state in WORST_FIRST if any(count[state] for count in over_time.states)]
    named = {state: text(f"states.{state}") for state in WORST_FIRST}
    heading = text("page.health_chart")
    yield Chart(
        name="health",
        svg=_drawn(
            draw_stacked(
                days,
                {name: [count[state] for count in over_time.states] for state, name in named.items()},
                heading,
            )
        ),
        legend=tuple((WORST_FIRST.index(state), named[state]) for state in states),
        columns=(text("page.run_column"), *(named[state] for state in states)),
        rows=tuple(
            (f"{run.id} · {day}", *(f"{count[state]:,}" for state in states))
            for run, day, count in zip(runs, days, over_time.states, strict=True)
        ),
        heading=heading,
        note=text("page.health_chart_note"),
    )
    if not over_time.stars:
        return
    heading = text("page.star_chart")
    gains = {
        growth.name: [None if stars is None else stars - _first(growth.stars) for stars in growth.stars]
        for growth in over_time.stars
    }
    yield Chart(
        name="stars",
        svg=_drawn(draw_lines(days, gains, heading)),
        legend=tuple(enumerate(gains)),
        columns=(text("page.name"), text("page.gained"), text("page.now")),
        rows=tuple(
            (growth.name, f"+{growth.gained:,}", f"{growth.stars[-1] or 0:,}") for growth in over_time.stars
        ),
        heading=heading,
        note=text("page.star_chart_note", day=days[0]),
    )


def _first(values: tuple[int | None, ...]) -> int:
    return next((value for value in values if value is not None), 0)


def _drawn(svg: str) -> Markup:
    return Markup(svg)  # noqa: S704 - written by a serialiser, which escapes


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["day"] = format_day
    environment.tests["web_address"] = is_web_address
    return environment


def is_web_address(url: str) -> bool:
    """Whether an address may stand in an href: a stranger's `javascript:` may not."""
    try:
        return urlsplit(url).scheme in {"http", "https"}
    except ValueError:
        return False


def _asset(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _digest(source: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"
