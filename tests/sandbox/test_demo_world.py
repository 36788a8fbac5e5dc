"""What befalls the demo's made-up hosts, night by night."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from crawler.records import Target, TargetKind
from crawler.sandbox.demo_world import LAST_NIGHT, make_demo_world
from crawler.sandbox.messages import Request
from crawler.sandbox.web_pages import Fate
from crawler.sandbox.world import World

KINDS = {
    TargetKind.GITHUB_REPO: "owner-{0}/repo-{0}",
    TargetKind.GITHUB_PATH: "owner-{0}/repo-{0}:main/a/b",
    TargetKind.HUGGINGFACE_MODEL: "Owner-{0}/Model-{0}-7b",
    TargetKind.HUGGINGFACE_DATASET: "Owner-{0}/data-{0}",
    TargetKind.HUGGINGFACE_SPACE: "Owner-{0}/space-{0}",
    TargetKind.ARXIV_PAPER: "2305.{0:05}",
    TargetKind.WEB_PAGE: "https://host-{0}.example/page",
}


def targets(count: int = 60) -> list[Target]:
    return [Target(kind, shape.format(number)) for kind, shape in KINDS.items() for number in range(count)]


def ask(world: World, host: str, path: str, query: str = "") -> tuple[int, Any]:
    headers = {"user-agent": "test", "authorization": "Bearer hf_sandbox_made_up"}
    response = world.answer(Request("GET", "https", host, path, headers=headers, query_string=query))
    return response.status, json.loads(response.body or b"null")


def count_fates(world: World) -> list[dict[str, int]]:
    """What has befallen how many things, for each night."""
    nights = []
    for _ in range(LAST_NIGHT):
        nights.append(
            {
                "deleted": len(world.github.deleted),
                "renamed": len(world.github.renamed),
                "archived": len(world.github.archived),
                "missing": len(world.hub.missing),
                "gated": len(world.hub.gated),
                "withdrawn": len(world.arxiv.withdrawn),
                "pages": len(world.web.fates),
            }
        )
        world.next_night()
    return nights


def test_the_nights_have_their_news() -> None:
    nights = count_fates(make_demo_world(targets()))
    assert nights[0] == {
        "deleted": 5,
        "renamed": 5,
        "archived": 4,
        "missing": 3,
        "gated": 6,
        "withdrawn": 1,
        "pages": 1,
    }
    news = [
        {what for what in tonight if tonight[what] != before[what]} for before, tonight in pairwise(nights)
    ]
    assert news[0] >= {"deleted", "missing", "pages"}
    assert news[1] >= {"deleted", "renamed", "archived", "pages"}
    assert news[-1] >= {"deleted", "renamed", "archived", "gated", "withdrawn", "pages"}
    assert nights[-1]["deleted"] < nights[-2]["deleted"], "two come back, one goes"


def test_the_seed_draws() -> None:
    worlds = [make_demo_world(targets(), seed) for seed in (1, 1, 2)]
    drawn = [world.github.deleted for world in worlds]
    assert drawn[0] == drawn[1] != drawn[2]


def test_the_order_of_the_catalog_does_not_matter() -> None:
    one, other = make_demo_world(targets()), make_demo_world(reversed(targets()))
    assert one.github.deleted == other.github.deleted
    assert one.hub.gated == other.hub.gated


def test_each_repository_meets_one_fate() -> None:
    world = make_demo_world(targets())
    for _ in range(LAST_NIGHT):
        world.next_night()
    state = world.github
    fates = [state.deleted, state.blocked.keys(), state.archived, state.renamed.keys(), state.fields.keys()]
    assert sum(len(fate) for fate in fates) == len(set().union(*fates))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_small_catalogs_have_few_fates(count: int) -> None:
    world = make_demo_world(targets(count))
    for _ in range(LAST_NIGHT):
        world.next_night()
    assert len(world.github.deleted | world.github.renamed.keys()) <= count


def test_a_repository_keeps_its_identity_when_it_moves() -> None:
    before, after = (make_demo_world(targets()) for _ in range(2))
    for _ in range(LAST_NIGHT):
        after.next_night()
    old, new = next(
        (key, f"models/{name}")
        for key, name in after.hub.renamed.items()
        if key.startswith("models/Owner") and key not in before.hub.renamed
    )
    status, told = ask(before, "huggingface.co", f"/api/{old}")
    moved_status, moved = ask(after, "huggingface.co", f"/api/{new}")
    assert (status, moved_status) == (200, 200)
    assert f"models/{moved['id']}" == new
    assert told.get("gguf") == moved.get("gguf")
    for field in ("_id", "cardData", "safetensors", "createdAt"):
        assert told.get(field) == moved.get(field)


def test_a_name_taken_over_has_another_id() -> None:
    world = make_demo_world(targets())
    first_ids = {
        name: ask(world, "api.github.com", f"/repos/{name}")[1].get("id")
        for name in (target.id for target in targets() if target.kind is TargetKind.GITHUB_REPO)
    }
    for _ in range(3):
        world.next_night()
    (name,) = world.github.recreated
    status, stranger = ask(world, "api.github.com", f"/repos/{name}")
    assert (status, stranger["id"] != first_ids[name]) == (200, True)
    _, original = ask(world, "api.github.com", f"/repos/{world.github.renamed[name]}")
    assert original["id"] == first_ids[name]


def test_licences_change_on_the_last_night() -> None:
    world = make_demo_world(targets())
    names = [target.id for target in targets() if target.kind is TargetKind.GITHUB_REPO]
    licences = [ask(world, "api.github.com", f"/repos/{name}")[1].get("license") for name in names]
    for _ in range(LAST_NIGHT - 1):
        world.next_night()
    changed = [
        name
        for name, licence in zip(names, licences, strict=True)
        if name in world.github.fields
        and ask(world, "api.github.com", f"/repos/{name}")[1]["license"] != licence
    ]
    assert len(changed) == 2


def test_a_page_comes_back() -> None:
    world = make_demo_world(targets())
    for _ in range(LAST_NIGHT - 2):
        world.next_night()
    gone = {url for url, fate in world.web.fates.items() if fate is Fate.GONE}
    world.next_night()
    assert gone
    assert {world.web.fates[url] for url in gone} == {Fate.SOUND}
