"""Columns of a terminal, with characters of no, one and two cells."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from crawler.report.columns import cell_width, clip, pad


@pytest.mark.parametrize(
    ("text", "cells"),
    [("", 0), ("abc", 3), ("小羊驼", 6), ("ＷＩＤＥ", 8), ("e\u0301", 1), ("한국어", 6), ("ｶﾅ", 2)],
)
def test_cell_width(text: str, cells: int) -> None:
    assert cell_width(text) == cells


def test_pad_and_clip() -> None:
    assert pad("小羊", 6) == "小羊  "
    assert pad("longer", 3) == "longer"
    assert clip("小羊驼", 6) == "小羊驼"
    assert clip("小羊驼们", 6) == "小羊…"
    assert clip("Vicuna", 5) == "Vicu…"


@given(some.text(), some.integers(1, 30))
def test_a_clipped_text_fits(text: str, width: int) -> None:
    assert cell_width(clip(text, width)) <= max(width, 1)
    assert cell_width(pad(clip(text, width), width)) >= width
