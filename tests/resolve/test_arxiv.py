"""The resolver against the sandbox's arXiv."""

from __future__ import annotations

import pytest

from crawler.records import Known, Link, Question, Reason, Target, TargetKind
from crawler.resolve.arxiv.resolver import ArxivResolver
from crawler.sandbox import faults
from crawler.sandbox.messages import Response
from crawler.sandbox.world import World
from tests.conftest import patience_seconds

from .conftest import Ask, Asked

QUERY = "https://export.arxiv.org/api/query*"
OAI = "https://oaipmh.arxiv.org/oai*"
PAPER = "2305.14314"


def about(*ids: str, known: Known = Known()) -> list[Question]:  # noqa: B008 - frozen
    kind = TargetKind.ARXIV_PAPER
    return [Question(Link(f"https://arxiv.org/abs/{one}", Target(kind, one)), known) for one in ids]


def asked_again(asked: Asked) -> list[Question]:
    return [Question(seen.link, Known(seen.host_id, facts=seen.facts)) for seen in asked.observations]


def hosts(world: World) -> list[str]:
    return [request.host.partition(".")[0] for request in world.requests]


def numbered(count: int) -> list[str]:
    return [f"2301.{number:05}" for number in range(1, count + 1)]


@pytest.mark.parametrize("proxied", [False, True], ids=["origin", "proxy"])
def test_facts_are_those_served(world: World, ask: Ask, proxied: bool) -> None:
    world.arxiv.titles[PAPER] = "A Title (made up) & More"
    world.arxiv.versions[PAPER] = 3
    world.arxiv.licenses[PAPER] = "http://creativecommons.org/licenses/by/4.0/"
    world.arxiv.dois[PAPER] = "10.1000/x"
    asked = ask(ArxivResolver, about(PAPER), proxied=proxied)
    facts = dict(asked.only.facts)
    assert facts.pop("published_at") <= facts.pop("updated_at")
    assert facts.pop("authors")[0] == "Made-up Author 1"
    assert facts.pop("primary_category")
    assert facts == {
        "title": "A Title (made up) & More",
        "version": 3,
        "withdrawn": False,
        "license": "CC-BY-4.0",
        "doi": "10.1000/x",
    }
    assert (asked.only.reason, asked.only.http_status, asked.only.host_id) == (Reason.OK, 200, PAPER)
    assert asked.requests == len(world.requests) == 2


def test_a_hundred_papers_a_request_three_seconds_apart(world: World, ask: Ask) -> None:
    questions = about(*numbered(150))
    first = ask(ArxivResolver, questions)
    assert {seen.reason for seen in first.observations} == {Reason.OK}
    assert hosts(world).count("export") == 2
    assert hosts(world).count("oaipmh") == 150
    assert len({request.connection for request in world.requests_to("oaipmh.arxiv.org")}) == 1
    world.forget_requests()
    before = world.clock.monotonic()
    again = ask(ArxivResolver, asked_again(first), arxiv={"min_interval_seconds": 3.0})
    assert hosts(world) == ["export", "export"]
    assert world.clock.monotonic() - before == 3.0
    assert {seen.reason for seen in again.observations} == {Reason.OK}


def test_oai_is_asked_once_per_version(world: World, ask: Ask) -> None:
    first = ask(ArxivResolver, about(PAPER, "2302.14286"))
    world.arxiv.versions[PAPER] = first[PAPER].facts["version"] + 1
    world.forget_requests()
    second = ask(ArxivResolver, asked_again(first))
    assert hosts(world) == ["export", "oaipmh"]
    assert second[PAPER].facts["version"] == first[PAPER].facts["version"] + 1
    assert "license" not in second["2302.14286"].facts


def test_withdrawal_is_told_and_remembered(world: World, ask: Ask) -> None:
    world.arxiv.withdrawn.add(PAPER)
    first = ask(ArxivResolver, about(PAPER))
    assert (first.only.outcome, first.only.reason) == ("alive", "withdrawn")
    assert first.only.facts["withdrawn"] is True
    world.forget_requests()
    again = ask(ArxivResolver, asked_again(first))
    assert (again.only.outcome, again.only.reason) == ("alive", "withdrawn")
    assert hosts(world) == ["export"]


