"""Tokens reach their own API, over TLS, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from crawler.links.classify import link_of
from crawler.records import Outcome, Question
from crawler.resolve.github.resolver import GitHubResolver
from crawler.resolve.huggingface.resolver import HuggingFaceResolver
from crawler.resolve.web.resolver import WebResolver
from crawler.sandbox.hub import SANDBOX_TOKEN
from crawler.sandbox.world import World

TOKENS = {"GITHUB_TOKEN": "ghp_made_up_for_the_sandbox", "HF_TOKEN": SANDBOX_TOKEN}
REPOSITORY = Question(link_of("https://github.com/owner/name"))
MODEL = Question(link_of("https://huggingface.co/owner/name"))


@pytest.mark.parametrize(
    ("resolver", "question", "settings"),
    [
        (GitHubResolver, REPOSITORY, {"github": {"api_url": "http://api.github.com"}}),
        (HuggingFaceResolver, MODEL, {"huggingface": {"endpoint": "http://huggingface.co"}}),
    ],
    ids=["github", "huggingface"],
)
def test_no_token_over_plain_http(
    ask: Any,
    world: World,
    caplog: pytest.LogCaptureFixture,
    resolver: Any,
    question: Question,
    settings: dict[str, Any],
) -> None:
    seen = ask(resolver, [question], variables=TOKENS, proxied=True, **settings).only
    assert seen.outcome not in {Outcome.NOT_FOUND, Outcome.GONE, Outcome.UNREACHABLE}
    assert world.requests
    assert not any("authorization" in request.headers for request in world.requests)
    assert "is not https" in caplog.text


@pytest.mark.parametrize(
    ("resolver", "question", "host"),
    [(GitHubResolver, REPOSITORY, "api.github.com"), (HuggingFaceResolver, MODEL, "huggingface.co")],
    ids=["github", "huggingface"],
)
def test_a_token_goes_to_its_own_api_only(
    ask: Any, world: World, resolver: Any, question: Question, host: str
) -> None:
    ask(resolver, [question], variables=TOKENS, proxied=True)
    ask(WebResolver, [REPOSITORY, MODEL], variables=TOKENS, proxied=True)
    told = {request.host for request in world.requests if "authorization" in request.headers}
    assert told == {host}
