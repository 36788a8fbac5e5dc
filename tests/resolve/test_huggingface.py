"""The resolver, through huggingface_hub, against the sandbox's Hub."""

from __future__ import annotations

import pytest

from crawler.records import Known, Link, Question, Reason, Target, TargetKind
from crawler.resolve.huggingface.resolver import HuggingFaceResolver, group_by_owner
from crawler.sandbox import faults
from crawler.sandbox.messages import Response
from crawler.sandbox.world import World
from tests.conftest import patience_seconds

from .conftest import Ask

API = "https://huggingface.co/api"
MODEL = TargetKind.HUGGINGFACE_MODEL
DATASET = TargetKind.HUGGINGFACE_DATASET
SPACE = TargetKind.HUGGINGFACE_SPACE
OWNER = TargetKind.HUGGINGFACE_OWNER
FOLDERS = {MODEL: "", DATASET: "datasets/", SPACE: "spaces/", OWNER: ""}


def about(kind: TargetKind, *ids: str, known: Known = Known()) -> list[Question]:  # noqa: B008 - frozen
    return [
        Question(Link(f"https://huggingface.co/{FOLDERS[kind]}{name}", Target(kind, name)), known)
        for name in ids
    ]


def paths(world: World) -> list[str]:
    return [request.path for request in world.requests]


# --- repositories --------------------------------------------------------------------------------


@pytest.mark.parametrize("proxied", [False, True], ids=["origin", "proxy"])
def test_one_request_per_repository(world: World, ask: Ask, proxied: bool) -> None:
    questions = [*about(MODEL, "a/m"), *about(DATASET, "b/d"), *about(SPACE, "c/s"), *about(DATASET, "alone")]
    asked = ask(HuggingFaceResolver, questions, proxied=proxied)
    assert {seen.reason for seen in asked.observations} == {Reason.OK}
    assert sorted(paths(world)) == [
        "/api/datasets/alone",
        "/api/datasets/b/d",
        "/api/models/a/m",
        "/api/spaces/c/s",
    ]
    assert asked.requests == len(world.requests)
    assert all("authorization" not in request.headers for request in world.requests)
    assert all(request.headers["user-agent"].startswith("crawler/") for request in world.requests)


def test_facts_are_those_served(world: World, ask: Ask) -> None:
    world.hub.fields["models/a/m-7b"] = {
        "_id": "64b0000000000000000000aa",
        "tags": ["license:llama2", "arxiv:2307.09288", "base_model:finetune:x/y"],
        "likes": 17,
        "downloads": 4,
        "sha": "abc",
        "safetensors": {"parameters": {"F16": 6_738_415_616}, "total": 6_738_415_616},
        "gguf": None,
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "lastModified": "2023-07-18T10:00:00.000Z",
    }
    world.hub.gated["models/a/m-7b"] = "manual"
    seen = ask(HuggingFaceResolver, about(MODEL, "a/m-7b")).only
    counts = seen.facts.pop("parameter_counts")
    assert counts[0]["value"] == 6_738_415_616
    assert seen.facts == {
        "full_name": "a/m-7b",
        "host_id": "64b0000000000000000000aa",
        "license": "LicenseRef-llama2",
        "gated": "manual",
        "disabled": False,
        "downloads": 4,
        "likes": 17,
        "last_modified": "2023-07-18T10:00:00.000Z",
        "revision": "abc",
        "pipeline_tag": "text-generation",
        "library_name": "transformers",
        "base_models": ["x/y"],
        "arxiv_ids": ["2307.09288"],
        "parameter_count": 6_738_415_616,
        "parameter_method": "safetensors",
    }
    assert (seen.reason, seen.host_id, seen.http_status) == (Reason.GATED, "64b0000000000000000000aa", 200)


