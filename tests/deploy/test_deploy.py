"""What deploy/ holds: linted, every command in it is one of ours; the workflow run against a made-up gh."""

import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from crawler.cli import cli
from crawler.cron import parse_cron
from crawler.sandbox.demo_world import DEMO_TOKENS
from crawler.sandbox.server import Sandbox
from crawler.start import FIRST_LIST
from tests.crawl.conftest import base_environment

DEPLOY = Path(__file__).parents[2] / "deploy"
WORKFLOW = DEPLOY / "github-workflow.yml"
UNITS = sorted(file.name for file in DEPLOY.iterdir() if file.suffix in {".service", ".timer"})
COMMAND = re.compile(r"bin/crawler ((?:(?!>|&&)\S+ ?)+)")


def tool(name: str) -> str:
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def lint(*command: str) -> None:
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def commands_in(name: str) -> list[str]:
    return [match[1].strip() for match in COMMAND.finditer((DEPLOY / name).read_text())]


@pytest.mark.parametrize(
    ("name", "count"),
    [("crontab", 3), ("crawler.service", 1), ("crawler-nightly.service", 1), ("github-workflow.yml", 3)],
)
def test_every_command_is_one_of_ours(name: str, count: int) -> None:
    found = commands_in(name)
    assert len(found) == count
    for line in found:
        assert_parses(line.replace('"', "").split())


def assert_parses(words: list[str]) -> None:
    context = cli.make_context("crawler", list(words))
    name, command, rest = cli.resolve_command(context, [*context._protected_args, *context.args])
    assert command is not None
    command.make_context(name, rest, parent=context)


def test_the_container_starts_the_schedule_and_copies_what_is_there() -> None:
    lines = (DEPLOY / "Containerfile").read_text().replace("\\\n", " ").splitlines()
    (command,) = (line.removeprefix("CMD ") for line in lines if line.startswith("CMD "))
    assert_parses(yaml.safe_load(command))
    sources = [word for line in lines if line.startswith("COPY ") for word in line.split()[1:-1]]
    assert sources
    assert all((DEPLOY.parent / source).exists() for source in sources)
    assert [line.split()[1] for line in lines if line.startswith("USER ")] == ["crawler"]


def test_cron_lines_are_cron_lines() -> None:
    lines = [line for line in (DEPLOY / "crontab").read_text().splitlines() if not line.startswith("#")]
    for line in lines:
        parse_cron(" ".join(line.split()[:5]), "UTC")
    assert len(lines) == 3


@pytest.mark.parametrize("unit", [name for name in UNITS if name != "crawler-nightly.service"])
def test_units_verify(unit: str, tmp_path: Path) -> None:
    for name in UNITS:
        text = (DEPLOY / name).read_text().replace("/srv/crawler/.venv/bin/crawler", "/bin/true")
        (tmp_path / name).write_text(text)
    lint(tool("systemd-analyze"), "verify", "--man=no", str(tmp_path / unit))


def test_the_workflow_has_no_weakness_that_zizmor_knows() -> None:
    lint(tool("zizmor"), "--offline", "--no-progress", "--persona", "pedantic", str(WORKFLOW))


def test_the_workflow_is_one() -> None:
    lint(tool("check-jsonschema"), "--builtin-schema", "vendor.github-workflows", str(WORKFLOW))


MADE_UP_GH = """#!{python}
import pathlib, shutil, sys
release, source = pathlib.Path({release!r}), pathlib.Path({source!r})
said = sys.argv[1:]
if pathlib.Path({down!r}).exists():
    sys.exit(1)
assets = lambda: sorted(release.iterdir(), key=lambda file: file.stat().st_mtime_ns)
match said[:2]:
    case ["repo", "clone"]:
        shutil.copytree(source, said[3])
    case ["release", "view"]:
        if not release.exists():
            sys.exit(1)
        if "--jq" in said:
            names = [file.name for file in assets()]
            print("\\n".join(names[-1:] if "last" in said[-1] else names))
    case ["release", "create"]:
        release.mkdir()
    case ["release", "upload"]:
        shutil.copy(said[-1], release)
    case ["release", "download"]:
        shutil.copy(release / said[said.index("-p") + 1], said[said.index("-O") + 1])
    case ["release", "delete-asset"]:
        (release / said[3]).unlink()
    case _:
        sys.exit(2)
"""


class Runner:
    """Runs the workflow's steps as GitHub would, after `Install`, in a new folder each night."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.folder, self.release, self.down = folder, folder / "release", folder / "down"
        source = folder / "source"
        (source / "catalog").mkdir(parents=True)
        (source / "catalog" / "my-list.yaml").write_text(FIRST_LIST)
        (source / "config.toml").write_text(sandbox.config_text(origin=False))
        gh = folder / "bin" / "gh"
        gh.parent.mkdir()
        paths = {"release": str(self.release), "source": str(source), "down": str(self.down)}
        gh.write_text(MADE_UP_GH.format(python=sys.executable, **paths))
        gh.chmod(0o755)
        self.environment = {**base_environment(), **sandbox.environment(), **DEMO_TOKENS}
        self.environment |= {
            "PATH": f"{gh.parent}:{self.environment['PATH']}",
            "GITHUB_REPOSITORY": "me/list",
        }
        steps: list[dict[str, Any]] = yaml.safe_load(WORKFLOW.read_text())["jobs"]["crawl"]["steps"]
        self.steps = [step["run"] for step in steps if step["name"] != "Install"]

    def work(self, night: int) -> list[int]:
        """The exit code of each step."""
        place = self.folder / f"night-{night}"
        program = place / "venv" / "bin" / "crawler"
        program.parent.mkdir(parents=True)
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m crawler "$@"\n')
        program.chmod(0o755)
        own = {"GITHUB_RUN_ID": str(night), "GITHUB_RUN_ATTEMPT": "1"}
        own["GITHUB_STEP_SUMMARY"] = str(place / "summary.md")
        return [
            subprocess.run(
                ["bash", "-e", "-c", step],
                cwd=place,
                env={**self.environment, **own},
                stdout=subprocess.DEVNULL,  # stderr is pytest's, which shows it when the test fails
                timeout=60,
                check=False,
            ).returncode
            for step in self.steps
        ]

    def runs(self) -> int:
        (kept,) = self.release.iterdir()
        with closing(sqlite3.connect(kept)) as connection:
            (count,) = connection.execute("SELECT count(*) FROM runs WHERE id > 0").fetchone()
        return int(count)


def test_the_workflow_keeps_its_database_over_the_nights(tmp_path: Path, sandbox: Sandbox) -> None:
    runner = Runner(tmp_path, sandbox)
    assert runner.work(1) == [0, 0, 0, 0]
    assert runner.runs() == 1
    assert runner.work(2) == [0, 0, 0, 0]
    assert runner.runs() == 2, "the second night went on from the first"
    assert "All well: 1 link" in (tmp_path / "night-2" / "summary.md").read_text()


def test_a_night_without_github_loses_nothing(tmp_path: Path, sandbox: Sandbox) -> None:
    runner = Runner(tmp_path, sandbox)
    runner.work(1)
    runner.down.touch()
    assert runner.work(2)[0] != 0, "the job ends before it would crawl with no past"
    runner.down.unlink()
    assert runner.runs() == 1
