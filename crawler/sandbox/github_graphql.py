"""The sandbox's GraphQL endpoint: documents are validated and run by graphql-core. All answers are made up.

The schema is an excerpt with GitHub's own names and types; a test holds the documents we send against the
whole of GitHub's schema.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from crawler.sandbox.github_repositories import (
    Found,
    GitHubState,
    find_owner,
    find_repository,
    has_expression,
)
from crawler.sandbox.messages import Request, Response

if TYPE_CHECKING:
    from crawler.sandbox.world import World

SCHEMA: Final = """
scalar DateTime
scalar GitObjectID
scalar URI

type Query {
  rateLimit(dryRun: Boolean = false): RateLimit
  repository(followRenames: Boolean = true, name: String!, owner: String!): Repository
  repositoryOwner(login: String!): RepositoryOwner
}

type RateLimit { cost: Int! limit: Int! nodeCount: Int! remaining: Int! resetAt: DateTime! used: Int! }

interface GitObject { id: ID! oid: GitObjectID! }
type Blob implements GitObject { id: ID! oid: GitObjectID! byteSize: Int! }
type Commit implements GitObject { id: ID! oid: GitObjectID! message: String! }
type Tree implements GitObject { id: ID! oid: GitObjectID! }

interface RepositoryOwner { id: ID! login: String! url: URI! }
type User implements RepositoryOwner { id: ID! login: String! url: URI! name: String databaseId: Int }
type Organization implements RepositoryOwner { id: ID! login: String! url: URI! name: String databaseId: Int }

type Language { id: ID! name: String! }
type License { id: ID! key: String! name: String! pseudoLicense: Boolean! spdxId: String url: URI }
type Ref { id: ID! name: String! prefix: String! target: GitObject }
type Topic { id: ID! name: String! }
type RepositoryTopic { id: ID! topic: Topic! }
type RepositoryTopicConnection { nodes: [RepositoryTopic] totalCount: Int! }
type StargazerConnection { totalCount: Int! }