def test_renamed_recreated_gated_disabled_and_gone(world: World, ask: Ask) -> None:
    hub = world.hub
    hub.renamed |= {"models/old/name": "new/name", "models/CASE/M": "case/m"}
    hub.disabled.add("models/a/disabled")
    hub.walled.add("models/a/walled")
    hub.missing.add("models/a/gone")
    hub.recreated["models/a/taken"] = 1
    known = Known(host_id="0" * 24)
    asked = ask(
        HuggingFaceResolver,
        [
            *about(MODEL, "old/name", "CASE/M"),
            *(question for name in ("a/disabled", "a/walled", "a/gone") for question in about(MODEL, name)),
            *about(MODEL, "a/taken", known=known),
            *about(MODEL, "no--name"),
        ],
    )
    assert {seen.link.target.id: (seen.outcome, seen.reason) for seen in asked.observations} == {
        "old/name": ("moved", "renamed"),
        "CASE/M": ("alive", "ok"),
        "a/disabled": ("restricted", "disabled"),
        "a/walled": ("alive", "gated"),
        "a/gone": ("not-found", "missing-or-private"),
        "a/taken": ("alive", "ok"),
        "no--name": ("skipped", "invalid-url"),
    }
    moved = asked["old/name"]
    assert moved.suggested_url == moved.final_url == "https://huggingface.co/new/name"
    assert [hop.status for hop in moved.redirect_chain] == [307]
    assert moved.facts["full_name"] == "new/name"
    taken = asked["a/taken"]
    assert (taken.stranger or "").startswith("a/taken (id ")
    assert taken.facts == {}
    assert asked["CASE/M"].suggested_url is None


def test_a_safetensors_object_the_library_cannot_hold_loses_only_itself(world: World, ask: Ask) -> None:
    world.hub.fields["models/a/odd"] = {"safetensors": {"sharded": True}, "likes": 5, "gguf": None}
    seen = ask(HuggingFaceResolver, about(MODEL, "a/odd")).only
    assert (seen.reason, seen.facts["likes"]) == (Reason.OK, 5)
    assert "parameter_count" not in seen.facts


@pytest.mark.parametrize("revision", ["c" * 40, None], ids=["with a revision", "without"])
def test_a_name_never_replaces_a_measured_count(world: World, ask: Ask, revision: str | None) -> None:
    """The Hub leaves its totals out on a bad night."""
    world.hub.fields["models/a/b-7b"] = {"safetensors": None, "gguf": None, "sha": revision}
    measured = {
        "parameter_count": 6_738_415_616,
        "parameter_method": "safetensors",
        "parameter_counts": [{"value": 6_738_415_616, "method": "safetensors", "revision": "a" * 40}],
    }
    kept = ask(HuggingFaceResolver, about(MODEL, "a/b-7b", known=Known(facts=measured))).only.facts
    assert [field for field in kept if field.startswith("parameter")] == []
    claimed = ask(HuggingFaceResolver, about(MODEL, "a/b-7b")).only.facts
    assert (claimed["parameter_count"], claimed["parameter_method"]) == (7_000_000_000, "name")
    again = ask(HuggingFaceResolver, about(MODEL, "a/b-7b", known=Known(facts=claimed))).only.facts
    assert again["parameter_count"] == 7_000_000_000


# --- listings ------------------------------------------------------------------------------------


def test_three_of_one_owner_are_one_request(world: World, ask: Ask) -> None:
    questions = [*about(DATASET, "o/a", "o/b", "O/C"), *about(MODEL, "o/x", "o/y")]
    world.hub.list_targets(question.link.target for question in questions)
    world.hub.listed |= {"datasets/o/C", *(f"datasets/o/{number}" for number in range(60))}
    asked = ask(HuggingFaceResolver, questions)
    assert {seen.reason for seen in asked.observations} == {Reason.OK}
    assert sorted(paths(world)) == ["/api/datasets", "/api/models/o/x", "/api/models/o/y"]
    assert asked["o/a"].facts["full_name"] == "o/a"


def test_a_listing_and_a_single_answer_tell_the_same(world: World, ask: Ask) -> None:
    questions = about(MODEL, "o/a", "o/b", "o/c")
    singly = [ask(HuggingFaceResolver, [question]).only for question in questions]
    together = ask(HuggingFaceResolver, questions)
    for seen in singly:
        listed = together[seen.link.target.id]
        assert (listed.facts, listed.outcome, listed.reason, listed.http_status, listed.final_url) == (
            seen.facts,
            seen.outcome,
            seen.reason,
            seen.http_status,
            seen.final_url,
        )


