"""Three simulated years, by the benchmark that docs/schema.md quotes."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.history import THREE_YEARS, Growth, describe, measure


def check(growth: Growth) -> None:
    assert growth.megabytes(growth.unchanged) < 1
    assert growth.megabytes(growth.moving) < 3


def test_a_few_nights(tmp_path: Path) -> None:
    growth = measure(tmp_path, links=1_000, nights=4)
    check(growth)
    assert growth.megabytes(growth.moving) > 1, "the counters are kept after all"
    assert growth.surplus == 0
    assert "1,000 links, 4 nights" in describe(growth)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_three_years(tmp_path: Path) -> None:
    growth = measure(tmp_path, links=500, nights=THREE_YEARS)
    check(growth)
    assert growth.surplus > 0
    assert growth.compacted < 0.5 * growth.whole
