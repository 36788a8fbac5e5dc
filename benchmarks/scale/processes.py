"""What each process of a command took: the busiest one bounds how fast all of them can be. Linux only."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SAMPLE_SECONDS: Final = 0.05
"""A process that ends between two samples has taken at most so much more than was seen."""
TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Load:
    """Wall time, and processor seconds of the command itself and of each process it began."""

    wall_seconds: float
    own_seconds: float
    others_seconds: tuple[float, ...]
    exit_code: int

    @property
    def all_seconds(self) -> float:
        return self.own_seconds + sum(self.others_seconds)


def run_watched(command: Sequence[str | Path], environment: Mapping[str, str]) -> Load:
    """Run a command to its end and see what it and its descendants take; its last words where it fails."""
    with tempfile.TemporaryFile("w+") as errors:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors
        )
        seen: dict[int, float] = {}
        while process.poll() is None:
            seen |= _processor_seconds(process.pid)
            time.sleep(SAMPLE_SECONDS)
        wall = time.perf_counter() - began
        if process.returncode:
            errors.seek(0)
            sys.stderr.write(errors.read()[-2_000:])
    own = seen.pop(process.pid, 0.0)
    return Load(wall, own, tuple(sorted(seen.values(), reverse=True)), process.returncode)


def _processor_seconds(root: int) -> dict[int, float]:
    """Process → user and system time so far, of `root` and all that descend from it."""
    parents: dict[int, int] = {}
    seconds: dict[int, float] = {}
    for process, parent, taken in _all_processes():
        parents[process], seconds[process] = parent, taken
    return {process: taken for process, taken in seconds.items() if _descends(process, root, parents)}


def _all_processes() -> Iterator[tuple[int, int, float]]:
    for place in Path("/proc").iterdir():
        if place.name.isdecimal():
            try:
                # The name of the program stands in brackets and may hold anything.
                fields = (place / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            yield int(place.name), int(fields[1]), (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


def _descends(process: int, root: int, parents: Mapping[int, int]) -> bool:
    while process not in {0, root}:
        process = parents.get(process, 0)
    return process == root
