"""What the Hub knows of arXiv papers: their code, their page, the models made after them. Only on request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from crawler.clock import Clock
from crawler.fetch.environment import NetworkEnvironment
from crawler.fetch.meter import RequestMeter
from crawler.fetch.politeness import Politeness
from crawler.links.pointers import MAX_POINTERS, read_pointer
from crawler.resolve.huggingface.answers import HubAnswer
from crawler.resolve.huggingface.client import Call, HubClient
from crawler.resolve.huggingface.session import HubSession
from crawler.settings import Settings

HUB_LANE: Final = "huggingface.co"
# https://huggingface.co/docs/hub/api (2026-11) and PaperInfo of huggingface_hub 2.4.
ADDRESSES: Final = ("githubRepo", "projectPage")
REPOSITORIES: Final = {"linkedModels": "", "linkedDatasets": "datasets/", "linkedSpaces": "spaces/"}
PAGE_ROOT: Final = "https://huggingface.co/"


async def look_up_papers(
    settings: Settings,
    environment: NetworkEnvironment,
    politeness: Politeness,
    meter: RequestMeter,
    clock: Clock,
    paper_ids: Sequence[str],
    tell: Callable[[str, tuple[str, ...]], None],
) -> None:
    """Ask for one paper after the other; `tell` gets those that the Hub answered for, known to it or not."""
    client = HubClient(settings.huggingface.endpoint, settings.network, environment, meter)
    async with client:
        session = HubSession(client, politeness.lane(HUB_LANE), None, clock)
        for paper_id in paper_ids:
            answer = await session.ask(_ask_paper(paper_id))
            pointers = read_paper(answer)
            if pointers is not None:
                tell(paper_id, pointers)


def _ask_paper(paper_id: str) -> Call:
    return lambda api, _token: api.paper_info(paper_id)


def read_paper(answer: HubAnswer) -> tuple[str, ...] | None:
    """Canonical URLs of what belongs to a paper; none for one the Hub does not know, None for no answer."""
    if answer.failure is None and answer.status == 404 and isinstance(answer.json, Mapping):
        return ()
    if answer.failure is not None or answer.status != 200 or not isinstance(answer.json, Mapping):
        return None
    found = (url for address in _addresses(answer.json) for url in read_pointer(address))
    return tuple(dict.fromkeys(found))[:MAX_POINTERS]


def _addresses(paper: Mapping[str, Any]) -> Iterator[str]:
    for name in ADDRESSES:
        if isinstance(paper.get(name), str):
            yield paper[name]
    for name, folder in REPOSITORIES.items():
        items = paper.get(name)
        for item in items if isinstance(items, Iterable) else ():
            if isinstance(item, Mapping) and isinstance(item.get("id"), str):
                yield f"{PAGE_ROOT}{folder}{item['id']}"
