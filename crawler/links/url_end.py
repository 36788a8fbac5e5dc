"""Where an address in running text ends: the art of the extractor.

Knows the marks that close an address, the path grammars of the hosts met most, and what runs addresses
into the words after them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from crawler.links.run_together import KnownAddresses, glued_end, suspected_end
from crawler.links.url_start import EXACT_SCHEME

# Letters that addresses carry unescaped in practice: Latin, Greek and Cyrillic, never CJK or emoji.
_LETTERS = "A-Za-z0-9\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0370-\u03ff\u0400-\u04ff"
_BODY = rf"[{_LETTERS}\-._~:/?#\[\]@!$&'()*+,;=%|{{}}\\^]"

MAX_URL_CHARACTERS: Final = 4096

_RUN = re.compile(_BODY + rf"{{1,{MAX_URL_CHARACTERS}}}")
_HOST_RUN = re.compile(r"[^\s/?#<>\"'()（）\[\]{}，。、；：！？》」』】,;|`\\]{1,253}")
_HOST_WITH_DOMAIN = re.compile(r"\.[^\W\d_]{2,}$")
# Words of other scripts inside an address: titles of encyclopedias, values of a query, closed path parts.
_TITLE_PATH = re.compile(r"(?:wiki/|baike\.\w+\.com/(?:item|view)/|/tags?/|moegirl\.org\.cn/)[^\s]*$")
_TITLE_RUN = re.compile(r"[^\W_](?:\w|[-_%/.:#?=&()·]){0,400}")
_CLOSED_SEGMENT = re.compile(
    r"(?:[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af][\w·-]{0,40}/(?=[\w%]))+(?:[\w·%-]+(?:\.[A-Za-z]\w{1,4})?/?)?"
    r"|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af][\w·-]{0,40}\.(?:html?|pdf|md|png|jpe?g|svg|ipynb|zip|docx?|txt)(?![A-Za-z0-9])"
)

# Addresses that carry another one inside them.
_WRAPPER = re.compile(
    r"web\.archive\.org/|archive\.(?:is|ph|today|org)/|webcache|proxy|mirror|r\.jina\.ai/|12ft\.io|translate\.|"
    r"//link\.|nbviewer|jump|redirect|/url[/?]",
    re.IGNORECASE,
)
_INNER_SCHEME = re.compile(r"h?https?:/{1,2}(?=[\w\[])", re.IGNORECASE)

_TRAILING = re.compile(r"(?:[.,:;!?'*|\\^~]|&(?:[a-z]{2,8}|#\d{1,5});)+$")
_TRAILING_IN_MARKDOWN = re.compile(r"(?:[.,:;!?'*|\\^~_]|&(?:[a-z]{2,8}|#\d{1,5});)+$")
_ABBREVIATION = re.compile(r"(?:[_-](?:Inc|Jr|Sr|Ltd|Co|Corp|St|No)|(?:^|[/_.-])[A-Z](?:\.[A-Z])*)\.$")
_BRACKETS = re.compile(r"[()\[\]{}]")
_OPENERS: Final = {")": "(", "]": "[", "}": "{"}
# Marks of the text around it, written as entities, which no address holds unescaped.
_ENCLOSING_ENTITY = re.compile(
    r"&(?:lt|gt|quot|nbsp|apos|#0?(?:34|39|60|62|160)|#x(?:22|27|3[ce]|a0));", re.IGNORECASE
)

# Paths whose grammar says where they end, whatever follows. Group 0 is the whole address.
_GRAMMAR: Final = re.compile(
    r"https?://(?:"
    r"(?:\w+\.)?arxiv\.org/(?:abs|pdf|html|format|ps)/(?:\d{4}\.\d{4,5}|[a-z-]+(?:\.[a-z]{2})?/\d{7})(?:v\d{1,2}(?!\d))?(?:\.pdf)?"
    r"|mp\.weixin\.qq\.com/s/[\w-]{22}(?![\w-]*[?])"
    r"|zhuanlan\.zhihu\.com/p/\d+/?"
    r"|(?:www\.)?zhihu\.com/question/\d+(?:/answers?/\d+)?/?"
    r"|(?:hf\.co|huggingface\.co)/papers/\d{4}\.\d{4,5}"
    r"|github\.com/[\w.-]+/[\w.-]+/(?:issues|pull|discussions)/\d+"
    r"|(?:www\.|m\.)?youtube\.com/watch\?v=[\w-]{11}"
    r"|youtu\.be/[\w-]{11}"
    r"|(?:www\.|m\.)?bilibili\.com/video/BV\w{10}/?)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Ending:
    """How many characters of a body belong to the address, and how many where that is uncertain."""

    length: int
    alternative: int | None = None


def run_end(text: str, start: int, end: int, *, glued: bool = False) -> int:
    """How far the characters of an address reach at most."""
    run = _RUN.match(text, start, end)
    stop = run.end() if run else start
    if stop >= end or text[stop] <= "\x7f":
        return stop
    if "/" not in text[start:stop]:
        stop = _international_host_end(text, start, stop, end)
    if stop < end and _TITLE_PATH.search(text, start, stop):
        title = _TITLE_RUN.match(text, stop, end)
        return title.end() if title else stop
    if glued or stop == start or stop >= end:
        return stop
    if text[stop - 1] == "=" and "?" in text[start:stop]:
        value = _TITLE_RUN.match(text, stop, end)
        return value.end() if value else stop
    if text[stop - 1] == "/" and (segment := _CLOSED_SEGMENT.match(text, stop, end)):
        rest = _RUN.match(text, segment.end(), end)
        return rest.end() if rest else segment.end()
    return stop


def _international_host_end(text: str, start: int, stop: int, end: int) -> int:
    host = _HOST_RUN.match(text, start, end)
    if host is None or not _HOST_WITH_DOMAIN.search(host[0]):
        return stop
    # 例え.jp/x is a host, github.com开源 is a host and a word: the last label must be of one kind.
    last = host[0].rsplit(".", 1)[1]
    if not (last.isascii() or not any(c.isascii() for c in last)):
        return stop
    if not text.startswith("/", host.end(), end):
        return host.end()
    path = _TITLE_RUN.match(text, host.end() + 1, end)
    return path.end() if path else host.end() + 1


def find_end(
    scheme: str, body: str, *, after: str, before: str, known: KnownAddresses, escapes: bool
) -> Ending:
    """Where the address ends that begins with `scheme` and reaches at most to the end of `body`.

    `before` and `after` are the text around it.
    """
    uncut = len(body)
    body = body[: _second_scheme(body)]
    if len(body) < uncut:
        body = body.rstrip("&+")
    body = body[: _enclosed(body, before[-1:])]
    body = body[: _unbalanced(body)]
    if escapes:
        body = body[: _stray_backslash(body)]
    elif (backslash := body.find("\\")) >= 0:
        body = body[:backslash]
    url = scheme + (body if not escapes else unescape_markdown(body))
    if (grammatical := _GRAMMAR.match(url)) and not url.startswith(("?", "#", "/"), grammatical.end()):
        return Ending(_escaped_length(body, grammatical.end() - len(scheme), escapes))
    alternative: int | None = None
    if len(body) == uncut and not EXACT_SCHEME.match(after):
        cut = glued_end(url, after, before, known)
        if cut < len(url):
            return Ending(_escaped_length(body, cut - len(scheme), escapes), len(_TRAILING.sub("", body)))
        if (suspected := suspected_end(url, after)) is not None:
            alternative = _escaped_length(body, suspected - len(scheme), escapes)
    trailing = (_TRAILING_IN_MARKDOWN if escapes else _TRAILING).search(body)
    if trailing and trailing.end() == len(body):
        if _ABBREVIATION.search(body):
            alternative = len(body)
        body = body[: trailing.start()]
    return Ending(_without_open_brackets(body, before), alternative)


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


def _enclosed(body: str, opener: str) -> int:
    """Where quotes, columns and markup of the text around the address close it."""
    end = len(body)
    if "&" in body and (entity := _ENCLOSING_ENTITY.search(body)):
        end = entity.start()
    if opener == "'" and (quote := body.find("'", 0, end)) >= 0:
        end = quote
    path = body.find("/", 0, end)
    query = body.find("?", 0, end)
    before_query = query if query >= 0 else end
    # `https://a.org/x[words]`, `https://a.org/x[1]`, `[/url]`: labels and footnotes of other markups.
    if (bracket := body.find("[", max(path, 1), before_query)) >= 0 and body[bracket - 1] != "@":
        end = bracket
    if (bar := body.find("|", 0, min(end, before_query))) >= 0 and not body.startswith("\\", bar - 1):
        end = bar
    return end


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


def _without_open_brackets(body: str, before: str) -> int:
    """The length without a bracket that is never closed, and without the emphasis around the address."""
    opened: list[int] = []
    for bracket in _BRACKETS.finditer(body):
        if bracket[0] in "([{":
            opened.append(bracket.start())
        elif opened:
            opened.pop()
    if opened:
        body = _TRAILING.sub("", body[: opened[0]])
    return len(body.rstrip(before[-1])) if before.endswith(("_", "~", "==")) else len(body)


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