def test_a_withdrawn_paper_that_came_back(world: World, ask: Ask) -> None:
    world.arxiv.withdrawn.add(PAPER)
    first = ask(ArxivResolver, about(PAPER))
    world.arxiv.withdrawn.clear()
    world.arxiv.versions[PAPER] = first.only.facts["version"] + 1
    again = ask(ArxivResolver, asked_again(first))
    assert (again.only.reason, again.only.facts["withdrawn"]) == (Reason.OK, False)


def test_a_silent_oai_leaves_the_version_new(world: World, ask: Ask) -> None:
    world.arxiv.versions[PAPER] = 1
    first = ask(ArxivResolver, about(PAPER))
    world.arxiv.versions[PAPER] = 2
    world.faults[OAI] = faults.status(500)
    second = ask(ArxivResolver, asked_again(first))
    assert (second.only.outcome, second.only.reason) == ("alive", "ok")
    assert not {"version", "license", "withdrawn"} & second.only.facts.keys()
    del world.faults[OAI]
    merged = Known(PAPER, facts=first.only.facts | second.only.facts)
    third = ask(ArxivResolver, about(PAPER, known=merged))
    assert third.only.facts["version"] == 2
    assert third.only.facts["license"]


def test_an_oai_that_does_not_answer_is_not_asked_for_ever(world: World, ask: Ask) -> None:
    world.faults[OAI] = faults.status(500)
    asked = ask(ArxivResolver, about(*numbered(10)))
    assert {seen.reason for seen in asked.observations} == {Reason.OK}
    assert hosts(world).count("oaipmh") == 3


def test_an_oai_behind_the_api_tells_nothing_of_the_new_version(world: World, ask: Ask) -> None:
    world.arxiv.versions[PAPER] = 1
    ask(ArxivResolver, about(PAPER))
    behind = faults.answer(world.answer(world.requests_to("oaipmh.arxiv.org")[0]))
    world.arxiv.versions[PAPER] = 2
    world.faults[OAI] = behind
    seen = ask(ArxivResolver, about(PAPER)).only
    assert "license" not in seen.facts


# --- absence -------------------------------------------------------------------------------------


def test_an_unknown_id_is_confirmed_before_it_is_a_strike(world: World, ask: Ask) -> None:
    world.arxiv.unknown.add("2305.00001")
    world.arxiv.deleted.add("2305.00002")
    world.arxiv.hidden.add("2305.00003")
    asked = ask(ArxivResolver, about(PAPER, "2305.00001", "2305.00002", "2305.00003"))
    assert {seen.link.target.id: (seen.outcome, seen.reason) for seen in asked.observations} == {
        PAPER: ("alive", "ok"),
        "2305.00001": ("not-found", "not-found"),
        "2305.00002": ("gone", "gone"),
        "2305.00003": ("alive", "ok"),
    }
    assert asked["2305.00003"].facts["title"]


@pytest.mark.parametrize(
    "fault",
    [
        faults.status(500),
        faults.status(404),
        faults.answer(Response(200, (), b"")),
        faults.closed(),
        faults.redirect("https://example.org/"),
    ],
    ids=["500", "404", "empty", "closed", "redirect"],
)
def test_what_nothing_confirms_says_nothing(world: World, ask: Ask, fault: faults.Fault) -> None:
    world.arxiv.unknown.add("2305.00001")
    world.faults[OAI] = fault
    seen = ask(ArxivResolver, about(PAPER, "2305.00001"))["2305.00001"]
    assert (seen.outcome, seen.reason) == ("skipped", "skipped")


def test_a_feed_that_holds_back_papers_says_nothing_of_them(world: World, ask: Ask) -> None:
    world.arxiv.hidden.add("2305.00001")
    whole = ask(ArxivResolver, about(PAPER, "2305.00001"))
    assert whole["2305.00001"].reason is Reason.OK
    body = world.answer(world.requests[0]).body.replace(b"totalResults>1<", b"totalResults>2<")
    world.faults[QUERY] = faults.answer(Response(200, (), body))
    world.forget_requests()
    torn = ask(ArxivResolver, asked_again(whole))
    assert (torn["2305.00001"].outcome, torn["2305.00001"].reason) == ("skipped", "skipped")
    assert torn[PAPER].reason is Reason.OK
    assert hosts(world) == ["export"]


