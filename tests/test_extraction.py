"""Documents of any size by name and from stdin; hosts asked about uncertain ends."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from crawler import extraction
from crawler.cli import cli
from crawler.clock import SimulatedClock
from crawler.errors import UsageError
from crawler.extraction import extract_document
from crawler.fetch.environment import NetworkEnvironment
from crawler.links.extract import extract_links
from crawler.sandbox.messages import Response
from crawler.sandbox.server import Sandbox
from crawler.sandbox.world import World
from crawler.verification import verify_links

TEXT = "# List\n\n" + "".join(f"- [M{number}](https://a.org/{number})\n" for number in range(200))
DOUBTFUL = "See https://wiki.example.org/wiki/Acme_Inc. It is. https://wiki.example.org/sure.\n"
SHORT = "https://wiki.example.org/wiki/Acme_Inc"
LONG = SHORT + "."


@pytest.mark.parametrize("whole_bytes", [100, 1_000_000])
def test_files_and_stdin_of_any_size(
    whole_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extraction, "_WHOLE_BYTES", whole_bytes)
    document = tmp_path / "list.md"
    document.write_text(TEXT, encoding="utf-8")
    expected = [(link.line, link.column, link.url, link.entry) for link in extract_links(TEXT)]
    assert len(expected) == 200
    for name in (str(document), "-"):
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(TEXT.encode())))
        links = list(extract_document(name))
        assert [(link.line, link.column, link.url, link.entry) for link in links] == expected
        assert {link.document for link in links} == {name}


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"missing\.md"):
        list(extract_document(str(tmp_path / "missing.md")))


def test_uncertain_ends_are_marked_in_text_and_only_there(tmp_path: Path) -> None:
    document = tmp_path / "list.md"
    document.write_text(DOUBTFUL, encoding="utf-8")
    shown = CliRunner().invoke(cli, ["extract", str(document), "--format", "text"]).stdout
    assert f"{SHORT} (or {LONG})" in shown
    assert shown.count("(or ") == 1
    lines = CliRunner().invoke(cli, ["extract", str(document)]).stdout.splitlines()
    assert all("alternative" not in json.loads(line) for line in lines)


@pytest.mark.parametrize(
    ("pages", "chosen"),
    [
        ({SHORT: 200, LONG: 404}, SHORT),
        ({SHORT: 404, LONG: 200}, LONG),
        ({SHORT: 200, LONG: 200}, SHORT),
        ({SHORT: 404, LONG: 404}, SHORT),
        ({SHORT: 503, LONG: 200}, SHORT),
        ({SHORT: 404, LONG: 403}, SHORT),
    ],
    ids=["short", "long", "both", "neither", "short does not say", "long does not say"],
)
def test_the_host_says_which_spelling_exists(
    pages: dict[str, int], chosen: str, sandbox: Sandbox, world: World, clock: SimulatedClock
) -> None:
    for url, status in pages.items():
        world.web.pages[url] = Response(status, (("Content-Type", "text/html"),), b"<title>t</title>")
    links = list(extract_links(DOUBTFUL))
    environment = NetworkEnvironment.from_mapping(sandbox.environment())
    doubtful, sure = asyncio.run(verify_links(links, sandbox.proxied_settings(), environment, clock))
    assert (doubtful.url, doubtful.raw, doubtful.canonical_url) == (chosen, chosen, chosen)
    assert {doubtful.url, doubtful.alternative} == {SHORT, LONG}
    assert sure == links[1]
    assert {request.path for request in world.requests} == {"/wiki/Acme_Inc", "/wiki/Acme_Inc."}
