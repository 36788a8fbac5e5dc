"""What the first kilobytes of a page tell: never another verdict than the whole, and never one against it."""

from __future__ import annotations

import platform
import re

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.fetch.client import FetchResult
from crawler.records import Hop, Outcome
from crawler.resolve.web.glance import DOUBTFUL_CHARACTERS, GLANCED_BYTES, glance
from crawler.resolve.web.heap import keep_memory
from crawler.resolve.web.page import MAX_TEXT_CHARACTERS, collapse, collapse_beginning, read_page
from crawler.resolve.web.verdict import judge_answer, judge_at_a_glance
from tests.resolve.test_soft_404 import CASES, LIVING, SIGNATURES, Case

HTML = "text/html; charset=utf-8"
URL = "https://pages.example.org/deep/page"
PARAGRAPH = "<p>Weights, data and results of a model that was trained for <b>this</b> &amp; that.</p>\n"


def article(title: str = "An article", before: str = "", paragraphs: int = 300, head: str = "") -> str:
    return (
        f"<!doctype html><html><head>{head}<title>{title}</title></head>"
        f"<body class=x>{before}{PARAGRAPH * paragraphs}</body></html>"
    )


def answer(
    body: bytes, *, status: int = 200, final_url: str = URL, hops: tuple[Hop, ...] = ()
) -> FetchResult:
    return FetchResult(
        URL, final_url, status, httpx.Headers({"Content-Type": HTML}), body, redirect_chain=hops
    )


def assert_like_the_whole(result: FetchResult, content_type: str = HTML) -> bool:
    """Whether a glance told; what it told is what the whole page tells."""
    told = judge_at_a_glance(URL, result, content_type)
    if told is None:
        return False
    whole = read_page(result.body, content_type)
    assert told == (judge_answer(URL, result, whole, asked_conditionally=False), whole.title)
    assert told[0].outcome in {Outcome.ALIVE, Outcome.MOVED}
    return True


@pytest.mark.parametrize(
    "html",
    [
        article(),
        article(head=f"<style>{'a{b:c}' * 2_000}</style><script>{'f(1);' * 500}</script>"),
        article(before="<nav>" + '<a class="wide" href="/x"><img src="/y.png" alt=""></a>' * 70 + "</nav>"),
        article("大语言模型百宝袋", "<p>开源模型与数据集一览，持续更新中。</p>" * 200),
    ],
    ids=["plain", "much-style", "much-markup", "chinese"],
)
def test_an_ordinary_page_takes_only_a_glance(html: str) -> None:
    assert assert_like_the_whole(answer(html.encode()))


@pytest.mark.parametrize(
    "html",
    [
        article(before='<div id="root"></div><script>' + "f(1);" * 8_000 + "</script>", paragraphs=10),
        article(before="<!--" + PARAGRAPH * 300, paragraphs=1),
        article(before="<template>" + PARAGRAPH * 300 + "</template>", paragraphs=9),
        article("", PARAGRAPH * 300),
        article(paragraphs=9),
        article("404 Not Found", "<script>" + "f(1);" * 8_000 + "</script>", paragraphs=0),
        "<svg><title>Menu</title></svg>" + article()[40:],
        f"<p>{PARAGRAPH * 300}<title>late</title>",
        "<html><title>x</title><noframes>" + PARAGRAPH * 300 + "</noframes><frameset></frameset>",
        article()[:-16_000].replace("</title>", ""),
    ],
    ids=[
        *("drawn-by-script", "all-comment", "all-template", "no-title", "short", "soft-404-behind-script"),
        *("picture's-title", "title-in-the-body", "frames", "title-without-end"),
    ],
)
def test_what_leaves_a_doubt_is_read_as_a_whole(html: str) -> None:
    assert judge_at_a_glance(URL, answer(html.encode()), HTML) is None


def test_whatever_may_speak_against_a_link_takes_the_whole_page() -> None:
    body = article().encode()
    to_root = answer(body, final_url="https://pages.example.org/", hops=(Hop(URL, 302),))
    to_login = answer(body, final_url="https://pages.example.org/login", hops=(Hop(URL, 302),))
    to_market = answer(body, final_url="https://www.hugedomains.com/x", hops=(Hop(URL, 302),))
    for result in (to_root, to_login, to_market, answer(body, status=404), answer(body, status=403)):
        assert judge_at_a_glance(URL, result, HTML) is None
    blocked = FetchResult(URL, URL, 200, httpx.Headers({"CF-Mitigated": "challenge"}), body)
    assert judge_at_a_glance(URL, blocked, HTML) is None


@pytest.mark.parametrize("case", [*CASES, *LIVING], ids=lambda case: case.html[60:90])
def test_a_glance_at_a_signature_with_more_behind_it(case: Case) -> None:
    """Every known shape, with invisible and visible padding: at most the glance is silent."""
    hidden = "<script>" + "f(1);" * 6_000 + "</script>"
    for padding in (hidden, PARAGRAPH * 8 + hidden, hidden + PARAGRAPH * 30, PARAGRAPH * 300):
        for html in (case.html + padding, case.html.replace("<body>", f"<body>{padding}")):
            headers = httpx.Headers([("Content-Type", HTML), *case.headers])
            hops = (Hop(URL, 302),) if case.url != URL else ()
            result = FetchResult(URL, case.url, case.status, headers, html.encode(), redirect_chain=hops)
            assert_like_the_whole(result)


