"""Addresses in prose and in a form's field."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.links.normalise import normalise_url
from crawler.links.pointers import MAX_POINTERS, read_pointer, read_pointers


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("12 pages, 3 figures", ()),
        (None, ()),
        ("Code: https://github.com/Made/Up.", ("https://github.com/made/up",)),
        (r"Code at \url{https://github.com/made/up}.", ("https://github.com/made/up",)),
        (r"(see \href{https://github.com/made/up}{here})", ("https://github.com/made/up",)),
        (
            "Page https://made-up.example/, model huggingface.co/made/up_7b; page https://made-up.example/",
            ("https://made-up.example/", "https://huggingface.co/made/up_7b"),
        ),
        ("extends arXiv https://arxiv.org/pdf/2305.14314v2.pdf", ("https://arxiv.org/abs/2305.14314",)),
        (r"$\texttt{x}$, e.g. 3.5 of README.md", ()),
    ],
    ids=["none", "nothing", "bare", "latex", "href", "two", "paper", "no-address"],
)
def test_prose(text: str | None, urls: tuple[str, ...]) -> None:
    assert read_pointers(text) == urls


@pytest.mark.parametrize(
    ("address", "urls"),
    [
        ("https://Made-Up.example", ("https://made-up.example/",)),
        (" made-up.example/x ", ("https://made-up.example/x",)),
        ("", ()),
        (None, ()),
        ("mailto:someone@made-up.example", ()),
        ("not yet", ()),
    ],
)
def test_a_field(address: str | None, urls: tuple[str, ...]) -> None:
    assert read_pointer(address) == urls


@given(st.text(alphabet="ab {}\\/:.-()url\nhtps", max_size=60))
def test_whatever_stands_there_is_canonical_or_left_out(text: str) -> None:
    for url in (*read_pointers(text), *read_pointer(text)):
        assert normalise_url(url) == url


def test_a_list_of_links_is_cut() -> None:
    many = " ".join(f"https://made-up.example/{number}" for number in range(100))
    assert len(read_pointers(many)) == MAX_POINTERS
