"""What GitHub does to those who ask too much, and what happens when it cannot be asked at all."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from github.Requester import Requester

from crawler.clock import SimulatedClock
from crawler.links.classify import link_of
from crawler.records import Observation, Outcome, Question, Reason
from crawler.resolve.github.resolver import GitHubResolver
from crawler.sandbox import faults
from crawler.sandbox.messages import Response
from crawler.sandbox.server import Sandbox
from crawler.sandbox.world import World

TOKEN = "ghp_made_up_for_the_sandbox"
OTHER = "ghp_another_made_up_one"
GRAPHQL = "https://api.github.com/graphql"


def questions(count: int, name: str = "n") -> list[Question]:
    return [Question(link_of(f"https://github.com/owner{number}/{name}")) for number in range(count)]


@pytest.fixture
def look(ask: Callable[..., Any]) -> Callable[..., Any]:
    def look_once(asked: list[Question], tokens: str = TOKEN, **options: Any) -> Any:
        return ask(GitHubResolver, asked, variables={"GITHUB_TOKEN": tokens}, **options)

    return look_once


def verdicts(observations: list[Observation]) -> dict[tuple[Outcome, Reason, int | None], int]:
    found: dict[tuple[Outcome, Reason, int | None], int] = {}
    for seen in observations:
        key = (seen.outcome, seen.reason, seen.http_status)
        found[key] = found.get(key, 0) + 1
    return found


ALIVE = (Outcome.ALIVE, Reason.OK, 200)
THROTTLED = (Outcome.THROTTLED, Reason.RATE_LIMITED, None)
SKIPPED = (Outcome.SKIPPED, Reason.SKIPPED, None)


def documents(world: World) -> int:
    return sum(request.path == "/graphql" for request in world.requests)


class TestServerErrors:
    @pytest.mark.parametrize("status", [500, 502, 504])
    def test_a_batch_is_halved_and_told(self, look: Any, world: World, status: int) -> None:
        world.faults[GRAPHQL] = faults.status(status, times=3)
        seen = look(questions(100))
        assert verdicts(seen.observations) == {ALIVE: 100}
        assert documents(world) == 3 + 4

    @pytest.mark.parametrize("status", [502, 504])
    def test_at_most_twice(self, look: Any, world: World, status: int) -> None:
        world.faults[GRAPHQL] = faults.status(status)
        seen = look(questions(100))
        assert verdicts(seen.observations) == {(Outcome.FAILED, Reason.SERVER_ERROR, status): 100}
        assert documents(world) == 1 + 2 + 4

    def test_an_api_that_answers_nothing_is_left_alone(self, look: Any, world: World) -> None:
        world.faults[GRAPHQL] = faults.status(502)
        seen = look(questions(250))
        assert verdicts(seen.observations) == {
            (Outcome.FAILED, Reason.SERVER_ERROR, 502): 100,
            SKIPPED: 150,
        }
        assert documents(world) == 1 + 2 + 4

    def test_one_batch_too_hard_does_not_end_the_lane(self, look: Any, world: World) -> None:
        world.faults[GRAPHQL] = faults.status(504, times=6)
        seen = look(questions(250))
        assert verdicts(seen.observations) == {
            (Outcome.FAILED, Reason.SERVER_ERROR, 504): 75,
            ALIVE: 175,
        }

    def test_a_503_ends_the_lane(self, look: Any, world: World) -> None:
        world.faults[GRAPHQL] = faults.status(503, retry_after=1)
        seen = look(questions(250))
        assert verdicts(seen.observations) == {
            (Outcome.FAILED, Reason.SERVER_ERROR, 503): 100,
            SKIPPED: 150,
        }
        assert len(world.requests) == 1
        assert seen.politeness.lane("api.github.com").closed == "the API answered 503"

    def test_rest_is_tried_again_and_then_says_nothing(self, look: Any, world: World) -> None:
        world.github.deleted |= {"owner0/n", "owner1/n"}
        world.faults["https://api.github.com/repos/owner0/*"] = faults.status(502, times=1)
        world.faults["https://api.github.com/repos/owner1/*"] = faults.status(502)
        seen = look(questions(3))
        assert verdicts(seen.observations) == {
            ALIVE: 1,
            (Outcome.NOT_FOUND, Reason.NOT_FOUND, 404): 1,
            (Outcome.FAILED, Reason.SERVER_ERROR, 502): 1,
        }

    def test_too_much_for_one_document_is_cut_into_halves(self, look: Any, world: World) -> None:
        world.github.max_aliases = 20
        seen = look(questions(90))
        assert verdicts(seen.observations) == {ALIVE: 90}
        assert documents(world) < 12

    @pytest.mark.parametrize(
        "response",
        [
            Response.of_html("<h1>Sign in to the hotel's network</h1>"),
            Response.of_json(["no", "object"]),
            Response.of_json({"message": "Not Found"}, 404),
            Response.of_json({"message": "Problems parsing JSON"}, 400),
            Response(200, (), b'{"data": {'),
        ],
        ids=["captive portal", "list", "no such endpoint", "bad request", "cut short"],
    )
    def test_no_answer_of_graphql_says_nothing(self, look: Any, world: World, response: Response) -> None:
        world.faults[GRAPHQL] = faults.answer(response)
        seen = look(questions(150))
        assert {observation.outcome for observation in seen.observations} == {Outcome.SKIPPED}
        assert len(world.requests) == 1

    def test_a_schema_that_left_us_behind_leaves_the_pages(
        self, look: Any, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        said = {"errors": [{"message": "Field 'isFork' doesn't exist on type 'Repository'"}]}
        world.faults[GRAPHQL] = faults.answer(Response.of_json(said))
        seen = look(questions(2))
        assert verdicts(seen.observations) == {ALIVE: 2}
        assert "isFork" in caplog.text


class TestQuotas:
    def test_a_quota_that_runs_out_ends_the_lane(self, look: Any, world: World) -> None:
        world.github.limits["graphql"] = 1
        seen = look(questions(250))
        assert verdicts(seen.observations) == {ALIVE: 100, THROTTLED: 150}
        lane = seen.politeness.lane("api.github.com")
        assert "03:00 UTC" in (lane.closed or "")
        assert lane.quota == "0 of 1"
        assert len({observation.detail for observation in seen.observations}) == 2
        assert len(world.requests) == 1, "remaining 0 was told: nothing is asked in vain"

    def test_a_quota_that_others_used_up_is_told_inside_a_200(self, look: Any, world: World) -> None:
        world.github.limits["graphql"] = 0
        seen = look(questions(3))
        assert verdicts(seen.observations) == {THROTTLED: 3}
        assert len(world.requests) == 1

    def test_several_tokens_have_several_quotas(self, look: Any, world: World) -> None:
        world.github.limits["graphql"] = 2
        seen = look(questions(390), f"{TOKEN},{OTHER}")
        assert verdicts(seen.observations) == {ALIVE: 390}
        used = [request.headers["authorization"] for request in world.requests]
        assert sorted(used) == sorted([f"token {TOKEN}"] * 2 + [f"token {OTHER}"] * 2)
        assert seen.politeness.lane("api.github.com").quota == "0 of 4"

    def test_a_spent_rest_quota_leaves_absences_open(self, look: Any, world: World) -> None:
        world.github.limits |= {"core": 1, "anonymous": 1}
        world.github.deleted |= {f"owner{number}/n" for number in range(40)}
        seen = look(questions(42))
        assert verdicts(seen.observations)[ALIVE] == 2
        assert verdicts(seen.observations)[Outcome.NOT_FOUND, Reason.NOT_FOUND, 404] == 2
        throttled = [found for found in seen.observations if found.outcome is Outcome.THROTTLED]
        assert len(throttled) == 38
        assert len(world.requests) <= 1 + 2 * (1 + 4), "what is under way cannot be recalled"

    @pytest.mark.parametrize("retry_after", [30, None])
    def test_the_secondary_limit_is_waited_for(
        self, look: Any, world: World, clock: SimulatedClock, retry_after: int | None
    ) -> None:
        world.github.secondary = 1
        world.github.secondary_retry_after = retry_after
        before = clock.monotonic()
        seen = look(questions(3))
        assert verdicts(seen.observations) == {ALIVE: 3}
        assert clock.monotonic() - before >= (retry_after or 60)
        assert len(world.requests) == 2

    def test_a_secondary_limit_that_holds_on_ends_the_lane(self, look: Any, world: World) -> None:
        world.github.secondary = 99
        seen = look(questions(150))
        assert {found.outcome for found in seen.observations} == {Outcome.THROTTLED}
        assert len(world.requests) == 3

    def test_a_long_wait_ends_the_lane_at_once(self, look: Any, world: World) -> None:
        world.github.secondary = 1
        world.github.secondary_retry_after = 3_000
        seen = look(questions(3))
        assert {found.outcome for found in seen.observations} == {Outcome.THROTTLED}
        assert len(world.requests) == 1


class TestRefusedTokens:
    def test_without_a_good_token_the_pages_are_asked(
        self, look: Any, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        world.github.refused_tokens.add(TOKEN)
        with caplog.at_level(logging.WARNING):
            seen = look(questions(3))
        assert verdicts(seen.observations) == {ALIVE: 3}
        assert [record.getMessage().partition(" is ")[0] for record in caplog.records] == ["GITHUB_TOKEN #1"]
        assert TOKEN not in caplog.text
        assert 1 <= documents(world) <= 5
        pages = world.requests_to("github.com")
        assert len(pages) == 3
        assert not any("authorization" in page.headers for page in pages)

    def test_a_good_token_takes_over(self, look: Any, world: World, caplog: pytest.LogCaptureFixture) -> None:
        world.github.refused_tokens.add(TOKEN)
        seen = look(questions(250), f"{TOKEN},{OTHER}")
        assert verdicts(seen.observations) == {ALIVE: 250}
        assert world.requests_to("github.com") == []
        assert "GITHUB_TOKEN #1" in caplog.text
        assert "GITHUB_TOKEN #2" not in caplog.text

    def test_a_token_refused_once_is_tried_again(self, look: Any, world: World) -> None:
        world.faults[GRAPHQL] = faults.answer(Response.of_json({"message": "Bad credentials"}, 401), times=1)
        seen = look(questions(3))
        assert verdicts(seen.observations) == {ALIVE: 3}
        assert world.requests_to("github.com") == []

    def test_a_refusal_is_remembered_by_the_resolver(self, ask: Any, world: World) -> None:
        world.github.refused_tokens.add(TOKEN)
        world.github.deleted.add("owner0/n")
        seen = ask(GitHubResolver, questions(1), variables={"GITHUB_TOKEN": TOKEN})
        assert verdicts(seen.observations) == {(Outcome.NOT_FOUND, Reason.NOT_FOUND, 404): 1}
        (confirmation,) = [request for request in world.requests if request.path.startswith("/repos/")]
        assert "authorization" not in confirmation.headers

    def test_a_token_pasted_with_an_invisible_character_leaves_the_pages(
        self, look: Any, world: World
    ) -> None:
        seen = look(questions(2), "ghp_\u200bpasted")
        assert verdicts(seen.observations) == {ALIVE: 2}
        assert {request.host for request in world.requests} == {"github.com"}

    def test_a_refused_and_a_spent_token_leave_links_due(self, look: Any, world: World) -> None:
        world.github.refused_tokens.add(TOKEN)
        world.github.limits["graphql"] = 0
        seen = look(questions(3), f"{TOKEN},{OTHER}")
        assert {found.outcome for found in seen.observations} == {Outcome.THROTTLED}


class TestUnreachable:
    @pytest.mark.parametrize(
        "fault",
        [
            faults.refused(),
            faults.closed(),
            faults.reset(),
            faults.cut_off(),
            faults.hang(),
            faults.malformed(),
        ],
        ids=["refused", "closed", "reset", "cut off", "hang", "malformed"],
    )
    @pytest.mark.parametrize("proxied", [False, True], ids=["origin", "proxy"])
    def test_an_api_that_does_not_answer_says_nothing(
        self, look: Any, world: World, fault: faults.Fault, proxied: bool
    ) -> None:
        world.faults["api.github.com"] = fault
        seen = look(questions(4), proxied=proxied, network={"timeout_seconds": 0.2})
        assert {found.outcome for found in seen.observations} <= {Outcome.FAILED, Outcome.SKIPPED}
        assert {found.http_status for found in seen.observations} == {None}
        assert not any(found.facts for found in seen.observations)
        assert len(world.requests) <= 7

    def test_bad_tls_is_no_word_about_a_repository(self, look: Any, world: World) -> None:
        world.faults["api.github.com"] = faults.bad_certificate()
        seen = look(questions(2), proxied=True)
        assert verdicts(seen.observations) == {(Outcome.FAILED, Reason.TLS_FAILURE, None): 2}
        assert seen.meter.requests() == {}, "nothing was sent"

    def test_a_passing_trouble_heals(self, look: Any, world: World) -> None:
        world.faults["api.github.com"] = faults.reset(times=1)
        assert verdicts(look(questions(2)).observations) == {ALIVE: 2}

    def test_a_dripping_answer_meets_the_deadline(self, look: Any, world: World) -> None:
        world.faults["api.github.com"] = faults.drip(0.05)
        seen = look(questions(1), network={"timeout_seconds": 0.2})
        assert verdicts(seen.observations) == {(Outcome.FAILED, Reason.TIMEOUT, None): 1}


class TestRedirects:
    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    def test_an_api_that_redirects_elsewhere_is_refused(self, look: Any, world: World, status: int) -> None:
        world.faults[GRAPHQL] = faults.redirect("https://evil.example/graphql", status)
        seen = look(questions(150), proxied=True)
        assert {found.outcome for found in seen.observations} == {Outcome.SKIPPED}
        assert "evil.example" in (seen.observations[0].detail or "")
        assert world.requests_to("evil.example") == []
        assert world.tunnels.count("evil.example") == 0

    def test_another_port_is_another_origin(self, look: Any, world: World, sandbox: Sandbox) -> None:
        world.github.hidden.add("owner0/n")
        elsewhere = f"http://127.0.0.1:{sandbox.tls_port}/api.github.com/repositories/1"
        world.faults["https://api.github.com/repos/*"] = faults.redirect(elsewhere, 301)
        seen = look(questions(1))
        assert {found.outcome for found in seen.observations} == {Outcome.SKIPPED}

    def test_a_redirect_in_circles_ends(self, look: Any, world: World) -> None:
        world.github.hidden.add("owner0/n")
        world.faults["https://api.github.com/repos/*"] = faults.redirect("/repos/owner0/n", 301)
        seen = look(questions(1), proxied=True)
        assert {found.outcome for found in seen.observations} == {Outcome.FAILED}
        assert len(world.requests) <= 1 + 3 * 4


class TestEndpoints:
    def test_an_enterprise_server_has_graphql_beside_v3(self) -> None:
        assert Requester.get_graphql_prefix("/api/v3") == "/api/graphql"
        assert Requester.get_graphql_prefix("") == "/graphql"
        assert Requester.get_graphql_prefix("/api.github.com") == "/api.github.com/graphql"

    def test_we_say_who_we_are(self, look: Any, world: World) -> None:
        look(questions(1), network={"contact": "https://example.org/bot"})
        (request,) = world.requests
        assert request.headers["user-agent"].startswith("crawler/")
        assert "https://example.org/bot" in request.headers["user-agent"]
        assert request.headers["authorization"] == f"token {TOKEN}"

    def test_a_trailing_slash_does_no_harm(self, look: Any, sandbox: Sandbox) -> None:
        seen = look(questions(1), github={"api_url": f"{sandbox.url}/api.github.com/"})
        assert verdicts(seen.observations) == {ALIVE: 1}
