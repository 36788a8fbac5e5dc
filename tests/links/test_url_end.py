"""Where an address in running text begins and ends."""

from __future__ import annotations

import pytest

from crawler.links.addresses import find_urls
from crawler.links.run_together import KnownAddresses

CASES: dict[str, tuple[str, list[str]]] = {
    "full stop": ("See https://a.org/x.", ["https://a.org/x"]),
    "balanced parentheses": (
        "https://en.wikipedia.org/wiki/GPT_(model).",
        ["https://en.wikipedia.org/wiki/GPT_(model)"],
    ),
    "parenthesis around": ("(https://a.org/x)", ["https://a.org/x"]),
    "words after the parenthesis": ("(see https://a.org/x(y)z),ok", ["https://a.org/x(y)z"]),
    "chinese full stop": ("地址：https://github.com/a/b。下一句", ["https://github.com/a/b"]),
    "chinese brackets": (
        "（https://a.org/b）和《https://a.org/c》、「https://a.org/d」，https://a.org/e；",
        ["https://a.org/b", "https://a.org/c", "https://a.org/d", "https://a.org/e"],
    ),
    "full-width colon": ("链接：https://a.org/x：说明", ["https://a.org/x"]),
    "chinese words": ("见https://github.com/a/b开源", ["https://github.com/a/b"]),
    "kana and hangul": (
        "詳細はhttps://a.org/bをご覧 https://a.org/c에서",
        ["https://a.org/b", "https://a.org/c"],
    ),
    "emoji": ("https://a.org/x🚀 go", ["https://a.org/x"]),
    "zero width space": ("https://a.org/x\u200b next", ["https://a.org/x"]),
    "a second address": ("https://a.org/xhttps://b.org/y", ["https://a.org/x", "https://b.org/y"]),
    "a second address after a slash": (
        "https://a.org/x/https://b.org/y",
        ["https://a.org/x/", "https://b.org/y"],
    ),
    "an archived address": (
        "https://web.archive.org/web/2023/https://a.org/x",
        ["https://web.archive.org/web/2023/https://a.org/x"],
    ),
    "an address in a query": (
        "https://a.org/in?next=https://b.org/x",
        ["https://a.org/in?next=https://b.org/x"],
    ),
    "quotes": ('"https://a.org/x" “https://b.org/y”', ["https://a.org/x", "https://b.org/y"]),
    "emphasis": ("**https://a.org/x** _https://b.org/y_", ["https://a.org/x", "https://b.org/y"]),
    "underscore of its own": (
        "https://mp.weixin.qq.com/s/AAAAAAAAAAAAAAAAAAAAA_",
        ["https://mp.weixin.qq.com/s/AAAAAAAAAAAAAAAAAAAAA_"],
    ),
    "title in chinese": (
        "https://zh.wikipedia.org/wiki/语言模型 说明",
        ["https://zh.wikipedia.org/wiki/语言模型"],
    ),
    "international host": ("https://例子.测试/路径 见", ["https://例子.测试/路径"]),
    "port, user, tilde": (
        "http://1.2.3.4:80/x https://u:p@a.org/ https://a.edu/~bob/",
        ["http://1.2.3.4:80/x", "https://u:p@a.org/", "https://a.edu/~bob/"],
    ),
    "arXiv grammar": ("https://arxiv.org/abs/2306.00001Name is", ["https://arxiv.org/abs/2306.00001"]),
    "zhihu grammar": ("https://zhuanlan.zhihu.com/p/123456Name/X", ["https://zhuanlan.zhihu.com/p/123456"]),
    "file ending": ("https://a.org/paper.pdfThe text", ["https://a.org/paper.pdf"]),
    "name that begins again": ("https://github.com/o/BiNamBiNam是开源的", ["https://github.com/o/BiNam"]),
    "name in other spelling": (
        "https://github.com/o/lawyer-modelLawyer Model 首先",
        ["https://github.com/o/lawyer-model"],
    ),
    "a whole name before a sentence": ("https://github.com/o/OpenChat 是", ["https://github.com/o/OpenChat"]),
    "typing slips": (
        "hhttps://a.org/x https:/b.org/y http//c.org/z",
        ["https://a.org/x", "https://b.org/y", "http://c.org/z"],
    ),
    "without a scheme": (
        "github.com/a/b and arxiv.org/abs/2305.00001, www.foo.org",
        ["https://github.com/a/b", "https://arxiv.org/abs/2305.00001", "https://www.foo.org"],
    ),
    "bare arXiv ids": (
        "arXiv:2305.00001v2, arXiv: 2305.00002 but arXiv: Name",
        ["https://arxiv.org/abs/2305.00001v2", "https://arxiv.org/abs/2305.00002"],
    ),
    "a host in parentheses": ("try it (lmhost.com) now", ["https://lmhost.com"]),
    "a host of its own line": ("- gorilla.cs.example.edu\n", ["https://gorilla.cs.example.edu"]),
    "names in prose": ("Node.js, Ontocord.ai team, 【fish.ai】 README.md main.py v1.0 e.g. U.S.A", []),
    "mail and other schemes": ("bob@host.com git@github.com:a/b.git ftp://a.org/x", []),
    "hosts that begin like a form": (
        "https://my.site-of-news.net/blog/1",
        ["https://my.site-of-news.net/blog/1"],
    ),
    "forms to fill in": ("https://github.com/<user>/<repo> https://hub.org/{name} https://...", []),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES.keys())
def test_find_urls(text: str, expected: list[str]) -> None:
    assert [found.url for found in find_urls(text)] == expected


def test_code_keeps_what_a_reader_is_meant_to_use() -> None:
    code = "git clone https://github.com/a/b.git\ncurl http://localhost:80/v1 https://api.example.com/x"
    assert [found.url for found in find_urls(code, code=True)] == ["https://github.com/a/b.git"]


def test_repository_known_elsewhere_ends_the_address() -> None:
    text = "https://github.com/o/Luo-Chinese-LLMAlpaca 是一个"
    known = KnownAddresses(repositories=frozenset({"github.com/o/luo-chinese-llm"}))
    assert [found.url for found in find_urls(text)] == ["https://github.com/o/Luo-Chinese-LLMAlpaca"]
    assert [found.url for found in find_urls(text, known=known)] == ["https://github.com/o/Luo-Chinese-LLM"]


def test_markdown_escapes_are_part_of_the_written_address() -> None:
    text = r"https://github.com/a/b\_c\_d."
    (found,) = find_urls(text, escapes=True)
    assert found.url == "https://github.com/a/b_c_d"
    assert text[found.start : found.end] == r"https://github.com/a/b\_c\_d"
