"""Finds addresses in running text: where each begins and ends, and how a reader means it.

Pure and linear: one pass of compiled patterns, every look ahead is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from crawler.links.arxiv_id import canonical_arxiv_id
from crawler.links.placeholders import is_local, is_placeholder, is_slot
from crawler.links.run_together import NOTHING_KNOWN, KnownAddresses
from crawler.links.url_end import find_end, run_end, unescape_markdown
from crawler.links.url_start import EXACT_SCHEME, START, stands_for_address
from crawler.links.wrapped import find_continuation

_HOST = re.compile(
    r"(?:[^\s/@?#]*@)?(?:\[[0-9a-f:.]+\]|(?P<name>[^\W_][\w.-]*))(?::\d+)?(?P<more>[/?#]|$)", re.IGNORECASE
)
_ARXIV_SEPARATOR = re.compile(r"\s?[:：]\s?|\s")
# In code a name without a scheme is an address only at hosts whose paths people paste.
_CODE_HOST = re.compile(
    r"(?:www\.)?(?:github\.com|gitlab\.com|gitee\.com|huggingface\.co|hf\.co|arxiv\.org|modelscope\.cn)",
    re.IGNORECASE,
)
# pip's `git+https://…/name.git@ref#egg=x`: the repository is the address.
_PIP_SUFFIX = re.compile(r"(?<=[\w-])[@#]")


@dataclass(frozen=True, slots=True)
class Alternative:
    """Where an address of uncertain end would end otherwise, and what it would be then."""

    end: int
    url: str


@dataclass(frozen=True, slots=True)
class FoundUrl:
    """An address in running text: `text[start:end]` is as written, `url` as a reader means it.

    `alternative`: its end is uncertain.
    """

    start: int
    end: int
    url: str
    alternative: Alternative | None = None


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
    while match := START.search(text, cursor, end):
        cursor = match.end()
        found = _read_address(text, match, end, known, escapes=escapes, code=code)
        if found is None:
            continue
        cursor = max(found.end, match.start() + 1)
        if not is_placeholder(found.url) and not (code and is_local(found.url)):
            yield found


def _read_address(
    text: str, match: re.Match[str], end: int, known: KnownAddresses, *, escapes: bool, code: bool
) -> FoundUrl | None:
    if match["arxiv"]:
        identifier = _ARXIV_SEPARATOR.split(match["arxiv"], maxsplit=1)[1]
        if canonical_arxiv_id(identifier) is None:
            return None
        return FoundUrl(match.start(), match.end(), f"https://arxiv.org/abs/{identifier}")
    if match["host"]:
        if code and not _CODE_HOST.fullmatch(match["host"]):
            return None
        return _read_bare_host(text, match, end, known, escapes)
    found = _read_body(text, match.start(), match.end(), _meant_scheme(match["scheme"]), end, known, escapes)
    if found is None or is_slot(text, found.end):
        return None
    scheme, _, rest = found.url.partition("//")
    host = _HOST.match(rest)
    if host is None or (not host["more"] and not _can_be_host(host[0])):
        return None
    if text.startswith("git+", match.start() - 4) and (suffix := _PIP_SUFFIX.search(rest, rest.find("/"))):
        return FoundUrl(
            found.start, found.end - len(rest) + suffix.start(), f"{scheme}//{rest[: suffix.start()]}"
        )
    return found


def _meant_scheme(written: str) -> str:
    if EXACT_SCHEME.fullmatch(written):
        return written
    return "https://" if "s" in written.lower() or written.startswith(":") else "http://"


def _can_be_host(host: str) -> bool:
    """Whether a host with nothing behind it is more than a stray word, as in `https://www.`."""
    name = host.rpartition("@")[2].rstrip(".")
    return "." in name or ":" in name or name.lower() == "localhost"


def _read_body(
    text: str,
    start: int,
    body_start: int,
    prefix: str,
    end: int,
    known: KnownAddresses,
    escapes: bool,
) -> FoundUrl | None:
    """The address whose part after the scheme begins at `body_start`."""
    stop = run_end(text, body_start, end, glued=known.runs_together)
    body = text[body_start:stop]
    if not body:
        return None
    pieces = [(body_start, stop)]
    while continuation := find_continuation(text, start, body_start, stop, end, known):
        pieces.append(continuation)
        body += text[slice(*continuation)]
        stop = continuation[1]
        if len(pieces) > 4:
            break
    ending = find_end(
        prefix,
        body,
        after=text[stop : stop + 40],
        before=text[max(0, start - 120) : start],
        known=known,
        escapes=escapes,
    )

    def spell(length: int) -> Alternative:
        written = body[:length]
        return Alternative(
            _place(pieces, length), prefix + (unescape_markdown(written) if escapes else written)
        )

    chosen = spell(ending.length)
    return FoundUrl(
        start,
        chosen.end,
        chosen.url,
        None if ending.alternative in {None, ending.length} else spell(ending.alternative or 0),
    )


def _place(pieces: list[tuple[int, int]], length: int) -> int:
    """Where the first `length` characters of the pieces end in the text."""
    for start, end in pieces:
        if length <= end - start:
            return start + length
        length -= end - start
    return pieces[-1][1]


def _read_bare_host(
    text: str, match: re.Match[str], end: int, known: KnownAddresses, escapes: bool
) -> FoundUrl | None:
    """A host without a scheme, when a careful reader would follow it."""
    start, host = match.start("host"), match["host"]
    after_host = match.end("host")
    if match["path"]:
        found = _read_body(text, start, start, "https://", end, known, escapes)
        if found and (found.end > after_host + 1 or host.lower().startswith("www.")):
            return found
        after_host += 1
    if host.lower().startswith("www.") or stands_for_address(text, start, after_host, end):
        return FoundUrl(start, after_host, "https://" + text[start:after_host])
    return None
