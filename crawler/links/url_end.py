"""Finds addresses in running text and says where each ends: the art of the extractor.

Knows the marks that close an address, the path grammars of the hosts met most, and what runs addresses
into the words after them. Pure and linear: one pass of compiled patterns, every look ahead is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from crawler.links.run_together import NOTHING_KNOWN, KnownAddresses, glued_end

# Letters that addresses carry unescaped in practice: Latin, Greek and Cyrillic, never CJK or emoji.
_LETTERS = "A-Za-z0-9\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0370-\u03ff\u0400-\u04ff"
_BODY = rf"[{_LETTERS}\-._~:/?#\[\]@!$&'()*+,;=%|{{}}\\^]"

MAX_URL_CHARACTERS: Final = 4096

# The scheme, also as people mistype it: hhttps://, htttp://, https:/x, https:///x, https//x, ttps://.
_SCHEME = (
    r"(?:(?<![A-Za-z])h?h?t{1,3}ps?|https?)\s?(?::\s?/{1,3}|//)(?=[^\s/])|(?<![A-Za-z0-9])://(?=[\w-]+\.)"
)
_SCHEME_EXACT = re.compile(r"https?://", re.IGNORECASE)

# Top-level domains that make a name without a scheme a host. File endings and words (md, py, sh, rs,
# so, is, js, cpp) are left out on purpose.
_DOMAINS: Final = (
    "com|org|net|edu|gov|io|ai|cn|dev|app|co|me|xyz|info|cloud|tech|site|online|live|chat|art|pub|blog|page|"
    "space|wiki|studio|run|jp|kr|de|fr|uk|eu|ru|tw|hk|sg|ca|ch|nl|au|us|in|it|es|se|top|club|tv|cc|vip|gg|fm"
)
_HOST_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_BARE_HOST = (
    rf"(?<![\w@./\-:%&=+~\\])(?:{_HOST_LABEL}\.){{1,6}}(?:{_DOMAINS})"
    r"(?![A-Za-z0-9_@-]|\.[A-Za-z0-9])(?::\d{2,5})?"
)
_ARXIV_ID = (
    r"(?<![\w/.])arxiv\s?[:：]\s?(?:\d{4}\.\d{4,5}|[a-z-]{2,9}(?:\.[A-Z]{2})?/\d{7})(?:v\d{1,2})?(?!\d)"
)

_START = re.compile(
    rf"(?P<scheme>{_SCHEME})|(?P<arxiv>{_ARXIV_ID})|(?P<host>{_BARE_HOST})(?P<path>[/?](?![/?]))?",
    re.IGNORECASE,
)
START_HINT = re.compile(r"://|:/|ps?//|：//|arxiv|\.(?:" + _DOMAINS + r")(?![a-z])", re.IGNORECASE)

_RUN = re.compile(_BODY + rf"{{1,{MAX_URL_CHARACTERS}}}")
_HOST_RUN = re.compile(r"[^\s/?#<>\"'()（）\[\]{}，。、；：！？》」』】,;|`\\]{1,253}")

# Addresses that carry another one inside them.
_WRAPPER = re.compile(
    r"web\.archive\.org/|archive\.(?:is|ph|today|org)/|webcache|proxy|mirror|r\.jina\.ai/|12ft\.io|translate\.|"
    r"//link\.|nbviewer|jump|redirect|/url[/?]",
    re.IGNORECASE,
)
_INNER_SCHEME = re.compile(r"h?https?:/{1,2}(?=[\w\[])", re.IGNORECASE)

_CLOSING = ".,:;!?'\"*_~|\\^"
_TRAILING = re.compile(r"(?:[.,:;!?'*|\\^~]|&(?:[a-z]{2,8}|#\d{1,5});)+$")
_BRACKETS = re.compile(r"[()\[\]{}]")
_OPENERS: Final = {")": "(", "]": "[", "}": "{"}

# Paths whose grammar says where they end, whatever follows. Group 0 is the whole address.
_GRAMMARS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"https?://(?:\w+\.)?arxiv\.org/(?:abs|pdf|html|format|ps)/(?:\d{4}\.\d{4,5}|[a-z-]+(?:\.[a-z]{2})?/\d{7})(?:v\d{1,2}(?!\d))?(?:\.pdf)?",
        r"https?://mp\.weixin\.qq\.com/s/[\w-]{22}(?![\w-]*[?])",
        r"https?://zhuanlan\.zhihu\.com/p/\d+/?",
        r"https?://(?:www\.)?zhihu\.com/question/\d+(?:/answers?/\d+)?/?",
        r"https?://(?:www\.|alphaxiv\.|hf\.co|huggingface\.co)/?papers/\d{4}\.\d{4,5}",
        r"https?://huggingface\.co/papers/\d{4}\.\d{4,5}",
        r"https?://github\.com/[\w.-]+/[\w.-]+/(?:issues|pull|discussions)/\d+",
        r"https?://(?:www\.|m\.)?youtube\.com/watch\?v=[\w-]{11}",
        r"https?://youtu\.be/[\w-]{11}",
        r"https?://(?:www\.|m\.)?bilibili\.com/video/BV\w{10}/?",
    )
)
_PLACEHOLDER = re.compile(
    r"<|>|[{}$^]|\.\.\.|…|"
    r"//(?:your[-_.]|my[-_]|my\.(?:domain|site|host|server|app|api)\.)|/(?:your|my)[-_]?(?:user|org|name|repo|account|project)|"
    r"(?:^|[/.])(?:xxx+|user-?name|owner/repo|user/repo|path/to)(?:[/.]|$)|//(?:host|hostname|ip|domain|server)(?:[:/]|$)",
    re.IGNORECASE,
)
# `https://github.com/<user>/<repo>`: a form to fill in, told from the markup that may follow an address.
_SLOT_FOLLOWS = re.compile(
    r"(?<=[/=])<(?!(?:br|p|a|b|i|em|strong|sub|sup|span|div|li|td|tr|h\d|img|hr)\b)[a-z][\w -]{0,40}>",
    re.IGNORECASE,
)
_LOCAL = re.compile(
    r"//(?:localhost|127\.\d|0\.0\.0\.0|10\.\d|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|\[::1?\]|host\.docker|"
    r"(?:[\w-]+\.)*example\.(?:com|org|net)|[\w-]+(?::\d+)?(?:/|$))",
    re.IGNORECASE,
)

_LABEL_BEFORE = re.compile(
    r"(?:网址|官网|网站|主页|地址|链接|体验|试用|入口|site|website|homepage|home page|"
    r"page|url|link|demo|at|visit|see)\s*(?:[:：]|为|是|在|is)?\s*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class FoundUrl:
    """An address in running text: `text[start:end]` is as written, `url` as a reader means it."""

    start: int
    end: int
    url: str


def find_urls(
    text: str,
    start: int = 0,
    end: int | None = None,
    *,
    known: KnownAddresses = NOTHING_KNOWN,
    escapes: bool = False,
    code: bool = False,
) -> Iterator[FoundUrl]:
    """Addresses in `text[start:end]`, in order. `escapes`: a backslash may stand before punctuation.

    `code`: the text is code, where local and made-up addresses are examples and no links.
    """
    end = len(text) if end is None else end
    cursor = start
    while match := _START.search(text, cursor, end):
        cursor = match.end()
        found = _read_address(text, match, end, known, escapes)
        if found is None:
            continue
        cursor = max(found.end, match.start() + 1)
        if not _is_placeholder(found.url) and not (code and is_local(found.url)):
            yield found


def is_local(url: str) -> bool:
    """Whether an address is an example or a machine of one's own: nothing a reader of a list would follow."""
    return _LOCAL.search(url) is not None


