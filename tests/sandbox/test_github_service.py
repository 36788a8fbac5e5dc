"""The sandbox's GitHub answers in the shapes of the real one. All it says is made up."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crawler.sandbox.github import answer
from crawler.sandbox.github_repositories import find_repository
from crawler.sandbox.messages import Request, Response
from crawler.sandbox.world import World


def get(world: World, path: str, *, host: str = "api.github.com", token: str = "") -> Response:
    headers = {"user-agent": "test"} | ({"authorization": f"token {token}"} if token else {})
    return answer(world, Request("GET", "https", host, path, headers=headers))


def query(world: World, document: str, *, token: str = "made_up", **variables: Any) -> Response:
    headers = {"user-agent": "test"} | ({"authorization": f"bearer {token}"} if token else {})
    body = json.dumps({"query": document, "variables": variables}).encode()
    return answer(world, Request("POST", "https", "api.github.com", "/graphql", headers=headers, body=body))


def content(response: Response) -> Any:
    return json.loads(response.body)


def header(response: Response, name: str) -> str | None:
    return next((value for key, value in response.headers if key.lower() == name), None)


NAME = '{ repository(owner: "o", name: "n") { nameWithOwner databaseId } }'


def test_the_same_seed_invents_the_same_repository() -> None:
    first, second, other = World(seed=1), World(seed=1), World(seed=2)
    assert content(get(first, "/repos/o/n")) == content(get(second, "/repos/o/n"))
    assert content(get(first, "/repos/o/n"))["id"] != content(get(other, "/repos/o/n"))["id"]


def test_all_faces_tell_of_one_repository(world: World) -> None:
    rest = content(get(world, "/repos/o/n"))
    node = content(query(world, NAME))["data"]["repository"]
    page = get(world, "/o/n", host="github.com").body.decode()
    assert node == {"nameWithOwner": rest["full_name"], "databaseId": rest["id"]}
    assert f'content="{rest["id"]}"' in page
    assert f'title="{rest["stargazers_count"]:,}"' in page
    assert content(get(world, f"/repositories/{rest['id']}")) == rest


def test_a_rename_keeps_the_id_and_redirects(world: World) -> None:
    before = content(get(world, "/repos/o/n"))["id"]
    world.github.renamed["o/n"] = "New/Home"
    moved = get(world, "/repos/o/n")
    assert moved.status == 301
    assert header(moved, "location") == f"https://api.github.com/repositories/{before}"
    assert content(get(world, f"/repositories/{before}"))["full_name"] == "New/Home"
    assert content(query(world, NAME))["data"]["repository"] == {
        "nameWithOwner": "New/Home",
        "databaseId": before,
    }
    refused = query(world, NAME.replace("(", "(followRenames: false, "))
    assert content(refused)["errors"][0]["type"] == "NOT_FOUND"
    page = get(world, "/o/n/tree/main/docs", host="github.com")
    assert (page.status, header(page, "location")) == (301, "https://github.com/New/Home/tree/main/docs")


def test_a_stranger_has_another_id(world: World) -> None:
    first = content(get(world, "/repos/o/n"))["id"]
    world.github.recreated["o/n"] = 1
    assert content(get(world, "/repos/o/n"))["id"] != first
    assert get(world, f"/repositories/{first}").status == 404
    world.github.renamed["o/n"] = "New/Home"
    assert content(get(world, f"/repositories/{first}"))["full_name"] == "New/Home"


def test_a_missing_alias_leaves_the_others(world: World) -> None:
    world.github.deleted.add("o/gone")
    gone, there = 'a: repository(owner: "o", name: "gone")', 'b: repository(owner: "o", name: "n")'
    answered = content(query(world, f"{{ {gone} {{ name }} {there} {{ isPrivate }} }}"))
    assert answered["data"] == {"a": None, "b": {"isPrivate": False}}
    (error,) = answered["errors"]
    assert (error["type"], error["path"]) == ("NOT_FOUND", ["a"])
    assert error["locations"] == [{"line": 1, "column": 3}]


def test_blocks_have_their_object(world: World) -> None:
    world.github.blocked |= {"o/dmca": "dmca", "o/terms": "tos"}
    for name, status in (("dmca", 451), ("terms", 403)):
        blocked = get(world, f"/repos/o/{name}")
        assert blocked.status == status
        assert content(blocked)["block"]["reason"] == world.github.blocked[f"o/{name}"]


def test_a_forbidden_field_is_null_beside_its_error(world: World) -> None:
    world.github.forbidden["o/n"] = "licenseInfo"
    answered = content(query(world, '{ repository(owner: "o", name: "n") { name licenseInfo { key } } }'))
    assert answered["data"]["repository"]["licenseInfo"] is None
    assert answered["errors"][0]["type"] == "FORBIDDEN"
    assert answered["errors"][0]["path"] == ["repository", "licenseInfo"]


def test_stargazers_null_their_repository(world: World) -> None:
    answered = content(query(world, '{ repository(owner: "o", name: "n") { stargazers { totalCount } } }'))
    assert answered["data"] == {"repository": None}
    assert answered["errors"][0]["type"] == "FORBIDDEN"


def test_a_connection_needs_its_size(world: World) -> None:
    answered = content(
        query(
            world, '{ repository(owner: "o", name: "n") { repositoryTopics { nodes { topic { name } } } } }'
        )
    )
    assert "first" in answered["errors"][0]["message"]


@pytest.mark.parametrize(
    "document", ["{ nonsense }", "{ repository }", "{", NAME.replace("databaseId", "starCount")]
)
def test_documents_are_validated(world: World, document: str) -> None:
    answered = content(query(world, document))
    assert "data" not in answered
    assert answered["errors"]


def test_too_many_aliases_are_cut_off(world: World) -> None:
    world.github.max_aliases = 2
    aliases = " ".join(
        f'r{number}: repository(owner: "o", name: "n{number}") {{ databaseId }}' for number in range(4)
    )
    answered = content(query(world, f"{{ {aliases} }}"))
    assert [answered["data"][f"r{number}"] is None for number in range(4)] == [False, False, True, True]
    assert answered["errors"][-1]["type"] == "RESOURCE_LIMITS_EXCEEDED"


def test_quotas_have_the_real_headers_and_end(world: World) -> None:
    world.github.limits["anonymous"] = 1
    first, second = get(world, "/repos/o/n"), get(world, "/repos/o/n")
    assert (first.status, second.status) == (200, 403)
    assert [header(first, f"x-ratelimit-{name}") for name in ("limit", "remaining", "used", "resource")] == [
        "1",
        "0",
        "1",
        "core",
    ]
    assert header(first, "x-ratelimit-reset") == str(int(world.now().timestamp()) // 3600 * 3600 + 3600)
    assert get(world, "/repos/o/n", token="made_up").status == 200, "a token has a quota of its own"
    world.next_night()
    assert get(world, "/repos/o/n").status == 200


def test_a_spent_graphql_quota_is_told_inside_a_200(world: World) -> None:
    world.github.limits["graphql"] = 0
    limited = query(world, NAME)
    assert limited.status == 200
    assert content(limited)["errors"][0]["type"] == "RATE_LIMITED"
    assert header(limited, "x-ratelimit-remaining") == "0"


def test_tokens(world: World) -> None:
    world.github.refused_tokens.add("bad")
    assert query(world, NAME, token="bad").status == 401
    assert get(world, "/repos/o/n", token="bad").status == 401
    assert query(world, NAME, token="").status == 401
    assert query(world, NAME, token="good").status == 200


def test_private_repositories_show_themselves_to_members(world: World) -> None:
    world.github.private.add("o/n")
    world.github.members.add("insider")
    assert get(world, "/repos/o/n", token="outsider").status == 404
    assert content(get(world, "/repos/o/n", token="insider"))["private"] is True
    assert get(world, "/o/n", host="github.com").status == 404


def test_git_expressions(world: World) -> None:
    world.github.branches["o/n"] = {"feature/x"}
    world.github.missing_paths.add("o/n:main/gone")
    wanted = {
        "main": True,
        "main:docs": True,
        "main:gone": False,
        "feature": False,
        "feature/x": True,
        "feature/x:docs": True,
        "refs/heads/main:docs": True,
        "HEAD:docs": True,
        "no/branch": False,
    }
    objects = " ".join(
        f"o{place}: object(expression: {json.dumps(name)}) {{ __typename }}"
        for place, name in enumerate(wanted)
    )
    node = content(query(world, f'{{ repository(owner: "o", name: "n") {{ {objects} }} }}'))["data"][
        "repository"
    ]
    assert {name: node[f"o{place}"] is not None for place, name in enumerate(wanted)} == wanted


def test_stars_grow_with_the_nights(world: World) -> None:
    stars = []
    for _ in range(3):
        repository = find_repository(world, "some/repository")
        assert repository is not None
        stars.append(repository.rest["stargazers_count"])
        world.next_night()
    assert stars == sorted(stars)


def test_anonymous_pages_and_owners(world: World) -> None:
    world.github.users.add("me")
    world.github.missing_owners.add("nobody")
    assert content(get(world, "/users/me"))["type"] == "User"
    assert get(world, "/users/nobody").status == 404
    assert b'content="user:' in get(world, "/me", host="github.com").body
    assert get(world, "/nobody", host="github.com").status == 404


def test_a_client_without_a_name_is_refused(world: World) -> None:
    assert answer(world, Request("GET", "https", "api.github.com", "/repos/o/n")).status == 403
