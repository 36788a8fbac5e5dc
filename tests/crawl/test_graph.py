"""Whole runs: what things say of each other ends in the database, without one request more."""

from __future__ import annotations

import json
from pathlib import Path

import crawler
from crawler.sandbox.server import Sandbox
from crawler.sandbox.world import World
from tests.crawl.conftest import LINKS, Place

PAPER = "https://arxiv.org/abs/2305.15334"
CONNECTIONS = "SELECT url, to_url, source FROM connections WHERE source NOT LIKE '%tags' ORDER BY 1, 2, 3"


def tell(world: World) -> None:
    world.github.fields["someone/repository"] = {"homepage": PAPER}
    world.arxiv.comments["2305.15334"] = "Code: https://github.com/someone/repository"
    world.hub.papers["2305.15334"] = {"linkedModels": [{"id": "someone/model-7b"}]}


def test_answers_at_hand_connect_things(place: Place, world: World) -> None:
    place.run("run")
    plain = world.requests_by_host()
    place.database.unlink()
    world.forget_requests()
    tell(world)
    place.run("run")
    assert world.requests_by_host() == plain, "not one request more"
    assert place.ask(CONNECTIONS) == [
        (PAPER, "https://github.com/someone/repository", "arxiv-comment"),
        ("https://github.com/someone/repository", PAPER, "github-homepage"),
        ("https://github.com/someone/repository/tree/main/docs", PAPER, "github-homepage"),
    ]
    with crawler.open(place.database) as reader:
        proposed = {(each.entry_id, each.leg, each.url) for each in reader.proposals()}
    assert ("list/repository", "paper", PAPER) in proposed
    assert ("list/paper", "code", "https://github.com/someone/repository") in proposed
    place.assert_sound()


def test_the_hub_is_asked_about_papers_where_the_config_wants_it(
    place: Place, world: World, sandbox: Sandbox, tmp_path: Path
) -> None:
    text = sandbox.config_text(origin=False)
    head, _, rest = text.partition("[huggingface]\n")
    (tmp_path / "config.toml").write_text(f"{head}[huggingface]\npapers = true\n{rest}")
    tell(world)
    place.run("run")
    place.run("run")
    asked = [request.path for request in world.requests if request.path.startswith("/api/papers/")]
    assert asked == ["/api/papers/2305.15334"], "once a month"
    assert (PAPER, "https://huggingface.co/someone/model-7b", "huggingface-papers") in place.ask(CONNECTIONS)


def test_expand_and_compact(place: Place, world: World) -> None:
    world.hub.listed.add("models/made-up/model-7b")
    expanded = place.run("expand", "https://huggingface.co/made-up")
    (place.folder / "catalog" / "made-up.yaml").write_text(expanded.stdout)
    place.run("run")
    place.run("validate")
    assert [row["id"] for row in json.loads(place.run("export").stdout)["entries"]][-1] == "made-up/model-7b"
    assert "0 of " in place.run("compact", "--dry-run").stderr
    assert "0 of " in place.run("compact").stderr
    place.run("expand", LINKS["Page"], code=2)
