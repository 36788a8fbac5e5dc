"""One issue per list at GitHub: opened, updated and closed by us, found by a hidden mark, never a second.

Requests go through the resolver's session, so that tokens, proxies and TLS are treated in one way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from urllib.parse import quote

from crawler.errors import UnableError, UsageError
from crawler.fetch.environment import NetworkEnvironment, may_carry_token
from crawler.fetch.failure import LookFailed
from crawler.fetch.meter import RequestMeter
from crawler.report.issue_text import ListIssue
from crawler.resolve.github.connection import ApiSession
from crawler.settings import Settings

REPOSITORY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")
PER_PAGE: Final = 100
AT_HOME: Final = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
CLOSED_BY_US: Final = "<!-- crawler: closed -->"


class Action(StrEnum):
    OPEN = "open"
    UPDATE = "update"
    REOPEN = "reopen"
    CLOSE = "close"
    NOTHING = "nothing to do"
    LEFT_CLOSED = "left closed, as a person closed it"


@dataclass(frozen=True, slots=True)
class Existing:
    """The issue of a list as it stands."""

    number: int
    title: str
    body: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class Step:
    """What is done about one list. `number` is the issue's, None for one that is not there yet."""

    issue: ListIssue
    action: Action
    number: int | None

    def __str__(self) -> str:
        where = "" if self.number is None else f" #{self.number}"
        return f"{self.issue.document}: {self.action}{where} ({self.issue.items:,} open)"


def plan_step(issue: ListIssue, existing: Existing | None) -> Step:
    """Decide. A person's closing holds until something changes."""
    if existing is None:
        return Step(issue, Action.NOTHING if issue.body is None else Action.OPEN, None)
    if issue.body is None:
        action = Action.CLOSE if existing.is_open else Action.NOTHING
    elif existing.is_open:
        same = (existing.title, existing.body) == (issue.title, body_of(issue))
        action = Action.NOTHING if same else Action.UPDATE
    else:
        ours = CLOSED_BY_US in existing.body
        action = Action.REOPEN if ours or issue.is_news else Action.LEFT_CLOSED
    return Step(issue, action, existing.number)


def body_of(issue: ListIssue) -> str:
    """The body with the mark it is found by."""
    told = f"{issue.closing}\n{CLOSED_BY_US}" if issue.body is None else issue.body.rstrip("\n")
    return f"{told}\n\n{mark_of(issue.document)}"


def mark_of(document: str) -> str:
    """A comment that no reader sees. A name cannot end it early."""
    return f"<!-- crawler: stale links of {quote(document, safe='')} -->"


def publish_issues(
    issues: Sequence[ListIssue],
    repository: str,
    settings: Settings,
    environment: NetworkEnvironment,
    *,
    write: bool,
) -> Iterator[Step]:
    """Each list's step, done when `write`, only told otherwise.

    Raises UsageError without a usable name or token, UnableError when GitHub does not let us.
    """
    if not REPOSITORY.fullmatch(repository):
        raise UsageError(f"--github-issue {repository!r} is no repository", hint="write it as owner/name")
    token = next(iter(environment.github_tokens), None)
    if token is not None and not may_carry_token(settings.github.api_url, "GITHUB_TOKEN"):
        token = None
    if write and token is None:
        raise UsageError("issues are written with a token only", hint="set GITHUB_TOKEN")
    api = _Issues(ApiSession(settings, environment, RequestMeter()), repository, token)
    try:
        existing = api.find([issue.document for issue in issues])
        for issue in issues:
            step = plan_step(issue, existing.get(issue.document))
            if write:
                api.take(step)
            yield step
    finally:
        api.close()


class _Issues:
    def __init__(self, session: ApiSession, repository: str, token: str | None) -> None:
        self._session = session
        self._path = f"/repos/{repository}/issues"
        self._repository = repository
        self._token = token

    def close(self) -> None:
        self._session.close()

    def find(self, documents: Sequence[str]) -> dict[str, Existing]:
        """The oldest issue with each list's mark, open or closed."""
        marks = {mark_of(document): document for document in documents}
        login = self._own_login()
        found: dict[str, Existing] = {}
        for raw in self._all():
            body = (raw.get("body") or "").replace("\r\n", "\n")
            document = marks.get(body.rstrip().rsplit("\n", 1)[-1])
            if document is not None and (_is_trusted(raw, login) or self._token is None):
                found.setdefault(
                    document, Existing(raw["number"], raw["title"], body, raw["state"] == "open")
                )
        return found

    def take(self, step: Step) -> None:
        issue, path = step.issue, f"{self._path}/{step.number}"
        told = {"title": issue.title, "body": body_of(issue)}
        match step.action:
            case Action.OPEN:
                self._ask("POST", self._path, told)
            case Action.UPDATE:
                self._ask("PATCH", path, told)
            case Action.REOPEN:
                self._ask("PATCH", path, told | {"state": "open"})
            case Action.CLOSE:
                self._ask("PATCH", path, told | {"state": "closed", "state_reason": "completed"})

    def _own_login(self) -> str | None:
        """Who the token is; None for the token of a workflow, which may not ask."""
        if self._token is None:
            return None
        status, _, text = self._send("GET", "/user")
        return str(json.loads(text)["login"]) if status == 200 else None

    def _all(self) -> Iterator[dict[str, Any]]:
        page = 1
        while True:
            query = f"?state=all&sort=created&direction=asc&per_page={PER_PAGE}&page={page}"
            issues: list[dict[str, Any]] = self._ask("GET", self._path + query)
            yield from (issue for issue in issues if "pull_request" not in issue)
            if len(issues) < PER_PAGE:
                return
            page += 1

    def _ask(self, verb: str, path: str, body: dict[str, Any] | None = None) -> Any:
        status, _, text = self._send(verb, path, body)
        if not 200 <= status < 300:
            raise UnableError(
                f"GitHub answered {status} to {verb} of issues",
                where=self._repository,
                hint="the token needs to read and write issues there",
            )
        try:
            return json.loads(text)
        except ValueError as error:
            raise UnableError("GitHub answered no JSON", where=self._repository) from error

    def _send(
        self, verb: str, path: str, body: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, str], str]:
        try:
            return self._session.request(verb, path, self._token, body)
        except LookFailed as error:
            raise UnableError(
                f"cannot reach GitHub: {error.failure.reason}", where=self._repository
            ) from error


def _is_trusted(issue: dict[str, Any], login: str | None) -> bool:
    """Whether we or somebody of the repository wrote it: a stranger may paste our mark into an issue."""
    author = issue.get("user") or {}
    return (
        author.get("type") == "Bot"
        or (login is not None and author.get("login") == login)
        or issue.get("author_association") in AT_HOME
    )