PIECES = st.lists(
    st.sampled_from(
        [
            *(
                PARAGRAPH,
                PARAGRAPH * 30,
                "text &lt; more &#x4e2d;",
                "中文" * 400,
                " \n\t" * 300,
                "\u200b\xa0" * 50,
            ),
            *(
                "<script>",
                "</script>",
                "<style>p{}</style>",
                "<!-- ",
                " -->",
                "<svg><title>M</title>",
                "</svg>",
            ),
            *("<template>", "</template>", "<select><option>o", "</select>", "<textarea>", "</textarea>"),
            *(
                "<noscript>",
                "</noscript>",
                "<iframe>",
                "</iframe>",
                "<title>Another",
                "</title>",
                "<table><tr>",
            ),
            *(
                "<td>cell",
                "</table>",
                "<b>",
                "</i>",
                "<a href='>'>",
                '<div title="a > b">',
                "<frameset>",
                "<noframes>",
            ),
            *(
                "<body id=b>",
                "</body>",
                "</head>",
                "<h1>Head</h1>",
                "<plaintext>",
                "&am",
                "<",
                "<input type=password>",
            ),
            *("404", "Page not found", "<math>", "<form>", "buy this domain", "_cf_chl_opt"),
        ]
    ),
    max_size=40,
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["Own", "404", "Page not found | Site", "Just a moment...", "Sign in", "nginx", ""]),
    PIECES,
    PIECES,
    st.integers(0, 3),
)
def test_a_glance_never_tells_what_the_whole_does_not(
    title: str, first: list[str], last: list[str], times: int
) -> None:
    html = f"<html><head><title>{title}</title></head><body>{''.join(first)}{PARAGRAPH * 60 * times}"
    body = (html + "".join(last)).encode()
    assert_like_the_whole(answer(body))
    whole = read_page(body, HTML)
    for seen in glance(body, HTML):
        assert seen.title == whole.title
        assert min(seen.characters, MAX_TEXT_CHARACTERS) <= len(whole.text)


@given(
    st.sampled_from(["utf-8", "gb18030", "cp1252"]), st.sampled_from(["", "; charset=utf-8", "; charset=gbk"])
)
def test_a_glance_reads_the_encoding_of_the_whole(codec: str, charset: str) -> None:
    title = "Café" if codec == "cp1252" else "大语言模型百宝袋"
    body = article(title).encode(codec)
    assert_like_the_whole(answer(body), f"text/html{charset}")


def test_the_margin_covers_a_cut_anywhere() -> None:
    """Whatever stands where the beginning ends, it adds less than the margin to what is counted."""
    start = article().index("<body")
    for tail in ("&CounterClockwiseContourIntegral;" * 9, '<a href="' + "x" * 90, "<!--" + "x" * 90, "</scr"):
        for shift in range(40):
            room = GLANCED_BYTES[0] - len("<body class=x>") - shift
            text = ("word " * GLANCED_BYTES[0])[:room]
            html = f"{article()[:start]}<body class=x>{text}{tail}>-->{'<i></i>' * 3_000}</body>"
            whole = read_page(html.encode(), HTML)
            first = next(glance(html.encode(), HTML))
            assert first.characters <= len(whole.text) - DOUBTFUL_CHARACTERS // 2


# --- what is looked for before a pattern is tried --------------------------------------------------


@pytest.mark.parametrize("name", [it.name for it in SIGNATURES if it.html])
def test_a_needle_stands_in_all_that_a_pattern_of_html_matches(name: str) -> None:
    (signature,) = [it for it in SIGNATURES if it.name == name]
    assert signature.html is not None
    assert signature.html_needles

    @settings(max_examples=60)
    @given(st.from_regex(signature.html))
    def check(html: str) -> None:
        source = html.encode("utf-8", "replace").lower()
        assert any(needle in source for needle in signature.html_needles)

    check()


@pytest.mark.parametrize("name", [it.name for it in SIGNATURES if it.title])
def test_a_word_stands_in_all_that_a_pattern_of_titles_matches(name: str) -> None:
    (signature,) = [it for it in SIGNATURES if it.name == name]
    assert signature.title is not None
    assert signature.title_words

    @settings(max_examples=120)
    @given(st.from_regex(signature.title, fullmatch=True).map(collapse))
    def check(title: str) -> None:
        assert any(word in title.lower() for word in signature.title_words)

    check()


@given(st.text(st.sampled_from("ab \n\t\u3000\u200b\xad\ufeff\x1f\x85中"), max_size=60), st.integers(1, 20))
def test_collapsing_the_beginning_is_the_beginning_of_collapsing(text: str, characters: int) -> None:
    invisible = dict.fromkeys([0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0xAD])
    assert collapse(text) == re.sub(r"\s+", " ", text.translate(invisible)).strip()
    assert collapse_beginning(text, characters) == collapse(text)[:characters]


def test_memory_is_kept_where_the_c_library_can() -> None:
    assert keep_memory() is (platform.libc_ver()[0] == "glibc")
