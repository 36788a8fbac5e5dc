"""Small documents of every kind and what a careful reader finds in them: the tables in `documents/`.

A case is a text, a line `=>`, and one address a line; a line `%%` parts two cases.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.links.extract import extract_links

FOLDER = Path(__file__).parent / "documents"


def read_cases() -> Iterator[tuple[str, str, list[str]]]:
    for table in sorted(FOLDER.glob("*.txt")):
        line = 1
        for case in table.read_text(encoding="utf-8").split("\n%%\n"):
            text, _, expected = case.partition("\n=>\n")
            yield f"{table.stem}:{line}", text, expected.split("\n") if expected.strip() else []
            line += case.count("\n") + 2


CASES = [(name, text, [url for url in expected if url]) for name, text, expected in read_cases()]


def test_tables_are_read() -> None:
    assert len(CASES) > 130
    assert sum(len(expected) for _, _, expected in CASES) > 550


@pytest.mark.parametrize(("text", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_every_address_and_no_other(text: str, expected: list[str]) -> None:
    assert [link.url for link in extract_links(text)] == expected


@pytest.mark.parametrize(("text", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_windows_line_ends_change_nothing(text: str, expected: list[str]) -> None:
    assert [link.url for link in extract_links(text.replace("\n", "\r\n"))] == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_encodings_change_nothing(encoding: str) -> None:
    for _, text, expected in CASES:
        # Four bytes in a row say little about an encoding; a document says more.
        content = ("说明文字，用来表明编码。\n\n" * 3 + text).encode(encoding)
        assert [link.url for link in extract_links(content)] == expected, text


@pytest.mark.parametrize(("text", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_places_slice_the_original(text: str, expected: list[str]) -> None:
    lines = text.split("\n")
    for link in extract_links(text):
        assert "\n".join(lines[link.line - 1 :])[link.column - 1 :].startswith(link.raw)
    assert expected is not None
