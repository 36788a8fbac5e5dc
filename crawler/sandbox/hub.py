"""The sandbox's Hugging Face Hub: its JSON API as huggingface_hub asks it, and plain pages. All made up.

Every repository and owner that somebody asks for exists and is invented from its name, unless the state says
otherwise. Keys of the state are API paths without `/api/`: `models/owner/name`, `datasets/owner/name`,
`spaces/owner/name`, and plain names for owners.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from crawler.records import Target, TargetKind
from crawler.sandbox.hub_repositories import invent_likes, invent_owner, invent_repository
from crawler.sandbox.messages import Request, Response

if TYPE_CHECKING:
    from crawler.sandbox.world import World

SANDBOX_TOKEN: Final = "hf_sandbox_made_up"  # noqa: S105 - opens nothing but the sandbox
KINDS: Final = ("models", "datasets", "spaces")
FILE_HOST: Final = "cas-bridge.xethub.hf.co"
"""Where addresses of large files redirect to."""
RESOLVE: Final = re.compile(r"/(?P<name>[\w.-]+/[\w.-]+)/resolve/[\w.-]+/(?P<file>[\w./-]+)")
RANGE: Final = re.compile(r"bytes=(\d{1,12})-(\d{1,12})")
WINDOW_SECONDS: Final = 300
ANONYMOUS_LIMIT: Final = 500
TOKEN_LIMIT: Final = 1_000

# As huggingface_hub 2.4 lists them (hf_api.py).
SHARED_FIELDS: Final = """
    author cardData createdAt disabled lastModified likes private resourceGroup sha siblings tags
    trendingScore usedStorage
"""
DATASET_FIELDS: Final = """
    citation description downloads downloadsAllTime gated mainSize paperswithcode_id
"""
SPACE_FIELDS: Final = "datasets models region runtime sdk subdomain"
MODEL_FIELDS: Final = """
    baseModels childrenModelCount config downloads downloadsAllTime evalResults gated gguf inference
    inferenceProviderMapping library_name mask_token model-index pipeline_tag safetensors spaces
    transformersInfo widgetData xetEnabled
