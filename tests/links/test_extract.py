"""Documents in the shapes that maintainers write, read as a careful reader would."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.links.extract import ExtractedLink, extract_links, extracted_to_json

URL_CASES: dict[str, tuple[str, list[str]]] = {
    "inline link with parentheses": ("[a](https://a.org/x_(y)) b", ["https://a.org/x_(y)"]),
    "title": ('[x](https://a.org/y "title (z)")', ["https://a.org/y"]),
    "link whose words are its address": ("[https://a.org/x](https://a.org/x)", ["https://a.org/x"]),
    "badge in a link": (
        "[![b](https://img.shields.io/b.svg)](https://github.com/a/b)",
        ["https://img.shields.io/b.svg", "https://github.com/a/b"],
    ),
    "badge whose address is none": (
        "![badge](https://im[g.shields.io/b.svg) https://a.org/x",
        ["https://im[g.shields.io/b.svg", "https://a.org/x"],
    ),
    "references": (
        "[a][1] and [b]\n\n[1]: https://a.org/x 't'\n[b]: <https://b.org/y>\n[unused]: https://c.org/\n",
        ["https://a.org/x", "https://b.org/y"],
    ),
    "autolinks": ("<https://a.org/x> <http://b.org>", ["https://a.org/x", "http://b.org"]),
    "html with entities": (
        "<a href=\"https://a.org/?x=1&amp;y=2\">t</a><img src='https://b.org/i.png'>",
        ["https://a.org/?x=1&y=2", "https://b.org/i.png"],
    ),
    "address relative to the scheme": ('<img src="//img.host.org/x.svg">', ["https://img.host.org/x.svg"]),
    "escaped pipe in a cell": (
        "| a | b |\n|---|---|\n| [x](https://a.org/?q=1\\|2) | https://b.org/z |",
        ["https://a.org/?q=1|2", "https://b.org/z"],
    ),
    "full-width brackets for a link": ("[x]（https://github.com/a/b）", ["https://github.com/a/b"]),
    "comments": ("<!-- https://a.org/x\n\n-->https://b.org/y", ["https://b.org/y"]),
    "hidden markup": (
        '<div style="display:none">https://a.org/</div><p hidden>https://b.org/</p>https://c.org/x',
        ["https://c.org/x"],
    ),
    "anchors, relative links, mail": (
        "[a](#b) [c](./d.md) [e](docs/x.md) [f](mailto:x@y.org) ![g](h.png)",
        [],
    ),
    "code": (
        "```sh\ngit clone https://github.com/a/b.git\ncurl http://localhost:80/v1\n```\n`http://127.0.0.1:1/`",
        ["https://github.com/a/b.git"],
    ),
    "footnote": ("Foo[^1] is good.\n\n[^1]: see https://a.org/x", ["https://a.org/x"]),
    "front matter": (
        "---\nurl: https://github.com/a/list\n---\n# T\nhttps://b.org/x",
        ["https://github.com/a/list", "https://b.org/x"],
    ),
    "a page": (
        "<!doctype html><html><head><script src='https://x.org/a.js'></script></head><body><ul>"
        "<li><a href='https://a.org/x'>A</a></li></ul></body></html>",
        ["https://a.org/x"],
    ),
    "full-width address": ("见 ｈｔｔｐｓ：／／ａ．ｏｒｇ／ｂ，好", ["https://a.org/b"]),
}


@pytest.mark.parametrize(("text", "expected"), URL_CASES.values(), ids=URL_CASES.keys())
def test_addresses(text: str, expected: list[str]) -> None:
    assert [link.url for link in extract_links(text)] == expected


def owners(text: str) -> list[tuple[str, str | None, str, str]]:
    return [
        (link.url.split("//")[1], link.entry, link.section, str(link.role)) for link in extract_links(text)
    ]


def test_heading_owns_bare_list_items_and_prose() -> None:
    text = """# A list (v1)

**Github**: https://github.com/me/list

## 1 Tools
### Foo-LoRA
- https://github.com/o/foo
- arxiv.org/abs/2305.00001
- https://mp.weixin.qq.com/s/AAAAAAAAAAAAAAAAAAAAAA

Some words on it, with numbers:
- fast
- small, see https://foo.org/why for the long story of how it came to be as small as it is now

### * 【Bar】 （更新于2023年5月1日）
Its address is https://github.com/o/bar。
"""
    assert owners(text) == [
        ("github.com/me/list", None, "A list (v1)", "project"),
        ("github.com/o/foo", "Foo-LoRA", "A list (v1) > 1 Tools", "project"),
        ("arxiv.org/abs/2305.00001", "Foo-LoRA", "A list (v1) > 1 Tools", "paper"),
        ("mp.weixin.qq.com/s/AAAAAAAAAAAAAAAAAAAAAA", "Foo-LoRA", "A list (v1) > 1 Tools", "article"),
        ("foo.org/why", "Foo-LoRA", "A list (v1) > 1 Tools", "other"),
        ("github.com/o/bar", "Bar", "A list (v1) > 1 Tools", "project"),
    ]


def test_paragraph_that_stands_like_a_heading_begins_another_entry() -> None:
    text = """一、模型
