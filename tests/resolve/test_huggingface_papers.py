"""What the Hub knows of papers, and the repositories of an owner or a collection."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from crawler.clock import SimulatedClock
from crawler.fetch.environment import NetworkEnvironment
from crawler.fetch.meter import RequestMeter
from crawler.fetch.politeness import Politeness
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
