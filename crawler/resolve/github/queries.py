"""Subjects → GraphQL documents, and each answer back to its subject. Pure.

Aliases without connections are free: a document of them costs one point whatever their number. The topics
are one connection per repository, a hundred of which make one point as well.
https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api (2026-11)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from crawler.resolve.github.subjects import Subject

# 120 aliases were answered and 227 refused with RESOURCE_LIMITS_EXCEEDED to a fine-grained token in
# 2026-08 (github.com/ksimback/hermes-ecosystem/pull/825).
MAX_ALIASES: Final = 100
MAX_OBJECTS: Final = 200
"""Git expressions per document, over all its repositories; each is a look into a repository's storage."""

REPOSITORY_FIELDS: Final = """\
fragment facts on Repository {
  nameWithOwner
  databaseId
  isPrivate
  isArchived
  isDisabled
  isFork
  stargazerCount
  forkCount
  pushedAt
  description
  homepageUrl
  licenseInfo { key name spdxId }
  defaultBranchRef { name }
  primaryLanguage { name }
  repositoryTopics(first: 20) { nodes { topic { name } } }
}
"""
"""Never `stargazers { … }`: closed to non-collaborators since 2026-06, it nulls the whole repository."""
OWNER_FIELDS: Final = "__typename login ... on User { name } ... on Organization { name }"


class ErrorType(StrEnum):
    """`errors[].type` where it matters here."""

    NOT_FOUND = "NOT_FOUND"
    FORBIDDEN = "FORBIDDEN"
    RATE_LIMITED = "RATE_LIMITED"
    RESOURCE_LIMITS_EXCEEDED = "RESOURCE_LIMITS_EXCEEDED"
    MAX_NODE_LIMIT_EXCEEDED = "MAX_NODE_LIMIT_EXCEEDED"


class Told(StrEnum):
    """What a reply tells of one subject."""

    FOUND = "found"
    ABSENT = "absent"
    """Null: to be confirmed, for it does not say why."""
    FORBIDDEN = "forbidden"
    """Null, and the token is what is refused."""
    UNTOLD = "untold"
    """Cut off, or broken on the host's side: to be asked again."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One subject's part of an answer. `exists` has the Git expressions that were told."""

    told: Told
    node: Mapping[str, Any] = field(default_factory=dict)
    forbidden: frozenset[str] = frozenset()
    exists: dict[str, bool] = field(default_factory=dict)


def make_batches(subjects: Iterable[Subject]) -> Iterator[tuple[Subject, ...]]:
    """As few documents as GitHub's resource limits allow."""
    batch: list[Subject] = []
    objects = 0
    for subject in subjects:
        more = len(subject.expressions)
        if batch and (len(batch) == MAX_ALIASES or objects + more > MAX_OBJECTS):
            yield tuple(batch)
            batch, objects = [], 0
        batch.append(subject)
        objects += more
    if batch:
        yield tuple(batch)


def write_query(batch: Sequence[Subject]) -> str:
    """One document; the subject at place n answers under the alias `s<n>`."""
    fields = [_write_subject(f"s{place}", subject) for place, subject in enumerate(batch)]
    fragment = REPOSITORY_FIELDS if any(subject.name is not None for subject in batch) else ""
    return "query {\n" + "\n".join(fields) + "\n}\n" + fragment


def _write_subject(alias: str, subject: Subject) -> str:
    if subject.name is None:
        return f"  {alias}: repositoryOwner(login: {_quote(subject.owner)}) {{ {OWNER_FIELDS} }}"
    objects = "".join(
        f" o{place}: object(expression: {_quote(expression)}) {{ __typename }}"
        for place, expression in enumerate(subject.expressions)
    )
    return (
        f"  {alias}: repository(owner: {_quote(subject.owner)}, name: {_quote(subject.name)})"
        f" {{ ...facts{objects} }}"
    )


def _quote(text: str) -> str:
    """A GraphQL string literal; JSON's escapes are a subset of its own."""
    return json.dumps(text, ensure_ascii=False)


def is_whole_query_error(content: Mapping[str, Any], *types: ErrorType) -> bool:
    """Whether an error of one of these types stands in the answer, wherever it points."""
    return any(error.get("type") in types for error in _errors(content))


def read_replies(content: Mapping[str, Any], batch: Sequence[Subject]) -> list[Reply]:
    """One reply per subject of the batch, in its order, by alias and error path."""
    data = content.get("data")
    nodes = data if isinstance(data, dict) else {}
    errors: dict[str, list[tuple[str | None, str | None]]] = {}
    unattached: list[tuple[str | None, str | None]] = []
    for error in _errors(content):
        path = error.get("path")
        if isinstance(path, list) and path:
            inner = next((part for part in path[1:] if isinstance(part, str)), None)
            errors.setdefault(str(path[0]), []).append((inner, error.get("type")))
        else:
            unattached.append((None, error.get("type")))
    return [
        _read_reply(nodes, f"s{place}", subject, errors.get(f"s{place}") or unattached)
        for place, subject in enumerate(batch)
    ]


def _read_reply(
    nodes: Mapping[str, Any], alias: str, subject: Subject, errors: list[tuple[str | None, str | None]]
) -> Reply:
    node = nodes.get(alias)
    if isinstance(node, dict):
        broken = frozenset(inner for inner, _ in errors if inner is not None)
        exists = {
            expression: node[f"o{place}"] is not None
            for place, expression in enumerate(subject.expressions)
            if f"o{place}" in node and f"o{place}" not in broken
        }
        return Reply(Told.FOUND, node, broken, exists)
    types = {kind for _, kind in errors}
    if alias in nodes and ErrorType.NOT_FOUND in types:
        return Reply(Told.ABSENT)
    if alias in nodes and ErrorType.FORBIDDEN in types:
        return Reply(Told.FORBIDDEN)
    if alias in nodes and not errors:
        return Reply(Told.ABSENT)
    return Reply(Told.UNTOLD)


def _errors(content: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    errors = content.get("errors")
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
