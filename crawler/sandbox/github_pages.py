"""The sandbox's public pages of github.com: repositories, paths in them, owners. All made up."""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote

from crawler.sandbox.github_repositories import (
    Found,
    GitHubState,
    find_branch,
    find_owner,
    find_repository,
    has_expression,
)
from crawler.sandbox.messages import Request, Response

if TYPE_CHECKING:
    from crawler.sandbox.world import World

VIEWS_OF_PATHS: Final = frozenset({"tree", "blob", "raw", "blame"})
TABS: Final = frozenset(
    {"issues", "pulls", "discussions", "stargazers", "graphs", "releases", "actions", "wiki", "network"}
)
"""Pages that every repository has."""


def answer_page(world: World, request: Request) -> Response:
    """GET of any page; nothing here knows of tokens."""
    state: GitHubState = world.github
    parts = [unquote(part) for part in request.path.split("/") if part]
    if state.walled and parts != ["login"]:
        return Response(302, (("Location", request.link("github.com", "/login")),))
    match parts:
        case ["login"]:
            return _page("Sign in to GitHub", _LOGIN_FORM)
        case [login]:
            return _answer_owner(world, login)
        case [owner, name, *rest]:
            return _answer_repository(world, request, f"{owner}/{name}", rest)
    return _page("GitHub", "<h1>A made-up start page</h1>")


def _answer_owner(world: World, login: str) -> Response:
    owner = find_owner(world, login)
    if owner is None:
        return _not_found()
    kind = owner["type"].lower()
    head = f'<meta name="hovercard-subject-tag" content="{kind}:{owner["id"]}">' + _meta(
        "octolytics-dimension-user_login", owner["login"]
    )
    return _page(owner["login"], f'<h1><span itemprop="name">{html.escape(owner["name"])}</span></h1>', head)


def _answer_repository(world: World, request: Request, name: str, rest: list[str]) -> Response:
    state: GitHubState = world.github
    if name.lower() in state.blocked:
        reason = state.blocked[name.lower()]
        return _page("Repository unavailable", f"<h1>Unavailable: {html.escape(reason)}</h1>", status=451)
    found = find_repository(world, name)
    if found is None:
        return _not_found()
    if found.rest["disabled"]:
        return _page("Repository disabled", "<h1>This repository has been disabled</h1>", status=403)
    if found.full_name.lower() != name.lower():
        path = quote("/".join(("", found.full_name, *rest)))
        return Response(301, (("Location", request.link("github.com", path)),))
    if not rest:
        return _repository_page(found)
    if rest[0] in VIEWS_OF_PATHS and len(rest) > 1:
        return _answer_path(world, request, found, rest[0], rest[1:])
    if rest[0] in TABS:
        return _repository_page(found, path="/".join(rest))
    return _not_found()


def _answer_path(world: World, request: Request, found: Found, view: str, parts: list[str]) -> Response:
    for count in range(1, len(parts) + 1):
        ref, path = "/".join(parts[:count]), "/".join(parts[count:])
        if has_expression(world, found, f"{ref}:{path}" if path else ref):
            return _repository_page(found, path=path)
    branch = find_branch(world, found, parts[0])
    if branch is None or branch == parts[0]:
        return _not_found()
    location = quote("/".join(("", found.full_name, view, branch, *parts[1:])))
    return Response(302, (("Location", request.link("github.com", location)),))


def _repository_page(found: Found, path: str = "") -> Response:
    rest = found.rest
    head = "".join(
        _meta(f"octolytics-dimension-repository_{name}", value)
        for name, value in (
            ("id", rest["id"]),
            ("nwo", found.full_name),
            ("public", "true"),
            ("is_fork", str(rest["fork"]).lower()),
        )
    )
    title = f"{path} · {found.full_name}" if path else f"GitHub - {found.full_name}"
    body = _path_body(path) if path else _about(rest)
    label = "Public archive" if rest["archived"] else "Public"
    return _page(title, f'<span class="Label Label--secondary">{label}</span>{_counters(rest)}{body}', head)


def _counters(rest: dict[str, Any]) -> str:
    stars, forks = rest["stargazers_count"], rest["forks_count"]
    return (
        f'<span id="repo-network-counter" title="{forks:,}" class="Counter">{_rounded(forks)}</span>'
        f'<span id="repo-stars-counter-star" aria-label="{stars} users starred this repository"'
        f' title="{stars:,}" class="Counter js-social-count">{_rounded(stars)}</span>'
    )


def _about(rest: dict[str, Any]) -> str:
    embedded = {
        "payload": {
            "codeViewRepoRoute": {
                "sidebarAbout": {
                    "stargazerCount": rest["stargazers_count"],
                    "forksCount": rest["forks_count"],
                    "description": rest["description"],
                    "topics": rest["topics"],
                },
                "repo": {"defaultBranch": rest["default_branch"]},
            }
        }
    }
    data = json.dumps(embedded).replace("<", "\\u003c")
    topics = "".join(f'<a href="/topics/{topic}" class="topic-tag">{topic}</a>' for topic in rest["topics"])
    banner = (
        '<div class="flash flash-warn">This repository was archived by the owner on Jan 2, 2026.'
        " It is now read-only.</div>"
        if rest["archived"]
        else ""
    )
    language = rest["language"] and (
        f'<li class="d-inline"><a href="/{rest["full_name"]}/search?l=x">'
        f'<span class="color-fg-default text-bold mr-1">{html.escape(rest["language"])}</span></a></li>'
    )
    return (
        f'{banner}<script type="application/json" data-target="react-app.embeddedData">{data}</script>'
        f'<p class="f4 my-3">{html.escape(rest["description"] or "")}</p>{topics}'
        f"{_license_line(rest)}<ul>{language or ''}</ul>"
        '<article class="markdown-body"><p>A made-up readme. This repository was archived by the owner on'
        " Jan 1, 2020. It is now read-only, says the readme of something else.</p></article>"
    )


def _license_line(rest: dict[str, Any]) -> str:
    license_ = rest["license"]
    if license_ is None:
        return ""
    spdx_id = license_["spdx_id"]
    line = "View license" if license_["key"] == "other" else f"{spdx_id} license"
    return (
        f'<a href="/{rest["full_name"]}/blob/{rest["default_branch"]}/LICENSE" class="Link--muted">'
        f'<svg aria-hidden="true" class="octicon octicon-law mr-2"></svg> {line}</a>'
    )


def _path_body(path: str) -> str:
    return f"<h1>{html.escape(path)}</h1><p>A made-up file.</p>"


def _rounded(count: int) -> str:
    return f"{count / 1000:.0f}k" if count >= 10_000 else f"{count:,}"


def _meta(name: str, content: object) -> str:
    return f'<meta name="{name}" content="{html.escape(str(content))}">'


def _not_found() -> Response:
    return _page("Page not found · GitHub", "<h1>404: a made-up page not found</h1>", status=404)


def _page(title: str, body: str, head: str = "", status: int = 200) -> Response:
    head = f"<title>{html.escape(title)}</title>{head}"
    return Response.of_html(f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>", status)


_LOGIN_FORM: Final = (
    '<form action="/session" method="post"><input type="text" name="login">'
    '<input type="password" name="password"></form>'
)
