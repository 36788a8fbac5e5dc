"""Holds the instructions of the hot paths (extract, classify, judge, record) against `counts.json`.

    python -m benchmarks.counts             # exits 1 when one has grown by more than 10 %
    python -m benchmarks.counts --update    # writes what is measured now; say in the commit why

valgrind counts them, so a busy machine does not matter. Another build of CPython needs more or fewer for the
same work: what is compared is each path's count as a multiple of that of a calibration which has nothing of
ours in it. Without valgrind or a C compiler nothing is measured, which is said, and the exit code is 0.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks.measure import plain_environment
from benchmarks.workloads import WORKLOADS

BASELINE: Final = Path(__file__).with_name("counts.json")
MARKS: Final = Path(__file__).with_name("marks.c")
CALIBRATION: Final = "calibration"
TOLERANCE: Final = 0.10
FIXED: Final = {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "TZ": "UTC", "LC_ALL": "C.UTF-8"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--update", action="store_true", help="write the counts of today")
    chosen = parser.parse_args()
    if missing := [tool for tool in ("valgrind", "cc") if shutil.which(tool) is None]:
        print(f"instructions are not counted: there is no {' and no '.join(missing)}", file=sys.stderr)
        return
    counts = count_instructions()
    if chosen.update:
        BASELINE.write_text(json.dumps(describe(counts), indent=2) + "\n", encoding="utf-8")
    known: Mapping[str, int] = json.loads(BASELINE.read_text(encoding="utf-8"))["instructions"]
    for line in tell(counts, known):
        print(line)
    if grown := find_grown(counts, known):
        raise SystemExit(
            f"more instructions than counts.json allows: {', '.join(grown)}\n"
            "hint: find out where with a profile; if they are worth it, --update and say so in the commit"
        )


def count_instructions() -> dict[str, int]:
    """By workload; one process, in which valgrind counts nothing but the work itself."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        marks = folder / "marks.so"
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", marks, MARKS], check=True)
        subprocess.run(
            [
                *("valgrind", "-q", "--tool=callgrind", "--instr-atstart=no"),
                f"--callgrind-out-file={folder / 'counted'}",
                *(sys.executable, "-m", "benchmarks.workloads", str(marks), *WORKLOADS),
            ],
            check=True,
            env=plain_environment(**FIXED, TMPDIR=name),
            cwd=Path(__file__).parents[1],
        )
        return dict(read_dump(path) for path in sorted(folder.glob("counted.*")))


def read_dump(path: Path) -> tuple[str, int]:
    """The workload a dump was written for, and its instructions."""
    text = path.read_text(encoding="utf-8", errors="replace")
    name = re.search(r"^desc: Trigger: Client Request: (\w+)$", text, re.MULTILINE)
    total = re.search(r"^(?:totals|summary): (\d+)$", text, re.MULTILINE)
    if name is None or total is None:
        raise SystemExit(f"{path.name} is no dump of a workload")
    return name[1], int(total[1])


def find_grown(counts: Mapping[str, int], known: Mapping[str, int]) -> list[str]:
    """The paths that take more than they may, each with by how much."""
    growth = {name: compare(name, counts, known) - 1 for name in known if name != CALIBRATION}
    return [f"{name} {by:+.1%}" for name, by in growth.items() if by > TOLERANCE]


def compare(name: str, counts: Mapping[str, int], known: Mapping[str, int]) -> float:
    """Today's count as a multiple of the known one, both in units of their calibration."""
    return counts[name] / counts[CALIBRATION] * known[CALIBRATION] / known[name]


def tell(counts: Mapping[str, int], known: Mapping[str, int]) -> list[str]:
    rows = [
        f"{name:12} {count:14,} {compare(name, counts, known) - 1:+8.2%}" if name in known else f"{name}: new"
        for name, count in counts.items()
    ]
    return [f"{'':12} {'instructions':>14} {'growth':>8}", *rows]


def describe(counts: Mapping[str, int]) -> dict[str, Any]:
    return {
        "python": f"{platform.python_version()} {platform.python_compiler()}",
        "sqlite": sqlite3.sqlite_version,
        "machine": platform.machine(),
        "instructions": dict(sorted(counts.items())),
    }


if __name__ == "__main__":
    main()
