"""One answer of the Hub → what it says about the link. Pure: decided by status, headers and JSON alone.

The client's exception classes are not asked: they call a gated repository not found, and tell a bare 401
on https from one on http.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from crawler.fetch.failure import Failure
from crawler.records import Facts, Hop, Known, Outcome, Reason, TargetKind
from crawler.resolve.huggingface.facts import read_owner_facts, read_owner_login, read_repository_facts

PAGE_ROOTS: Final = {
    TargetKind.HUGGINGFACE_MODEL: "https://huggingface.co/",
    TargetKind.HUGGINGFACE_DATASET: "https://huggingface.co/datasets/",
    TargetKind.HUGGINGFACE_SPACE: "https://huggingface.co/spaces/",
    TargetKind.HUGGINGFACE_OWNER: "https://huggingface.co/",
}
# https://github.com/huggingface/huggingface_hub/blob/main/src/huggingface_hub/utils/_http.py (2.4)
ERROR_CODE: Final = "x-error-code"
ERROR_MESSAGE: Final = "x-error-message"
GATED: Final = "GatedRepo"
REPOSITORY_NOT_FOUND: Final = "RepoNotFound"
DISABLED_MESSAGE: Final = "Access to this resource is disabled."
"""No code goes with it: the message is all that tells a disabled repository from a forbidden one."""
NAME_REUSED: Final = "name-reused"
SANE_ID: Final = re.compile(r"[\w.-]+(?:/[\w.-]+)?")


class Standing(StrEnum):
    """Who asked, as the Hub sees it."""

    ANONYMOUS = "anonymous"
    UNPROVEN = "unproven token"
    VALID = "valid token"


@dataclass(frozen=True, slots=True)
class HubAnswer:
    """What came back for one question: a status and its parts, or a failure.

    `json` is None when the body is no JSON. `hops` are the redirects followed before.
    """

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    hops: tuple[Hop, ...] = ()
    failure: Failure | None = None
    standing: Standing = Standing.ANONYMOUS
    elapsed_seconds: float | None = None

    @property
    def error_code(self) -> str | None:
        return self.headers.get(ERROR_CODE)

    @property
    def is_refusal(self) -> bool:
        """A 401 that names nothing: missing, private, or a token that is not accepted."""
        return self.status == 401 and self.error_code != GATED

    @property
    def is_absence(self) -> bool:
        """Nothing of that kind under this name, as far as this caller can see."""
        if self.is_page:
            return False
        return self.status == 404 or (self.is_refusal and self.standing is Standing.ANONYMOUS)

    @property
    def tells_error(self) -> bool:
        """An error in the words of the Hub's own API, not of a proxy or of a retired endpoint before it."""
        return isinstance(self.json, Mapping) and "error" in self.json

    @property
    def is_page(self) -> bool:
        """Something between us and the Hub's API answered with a page of its own."""
        return "html" in self.headers.get("content-type", "").lower()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The part of an observation that the answer decides."""

    outcome: Outcome
    reason: Reason
    http_status: int | None = None
    detail: str | None = None
    facts: Facts = field(default_factory=dict)
    host_id: str | None = None
    stranger: str | None = None
    final_url: str | None = None
    suggested_url: str | None = None
    hops: tuple[Hop, ...] = ()
    elapsed_seconds: float | None = None
    files: frozenset[str] = frozenset()
    """Names of the repository's files, where they were asked for."""


def read_repository(kind: TargetKind, asked_id: str, answer: HubAnswer, known: Known) -> Verdict:
    """What an answer about one model, dataset or space says."""
    if answer.status == 200 and answer.failure is None:
        return _read_found_repository(kind, asked_id, answer, known)
    if answer.error_code == GATED and answer.status in {401, 403}:
        return _verdict(answer, Outcome.ALIVE, Reason.GATED)
    return _read_absence(answer)


def read_owner(asked_name: str, answer: HubAnswer, known: Known) -> Verdict:
    """What an overview of a user or organisation that was found says."""
    login = read_owner_login(answer.json) if isinstance(answer.json, Mapping) else None
    if answer.status != 200 or answer.failure is not None:
        return _read_absence(answer)
    if login is None or not SANE_ID.fullmatch(login):
        return _unreadable(answer)
    host_id = _read_host_id(answer.json)
    final_url = PAGE_ROOTS[TargetKind.HUGGINGFACE_OWNER] + login
    if _is_stranger(known, host_id):
        return _read_stranger(answer, login, host_id, final_url)
    facts = read_owner_facts(answer.json)
    if login.casefold() != asked_name.casefold():
        return _moved(answer, facts, host_id, final_url)
    return _verdict(answer, Outcome.ALIVE, Reason.OK, facts=facts, host_id=host_id, final_url=final_url)


def _read_found_repository(kind: TargetKind, asked_id: str, answer: HubAnswer, known: Known) -> Verdict:
    repository = answer.json
    served_id = repository.get("id") if isinstance(repository, Mapping) else None
    if not isinstance(served_id, str) or not SANE_ID.fullmatch(served_id):
        return _unreadable(answer)
    host_id = _read_host_id(repository)
    final_url = PAGE_ROOTS[kind] + served_id
    if _is_stranger(known, host_id):
        return _read_stranger(answer, served_id, host_id, final_url)
    facts = read_repository_facts(kind, repository)
    if facts.get("disabled"):
        return _verdict(
            answer, Outcome.RESTRICTED, Reason.DISABLED, facts=facts, host_id=host_id, final_url=final_url
        )
    if served_id.casefold() != asked_id.casefold():
        return replace(_moved(answer, facts, host_id, final_url), files=_read_files(repository))
    reason = Reason.GATED if facts.get("gated") else Reason.OK
    seen = _verdict(answer, Outcome.ALIVE, reason, facts=facts, host_id=host_id, final_url=final_url)
    return replace(seen, files=_read_files(repository))