"""
EXPANDABLE: Final[Mapping[str, frozenset[str]]] = {
    "models": frozenset((SHARED_FIELDS + MODEL_FIELDS).split()),
    "datasets": frozenset((SHARED_FIELDS + DATASET_FIELDS).split()),
    "spaces": frozenset((SHARED_FIELDS + SPACE_FIELDS).split()),
}
KIND_OF_TARGET: Final = {
    TargetKind.HUGGINGFACE_MODEL: "models",
    TargetKind.HUGGINGFACE_DATASET: "datasets",
    TargetKind.HUGGINGFACE_SPACE: "spaces",
}


@dataclass(slots=True)
class HubState:
    """What differs from the invented world. `fields` is laid over a repository's answer (None takes away)."""

    tokens: set[str] = field(default_factory=lambda: {SANDBOX_TOKEN})
    missing: set[str] = field(default_factory=set)
    private: set[str] = field(default_factory=set)
    disabled: set[str] = field(default_factory=set)
    walled: set[str] = field(default_factory=set)
    """Gated repositories that show not even their metadata."""
    gated: dict[str, str] = field(default_factory=dict)
    """`auto` or `manual`."""
    renamed: dict[str, str] = field(
        default_factory=lambda: {
            "models/gpt2": "openai-community/gpt2",
            "models/gpt2-xl": "openai-community/gpt2-xl",
            "datasets/kd_conv": "thu-coai/kd_conv",
        }
    )
    """Old key → new id; the ones here are from before repositories had owners."""
    recreated: dict[str, int] = field(default_factory=dict)
    """A stranger's repository under an old name: any number, another one for each stranger."""
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    users: set[str] = field(default_factory=set)
    organizations: set[str] = field(default_factory=set)
    listed: set[str] = field(default_factory=set)
    """Keys that listings show, beside all that were asked for before."""
    unlisted: set[str] = field(default_factory=set)
    files: dict[str, bytes] = field(default_factory=dict)
    """`owner/name/file` of a model → its content; any other file of a model is not there."""
    pages: dict[str, Response] = field(default_factory=dict)
    """Path → answer, for pages that are no API."""
    papers: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What the Hub knows of arXiv papers, by id; it knows no other."""
    collections: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """`owner/slug` → (type, id) of its items; types are `model`, `dataset`, `space`, `paper`."""
    remaining: int | None = None
    """Requests left in the window; None: always plenty."""
    reset_seconds: int = 55

    def list_targets(self, targets: Iterable[Target]) -> None:
        """Let listings show these from the first night on."""
        self.listed |= {
            f"{KIND_OF_TARGET[target.kind]}/{target.id}"
            for target in targets
            if target.kind in KIND_OF_TARGET
        }

    def is_owner(self, name: str) -> bool:
        if name in self.users or name in self.organizations:
            return True
        return name not in self.missing and f"models/{name}" not in self.renamed


def answer(world: World, request: Request) -> Response:
    state: HubState = world.hub
    if request.host == FILE_HOST:
        return _serve(state.files.get(unquote(request.path).strip("/")), request)
    if match := RESOLVE.fullmatch(unquote(request.path)):
        return _answer_file(state, request, match["name"], match["file"])
    if not request.path.startswith("/api/"):
        return _answer_page(state, request)
    headers = _count_request(state, request)
    if state.remaining is not None and state.remaining < 0:
        state.remaining = 0
        return _error(429, "We had to rate limit you", headers)
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    if token and token not in state.tokens:
        return _error(401, "Invalid username or password.", headers)
    response = _answer_api(world, state, request, bool(token))
    return Response(response.status, (*response.headers, *headers), response.body)


def _answer_api(world: World, state: HubState, request: Request, has_token: bool) -> Response:
    parts = [unquote(part) for part in request.path.removeprefix("/api/").split("/")]
    match parts:
        case ["whoami-v2"]:
            if not has_token:
                return _error(401, "Invalid username or password.")
            return Response.of_json({"type": "user", "id": "0" * 24, "name": "made-up-user", "orgs": []})
        case ["agent-harnesses"]:
            return Response.of_json({"standardEnvVars": [], "harnesses": {}})
        case [("organizations" | "users") as kind, name, "overview"]:
            return _answer_overview(world, state, kind, name)
        case ["papers", paper_id]:
            if paper_id not in state.papers:
                return _error(404, "Paper not found")
            return Response.of_json({"id": paper_id, "title": "Made up", **state.papers[paper_id]})
        case ["collections", owner, slug]:
            if f"{owner}/{slug}" not in state.collections:
                return _error(404, "Collection not found")
            items = state.collections[f"{owner}/{slug}"]
            return Response.of_json(_describe_collection(owner, slug, items))
        case [kind] if kind in KINDS:
            return _answer_listing(world, state, request, kind)
        case [kind, *name] if kind in KINDS and len(name) in {1, 2}:
            return _answer_repository(world, state, request, kind, "/".join(name), has_token)
        case _:
            return _error(404, "Sorry, we can't find the page you are looking for.")


def _answer_repository(
    world: World, state: HubState, request: Request, kind: str, name: str, has_token: bool
) -> Response:
    key = f"{kind}/{name}"
    if key in state.renamed:
        query = f"?{request.query_string}" if request.query_string else ""
        prefix = f"/{request.host}" if request.base else ""
        location = f"{prefix}/api/{kind}/{state.renamed[key]}{query}"
        return Response(307, (("Location", location), ("Content-Type", "text/plain")), b"Temporary Redirect")
    is_legacy = kind == "models" and "/" not in name and key not in state.fields
    if key in state.missing or is_legacy or (key in state.private and not has_token):
        # The Hub does not tell the curious whether there is something to hide.
        if not has_token:
            return _error(401, "Invalid username or password.")
        return _error(404, "Repository not found", (("X-Error-Code", "RepoNotFound"),))
    if key in state.walled:
        return _error(
            403 if has_token else 401,
            f"Access to {kind.removesuffix('s')} {name} is restricted.",
            (("X-Error-Code", "GatedRepo"),),
        )
    if (unknown := _find_unknown_fields(kind, request)) is not None:
        return unknown
    state.listed.add(key)
    return Response.of_json(_describe(world, state, request, kind, name))


def _answer_listing(world: World, state: HubState, request: Request, kind: str) -> Response:
    if (unknown := _find_unknown_fields(kind, request)) is not None:
        return unknown
    author = request.query.get("author", [""])[0]
    prefix = f"{kind}/{author}/" if author else f"{kind}/"
    names = sorted(
        key.removeprefix(f"{kind}/")
        for key in state.listed - state.unlisted - state.missing - state.private - state.renamed.keys()
        if key.startswith(prefix)
    )
    if request.query.get("sort") == ["likes"]:
        names.sort(key=lambda name: _likes_of(world, state, kind, name), reverse=True)
    limit = min(int(request.query.get("limit", ["1000"])[0]), 1000)
    start = int(request.query.get("cursor", ["0"])[0])
    page = [_describe(world, state, request, kind, name) for name in names[start : start + limit]]
    headers: tuple[tuple[str, str], ...] = ()
    if start + limit < len(names):
        kept = "&".join(part for part in request.query_string.split("&") if not part.startswith("cursor="))
        path = f"{request.path}?{kept}&cursor={start + limit}"
        following = request.link(request.host, path, request.scheme)
        headers = (("Link", f'<{following}>; rel="next"'),)
    return Response.of_json(page, headers=headers)


def _likes_of(world: World, state: HubState, kind: str, name: str) -> int:
    key = f"{kind}/{name}"
    likes: int = state.fields.get(key, {}).get("likes") or invent_likes(
        world, kind, name, stranger=state.recreated.get(key, 0)
    )
    return likes


def _describe_collection(owner: str, slug: str, items: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "slug": f"{owner}/{slug}",
        "title": f"{slug} (made up)",
        "owner": {"name": owner, "type": "org", "fullname": owner, "avatarUrl": "", "isHf": False},
        "lastUpdated": "2026-11-01T00:00:00.000Z",
        "gating": False,
        "private": False,
        "theme": "blue",
        "upvotes": 0,
        "items": [
            {"_id": f"{place:024x}", "id": name, "type": kind, "position": place, "repoType": kind}
            for place, (kind, name) in enumerate(items)
        ],
    }


def _answer_overview(world: World, state: HubState, kind: str, name: str) -> Response:
    found = invent_owner(world, name, is_user=_is_user(world, state, name))
    type_asked_for = "user" if kind == "users" else "org"
    if found["type"] != type_asked_for or not state.is_owner(name):
        return _error(404, f"This {kind.removesuffix('s')} does not exist")
    return Response.of_json({**found, **state.fields.get(name, {})})


def _answer_file(state: HubState, request: Request, name: str, file: str) -> Response:
    """Small files come from here, weights from where they are stored."""
    if f"models/{name}" in state.gated:
        return _error(401, f"Access to model {name} is restricted.", (("X-Error-Code", "GatedRepo"),))
    content = state.files.get(f"{name}/{file}")
    if content is None:
        return _error(404, "Entry not found", (("X-Error-Code", "EntryNotFound"),))
    if file.endswith(".safetensors"):
        return Response(302, (("Location", request.link(FILE_HOST, f"/{name}/{file}")),))
    return _serve(content, request)


def _serve(content: bytes | None, request: Request) -> Response:
    if content is None:
        return _error(404, "Entry not found")
    kind = ("Content-Type", "application/octet-stream")
    if match := RANGE.fullmatch(request.headers.get("range", "")):
        first, last = int(match[1]), min(int(match[2]), len(content) - 1)
        span = ("Content-Range", f"bytes {first}-{last}/{len(content)}")
        return Response(206, (kind, span), content[first : last + 1])
    return Response(200, (kind,), content)


def _answer_page(state: HubState, request: Request) -> Response:
    if request.path in state.pages:
        return state.pages[request.path]
    title = html.escape(f"{unquote(request.path).strip('/') or 'Hub'} (made up)")
    return Response.of_html(f"<!doctype html><title>{title}</title><h1>{title}</h1>")


def _describe(world: World, state: HubState, request: Request, kind: str, name: str) -> dict[str, Any]:
    key = f"{kind}/{name}"
    told = invent_repository(world, kind, name, stranger=state.recreated.get(key, 0))
    told |= {
        "disabled": key in state.disabled,
        "private": key in state.private,
        "gated": state.gated.get(key, False),
        **state.fields.get(key, {}),
    }
    asked = set(request.query.get("expand", [])) | set(request.query.get("expand[]", []))
    shown = {"_id", "id", *(asked or EXPANDABLE[kind])}
    return {field: value for field, value in told.items() if field in shown and value is not None}


def _is_user(world: World, state: HubState, name: str) -> bool:
    if name in state.organizations:
        return False
    return name in state.users or world.number("owner", name, below=4) == 0


def _find_unknown_fields(kind: str, request: Request) -> Response | None:
    unknown = set(request.query.get("expand", [])) - EXPANDABLE[kind]
    if not unknown:
        return None
    valid = "|".join(sorted(EXPANDABLE[kind]))
    return _error(400, f'Invalid option "{min(unknown)}": expected one of {valid}')


def _count_request(state: HubState, request: Request) -> tuple[tuple[str, str], ...]:
    limit = TOKEN_LIMIT if "authorization" in request.headers else ANONYMOUS_LIMIT
    if state.remaining is not None:
        state.remaining -= 1
    remaining = limit - 1 if state.remaining is None else max(0, state.remaining)
    return (
        ("RateLimit", f'"api";r={remaining};t={state.reset_seconds}'),
        ("RateLimit-Policy", f'"fixed window";"api";q={limit};w={WINDOW_SECONDS}'),
    )


def _error(status: int, message: str, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    return Response.of_json({"error": message}, status, (("X-Error-Message", message), *headers))
