"""The report tells how many findings are put aside, and of sizes that changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from crawler.records import FindingKind, Suppression
from crawler.report.language import Language
from crawler.report.stale import stale_report
from tests.report.conftest import ALPACA, CATALOG, PHI, Nights, saw


def report(nights: Nights, language: Language) -> str:
    told = stale_report(nights.config, "terminal", document=None, as_of=None, language=language)
    return "".join(told or ())


@pytest.mark.parametrize(
    ("language", "put_aside", "changed"),
    [
        (Language.EN, "1 finding is put aside by the catalog", "size changed"),
        (Language.ZH, "目录已搁置 1 项发现", "规模变更"),
    ],
    ids=["en", "zh"],
)
def test_put_aside_and_another_size(nights: Nights, language: Language, put_aside: str, changed: str) -> None:
    suppression = Suppression("first/alpaca", FindingKind.GATED, "known", date(2027, 1, 1))
    nights.pass_night(saw(PHI, facts={"parameter_count": 7_000}), saw(ALPACA, facts={"gated": "auto"}))
    assert put_aside not in report(nights, language)
    nights.catalog = replace(CATALOG, suppressions=(suppression,))
    nights.pass_night(saw(PHI, facts={"parameter_count": 8_000}))
    text = report(nights, language)
    assert put_aside in text
    assert changed in text
    assert "7000 → 8000" in text