def _read_absence(answer: HubAnswer) -> Verdict:
    """What anything but an answer about the thing itself says: mostly nothing."""
    if answer.failure is not None:
        return _verdict(answer, answer.failure.outcome, answer.failure.reason, detail=answer.failure.detail)
    match answer.status:
        case 401:
            return _read_refusal(answer)
        case 403 if answer.headers.get(ERROR_MESSAGE, "").strip() == DISABLED_MESSAGE:
            return _verdict(answer, Outcome.RESTRICTED, Reason.DISABLED)
        case 403:
            return _verdict(answer, Outcome.RESTRICTED, Reason.BOT_WALL, detail="the Hub answers 403")
        case 404:
            return _read_not_found(answer)
        case 410 if answer.tells_error:
            return _verdict(answer, Outcome.GONE, Reason.GONE)
        case 451 if answer.tells_error:
            return _verdict(answer, Outcome.GONE, Reason.LEGAL)
        case 429:
            return _verdict(answer, Outcome.THROTTLED, Reason.RATE_LIMITED, detail="quota of the Hub used up")
        case status if status is not None and status >= 500:
            return _verdict(answer, Outcome.FAILED, Reason.SERVER_ERROR)
        case status:
            return _says_nothing(answer, f"the Hub's API answered {status}")


def _read_refusal(answer: HubAnswer) -> Verdict:
    if answer.is_page:
        return _verdict(answer, Outcome.RESTRICTED, Reason.LOGIN_REQUIRED, detail="401 with a page")
    if answer.standing is Standing.ANONYMOUS:
        return _verdict(answer, Outcome.NOT_FOUND, Reason.MISSING_OR_PRIVATE)
    return _says_nothing(answer, f"401 to a {answer.standing}: the token may lack a right or be withdrawn")


def _read_not_found(answer: HubAnswer) -> Verdict:
    told = answer.error_code == REPOSITORY_NOT_FOUND or (answer.error_code is None and answer.tells_error)
    if not told:
        return _says_nothing(answer, f"404 that tells of no repository ({answer.error_code})")
    match answer.standing:
        case Standing.VALID:
            return _verdict(answer, Outcome.NOT_FOUND, Reason.NOT_FOUND)
        case Standing.ANONYMOUS:
            # To us a private repository looks the same.
            return _verdict(answer, Outcome.NOT_FOUND, Reason.MISSING_OR_PRIVATE)
        case Standing.UNPROVEN:
            return _says_nothing(answer, "404 to a token that nobody confirmed")


def _read_stranger(answer: HubAnswer, name: str, host_id: str | None, final_url: str) -> Verdict:
    """The name answers, so the link is alive; what it tells belongs to somebody else and is not taken over.

    No suggestion either: where the first owner's thing went, the Hub does not say.
    """
    seen = _verdict(
        answer,
        Outcome.ALIVE,
        Reason.REDIRECTED if answer.hops else Reason.OK,
        detail=f"{NAME_REUSED}: {name} ({host_id})",
        host_id=host_id,
        final_url=final_url,
    )
    return replace(seen, stranger=f"{name} (id {host_id})")


def _moved(answer: HubAnswer, facts: Facts, host_id: str | None, address: str) -> Verdict:
    return _verdict(
        answer,
        Outcome.MOVED,
        Reason.RENAMED,
        facts=facts,
        host_id=host_id,
        final_url=address,
        suggested_url=address,
    )


def _is_stranger(known: Known, host_id: str | None) -> bool:
    return known.host_id is not None and host_id is not None and known.host_id != host_id


def _read_host_id(thing: Mapping[str, Any]) -> str | None:
    value = thing.get("_id")
    return value if isinstance(value, str) and value else None


def _read_files(repository: Mapping[str, Any]) -> frozenset[str]:
    siblings = repository.get("siblings")
    listed = siblings if isinstance(siblings, list) else []
    names = (each.get("rfilename") for each in listed if isinstance(each, Mapping))
    return frozenset(name for name in names if isinstance(name, str))


def _unreadable(answer: HubAnswer) -> Verdict:
    return _verdict(answer, Outcome.FAILED, Reason.SERVER_ERROR, detail="the answer could not be read")


def _says_nothing(answer: HubAnswer, why: str) -> Verdict:
    return _verdict(answer, Outcome.SKIPPED, Reason.SKIPPED, detail=why)


def _verdict(
    answer: HubAnswer,
    outcome: Outcome,
    reason: Reason,
    *,
    detail: str | None = None,
    facts: Facts | None = None,
    host_id: str | None = None,
    final_url: str | None = None,
    suggested_url: str | None = None,
) -> Verdict:
    return Verdict(
        outcome,
        reason,
        http_status=answer.status,
        detail=detail,
        facts=facts or {},
        host_id=host_id,
        final_url=final_url,
        suggested_url=suggested_url,
        hops=answer.hops,
        elapsed_seconds=answer.elapsed_seconds,
    )
