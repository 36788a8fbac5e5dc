"""A real server on a loopback port, started as a person starts it."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.error
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from crawler.cli import cli
from crawler.errors import UsageError
from crawler.store.published import publish
from tests.report.conftest import ALPACA, VICUNA, Nights, missing
from tests.serve.conftest import HOSTILE, WAIT_SECONDS, Served, serving

datasette = pytest.importorskip("datasette")


def test_the_home_page_answers_at_a_glance(served: Served) -> None:
    page = served.page("/")
    assert ALPACA in page
    assert "Dead" in page or "dead" in page
    for path in re.findall(r'<li><a href="(/[^"]*)"', page):
        assert served.page(path)


def test_a_table_page_explains_its_columns(served: Served) -> None:
    page = served.page("/crawler/dead_links")
    assert "Dead links" in page
    assert "A copy in a web archive" in page
    assert [row["url"] for row in served.rows("/crawler/dead_links")] == [ALPACA]


def test_a_question_is_answered(served: Served) -> None:
    rows = served.rows("/crawler/what-is-broken")
    assert {(row["url"], row["document"], row["line"]) for row in rows} == {
        (ALPACA, "first", 12),
        (ALPACA, "second", 4),
    }


@pytest.mark.parametrize(
    ("words", "found"),
    [
        pytest.param("小羊", "first/vicuna", id="two-Chinese-characters"),
        pytest.param("vicu", "first/vicuna", id="a-beginning"),
        pytest.param("微调", VICUNA, id="description"),
        pytest.param("alpaca lora", ALPACA, id="address"),
        pytest.param("列表", "https://github.com/someone/list", id="title-of-a-list"),
    ],
)
def test_search_finds(served: Served, words: str, found: str) -> None:
    assert found in {row["address"] for row in served.rows("/crawler/search", words=words)}


def test_a_table_can_be_searched(served: Served) -> None:
    assert [row["url"] for row in served.rows("/crawler/dead_links", _search="alpaca")] == [ALPACA]
    assert served.rows("/crawler/dead_links", _search="vicuna") == []


def test_strangers_text_is_shown_and_not_run(served: Served) -> None:
    for path in ("/", "/crawler/latest_facts", "/crawler/links"):
        assert HOSTILE not in served.page(path)
    assert "&lt;script&gt;" in served.page("/crawler/latest_facts")


def test_nothing_can_be_written(served: Served) -> None:
    with pytest.raises(urllib.error.HTTPError, match="400"):
        served.page("/crawler", sql="DELETE FROM links")


@pytest.mark.parametrize(("host", "status"), [("localhost:8001", 200), ("rebound.example:8001", 421)])
def test_only_this_machine_is_answered(served: Served, host: str, status: int) -> None:
    connection = http.client.HTTPConnection(served.origin.removeprefix("http://"), timeout=WAIT_SECONDS)
    with closing(connection):
        connection.request("GET", "/", headers={"Host": host})
        answer = connection.getresponse()
        assert answer.status == status
        assert (ALPACA in answer.read().decode()) == (status == 200)


def test_a_signal_ends_it(nights: Nights) -> None:
    with serving(nights.config.folder) as served:
        page = served.page("/")
        assert "not crawled yet" in page.lower()
        assert [row["identifier"] for row in served.rows("/crawler/entries", _search="vicuna")] == [
            "first/vicuna"
        ]
        served.process.send_signal(signal.SIGINT)
        assert served.process.wait(WAIT_SECONDS) == 130


def test_a_copy_is_made_beside_a_running_crawl(nights: Nights) -> None:
    nights.pass_night()
    with nights.open() as store:
        nights.begin(store, missing(ALPACA))
        copy = publish(nights.database, lambda: nights.catalog)
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert connection.execute("SELECT max(id) FROM runs").fetchone() == (2,)
    assert [path.name for path in copy.parent.iterdir()] == [nights.database.name]
    assert publish(nights.database, lambda: nights.catalog) == copy


def test_a_taken_port_is_said_in_one_line(nights: Nights) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        arguments = ["serve", "--config", str(nights.config.path), "--port", str(port)]
        result = CliRunner().invoke(cli, arguments)
    assert isinstance(result.exception, UsageError)
    assert f"port {port}" in str(result.exception)


def test_without_the_extra_it_says_what_to_install(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasette", None)
    result = CliRunner().invoke(cli, ["serve", "--config", str(nights.config.path)])
    assert isinstance(result.exception, UsageError)
    assert "pip install 'crawler[serve]'" in str(result.exception)
    assert not nights.database.exists()


def test_a_plain_datasette_reads_what_is_written_for_it(nights: Nights) -> None:
    nights.pass_night(missing(ALPACA))
    metadata, settings = nights.config.folder / "metadata.json", nights.config.folder / "datasette.json"
    arguments = ["serve", "--config", str(nights.config.path)]
    written = CliRunner().invoke(
        cli, [*arguments, "--write-metadata", str(metadata), "--write-config", str(settings)]
    )
    assert written.exit_code == 0
    assert "queries" in settings.read_text()
    command = shutil.which("datasette", path=str(Path(sys.executable).parent))
    assert command
    told = subprocess.run(
        [
            command,
            str(nights.database),
            "-m",
            str(metadata),
            "--get",
            "/crawler/what-is-broken.json?_shape=array",
        ],
        check=True,
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
    ).stdout
    assert {row["url"] for row in json.loads(told)} == {ALPACA}
