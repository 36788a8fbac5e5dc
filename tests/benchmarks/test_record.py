"""The benchmark of recording measures what it says, at a size that takes no time."""

from __future__ import annotations

from pathlib import Path

from benchmarks.record import LOOKS, measure


def test_all_looks_of_all_nights_are_measured(tmp_path: Path) -> None:
    figures = list(measure(tmp_path, 300, 100, list(LOOKS)))
    assert {figure.looks for figure in figures} == {300}
    assert len({figure.name for figure in figures}) == 1 + len(LOOKS) * 2 * 3
    for figure in figures:
        first = "first" in figure.name or "executemany" in figure.name
        assert (figure.grown > 0) is first or "1 %" in figure.name, figure
