"""Blanks out what a reader of the rendered document does not see. Lengths and line ends stay as they are."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final

_NOT_LINE_END = re.compile(r"[^\r\n]")
_HIDDEN_ELEMENT = re.compile(
    r"<(script|style|template|noscript)\b[^<>]{0,2000}>"
    r"|<(div|span|p|a|li|ul|table|tr|td|section|img|details)\b(?=[^<>]{0,2000}(?:\shidden(?:[\s>=]|$)|display\s*:\s*none|visibility\s*:\s*hidden))"
    r"[^<>]{0,2000}>",
    re.IGNORECASE,
)
_FENCE = re.compile(r"^[ \t>]*(`{3,}|~{3,})([^`\n]*)$", re.MULTILINE)
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
    start = text.find(_COMMENT_START)
    if start < 0:
        return []
    spans = []
    fences = _fences(text)
    while start >= 0:
        # `<!-->` is a whole comment, CommonMark 0.31 section 6.6.
        end = text.find(_COMMENT_END, start + len(_COMMENT_START) - 2)
        after = end + len(_COMMENT_END) if end >= 0 else len(text)
        # Comments in code are shown; and their end may be far away.
        shown = text.startswith("`", start - 1) if start else False
        if (fence := bisect_right(fences, (start, len(text))) - 1) >= 0 and start < fences[fence][1]:
            shown, after = True, start + len(_COMMENT_START)
        if not shown:
            if end < 0 and text[text.rfind("\n", 0, start) + 1 : start].strip():
                break  # on a line of words, a comment that never ends is words too
            spans.append((start, after))
        start = text.find(_COMMENT_START, after)
    return spans


def _fences(text: str) -> list[tuple[int, int]]:
    """The insides of fenced code blocks."""
    spans = []
    opening: re.Match[str] | None = None
    for fence in _FENCE.finditer(text):
        if opening is None:
            opening = fence
        elif fence[1].startswith(opening[1]) and not fence[2].strip():
            spans.append((opening.end(), fence.start()))
            opening = None
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
