"""Questions → subjects: one repository or owner each, with every question that is about it. Pure.

Several links to one repository and its files are asked for once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from crawler.links.classify import split_github_path
from crawler.records import Question, TargetKind

KINDS: Final = frozenset({TargetKind.GITHUB_REPO, TargetKind.GITHUB_PATH, TargetKind.GITHUB_OWNER})


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing to ask GitHub about. `name` is None for an owner; `paths` goes by question of a path."""

    owner: str
    name: str | None
    questions: tuple[Question, ...]

    @property
    def full_name(self) -> str:
        return self.owner if self.name is None else f"{self.owner}/{self.name}"

    @property
    def expressions(self) -> tuple[str, ...]:
        """Every Git expression that the questions about paths need, each once."""
        found: dict[str, None] = {}
        for question in self.questions:
            if question.link.target.kind is TargetKind.GITHUB_PATH:
                found |= dict.fromkeys(path_of(question).expressions)
        return tuple(found)


class PathState(StrEnum):
    """Whether a path is there, as far as one answer tells."""

    FOUND = "found"
    MISSING = "missing"
    BRANCH_MISSING = "branch-missing"
    UNTOLD = "untold"


@dataclass(frozen=True, slots=True)
class RepositoryPath:
    """`ref/path` of a link to a file or folder; only Git knows where a ref such as `feature/x` ends."""

    text: str

    @property
    def splits(self) -> tuple[tuple[str, str], ...]:
        """All readings as (ref, path), the shortest ref first; the last one is the ref alone."""
        parts = self.text.strip("/").split("/")
        return tuple(("/".join(parts[:count]), "/".join(parts[count:])) for count in range(1, len(parts) + 1))

    @property
    def expressions(self) -> tuple[str, ...]:
        """What to ask Git for: each reading, and each ref alone to tell a missing path from a missing ref."""
        return tuple(dict.fromkeys([*self._readings, *(ref for ref, _ in self.splits), *self._at_head]))

    @property
    def _readings(self) -> list[str]:
        return [f"{ref}:{path}" if path else ref for ref, path in self.splits]

    @property
    def _at_head(self) -> tuple[str, ...]:
        """The same path in the default branch, which may only have been renamed."""
        path = self.splits[0][1]
        return (f"HEAD:{path}",) if path else ()

    def state(self, exists: dict[str, bool]) -> PathState:
        """Read the answers by expression; one that is absent was not told."""
        if any(exists.get(reading) for reading in self._readings):
            return PathState.FOUND
        if not all(expression in exists for expression in self.expressions):
            return PathState.UNTOLD
        if any(exists[ref] for ref, _ in self.splits):
            return PathState.MISSING
        return PathState.BRANCH_MISSING

    def is_at_head(self, exists: dict[str, bool]) -> bool:
        """Whether the default branch has the path that the shortest ref leaves over."""
        return all(exists.get(expression, False) for expression in self._at_head)

    def with_ref(self, ref: str) -> str:
        """The same path under another branch, when the shortest ref is the branch."""
        path = self.splits[0][1]
        return f"{ref}/{path}" if path else ref


def path_of(question: Question) -> RepositoryPath:
    return RepositoryPath(split_github_path(question.link.target.id)[2])


def group_questions(questions: Iterable[Question]) -> list[Subject]:
    """One subject per repository or owner, in the order of the questions."""
    grouped: dict[tuple[str, str | None], list[Question]] = {}
    for question in questions:
        target = question.link.target
        if target.kind is TargetKind.GITHUB_OWNER:
            key: tuple[str, str | None] = (target.id.lower(), None)
        else:
            owner, name, _ = split_github_path(target.id)
            key = (owner.lower(), name.lower())
        grouped.setdefault(key, []).append(question)
    return [Subject(owner, name, tuple(members)) for (owner, name), members in grouped.items()]


def move_url(canonical_url: str, full_name: str) -> str:
    """The same page under a repository's new name; view, branch and path stay."""
    parts = urlsplit(canonical_url)
    rest = parts.path.split("/")[3:]
    return urlunsplit(parts._replace(path="/".join(("", full_name, *rest))))


def move_branch(canonical_url: str, ref_and_path: str) -> str:
    """The same page of a repository at another `ref/path`."""
    parts = urlsplit(canonical_url)
    view = parts.path.split("/")[:4]
    return urlunsplit(parts._replace(path="/".join((*view, ref_and_path))))
