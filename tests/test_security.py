"""SECURITY.md names tests; they are there, each a function of its own that pytest collects."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))


@pytest.mark.parametrize(("file", "test"), NAMED, ids=[test for _, test in NAMED])
def test_a_named_test_exists(file: str, test: str) -> None:
    source = (ROOT / file).read_text(encoding="utf-8")
    assert re.search(rf"^\s*(async )?def {test}\(|^{test} = ", source, re.MULTILINE), f"{file} has no {test}"


def test_every_promise_names_a_test() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and "held by |" not in line]
    promises = [row for row in rows if not set(row) <= set("| -")]
    assert promises
    assert [row for row in promises if "::test_" not in row] == []
