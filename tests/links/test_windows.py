"""Documents read window by window give what they give as a whole."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.links.extract import ExtractedLink, extract_links, extract_stream
from crawler.links.windows import cut_windows, decode_stream


def pieces_of(content: bytes, size: int = 113) -> Callable[[], Iterator[bytes]]:
    return lambda: (content[start : start + size] for start in range(0, len(content), size))


def place(link: ExtractedLink) -> tuple[object, ...]:
    return link.line, link.column, link.raw, link.url, link.entry, link.section, link.role


def section(number: int) -> str:
    return f"""## Part {number}

一段说明文字 with https://github.com/o/name{number}。

- [Item {number}](https://a.org/{number}) and [paper][p{number % 7}]
- Other: https://b.org/{number}

```sh
## no heading
git clone https://github.com/o/code{number}.git
```

| Model | Link |
| --- | --- |
| M{number} | [x](https://huggingface.co/o/m{number}) |

"""


DOCUMENT = (
    "# List\n\n"
    + "".join(section(number) for number in range(40))
    + "".join(f'[p{number}]: https://arxiv.org/abs/2305.0000{number} "title"\n' for number in range(7))
)


@pytest.mark.parametrize("characters", [500, 2_000, 5_000, 100_000])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "gb18030"])
def test_windows_give_what_the_whole_gives(characters: int, encoding: str) -> None:
    content = DOCUMENT.encode(encoding)
    whole = [place(link) for link in extract_links(DOCUMENT)]
    assert len(whole) == 40 * 6
    streamed = extract_stream(pieces_of(content), window_characters=characters)
    if characters >= 2_000:
        assert [place(link) for link in streamed] == whole
    else:  # a window of less than a section may cut between an entry and its heading
        assert [place(link)[:4] for link in streamed] == [found[:4] for found in whole]


def test_misread_text_and_glued_text_are_read_in_windows() -> None:
    misread = DOCUMENT.encode().decode("cp1252", "replace").replace("\ufffd", "")
    glued = "".join(f"模型{n}https://github.com/o/Model{n}https://a.org/{n}模型的说明。\n" for n in range(90))
    for text in (misread, glued):
        whole = [place(link)[:4] for link in extract_links(text)]
        streamed = extract_stream(pieces_of(text.encode()), window_characters=1_500)
        assert [place(link)[:4] for link in streamed] == whole


def test_a_page_is_read_in_windows() -> None:
    page = "<!doctype html><html><body>" + "".join(
        f"<h2>Part {n}</h2><ul><li><a href='https://a.org/{n}'>A{n}</a></li></ul>\n" for n in range(60)
    )
    streamed = extract_stream(pieces_of(page.encode()), window_characters=700)
    assert [place(link) for link in streamed] == [place(link) for link in extract_links(page)]


@given(st.text(alphabet="a#`\n <!->~", max_size=400), st.integers(5, 60))
def test_windows_are_the_text_and_know_their_places(text: str, characters: int) -> None:
    windows = list(cut_windows([text[:100], text[100:]], characters=characters))
    assert "".join(window.text for window in windows) == text
    before = ""
    for window in windows:
        assert window.line == before.count("\n") + 1
        assert window.column == len(before) - (before.rfind("\n") + 1)
        before += window.text


@pytest.mark.parametrize("size", [4, 7, 1000])
def test_characters_that_pieces_cut_are_whole_again(size: int) -> None:
    text = "说明 🚀 https://a.org/x"
    for content in (text.encode(), codecs.BOM_UTF8 + text.encode(), text.encode("utf-16")):
        assert "".join(decode_stream(pieces_of(content, size))()) == text


def test_any_bytes_are_read_as_a_stream() -> None:
    content = bytes(range(256)) * 20 + b"\nhttps://a.org/x\n"
    assert [link.url for link in extract_stream(pieces_of(content), window_characters=300)][-1:] == [
        "https://a.org/x"
    ]
    assert list(extract_stream(pieces_of(b""))) == []