def test_absence_from_a_listing_proves_nothing(world: World, ask: Ask) -> None:
    world.hub.listed |= {"models/o/a", "models/o/b"}
    world.hub.missing.add("models/o/gone")
    asked = ask(HuggingFaceResolver, about(MODEL, "o/a", "o/b", "o/unlisted", "o/gone"))
    assert asked["o/unlisted"].reason is Reason.OK
    assert asked["o/gone"].reason is Reason.MISSING_OR_PRIVATE
    assert sorted(paths(world)) == ["/api/models", "/api/models/o/gone", "/api/models/o/unlisted"]


@pytest.mark.parametrize(
    "body", [b"[", b'{"error": "x"}', b'[1, null, {"id": 5}]', b"[]"], ids=["torn", "object", "odd", "empty"]
)
def test_a_bad_listing_is_no_answer(world: World, ask: Ask, body: bytes) -> None:
    world.faults[f"{API}/models?*"] = faults.answer(
        Response(200, (("Content-Type", "application/json"),), body)
    )
    asked = ask(HuggingFaceResolver, about(MODEL, "o/a", "o/b", "o/c"))
    assert {seen.reason for seen in asked.observations} == {Reason.OK}
    assert len(world.requests) == 4


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_refused_listing_is_asked_for_once(world: World, ask: Ask, status: int) -> None:
    """The library would wait, in real time, and try five times more."""
    world.faults[f"{API}/models?*"] = faults.status(status)
    asked = ask(HuggingFaceResolver, about(MODEL, "o/a", "o/b", "o/c"))
    assert {seen.reason for seen in asked.observations} == {Reason.OK}
    assert paths(world).count("/api/models") == (2 if status == 429 else 1)


def test_a_long_listing_is_not_paged(world: World, ask: Ask) -> None:
    world.hub.listed |= {f"models/o/m{number:03}" for number in range(350)}
    world.hub.fields |= {f"models/o/m{number:03}": {"likes": 9_000} for number in range(3)}
    ask(HuggingFaceResolver, about(MODEL, "o/m000", "o/m001", "o/m002"))
    assert paths(world) == ["/api/models"]
    assert world.requests[0].query["limit"] == ["100"]


def test_groups_are_of_one_kind_and_owner() -> None:
    questions = [
        *about(MODEL, "o/a", "O/b", "o/c", "p/a"),
        *about(DATASET, "o/a", "o/b"),
        *about(OWNER, "o", "p", "q"),
        *about(DATASET, "x", "y", "z"),
    ]
    groups = group_by_owner(questions)
    assert [len(group) for group in groups] == [3, *([1] * 9)]
    assert sorted(map(repr, (one for group in groups for one in group))) == sorted(map(repr, questions))


# --- owners --------------------------------------------------------------------------------------


def test_owners_take_two_requests_at_most(world: World, ask: Ask) -> None:
    world.hub.organizations.add("BelleGroup")
    world.hub.users.add("BlinkDL")
    asked = ask(HuggingFaceResolver, about(OWNER, "BelleGroup", "BlinkDL"))
    assert asked["BelleGroup"].facts == {
        "login": "BelleGroup",
        "name": "BelleGroup (made up)",
        "type": "organization",
    }
    assert asked["BlinkDL"].facts["type"] == "user"
    assert len(world.requests) == 3
    world.forget_requests()
    ask(HuggingFaceResolver, about(OWNER, "BlinkDL", known=Known(facts={"type": "user"})))
    assert paths(world) == ["/api/users/BlinkDL/overview"]


def test_a_name_without_owner_is_tried_as_a_model(world: World, ask: Ask) -> None:
    seen = ask(HuggingFaceResolver, about(OWNER, "gpt2-xl")).only
    assert (seen.outcome, seen.suggested_url) == ("moved", "https://huggingface.co/openai-community/gpt2-xl")
    assert seen.facts["full_name"] == "openai-community/gpt2-xl"
    world.forget_requests()
    again = ask(
        HuggingFaceResolver, about(OWNER, "gpt2-xl", known=Known(seen.host_id, facts=seen.facts))
    ).only
    assert (again.outcome, again.facts) == (seen.outcome, seen.facts)
    assert paths(world) == ["/api/models/gpt2-xl", "/api/models/openai-community/gpt2-xl"]


