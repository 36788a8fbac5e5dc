"""The links inside one block: Markdown links and images, references, autolinks, HTML tags, bare addresses.

Offsets are those of the whole text. What surrounds a link (its label, whether it wraps an image) comes with
it, because roles and names are decided from that. Linear: one pass of tokens, bounded looks ahead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from crawler.links.addresses import Alternative, find_urls
from crawler.links.definitions import Definition, Place, reference_key
from crawler.links.destination import meant_address, unescape_entities
from crawler.links.run_together import NOTHING_KNOWN, KnownAddresses
from crawler.links.url_start import START_HINT


class LinkForm(StrEnum):
    """How a link is written."""

    LINK = "link"
    IMAGE = "image"
    BARE = "bare"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class InlineLink:
    """One link: `text[start:end]` is the address as written, `text[outer_start:outer_end]` all its markup.

    `label` is the span of the words a reader clicks on, `around_image` whether those are (also) an image,
    `inside_link` whether this is an image inside a link, `alternative` as in `FoundUrl`,
    `place` as in `Definition`.
    """

    start: int
    end: int
    url: str
    form: LinkForm
    outer_start: int
    outer_end: int
    label: tuple[int, int] | None = None
    around_image: bool = False
    inside_link: bool = False
    alternative: Alternative | None = None
    place: Place | None = None


_TOKEN = re.compile(
    r"\\[!-/:-@\[-`{-~]"
    r"|(?P<ticks>`+)"
    r"|<(?P<auto>(?:https?:[^\s<>]{1,4000}|www\.[^\s<>]{1,4000}))>"
    r"|<(?P<close>/?)(?P<tag>[A-Za-z][A-Za-z0-9]{0,15})(?=[\s/>])"
    r"(?P<attributes>(?:[^<>\"']|\"[^\"]{0,4000}\"|'[^']{0,4000}'){0,4000})>"
    r"|(?P<image>!\[)|(?P<open>\[)|(?P<shut>\])"
)
_DESTINATION = re.compile(
    r"\([ \t\r\n]{0,20}(?:<(?P<angle>[^<>\n]{0,4000})>"
    r"|(?P<plain>(?:[^\s()\\<]|\\[^\r\n]|\((?:[^\s()\\]|\\[^\r\n]|\([^\s()]{0,200}\)){0,500}\)|\\|<){0,4000}))"
    r"(?:[ \t\r\n]{1,20}(?:\"[^\"]{0,500}\"|'[^']{0,500}'|\([^()]{0,500}\)|“[^”]{0,500}”))?"
    r"(?:[ \t]{1,4}=\d{0,5}x\d{0,5})?[ \t\r\n]{0,20}\)",
    re.DOTALL,
)
_REFERENCE = re.compile(r"[ \t]?\[(?P<id>[^\[\]]{0,999})\]")
_ATTRIBUTE = re.compile(
    r"(?:^|\s)(?P<name>href|src|poster|srcset|data)\s*=\s*(?:\"(?P<d>[^\"]*)\"|'(?P<s>[^']*)'|(?P<b>[^\s\"'>]+))",
    re.IGNORECASE,
)
_MARKUP_HINT = re.compile(r"[\[`<]")
_LINK_TAGS = frozenset({"a", "area"})
_IMAGE_TAGS = frozenset({"img"})
_EMBED_TAGS = frozenset({"iframe", "video", "audio", "source", "embed"})
_CODE_TAGS = frozenset({"code", "kbd", "samp", "tt", "pre"})
# `[x]([a](https://…))`: what stands for a destination is a link itself.
_HOLDS_MARKUP = re.compile(r"!?\[[^\[\]]*\]\(|<a\s")
_CANDIDATE = re.compile(r"[^\s,]\S*[^\s,]")


def find_inline_links(
    text: str,
    start: int,
    end: int,
    definitions: Mapping[str, Definition],
    *,
    known: KnownAddresses = NOTHING_KNOWN,
    markdown: bool = True,
    in_code: bool = False,
) -> list[InlineLink]:
    """The links in `text[start:end]` by their place in the text. `in_code`: it is HTML that shows code."""
    if not _MARKUP_HINT.search(text, start, end):
        if not START_HINT.search(text, start, end):
            return []
        return list(_bare(text, start, end, known, markdown, LinkForm.CODE if in_code else LinkForm.BARE))
    scanner = _Scanner(text, start, end, definitions, markdown=markdown, in_code=in_code)
    scanner.scan()
    links = scanner.links
    for region_start, region_end, form in scanner.free_regions():
        if START_HINT.search(text, region_start, region_end):
            links.extend(_bare(text, region_start, region_end, known, markdown, form))
    links.sort(
        key=lambda link: (
            (link.outer_start, link.start) if link.form is LinkForm.BARE else (link.start, link.end)
        )
    )
    links.sort(key=lambda link: link.start)
    return links


def find_code_links(text: str, start: int, end: int) -> list[InlineLink]:
    """The addresses in a code block that a reader is meant to use."""
    if not START_HINT.search(text, start, end):
        return []
    return list(_bare(text, start, end, NOTHING_KNOWN, False, LinkForm.CODE))


def _bare(
    text: str, start: int, end: int, known: KnownAddresses, markdown: bool, form: LinkForm
) -> Iterator[InlineLink]:
    code = form is LinkForm.CODE
    for found in find_urls(text, start, end, known=known, escapes=markdown and not code, code=code):
        url = found.url
        yield InlineLink(
            found.start,
            found.end,
            unescape_entities(url),
            form,
            found.start,
            found.end,
            alternative=found.alternative,
        )


@dataclass(slots=True)
class _Bracket:
    start: int
    content: int
    image: bool
    has_image: bool = False


@dataclass(slots=True)
class _Anchor:
    """An open `<a>`: its address and where it began."""

    start: int
    end: int
    url: str
    outer_start: int
    content: int
    has_image: bool = False


class _Scanner:
    def __init__(
        self,
        text: str,
        start: int,
        end: int,
        definitions: Mapping[str, Definition],
        *,
        markdown: bool,
        in_code: bool,
    ) -> None:
        self.text, self.start, self.end = text, start, end
        self.definitions = definitions
        self.markdown, self.in_code = markdown, in_code
        self.code_start: int | None = None
        self.links: list[InlineLink] = []
        self.taken: list[tuple[int, int]] = []
        self.code: list[tuple[int, int]] = []
        self.brackets: list[_Bracket] = []
        self.anchor: _Anchor | None = None
        self.missing_ticks: set[int] = set()

    def scan(self) -> None:
        position = self.start
        while token := _TOKEN.search(self.text, position, self.end):
            position = token.end()
            kind = token.lastgroup
            if token["ticks"]:
                if self.markdown:
                    position = self._code_span(token)
            elif token["auto"]:
                self._autolink(token)
            elif token["tag"]:
                self._tag(token)
            elif kind in {"image", "open"} and self.markdown:
                self.brackets.append(_Bracket(token.start(), token.end(), kind == "image"))
            elif kind == "shut" and self.markdown and self.brackets:
                position = self._close_bracket(token)
        self._close_anchor(self.end)

    def free_regions(self) -> Iterator[tuple[int, int, LinkForm]]:
        """What no link has taken, in order; code spans are told apart."""
        prose = LinkForm.BARE if self.markdown or not self.in_code else LinkForm.CODE
        code = iter(sorted(self.code))
        span = next(code, None)
        for start, end in self._gaps():
            cursor = start
            while span is not None and span[0] < end:
                if span[1] > cursor:
                    inside = max(span[0], cursor)
                    if inside > cursor:
                        yield cursor, inside, prose
                    cursor = min(span[1], end)
                    yield inside, cursor, LinkForm.CODE
                if span[1] > end:
                    break
                span = next(code, None)
            if cursor < end:
                yield cursor, end, prose

    def _gaps(self) -> Iterator[tuple[int, int]]:
        cursor = self.start
        for start, end in sorted(self.taken):
            if start > cursor:
                yield cursor, start
            cursor = max(cursor, end)
        if cursor < self.end:
            yield cursor, self.end

    def _code_span(self, token: re.Match[str]) -> int:
        ticks = token["ticks"]
        if len(ticks) in self.missing_ticks:
            return token.end()
        closing = re.compile(rf"(?<!`){ticks}(?!`)").search(self.text, token.end(), self.end)
        if closing is None:
            self.missing_ticks.add(len(ticks))
            return token.end()
        self.code.append((token.end(), closing.start()))
        return closing.end()

    def _autolink(self, token: re.Match[str]) -> None:
        url = meant_address(token["auto"], markdown=False)
        if url is not None:
            self._add(
                InlineLink(
                    token.start("auto"), token.end("auto"), url, LinkForm.BARE, token.start(), token.end()
                )
            )

    def _add(self, link: InlineLink) -> None:
        if self.anchor is not None and link.form is LinkForm.IMAGE:
            self.anchor.has_image = True
            link = replace(link, inside_link=True)
        self.links.append(link)
        self.taken.append((link.outer_start, link.outer_end))

    def _tag(self, token: re.Match[str]) -> None:
        tag = token["tag"].lower()
        self.taken.append(token.span())
        if tag in _CODE_TAGS:
            self._code_tag(token)
        elif tag in _LINK_TAGS:
            self._close_anchor(token.start())
            if not token["close"] and (found := self._attribute(token, "href")):
                start, end, url = found
                self.anchor = _Anchor(start, end, url, token.start(), token.end())
        elif token["close"]:
            return
        elif tag in _IMAGE_TAGS | _EMBED_TAGS:
            form = LinkForm.IMAGE if tag in _IMAGE_TAGS else LinkForm.LINK
            self._embed(token, "src", form)
            self._embed(token, "poster", LinkForm.IMAGE)
            self._candidates(token)
        elif tag == "object":
            self._embed(token, "data", LinkForm.LINK)

    def _code_tag(self, token: re.Match[str]) -> None:
        if not token["close"]:
            self.code_start = token.end() if self.code_start is None else self.code_start
        elif self.code_start is not None:
            self.code.append((self.code_start, token.start()))
            self.code_start = None

    def _embed(self, token: re.Match[str], attribute: str, form: LinkForm) -> None:
        if found := self._attribute(token, attribute):
            start, end, url = found
            self._add(InlineLink(start, end, url, form, token.start(), token.end()))

    def _candidates(self, token: re.Match[str]) -> None:
        """The pictures of a `srcset`: address and size, separated by commas."""
        offset = token.start("attributes")
        for attribute in _ATTRIBUTE.finditer(token["attributes"]):
            if attribute["name"].lower() != "srcset":
                continue
            group = next(g for g in ("d", "s", "b") if attribute[g] is not None)
            for candidate in _CANDIDATE.finditer(attribute[group]):
                url = meant_address(candidate[0], markdown=False) if "//" in candidate[0] else None
                if url is not None:
                    start = offset + attribute.start(group) + candidate.start()
                    self._add(
                        InlineLink(
                            start, start + len(candidate[0]), url, LinkForm.IMAGE, token.start(), token.end()
                        )
                    )

    def _attribute(self, token: re.Match[str], name: str) -> tuple[int, int, str] | None:
        offset = token.start("attributes")
        for attribute in _ATTRIBUTE.finditer(token["attributes"]):
            if attribute["name"].lower() == name:
                group = next(g for g in ("d", "s", "b") if attribute[g] is not None)
                url = meant_address(attribute[group], markdown=False)
                if url is not None:
                    written = attribute[group]
                    start = offset + attribute.start(group) + len(written) - len(written.lstrip())
                    return start, start + len(written.strip()), url
        return None

    def _close_anchor(self, end: int) -> None:
        anchor, self.anchor = self.anchor, None
        if anchor is not None:
            self.links.append(
                InlineLink(
                    anchor.start,
                    anchor.end,
                    anchor.url,
                    LinkForm.LINK,
                    anchor.outer_start,
                    end,
                    (anchor.content, end),
                    anchor.has_image,
                )
            )
            # Words inside the anchor are its label, unless it was never closed where it should be.
            self.taken.append((anchor.outer_start, end if end < self.end else anchor.content))

    def _close_bracket(self, token: re.Match[str]) -> int:
        bracket = self.brackets.pop()
        text = self.text
        if destination := _DESTINATION.match(text, token.end(), self.end):
            group = "angle" if destination["angle"] is not None else "plain"
            url = meant_address(destination[group])
            start, end = destination.span(group)
            if url is None and _HOLDS_MARKUP.match(destination[group]):
                return token.end()
            return self._link(bracket, token, url, start, end, destination.end())
        reference = _REFERENCE.match(text, token.end(), self.end)
        label = text[bracket.content : token.start()]
        identifier = reference["id"] if reference and reference["id"] else label
        if self.definitions and len(identifier) < 1000:
            definition = self.definitions.get(reference_key(identifier))
            if definition is not None:
                outer_end = reference.end() if reference else token.end()
                if definition.place is not None:
                    return self._link(
                        bracket, token, definition.url, bracket.start, outer_end, outer_end, definition.place
                    )
                return self._link(bracket, token, definition.url, definition.start, definition.end, outer_end)
        return token.end()

    def _link(
        self,
        bracket: _Bracket,
        token: re.Match[str],
        url: str | None,
        start: int,
        end: int,
        outer_end: int,
        place: Place | None = None,
    ) -> int:
        if url is None:
            # A relative link or anchor: nothing to follow, but its label is text a reader sees.
            if bracket.image:
                self.taken.append((bracket.start, outer_end))
            return outer_end
        form = LinkForm.IMAGE if bracket.image else LinkForm.LINK
        if bracket.image and self.brackets and not self.brackets[-1].image:
            self.brackets[-1].has_image = True
        link = InlineLink(
            start,
            end,
            url,
            form,
            bracket.start,
            outer_end,
            (bracket.content, token.start()),
            bracket.has_image,
            place=place,
        )
        self._add(link)
        return outer_end
