"""Inline Markdown and HTML → the words a reader sees."""

from __future__ import annotations

import html
import re
from functools import lru_cache
from typing import Final

from crawler.links.url_end import unescape_markdown

_PLAIN_IMAGE = re.compile(r"!\[[^\[\]]{0,500}\](?:\([^()\s]{0,4000}(?:\s[^()]{0,500})?\)|\[[^\[\]]{0,500}\])")
_PLAIN_LINK = re.compile(
    r"\[((?:[^\[\]\\]|\\.|\[[^\[\]]{0,500}\]){0,1000})\](?:\((?:[^()\s]|\([^()\s]{0,500}\)){0,4000}(?:\s[^()]{0,500})?\)|\[[^\[\]]{0,500}\])"
)
_PLAIN_TAG = re.compile(r"</?[A-Za-z][^<>]{0,4000}>|<(https?://[^<>\s]{1,4000})>")
_EMPHASIS = re.compile(
    r"(\*{1,3}|~~)(?=\S)(.{1,1000}?)(?<=\S)\1|(?<!\w)(_{1,3})(?=\S)(.{1,1000}?)(?<=\S)\3(?!\w)"
)
_PLAIN = re.compile(r"[^!\[<`*_~\\&]*")
# Labels and column names come again and again.
_LABEL_CHARACTERS: Final = 60
_SPACES = re.compile(r"\s+")


def plain_text(markup: str) -> str:
    """What a reader sees of inline Markdown and HTML: no images, no marks, links as their words."""
    return _plain_label(markup) if len(markup) <= _LABEL_CHARACTERS else _plain_text(markup)


@lru_cache(maxsize=4096)
def _plain_label(markup: str) -> str:
    return _plain_text(markup)


def _plain_text(markup: str) -> str:
    if _PLAIN.fullmatch(markup):
        return " ".join(markup.split())
    text = markup
    if "![" in text:
        text = _PLAIN_IMAGE.sub(" ", text)
    if "[" in text:
        text = _PLAIN_LINK.sub(r"\1", text)
    if "<" in text:
        text = _PLAIN_TAG.sub(lambda match: match[1] or " ", text)
    if "`" in text:
        text = text.replace("`", "")
    for _ in range(3):
        if "*" not in text and "_" not in text and "~~" not in text:
            break
        text = _EMPHASIS.sub(lambda match: match[2] or match[4], text)
    text = unescape_markdown(text)
    if "&" in text:
        text = html.unescape(text)
    return _SPACES.sub(" ", text).strip()
