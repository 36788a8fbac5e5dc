"""docs/tutorial.md, every step of it: the commands are taken from the page and run, hosts are the sandbox."""

import re
import subprocess
import sys
from pathlib import Path

from crawler.clock import SystemClock
from crawler.cron import parse_cron
from crawler.sandbox.server import run_in_thread
from crawler.sandbox.world import World
from tests.crawl.conftest import base_environment

ROOT = Path(__file__).parents[2]
STEPS = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "tutorial.md").read_text(), re.DOTALL)


def put_program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_the_tutorial_works_step_by_step(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    put_program(programs, "crawler", f'exec {sys.executable} -m crawler "$@"')
    put_program(programs, "crontab", f'[ "$1" = -l ] && exit 1; cat > {tmp_path}/crontab')
    install, *steps = STEPS
    assert install.startswith("python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt . ")
    assert len(steps) == 8
    # The command is a process of its own with a clock of its own: the hosts must tell the same time.
    with run_in_thread(World(clock=SystemClock())) as sandbox:
        environment = {**base_environment(), **sandbox.environment()}
        environment["PATH"] = f"{programs}:{environment['PATH']}"

        def work(script: str, folder: Path) -> str:
            ran = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", script],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=90,
                check=False,
            )
            assert ran.returncode == 0, (script, ran.stdout, ran.stderr)
            return ran.stdout + ran.stderr

        told = work("\n".join(steps), tmp_path)
        place = tmp_path / "try" / "my-list"
        line = (tmp_path / "crontab").read_text()
        parse_cron(" ".join(line.split()[:5]), "UTC")
        (place / "report.html").unlink()
        work(line.split(maxsplit=5)[5], tmp_path)
    assert "wrote my-list/catalog/models-i-like.yaml: 3 entries, 3 links" in told
    assert 'contact = "you@example.org"' in (place / "config.toml").read_text()
    assert "fail  " not in told
    assert "run 1: 3 links looked at" in told
    assert re.search(r"^\+.*https://example\.net/another", told, re.MULTILINE), "the import shows its diff"
    assert "run 2: 4 links looked at" in told
    assert (place / "report.html").read_text().startswith("<!doctype html>")
    assert "https://example.net/another" in (place / "links.csv").read_text()