def _is_placeholder(url: str) -> bool:
    return _PLACEHOLDER.search(url) is not None


def _read_address(
    text: str, match: re.Match[str], end: int, known: KnownAddresses, escapes: bool
) -> FoundUrl | None:
    start = match.start()
    if match["arxiv"]:
        return FoundUrl(start, match.end(), "https://arxiv.org/abs/" + re.split(r"[:：]\s?", match[0])[1])
    if match["host"]:
        return _read_bare_host(text, match, end, known, escapes)
    scheme = match["scheme"].lower()
    body_start = match.end()
    stop = _run_end(text, body_start, end)
    body = text[body_start:stop]
    if not body:
        return None
    prefix = "https://" if "s" in scheme or scheme.startswith(":") else "http://"
    exact = _SCHEME_EXACT.fullmatch(match["scheme"]) is not None
    if exact:
        prefix = match["scheme"]
    length = _end_of_body(prefix, body, text, body_start, known, escapes)
    if text.startswith(("_", "~"), start - 1) and start > 0:
        length = len(body[:length].rstrip(text[start - 1]))  # emphasis around the address
    url = prefix + body[:length]
    if escapes:
        url = unescape_markdown(url)
    if _SLOT_FOLLOWS.match(text, body_start + length):
        return None
    if not _HOST_OK.match(url, len(prefix)):
        return None
    return FoundUrl(start, body_start + length, url)


