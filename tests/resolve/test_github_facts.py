"""GraphQL nodes and REST objects → facts; what was not told stays away."""

from __future__ import annotations

from typing import Any

import pytest

from crawler.resolve.github.facts import (
    read_graphql_owner,
    read_graphql_repository,
    read_rest_owner,
    read_rest_repository,
)

NODE: dict[str, Any] = {
    "nameWithOwner": "Owner/Name",
    "databaseId": 42,
    "isPrivate": False,
    "isArchived": True,
    "isDisabled": False,
    "isFork": False,
    "stargazerCount": 96_979,
    "forkCount": 0,
    "pushedAt": "2026-01-02T03:04:05Z",
    "description": "words",
    "licenseInfo": {"key": "mit", "name": "MIT License", "spdxId": "MIT"},
    "defaultBranchRef": {"name": "main"},
    "primaryLanguage": {"name": "Python"},
    "repositoryTopics": {"nodes": [{"topic": {"name": "llm"}}, {"topic": {"name": "nlp"}}]},
}
REST: dict[str, Any] = {
    "full_name": "Owner/Name",
    "id": 42,
    "private": False,
    "archived": True,
    "disabled": False,
    "fork": False,
    "stargazers_count": 96_979,
    "forks_count": 0,
    "pushed_at": "2026-01-02T03:04:05Z",
    "description": "words",
    "license": {"key": "mit", "name": "MIT License", "spdx_id": "MIT"},
    "default_branch": "main",
    "language": "Python",
    "topics": ["llm", "nlp"],
}
FACTS = {
    "full_name": "Owner/Name",
    "host_id": 42,
    "stars": 96_979,
    "forks": 0,
    "license": "MIT",
    "archived": True,
    "disabled": False,
    "fork": False,
    "pushed_at": "2026-01-02T03:04:05Z",
    "default_branch": "main",
    "language": "Python",
    "topics": ["llm", "nlp"],
    "description": "words",
}


def test_both_faces_tell_the_same() -> None:
    assert read_graphql_repository(NODE).facts == FACTS
    assert read_rest_repository(REST).facts == FACTS
    assert read_graphql_repository(NODE) == read_rest_repository(REST)


@pytest.mark.parametrize(
    ("change", "license_name"),
    [
        pytest.param({"licenseInfo": None}, "NONE", id="no licence"),
        pytest.param(
            {"licenseInfo": {"key": "other", "spdxId": "NOASSERTION", "name": "Other"}},
            "NOASSERTION",
            id="not recognised",
        ),
        pytest.param({"licenseInfo": "MIT"}, None, id="nonsense"),
    ],
)
def test_licenses(change: dict[str, Any], license_name: str | None) -> None:
    assert read_graphql_repository(NODE | change).facts.get("license") == license_name


def test_a_forbidden_license_is_not_no_license() -> None:
    node = NODE | {"licenseInfo": None}
    assert "license" not in read_graphql_repository(node, forbidden={"licenseInfo"}).facts
    assert "license" not in read_rest_repository({"full_name": "o/n"}).facts


@pytest.mark.parametrize("value", [None, "12", True, [], {}, 1.5])
def test_a_count_of_another_type_is_not_told(value: object) -> None:
    assert "stars" not in read_graphql_repository(NODE | {"stargazerCount": value}).facts


@pytest.mark.parametrize("name", [name for name in NODE if name not in {"isPrivate", "licenseInfo"}])
def test_a_null_field_is_not_told(name: str) -> None:
    whole, less = read_graphql_repository(NODE).facts, read_graphql_repository(NODE | {name: None}).facts
    assert less.items() < whole.items()
    assert len(less) == len(whole) - 1


def test_an_empty_node_tells_nothing() -> None:
    assert read_graphql_repository({}).facts == {}
    assert read_rest_repository({}).facts == {}


def test_a_private_repository_tells_no_facts() -> None:
    for private in (
        read_graphql_repository(NODE | {"isPrivate": True}),
        read_rest_repository(REST | {"private": True}),
    ):
        assert private.private
        assert private.facts == {}


def test_owners() -> None:
    node = {"__typename": "Organization", "login": "Acme", "name": None}
    assert read_graphql_owner(node).facts == {"login": "Acme", "type": "Organization"}
    user = {"login": "me", "name": "Me", "type": "User", "id": 3}
    assert read_rest_owner(user).facts == {"login": "me", "name": "Me", "type": "User"}
