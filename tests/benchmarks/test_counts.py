"""Growth of a hot path is found, on any build of CPython, and nothing else is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.counts import FIXED, find_grown, read_dump
from benchmarks.workloads import WORKLOADS

KNOWN = {"calibration": 1_000, "judge": 5_000, "record": 9_000}
ROOT = Path(__file__).parents[2]
SLOWED = """
import crawler.judge

found = crawler.judge._found


def slowed(*arguments):
    sum(range(80))
    return found(*arguments)


crawler.judge._found = slowed
"""


@pytest.mark.parametrize(
    ("counts", "grown"),
    [
        pytest.param(KNOWN, [], id="the same"),
        pytest.param(KNOWN | {"judge": 5_450}, [], id="a little more"),
        pytest.param(KNOWN | {"judge": 5_550}, ["judge +11.0%"], id="too much"),
        pytest.param(KNOWN | {"judge": 2_000}, [], id="less"),
        pytest.param({name: 2 * count for name, count in KNOWN.items()}, [], id="another build"),
        pytest.param({"calibration": 2_000, "judge": 11_200, "record": 18_000}, ["judge +12.0%"], id="both"),
        pytest.param({"calibration": 500, "judge": 5_000, "record": 4_500}, ["judge +100.0%"], id="half"),
        pytest.param(KNOWN | {"new": 1}, [], id="a new path"),
    ],
)
def test_what_has_grown(counts: dict[str, int], grown: list[str]) -> None:
    assert find_grown(counts, KNOWN) == grown


def test_a_dump_names_its_workload(tmp_path: Path) -> None:
    dump = tmp_path / "counted.3"
    dump.write_text("version: 1\ndesc: Trigger: Client Request: judge\n\ntotals: 104489976\n")
    assert read_dump(dump) == ("judge", 104_489_976)
    dump.write_text("version: 1\ndesc: Trigger: Program termination\n\ntotals: 3\n")
    with pytest.raises(SystemExit):
        read_dump(dump)


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_workload_works_twice(name: str) -> None:
    work = WORKLOADS[name]()
    assert work()
    assert work()


@pytest.mark.slow
@pytest.mark.skipif(not (shutil.which("valgrind") and shutil.which("cc")), reason="needs valgrind and cc")
def test_a_slowed_function_fails(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(SLOWED)
    environment = os.environ | FIXED | {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
    command = [sys.executable, "-m", "benchmarks.counts"]
    told = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=False)
    assert told.returncode == 1
    assert "more instructions than counts.json allows: judge +" in told.stderr
