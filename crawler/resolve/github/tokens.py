"""The pool of GitHub tokens: which may still be used, what each has left, which were refused."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from crawler.fetch.throttle import Quota, read_quota

MAX_REFUSALS: Final = 2
"""A refused token is tried once more, for GitHub has refused good ones; then left alone for this run."""
HEADER_TEXT: Final = re.compile(r"[\x21-\x7e]+")
"""What can stand in a header; a pasted token may hold an invisible character."""
WINDOW: Final = timedelta(hours=1)
"""How long a quota lasts where the answer does not say when it is renewed."""

log = logging.getLogger("crawler")


class Resource(StrEnum):
    """The quotas of one token: `x-ratelimit-resource` names them."""

    GRAPHQL = "graphql"
    CORE = "core"


@dataclass(slots=True)
class Token:
    """One token of the pool, or the lack of one (`value` None): 60 REST requests an hour per address.

    Its value stands in no log: it is named by its place in GITHUB_TOKEN.
    """

    place: int
    value: str | None = field(default=None, repr=False)
    refusals: int = 0
    quotas: dict[Resource, Quota] = field(default_factory=dict)
    spent_until: dict[Resource, datetime] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return "no token" if self.value is None else f"GITHUB_TOKEN #{self.place}"

    @property
    def is_refused(self) -> bool:
        return self.refusals >= MAX_REFUSALS

    def can_ask(self, resource: Resource, now: datetime) -> bool:
        return not self.is_refused and self.spent_until.get(resource, now) <= now

    def refuse(self, status: int) -> None:
        """GitHub will not take it; a person is told when that is certain."""
        self.refusals += 1
        if self.refusals == MAX_REFUSALS:
            log.warning(
                "%s is refused by GitHub (%d): it is not used for the rest of this run; "
                "check that it is whole and has not expired",
                self.name,
                status,
            )

    def learn(self, resource: Resource, headers: Mapping[str, str], now: datetime) -> None:
        """Take in what an answer says of the quota; none left means waiting for the reset."""
        quota = read_quota(headers, now)
        if quota is None:
            return
        self.quotas[resource] = quota
        if quota.remaining == 0:
            self.spend(resource, now, quota.reset_seconds)

    def spend(self, resource: Resource, now: datetime, reset_seconds: float | None = None) -> None:
        wait = WINDOW if reset_seconds is None else timedelta(seconds=reset_seconds)
        self.spent_until[resource] = now + wait


class TokenPool:
    """All tokens of a run, kept over several calls of the resolver."""

    def __init__(self, values: Sequence[str]) -> None:
        self.tokens = tuple(Token(place, value) for place, value in enumerate(values, 1))
        self.anonymous = Token(0)
        for token in self.tokens:
            if not HEADER_TEXT.fullmatch(token.value or ""):
                token.refusals = MAX_REFUSALS
                log.warning("%s is not used: it holds characters that no token has", token.name)

    def usable(self, resource: Resource, now: datetime) -> list[Token]:
        return [token for token in self.tokens if token.can_ask(resource, now)]

    def pick(self, resource: Resource, now: datetime, preferred: Token | None = None) -> Token | None:
        """A token that may ask, the preferred one first, else the one with most left, else none at all."""
        if preferred is not None and preferred.can_ask(resource, now):
            return preferred
        usable = self.usable(resource, now)
        if usable:
            return max(usable, key=lambda token: _remaining(token, resource))
        anonymous = self.anonymous
        return anonymous if resource is Resource.CORE and anonymous.can_ask(resource, now) else None

    @property
    def all_refused(self) -> bool:
        return all(token.is_refused for token in self.tokens)

    def next_reset(self, resource: Resource) -> datetime:
        """When the first spent quota is renewed."""
        resets = [token.spent_until[resource] for token in self.tokens if resource in token.spent_until]
        return min(resets, default=datetime.max.replace(tzinfo=UTC))

    def describe(self, resource: Resource) -> str | None:
        """`4,812 of 5,000`, over all tokens that told; without tokens that of the address."""
        tokens = self.tokens or (self.anonymous,)
        quotas = [token.quotas[resource] for token in tokens if resource in token.quotas]
        if not quotas:
            return None
        remaining = sum(quota.remaining for quota in quotas)
        limit = sum(quota.limit or 0 for quota in quotas)
        return f"{remaining:,} of {limit:,}" if limit else f"{remaining:,} left"


def _remaining(token: Token, resource: Resource) -> int:
    quota = token.quotas.get(resource)
    return quota.remaining if quota else 0
