"""Whatever a host sends, every resolver ends in an observation, and spoilt answers speak against nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.clock import SimulatedClock
from crawler.links.classify import link_of
from crawler.records import Outcome, Question, Reason
from crawler.resolve.arxiv.resolver import ArxivResolver
from crawler.resolve.github.resolver import GitHubResolver
from crawler.resolve.huggingface.resolver import HuggingFaceResolver
from crawler.resolve.web.resolver import OWN_FAULT, WebResolver
from crawler.sandbox.demo_world import DEMO_TOKENS
from crawler.sandbox.messages import Request, Response
from crawler.sandbox.world import SERVICE_OF_HOST, World

AGAINST = {Outcome.NOT_FOUND, Outcome.GONE, Outcome.UNREACHABLE}

QUESTIONS = {
    "github": [
        Question(link_of("https://github.com/owner/name")),
        Question(link_of("https://github.com/owner/other/blob/main/README.md")),
        Question(link_of("https://github.com/owner")),
    ],
    "huggingface": [
        Question(link_of("https://huggingface.co/owner/name")),
        Question(link_of("https://huggingface.co/datasets/owner/data")),
        Question(link_of("https://huggingface.co/owner")),
    ],
    "arxiv": [
        Question(link_of("https://arxiv.org/abs/2305.15334")),
        Question(link_of("https://arxiv.org/abs/2305.00001")),
    ],
    "web": [Question(link_of("https://pages.example.org/deep/page"))],
}
RESOLVERS = [
    pytest.param(GitHubResolver, "github", DEMO_TOKENS, id="github+token"),
    pytest.param(GitHubResolver, "github", {}, id="github"),
    pytest.param(HuggingFaceResolver, "huggingface", DEMO_TOKENS, id="hub+token"),
    pytest.param(HuggingFaceResolver, "huggingface", {}, id="hub"),
    pytest.param(ArxivResolver, "arxiv", {}, id="arxiv"),
    pytest.param(WebResolver, "web", {}, id="web"),
]

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "Content-Type",
                "Content-Encoding",
                "ETag",
                "Location",
                "RateLimit",
                "Retry-After",
                "X-Error-Code",
                "X-RateLimit-Remaining",
                "X-RateLimit-Reset",
            ]
        ),
        st.sampled_from(
            [
                "",
                "0",
                "-1",
                "9" * 30,
                "gzip",
                "br",
                "text/html; charset=utf-16",
                ';r=0;t="x"',
                "/",
                "//[",
                "\u00e9",
            ]
        ),
    ),
    max_size=3,
)
STATUSES = st.sampled_from(
    [200, 200, 200, 202, 204, 206, 301, 304, 400, 401, 403, 404, 422, 429, 500, 503, 999]
)
BODIES = st.binary(max_size=60) | VALUES.map(lambda value: json.dumps(value).encode())


PAGE = Response.of_html("<html><head><title>A page</title></head><body><p>Text.</p></body></html>")


@dataclass(frozen=True)
class Spoiler:
    """What happens to a host's own answer: replaced, cut short, or one value of it of another type."""

    way: str
    replacement: Response
    place: int
    value: Any

    def spoil(self, own: Response) -> Response:
        match self.way:
            case "replace":
                return self.replacement
            case "cut":
                return Response(own.status, own.headers, own.body[: self.place % (len(own.body) + 1)])
            case _:
                return Response(own.status, own.headers, retype(own.body, self.place, self.value))


SPOILERS = st.builds(
    Spoiler,
    way=st.sampled_from(["replace", "cut", "retype"]),
    replacement=st.builds(Response, STATUSES, HEADERS.map(tuple), BODIES),
    place=st.integers(0, 10**6),
    value=VALUES,
)


class SpoiltWorld(World):
    """Every answer but those of /rate_limit and /whoami goes through the spoiler."""

    spoiler: Spoiler | None = None

    def answer(self, request: Request) -> Response:
        own = super().answer(request) if request.host in SERVICE_OF_HOST else PAGE
        return own if self.spoiler is None else self.spoiler.spoil(own)


def retype(body: bytes, place: int, value: Any) -> bytes:
    """The same JSON with another value at one place; any other body with one byte changed."""
    try:
        tree = json.loads(body)
    except ValueError:
        at = place % (len(body) or 1)
        return body[:at] + bytes([place % 256]) + body[at + 1 :]
    spots = list(places_in(tree))
    if not spots:
        return json.dumps(value).encode()
    container, key = spots[place % len(spots)]
    container[key] = value
    return json.dumps(tree).encode()


def places_in(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a JSON tree that holds a value, as (container, key)."""
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in list(pairs):
        yield tree, key
        yield from places_in(value)


@pytest.fixture
def world(clock: SimulatedClock) -> World:
    return SpoiltWorld(clock=clock)


def meet(
    ask: Any, world: World, resolver: Any, family: str, tokens: dict[str, str], spoiler: Spoiler
) -> None:
    assert isinstance(world, SpoiltWorld)
    world.spoiler = spoiler
    options: dict[str, Any] = {"network": {"timeout_seconds": 0.5}, "proxied": family == "web"}
    seen = ask(resolver, QUESTIONS[family], variables=tokens, **options)
    for observation in seen.observations:
        assert observation.detail != OWN_FAULT
        assert "own fault" not in (observation.detail or "")
        if spoiler.way != "replace" and observation.reason is not Reason.PATH_MISSING:
            # Half an answer, or one with a wrong value in it, is no word against anything.
            assert observation.outcome not in AGAINST, observation


def fuzz(examples: int) -> Any:
    """The same test at two lengths."""

    @pytest.mark.parametrize(("resolver", "family", "tokens"), RESOLVERS)
    @settings(max_examples=examples, suppress_health_check=list(HealthCheck), deadline=None)
    @given(spoiler=SPOILERS)
    def test(
        ask: Any, world: World, resolver: Any, family: str, tokens: dict[str, str], spoiler: Spoiler
    ) -> None:
        meet(ask, world, resolver, family, tokens, spoiler)

    return test


test_a_spoilt_answer_ends_in_an_observation = fuzz(12)
test_many_spoilt_answers = pytest.mark.slow(pytest.mark.timeout(1200)(fuzz(400)))
