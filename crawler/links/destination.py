"""What the destination of a link means: the web address, or nothing that this project follows."""

from __future__ import annotations

import html
import re

from crawler.links.addresses import find_urls
from crawler.links.placeholders import is_placeholder
from crawler.links.url_end import unescape_markdown

_PLAIN_ADDRESS = re.compile(
    r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?:/[A-Za-z0-9/_.~%?=#@:+,-]*)?", re.ASCII
)
_WEB_ADDRESS = re.compile(r"\s*(?:h{0,2}t{1,3}ps?\s?:\s?/|h?ttps?//|//[\w-]+\.\w|www\.\w)", re.IGNORECASE)
_SCHEMELESS = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,12}(?::\d+)?/[^\s]", re.IGNORECASE)
_KNOWN_HOST = re.compile(
    r"(?:www\.|[a-z0-9-]+\.)?(?:github\.com|github\.io|huggingface\.co|hf\.co|arxiv\.org|gitee\.com|modelscope\.cn|"
    r"kaggle\.com|zhihu\.com|google\.com|openai\.com|medium\.com)(?:/|$)",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{1,6}|#[xX][0-9a-fA-F]{1,6});")
_BROKEN_PLACEHOLDER = re.compile(r"[<>{}\s]|\.\.\.$|…|^https?://(?:\W|$)")


def meant_address(written: str, *, markdown: bool = True) -> str | None:
    """The address that a destination or attribute means; None for anchors, relative links, other schemes."""
    if _PLAIN_ADDRESS.fullmatch(written) and not is_placeholder(written):
        return written
    address = written.strip()
    if markdown:
        address = unescape_markdown(address)
    if "&" in address:
        address = _ENTITY.sub(lambda match: html.unescape(match[0]), address)
    if address.startswith("//"):
        address = "https:" + address
    elif not _WEB_ADDRESS.match(address):
        if not (_SCHEMELESS.match(address) and _KNOWN_HOST.match(address)) and not _KNOWN_HOST.fullmatch(
            address
        ):
            return None
        address = "https://" + address
    found = next(find_urls(address), None)
    if found is None or found.start != 0:
        return None if _BROKEN_PLACEHOLDER.search(address) else address
    # The scheme as meant, the rest as written: a destination is delimited already.
    if not address.lower().startswith(("http://", "https://")):
        return found.url if found.end == len(address) else found.url + address[found.end :]
    return address


def unescape_entities(url: str) -> str:
    """An address written in HTML or Markdown: `&amp;` is `&`; what only looks like an entity stays."""
    return _ENTITY.sub(lambda match: html.unescape(match[0]), url) if "&" in url else url
