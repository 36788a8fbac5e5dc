"""Where an address in running text may begin: schemes and their slips, hosts without a scheme, arXiv ids."""

from __future__ import annotations

import re
from typing import Final

# Top-level domains that make a name without a scheme a host. File endings and words (md, py, sh, rs,
# so, is, js, cpp) are left out on purpose.
DOMAINS: Final = (
    "com|org|net|edu|gov|io|ai|cn|dev|app|co|me|xyz|info|cloud|tech|site|online|live|chat|art|pub|blog|page|"
    "space|wiki|studio|run|jp|kr|de|fr|uk|eu|ru|tw|hk|sg|ca|ch|nl|au|us|in|it|es|se|top|club|tv|cc|vip|gg|fm|"
    "google|science|pro|ac|nz|cz|vn|dk"
)
# Hosts under other domains that everybody writes without a scheme.
_NAMED_HOSTS: Final = "youtu\\.be|bit\\.ly|goo\\.gl|forms\\.gle|aka\\.ms|amzn\\.to|git\\.sr\\.ht"

# The scheme, also as people mistype it: hhttps://, htttp://, https:/x, https:///x, https//x, ttps://,
# http:://x, https;//x, https.//x, https:a.org/x.
_SCHEME = (
    r"(?:(?<![A-Za-z])h?h?t{1,3}ps?|https?)\s?(?:[:：]{1,2}\s?/{1,3}|;//|\.//|//)(?=[^\s/])"
    r"|(?<![A-Za-z])https?:(?=(?:[a-z0-9-]+\.){1,4}[a-z]{2,6}/)"
    r"|(?<![A-Za-z0-9])://(?=[\w-]+\.)"
)
EXACT_SCHEME: Final = re.compile(r"https?://", re.IGNORECASE)

_HOST_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# Behind a word of another script a host begins at once: `地址github.com/a/b`.
_BARE_HOST = (
    rf"(?<![A-Za-z0-9_@./\-%&=+~\\$])(?<!mailto:)(?<!\w@)"
    rf"(?:(?:{_HOST_LABEL}\.){{1,6}}(?:{DOMAINS})|{_NAMED_HOSTS})"
    r"(?![A-Za-z0-9_@-]|\.[A-Za-z0-9])(?::\d{2,5})?"
)
_ARXIV_ID = (
    r"(?<![A-Za-z0-9_/.])arxiv(?:\s?[:：]\s?(?:\d{4}\.\d{4,5}|[a-z-]{2,9}(?:\.[A-Z]{2})?/\d{7})"
    r"|[ ]\d{4}\.\d{5})(?:v\d{1,2})?(?!\d)"
)

START: Final = re.compile(
    rf"(?P<scheme>{_SCHEME})|(?P<arxiv>{_ARXIV_ID})|(?P<host>{_BARE_HOST})(?P<path>[/?](?![/?]))?",
    re.IGNORECASE,
)
START_HINT: Final = re.compile(
    r":/|[ps;.]//|：/|arxiv|youtu\.be|bit\.ly|goo\.gl|\.(?:" + DOMAINS + r"|gle|ms|ht|to)(?![a-z])",
    re.IGNORECASE,
)

_LABEL_BEFORE = re.compile(
    r"(?:网址|官网|网站|主页|地址|链接|体验|试用|入口|"
    r"(?<![a-z])(?:site|website|homepage|home page|page|url|link|demo))"
    r"\s*(?:[:：]|为|是|在|is)?\s*$|(?<![a-z])(?P<verb>at|visit|see|try|via)[ ]$",
    re.IGNORECASE,
)
_ALONE_BEFORE = re.compile(r"(?:^|\n)[ \t>]*(?:[-*+•·]|\d{1,3}[.)、])?[ \t]*$|[|｜][ \t]*$|[(（<《][ \t]*$")
_ALONE_AFTER = re.compile(r"[ \t]*(?:$|\n|\r|[|｜)）>》])")
_WORD_ENDS = re.compile(r"$|[^\w.@:/-]|[.:-](?:\s|$)")
# Brands are written Booking.com or fish.ai; an address in prose has small letters only, or three parts.
_PLAIN_ADDRESS = re.compile(
    r"(?:[a-z0-9-]+\.){2,}[a-z]{2,}(?::\d{2,5})?|[a-z0-9-]+\.(?:com|org|edu|cn)(?::\d{2,5})?"
)


def stands_for_address(text: str, start: int, after: int, end: int) -> bool:
    """Whether a reader would follow the bare host `text[start:after]`.

    It is a line, cell or parenthesis of its own, a word before it asks to go there, or it is spelt like an
    address and not like the name of a company or library.
    """
    before = text[max(0, start - 40) : start]
    if _ALONE_AFTER.match(text, after, end) and _ALONE_BEFORE.search(before):
        return True
    if not _WORD_ENDS.match(text[after : after + 2]):
        return False
    if _PLAIN_ADDRESS.fullmatch(text, start, after):
        return True
    label = _LABEL_BEFORE.search(before)
    return label is not None and (not label["verb"] or text[start:after].islower())
