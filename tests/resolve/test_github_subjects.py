"""Questions → subjects, paths → Git expressions and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.links.classify import link_of
from crawler.records import Question
from crawler.resolve.github.subjects import (
    PathState,
    RepositoryPath,
    group_questions,
    move_branch,
    move_url,
    path_of,
)


def question(url: str) -> Question:
    return Question(link_of(url))


def test_links_to_one_repository_are_one_subject() -> None:
    urls = [
        "https://github.com/o/n",
        "https://github.com/o/n/tree/main/docs",
        "https://github.com/o",
        "https://github.com/o/other",
        "https://github.com/o/n/blob/main/README.md",
    ]
    subjects = group_questions(map(question, urls))
    assert [subject.full_name for subject in subjects] == ["o/n", "o", "o/other"]
    assert [len(subject.questions) for subject in subjects] == [3, 1, 1]


def test_expressions_of_one_repository_are_asked_once() -> None:
    same = [
        question("https://github.com/o/n/tree/main/docs"),
        question("https://github.com/o/n/blob/main/docs"),
    ]
    (subject,) = group_questions(same)
    assert len(subject.expressions) == len(set(subject.expressions))
    assert set(subject.expressions) == {"main:docs", "main/docs", "main", "HEAD:docs"}


def test_escapes_are_decoded_for_git() -> None:
    path = path_of(question("https://github.com/o/n/blob/main/%E6%96%87%20a.md"))
    assert "main:文 a.md" in path.expressions


PATH = RepositoryPath("feature/x/README.md")
NOTHING = dict.fromkeys(PATH.expressions, False)


@pytest.mark.parametrize(
    ("exists", "expected"),
    [
        pytest.param(NOTHING | {"feature:x/README.md": True}, PathState.FOUND, id="short branch"),
        pytest.param(NOTHING | {"feature/x:README.md": True}, PathState.FOUND, id="branch with a slash"),
        pytest.param(NOTHING | {"feature/x/README.md": True}, PathState.FOUND, id="all of it is a ref"),
        pytest.param({"feature/x:README.md": True}, PathState.FOUND, id="found, the rest untold"),
        pytest.param(NOTHING | {"feature/x": True}, PathState.MISSING, id="branch without the file"),
        pytest.param(NOTHING, PathState.BRANCH_MISSING, id="no branch"),
        pytest.param(NOTHING | {"HEAD:x/README.md": True}, PathState.BRANCH_MISSING, id="only at HEAD"),
        pytest.param({}, PathState.UNTOLD, id="nothing told"),
        pytest.param(
            {name: False for name in PATH.expressions if name != "feature:x/README.md"},
            PathState.UNTOLD,
            id="one reading untold",
        ),
    ],
)
def test_state_of_a_path(exists: dict[str, bool], expected: PathState) -> None:
    assert PATH.state(exists) is expected


@given(st.lists(st.text("abc.-", min_size=1), min_size=1, max_size=8), st.data())
def test_a_path_counts_as_missing_only_when_every_reading_was_told(
    parts: list[str], data: st.DataObject
) -> None:
    path = RepositoryPath("/".join(parts))
    told = data.draw(st.dictionaries(st.sampled_from(path.expressions), st.booleans()))
    state = path.state(told)
    if state in {PathState.MISSING, PathState.BRANCH_MISSING}:
        assert set(told) == set(path.expressions)
    if state is PathState.FOUND:
        assert any(told.values())


def test_a_branch_alone_needs_no_look_at_head() -> None:
    path = RepositoryPath("main")
    assert path.expressions == ("main",)
    assert path.state({"main": True}) is PathState.FOUND
    assert path.with_ref("trunk") == "trunk"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://github.com/o/n", "https://github.com/New/Name"),
        ("https://github.com/o/n/tree/main/Docs", "https://github.com/New/Name/tree/main/Docs"),
        (
            "https://github.com/o/n/blob/main/a.md?plain=1",
            "https://github.com/New/Name/blob/main/a.md?plain=1",
        ),
    ],
)
def test_a_moved_repository_keeps_the_path(url: str, expected: str) -> None:
    assert move_url(url, "New/Name") == expected


def test_a_moved_branch_keeps_the_view() -> None:
    assert move_branch("https://github.com/o/n/blob/old/a/b.md", "new/a/b.md") == (
        "https://github.com/o/n/blob/new/a/b.md"
    )
