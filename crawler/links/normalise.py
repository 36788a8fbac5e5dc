"""Raw address → canonical URL, the identity of a link. Pure text work.

WHATWG parsing, then as little as possible: two spellings become one only where they surely mean the same.
What a document's punctuation and markup do to an address is the extractor's business.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

import ada_url

from crawler.links.arxiv_id import canonical_arxiv_id
from crawler.links.reserved import GITHUB_PAGES

GITHUB = "github.com"
HUGGING_FACE = "huggingface.co"
ARXIV = "arxiv.org"
# Mirrors answer for the same ids. Other homes of a paper (doi.org, ar5iv, alphaxiv) stay web pages of their
# own: they can vanish while the paper lives.
CANONICAL_HOSTS = {
    "github.com": GITHUB,
    "huggingface.co": HUGGING_FACE,
    "hf.co": HUGGING_FACE,
    "hf-mirror.com": HUGGING_FACE,
    "arxiv.org": ARXIV,
    "export.arxiv.org": ARXIV,
}
# Paths of arXiv that serve one paper in some form: arxiv-browse, browse/routes/ui.py.
ARXIV_PAPER_PATHS = frozenset({"abs", "pdf", "html", "format", "src", "e-print", "ps"})

SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
HOST_AND_PORT = re.compile(r"(?:localhost|[^/?#:@\\\s]+\.[^/?#:@\\\s]+):\d+(?:[/?#\\]|$)", re.IGNORECASE)
# `https://`, and its obvious slips: hhttps://, htps://, ttp://, https:/, https//, https：//, https: //.
WEB_SCHEME = re.compile(
    r"h{0,3}t{1,3}p(?P<secure>s{0,2})(?:\s*[:：]\s*[/\\]+|//)\s*(?=[^\s/\\])", re.IGNORECASE
)
# The usual spelling, which a parser would not change. Dots at the border of a path part, hosts of numbers
# and punycode are left to the parser.
_PLAIN_URL = re.compile(
    r"(?P<origin>https?://(?P<host>(?!xn--)[a-z0-9][a-z0-9-]{0,61}(?:\.(?!xn--)[a-z0-9][a-z0-9-]{0,61}){0,4}\.[a-z]{2,20}))"
    r"(?P<path>(?:/(?!\.)[A-Za-z0-9_~.-]*(?<!\.))*)",
    re.ASCII,
)
_LINE_BREAKS = re.compile(r"[\t\r\n]")
_GIT_SUFFIX = re.compile(r"(?:\.git)+$")
REPEATED_SCHEME = re.compile(r"https?:[/\\]+(?=[^\s/\\])", re.IGNORECASE)
SCHEMELESS_AUTHORITY = re.compile(r"[^.][.。．｡][^.]|^localhost(?::|$)|^\[", re.IGNORECASE)
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"
TRACKING_PREFIX = "utm_"
TRACKING_NAME = "spm"
REPO_DEPTH_UNDER = {"datasets": 3, "spaces": 3}


class InvalidUrl(ValueError):  # noqa: N818 - what it is, not that it is raised
    """Not an http(s) address that could ever be asked for; says why."""


def normalise_url(raw: str) -> str:
    """The canonical URL of an http(s) or scheme-less address. Idempotent. Raises InvalidUrl."""
    if plain := _PLAIN_URL.fullmatch(raw):
        path = plain["path"] or "/"
        known_host = CANONICAL_HOSTS.get(plain["host"].removeprefix("www."))
        return _canonical_at(known_host, path, "") if known_host else plain["origin"] + path
    text = _LINE_BREAKS.sub("", raw).strip().strip(INVISIBLE).strip()
    if text[:6].lower() == "arxiv:":
        paper = canonical_arxiv_id(text)
        if paper is None:
            raise InvalidUrl(f"{raw!r} is not an arXiv id")
        return f"https://{ARXIV}/abs/{paper}"
    url = _parse(_with_scheme(text, raw), raw)
    host = str(url.hostname)
    _check_host(host, raw)
    query = _without_tracking(str(url.search).removeprefix("?"))
    path = str(url.pathname)
    known_host = CANONICAL_HOSTS.get(host.removesuffix(".").removeprefix("www."))
    # On another port another server answers, whatever its name.
    if known_host is not None and not url.port:
        return _canonical_at(known_host, path, query)
    password = f":{url.password}" if url.password else ""
    userinfo = f"{url.username}{password}@" if url.username or password else ""
    return f"{url.protocol}//{userinfo}{url.host}{path}{_as_query(query)}"


def _parse(text: str, raw: str) -> ada_url.URL:
    try:
        return ada_url.URL(text)
    except ValueError as error:
        raise InvalidUrl(f"{raw!r} cannot be parsed as a URL") from error


def _with_scheme(text: str, raw: str) -> str:
    """Make the scheme explicit; refuse what is no web address."""
    if web := WEB_SCHEME.match(text):
        rest = text[web.end() :]
        name = "https" if web["secure"] else "http"
        while repeated := REPEATED_SCHEME.match(rest):
            name = repeated[0].partition(":")[0].lower()
            rest = rest[repeated.end() :]
        return f"{name}://{rest}"
    if text.startswith(("//", "\\\\")):
        return f"https:{text}"
    if (scheme := SCHEME.match(text)) and not HOST_AND_PORT.match(text):
        if scheme[1].lower() in {"http", "https"}:
            return text
        raise InvalidUrl(f"{raw!r} is not an http(s) address")
    # Without a scheme a single word is a relative path, and an @ makes an e-mail address.
    authority = re.split(r"[/?#\\]", text, maxsplit=1)[0]
    if "@" in authority or not SCHEMELESS_AUTHORITY.search(authority):
        raise InvalidUrl(f"{raw!r} names no host")
    return f"https://{text}"


def _check_host(host: str, raw: str) -> None:
    """Refuse host names that no resolver can be asked for (RFC 1035 §2.3.4); ada accepts some."""
    if not host:
        raise InvalidUrl(f"{raw!r} names no host")
    if host.startswith("["):
        return
    labels = host.removesuffix(".").split(".")
    if len(host) > 254 or not all(0 < len(label) <= 63 for label in labels):
        raise InvalidUrl(f"{raw!r} has an impossible host name")


def _without_tracking(query: str) -> str:
    """Drop tracking parameters and nothing else; the rest keeps its bytes and order."""
    parameters = query.split("&")
    kept = [parameter for parameter in parameters if not _is_tracking(parameter.partition("=")[0])]
    if len(kept) == len(parameters):
        return query
    return "&".join(kept) if any(kept) else ""


def _is_tracking(name: str) -> bool:
    return name == TRACKING_NAME or name.startswith(TRACKING_PREFIX)


def _as_query(query: str) -> str:
    return f"?{query}" if query else ""


def _canonical_at(host: str, path: str, query: str) -> str:
    """One spelling for the hosts whose ids we know. Credentials in such an address name nothing: dropped."""
    path = path.strip("/")
    if host == ARXIV and (paper := _arxiv_paper(path)):
        return f"https://{ARXIV}/abs/{paper}"
    segments = path.split("/")
    if host == GITHUB and segments[0].lower() not in GITHUB_PAGES:
        segments[:2] = [segment.lower() for segment in segments[:2]]
        if len(segments) > 1:
            segments[1] = _without_git_suffix(segments[1])
    elif host == HUGGING_FACE and len(segments) <= REPO_DEPTH_UNDER.get(segments[0], 2):
        segments[-1] = _without_git_suffix(segments[-1])
    return f"https://{host}/{'/'.join(segments)}{_as_query(query)}"


def _arxiv_paper(path: str) -> str | None:
    form, _, identifier = unquote(path).partition("/")
    return canonical_arxiv_id(identifier.strip("/")) if form in ARXIV_PAPER_PATHS else None


def _without_git_suffix(name: str) -> str:
    if not name.endswith(".git"):
        return name
    bare = _GIT_SUFFIX.sub("", name)
    # A name that is nothing but dots would be taken for a step up the path.
    return bare if re.fullmatch(r"[\w.-]*[\w-][\w.-]*", bare, re.ASCII) else name
