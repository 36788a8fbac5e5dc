"""Addresses that a page or an editor broke over two lines, joined only where something says they go on.

Evidence: a mark that no address ends with, a path that its host's grammar leaves unfinished, a repository the
document knows, or a long line followed by a line that is nothing but more path.
"""

from __future__ import annotations

import re
from typing import Final

from crawler.links.run_together import REPOSITORY, KnownAddresses, repository_key

_NEXT_LINE = re.compile(
    r"[ \t]*\r?\n[ \t>]*(?P<token>[A-Za-z0-9%][A-Za-z0-9._~/?#&=%+@-]*)(?P<rest>[^\r\n]{0,3})"
)
_LIST_MARKER = re.compile(r"\d{1,3}[.)]?$")
_NO_TOKEN = re.compile(r"https?$|https?:|www\.", re.IGNORECASE)
_PATH_LIKE = re.compile(r"[\w%-]+/|.*\.(?:html?|pdf|md|php|ipynb|git|aspx?)$|.*[?&]\w+=")
_NAME_LIKE = re.compile(r".*[\d_-]|.*[a-z][A-Z]|[A-Z]{2}")
_PROSE_GOES_ON = re.compile(r"\s[a-z]|[,;:!?]\s")
_NO_NAME = re.compile(
    r"(?:www\.)?(?:github\.com|huggingface\.co|gitee\.com|modelscope\.cn)/"
    r"(?:(?:datasets|spaces|models)/)?(?P<owner>[\w.-]+/)?$",
    re.IGNORECASE,
)
_NO_ID = re.compile(
    r"(?:arxiv\.org/(?:abs|pdf|html)|zhuanlan\.zhihu\.com/p|zhihu\.com/question|mp\.weixin\.qq\.com/s)/$"
)
_HALF_ARXIV_ID = re.compile(r"arxiv\.org/(?:abs|pdf|html)/\d{4}\.$")
_LONG_LINE: Final = 60


def find_continuation(
    text: str, address_start: int, body_start: int, stop: int, end: int, known: KnownAddresses
) -> tuple[int, int] | None:
    """The span in the next line where the address `text[address_start:stop]` goes on; None if it ends."""
    following = _NEXT_LINE.match(text, stop, end) if stop < end and text[stop] in " \t\r\n" else None
    if following is None:
        return None
    token, rest = following["token"].rstrip(".,?"), following["rest"]
    if not token or _NO_TOKEN.match(token):
        return None
    if _LIST_MARKER.match(following["token"]) and rest[:1] in " )、":
        return None
    body = text[body_start:stop]
    sole = not rest.strip()
    length = stop - (text.rfind("\n", 0, stop) + 1)
    if _goes_on(text[address_start:stop], body, token, rest, known, sole=sole, long=length >= _LONG_LINE):
        return following.start("token"), following.start("token") + len(token)
    return None


def _goes_on(
    address: str, body: str, token: str, rest: str, known: KnownAddresses, *, sole: bool, long: bool
) -> bool:
    last = body[-1:]
    joined = REPOSITORY.match(address + token)
    if joined and joined.end() == len(address + token) and repository_key(joined) in known.repositories:
        return True
    if last in {"=", "&"}:
        return sole or "=" in token
    if last == "-":
        return not body.endswith("--") and (token[0].isdigit() or token[0].islower() or sole)
    if last in {"_", "?", "%"}:
        return (sole and _NAME_LIKE.match(token) is not None) or (last == "?" and "=" in token)
    if last == ".":
        if _HALF_ARXIV_ID.search(body):
            return token[0].isdigit()
        return sole and re.fullmatch(r"html?|pdf|md|git|ipynb|php", token) is not None
    if last == "/":
        if _NO_ID.search(body):
            return token[0].isdigit() or len(token) >= 20
        if nameless := _NO_NAME.match(body):
            if nameless["owner"] is None:
                return "/" in token.strip("/")
            return sole or _NAME_LIKE.match(token) is not None or not _PROSE_GOES_ON.match(rest)
        return long and sole and (_PATH_LIKE.match(token) or _NAME_LIKE.match(token)) is not None
    return long and sole and "/" in body and _PATH_LIKE.match(token) is not None
