"""What one of GitHub's faces told of one repository or owner: GraphQL node, REST object. Pure.

Anything of an unexpected shape is *not told*; nothing here raises for what a host says.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from crawler.licenses.github import read_api_license
from crawler.licenses.spdx import NO_LICENSE
from crawler.links.pointers import read_pointer, read_pointers
from crawler.records import Facts

OWNER_TYPES: Final = ("User", "Organization")


@dataclass(frozen=True, slots=True)
class Repository:
    """One repository as a look saw it. `host_id` is GitHub's own id, the identity behind the name.

    `private`: our token sees it, readers of the catalog do not.
    """

    full_name: str | None = None
    host_id: int | None = None
    disabled: bool = False
    private: bool = False
    default_branch: str | None = None
    facts: Facts = field(default_factory=dict)
    pointers: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Owner:
    """One user or organisation as a look saw it."""

    login: str | None
    facts: Facts = field(default_factory=dict)


def read_graphql_repository(node: Mapping[str, Any], forbidden: Collection[str] = ()) -> Repository:
    """One repository node; `forbidden` are its fields that an error nulled: they are not told."""
    branch = _mapping(node.get("defaultBranchRef"))
    topics = _mapping(node.get("repositoryTopics")).get("nodes")
    language = _mapping(node.get("primaryLanguage"))
    license_told = "licenseInfo" in node and "licenseInfo" not in forbidden
    return _repository(
        full_name=node.get("nameWithOwner"),
        host_id=node.get("databaseId"),
        private=node.get("isPrivate") is True,
        stars=node.get("stargazerCount"),
        forks=node.get("forkCount"),
        license_name=_license(node.get("licenseInfo"), "spdxId") if license_told else None,
        archived=node.get("isArchived"),
        disabled=node.get("isDisabled"),
        fork=node.get("isFork"),
        pushed_at=node.get("pushedAt"),
        default_branch=branch.get("name"),
        language=language.get("name"),
        topics=[_mapping(_mapping(item).get("topic")).get("name") for item in topics]
        if isinstance(topics, list)
        else None,
        description=node.get("description"),
        pointers=_read_pointers(node, "homepageUrl", forbidden),
    )


def read_rest_repository(answer: Mapping[str, Any]) -> Repository:
    """The object of `GET /repos/{owner}/{name}` or `GET /repositories/{id}`."""
    return _repository(
        full_name=answer.get("full_name"),
        host_id=answer.get("id"),
        private=answer.get("private") is True,
        stars=answer.get("stargazers_count"),
        forks=answer.get("forks_count"),
        license_name=_license(answer["license"], "spdx_id") if "license" in answer else None,
        archived=answer.get("archived"),
        disabled=answer.get("disabled"),
        fork=answer.get("fork"),
        pushed_at=answer.get("pushed_at"),
        default_branch=answer.get("default_branch"),
        language=answer.get("language"),
        topics=answer.get("topics"),
        description=answer.get("description"),
        pointers=_read_pointers(answer, "homepage"),
    )


def read_graphql_owner(node: Mapping[str, Any]) -> Owner:
    """One `repositoryOwner` node."""
    return read_owner(node.get("login"), node.get("name"), node.get("__typename"))


def read_rest_owner(answer: Mapping[str, Any]) -> Owner:
    """The object of `GET /users/{login}`."""
    return read_owner(answer.get("login"), answer.get("name"), answer.get("type"))


def read_owner(login: object, name: object, kind: object) -> Owner:
    facts: Facts = {}
    _tell(facts, "login", login, str)
    _tell(facts, "name", name, str)
    if kind in OWNER_TYPES:
        facts["type"] = kind
    return Owner(facts.get("login"), facts)


def _repository(
    *,
    full_name: object,
    host_id: object,
    private: bool,
    stars: object,
    forks: object,
    license_name: str | None,
    archived: object,
    disabled: object,
    fork: object,
    pushed_at: object,
    default_branch: object,
    language: object,
    topics: object,
    description: object,
    pointers: dict[str, tuple[str, ...]],
) -> Repository:
    facts: Facts = {}
    _tell(facts, "full_name", full_name, str)
    _tell(facts, "host_id", host_id, int)
    _tell(facts, "stars", stars, int)
    _tell(facts, "forks", forks, int)
    _tell(facts, "license", license_name, str)
    _tell(facts, "archived", archived, bool)
    _tell(facts, "disabled", disabled, bool)
    _tell(facts, "fork", fork, bool)
    _tell(facts, "pushed_at", pushed_at, str)
    _tell(facts, "default_branch", default_branch, str)
    _tell(facts, "language", language, str)
    _tell(facts, "description", description, str)
    if isinstance(topics, list) and all(isinstance(topic, str) for topic in topics):
        facts["topics"] = topics
    return Repository(
        full_name=facts.get("full_name"),
        host_id=facts.get("host_id"),
        disabled=facts.get("disabled", False),
        private=private,
        default_branch=facts.get("default_branch"),
        # Nothing of a repository that only our token can see goes into a public report.
        facts={} if private else facts,
        pointers={} if private else pointers,
    )


def _read_pointers(
    thing: Mapping[str, Any], homepage: str, forbidden: Collection[str] = ()
) -> dict[str, tuple[str, ...]]:
    """What a repository says it belongs to; an empty field is an answer too."""
    ways = {homepage: ("github-homepage", read_pointer), "description": ("github-description", read_pointers)}
    return {
        source: read(thing[name])
        for name, (source, read) in ways.items()
        if name not in forbidden and name in thing and isinstance(thing[name], str | None)
    }


def _tell(facts: Facts, name: str, value: object, kind: type) -> None:
    """Keep a value of the right type. An empty text says nothing, and True is no number of stars."""
    if isinstance(value, kind) and value != "" and (kind is bool or not isinstance(value, bool)):
        facts[name] = value


def _license(value: object, id_field: str) -> str | None:
    """`null` where the API was asked for a licence means that there is surely none."""
    if value is None:
        return NO_LICENSE
    texts = {name: text for name, text in _mapping(value).items() if isinstance(text, str)}
    return read_api_license(texts.get("key"), texts.get(id_field), texts.get("name"))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