@pytest.mark.parametrize(
    ("token", "reason"), [("", Reason.MISSING_OR_PRIVATE), ("hf_sandbox_made_up", Reason.NOT_FOUND)]
)
def test_an_owner_who_is_gone(world: World, ask: Ask, token: str, reason: Reason) -> None:
    world.hub.missing.add("nobody")
    seen = ask(HuggingFaceResolver, about(OWNER, "nobody"), variables={"HF_TOKEN": token}).only
    assert seen.reason is reason


def test_an_owner_whose_overview_fails_is_not_judged(world: World, ask: Ask) -> None:
    world.hub.missing.add("nobody")
    world.faults[f"{API}/users/nobody/overview"] = faults.status(502)
    seen = ask(HuggingFaceResolver, about(OWNER, "nobody")).only
    assert (seen.outcome, seen.reason) == ("failed", "server-error")


@pytest.mark.parametrize("name", ["a/b/c", "..", "a?b", "", "-x"])
def test_names_no_owner_can_have(world: World, ask: Ask, name: str) -> None:
    assert ask(HuggingFaceResolver, about(OWNER, name)).only.reason is Reason.INVALID_URL
    assert world.requests == []


# --- what goes wrong -----------------------------------------------------------------------------

JSON = (("Content-Type", "application/json"),)


@pytest.mark.parametrize(
    ("fault", "outcome", "reason"),
    [
        pytest.param(faults.status(500), "failed", "server-error", id="500"),
        pytest.param(faults.status(503), "failed", "server-error", id="503"),
        pytest.param(faults.status(404), "skipped", "skipped", id="404 page of somebody else"),
        pytest.param(faults.status(400), "skipped", "skipped", id="400"),
        pytest.param(faults.closed(), "failed", "connection-reset", id="closed"),
        pytest.param(faults.reset(), "failed", "connection-reset", id="reset"),
        pytest.param(faults.cut_off(), "failed", "connection-reset", id="cut off"),
        pytest.param(faults.malformed(), "failed", "connection-reset", id="no HTTP"),
        pytest.param(faults.hang(), "failed", "timeout", id="hang"),
        pytest.param(faults.hang_in_body(), "failed", "timeout", id="hang in the body"),
        pytest.param(faults.drip(0.01), "failed", "timeout", id="drip"),
        pytest.param(faults.bomb(), "failed", "body-too-large", id="bomb"),
        pytest.param(
            faults.redirect("/huggingface.co/api/models/a/m", 307), "failed", "too-many-redirects", id="loop"
        ),
        pytest.param(
            faults.redirect("https://evil.example/x", 307), "skipped", "skipped", id="to another host"
        ),
        pytest.param(faults.redirect("http://a:b/", 302), "failed", "server-error", id="to nowhere"),
        pytest.param(faults.answer(Response(200, JSON, b"")), "failed", "server-error", id="empty"),
        pytest.param(
            faults.answer(Response(200, JSON, b'{"id": "a')), "failed", "server-error", id="torn JSON"
        ),
        pytest.param(faults.answer(Response(200, JSON, b"[]")), "failed", "server-error", id="list"),
        pytest.param(faults.answer(Response(200, JSON, b"null")), "failed", "server-error", id="null"),
        pytest.param(
            faults.answer(Response(200, JSON, b'{"id": ["a/m"], "lastModified": 3}')),
            "failed",
            "server-error",
            id="wrong types",
        ),
        pytest.param(faults.answer(Response(200, JSON, b"[" * 100_000)), "failed", "server-error", id="deep"),
    ],
)
def test_what_says_nothing(world: World, ask: Ask, fault: faults.Fault, outcome: str, reason: str) -> None:
    world.faults[f"{API}/models/a/m*"] = fault
    patience = patience_seconds(world)
    asked = ask(HuggingFaceResolver, about(MODEL, "a/m"), network={"timeout_seconds": patience})
    assert (asked.only.outcome, asked.only.reason) == (outcome, reason)
    assert asked.only.facts == {}
    assert not [request for request in world.requests if request.host != "huggingface.co"]
    assert asked.requests == len(world.requests)


def test_an_idle_connection_that_was_closed_is_no_answer(world: World, ask: Ask) -> None:
    world.faults[f"{API}/models/b/*"] = faults.closed(times=1)
    asked = ask(
        HuggingFaceResolver, [*about(MODEL, "a/m"), *about(MODEL, "b/m")], network={"per_host_concurrency": 1}
    )
    assert {seen.reason for seen in asked.observations} == {Reason.OK}


