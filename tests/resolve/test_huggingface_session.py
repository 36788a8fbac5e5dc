"""The token of the Hub: proved, refused, unproven, and never shown to anybody else."""

from __future__ import annotations

import logging

import pytest

from crawler.records import Link, Question, Reason, Target, TargetKind
from crawler.resolve.huggingface.resolver import HuggingFaceResolver
from crawler.sandbox import faults
from crawler.sandbox.hub import SANDBOX_TOKEN
from crawler.sandbox.world import World

from .conftest import Ask

API = "https://huggingface.co/api"
GOOD = {"HF_TOKEN": SANDBOX_TOKEN}
BAD = {"HF_TOKEN": "hf_revoked_made_up"}


def about(*ids: str) -> list[Question]:
    kind = TargetKind.HUGGINGFACE_MODEL
    return [Question(Link(f"https://huggingface.co/{name}", Target(kind, name))) for name in ids]


def tries(world: World) -> int:
    return sum("authorization" in request.headers for request in world.requests)


@pytest.fixture(autouse=True)
def nothing_implicit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that lies around on the machine must stay where it is."""
    monkeypatch.setenv("HF_TOKEN", "hf_of_the_machine")


def test_a_good_token_is_examined_once_and_proves_absence(world: World, ask: Ask) -> None:
    world.hub.missing.add("models/a/gone")
    world.hub.private.add("models/b/private")
    asked = ask(HuggingFaceResolver, about("a/gone", "b/private", "c/there"), variables=GOOD)
    assert {seen.link.target.id: seen.reason for seen in asked.observations} == {
        "a/gone": Reason.NOT_FOUND,
        "b/private": Reason.OK,
        "c/there": Reason.OK,
    }
    assert [request.path for request in world.requests].count("/api/whoami-v2") == 1
    assert len(world.requests) == tries(world) == 4


def test_without_a_token_nothing_is_examined(world: World, ask: Ask) -> None:
    world.hub.private.add("models/b/private")
    assert ask(HuggingFaceResolver, about("b/private")).only.reason is Reason.MISSING_OR_PRIVATE
    assert (len(world.requests), tries(world)) == (1, 0)


def test_a_refused_token_is_named_and_put_away(
    world: World, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    world.hub.missing.add("models/a/gone")
    with caplog.at_level(logging.WARNING, "crawler"):
        asked = ask(HuggingFaceResolver, about("a/gone", "b/m", "c/m"), variables=BAD)
    assert asked["a/gone"].reason is Reason.MISSING_OR_PRIVATE
    assert asked["b/m"].reason is Reason.OK
    assert tries(world) == 1
    (warning,) = [record for record in caplog.records if record.name == "crawler"]
    assert "HF_TOKEN" in warning.getMessage()
    assert "hf_revoked" not in caplog.text


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_bad_token_that_nobody_confirms_is_tried_five_times_at_most(
    world: World, ask: Ask, status: int
) -> None:
    world.faults[f"{API}/whoami-v2"] = faults.status(status)
    world.hub.missing.add("models/o0/m")
    asked = ask(HuggingFaceResolver, about(*(f"o{n}/m" for n in range(12))), variables=BAD)
    whoami = [request for request in world.requests if request.path == "/api/whoami-v2"]
    refused = [
        request for request in world.requests if request not in whoami and "authorization" in request.headers
    ]
    assert len(refused) <= 3
    assert len(whoami) <= 4
    reasons = {seen.link.target.id: seen.reason for seen in asked.observations}
    assert reasons.pop("o0/m") in {Reason.MISSING_OR_PRIVATE, Reason.SKIPPED}
    assert list(reasons.values()).count(Reason.OK) >= 9
    assert Reason.NOT_FOUND not in reasons.values()


def test_an_unproven_token_proves_no_absence_until_it_opened_something(world: World, ask: Ask) -> None:
    world.faults[f"{API}/whoami-v2"] = faults.status(503)
    world.hub.missing |= {"models/a/gone", "models/z/gone"}
    first = ask(HuggingFaceResolver, about("a/gone"), variables=GOOD).only
    assert (first.outcome, first.reason) == ("skipped", "skipped")
    asked = ask(
        HuggingFaceResolver, about("b/there", "z/gone"), variables=GOOD, network={"per_host_concurrency": 1}
    )
    assert asked["z/gone"].reason is Reason.NOT_FOUND


def test_a_token_withdrawn_during_the_run_strikes_nobody(world: World, ask: Ask) -> None:
    world.faults[f"{API}/models/*"] = faults.status(401, '{"error": "Invalid username or password."}')
    asked = ask(HuggingFaceResolver, about("a/m", "b/m"), variables=GOOD)
    assert {(seen.outcome, seen.reason) for seen in asked.observations} <= {
        ("skipped", "skipped"),
        ("restricted", "login-required"),
    }


def test_a_token_is_not_carried_to_another_host(world: World, ask: Ask) -> None:
    world.faults[f"{API}/models/a/m*"] = faults.redirect("https://evil.example/api/models/a/m", 307)
    seen = ask(HuggingFaceResolver, about("a/m"), variables=GOOD, proxied=True).only
    assert (seen.outcome, seen.reason) == ("skipped", "skipped")
    assert {request.host for request in world.requests} == {"huggingface.co"}
    assert world.tunnels
    assert set(world.tunnels) == {"huggingface.co"}


def test_the_library_adds_no_request_of_its_own(world: World, ask: Ask) -> None:
    ask(HuggingFaceResolver, about("a/m"))
    assert [request.path for request in world.requests] == ["/api/models/a/m"]
