"""A small list of links, a folder to crawl it in, and the command itself as a process of its own."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from crawler.sandbox.demo_world import DEMO_TOKENS
from crawler.sandbox.server import Sandbox

LINKS = {
    "Repository": "https://github.com/Someone/Repository",
    "Path": "https://github.com/someone/repository/tree/main/docs",
    "Owner": "https://github.com/someone",
    "Model": "https://huggingface.co/someone/model-7b",
    "Dataset": "https://huggingface.co/datasets/someone/data",
    "Paper": "https://arxiv.org/pdf/2305.15334.pdf",
    "Page": "https://example.org/page",
    "Other page": "http://example.net/a?b=c",
}


def catalog_text(links: Mapping[str, str]) -> str:
    """A catalog file with one entry per link."""
    entries = "".join(
        f'  - id: "list/{name.lower().replace(" ", "-")}"\n    name: "{name}"\n    kind: "other"\n'
        f'    links:\n      - {{role: "project", url: "{url}", raw: "{url}", line: {line}}}\n'
        for line, (name, url) in enumerate(links.items(), 1)
    )
    return f'document:\n  title: "A list"\n  url: "https://example.org/list"\nentries:\n{entries}'


@dataclass
class Place:
    """A folder with config.toml and a catalog, and the command run in it."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def database(self) -> Path:
        return self.folder / "state" / "crawler.db"

    def write_catalog(self, links: Mapping[str, str]) -> None:
        (self.folder / "catalog").mkdir(exist_ok=True)
        (self.folder / "catalog" / "list.yaml").write_text(catalog_text(links))

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "crawler", *arguments],
            cwd=self.folder,
            env={**base_environment(), **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def run(self, *arguments: str, code: int = 0, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run the command and hold it to its exit code."""
        with self.start(*arguments, **options) as process:
            out, err = process.communicate(timeout=110)
        assert process.returncode == code, (process.returncode, out, err)
        assert "Traceback" not in err
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def ask(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(sql, values).fetchall()

    def export(self) -> dict[str, Any]:
        exported: dict[str, Any] = json.loads(self.run("export").stdout)
        return exported

    def assert_sound(self) -> None:
        assert self.ask("PRAGMA integrity_check") == [("ok",)]
        assert self.ask("PRAGMA foreign_key_check") == []


def base_environment() -> dict[str, str]:
    """What a process needs to start, and nothing of the person who runs the tests."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONWARNINGS": "error"}


@pytest.fixture
def place(tmp_path: Path, sandbox: Sandbox) -> Place:
    """A small list, every host of it the sandbox behind a proxy, tokens in the environment."""
    (tmp_path / "config.toml").write_text(sandbox.config_text(origin=False))
    made = Place(tmp_path, {**sandbox.environment(), **DEMO_TOKENS})
    made.write_catalog(LINKS)
    return made


@pytest.fixture
def wait_until() -> Callable[[Callable[[], bool]], None]:
    def wait(happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 100
        while not happened():
            assert time.monotonic() < deadline, "nothing happened in 100 s"
            time.sleep(0.01)

    return wait


SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143}
