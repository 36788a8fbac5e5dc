"""Subjects → documents, and an answer back to its subjects."""

from __future__ import annotations

from typing import Any

import graphql
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.links.classify import link_of
from crawler.records import Question
from crawler.resolve.github.queries import MAX_ALIASES, Told, make_batches, read_replies, write_query
from crawler.resolve.github.subjects import Subject, group_questions
from crawler.sandbox.github_graphql import SCHEMA

SANDBOX_SCHEMA = graphql.build_schema(SCHEMA)


def subjects_of(*urls: str) -> list[Subject]:
    return group_questions(Question(link_of(url)) for url in urls)


def arguments(document: graphql.DocumentNode) -> dict[str, dict[str, str]]:
    """Alias → its arguments, as a GraphQL parser reads them."""
    operation = document.definitions[0]
    assert isinstance(operation, graphql.OperationDefinitionNode)
    read: dict[str, dict[str, str]] = {}
    for node in operation.selection_set.selections:
        assert isinstance(node, graphql.FieldNode)
        assert node.alias is not None
        read[node.alias.value] = {
            argument.name.value: argument.value.value
            for argument in node.arguments or ()
            if isinstance(argument.value, graphql.StringValueNode)
        }
    return read


def test_a_document_asks_for_repositories_paths_and_owners_together() -> None:
    batch = subjects_of("https://github.com/o/n/tree/main/docs", "https://github.com/someone")
    document = graphql.parse(write_query(batch))
    assert graphql.validate(SANDBOX_SCHEMA, document) == []
    assert arguments(document) == {"s0": {"owner": "o", "name": "n"}, "s1": {"login": "someone"}}


def test_owners_alone_need_no_fragment() -> None:
    """An unused fragment is a mistake that refuses the whole document."""
    document = graphql.parse(write_query(subjects_of("https://github.com/someone")))
    assert graphql.validate(SANDBOX_SCHEMA, document) == []


@pytest.mark.parametrize(
    "path", ['a"b', "a\\b", "a{b}", "文件 名", "a\x7fb", "😀", '") { id } evil: repository(']
)
def test_nothing_in_a_path_ends_its_string(path: str) -> None:
    from urllib.parse import quote

    (subject,) = subjects_of(f"https://github.com/o/n/blob/main/{quote(path)}")
    document = graphql.parse(write_query([subject]))
    assert graphql.validate(SANDBOX_SCHEMA, document) == []
    assert list(arguments(document)) == ["s0"]
    strings = [text.value for text in _strings(document)]
    assert f"main:{path}" in strings


def _strings(document: graphql.DocumentNode) -> list[graphql.StringValueNode]:
    found: list[graphql.StringValueNode] = []

    class Collect(graphql.Visitor):
        def enter_string_value(self, node: graphql.StringValueNode, *_: Any) -> None:
            found.append(node)

    graphql.visit(document, Collect())
    return found


def test_never_asks_for_stargazers() -> None:
    assert "stargazers " not in write_query(subjects_of("https://github.com/o/n"))
    assert "stargazers{" not in write_query(subjects_of("https://github.com/o/n"))


@given(st.integers(0, 450), st.integers(0, 20))
def test_batches_keep_every_subject_in_order(repositories: int, paths: int) -> None:
    urls = [f"https://github.com/o/n{number}" for number in range(repositories)]
    urls += [f"https://github.com/o/p{number}/tree/main/a/b/c/d" for number in range(paths)]
    subjects = subjects_of(*urls)
    batches = list(make_batches(subjects))
    assert [subject for batch in batches for subject in batch] == subjects
    assert all(0 < len(batch) <= MAX_ALIASES for batch in batches)


def test_three_hundred_links_are_at_most_four_documents() -> None:
    urls = [f"https://github.com/o{number}/n" for number in range(260)]
    urls += [f"https://github.com/o{number}" for number in range(20)]
    urls += [f"https://github.com/o{number}/n/tree/main/docs/{number}" for number in range(20)]
    assert len(list(make_batches(subjects_of(*urls)))) <= 4


NODE = {"nameWithOwner": "o/n", "databaseId": 7}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param({"data": {"s0": NODE}}, Told.FOUND, id="found"),
        pytest.param(
            {"data": {"s0": None}, "errors": [{"type": "NOT_FOUND", "path": ["s0"]}]},
            Told.ABSENT,
            id="absent",
        ),
        pytest.param({"data": {"s0": None}}, Told.ABSENT, id="null without a word"),
        pytest.param(
            {"data": {"s0": None}, "errors": [{"type": "FORBIDDEN", "path": ["s0"]}]},
            Told.FORBIDDEN,
            id="forbidden is not absent",
        ),
        pytest.param(
            {"data": {"s0": None}, "errors": [{"type": "FORBIDDEN", "path": ["s0", "stargazers"]}]},
            Told.FORBIDDEN,
            id="a forbidden field that took the whole node along",
        ),
        pytest.param(
            {"data": {"s0": NODE}, "errors": [{"type": "FORBIDDEN", "path": ["s0", "licenseInfo"]}]},
            Told.FOUND,
            id="a forbidden field",
        ),
        pytest.param(
            {"data": {"s0": None}, "errors": [{"path": ["s0"], "message": "timeout"}]},
            Told.UNTOLD,
            id="broken on their side",
        ),
        pytest.param(
            {"data": {"s0": None}, "errors": [{"type": "RESOURCE_LIMITS_EXCEEDED"}]},
            Told.UNTOLD,
            id="cut off, not absent",
        ),
        pytest.param(
            {"data": {"s0": None}, "errors": [{"type": "NOT_FOUND", "path": ["s1"]}]},
            Told.ABSENT,
            id="an error of somebody else",
        ),
        pytest.param({"data": {}}, Told.UNTOLD, id="not in the answer"),
        pytest.param({"data": None, "errors": [{"message": "no"}]}, Told.UNTOLD, id="no data"),
        pytest.param({}, Told.UNTOLD, id="nothing"),
        pytest.param({"data": ["s0"], "errors": "x"}, Told.UNTOLD, id="nonsense"),
        pytest.param({"data": {"s0": None}, "errors": [None, 3, {"path": []}]}, Told.UNTOLD, id="odd errors"),
    ],
)
def test_what_is_told_of_a_subject(content: dict[str, Any], expected: Told) -> None:
    (reply,) = read_replies(content, subjects_of("https://github.com/o/n"))
    assert reply.told is expected


def test_a_forbidden_field_is_named() -> None:
    content = {"data": {"s0": NODE}, "errors": [{"type": "FORBIDDEN", "path": ["s0", "licenseInfo"]}]}
    (reply,) = read_replies(content, subjects_of("https://github.com/o/n"))
    assert reply.forbidden == {"licenseInfo"}


def test_an_object_that_failed_is_not_a_missing_path() -> None:
    batch = subjects_of("https://github.com/o/n/tree/main/docs")
    (subject,) = batch
    objects = {f"o{place}": None for place in range(len(subject.expressions))}
    errors = [{"path": ["s0", "o0"], "message": "timeout"}]
    (reply,) = read_replies({"data": {"s0": NODE | objects}, "errors": errors}, batch)
    assert subject.expressions[0] not in reply.exists
    assert set(reply.exists) == set(subject.expressions[1:])
