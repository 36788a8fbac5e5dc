"""Addresses that are forms to fill in, examples or machines of one's own: nothing a reader would follow."""

from __future__ import annotations

import re

_PLACEHOLDER = re.compile(
    r"<|>|[{}$^]|\.\.\.|…|/\*|"
    r"//(?:your[-_.]|my[-_]|my\.(?:domain|site|host|server|app|api)\.)|/(?:your|my)[-_]?(?:user|org|name|repo|account|project)|"
    r"(?:^|[/.])(?:xxx+|user-?name|owner/repo|user/repo|path/to)(?:[/.]|$)|//(?:host|hostname|ip|domain|server)(?:[:/]|$)",
    re.IGNORECASE,
)
# `https://github.com/<user>/<repo>`: told from the markup that may follow an address.
_SLOT_FOLLOWS = re.compile(
    r"(?<=[/=])<(?!(?:br|p|a|b|i|em|strong|sub|sup|span|div|li|td|tr|h\d|img|hr|code|kbd|small|u|s|del)\b)"
    r"[a-z][\w -]{0,40}>",
    re.IGNORECASE,
)
_LOCAL = re.compile(
    r"//(?:localhost|127\.\d|0\.0\.0\.0|10\.\d|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|\[::1?\]|host\.docker|"
    r"(?:[\w-]+\.)*example\.(?:com|org|net)|[\w-]+(?::\d+)?(?:/|$))",
    re.IGNORECASE,
)


def is_placeholder(url: str) -> bool:
    """Whether an address is a form that a reader fills in."""
    return _PLACEHOLDER.search(url) is not None


def is_slot(text: str, position: int) -> bool:
    """Whether `<name>` to be filled in stands at `position`."""
    return _SLOT_FOLLOWS.match(text, position) is not None


def is_local(url: str) -> bool:
    """Whether an address is an example (RFC 2606) or a machine of one's own."""
    return _LOCAL.search(url) is not None