def test_an_empty_feed_for_many_is_not_believed(world: World, ask: Ask) -> None:
    world.arxiv.hidden |= set(numbered(5))
    asked = ask(ArxivResolver, about(*numbered(5)))
    assert {(seen.outcome, seen.reason) for seen in asked.observations} == {("skipped", "skipped")}
    assert hosts(world) == ["export"]


# --- what goes wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "one", ["nonsense", "2305.14314v2", "1501.0001", "2313.12345", "hep-th/99010011", ""]
)
def test_malformed_ids_are_never_asked_for(world: World, ask: Ask, one: str) -> None:
    asked = ask(ArxivResolver, about(PAPER, one))
    assert (asked[one].outcome, asked[one].reason) == ("skipped", "invalid-url")
    assert asked[PAPER].reason is Reason.OK
    assert world.requests[0].query["id_list"] == [PAPER]


@pytest.mark.parametrize("status", [400, 500])
def test_one_poisonous_id_costs_the_others_nothing(world: World, ask: Ask, status: int) -> None:
    poison = "2301.00042"
    world.arxiv.poisonous[poison] = status
    asked = ask(ArxivResolver, about(*numbered(100)))
    reasons = {seen.link.target.id: seen.reason for seen in asked.observations}
    assert reasons.pop(poison) in {Reason.INVALID_URL, Reason.SERVER_ERROR}
    assert set(reasons.values()) == {Reason.OK}
    assert hosts(world).count("export") < 20


def test_an_outage_is_not_bisected_to_the_end(world: World, ask: Ask) -> None:
    world.faults[QUERY] = faults.status(500)
    asked = ask(ArxivResolver, about(*numbered(100)))
    assert {(seen.outcome, seen.reason) for seen in asked.observations} == {("failed", "server-error")}
    assert len(world.requests) <= 21


ATOM = (("Content-Type", "application/atom+xml"),)


@pytest.mark.parametrize(
    ("fault", "outcome", "reason"),
    [
        pytest.param(faults.answer(Response(200, ATOM, b"")), "failed", "server-error", id="empty"),
        pytest.param(faults.status(200), "failed", "server-error", id="page"),
        pytest.param(faults.answer(Response(200, ATOM, b"<feed")), "failed", "server-error", id="torn"),
        pytest.param(faults.redirect("https://example.org/"), "skipped", "skipped", id="redirect"),
        pytest.param(faults.status(404), "skipped", "skipped", id="404"),
        pytest.param(faults.status(502), "failed", "server-error", id="502"),
        pytest.param(faults.closed(), "failed", "connection-reset", id="closed"),
        pytest.param(faults.cut_off(), "failed", "connection-reset", id="cut off"),
        pytest.param(faults.hang(), "failed", "timeout", id="hang"),
    ],
)
def test_what_says_nothing(world: World, ask: Ask, fault: faults.Fault, outcome: str, reason: str) -> None:
    world.faults[QUERY] = fault
    seen = ask(ArxivResolver, about(PAPER), network={"timeout_seconds": patience_seconds(world)}).only
    assert (seen.outcome, seen.reason, seen.facts) == (outcome, reason, {})


def test_an_api_out_of_reach_says_nothing_of_its_papers(world: World, ask: Ask, refused_port: int) -> None:
    seen = ask(
        ArxivResolver, about(PAPER), arxiv={"api_url": f"http://127.0.0.1:{refused_port}/api/query"}
    ).only
    assert (seen.outcome, seen.reason) == ("failed", "connection-refused")


@pytest.mark.parametrize("status", [403, 429, 503])
def test_a_busy_arxiv_is_asked_again_after_a_minute(world: World, ask: Ask, status: int) -> None:
    world.faults[QUERY] = faults.status(status, times=1)
    asked = ask(ArxivResolver, about(PAPER))
    assert asked.only.reason is Reason.OK
    assert world.clock.monotonic() >= 60


def test_an_arxiv_that_stays_busy_is_left_alone(world: World, ask: Ask) -> None:
    world.arxiv.busy_requests = 100
    asked = ask(ArxivResolver, about(*numbered(250)))
    assert {(seen.outcome, seen.reason) for seen in asked.observations} == {("throttled", "rate-limited")}
    assert len(world.requests) <= 4
    assert asked.politeness.lane("arxiv").closed
