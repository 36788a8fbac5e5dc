"""The reading commands as a person runs them: exit codes, files, and what they load."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.report.conftest import ALPACA, Nights, missing


def crawler(nights: Nights, *arguments: str) -> subprocess.CompletedProcess[str]:
    nights.config.path.touch()
    return subprocess.run(
        [sys.executable, "-m", "crawler", *arguments, "--config", str(nights.config.path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_reading_commands_before_the_first_crawl(nights: Nights) -> None:
    for arguments in (["report"], ["export"], ["status"], ["explain", ALPACA]):
        done = crawler(nights, *arguments)
        assert (done.returncode, done.stderr) == (0, ""), arguments
        assert done.stdout
    assert not nights.database.exists(), "reading makes no database"


def test_an_export_replaces_the_file_as_a_whole(nights: Nights, tmp_path: Path) -> None:
    nights.pass_night(missing(ALPACA))
    output = tmp_path / "out.json"
    output.write_text("old")
    done = crawler(nights, "export", "--output", str(output))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert json.loads(output.read_text())["schema_version"] == "1.0"
    failed = crawler(nights, "export", "--output", str(output), "--as-of", "2020-01-01")
    assert failed.returncode == 2
    assert "the first run, 1, began at 2026-11-01T02:30:00Z" in failed.stderr
    assert json.loads(output.read_text())["schema_version"] == "1.0", "the old file stands"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".out")] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["report", "--document", "nosuch"],
        ["report", "--as-of", "someday"],
        ["explain", "https://example.com/unknown"],
        ["export", "--format", "xml"],
    ],
    ids=" ".join,
)
def test_mistakes_in_arguments(nights: Nights, arguments: list[str]) -> None:
    nights.pass_night()
    done = crawler(nights, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [["report"], ["export"], ["status"], ["explain", ALPACA]], ids=" ".join)
def test_a_database_that_is_none(nights: Nights, command: list[str]) -> None:
    nights.database.parent.mkdir()
    nights.database.write_text("not a database at all, and long enough to be taken for one " * 50)
    done = crawler(nights, *command)
    assert done.returncode == 3
    assert "not a SQLite database" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("module", ["stale", "export", "explain", "status"])
def test_reading_rooms_load_nothing_heavy(module: str) -> None:
    script = (
        f"import sys, crawler.report.{module}\n"
        "print(sorted(set(sys.modules) & {'sqlite_utils', 'rich', 'jinja2', 'httpx', 'github', 'selectolax',"
        " 'huggingface_hub', 'apscheduler', 'ftfy', 'ruamel.yaml'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
