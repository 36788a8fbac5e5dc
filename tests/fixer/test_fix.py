"""What `fix` writes, and that it writes nothing else. All documents and moves are made up."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.catalog import parse_catalog
from crawler.fixer import FileFix, fix_content
from crawler.fixer.output import diff_lines, fix_to_json, proposal_lines
from crawler.fixer.verdicts import Verdict
from crawler.links.decode import read_source
from crawler.records import Reason, State

SINCE = datetime(2026, 11, 2, tzinfo=UTC)
MOVED = {
    "https://github.com/old/thing": "https://github.com/new/better_thing",
    "https://github.com/old/snake_case": "https://github.com/new/snake_case",
    "https://github.com/old/thing/blob/main/docs/a.md": "https://github.com/new/better_thing/blob/main/docs/a.md",
    "https://huggingface.co/old/m-7b": "https://huggingface.co/new/m-7b",
    "https://huggingface.co/datasets/kd_conv": "https://huggingface.co/datasets/new/kd_conv",
    "https://site.org/a?b=1&c=2": "https://new.site.org/a?b=1&c=2",
    "https://site.org/page": "https://new.site.org/page",
}
DEAD = {"https://dead.org/x": "https://web.archive.org/web/20230101000000/https://dead.org/x"}
UNSURE = {"https://unsure.org/x": "https://unsure.org/y"}


def judge(url: str) -> Verdict | None:
    if url in MOVED:
        return Verdict(State.MOVED, Reason.RENAMED, SINCE, MOVED[url])
    if url in DEAD:
        return Verdict(State.DEAD, Reason.NOT_FOUND, SINCE, None, DEAD[url])
    if url in UNSURE:
        return Verdict(State.MOVED, Reason.REDIRECTED, SINCE, UNSURE[url], None, "a doubt")
    return None


def fix(text: str | bytes, name: str = "list.md") -> FileFix:
    return fix_content(text.encode() if isinstance(text, str) else text, name, judge)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[a](https://github.com/Old/Thing) b", "[a](https://github.com/new/better_thing) b"),
        ("see https://github.com/old/thing.git.", "see https://github.com/new/better_thing.git."),
        ("<https://github.com/old/thing/>", "<https://github.com/new/better_thing/>"),
        ("[a](https://github.com/old/thing#usage)", "[a](https://github.com/new/better_thing#usage)"),
        ("github.com/old/thing, yes", "github.com/new/better_thing, yes"),
        ("http://www.github.com/old/thing", "http://www.github.com/new/better_thing"),
        (r"https://github.com/old/snake\_case", r"https://github.com/new/snake\_case"),
        ("https://github.com/old/thing/blob/main/docs/a.md", "https://github.com/new/better_thing/blob/main/docs/a.md"),
        ("https://hf-mirror.com/old/m-7b", "https://hf-mirror.com/new/m-7b"),
        ("[d](https://huggingface.co/datasets/kd_conv)", "[d](https://huggingface.co/datasets/new/kd_conv)"),
        ('<a href="https://site.org/a?b=1&amp;c=2">', '<a href="https://new.site.org/a?b=1&amp;c=2">'),
        ("[a][1] [b][1]\n\n[1]: https://site.org/page", "[a][1] [b][1]\n\n[1]: https://new.site.org/page"),
        ("模型https://github.com/old/thing是好的。", "模型https://github.com/new/better_thing是好的。"),
        ("https://site.org/pagehttps://site.org/page", "https://new.site.org/pagehttps://new.site.org/page"),
        ("ｈｔｔｐｓ：／／ｓｉｔｅ．ｏｒｇ／ｐａｇｅ", "ｈｔｔｐｓ：／／ｎｅｗ．ｓｉｔｅ．ｏｒｇ／ｐａｇｅ"),
        ("`git clone https://github.com/old/thing.git`", "`git clone https://github.com/new/better_thing.git`"),
    ],
)  # fmt: skip
def test_moves_are_written_as_the_old_address_was(before: str, after: str) -> None:
    assert fix(before).content.decode() == after


@pytest.mark.parametrize(
    "text",
    [
        "https://dead.org/x https://unsure.org/x https://other.org/",
        "<!-- https://github.com/old/thing -->",
        "https://github.com/old/thing-2 https://github.com/old/thing/issues",
        "[a](docs/old/thing) #old/thing old/thing",
    ],
)
def test_everything_else_stays(text: str) -> None:
    assert fix(text).content.decode() == text


def test_dead_and_doubtful_links_are_proposed() -> None:
    told = fix("\nsee https://dead.org/x\nand https://unsure.org/x\n")
    assert list(proposal_lines(told)) == [
        "list.md:2:5: https://dead.org/x: dead since 2026-11-02, not-found; archived copy:"
        " https://web.archive.org/web/20230101000000/https://dead.org/x",
        "list.md:3:5: https://unsure.org/x: moved since 2026-11-02, redirected; not changed: a doubt;"
        " perhaps https://unsure.org/y",
    ]


def test_a_change_that_would_be_read_differently_is_proposed() -> None:
    glued = "https://github.com/old/thing and\n\nhttps://github.com/old/thingThing is a model.\n" * 2
    told = fix(glued)
    for line in told.content.decode().splitlines():
        assert line in {*glued.splitlines(), "https://github.com/new/better_thing and"}
    assert all("differently" in proposal.why for proposal in told.proposals)


ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "gb18030"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_encoding_mark_and_line_ends_stay(encoding: str, line_end: str) -> None:
    text = line_end.join(["# 模型", "- 好模型：https://github.com/old/thing。", "- 数据集 \U0001f917 的", ""])
    told = fix(text.encode(encoding))
    assert told.content == text.replace("old/thing", "new/better_thing").encode(encoding)


def test_misread_text_stays_misread() -> None:
    text = "# 模型\n\n- 开源大语言模型汇总：[东西](https://github.com/old/thing)，持续更新\n"
    misread = text.encode().decode("cp1252", "ignore").encode()
    assert "模" in read_source(misread).text
    assert fix(misread).content == misread.replace(b"old/thing", b"new/better_thing")


def test_broken_bytes_stay_broken() -> None:
    broken = (
        "好".encode()[:2]
        + b" https://github.com/old/thing \xff\xfe \xe4\xbd https://site.org/page ok "
        + "好".encode() * 9
    )
    expected = broken.replace(b"old/thing", b"new/better_thing").replace(b"//site", b"//new.site")
    assert fix(broken).content == expected


CATALOG = """# a comment that stays
document: {title: "List", url: 'https://site.org/page'}
entries:
  - id: "list/thing"
    name: "https://github.com/old/thing"
    kind: "tool"
    links:
      - {role: "project", url: "https://github.com/old/snake_case", raw: "https://github.com/old/snake\\\\_case"}
      - {role: "article", url: https://dead.org/x, raw: "https://dead.org/x"}
      - role: "demo"
        url:   'https://github.com/old/thing.git'   # here
exclusions:
  - {url: "https://github.com/old/thing", reason: "made up"}
"""


def test_catalog_files_are_changed_at_their_links_only() -> None:
    told = fix(CATALOG, "catalog/list.yaml")
    head, tail = CATALOG.split("    links:")
    middle, exclusions = tail.split("exclusions:")
    middle = middle.replace("old/snake", "new/snake").replace("old/thing", "new/better_thing")
    head = head.replace("'https://site.org/page'", "'https://new.site.org/page'")
    assert told.content.decode() == f"{head}    links:{middle}exclusions:{exclusions}"
    assert not parse_catalog(told.content, "list.yaml").mistakes
    assert [proposal.place.line for proposal in told.proposals] == [9]


def test_the_diff_and_the_json_say_what_is_done() -> None:
    told = fix("a\nb https://github.com/old/thing c")
    assert "".join(diff_lines(told)) == (
        "--- a/list.md\n+++ b/list.md\n@@ -1,2 +1,2 @@\n a\n-b https://github.com/old/thing c\n"
        "\\ No newline at end of file\n+b https://github.com/new/better_thing c\n"
        "\\ No newline at end of file\n"
    )
    data = json.loads(json.dumps(fix_to_json(told, written=False)))
    assert (data["file"], data["written"], data["proposals"]) == ("list.md", False, [])
    change = data["changes"][0]
    assert (change["line"], change["column"], change["raw"]) == (2, 3, "https://github.com/old/thing")
    assert change["replacement"] == change["new_url"] == "https://github.com/new/better_thing"


WORDS = st.sampled_from(
    [
        "模型",
        "。",
        "a",
        " ",
        "\n",
        "- ",
        "|",
        "[",
        "](",
        ")",
        "`",
        "<",
        ">",
        "&amp;",
        "\\_",
        "é",
        "\r\n",
        "\U0001f917",
    ]
)
ADDRESSES = st.sampled_from([*MOVED, *DEAD, *UNSURE, "https://other.org/x"])


@given(st.lists(WORDS | ADDRESSES, max_size=25), st.sampled_from(ENCODINGS))
def test_fix_touches_nothing_but_what_it_says(pieces: list[str], encoding: str) -> None:
    text = "".join(pieces)
    content = text.encode(encoding)
    told = fix(content)
    rebuilt = told.before.text
    for change in sorted(told.changes, key=lambda change: change.place.start, reverse=True):
        place = change.place
        assert rebuilt[place.start : place.end] == place.raw
        rebuilt = rebuilt[: place.start] + change.replacement + rebuilt[place.end :]
    if told.changes:
        assert told.content == told.before.mark + rebuilt.encode(told.before.encoding)
    else:
        assert told.content == content
    again = fix(told.content)
    assert again.content == told.content


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_any_bytes_around_a_link_stay(before: bytes, after: bytes) -> None:
    content = before + b" https://github.com/old/thing " + after
    told = fix(content)
    assert told.content in {content, content.replace(b"old/thing", b"new/better_thing")}
