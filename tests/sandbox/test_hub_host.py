"""The sandbox's Hub, in the shapes and with the headers of the real one."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from crawler.records import Target, TargetKind
from crawler.sandbox.hub import SANDBOX_TOKEN
from crawler.sandbox.listings import add_models
from crawler.sandbox.server import Sandbox
from crawler.sandbox.world import World

TOKEN = {"Authorization": f"Bearer {SANDBOX_TOKEN}"}
REFUSED = {"error": "Invalid username or password."}


def get(sandbox: Sandbox, path: str, headers: dict[str, str] | None = None, **query: Any) -> httpx.Response:
    return httpx.get(f"{sandbox.url}/huggingface.co{path}", headers=headers, params=query, trust_env=False)


def test_an_answer_holds_what_was_asked_for(sandbox: Sandbox) -> None:
    answer = get(sandbox, "/api/models/a/m", expand=["likes", "tags"])
    assert answer.json().keys() == {"_id", "id", "likes", "tags"}
    assert answer.headers["ratelimit"].startswith('"api";r=499;t=')
    assert answer.headers["ratelimit-policy"] == '"fixed window";"api";q=500;w=300'


def test_an_unknown_field_is_refused_with_the_list_of_all(sandbox: Sandbox) -> None:
    assert get(sandbox, "/api/models/a/m", expand="cardData.license").status_code == 400
    assert get(sandbox, "/api/models", expand="stars").status_code == 400
    answer = get(sandbox, "/api/spaces/a/s", expand=["likes", "gated"])
    assert answer.status_code == 400
    assert "subdomain" in answer.json()["error"]


def test_every_name_is_somebody_and_stays_the_same(sandbox: Sandbox, world: World) -> None:
    first, again = (get(sandbox, "/api/models/a/m").json() for _ in range(2))
    assert first == again
    world.next_night()
    later = get(sandbox, "/api/models/a/m").json()
    assert later["downloads"] >= first["downloads"]
    assert {**later, "downloads": 0, "likes": 0} == {**first, "downloads": 0, "likes": 0}
    world.hub.recreated["models/a/m"] = 1
    assert get(sandbox, "/api/models/a/m").json()["_id"] != first["_id"]


def test_the_table_of_dtypes_adds_up(sandbox: Sandbox) -> None:
    models = [get(sandbox, f"/api/models/a/m{number}-7b").json() for number in range(20)]
    tables = [model["safetensors"] for model in models if "safetensors" in model]
    assert tables
    assert len(tables) < len(models)
    for table in tables:
        assert sum(table["parameters"].values()) == table["total"] >= 7_000_000_000


def test_missing_and_private_look_the_same_to_nobody(sandbox: Sandbox, world: World) -> None:
    world.hub.missing.add("models/a/gone")
    world.hub.private.add("models/a/private")
    for name in ("gone", "private"):
        answer = get(sandbox, f"/api/models/a/{name}")
        assert (answer.status_code, answer.json()) == (401, REFUSED)
        assert "x-error-code" not in answer.headers
        assert answer.headers["x-error-message"] == REFUSED["error"]
    answer = get(sandbox, "/api/models/a/gone", TOKEN)
    assert (answer.status_code, answer.headers["x-error-code"]) == (404, "RepoNotFound")
    assert get(sandbox, "/api/models/a/private", TOKEN).status_code == 200


def test_a_token_that_is_not_known_opens_nothing(sandbox: Sandbox) -> None:
    bad = {"Authorization": "Bearer hf_other"}
    for path in ("/api/models/a/m", "/api/whoami-v2", "/api/users/a/overview"):
        assert get(sandbox, path, bad).status_code == 401
    assert get(sandbox, "/api/whoami-v2").status_code == 401
    assert get(sandbox, "/api/whoami-v2", TOKEN).json()["name"]
    assert "q=1000" in get(sandbox, "/api/models/a/m", TOKEN).headers["ratelimit-policy"]


def test_a_move_is_a_relative_redirect_that_keeps_the_query(sandbox: Sandbox, world: World) -> None:
    world.hub.renamed["models/old/m"] = "new/m"
    answer = get(sandbox, "/api/models/old/m", expand="likes")
    assert answer.status_code == 307
    assert answer.headers["location"] == "/huggingface.co/api/models/new/m?expand=likes"
    proxied = httpx.Client(proxy=sandbox.proxy_url, trust_env=False)
    with proxied:
        location = proxied.get("http://huggingface.co/api/models/old/m").headers["location"]
    assert location == "/api/models/new/m"


def test_gated_and_disabled(sandbox: Sandbox, world: World) -> None:
    world.hub.gated["models/a/m"] = "auto"
    world.hub.disabled.add("datasets/a/d")
    world.hub.walled.add("models/a/w")
    assert get(sandbox, "/api/models/a/m").json()["gated"] == "auto"
    assert get(sandbox, "/api/datasets/a/d").json()["disabled"] is True
    walled = get(sandbox, "/api/models/a/w")
    assert (walled.status_code, walled.headers["x-error-code"]) == (401, "GatedRepo")


def test_a_name_is_a_user_or_an_organization(sandbox: Sandbox, world: World) -> None:
    world.hub.missing.add("nobody")
    for name in ("one", "two", "three", "four", "five", "six"):
        answers = [
            get(sandbox, f"/api/{kind}/{name}/overview").status_code for kind in ("users", "organizations")
        ]
        assert sorted(answers) == [200, 404]
    for kind, word in (("users", "user"), ("organizations", "organization")):
        answer = get(sandbox, f"/api/{kind}/nobody/overview")
        assert (answer.status_code, answer.json()) == (404, {"error": f"This {word} does not exist"})


def test_a_listing_goes_on_at_its_next_link(sandbox: Sandbox, world: World) -> None:
    kind = TargetKind.HUGGINGFACE_MODEL
    world.hub.list_targets(Target(kind, f"o/{number}") for number in range(5))
    world.hub.list_targets([Target(TargetKind.HUGGINGFACE_DATASET, "o/data"), Target(kind, "other/m")])
    world.hub.private.add("models/o/0")
    seen = []
    answer = get(sandbox, "/api/models", author="o", limit=3, expand="likes")
    seen += [item["id"] for item in answer.json()]
    assert answer.json()[0].keys() == {"_id", "id", "likes"}
    answer = httpx.get(answer.links["next"]["url"], trust_env=False)
    seen += [item["id"] for item in answer.json()]
    assert seen == ["o/1", "o/2", "o/3", "o/4"]
    assert "next" not in answer.links


def test_a_quota_that_runs_out(sandbox: Sandbox, world: World) -> None:
    world.hub.remaining = 1
    assert get(sandbox, "/api/models/a/m").headers["ratelimit"] == '"api";r=0;t=55'
    refused = get(sandbox, "/api/models/a/m")
    assert (refused.status_code, refused.headers["ratelimit"]) == (429, '"api";r=0;t=55')
    assert "retry-after" not in refused.headers


@pytest.mark.parametrize("path", ["/blog/bloom", "/docs/transformers", "/"])
def test_other_pages_say_that_they_are_made_up(sandbox: Sandbox, path: str) -> None:
    answer = get(sandbox, path)
    assert (answer.status_code, "made up" in answer.text) == (200, True)


def test_the_whole_hub_is_listed_by_likes_page_by_page(sandbox: Sandbox, world: World) -> None:
    add_models(world, 25)
    likes: list[int] = []
    cursors: list[str] = []
    query: dict[str, Any] = {"sort": "likes", "expand": "likes", "limit": "10"}
    while True:
        answer = get(sandbox, "/api/models", **query)
        likes += [item["likes"] for item in answer.json()]
        if "next" not in answer.links:
            break
        query = dict(httpx.URL(answer.links["next"]["url"]).params)
        cursors.append(query["cursor"])
    assert cursors == ["10", "20"]
    assert len(likes) == 25
    assert likes == sorted(likes, reverse=True)
    key = next(iter(world.hub.listed))
    world.hub.fields[key] = {"likes": 9_000}
    assert f"models/{get(sandbox, '/api/models', **query | {'cursor': '0'}).json()[0]['id']}" == key
