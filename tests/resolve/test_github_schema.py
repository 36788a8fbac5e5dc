"""The documents we send, held against GitHub's own schema. Skipped where npm is missing."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path

import graphql
import pytest

from crawler.links.classify import link_of
from crawler.records import Question
from crawler.resolve.github.queries import make_batches, write_query
from crawler.resolve.github.subjects import group_questions
from crawler.sandbox.github_graphql import SCHEMA

PACKAGE = "@octokit/graphql-schema@15"
LINKS = [
    "https://github.com/o/n",
    "https://github.com/o/n/tree/main/docs",
    "https://github.com/o/n/blob/feature/x/README.md",
    "https://github.com/someone",
]


@pytest.fixture(scope="module")
def real_schema(npm_package: Callable[[str], Path]) -> graphql.GraphQLSchema:
    """GitHub's schema as its npm package has it."""
    with tarfile.open(npm_package(PACKAGE)) as archive:
        member = archive.extractfile("package/schema.graphql")
        assert member is not None
        return graphql.build_schema(member.read().decode(), assume_valid=True)


def test_github_takes_our_documents(real_schema: graphql.GraphQLSchema) -> None:
    (batch,) = make_batches(group_questions(Question(link_of(url)) for url in LINKS))
    assert graphql.validate(real_schema, graphql.parse(write_query(batch))) == []


def test_github_would_refuse_another_field(real_schema: graphql.GraphQLSchema) -> None:
    """That the test above can fail."""
    document = graphql.parse('{ repository(owner: "o", name: "n") { starCount } }')
    assert graphql.validate(real_schema, document) != []


def test_the_sandbox_has_no_field_that_github_has_not(real_schema: graphql.GraphQLSchema) -> None:
    ours = graphql.build_schema(SCHEMA)
    for name, kind in ours.type_map.items():
        if name.startswith("__") or not isinstance(
            kind, graphql.GraphQLObjectType | graphql.GraphQLInterfaceType
        ):
            continue
        real = real_schema.type_map[name]
        assert isinstance(real, graphql.GraphQLObjectType | graphql.GraphQLInterfaceType)
        for field, definition in kind.fields.items():
            there = real.fields[field]
            assert str(definition.type) == str(there.type), f"{name}.{field}"
            arguments = {argument: str(value.type) for argument, value in definition.args.items()}
            assert arguments.items() <= {key: str(value.type) for key, value in there.args.items()}.items()
