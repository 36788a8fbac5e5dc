"""What was seen → observations, in the same words whichever of GitHub's faces it was seen at. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from crawler.fetch.failure import Failure
from crawler.records import Hop, Observation, Outcome, Question, Reason, TargetKind
from crawler.resolve.github.facts import Owner, Repository
from crawler.resolve.github.subjects import move_branch, move_url

NAME_REUSED: Final = "name-reused"
"""First word of the detail of a look that found another repository under a known name."""
LEGAL_BLOCKS: Final = frozenset({"dmca", "legal"})
"""`block.reason` of what was taken down by law; any other block is GitHub's own and may be lifted."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a look says about a repository or owner that did not show itself."""

    outcome: Outcome
    reason: Reason
    http_status: int | None = None
    detail: str | None = None


def read_absence(status: int | None, content: Mapping[str, Any], what: str) -> Verdict:
    """An answer of REST that is no repository or owner; only clear words count as an absence.

    https://docs.github.com/en/rest/repos/repos#get-a-repository; a takedown has a `block` object:
    451 for one by law, 403 for one by GitHub's staff.
    """
    block = content.get("block")
    why = block.get("reason") if isinstance(block, dict) else None
    if status == 404:
        return Verdict(Outcome.NOT_FOUND, Reason.NOT_FOUND, status, f"confirmed by REST: no such {what}")
    if status == 451 or (status == 403 and why in LEGAL_BLOCKS):
        return Verdict(Outcome.GONE, Reason.LEGAL, status, f"blocked: {why or 'legal reasons'}")
    if status == 403 and isinstance(block, dict):
        return Verdict(
            Outcome.RESTRICTED, Reason.DISABLED, status, f"blocked by GitHub: {why or 'no reason told'}"
        )
    if status is not None and status >= 500:
        return Verdict(Outcome.FAILED, Reason.SERVER_ERROR, status, f"the API answered {status}")
    return Verdict(Outcome.SKIPPED, Reason.SKIPPED, status, f"the API answered {status}, which says nothing")


def read_failure(failure: Failure, status: int | None = None) -> Verdict:
    """Not asked, or not answered: never a word about the thing."""
    outcome = failure.outcome
    if outcome is Outcome.UNREACHABLE:
        outcome = Outcome.FAILED
    return Verdict(outcome, failure.reason, status, failure.detail)


def observe_verdict(question: Question, verdict: Verdict, now: datetime) -> Observation:
    return Observation(
        link=question.link,
        observed_at=now,
        outcome=verdict.outcome,
        reason=verdict.reason,
        http_status=verdict.http_status,
        detail=verdict.detail,
    )


def observe_owner(question: Question, owner: Owner, now: datetime, http_status: int = 200) -> Observation:
    return Observation(
        link=question.link,
        observed_at=now,
        outcome=Outcome.ALIVE,
        reason=Reason.OK,
        http_status=http_status,
        final_url=question.link.canonical_url,
        facts=owner.facts,
    )


def observe_repository(
    question: Question,
    repository: Repository,
    now: datetime,
    *,
    http_status: int = 200,
    hops: tuple[Hop, ...] = (),
) -> Observation:
    """The repository is there: alive, renamed, or kept from readers."""
    link = question.link
    seen = Observation(
        link=link,
        observed_at=now,
        outcome=Outcome.ALIVE,
        reason=Reason.OK,
        http_status=http_status,
        final_url=link.canonical_url,
        redirect_chain=hops,
        facts=repository.facts,
        host_id=None if repository.host_id is None else str(repository.host_id),
        pointers=repository.pointers,
    )
    if repository.private:
        private = "our token sees it, readers do not: a private repository"
        return replace(seen, outcome=Outcome.RESTRICTED, reason=Reason.LOGIN_REQUIRED, detail=private)
    if repository.disabled:
        return replace(seen, outcome=Outcome.RESTRICTED, reason=Reason.DISABLED, detail="disabled by GitHub")
    if repository.full_name is not None and is_renamed(question, repository):
        home = move_url(link.canonical_url, repository.full_name)
        return replace(seen, outcome=Outcome.MOVED, reason=Reason.RENAMED, final_url=home, suggested_url=home)
    return seen


def observe_moved_branch(seen: Observation, ref_and_path: str) -> Observation:
    """The file is there, in a branch that was renamed."""
    home = move_branch(seen.suggested_url or seen.link.canonical_url, ref_and_path)
    return replace(
        seen,
        outcome=Outcome.MOVED,
        reason=Reason.RENAMED,
        final_url=home,
        suggested_url=home,
        detail=f"the branch was renamed: {ref_and_path}",
    )


def observe_missing_path(seen: Observation, http_status: int | None = None) -> Observation:
    """The repository lives, the file or its branch does not; what was told of the repository stays told."""
    return replace(
        seen,
        outcome=Outcome.NOT_FOUND,
        reason=Reason.PATH_MISSING,
        http_status=http_status or seen.http_status,
        final_url=None,
        suggested_url=None,
        detail="the repository is there, this path of it is not",
    )


def is_renamed(question: Question, repository: Repository) -> bool:
    """Whether the answer came from another name than the one asked; case is no difference."""
    if repository.full_name is None:
        return False
    asked = question.link.target.id.partition(":")[0]
    return repository.full_name.lower() != asked.lower()


def is_stranger(question: Question, repository: Repository) -> bool:
    """Whether the name now belongs to another repository than the one known from earlier runs."""
    known = known_id(question)
    return known is not None and repository.host_id is not None and repository.host_id != known


def known_id(question: Question) -> int | None:
    text = question.known.host_id
    return int(text) if text is not None and text.isdecimal() and text.isascii() else None


def observe_reused_name(
    question: Question, stranger: Repository, first: Repository | Verdict, now: datetime
) -> Observation:
    """A stranger has the name; `first` is what the known id itself answered.

    Where the first repository lives on, the link has moved there: its own facts and id. Where it is gone, the
    address still shows a repository to every reader, often of the same people who began anew: no strike, but
    the stranger's id and no fact of his, so that nothing of him is taken for the first one.
    """
    name = f"{stranger.full_name or 'another repository'} (id {stranger.host_id})"
    detail = f"{NAME_REUSED}: {name}"
    if isinstance(first, Repository):
        return replace(observe_repository(question, first, now), detail=detail, stranger=name)
    if first.outcome in {Outcome.NOT_FOUND, Outcome.GONE}:
        seen = observe_repository(question, replace(stranger, facts={}), now)
        gone = f"{detail}; the first one, id {question.known.host_id}, is gone"
        return replace(seen, detail=gone, stranger=name)
    return observe_verdict(question, first, now)


def is_path(question: Question) -> bool:
    return question.link.target.kind is TargetKind.GITHUB_PATH