_HOST_OK = re.compile(r"(?:[^\s/@?#]*@)?(?:\[[0-9a-f:.]+\]|[^\W_][\w.-]*)(?::\d+)?(?:[/?#]|$)", re.IGNORECASE)


def _run_end(text: str, start: int, end: int) -> int:
    """How far the characters of an address reach at most."""
    run = _RUN.match(text, start, end)
    stop = run.end() if run else start
    if stop < end and text[stop] > "\x7f" and "/" not in text[start:stop]:
        stop = _international_host_end(text, start, stop, end)
    if stop < end and _TITLE_PATH.search(text, start, stop):
        title = _TITLE_RUN.match(text, stop, end)
        stop = title.end() if title else stop
    return stop


_TITLE_PATH = re.compile(r"(?:wiki/|baike\.\w+\.com/(?:item|view)/|/tags?/|moegirl\.org\.cn/)[^\s]*$")
_TITLE_RUN = re.compile(r"[^\W_](?:\w|[-_%/.:#?=&()·])*")


def _international_host_end(text: str, start: int, stop: int, end: int) -> int:
    host = _HOST_RUN.match(text, start, end)
    if host is None or not re.search(r"\.[^\W\d_]{2,}$", host[0]):
        return stop
    # 例え.jp/x is a host, github.com开源 is a host and a word: the last label must be of one kind.
    last = host[0].rsplit(".", 1)[1]
    if not (last.isascii() or not any(c.isascii() for c in last)):
        return stop
    if not text.startswith("/", host.end(), end):
        return host.end()
    path = _TITLE_RUN.match(text, host.end() + 1, end)
    return path.end() if path else host.end() + 1


def _end_of_body(
    scheme: str, body: str, text: str, body_start: int, known: KnownAddresses, escapes: bool
) -> int:
    """How many characters of `body` belong to the address."""
    body = body[: _second_scheme(body)]
    cut_by_scheme = len(body)
    body = body[: _unbalanced(body)]
    if escapes:
        body = body[: _stray_backslash(body)]
    elif (backslash := body.find("\\")) >= 0:
        body = body[:backslash]
    url = scheme + (body if not escapes else unescape_markdown(body))
    for grammar in _GRAMMARS:
        if (grammatical := grammar.match(url)) and not url.startswith(("?", "#", "/"), grammatical.end()):
            return _escaped_length(body, grammatical.end() - len(scheme), escapes)
    after = text[body_start + len(body) : body_start + len(body) + 40]
    if len(body) == cut_by_scheme and not _SCHEME_EXACT.match(after):
        cut = glued_end(url, after, text[max(0, body_start - 120) : body_start - len(scheme)], known)
        if cut < len(url):
            return _escaped_length(body, cut - len(scheme), escapes)
    if trailing := _TRAILING.search(body):
        body = body[: trailing.start()]
    return _closing_brackets(body)


