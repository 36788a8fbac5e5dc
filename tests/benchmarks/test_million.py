"""The benchmark of a million links, with two hundred: every stage runs and does what it says."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from benchmarks.million import RUN_STAGE, STAGES, make_catalog
from crawler.config import load_config

LINKS, FILES = 200, 4


def test_every_stage_runs(tmp_path: Path) -> None:
    make_catalog(tmp_path, LINKS, FILES)
    config = load_config(tmp_path / "config.toml")
    steps = [step for stage in STAGES for step in RUN_STAGE[stage](config)]
    assert {step.name for step in steps} >= {"validate", "first plan", "first night: finish", "report html"}
    assert all(step.cpu >= 0 for step in steps)
    with closing(sqlite3.connect(config.database)) as connection:
        (counts,) = connection.execute(
            "SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM links),"
            " (SELECT count(DISTINCT kind) FROM links), (SELECT count(*) FROM runs WHERE state = 'finished'),"
            " (SELECT count(*) FROM health WHERE state = 'healthy')"
        ).fetchall()
    assert counts[:2] == (FILES, LINKS)
    assert counts[2] > 4, "mixed kinds"
    assert counts[3] == 3
    assert counts[4] > LINKS * 0.9
