import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from crawler.escape import for_csv, for_markdown, for_markdown_link, for_terminal


@given(st.text())
def test_a_terminal_never_sees_control_characters(text: str) -> None:
    assert for_terminal(text).isprintable()


@pytest.mark.parametrize("text", ["Luotuo 骆驼", "naïve – “quoted”", "🦙 llama"])
def test_readable_text_stays_as_it_is(text: str) -> None:
    assert for_terminal(text) == text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_markdown_shows_text_as_text(text: str) -> None:
    tokens = (
        MarkdownIt("commonmark").enable(["table", "strikethrough"]).parseInline(f"x {for_markdown(text)} x")
    )
    assert {child.type for child in tokens[0].children or []} <= {"text", "text_special"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.org/a(b)", "<https://example.org/a(b)>"),
        ("https://example.org/a>b", "`https://example.org/a>b`"),
        ("https://example.org/`x`", "`https://example.org/x`"),
        ("javascript:alert(1)", "`javascript:alert(1)`"),
    ],
)
def test_links_cannot_break_out(url: str, expected: str) -> None:
    assert for_markdown_link(url) == expected


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1"])
def test_formulas_are_not_run(cell: str) -> None:
    assert for_csv(cell) == "'" + cell


def test_plain_cells_stay() -> None:
    assert for_csv("Apache-2.0") == "Apache-2.0"