def _escaped_length(body: str, length: int, escapes: bool) -> int:
    """The length in the escaped body of its first `length` meant characters."""
    if not escapes or "\\" not in body:
        return length
    meant = position = 0
    while meant < length:
        position += 2 if _ESCAPE.match(body, position) else 1
        meant += 1
    return position


def _second_scheme(body: str) -> int:
    """Where a second address begins, unless the first one carries it."""
    for inner in _INNER_SCHEME.finditer(body):
        before = body[: inner.start()]
        if not before:
            return 0
        if before.endswith(("=", "%3D", "%3d")) or (before.endswith("/") and _WRAPPER.search("//" + before)):
            continue
        return inner.start()
    return len(body)


def _unbalanced(body: str) -> int:
    """Where a bracket closes that the address did not open, as in `(see https://a.b/c)d`."""
    open_brackets: list[str] = []
    for bracket in _BRACKETS.finditer(body):
        mark = bracket[0]
        if mark in "([{":
            open_brackets.append(mark)
        elif open_brackets and open_brackets[-1] == _OPENERS[mark]:
            open_brackets.pop()
        else:
            return bracket.start()
    return len(body)


def _closing_brackets(body: str) -> int:
    """The length without a bracket that opens at the end and is never closed."""
    opened: list[tuple[str, int]] = []
    for bracket in _BRACKETS.finditer(body):
        if bracket[0] in "([{":
            opened.append((bracket[0], bracket.start()))
        elif opened:
            opened.pop()
    if not opened:
        return len(body)
    cut = body[: opened[0][1]]
    return len(_TRAILING.sub("", cut))


_ESCAPE = re.compile(r"\\[!-/:-@\[-`{-~]")


def unescape_markdown(text: str) -> str:
    """Without the backslashes that Markdown takes away."""
    return _ESCAPE.sub(lambda match: match[0][1], text) if "\\" in text else text


def _stray_backslash(body: str) -> int:
    position = body.find("\\")
    while position >= 0:
        if not _ESCAPE.match(body, position):
            return position
        position = body.find("\\", position + 2)
    return len(body)


def _read_bare_host(
    text: str, match: re.Match[str], end: int, known: KnownAddresses, escapes: bool
) -> FoundUrl | None:
    """A host without a scheme, when a careful reader would follow it."""
    start, host = match.start("host"), match["host"]
    name = host.lower().partition(":")[0]
    after_host = match.end("host")
    if match["path"]:
        run = _RUN.match(text, after_host, end)
        body = host + (run[0] if run else "")
        length = _end_of_body("https://", body, text, start, known, escapes)
        if length > len(host) + 1 or name.startswith("www."):
            url = "https://" + (unescape_markdown(body[:length]) if escapes else body[:length])
            return FoundUrl(start, start + length, url)
        after_host += 1
    if name.startswith("www.") or _stands_alone(text, start, after_host, end):
        return FoundUrl(start, after_host, "https://" + text[start:after_host])
    return None


_ALONE_BEFORE = re.compile(r"(?:^|\n)[ \t>]*(?:[-*+•·]|\d{1,3}[.)、])?[ \t]*$|[|｜][ \t]*$|[(（<《][ \t]*$")
_ALONE_AFTER = re.compile(r"[ \t]*(?:$|\n|\r|[|｜)）>》])")


def _stands_alone(text: str, start: int, after: int, end: int) -> bool:
    """Whether a bare host is a line, cell or parenthesis of its own, or a word asks to go there."""
    before = text[max(0, start - 40) : start]
    if not _ALONE_AFTER.match(text, after, end) and not re.match(r"[\s，。,.;；]", text[after : after + 1]):
        return False
    if _ALONE_BEFORE.search(before) and _ALONE_AFTER.match(text, after, end):
        return True
    return _LABEL_BEFORE.search(before) is not None
