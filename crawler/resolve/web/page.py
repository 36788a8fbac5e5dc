"""The bytes of a page → what it says: its own encoding, title, heading and visible text. Pure."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

JUDGED_CHARACTERS: Final = 65_536
"""The head and the text of an error page stand well within this; parsing more tells nothing."""
MAX_TITLE_CHARACTERS: Final = 300
MAX_TEXT_CHARACTERS: Final = 5_000
SNIFFED_BYTES: Final = 4_096

HTML_TYPES: Final = frozenset({"text/html", "application/xhtml+xml"})

BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MARKS: Final = tuple(mark for mark, _ in BYTE_ORDER_MARKS)
# Labels as browsers read them (https://encoding.spec.whatwg.org/#names-and-labels): GB2312 means GB18030.
CODECS: Final = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5hkscs",
    "big5-hkscs": "big5hkscs",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "euc-jp": "euc_jp",
    "iso-2022-jp": "iso2022_jp",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "latin1": "cp1252",
    "iso-8859-1": "cp1252",
    "koi8-r": "koi8_r",
    "koi8-u": "koi8_u",
}
OTHER_LABELS: Final = re.compile(r"(windows|cp|iso)-?(125[0-8]|8859-\d{1,2})")
REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
TOLERATED_DAMAGE: Final = 0.005
"""A few bad bytes do not make a page another encoding's; read in a wrong one, nearly all of it is damage."""
SINGLE_BYTE: Final = re.compile(r"cp125\d|iso8859|koi8")

_META_CHARSET: Final = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([a-z0-9_:.-]{2,40})", re.IGNORECASE
)
_HEADER_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?\s*([a-z0-9_:.-]{2,40})", re.IGNORECASE)
_HTML_START: Final = re.compile(
    rb"\s*(<!--[\s\S]{0,2000}?-->\s*)?<(!doctype html|html|head|title|body)\b", re.IGNORECASE
)
_INVISIBLE: Final = ("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\xad")
UNSEEN_TAGS: Final = [
    "script",
    "style",
    "noscript",
    "template",
    "svg",
    "head",
    "iframe",
    "textarea",
    "select",
]


class PageText(NamedTuple):
    title: str = ""
    heading: str = ""
    text: str = ""
    html: str = ""
    has_password_form: bool = False


def read_page(body: bytes, content_type: str) -> PageText:
    """What an HTML page shows; everything empty for what is no HTML."""
    if not body:
        return PageText()
    if not is_html(body, content_type):
        media_type = media_type_of(content_type)
        # JSON and plain text carry walls too (Zhihu's 403): their source is kept for the signatures.
        is_text = media_type.startswith("text/") or media_type.endswith("json")
        return PageText(html=decode_text(body, content_type)[:JUDGED_CHARACTERS]) if is_text else PageText()
    html = decode_text(body, content_type)
    tree = LexborHTMLParser(html[:JUDGED_CHARACTERS])
    title = _find_title(tree)
    if not title and len(html) > JUDGED_CHARACTERS:
        title = _find_title(LexborHTMLParser(html))
    has_password_form = tree.css_first("input[type=password i]") is not None
    tree.strip_tags(UNSEEN_TAGS)
    heading = tree.css_first("h1") or tree.css_first("h2")
    text = tree.body.text(separator=" ") if tree.body is not None else ""
    return PageText(
        title=title[:MAX_TITLE_CHARACTERS],
        heading=collapse(heading.text(separator=" "))[:MAX_TITLE_CHARACTERS] if heading is not None else "",
        text=collapse_beginning(text, MAX_TEXT_CHARACTERS),
        html=html[:JUDGED_CHARACTERS],
        has_password_form=has_password_form,
    )


def has_whole_title(body: bytes) -> bool:
    """Whether enough of a page was read to tell its title."""
    return b"</title" in body or b"</title" in body.lower()


def is_page(content_type: str) -> bool:
    """Whether an answer is judged by what it shows; more of a PDF or a picture is not worth reading."""
    return media_type_of(content_type) in {"", *HTML_TYPES}


