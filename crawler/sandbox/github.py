"""The sandbox's GitHub: GraphQL and REST at api.github.com, pages at github.com, their limits. All made up.

Any token is good unless the state refuses it. Quotas are per token and hour of the world's clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote

from crawler.sandbox.github_graphql import answer_graphql
from crawler.sandbox.github_pages import answer_page
from crawler.sandbox.github_repositories import (
    Found,
    GitHubState,
    find_branch,
    find_by_id,
    find_owner,
    find_repository,
)
from crawler.sandbox.messages import Request, Response

if TYPE_CHECKING:
    from crawler.sandbox.world import World

__all__ = ["GitHubState", "answer"]

LIMITS_PAGE: Final = "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api"
HOUR_SECONDS: Final = 3_600


def answer(world: World, request: Request) -> Response:
    if request.host != "api.github.com":
        return answer_page(world, request)
    if not request.headers.get("user-agent"):
        return _refuse(403, "Request forbidden by administrative rules.")
    token = _token(request)
    state: GitHubState = world.github
    if token in state.refused_tokens:
        return _refuse(401, "Bad credentials")
    if state.secondary > 0:
        state.secondary -= 1
        retry_after = state.secondary_retry_after
        headers = () if retry_after is None else (("Retry-After", str(retry_after)),)
        return _refuse(403, "You have exceeded a secondary rate limit.", headers, LIMITS_PAGE)
    is_graphql = request.path == "/graphql"
    if is_graphql and not token:
        return _refuse(401, "This endpoint requires you to be authenticated.")
    limited, quota = _count(world, token, "graphql" if is_graphql else "core")
    limit_headers = tuple((f"X-RateLimit-{name}", str(value)) for name, value in quota.items())
    if limited and is_graphql:
        said = {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}
        return Response.of_json(said, 200, limit_headers)
    if limited:
        return _refuse(403, "API rate limit exceeded", limit_headers, LIMITS_PAGE)
    if is_graphql:
        response = answer_graphql(world, request, token, quota)
    else:
        response = _answer_rest(world, request, token)
    return Response(response.status, (*response.headers, *limit_headers), response.body)


def _answer_rest(world: World, request: Request, token: str) -> Response:
    parts = [unquote(part) for part in request.path.split("/") if part]
    match parts:
        case ["rate_limit"]:
            return Response.of_json({"resources": dict(world.github.limits)})
        case ["users", login]:
            owner = find_owner(world, login)
            return Response.of_json(owner) if owner else _refuse(404, "Not Found")
        case ["repositories", number] if number.isdecimal():
            found = find_by_id(world, int(number), token=token)
            return _answer_found(world, found) if found else _refuse(404, "Not Found")
        case ["repositories", number, "branches", branch] if number.isdecimal():
            return _answer_branch(world, request, find_by_id(world, int(number), token=token), branch)
        case ["repos", owner_name, name]:
            return _answer_repository(world, request, f"{owner_name}/{name}", token)
        case ["repos", owner_name, name, "branches", branch]:
            found = find_repository(world, f"{owner_name}/{name}", token=token)
            return _answer_branch(world, request, found, branch)
    return _refuse(404, "Not Found")


def _answer_repository(world: World, request: Request, name: str, token: str) -> Response:
    state: GitHubState = world.github
    if token and name.lower() in state.sealed:
        return _refuse(403, "Resource protected by organization SAML enforcement.")
    if name.lower() in state.blocked:
        return _answer_blocked(state.blocked[name.lower()])
    found = find_repository(world, name, token=token)
    if found is None:
        return _refuse(404, "Not Found")
    if found.full_name.lower() != name.lower():
        location = request.link("api.github.com", f"/repositories/{found.rest['id']}")
        moved = {
            "message": "Moved Permanently",
            "url": location,
            "documentation_url": "https://docs.github.com",
        }
        return Response.of_json(moved, 301, (("Location", location),))
    return _answer_found(world, found)


def _answer_found(world: World, found: Found) -> Response:
    blocked: Mapping[str, str] = world.github.blocked
    if found.full_name.lower() in blocked:
        return _answer_blocked(blocked[found.full_name.lower()])
    return Response.of_json(found.rest)


def _answer_blocked(reason: str) -> Response:
    block = {
        "reason": reason,
        "created_at": "2026-01-02T03:04:05Z",
        "html_url": "https://github.com/github/dmca/blob/master/made-up.md",
    }
    body = {"message": "Repository access blocked", "block": block}
    return Response.of_json(body, 451 if reason == "dmca" else 403)


def _answer_branch(world: World, request: Request, found: Found | None, branch: str) -> Response:
    now = find_branch(world, found, branch) if found else None
    if found is None or now is None:
        return _refuse(404, "Branch not found")
    if now != branch:
        path = f"/repositories/{found.rest['id']}/branches/{quote(now, safe='')}"
        location = request.link("api.github.com", path)
        moved = {"message": "Moved Permanently", "url": location}
        return Response.of_json(moved, 301, (("Location", location),))
    return Response.of_json({"name": now, "protected": False, "commit": {"sha": "0" * 40}})


def _token(request: Request) -> str:
    """The token of an Authorization header, "" without one."""
    return request.headers.get("authorization", "").partition(" ")[2].strip()


def _count(world: World, token: str, resource: str) -> tuple[bool, dict[str, Any]]:
    """Take one from the hour's quota: whether there was none left, and what the headers tell of it."""
    state: GitHubState = world.github
    name = resource if token else "anonymous"
    hour = int(world.now().timestamp()) // HOUR_SECONDS
    limit = state.limits[name]
    limited = state.used[token, name, hour] >= limit
    state.used[token, name, hour] += not limited
    used = state.used[token, name, hour]
    return limited, {
        "Limit": limit,
        "Remaining": limit - used,
        "Used": used,
        "Reset": (hour + 1) * HOUR_SECONDS,
        "Resource": resource,
    }


def _refuse(
    status: int,
    message: str,
    headers: tuple[tuple[str, str], ...] = (),
    documentation_url: str = "https://docs.github.com/rest",
) -> Response:
    return Response.of_json({"message": message, "documentation_url": documentation_url}, status, headers)
