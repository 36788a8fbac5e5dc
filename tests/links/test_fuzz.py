"""Arbitrary text and bytes in every format: nothing raises, places hold, rendered links are found."""

from __future__ import annotations

import html
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.links.extract import extract_links, extract_stream

PIECES = [
    "[",
    "](",
    ")",
    "]",
    "![",
    "https://",
    "http",
    "a.org/x",
    "github.com/o/n",
    "/",
    '<a href="',
    '">',
    "</a>",
    "<td>",
    "<table>",
    "<h2>",
    "<pre>",
    "<code>",
    "|",
    "\n",
    "\r\n",
    "```",
    "- ",
    "# ",
    "> ",
    "中",
    "。",
    "）",
    "\\",
    " ",
    "`",
    "*",
    "_",
    "<!--",
    "-->",
    "[a]: ",
    "arXiv:2305.14314",
    "&lt;",
    "&amp;",
    "ä¸\xad",
    "🚀",
    "\u200b",
    "\0",
    "ｈｔｔｐ：／／",
    "---\n",
    "===\n",
    "|--|\n",
    "srcset=",
    "'",
    "www.",
    "https://a.org/b-\n",
]
torn = st.lists(st.sampled_from(PIECES), max_size=80).map("".join)
names = st.sampled_from(["x.md", "x.html", "x.txt"])


@given(torn, names)
def test_torn_documents_are_read_and_places_hold(text: str, name: str) -> None:
    lines = text.split("\n")
    for link in extract_links(text, name=name):
        assert "\n".join(lines[link.line - 1 :])[link.column - 1 :].startswith(link.raw)


@given(
    st.one_of(st.binary(max_size=300), torn.map(str.encode), torn.map(lambda text: text.encode("utf-16"))),
    names,
)
def test_any_bytes_are_read_whole_and_in_windows(content: bytes, name: str) -> None:
    for _ in extract_links(content, name=name):
        pass
    for _ in extract_stream(lambda: iter([content]), name=name, window_characters=50):
        pass


words = st.from_regex(r"[a-z][a-z0-9]{1,8}", fullmatch=True)
addresses = st.builds(
    lambda host, path, query: f"https://{host}.org/{'/'.join(path)}{query}",
    words,
    st.lists(words, min_size=1, max_size=3),
    st.sampled_from(["", "?q=1", "?a=1&b=2", "#part", ".html", "(v2)"]),
)
RENDERED = {
    "markdown.md": lambda urls: (
        "# List\n\n" + "".join(f"- [Name {n}]({url}) 说明。\n" for n, url in enumerate(urls))
    ),
    "table.md": lambda urls: (
        "| Name | Link |\n| --- | --- |\n" + "".join(f"| N | <{url}> |\n" for url in urls)
    ),
    "page.html": lambda urls: (
        "<!doctype html><html><body>"
        + "".join(f'<p>Name <a href="{html.escape(url)}">link</a></p>\n' for url in urls)
    ),
    "plain.txt": lambda urls: "".join(f"条目，见 {url}。\n\n" for url in urls),
    "brackets.txt": lambda urls: "".join(f"名称（{url}），说明；\n" for url in urls),
}
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "gb18030"]


@pytest.mark.parametrize("name", RENDERED)
@settings(max_examples=25)
@given(st.lists(addresses, min_size=1, max_size=8), st.sampled_from(ENCODINGS))
def test_known_links_are_found_in_every_format_and_encoding(
    name: str, urls: list[str], encoding: str
) -> None:
    text = "说明文字，用来表明编码。\n\n" * 2 * (name != "page.html") + RENDERED[name](urls)
    links = list(extract_links(text.encode(encoding), name=name))
    assert [link.url for link in links] == urls
    lines = text.split("\n")
    for link in links:
        assert lines[link.line - 1][link.column - 1 :].startswith(link.raw)


@settings(max_examples=40)
@given(st.lists(addresses, min_size=3, max_size=8), st.sampled_from(["cp1252", "cp1254", "latin-1"]))
def test_known_links_are_found_in_misread_text(urls: list[str], code_page: str) -> None:
    meant = "".join(f"- [中文名称]({url})：说明文字。\n" for url in urls)
    misread = meant.encode().decode(code_page, "replace").replace("\ufffd", "")
    links = list(extract_links(misread))
    assert [link.url for link in links] == urls
    lines = misread.split("\n")
    assert all(lines[link.line - 1][link.column - 1 :].startswith(link.raw) for link in links)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed")
def test_guided_by_coverage(tmp_path: Path) -> None:
    seconds = os.environ.get("FUZZ_SECONDS", "120")
    fuzzer = Path(__file__).with_name("fuzz_extract.py")
    seeds = Path(__file__).with_name("documents")
    run = subprocess.run(
        [
            sys.executable,
            fuzzer,
            f"-max_total_time={seconds}",
            "-max_len=4000",
            "-timeout=30",
            tmp_path,
            seeds,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-4000:]
