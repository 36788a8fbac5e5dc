"""REST's word on one thing: what GraphQL or a page did not show, and where a known id lives now."""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.parse import quote

from crawler.records import Outcome, Reason
from crawler.resolve.github.api import Answer, GitHubApi
from crawler.resolve.github.facts import Owner, Repository, read_rest_owner, read_rest_repository
from crawler.resolve.github.tokens import Token
from crawler.resolve.github.verdicts import Verdict, read_absence, read_failure

KEPT_OUT: Final = frozenset({401, 403})
"""Without a block: it is the token, or its owner, that is kept out, not the readers of the catalog."""


class Confirmer:
    """Asks REST at most once about each known id; each answer is the thing or a verdict on its absence."""

    def __init__(self, api: GitHubApi) -> None:
        self._api = api
        self._by_id: dict[int, asyncio.Task[Repository | Verdict]] = {}

    async def find_repository(self, full_name: str, token: Token | None = None) -> Repository | Verdict:
        """One request, two when the repository was renamed: PyGithub follows the 301 to its id."""
        return _as_repository(await self._api.get(f"/repos/{quote(full_name)}", token))

    async def find_identity(self, host_id: int, token: Token | None = None) -> Repository | Verdict:
        """The repository with this id, whatever its name is now."""
        if host_id not in self._by_id:
            self._by_id[host_id] = asyncio.create_task(self._find_identity(host_id, token))
        return await self._by_id[host_id]

    async def find_owner(self, login: str, token: Token | None = None) -> Owner | Verdict:
        answer = await self._api.get(f"/users/{quote(login)}", token)
        owner = read_rest_owner(answer.object) if answer.status == 200 else None
        return owner if owner and owner.login else _as_verdict(answer, "user or organisation")

    async def find_branch(self, full_name: str, branch: str, token: Token | None = None) -> str | Verdict:
        """The present name of a branch: a renamed one answers 301, which PyGithub follows.

        https://docs.github.com/en/rest/branches/branches#get-a-branch
        """
        answer = await self._api.get(f"/repos/{quote(full_name)}/branches/{quote(branch, safe='')}", token)
        name = answer.object.get("name") if answer.status == 200 else None
        return name if isinstance(name, str) and name else _as_verdict(answer, "branch")

    async def _find_identity(self, host_id: int, token: Token | None) -> Repository | Verdict:
        return _as_repository(await self._api.get(f"/repositories/{host_id}", token))


def _as_repository(answer: Answer) -> Repository | Verdict:
    repository = read_rest_repository(answer.object) if answer.status == 200 else None
    return repository if repository and repository.full_name else _as_verdict(answer, "repository")


def _as_verdict(answer: Answer, what: str) -> Verdict:
    if answer.failure is not None:
        return read_failure(answer.failure, answer.status)
    if answer.status == 200:
        return Verdict(Outcome.SKIPPED, Reason.SKIPPED, 200, "the API answered 200 with something else")
    if answer.status in {404, 451} and not answer.object:
        # The API tells every absence in JSON; this is the word of something before it.
        said = f"the API answered {answer.status} with no document"
        return Verdict(Outcome.SKIPPED, Reason.SKIPPED, answer.status, said)
    return read_absence(answer.status, answer.object, what)


def keeps_token_out(found: Repository | Owner | Verdict) -> bool:
    """Whether asking without the token may tell more."""
    return isinstance(found, Verdict) and found.outcome is Outcome.SKIPPED and found.http_status in KEPT_OUT
