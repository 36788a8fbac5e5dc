"""The GitHub resolver without a token: public pages, REST only to confirm. All repositories are made up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import pytest

from crawler.links.classify import link_of
from crawler.records import Hop, Known, Observation, Outcome, Question, Reason
from crawler.resolve.github.resolver import GitHubResolver
from crawler.sandbox import faults
from crawler.sandbox.github_repositories import find_repository, repository_id
from crawler.sandbox.messages import Response
from crawler.sandbox.world import World

Look: TypeAlias = Callable[..., dict[str, Observation]]
GITHUB = "https://github.com"


def question(path: str, host_id: int | None = None) -> Question:
    return Question(link_of(f"{GITHUB}/{path}"), Known(host_id=None if host_id is None else str(host_id)))


@pytest.fixture(params=["origin", "proxy"])
def mode(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "proxy")


@pytest.fixture
def look(ask: Callable[..., Any]) -> Look:
    def look_once(questions: Iterable[str | Question], **options: Any) -> dict[str, Observation]:
        asked = [part if isinstance(part, Question) else question(part) for part in questions]
        return {
            observation.link.canonical_url.removeprefix(f"{GITHUB}/"): observation
            for observation in ask(GitHubResolver, asked, **options).observations
        }

    return look_once


def verdict(observation: Observation) -> tuple[Outcome, Reason, int | None]:
    return observation.outcome, observation.reason, observation.http_status


def test_one_page_a_repository_and_one_a_path(look: Look, world: World, mode: bool) -> None:
    seen = look(["o/n", "o/n/tree/main/docs", "acme", "p/q"], proxied=mode)
    assert {verdict(observation) for observation in seen.values()} == {(Outcome.ALIVE, Reason.OK, 200)}
    assert sorted(request.path for request in world.requests) == [
        "/acme",
        "/o/n",
        "/o/n/tree/main/docs",
        "/p/q",
    ]
    assert {request.host for request in world.requests} == {"github.com"}
    assert seen["o/n"].elapsed_seconds is not None
    assert seen["o/n"].final_url == f"{GITHUB}/o/n"


def test_facts_are_those_that_the_page_surely_tells(look: Look, world: World) -> None:
    world.github.fields["o/n"] = {
        "stargazers_count": 96_979,
        "forks_count": 1_204,
        "license": {"key": "apache-2.0", "name": "Apache License 2.0", "spdx_id": "Apache-2.0"},
        "archived": False,
        "language": "C++",
        "topics": ["llm", "chinese"],
    }
    repository = find_repository(world, "o/n")
    assert repository is not None
    facts = look(["o/n"])["o/n"].facts
    told = {
        "full_name": repository.full_name,
        "host_id": repository.rest["id"],
        "stars": 96_979,
        "forks": 1_204,
        "license": "Apache-2.0",
        "archived": False,
        "fork": repository.rest["fork"],
        "default_branch": repository.rest["default_branch"],
        "language": "C++",
        "topics": ["llm", "chinese"],
        "description": repository.rest["description"],
    }
    assert facts == told


def test_with_and_without_a_token_tell_the_same_facts(ask: Callable[..., Any], world: World) -> None:
    links = [question(f"o/n{number}") for number in range(12)]
    with_token = ask(GitHubResolver, links, variables={"GITHUB_TOKEN": "made_up"})
    without = ask(GitHubResolver, links)
    for link in links:
        api, page = with_token[link.link.target.id].facts, without[link.link.target.id].facts
        assert page.items() <= api.items()
        assert set(api) - set(page) <= {"pushed_at", "disabled", "license", "topics"}


def test_an_archived_repository_is_alive(look: Look, world: World) -> None:
    world.github.archived.add("o/n")
    world.github.fields["o/m"] = {"archived": False}
    seen = look(["o/n", "o/m"])
    assert verdict(seen["o/n"]) == (Outcome.ALIVE, Reason.OK, 200)
    assert (seen["o/n"].facts["archived"], seen["o/m"].facts["archived"]) == (True, False)


@pytest.mark.parametrize(
    ("license_", "expected"),
    [
        (None, None),
        ({"key": "other", "name": "Other", "spdx_id": "NOASSERTION"}, "NOASSERTION"),
        ({"key": "mit", "name": "MIT License", "spdx_id": "MIT"}, "MIT"),
    ],
    ids=["a missing line is not told", "view license", "mit"],
)
def test_licenses(look: Look, world: World, license_: object, expected: str | None) -> None:
    world.github.fields["o/n"] = {"license": license_}
    assert look(["o/n"])["o/n"].facts.get("license") == expected


def test_a_renamed_repository_moves_its_paths_along(look: Look, world: World, mode: bool) -> None:
    world.github.renamed["old/name"] = "New-Home/Name"
    seen = look(["old/name", "old/name/tree/main/docs"], proxied=mode)
    assert verdict(seen["old/name"]) == (Outcome.MOVED, Reason.RENAMED, 200)
    assert seen["old/name"].suggested_url == f"{GITHUB}/New-Home/Name"
    assert seen["old/name"].redirect_chain == (Hop(f"{GITHUB}/old/name", 301),)
    assert seen["old/name/tree/main/docs"].suggested_url == f"{GITHUB}/New-Home/Name/tree/main/docs"


def test_a_rename_shows_on_a_page_of_an_unknown_layout(look: Look, world: World) -> None:
    plain = Response.of_html("<title>GitHub - New-Home/Name: words</title>")
    world.faults["https://github.com/old/name"] = faults.redirect("/New-Home/Name", 301)
    world.faults["https://github.com/New-Home/Name"] = faults.answer(plain)
    seen = look(["old/name"], proxied=True)["old/name"]
    assert verdict(seen) == (Outcome.MOVED, Reason.RENAMED, 200)
    assert seen.suggested_url == f"{GITHUB}/New-Home/Name"
    assert seen.facts == {"full_name": "New-Home/Name"}


def test_a_death_is_confirmed_by_rest_once(look: Look, world: World, mode: bool) -> None:
    world.github.deleted.add("o/gone")
    world.github.blocked["o/dmca"] = "dmca"
    world.github.missing_owners.add("nobody")
    seen = look(["o/gone", "o/gone/tree/main/x", "o/dmca", "nobody", "o/n"], proxied=mode)
    assert {path: verdict(observation) for path, observation in seen.items()} == {
        "o/gone": (Outcome.NOT_FOUND, Reason.NOT_FOUND, 404),
        "o/gone/tree/main/x": (Outcome.NOT_FOUND, Reason.NOT_FOUND, 404),
        "o/dmca": (Outcome.GONE, Reason.LEGAL, 451),
        "nobody": (Outcome.NOT_FOUND, Reason.NOT_FOUND, 404),
        "o/n": (Outcome.ALIVE, Reason.OK, 200),
    }
    assert len(world.requests_to("api.github.com")) == 3


def test_a_page_that_is_missing_where_rest_has_the_repository_is_no_death(look: Look, world: World) -> None:
    world.faults["https://github.com/o/n"] = faults.status(404)
    seen = look(["o/n"])["o/n"]
    assert verdict(seen) == (Outcome.ALIVE, Reason.OK, 200)
    assert "pushed_at" in seen.facts


def test_a_death_that_the_quota_cannot_confirm_stays_open(look: Look, world: World) -> None:
    world.github.limits["anonymous"] = 2
    world.github.deleted |= {f"o/gone{number}" for number in range(12)}
    seen = look([f"o/gone{number}" for number in range(12)] + ["o/n"])
    outcomes = [observation.outcome for observation in seen.values()]
    assert outcomes.count(Outcome.NOT_FOUND) == 2
    assert outcomes.count(Outcome.THROTTLED) == 10
    assert outcomes.count(Outcome.ALIVE) == 1
    assert len(world.requests_to("api.github.com")) <= 2 + 4, "what is under way cannot be recalled"


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        pytest.param(faults.refused(), Outcome.SKIPPED, id="refused"),
        pytest.param(faults.status(500), Outcome.FAILED, id="500"),
        pytest.param(faults.status(503), Outcome.FAILED, id="503"),
        pytest.param(faults.status(418), Outcome.SKIPPED, id="418"),
        pytest.param(faults.answer(Response.of_html("<h1>portal</h1>")), Outcome.SKIPPED, id="portal"),
    ],
)
def test_a_death_that_rest_does_not_confirm_says_nothing(
    look: Look, world: World, fault: faults.Fault, expected: Outcome
) -> None:
    world.github.deleted.add("o/gone")
    world.faults["api.github.com"] = fault
    seen = look(["o/gone"], proxied=True)["o/gone"]
    assert seen.outcome is expected
    assert seen.facts == {}


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        pytest.param(faults.status(403), (Outcome.RESTRICTED, Reason.BOT_WALL, 403), id="bot wall"),
        pytest.param(faults.status(401), (Outcome.RESTRICTED, Reason.LOGIN_REQUIRED, 401), id="401"),
        pytest.param(faults.status(500), (Outcome.FAILED, Reason.SERVER_ERROR, 500), id="500"),
        pytest.param(faults.status(502), (Outcome.FAILED, Reason.SERVER_ERROR, 502), id="502"),
        pytest.param(
            faults.answer(Response.of_html("<h1>Welcome to the hotel</h1>")),
            (Outcome.SKIPPED, Reason.SKIPPED, 200),
            id="another page",
        ),
    ],
)
def test_pages_that_show_no_repository(
    look: Look, world: World, fault: faults.Fault, expected: tuple[Outcome, Reason, int | None]
) -> None:
    world.faults["github.com"] = fault
    seen = look(["o/n", "o/n/tree/main/x", "acme"])
    assert {verdict(observation) for observation in seen.values()} == {expected}
    assert not any(observation.facts for observation in seen.values())
    assert world.requests_to("api.github.com") == []


def test_a_login_wall_restricts(look: Look, world: World, mode: bool) -> None:
    world.github.walled = True
    seen = look(["o/n"], proxied=mode)["o/n"]
    assert verdict(seen) == (Outcome.RESTRICTED, Reason.LOGIN_REQUIRED, 200)


def test_too_many_requests_leave_links_due(look: Look, world: World) -> None:
    world.faults["github.com"] = faults.status(429, retry_after=3_600)
    seen = look([f"o/n{number}" for number in range(30)])
    assert {observation.outcome for observation in seen.values()} == {Outcome.THROTTLED}
    assert {observation.reason for observation in seen.values()} == {Reason.RATE_LIMITED}
    assert len(world.requests) <= 4


@pytest.mark.parametrize(
    "fault",
    [faults.refused(), faults.no_such_host(), faults.closed(), faults.reset(), faults.hang()],
    ids=["refused", "no such host", "closed", "reset", "hang"],
)
def test_a_site_that_does_not_answer_is_no_word_about_a_repository(
    look: Look, world: World, fault: faults.Fault, mode: bool
) -> None:
    world.faults["github.com"] = fault
    seen = look(["o/n", "acme"], proxied=mode, network={"timeout_seconds": 0.2})
    assert {observation.outcome for observation in seen.values()} <= {Outcome.FAILED, Outcome.SKIPPED}
    assert {observation.http_status for observation in seen.values()} == {None}


class TestPaths:
    def test_a_missing_file_is_a_missing_path(self, look: Look, world: World) -> None:
        world.github.missing_paths.add("o/n:main/gone.md")
        seen = look(["o/n/blob/main/gone.md", "o/n/blob/main/there.md"])
        assert verdict(seen["o/n/blob/main/gone.md"]) == (Outcome.NOT_FOUND, Reason.PATH_MISSING, 404)
        assert seen["o/n/blob/main/there.md"].outcome is Outcome.ALIVE
        assert world.requests_to("api.github.com") == []

    def test_a_renamed_branch_redirects_for_a_while(self, look: Look, world: World) -> None:
        world.github.fields["o/n"] = {"default_branch": "main"}
        world.github.renamed_branches["o/n:master"] = "main"
        seen = look(["o/n/tree/master/docs"])["o/n/tree/master/docs"]
        assert verdict(seen) == (Outcome.ALIVE, Reason.OK, 200)
        assert seen.redirect_chain == (Hop(f"{GITHUB}/o/n/tree/master/docs", 302),)

    def test_a_permanent_redirect_inside_a_repository_moves_the_path(self, look: Look, world: World) -> None:
        here, there = "https://github.com/o/n/blob/main/a", "https://github.com/o/n/tree/main/a"
        world.faults[here] = faults.redirect("/o/n/tree/main/a", 301)
        seen = look(["o/n/blob/main/a"], proxied=True)["o/n/blob/main/a"]
        assert verdict(seen) == (Outcome.MOVED, Reason.REDIRECTED, 200)
        assert seen.suggested_url == there

    @pytest.mark.parametrize("view", ["raw", "blame", "edit"])
    def test_other_views_of_a_file_are_asked_for_as_its_page(
        self, look: Look, world: World, view: str
    ) -> None:
        seen = look([f"o/n/{view}/main/a.md"])[f"o/n/{view}/main/a.md"]
        assert verdict(seen) == (Outcome.ALIVE, Reason.OK, 200)
        assert [request.path for request in world.requests] == ["/o/n", "/o/n/blob/main/a.md"]

    def test_a_path_page_that_fails_says_nothing(self, look: Look, world: World) -> None:
        world.faults["https://github.com/o/n/tree/main/docs"] = faults.status(500)
        seen = look(["o/n", "o/n/tree/main/docs"])
        assert seen["o/n"].outcome is Outcome.ALIVE
        assert verdict(seen["o/n/tree/main/docs"]) == (Outcome.FAILED, Reason.SERVER_ERROR, 500)


class TestReusedNames:
    def test_the_link_follows_the_first_repository(self, look: Look, world: World, mode: bool) -> None:
        known = repository_id(world, "o/n")
        world.github.renamed["o/n"] = "New/Home"
        world.github.recreated["o/n"] = 1
        seen = look([question("o/n", known)], proxied=mode)["o/n"]
        assert verdict(seen) == (Outcome.MOVED, Reason.RENAMED, 200)
        assert seen.suggested_url == f"{GITHUB}/New/Home"
        assert seen.facts["host_id"] == known
        assert "(id " in (seen.stranger or "")

    def test_a_gone_first_repository_lends_no_facts(self, look: Look, world: World) -> None:
        world.github.recreated["o/n"] = 1
        seen = look([question("o/n", 77)])["o/n"]
        assert seen.outcome is Outcome.ALIVE
        assert seen.facts == {}
        assert seen.host_id == str(repository_id(world, "o/n#1"))


def test_no_token_is_ever_sent(look: Look, world: World) -> None:
    world.github.deleted.add("o/gone")
    look(["o/n", "o/gone", "acme"])
    assert len(world.requests) == 4
    assert not any("authorization" in request.headers for request in world.requests)
