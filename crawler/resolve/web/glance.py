"""The first kilobytes of a page, where they are enough: its title, and how much a reader sees at least. Pure.

What a glance shows may only speak for a link. Where it leaves a doubt, the page is read as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from selectolax.lexbor import LexborHTMLParser

from crawler.resolve.web.page import (
    MAX_TITLE_CHARACTERS,
    REPLACEMENT,
    UNSEEN_TAGS,
    collapse,
    decode_text,
    is_html,
    titles_in,
)

LOOKED_FOR_BODY: Final = 32_768
GLANCED_BYTES: Final = (4_096, 16_384)
"""So much behind the beginning of the body: the first suffices for an article, the second for a shop."""
DOUBTFUL_CHARACTERS: Final = 64
"""The end of a cut page may show what the whole page does not: half a character reference, a lone `<`."""
_BLANKS: Final = b" \n\t\r\f\v\x1c\x1d\x1e\x1f"
# Visible where they stand, but they do not keep a frameset from taking the body's place (HTML, 13.2.6.4.7).
_UNCOUNTED_TAGS: Final = [*(tag for tag in UNSEEN_TAGS if tag != "head"), "title", "noframes"]


class Glance(NamedTuple):
    """A page's title and the text that its beginning shows."""

    title: str
    text: str

    @property
    def characters(self) -> int:
        """The whole page shows at least as many."""
        return _count(self.text) - DOUBTFUL_CHARACTERS

    def shows_more_than(self, characters: float) -> bool:
        """Whether the whole page does."""
        needed = characters + DOUBTFUL_CHARACTERS
        if len(self.text) <= needed:
            return False
        # Hardly ever more than every fifth is a blank: the rest need not be counted.
        return _count(self.text[: int(needed * 1.25)]) > needed or _count(self.text) > needed


def glance(body: bytes, content_type: str) -> Iterator[Glance]:
    """What more and more of an HTML page shows. Ends where nothing but the whole can tell."""
    if not is_html(body, content_type):
        return
    start = max(0, body.find(b"<body", 0, LOOKED_FOR_BODY))
    for more in GLANCED_BYTES:
        length = start + more
        if length >= len(body):
            return
        html = decode_text(body[:length], content_type)
        if REPLACEMENT in html:
            return
        tree = LexborHTMLParser(html)
        # A title in the head is the page's; behind it stands a body only if it has its end.
        title = next(titles_in(tree, "head"), "")
        if not title or tree.body is None:
            return
        tree.strip_tags(_UNCOUNTED_TAGS)
        yield Glance(title[:MAX_TITLE_CHARACTERS], tree.body.text(separator=" "))


def _count(text: str) -> int:
    """Characters that collapsing leaves: of ASCII those that are not blank, which is told in no time."""
    if not text.isascii():
        return len(collapse(text))
    return len(text.encode("ascii").translate(None, _BLANKS))