@pytest.mark.parametrize(
    ("fault", "outcome", "reason"),
    [
        pytest.param(faults.refused(), "skipped", "skipped", id="the proxy cannot connect"),
        pytest.param(faults.no_such_host(), "skipped", "skipped", id="the proxy cannot resolve"),
        pytest.param(faults.bad_certificate(), "failed", "tls-failure", id="bad certificate"),
    ],
)
def test_a_hub_out_of_reach_says_nothing_of_its_things(
    world: World, ask: Ask, fault: faults.Fault, outcome: str, reason: str
) -> None:
    world.faults["huggingface.co"] = fault
    asked = ask(HuggingFaceResolver, about(MODEL, "a/m"), proxied=True)
    assert (asked.only.outcome, asked.only.reason, asked.only.http_status) == (outcome, reason, None)
    assert asked.requests == 0


def test_no_connection_at_all(world: World, ask: Ask, refused_port: int) -> None:
    asked = ask(
        HuggingFaceResolver,
        about(MODEL, "a/m"),
        huggingface={"endpoint": f"http://127.0.0.1:{refused_port}"},
    )
    assert (asked.only.outcome, asked.only.reason) == ("failed", "connection-refused")


def test_a_hub_that_only_fails_is_left_alone(world: World, ask: Ask) -> None:
    world.faults["huggingface.co"] = faults.status(502)
    asked = ask(HuggingFaceResolver, [question for n in range(40) for question in about(MODEL, f"o{n}/m")])
    assert len(world.requests) < 20
    assert {seen.outcome for seen in asked.observations} == {"failed", "skipped"}


# --- pace ----------------------------------------------------------------------------------------


def test_the_quota_is_shown_and_its_end_is_waited_for(world: World, ask: Ask) -> None:
    world.hub.remaining = 2
    world.hub.reset_seconds = 55
    questions = [question for name in ("a/1", "b/2", "c/3") for question in about(MODEL, name)]
    started = world.clock.monotonic()
    asked = ask(HuggingFaceResolver, questions[:2], network={"per_host_concurrency": 1})
    assert asked.politeness.lane("huggingface.co").quota == "0 of 500"
    assert world.clock.monotonic() == started
    asked = ask(HuggingFaceResolver, questions[2:])
    assert world.clock.monotonic() - started >= 55
    assert asked.only.reason is Reason.RATE_LIMITED
    assert asked.only.outcome == "throttled"


def test_a_quota_used_up_for_minutes_leaves_the_rest_due(world: World, ask: Ask) -> None:
    world.hub.remaining = 5
    world.hub.reset_seconds = 212
    asked = ask(
        HuggingFaceResolver,
        [question for n in range(30) for question in about(MODEL, f"o{n}/m")],
        network={"per_host_concurrency": 1},
    )
    assert [seen.reason for seen in asked.observations].count(Reason.OK) == 5
    assert {seen.outcome for seen in asked.observations} == {"alive", "throttled"}
    assert len(world.requests) == 5
    assert world.clock.monotonic() < 60
    assert "quota used up" in (asked.politeness.lane("huggingface.co").closed or "")


def test_a_429_is_asked_again_after_its_window(world: World, ask: Ask) -> None:
    limit = (("RateLimit", '"api";r=0;t=55'), ("RateLimit-Policy", '"fixed window";"api";q=500;w=300'))
    world.faults["huggingface.co"] = faults.status(429, headers=limit, times=1)
    seen = ask(HuggingFaceResolver, about(MODEL, "a/m")).only
    assert seen.reason is Reason.OK
    assert world.clock.monotonic() >= 55


def test_a_wait_too_long_leaves_the_rest_due(world: World, ask: Ask) -> None:
    world.faults["huggingface.co"] = faults.status(429, retry_after=4000)
    asked = ask(
        HuggingFaceResolver,
        [question for n in range(30) for question in about(MODEL, f"o{n}/m")],
    )
    assert {(seen.outcome, seen.reason) for seen in asked.observations} == {("throttled", "rate-limited")}
    assert len(world.requests) <= 4
    assert asked.politeness.lane("huggingface.co").closed