type Repository {
  id: ID!
  archivedAt: DateTime
  databaseId: Int
  defaultBranchRef: Ref
  description: String
  forkCount: Int!
  homepageUrl: URI
  isArchived: Boolean!
  isDisabled: Boolean!
  isEmpty: Boolean!
  isFork: Boolean!
  isPrivate: Boolean!
  licenseInfo: License
  name: String!
  nameWithOwner: String!
  object(expression: String, oid: GitObjectID): GitObject
  owner: RepositoryOwner!
  primaryLanguage: Language
  pushedAt: DateTime
  repositoryTopics(after: String, before: String, first: Int, last: Int): RepositoryTopicConnection!
  stargazerCount: Int!
  stargazers(after: String, before: String, first: Int, last: Int): StargazerConnection!
  updatedAt: DateTime!
  url: URI!
}
"""
MAX_NODES_OF_A_CONNECTION: Final = 100


def answer_graphql(world: World, request: Request, token: str, quota: Mapping[str, Any]) -> Response:
    """One POST to /graphql by a caller whose token is good and whose quota lasts."""
    try:
        body = json.loads(request.body)
        document = parse(body["query"])
    except (ValueError, KeyError, TypeError):
        return Response.of_json({"message": "Problems parsing JSON"}, 400)
    except GraphQLError as error:
        return Response.of_json({"errors": [error.formatted]})
    mistakes = validate(_schema(), document)
    if mistakes:
        return Response.of_json({"errors": [mistake.formatted for mistake in mistakes]})
    state: GitHubState = world.github
    aliases = _aliases(document)
    cut_off = frozenset(aliases[state.max_aliases :])
    result = execute_sync(
        _schema(),
        document,
        root_value={
            "repository": _refuse_cut_off(cut_off, _resolve_repository(world, token)),
            "repositoryOwner": _refuse_cut_off(cut_off, _resolve_owner(world)),
            "rateLimit": lambda _info, **_: _rate_limit(quota, len(aliases)),
        },
        variable_values=body.get("variables"),
    )
    answer: dict[str, Any] = {"data": result.data}
    errors = [_format(error) for error in result.errors or []]
    if cut_off:
        errors.append(
            {"type": "RESOURCE_LIMITS_EXCEEDED", "message": "Resource limits for this query exceeded."}
        )
    return Response.of_json(answer | ({"errors": errors} if errors else {}))


@cache
def _schema() -> GraphQLSchema:
    return build_schema(SCHEMA)


def _aliases(document: DocumentNode) -> list[str]:
    """What the operation asks for at its root, in order."""
    operation = next(node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    fields = [node for node in operation.selection_set.selections if isinstance(node, FieldNode)]
    return [(node.alias or node.name).value for node in fields]


def _refuse_cut_off(cut_off: frozenset[str], resolve: Callable[..., Any]) -> Callable[..., Any]:
    """GitHub stops where its limit is reached: what comes behind is null, without an error of its own."""
    return lambda info, **arguments: None if info.path.key in cut_off else resolve(info, **arguments)


def _resolve_repository(world: World, token: str) -> Callable[..., Any]:
    state: GitHubState = world.github

    def resolve(_info: Any, owner: str, name: str, **options: Any) -> dict[str, Any]:
        asked = f"{owner}/{name}".lower()
        if state.broken[asked] > 0:
            state.broken[asked] -= 1
            raise GraphQLError("Something went wrong while executing your query.")
        if asked in state.sealed:
            raise GraphQLError("Tokens are forbidden here.", extensions={"type": "FORBIDDEN"})
        found = find_repository(world, asked, token=token)
        is_renamed = found is not None and found.full_name.lower() != asked
        if (
            found is None
            or asked in state.hidden
            or found.full_name.lower() in state.blocked
            or (is_renamed and options.get("followRenames") is False)
        ):
            raise GraphQLError(
                f"Could not resolve to a Repository with the name '{owner}/{name}'.",
                extensions={"type": "NOT_FOUND"},
            )
        return _repository_node(world, found, forbidden=state.forbidden.get(asked))

    return resolve


def _resolve_owner(world: World) -> Callable[..., Any]:
    def resolve(_info: Any, login: str) -> dict[str, Any]:
        owner = find_owner(world, login)
        if owner is None:
            raise GraphQLError(
                f"Could not resolve to a RepositoryOwner with the login of '{login}'.",
                extensions={"type": "NOT_FOUND"},
            )
        return _owner_node(owner)

    return resolve


def _owner_node(owner: dict[str, Any]) -> dict[str, Any]:
    return {
        "__typename": owner["type"],
        "id": f"MADE_UP_{owner['id']}",
        "databaseId": owner["id"],
        "login": owner["login"],
        "name": owner["name"],
        "url": f"https://github.com/{owner['login']}",
    }


def _repository_node(world: World, found: Found, forbidden: str | None) -> dict[str, Any]:
    rest = found.rest
    license_ = found.license

    def look_up(_info: Any, expression: str | None = None, **_: Any) -> dict[str, Any] | None:
        if not expression or not has_expression(world, found, expression):
            return None
        kind = "Commit" if ":" not in expression else "Blob" if "." in expression else "Tree"
        return {"__typename": kind, "id": f"MADE_UP_{expression}", "oid": "0" * 40}

    def list_topics(_info: Any, first: int | None = None, last: int | None = None, **_: Any) -> Any:
        wanted = first or last
        if wanted is None or not 1 <= wanted <= MAX_NODES_OF_A_CONNECTION:
            raise GraphQLError("You must provide a `first` or `last` value of 1 to 100.")
        nodes = [{"id": topic, "topic": {"id": topic, "name": topic}} for topic in rest["topics"]]
        return {"nodes": nodes[:wanted], "totalCount": len(nodes)}

    def forbid(_info: Any, **_: Any) -> None:
        raise GraphQLError("Resource not accessible by this token.", extensions={"type": "FORBIDDEN"})

    node = {
        "id": f"MADE_UP_{rest['id']}",
        "databaseId": rest["id"],
        "name": rest["name"],
        "nameWithOwner": rest["full_name"],
        "owner": _owner_node(find_owner(world, rest["owner"]["login"]) or {}),
        "url": f"https://github.com/{rest['full_name']}",
        "description": rest["description"],
        "isArchived": rest["archived"],
        "archivedAt": rest["pushed_at"] if rest["archived"] else None,
        "isDisabled": rest["disabled"],
        "isEmpty": False,
        "isFork": rest["fork"],
        "isPrivate": rest["private"],
        "stargazerCount": rest["stargazers_count"],
        # Closed to all but collaborators since 2026-06.
        "stargazers": forbid,
        "forkCount": rest["forks_count"],
        "homepageUrl": rest["homepage"],
        "pushedAt": rest["pushed_at"],
        "updatedAt": rest["pushed_at"],
        "defaultBranchRef": {
            "id": "MADE_UP",
            "name": rest["default_branch"],
            "prefix": "refs/heads/",
            "target": None,
        },
        "primaryLanguage": {"id": "MADE_UP", "name": rest["language"]} if rest["language"] else None,
        "licenseInfo": {
            "id": "MADE_UP",
            "key": license_["key"],
            "name": license_["name"],
            "spdxId": license_["spdx_id"],
            "pseudoLicense": license_["key"] == "other",
            "url": None,
        }
        if license_
        else None,
        "object": look_up,
        "repositoryTopics": list_topics,
    }
    return node | ({forbidden: forbid} if forbidden else {})


def _rate_limit(quota: Mapping[str, Any], aliases: int) -> dict[str, Any]:
    return {
        "cost": max(1, round(aliases / 100)),
        "limit": quota["Limit"],
        "nodeCount": aliases,
        "remaining": quota["Remaining"],
        "resetAt": datetime.fromtimestamp(quota["Reset"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "used": quota["Used"],
    }


def _format(error: GraphQLError) -> dict[str, Any]:
    """An error in GitHub's shape, where the type stands beside the message."""
    shaped: dict[str, Any] = {
        "path": error.path,
        "locations": [{"line": place.line, "column": place.column} for place in error.locations or []],
        "message": error.message,
    }
    kind = (error.extensions or {}).get("type")
    return {"type": kind, **shaped} if kind else shaped
