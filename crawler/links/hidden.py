"""Blanks out what a reader of the rendered document does not see. Lengths and line ends stay as they are."""

from __future__ import annotations

import re
from typing import Final

_NOT_LINE_END = re.compile(r"[^\r\n]")
_HIDDEN_ELEMENT = re.compile(
    r"<(script|style|template|noscript)\b[^<>]{0,2000}>"
    r"|<(div|span|p|a|li|ul|table|tr|td|section|img|details)\b(?=[^<>]{0,2000}(?:\shidden(?:[\s>=]|$)|display\s*:\s*none|visibility\s*:\s*hidden))"
    r"[^<>]{0,2000}>",
    re.IGNORECASE,
)
_VOID: Final = frozenset({"img"})
_COMMENT_START = "<!--"
_COMMENT_END = "-->"


def hide_unseen(text: str) -> str:
    """The text with comments, scripts and hidden elements replaced by blanks of the same length."""
    spans = [*_comments(text), *_hidden_elements(text)]
    if not spans:
        return text
    pieces = []
    cursor = 0
    for start, end in sorted(spans):
        if end <= cursor:
            continue
        pieces.append(text[cursor:start])
        pieces.append(_NOT_LINE_END.sub(" ", text[max(start, cursor) : end]))
        cursor = end
    pieces.append(text[cursor:])
    return "".join(pieces)


def _comments(text: str) -> list[tuple[int, int]]:
    spans = []
    start = text.find(_COMMENT_START)
    while start >= 0:
        end = text.find(_COMMENT_END, start + len(_COMMENT_START))
        if end < 0:
            break
        end += len(_COMMENT_END)
        # `<!--` in a code span is text about comments, and its end may be far away.
        if start == 0 or text[start - 1] != "`":
            spans.append((start, end))
        start = text.find(_COMMENT_START, end)
    return spans


def _hidden_elements(text: str) -> list[tuple[int, int]]:
    if "<" not in text:
        return []
    spans = []
    unclosed: set[str] = set()
    cursor = 0
    while match := _HIDDEN_ELEMENT.search(text, cursor):
        name = (match[1] or match[2]).lower()
        cursor = match.end()
        if name in unclosed:
            continue
        if name in _VOID:
            spans.append(match.span())
            continue
        end = _element_end(text, name, match.end())
        if end is None:
            unclosed.add(name)
            continue
        spans.append((match.start(), end))
        cursor = end
    return spans


def _element_end(text: str, name: str, start: int) -> int | None:
    """Where the element ends, elements of the same name inside it counted."""
    depth = 1
    for tag in re.compile(rf"<(/?){name}\b[^<>]{{0,2000}}>", re.IGNORECASE).finditer(text, start):
        depth += -1 if tag[1] else 1
        if depth == 0:
            return tag.end()
    return None
