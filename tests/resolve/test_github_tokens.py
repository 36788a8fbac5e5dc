"""The pool of tokens: quotas, refusals, and that no value ever shows."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest

from crawler.resolve.github.tokens import MAX_REFUSALS, Resource, TokenPool

NOW = datetime(2026, 11, 2, 2, 30, tzinfo=UTC)
SECRETS = ("ghp_first", "ghp_second")


def headers(
    remaining: int, *, reset: datetime | None = NOW + timedelta(minutes=30), limit: int = 5_000
) -> dict[str, str]:
    told = {"x-ratelimit-remaining": str(remaining), "x-ratelimit-limit": str(limit)}
    return told | ({"x-ratelimit-reset": str(int(reset.timestamp()))} if reset else {})


def test_the_fuller_token_is_picked_unless_one_is_preferred() -> None:
    pool = TokenPool(SECRETS)
    first, second = pool.tokens
    first.learn(Resource.CORE, headers(10), NOW)
    second.learn(Resource.CORE, headers(4_000), NOW)
    assert pool.pick(Resource.CORE, NOW) is second
    assert pool.pick(Resource.CORE, NOW, preferred=first) is first
    assert pool.describe(Resource.CORE) == "4,010 of 10,000"


def test_a_spent_quota_comes_back_at_its_reset() -> None:
    pool = TokenPool(SECRETS[:1])
    (token,) = pool.tokens
    token.learn(Resource.GRAPHQL, headers(0), NOW)
    assert not token.can_ask(Resource.GRAPHQL, NOW)
    assert token.can_ask(Resource.CORE, NOW), "each resource has a quota of its own"
    assert token.can_ask(Resource.GRAPHQL, NOW + timedelta(minutes=31))


def test_a_quota_without_a_reset_is_spent_for_an_hour() -> None:
    (token,) = TokenPool(SECRETS[:1]).tokens
    token.learn(Resource.GRAPHQL, headers(0, reset=None), NOW)
    assert not token.can_ask(Resource.GRAPHQL, NOW + timedelta(minutes=59))
    assert token.can_ask(Resource.GRAPHQL, NOW + timedelta(minutes=61))


def test_without_a_token_only_rest_can_be_asked() -> None:
    pool = TokenPool(())
    assert pool.pick(Resource.GRAPHQL, NOW) is None
    assert pool.pick(Resource.CORE, NOW) is pool.anonymous
    pool.anonymous.learn(Resource.CORE, headers(0, limit=60), NOW)
    assert pool.pick(Resource.CORE, NOW) is None


def test_a_refused_token_is_named_once_by_its_place(caplog: pytest.LogCaptureFixture) -> None:
    pool = TokenPool(SECRETS)
    with caplog.at_level(logging.WARNING, logger="crawler"):
        for _ in range(MAX_REFUSALS + 2):
            pool.tokens[1].refuse(401)
    assert [record.getMessage().partition(" is ")[0] for record in caplog.records] == ["GITHUB_TOKEN #2"]
    assert pool.usable(Resource.GRAPHQL, NOW) == [pool.tokens[0]]
    assert not pool.all_refused
    assert MAX_REFUSALS <= 5


def test_no_value_shows() -> None:
    pool = TokenPool(SECRETS)
    assert not any(secret in f"{pool.tokens!r} {token.name}" for secret in SECRETS for token in pool.tokens)


@pytest.mark.parametrize("value", ["ghp_\u200bpasted", "ghp_ two", "", "ghp_\n"])
def test_a_token_that_no_header_can_hold_is_not_used(value: str, caplog: pytest.LogCaptureFixture) -> None:
    pool = TokenPool([value, SECRETS[0]])
    assert pool.usable(Resource.GRAPHQL, NOW) == [pool.tokens[1]]
    assert "GITHUB_TOKEN #1" in caplog.text
    assert "ghp_" not in caplog.text