-------

### Chat

    它的地址为：https://github.com/o/chat

    Chat2（更新于2023年6月1日）

    第二代。

    Chat2开源地址为：https://github.com/o/chat2
"""
    assert [(entry, section) for _, entry, section, _ in owners(text)] == [
        ("Chat", "一、模型"),
        ("Chat2", "一、模型 > Chat"),
    ]


def test_list_items_own_what_hangs_below_them() -> None:
    text = """## 语料
### 指令集

1.  Foo数据集，一万条，数据已开源：

    https://github.com/o/foo/blob/main/foo\\_data.json

2.  Bar，多轮对话

    中文：https://huggingface.co/datasets/o/bar\\_zh

    英文：https://huggingface.co/datasets/o/bar
"""
    assert owners(text) == [
        ("github.com/o/foo/blob/main/foo_data.json", "Foo数据集", "语料 > 指令集", "project"),
        ("huggingface.co/datasets/o/bar_zh", "Bar", "语料 > 指令集", "project"),
        ("huggingface.co/datasets/o/bar", "Bar", "语料 > 指令集", "data"),
    ]


def test_list_items_are_entries_and_their_labels_are_not() -> None:
    text = """# List
## Models
- [Foo](https://github.com/o/foo) - a model ([paper](https://arxiv.org/abs/2301.00001))
- **Bar**: [code](https://github.com/o/bar) | [demo](https://huggingface.co/spaces/o/bar)
- Baz
  - Paper: https://arxiv.org/abs/2301.00002
  - Code: https://github.com/o/baz
"""
    assert [(entry, role) for _, entry, _, role in owners(text)] == [
        ("Foo", "project"),
        ("Foo", "paper"),
        ("Bar", "project"),
        ("Bar", "demo"),
        ("Baz", "paper"),
        ("Baz", "project"),
    ]


def test_table_rows_are_entries_and_columns_give_roles() -> None:
    rows = [
        ["#", "Model", "Org", "Data", "License", "Notes"],
        ["-", "-----", "---", "----", "-------", "-----"],
        [
            "1",
            "[Foo](https://github.com/o/foo)",
            "[o](https://github.com/o)",
            "[d](https://github.com/o/d)",
            "[MIT](https://github.com/o/foo/blob/main/LICENSE)",
            "[![b](https://x.org/badge.svg)](https://colab.research.google.com/x)",
        ],
        [
            "2",
            "Bar",
            "[hf](https://huggingface.co/p)",
            "",
            "[CC](https://creativecommons.org/licenses/by/4.0/)",
            "https://arxiv.org/abs/2301.00001",
        ],
    ]
    text = "## Models\n\n" + "".join(f"| {' | '.join(row)} |\n" for row in rows)
    assert [(entry, role) for _, entry, _, role in owners(text)] == [
        ("Foo", "project"),
        ("Foo", "org"),
        ("Foo", "data"),
        ("Foo", "license"),
        ("Foo", "badge"),
        ("Foo", "demo"),
        ("Bar", "org"),
        ("Bar", "license"),
        ("Bar", "paper"),
    ]


def test_a_list_without_markers_names_each_paragraph() -> None:
    lines = [f"第{number}篇文章的题目https://zhuanlan.zhihu.com/p/{number}00" for number in range(1, 9)]
    text = "# T\n\n## 参考\n\n" + "\n\n".join(lines)
    assert [entry for _, entry, _, _ in owners(text)] == [f"第{number}篇文章的题目" for number in range(1, 9)]


def test_glued_text_is_taken_apart() -> None:
    text = (
        "⾸⻚ 导航\n"
        "华佗https://mp.weixin.qq.com/s/AAAAAAAAAAAAAAAAAAAAAAhttps://arxiv.org/pdf/2305.00001.pdf"
        "https://www.hua.cn/该论⽂提出。\n"
        "Alphahttps://github.com/o/Alphahttps://arxiv.org/abs/2306.00002Alpha is a model. It works.Betahttps://"
        "github.com/o/BetaThe model is new.\n"
        "丙：基于丁的模型https://github.com/o/Bing-ModelBing-Model 是⼀个模型。\n"
    )
    assert [(entry, url) for url, entry, _, _ in owners(text)] == [
        ("华佗", "mp.weixin.qq.com/s/AAAAAAAAAAAAAAAAAAAAAA"),
        ("华佗", "arxiv.org/pdf/2305.00001.pdf"),
        ("华佗", "www.hua.cn/"),
        ("Alpha", "github.com/o/Alpha"),
        ("Alpha", "arxiv.org/abs/2306.00002"),
        ("Beta", "github.com/o/Beta"),
        ("丙", "github.com/o/Bing-Model"),
    ]


def assert_places_slice_to_raw(original: str, links: list[ExtractedLink]) -> None:
    lines = original.split("\n")
    for link in links:
        assert "\n".join(lines[link.line - 1 :])[link.column - 1 :].startswith(link.raw)


def test_places_point_into_misread_text() -> None:
    meant = (
        "## 模型列表\r\n- [甲模型](https://github.com/a/b)：开源项目\r\n\r\n地址https://github.com/c/d。\r\n"
    )
    original = meant.encode().decode("cp1254", "replace").replace("\ufffd", "")
    links = list(extract_links(original))
    assert [link.url for link in links] == ["https://github.com/a/b", "https://github.com/c/d"]
    assert links[0].line == 2
    assert_places_slice_to_raw(original, links)


def test_json_has_the_keys_of_the_contract_in_order() -> None:
    (link,) = extract_links("# T\n\n## S\n- [Foo](https://www.github.com/Acme/Foo.git)\n", name="x.md")
    written = json.loads(json.dumps(extracted_to_json(link)))
    assert list(written) == [
        "document", "url", "raw", "line", "column", "entry", "section", "role", "canonical_url", "target",
    ]  # fmt: skip
    assert written == {
        "document": "x.md",
        "url": "https://www.github.com/Acme/Foo.git",
        "raw": "https://www.github.com/Acme/Foo.git",
        "line": 4,
        "column": 9,
        "entry": "Foo",
        "section": "T > S",
        "role": "project",
        "canonical_url": "https://github.com/acme/foo",
        "target": {"kind": "github_repo", "id": "acme/foo"},
    }


# --- laws ---------------------------------------------------------------------------------------------

names = st.from_regex(r"[A-Z][a-z]{3,8}-[0-9]{1,2}B", fullmatch=True)
paths = st.from_regex(r"[a-z]{2,8}/[a-z][a-z0-9_-]{1,10}[a-z0-9]", fullmatch=True)
addresses = st.one_of(
    paths.map(lambda path: f"https://github.com/{path}"),
    paths.map(lambda path: f"https://huggingface.co/{path}"),
    st.integers(0, 99_999).map(lambda number: f"https://arxiv.org/abs/2301.{number:05}"),
    paths.map(lambda path: f"https://site.org/{path}?q=1&r=(2)"),
)
rendered_entries = st.lists(st.tuples(names, addresses, st.sampled_from("hiltbr")), min_size=1, max_size=12)


def render(entries: list[tuple[str, str, str]]) -> str:
    """A Markdown document with one link an entry, each written its own way."""
    parts = ["# List\n\n## Part\n"]
    for number, (name, address, form) in enumerate(entries):
        parts.append(
            {
                "h": f"\n### {name}\n\n- {address}\n\nSome words.\n\n## Part {number}\n",
                "i": f"\n- {name}: {address}\n",
                "l": f"\n- [{name}]({address}) - words（说明）。\n",
                "t": f"\n| Model | Link |\n| --- | --- |\n| {name} | [page]({address}) |\n\n",
                "b": f"\n{name}：{address}。\n",
                "r": f"\n- [{name}][r{number}] words\n\n[r{number}]: {address}\n",
            }[form]
        )
    return "".join(parts)


@settings(deadline=None)
@given(rendered_entries)
def test_rendered_links_are_all_found(entries: list[tuple[str, str, str]]) -> None:
    text = render(entries)
    links = list(extract_links(text))
    assert [link.url for link in links] == [address for _, address, _ in entries]
    assert_places_slice_to_raw(text, links)


@settings(deadline=None)
@given(st.text(alphabet="[]()<>!`*_|\\:/.#-=\n ahtps中。（）ä¸\u2f00&;", max_size=300))
def test_any_text_is_read_and_places_hold(text: str) -> None:
    assert_places_slice_to_raw(text, list(extract_links(text)))


TORN = [
    "[",
    "](",
    ")",
    "https://",
    "a.org/x",
    '<a href="',
    '">',
    "|",
    "\n",
    "```",
    "- ",
    "中",
    "![",
    "\\",
    " ",
]


@settings(deadline=None)
@given(st.lists(st.sampled_from(TORN), max_size=60))
def test_torn_markup_never_raises(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert_places_slice_to_raw(text, list(extract_links(text)))


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_read(content: bytes) -> None:
    assert all(link.line >= 1 and link.column >= 1 for link in extract_links(content))


@pytest.mark.parametrize(
    "piece",
    [
        "[",
        "](a",
        "![",
        "https://",
        "`a``b",
        '<a href="',
        "a.",
        "[a](b",
        "<!--",
        "|a",
        "- a\n",
        "ä¸",
        "[a][b]",
        "[a](https://a.org/b) ",
    ],
)
def test_time_grows_with_length_only(piece: str) -> None:
    def seconds(length: int) -> float:
        text = piece * (length // len(piece))
        started = time.process_time()
        for _ in extract_links(text):
            pass
        return time.process_time() - started

    seconds(1000)
    small, large = seconds(40_000), seconds(160_000)
    assert large < 12 * small + 0.5
