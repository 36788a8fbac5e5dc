"""docs/export.md: its commands and programs run, its example is one."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from crawler.cli import cli
from crawler.report.export_schema import export_json_schema
from tests.report.conftest import ALPACA, FASTCHAT, VICUNA, Nights, missing, saw

PAGE = (Path(__file__).parents[2] / "docs" / "export.md").read_text()


def examples(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def crawled(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> Nights:
    nights.pass_night(saw(ALPACA, facts={"license": "MIT", "stars": 7}))
    nights.pass_night(saw(ALPACA, facts={"license": "0BSD", "stars": 9}), missing(VICUNA))
    nights.pass_night(saw(VICUNA, pointers={"github-homepage": (FASTCHAT,)}, facts={"stars": 1}))
    nights.config.path.touch()
    monkeypatch.chdir(nights.config.path.parent)
    return nights


@pytest.mark.parametrize("program", examples("python"))
def test_the_programs_run(crawled: Nights, program: str) -> None:
    exec(compile(program, "docs/export.md", "exec"), {})


@pytest.mark.parametrize("line", "".join(examples("sh")).splitlines())
def test_the_commands_run(crawled: Nights, line: str) -> None:
    words = line.split()
    assert words[0] == "crawler"
    CliRunner().invoke(cli, words[1:], catch_exceptions=False, standalone_mode=False)
    assert Path(words[-1]).stat().st_size > 0


def test_the_example_is_a_line() -> None:
    (example,) = examples("json")
    schema = export_json_schema()
    line = {"$ref": "#/$defs/ExportedLine", "$defs": schema["$defs"]}
    jsonschema.Draft202012Validator(line).validate(json.loads(example))


def test_importing_the_package_is_light() -> None:
    script = (
        "import sys, crawler\n"
        "assert crawler.__version__ and callable(crawler.open)\n"
        "print(sorted(name for name in sys.modules if name.startswith('crawler') or name in"
        " {'sqlite3', 'msgspec', 'httpx', 'pyarrow', 'click'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "['crawler']"