@lru_cache(maxsize=64)
def media_type_of(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def is_html(body: bytes, content_type: str) -> bool:
    """Whether an answer is an HTML page, by its Content-Type or, without one, by its beginning."""
    media_type = media_type_of(content_type)
    return media_type in HTML_TYPES or (not media_type and looks_like_html(body))


def looks_like_html(body: bytes) -> bool:
    """For answers without a Content-Type."""
    return _HTML_START.match(body[:SNIFFED_BYTES]) is not None


def decode_text(body: bytes, content_type: str) -> str:
    """Text in the page's own encoding: byte order mark, header, meta, then what fits."""
    if body.startswith(_MARKS):
        mark, codec = next(known for known in BYTE_ORDER_MARKS if body.startswith(known[0]))
        return body[len(mark) :].decode(codec, "replace")
    best = ""
    tried: list[str] = []
    for codec in _candidates(body, content_type):
        if codec in tried:
            continue
        tried.append(codec)
        # Not final: a body cut in the middle of a character is still good.
        if codec == "utf-8":
            text = codecs.utf_8_decode(body, "replace", False)[0]
        else:
            text = codecs.getincrementaldecoder(codec)("replace").decode(body, False)
        if text.count(REPLACEMENT) <= len(text) * TOLERATED_DAMAGE:
            return text
        best = best or text
    return best


def _candidates(body: bytes, content_type: str) -> Iterator[str]:
    """The codecs to try, in this order; the page's own word is looked for only when it is needed."""
    told, is_default = _codec_in_header(content_type)
    if told is not None and not is_default:
        yield told
    in_page = _META_CHARSET.search(body, 0, SNIFFED_BYTES)
    told_by_page = codec_for(in_page[1].decode("ascii")) if in_page else None
    first = told or told_by_page
    # A server's default header often claims Latin-1 for UTF-8; text that is valid UTF-8 by chance is rare.
    if first is None or SINGLE_BYTE.match(first):
        yield "utf-8"
    yield from (codec for codec in (told, told_by_page, "utf-8", "gb18030") if codec is not None)


@lru_cache(maxsize=64)
def _codec_in_header(content_type: str) -> tuple[str | None, bool]:
    """The codec, and whether a server may name it without knowing."""
    in_header = _HEADER_CHARSET.search(content_type)
    codec = codec_for(in_header[1]) if in_header else None
    return codec, codec is not None and SINGLE_BYTE.match(codec) is not None


def codec_for(label: str) -> str | None:
    """Python's name for a declared encoding; None for an unknown one."""
    label = label.strip().lower()
    if label in CODECS:
        return CODECS[label]
    if match := OTHER_LABELS.fullmatch(label):
        name = f"cp{match[2]}" if match[2].startswith("125") else f"iso{match[2]}"
        try:
            return codecs.lookup(name).name.replace("-", "_")
        except LookupError:
            return None
    return None


def collapse(text: str) -> str:
    """One blank for every run of white space, nothing invisible."""
    if not text.isascii():
        for character in _INVISIBLE:
            # Looking costs a fiftieth of translating a page that has none.
            if character in text:
                text = text.replace(character, "")
    return " ".join(text.split())


def collapse_beginning(text: str, characters: int) -> str:
    """The first `characters` of the collapsed text, without collapsing all that follows."""
    taken = 2 * characters
    while len(collapsed := collapse(text[:taken])) <= characters and taken < len(text):
        taken *= 2
    return collapsed[:characters]


def titles_in(tree: LexborHTMLParser, parent: str | None = None) -> Iterator[str]:
    """The titles that are not empty, below this tag only; a <title> inside an <svg> names the picture."""
    for node in tree.tags("title"):
        above = node.parent
        is_title = not _is_in_svg(node) if parent is None else above is not None and above.tag == parent
        if is_title and (title := collapse(node.text())):
            yield title


def _find_title(tree: LexborHTMLParser) -> str:
    for title in titles_in(tree):
        return title
    for selector in ('meta[property="og:title"]', 'meta[name="twitter:title"]', 'meta[name="title"]'):
        meta = tree.css_first(selector)
        if meta is not None and (title := collapse(meta.attributes.get("content") or "")):
            return title
    return ""


def _is_in_svg(node: LexborNode) -> bool:
    above = node.parent
    while above is not None and above.tag != "svg":
        above = above.parent
    return above is not None
