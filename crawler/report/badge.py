"""`links healthy 97 %`, for a README: shields.io's endpoint JSON, or an SVG that asks nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

import anybadge

from crawler.records import State
from crawler.report.columns import cell_width
from crawler.report.stale_model import StaleReport

WORKING: Final = (State.HEALTHY, State.MOVED)
FAILING: Final = (State.SUSPECT, State.DEAD)
COLOURS: Final = ((97, "brightgreen", "#3c8f2f"), (90, "green", "#5f8a00"), (75, "yellow", "#8f6d00"))
WORST: Final = ("red", "#b3342b")
NO_COLOUR: Final = ("lightgrey", "#6b6b6b")


def healthy_percent(report: StaleReport) -> int | None:
    """Of the links we can tell of; what keeps us out or never answered says nothing. Rounded down."""
    working = sum(report.states.get(state, 0) for state in WORKING)
    told = working + sum(report.states.get(state, 0) for state in FAILING)
    return working * 100 // told if told else None


def render_badge_json(report: StaleReport) -> Iterator[str]:
    """https://shields.io/badges/endpoint-badge"""
    percent = healthy_percent(report)
    yield (
        json.dumps(
            {
                "schemaVersion": 1,
                "label": report.text("badge.label"),
                "message": _message(report, percent),
                "color": _colours(percent)[0],
            },
            ensure_ascii=False,
        )
        + "\n"
    )


def render_badge_svg(report: StaleReport) -> Iterator[str]:
    percent = healthy_percent(report)
    label = report.text("badge.label")
    badge = anybadge.Badge(
        label,
        _message(report, percent),
        default_color=_colours(percent)[1],
        num_label_padding_chars=1 + (cell_width(label) - len(label)) / 2,
    )
    yield badge.badge_svg_text


def _message(report: StaleReport, percent: int | None) -> str:
    return report.text("badge.unknown") if percent is None else f"{percent} %"


def _colours(percent: int | None) -> tuple[str, str]:
    if percent is None:
        return NO_COLOUR
    return next(((name, code) for least, name, code in COLOURS if percent >= least), WORST)
