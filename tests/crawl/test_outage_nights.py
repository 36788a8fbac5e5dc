"""Nights in which a host, a token or an account is what failed: no link of the list looks worse for it."""

import pytest

from crawler.sandbox.faults import status
from crawler.sandbox.world import World
from tests.crawl.conftest import Place

REPOSITORIES = {f"Repository {number}": f"https://github.com/owner/name{number}" for number in range(8)}
MODELS = {f"Model {number}": f"https://huggingface.co/owner/model{number}" for number in range(8)}
PAGES = {f"Page {number}": f"https://docs.example/{number}" for number in range(6)}
OTHERS = {"Single": "https://single.example/page", "Paper": "https://arxiv.org/abs/2305.15334"}


@pytest.fixture
def list_of_many(place: Place) -> Place:
    place.write_catalog({**REPOSITORIES, **MODELS, **PAGES, **OTHERS})
    place.run("run", "--no-progress")
    assert states(place) == {"healthy": 24}
    return place


def states(place: Place) -> dict[str, int]:
    return dict(place.ask("SELECT state, count(*) FROM link_health GROUP BY state"))


def test_everything_of_github_and_the_hub_answers_404(list_of_many: Place, world: World) -> None:
    world.github.deleted |= {f"owner/name{number}" for number in range(8)}
    world.faults["huggingface.co"] = status(404)
    ran = list_of_many.run("run", "--no-progress")
    assert states(list_of_many) == {"healthy": 24}
    assert "outage: github.com: 8 of 8 links" in ran.stderr
    assert list_of_many.ask("SELECT kind FROM events WHERE run_id = 2 AND link_id IS NOT NULL") == []
    assert ("not-found",) in list_of_many.ask("SELECT reason FROM observations"), "what was seen is kept"
    assert "outage: github.com" in list_of_many.run("report").stdout
    assert "outage: github.com" in list_of_many.run("status").stdout
    list_of_many.run("rejudge")
    assert states(list_of_many) == {"healthy": 24}


def test_a_host_that_is_gone_and_a_single_page_that_died(list_of_many: Place, world: World) -> None:
    world.faults["docs.example"] = status(404)
    world.faults["single.example"] = status(404)
    list_of_many.run("run", "--no-progress")
    assert states(list_of_many) == {"healthy": 23, "suspect": 1}
    assert list_of_many.ask("SELECT url FROM suspect_links") == [("https://single.example/page",)]


def test_tokens_that_are_withdrawn_make_nothing_look_worse(list_of_many: Place, world: World) -> None:
    world.github.refused_tokens |= {list_of_many.environment["GITHUB_TOKEN"]}
    world.hub.tokens.clear()
    list_of_many.run("run", "--no-progress")
    assert states(list_of_many) == {"healthy": 24}
    assert list_of_many.ask("SELECT count(*) FROM health WHERE strikes > 0") == [(0,)]
