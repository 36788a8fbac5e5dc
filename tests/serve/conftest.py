"""Databases as the report's tests make them, and a real server of one on a loopback port."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.report.conftest import ALPACA, VICUNA, Nights, missing, saw

HOSTILE = "<script>window.pwned=1</script>"
WAIT_SECONDS = 60


@dataclass(frozen=True)
class Served:
    origin: str
    process: subprocess.Popen[str]

    def page(self, path: str, **parameters: str) -> str:
        url = f"{self.origin}{quote(path)}" + (f"?{urlencode(parameters)}" if parameters else "")
        with urllib.request.urlopen(url, timeout=WAIT_SECONDS) as answer:
            body: str = answer.read().decode()
        return body

    def rows(self, path: str, **parameters: str) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = json.loads(self.page(f"{path}.json", _shape="array", **parameters))
        return told


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    process = subprocess.Popen(
        [sys.executable, "-m", "crawler", "serve", "--config", str(folder / "config.toml"), "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"NO_PROXY": "127.0.0.1"},
    )
    try:
        assert process.stderr is not None
        said = process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", said)
        assert found, said + process.stderr.read()
        yield Served(found[0], process)
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def nights_of_module(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    nights = Nights(tmp_path_factory.mktemp("served"))
    nights.config.path.touch()
    nights.pass_night(saw(VICUNA, facts={"stars": 10, "title": HOSTILE, "description": "指令微调的模型"}))
    for _ in range(4):
        nights.pass_night(missing(ALPACA))
    return nights


@pytest.fixture(scope="module")
def served(nights_of_module: Nights) -> Iterator[Served]:
    with serving(nights_of_module.config.folder) as served:
        yield served


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    """Before the first night, with a config file as `--config` wants one."""
    nights = Nights(tmp_path)
    nights.config.path.touch()
    return nights
