"""Values over time → SVG to stand in a page, drawn by pygal; the page's own style sheet colours them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final
from xml.etree import ElementTree as ET

import pygal

SVG: Final = "http://www.w3.org/2000/svg"
NOT_DRAWN: Final = frozenset({"defs", "title", "desc"})
FOR_SCRIPTS: Final = frozenset({"titles", "legends", "overlay", "text-overlay", "tooltip-overlay"})
MOST_LABELS: Final = 6

# pygal leaves an import hook of Python 2's kind behind, which only makes every later import warn.
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]
ET.register_namespace("", SVG)


def draw_stacked(labels: Sequence[str], series: Mapping[str, Sequence[float | None]], label: str) -> str:
    """One bar per label, the series on top of each other. `label` is what a screen reader says."""
    return _draw(pygal.StackedBar, labels, series, label)


def draw_lines(labels: Sequence[str], series: Mapping[str, Sequence[float | None]], label: str) -> str:
    """One line per series."""
    return _draw(pygal.Line, labels, series, label, show_dots=len(labels) < MOST_LABELS)


def _draw(
    kind: Any, labels: Sequence[str], series: Mapping[str, Sequence[float | None]], label: str, **options: Any
) -> str:
    chart = kind(
        margin=6,
        margin_left=24,
        margin_right=28,
        width=720,
        height=280,
        js=[],
        css=[],
        show_legend=False,
        show_minor_x_labels=False,
        spacing=0,
        max_scale=6,
        disable_xml_declaration=True,
        value_formatter=lambda value: f"{value:,.0f}",
        **options,
    )
    chart.x_labels = list(labels)
    every = max(1, -(-len(labels) // MOST_LABELS))
    chart.x_labels_major = list(labels)[::every]
    for name, values in series.items():
        chart.add(name, list(values))
    return _for_page(chart.render(is_unicode=True), label)


def _for_page(svg: str, label: str) -> str:
    """Only the drawing: no script, no style, no link and no hidden text of the library's own."""
    root = ET.fromstring(svg)  # noqa: S314 - pygal wrote it just now
    for parent in list(root.iter()):
        for child in list(parent):
            name = child.tag.removeprefix(f"{{{SVG}}}")
            if name in NOT_DRAWN or FOR_SCRIPTS & set(child.get("class", "").split()):
                parent.remove(child)
    root.attrib.pop("id", None)
    root.set("role", "img")
    root.set("aria-label", label)
    return ET.tostring(root, encoding="unicode")
