"""The real hosts' limits, held by a sandbox that was told to."""

from __future__ import annotations

import httpx
import pytest

from crawler.sandbox import faults
from crawler.sandbox.limits import (
    GITHUB_AT_ONCE,
    GITHUB_POINTS_A_MINUTE,
    HUB_LIMITS,
    HUB_WINDOW_SECONDS,
    Limits,
)
from crawler.sandbox.messages import Request
from crawler.sandbox.server import Sandbox
from crawler.sandbox.world import World


class Time:
    def __init__(self) -> None:
        self.seconds = 1_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def limits(time: Time) -> Limits:
    return Limits(time)


def ask(limits: Limits, request: Request, lasting: float = 0.0, time: Time | None = None) -> int:
    """The status of one request from its arrival to its answer; 200 where nobody refuses."""
    began = limits.now()
    refusal = limits.begin(request)
    if time is not None:
        time.seconds += lasting
    limits.end(request, began)
    return refusal.status if refusal else 200


def github(path: str, method: str = "GET") -> Request:
    return Request(method, "https", "api.github.com", path)


def hub(path: str, token: str = "") -> Request:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return Request("GET", "https", "huggingface.co", path, headers=headers)


def arxiv(host: str = "export.arxiv.org") -> Request:
    return Request("GET", "https", host, "/api/query")


@pytest.mark.parametrize(
    ("request_", "kind"), [(github("/graphql", "POST"), "graphql"), (github("/repos/a/b"), "rest")]
)
def test_points_of_a_minute(limits: Limits, time: Time, request_: Request, kind: str) -> None:
    most = GITHUB_POINTS_A_MINUTE[kind]
    assert {ask(limits, request_) for _ in range(most)} == {200}
    assert ask(limits, request_) == 403
    assert limits.refusals == {f"github: {kind} points a minute": 1}
    time.seconds += 60
    assert ask(limits, request_) == 200


def test_requests_at_once(limits: Limits) -> None:
    for _ in range(GITHUB_AT_ONCE):
        assert limits.begin(github("/graphql", "POST")) is None
    refusal = limits.begin(github("/repos/a/b"))
    assert refusal is not None
    assert dict(refusal.headers)["Retry-After"] == "60"
    limits.end(github("/repos/a/b"), limits.now())
    limits.end(github("/graphql", "POST"), limits.now())
    assert limits.begin(github("/graphql", "POST")) is None


def test_response_time_counts_as_processor_time(limits: Limits, time: Time) -> None:
    query = github("/graphql", "POST")
    # Twenty seconds each, side by side: four of them are more than a minute's sixty.
    began = limits.now()
    assert [limits.begin(query) for _ in range(4)] == [None] * 4
    time.seconds += 20
    for _ in range(4):
        limits.end(query, began)
    assert ask(limits, query) == 403
    assert ask(limits, github("/repos/a/b")) == 200
    time.seconds += 60
    assert ask(limits, query) == 200


@pytest.mark.parametrize("token", ["", "hf_made_up"])
@pytest.mark.parametrize(
    ("path", "bucket"),
    [("/api/models/a/b", "api"), ("/a/b/resolve/main/config.json", "resolvers"), ("/a/b", "pages")],
)
def test_windows_of_the_hub(limits: Limits, time: Time, token: str, path: str, bucket: str) -> None:
    most = HUB_LIMITS[bool(token)][bucket]
    assert {ask(limits, hub(path, token)) for _ in range(most)} == {200}
    refusal = limits.begin(hub(path, token))
    assert refusal is not None
    assert refusal.status == 429
    assert dict(refusal.headers)["RateLimit"].startswith(f'"{bucket}";r=0;t=')
    time.seconds += HUB_WINDOW_SECONDS
    assert ask(limits, hub(path, token)) == 200


def test_the_hubs_buckets_and_callers_are_apart(limits: Limits) -> None:
    assert {ask(limits, hub("/api/models/a/b")) for _ in range(600)} == {200, 429}
    assert ask(limits, hub("/a/b")) == 200
    assert ask(limits, hub("/api/models/a/b", "hf_made_up")) == 200


def test_arxiv_is_asked_every_three_seconds_over_all_hosts(limits: Limits, time: Time) -> None:
    assert ask(limits, arxiv()) == 200
    time.seconds += 2
    assert ask(limits, arxiv("oaipmh.arxiv.org")) == 429
    time.seconds += 3
    assert ask(limits, arxiv("oaipmh.arxiv.org")) == 200
    time.seconds += 3
    assert limits.begin(arxiv()) is None
    time.seconds += 3
    refusal = limits.begin(arxiv())
    assert refusal is not None
    assert refusal.status == 429


def test_other_hosts_have_no_limit(limits: Limits) -> None:
    assert {ask(limits, Request("GET", "https", "example.org", "/")) for _ in range(3_000)} == {200}


def test_a_sandbox_holds_them(sandbox: Sandbox, world: World) -> None:
    world.limits = Limits()
    world.faults["*"] = faults.delay(0.01)
    url = f"{sandbox.url}/export.arxiv.org/api/query?id_list=2305.15334"
    with httpx.Client(trust_env=False) as client:
        assert [client.get(url).status_code for _ in range(2)] == [200, 429]
        assert client.get(f"{sandbox.url}/huggingface.co/api/models/a/b").status_code == 200
    assert world.limits.refusals.total() == 1
    assert world.sent.keys() == {"export.arxiv.org", "huggingface.co"}
    world.limits = None
    assert httpx.get(url, trust_env=False).status_code == 200
