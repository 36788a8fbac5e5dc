"""What an owner or a collection on the Hub holds, on request: one page per kind, the most liked first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from crawler.clock import Clock
from crawler.errors import UnableError, UsageError
from crawler.fetch.environment import NetworkEnvironment, may_carry_token
from crawler.fetch.meter import RequestMeter
from crawler.fetch.politeness import Politeness
from crawler.links.classify import link_of
from crawler.links.mask import mask_url
from crawler.records import Link, TargetKind
from crawler.resolve.huggingface.answers import HubAnswer
from crawler.resolve.huggingface.client import Call, HubClient
from crawler.resolve.huggingface.session import HubSession
from crawler.settings import Settings

HUB_LANE: Final = "huggingface.co"
MOST: Final = 1_000
"""Items on the longest page that the Hub gives: https://huggingface.co/docs/hub/api (2026-11)."""
COLLECTION: Final = re.compile(r"https://huggingface\.co/collections/(?P<slug>[\w.-]+/[\w.-]+)")
PAGES: Final = {
    "model": "https://huggingface.co/",
    "dataset": "https://huggingface.co/datasets/",
    "space": "https://huggingface.co/spaces/",
    "paper": "https://arxiv.org/abs/",
}
HINT: Final = "https://huggingface.co/OWNER or https://huggingface.co/collections/OWNER/NAME"


async def list_members(
    url: str, settings: Settings, environment: NetworkEnvironment, clock: Clock
) -> list[Link]:
    """The repositories of an owner, or the items of a collection, as links.

    Raises UsageError for any other address or what the Hub does not know, UnableError without an answer.
    """
    link = link_of(url)
    questions = dict(_ask(link))
    token = environment.hugging_face_token
    if token and not may_carry_token(settings.huggingface.endpoint, "HF_TOKEN"):
        token = None
    client = HubClient(settings.huggingface.endpoint, settings.network, environment, RequestMeter())
    async with client:
        session = HubSession(client, Politeness(settings, clock).lane(HUB_LANE), token, clock)
        found: list[Link] = []
        for kind, call in questions.items():
            found += _read(kind, await session.ask(call), link)
    return list(dict.fromkeys(found))


def _ask(link: Link) -> Iterator[tuple[str, Call]]:
    if link.target.kind is TargetKind.HUGGINGFACE_OWNER:
        owner = link.target.id
        options: dict[str, Any] = {"author": owner, "sort": "likes", "limit": MOST}
        yield "model", lambda api, token: next(iter(api.list_models(**options, token=token)), None)
        yield "dataset", lambda api, token: next(iter(api.list_datasets(**options, token=token)), None)
        yield "space", lambda api, token: next(iter(api.list_spaces(**options, token=token)), None)
    elif match := COLLECTION.fullmatch(link.canonical_url):
        slug = match["slug"]
        yield "collection", lambda api, token: api.get_collection(slug, token=token)
    else:
        shown = mask_url(link.canonical_url)
        raise UsageError(f"{shown} is no owner and no collection on the Hub", hint=HINT)


def _read(kind: str, answer: HubAnswer, link: Link) -> Iterator[Link]:
    shown = mask_url(link.canonical_url)
    if answer.failure is None and answer.is_absence:
        raise UsageError(f"the Hub knows no {shown}", hint=HINT)
    content = answer.json
    if answer.failure is not None or answer.status != 200 or not isinstance(content, list | dict):
        why = answer.failure.detail if answer.failure is not None else f"status {answer.status}"
        raise UnableError(f"the Hub did not tell what {shown} holds: {why}", hint="try again later")
    items = content.get("items", []) if isinstance(content, dict) else content
    for item in items if isinstance(items, list) else []:
        if isinstance(item, Mapping) and isinstance(item.get("id"), str):
            page = PAGES.get(item.get("type", "") if kind == "collection" else kind)
            if page is not None:
                yield link_of(page + item["id"])
