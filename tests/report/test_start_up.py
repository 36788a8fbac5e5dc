"""What a command imports, by running it: a reader at a terminal waits for nothing it does not use.

Times are for benchmarks/startup.py; which modules are loaded is the same on every machine.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.report.conftest import ALPACA, Nights, saw

CLIENTS = frozenset(
    ("httpx", "httpcore", "httpx2", "github", "requests", "huggingface_hub", "pycurl", "aiohttp", "uvloop")
)
HEAVY = CLIENTS | frozenset(
    (
        *("asyncio", "ssl", "email", "http", "multiprocessing", "concurrent", "importlib.metadata"),
        *("sqlite_utils", "apscheduler", "rich", "jinja2", "pygal", "feedgen", "pyarrow", "anybadge"),
        *("selectolax", "ftfy", "bs4", "markdown_it", "datasette", "distributed", "dask", "yaml"),
        *("crawler.catalog", "crawler.run", "crawler.hosts", "crawler.sandbox", "crawler.resolve"),
    )
)

CHARTS = frozenset(("jinja2", "pygal", "asyncio", "importlib.metadata", "email"))
UNASKED = frozenset(("crawler.store.pages", "crawler.store.snapshots", "crawler.store.folding"))

RUN = """
import runpy, sys
sys.argv = ["crawler", *sys.argv[2:]]
import os
def tell(code):
    loaded = sorted(sys.modules)
    import json
    with open(TOLD, "w") as file:
        json.dump(loaded, file)
os._exit = tell
try:
    runpy.run_module("crawler", run_name="__main__")
except SystemExit as ended:
    tell(ended.code)
"""


def modules_of(folder: Path, *arguments: str) -> set[str]:
    """What a command has loaded when it ends."""
    told = folder / "modules.json"
    script = RUN.replace("TOLD", repr(str(told)))
    command = [sys.executable, "-c", script, "crawler", *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=60)
    return set(json.loads(told.read_text()))


def test_help_loads_next_to_nothing(tmp_path: Path) -> None:
    loaded = modules_of(tmp_path, "--help")
    assert not loaded & (HEAVY | {"logging", "json", "sqlite3", "msgspec", "tomllib"})
    assert "crawler.commands.reading" in loaded, "the list of commands has their first lines"


@pytest.mark.parametrize(
    ("arguments", "unused"),
    [
        pytest.param(["status"], HEAVY | UNASKED, id="status"),
        pytest.param(["status", "--json"], HEAVY | UNASKED, id="status json"),
        pytest.param(["report"], HEAVY, id="report"),
        pytest.param(["report", "--format", "json"], HEAVY, id="report json"),
        pytest.param(["report", "--format", "html"], HEAVY - CHARTS, id="html"),
        pytest.param(["explain", "https://github.com/tloen/alpaca-lora"], HEAVY, id="explain"),
        pytest.param(["export"], HEAVY, id="export"),
        pytest.param(["export", "--format", "csv"], HEAVY, id="export csv"),
        pytest.param(
            ["validate"], HEAVY - {"yaml", "crawler.catalog", "asyncio", "ssl", "concurrent"}, id="validate"
        ),
        pytest.param(
            ["extract", "config.toml"], HEAVY - {"yaml", "bs4", "markdown_it", "ftfy"}, id="extract"
        ),
    ],
)
def test_a_reader_loads_only_what_it_uses(nights: Nights, arguments: list[str], unused: set[str]) -> None:
    nights.pass_night(saw(ALPACA, facts={"license": "MIT", "stars": 7}))
    loaded = modules_of(nights.config.folder, *arguments)
    assert sorted(loaded & unused) == []
