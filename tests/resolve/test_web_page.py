"""Encodings, titles and visible text of pages as servers really send them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.resolve.web.page import collapse, decode_text, has_whole_title, is_page, read_page

CHINESE = "大语言模型百宝袋：开源模型与数据集一览，持续更新中。"


def page(head: str, body: str = "") -> str:
    return f"<!doctype html><html><head>{head}</head><body>{body}</body></html>"


@pytest.mark.parametrize(
    ("codec", "content_type", "meta"),
    [
        ("utf-8", "text/html; charset=utf-8", ""),
        ("utf-8", "text/html", ""),
        ("utf-8", "text/html", '<meta charset="UTF-8">'),
        ("utf-8", "text/html; charset=ISO-8859-1", ""),
        ("utf-8", "text/html; charset=unheard-of", ""),
        ("utf-8-sig", "text/html; charset=gbk", ""),
        ("utf-16", "text/html", ""),
        ("gb18030", "text/html; charset=gb2312", ""),
        ("gb18030", 'text/html;charset="GBK"', ""),
        ("gb18030", "text/html", '<meta charset="gb2312">'),
        ("gb18030", "text/html", '<meta http-equiv="Content-Type" content="text/html; charset=gbk">'),
        ("gb18030", "text/html", ""),
        ("gb18030", "text/html; charset=utf-8", ""),
        ("gb18030", "text/html; charset=utf-8", "<meta charset=gbk>"),
        ("big5hkscs", "text/html; charset=big5", ""),
    ],
)
def test_a_page_is_read_in_its_own_encoding(codec: str, content_type: str, meta: str) -> None:
    title = "開源模型與資料集一覽，持續更新" if codec.startswith("big5") else CHINESE
    body = page(f"{meta}<title>{title}</title>", f"<p>{title}</p>").encode(codec)
    seen = read_page(body, content_type)
    assert (seen.title, seen.text) == (title, title)


def test_a_few_bad_bytes_do_not_change_the_encoding() -> None:
    body = page(f"<title>{CHINESE}</title>", CHINESE * 20).encode() + b"\xff\xfe"
    assert read_page(body, "text/html; charset=utf-8").title == CHINESE


def test_a_page_cut_inside_a_character() -> None:
    body = page(f"<title>{CHINESE}</title>", CHINESE).encode()[:-20]
    for end in range(len(body) - 6, len(body)):
        assert read_page(body[:end], "text/html").title == CHINESE


def test_western_pages() -> None:
    body = page("<title>Café — naïve</title>").encode("cp1252")
    assert read_page(body, "text/html; charset=iso-8859-1").title == "Café — naïve"


@given(st.binary(max_size=300), st.text(max_size=40))
def test_any_bytes_make_some_page(body: bytes, content_type: str) -> None:
    read_page(body, content_type)
    read_page(b"<html><title>" + body, "text/html; charset=" + content_type)
    decode_text(body, content_type)


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ("<title>  two\n\t words\u3000here\xa0 </title>", "two words here"),
        ("<title>R&amp;D &#x4e2d; &lt;b&gt;</title>", "R&D 中 <b>"),
        ("<title>zero\u200bwidth\ufeff</title>", "zerowidth"),
        ('<title></title><meta property="og:title" content="From og">', "From og"),
        ('<meta name="twitter:title" content="From twitter">', "From twitter"),
        ('<title>Real</title><meta property="og:title" content="From og">', "Real"),
        ("<TITLE lang=en>Upper</TITLE>", "Upper"),
        ("", ""),
    ],
)
def test_title(head: str, title: str) -> None:
    assert read_page(page(head).encode(), "text/html").title == title


def test_the_title_of_a_picture_is_not_the_pages() -> None:
    body = page("", "<svg><title>Menu icon</title></svg><p>text</p>")
    assert read_page(body.encode(), "text/html").title == ""
    body = page("", "<svg><title>Menu icon</title></svg>") + "<title>Late</title>"
    assert read_page(body.encode(), "text/html").title == "Late"


def test_a_title_behind_much_style() -> None:
    head = f"<style>{'a{b:c}' * 30_000}</style><title>Far down</title>"
    assert read_page(page(head).encode(), "text/html").title == "Far down"


def test_text_is_what_a_reader_sees() -> None:
    body = page(
        "<title>T</title>",
        "<script>unseen()</script><style>p{}</style><noscript>turn it on</noscript>"
        "<h1>Head <b>line</b></h1><p>One</p><p>two</p><template>unseen</template>",
    )
    seen = read_page(body.encode(), "text/html")
    assert seen.heading == "Head line"
    assert seen.text.split() == ["Head", "line", "One", "two"]


def test_a_form_for_a_password() -> None:
    assert read_page(b"<form><input type=PASSWORD></form>", "text/html").has_password_form
    assert not read_page(b"<form><input type=text name=password></form>", "text/html").has_password_form


@pytest.mark.parametrize("content_type", ["application/pdf", "image/png", "application/octet-stream"])
def test_what_is_no_page_is_not_parsed(content_type: str) -> None:
    seen = read_page(b"<title>not a page</title>", content_type)
    assert (seen.title, seen.html) == ("", "")
    assert not is_page(content_type)


def test_json_keeps_its_source_for_the_signatures() -> None:
    assert read_page(b'{"code": 40362}', "application/json").html == '{"code": 40362}'


def test_a_page_without_a_content_type() -> None:
    assert read_page(b"\n<!-- made up -->\n<!DOCTYPE html><title>Bare</title>", "").title == "Bare"
    assert read_page(b"%PDF-1.7 <title>no</title>", "").title == ""


def test_has_whole_title() -> None:
    assert has_whole_title(b"<title>x</TITLE>")
    assert not has_whole_title(b"<title>x")


def test_collapse() -> None:
    assert collapse(" a\r\n\u3000b\u200b c ") == "a b c"
