"""The measurements behind docs/scale.md, small: that they measure what they say they do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.scale.processes import run_watched
from benchmarks.scale.writer import ENTRIES_OF_A_PART, LINKS_OF_AN_ENTRY, make_parts, measure
from crawler.links.classify import link_of

BUSY = "import time\nwhile time.process_time() < {}: pass"
PARENT = f"""
import subprocess, sys
{BUSY.format(0.3)}
subprocess.run([sys.executable, "-c", {BUSY.format(1.5)!r}], check=True)
raise SystemExit(3)
"""


def test_each_process_of_a_command_is_seen_by_itself() -> None:
    load = run_watched([sys.executable, "-c", PARENT], {})
    assert load.exit_code == 3
    (child,) = load.others_seconds
    assert 0 < load.own_seconds < child
    assert load.all_seconds == pytest.approx(load.own_seconds + child)


def test_the_writers_catalog_has_every_link_once_in_parts() -> None:
    parts = list(make_parts(12_000))
    assert [len(part.read_entries()) for part in parts] == [ENTRIES_OF_A_PART, ENTRIES_OF_A_PART, 1_000]
    links = [
        link_of(mention.url) for part in parts for entry in part.read_entries() for mention in entry.mentions
    ]
    assert len(set(links)) == len(links) == 6_000 * LINKS_OF_AN_ENTRY
    assert len({part.digest for part in parts}) == len(parts)


def test_the_writer_is_measured_night_by_night(tmp_path: Path) -> None:
    figures = measure(tmp_path, links=600, nights=2, batch=100, formats=["jsonl"])
    steps = ["begin_run", "plan", "read questions", "record", "finish_run"]
    assert list(figures.steps) == [*(f"night {n}: {step}" for n in (1, 2) for step in steps), "export jsonl"]
    # A kernel that counts in ticks sees no processor time in a short step.
    assert all(cpu >= 0 and wall > 0 for cpu, wall in figures.steps.values())
    assert sum(cpu for cpu, _ in figures.steps.values()) > 0
    assert figures.sizes["night 1, begun"] < figures.sizes["night 1, finished"]
    assert figures.largest_wal > 0
