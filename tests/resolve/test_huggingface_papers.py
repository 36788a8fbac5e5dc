"""What the Hub knows of papers, and the repositories of an owner or a collection."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from crawler.clock import SimulatedClock
from crawler.errors import UnableError, UsageError
from crawler.fetch.environment import NetworkEnvironment
from crawler.fetch.meter import RequestMeter
from crawler.fetch.politeness import Politeness
from crawler.resolve.huggingface.members import list_members
from crawler.resolve.huggingface.papers import look_up_papers
from crawler.sandbox import faults
from crawler.sandbox.server import Sandbox
from crawler.sandbox.world import World

PAPER = "2305.14314"


def look_up(sandbox: Sandbox, clock: SimulatedClock, *paper_ids: str) -> dict[str, tuple[str, ...]]:
    settings = sandbox.settings()
    told: dict[str, tuple[str, ...]] = {}

    def tell(paper_id: str, urls: tuple[str, ...]) -> None:
        told[paper_id] = urls

    wiring = (NetworkEnvironment.from_mapping({}), Politeness(settings, clock), RequestMeter(), clock)
    asyncio.run(look_up_papers(settings, *wiring, paper_ids, tell))
    return told


def test_what_belongs_to_a_paper(sandbox: Sandbox, clock: SimulatedClock, world: World) -> None:
    world.hub.papers[PAPER] = {
        "githubRepo": "https://github.com/Made/Up",
        "projectPage": "https://made-up.example",
        "linkedModels": [{"id": "made/up-7b"}, {"id": "made/up-13b"}],
        "linkedDatasets": [{"id": "made/data"}],
        "linkedSpaces": [{"id": "made/demo"}],
    }
    assert look_up(sandbox, clock, PAPER, "2301.00001") == {
        PAPER: (
            "https://github.com/made/up",
            "https://made-up.example/",
            "https://huggingface.co/made/up-7b",
            "https://huggingface.co/made/up-13b",
            "https://huggingface.co/datasets/made/data",
            "https://huggingface.co/spaces/made/demo",
        ),
        "2301.00001": (),
    }
    assert [request.path for request in world.requests] == [f"/api/papers/{PAPER}", "/api/papers/2301.00001"]


@pytest.mark.parametrize(
    ("paper", "urls"),
    [
        ({"githubRepo": None, "linkedModels": None}, ()),
        ({"githubRepo": 7, "linkedModels": [{"id": None}, "x", {}]}, ()),
        ({"githubRepo": "not an address"}, ()),
    ],
    ids=["none", "odd", "no-address"],
)
def test_odd_answers(
    sandbox: Sandbox, clock: SimulatedClock, world: World, paper: dict[str, Any], urls: tuple[str, ...]
) -> None:
    world.hub.papers[PAPER] = paper
    assert look_up(sandbox, clock, PAPER) == {PAPER: urls}


def test_an_answer_that_says_nothing_is_no_answer(
    sandbox: Sandbox, clock: SimulatedClock, world: World
) -> None:
    world.faults["https://huggingface.co/api/papers/*"] = faults.status(503)
    assert look_up(sandbox, clock, PAPER) == {}


# --- owners and collections ---


def expand(sandbox: Sandbox, clock: SimulatedClock, url: str, **variables: str) -> list[str]:
    environment = NetworkEnvironment.from_mapping(variables)
    links = asyncio.run(list_members(url, sandbox.settings(), environment, clock))
    return [link.canonical_url for link in links]


def test_an_owner(sandbox: Sandbox, clock: SimulatedClock, world: World) -> None:
    world.hub.listed |= {"models/made/a", "models/made/b", "datasets/made/c", "spaces/made/d", "models/x/y"}
    assert expand(sandbox, clock, "hf.co/made/") == [
        "https://huggingface.co/made/a",
        "https://huggingface.co/made/b",
        "https://huggingface.co/datasets/made/c",
        "https://huggingface.co/spaces/made/d",
    ]
    assert len(world.requests) == 3


def test_a_collection(sandbox: Sandbox, clock: SimulatedClock, world: World) -> None:
    items = [("model", "made/a"), ("paper", PAPER), ("dataset", "made/c"), ("collection", "made/else")]
    world.hub.collections["made/best-66e81a"] = items
    assert expand(sandbox, clock, "https://huggingface.co/collections/made/best-66e81a") == [
        "https://huggingface.co/made/a",
        f"https://arxiv.org/abs/{PAPER}",
        "https://huggingface.co/datasets/made/c",
    ]
    with pytest.raises(UsageError, match="knows no"):
        expand(sandbox, clock, "https://huggingface.co/collections/made/never")


@pytest.mark.parametrize("url", ["https://huggingface.co/made/a", "https://github.com/made", "nothing"])
def test_what_cannot_be_expanded(sandbox: Sandbox, clock: SimulatedClock, world: World, url: str) -> None:
    with pytest.raises(UsageError, match="no owner and no collection"):
        expand(sandbox, clock, url)
    assert world.requests == []


def test_a_hub_that_does_not_answer(sandbox: Sandbox, clock: SimulatedClock, world: World) -> None:
    world.faults["https://huggingface.co/api/*"] = faults.status(503)
    with pytest.raises(UnableError, match="did not tell"):
        expand(sandbox, clock, "https://huggingface.co/made")
