"""What hosts tell of related things, in the answers that a look brings anyway."""

from __future__ import annotations

import pytest

from crawler.links.classify import link_of
from crawler.records import Question
from crawler.resolve.arxiv.resolver import ArxivResolver
from crawler.resolve.github.resolver import GitHubResolver
from crawler.sandbox.world import World

from .conftest import Ask

REPOSITORY = "https://github.com/made/up"
PAPER = "2305.14314"
PAPER_URL = f"https://arxiv.org/abs/{PAPER}"
TOKEN = {"GITHUB_TOKEN": "ghp_made_up_for_the_sandbox"}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (
            {"homepage": "arxiv.org/abs/2305.14314v1", "description": "see https://huggingface.co/made/up"},
            {"github-homepage": (PAPER_URL,), "github-description": ("https://huggingface.co/made/up",)},
        ),
        ({"homepage": None, "description": None}, {"github-homepage": (), "github-description": ()}),
        ({"homepage": "", "description": "x"}, {"github-homepage": (), "github-description": ()}),
        ({"private": True, "homepage": PAPER_URL}, {}),
    ],
    ids=["both", "neither", "empty", "private"],
)
def test_a_repository(world: World, ask: Ask, fields: dict[str, object], told: dict[str, object]) -> None:
    world.github.fields["made/up"] = fields
    asked = ask(GitHubResolver, [Question(link_of(REPOSITORY))], variables=TOKEN)
    assert asked.only.pointers == told
    assert asked.requests == 1 or fields.get("private")


def test_a_repositorys_page_tells_its_description(world: World, ask: Ask) -> None:
    world.github.fields["made/up"] = {
        "homepage": PAPER_URL,
        "description": "of https://arxiv.org/abs/2301.00001",
    }
    asked = ask(GitHubResolver, [Question(link_of(REPOSITORY))])
    assert asked.only.pointers == {"github-description": ("https://arxiv.org/abs/2301.00001",)}


def test_a_paper(world: World, ask: Ask) -> None:
    world.arxiv.comments[PAPER] = r"Code at \url{https://github.com/made/up}"
    world.arxiv.abstracts[PAPER] = "We train. Models: https://huggingface.co/made/up & more"
    asked = ask(ArxivResolver, [Question(link_of(PAPER_URL))])
    assert asked.only.pointers == {
        "arxiv-comment": (REPOSITORY,),
        "arxiv-abstract": ("https://huggingface.co/made/up",),
    }


def test_what_could_not_be_asked_tells_nothing(world: World, ask: Ask) -> None:
    world.arxiv.busy_requests = 5
    world.github.deleted.add("made/up")
    for resolver, url in ((ArxivResolver, PAPER_URL), (GitHubResolver, REPOSITORY)):
        asked = ask(resolver, [Question(link_of(url))], variables=TOKEN)
        assert asked.only.pointers == {}
