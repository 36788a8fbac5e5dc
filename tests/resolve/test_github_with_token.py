"""The GitHub resolver with tokens, through PyGithub, against the sandbox. All repositories are made up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import pytest

from crawler.links.classify import link_of
from crawler.records import Known, Observation, Outcome, Question, Reason
from crawler.resolve.github.resolver import GitHubResolver
from crawler.sandbox import faults
from crawler.sandbox.github_repositories import find_repository, repository_id
from crawler.sandbox.messages import Request
from crawler.sandbox.world import World

Look: TypeAlias = Callable[..., dict[str, Observation]]
TOKEN = "ghp_made_up_for_the_sandbox"
GITHUB = "https://github.com"


def question(path: str, host_id: int | None = None) -> Question:
    return Question(link_of(f"{GITHUB}/{path}"), Known(host_id=None if host_id is None else str(host_id)))


@pytest.fixture(params=["origin", "proxy"])
def mode(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "proxy")


@pytest.fixture
def look(ask: Callable[..., Any]) -> Look:
    """Observations by path, of one call with one token."""

    def look_once(
        questions: Iterable[str | Question], *, tokens: str = TOKEN, **options: Any
    ) -> dict[str, Observation]:
        asked = [part if isinstance(part, Question) else question(part) for part in questions]
        seen = ask(GitHubResolver, asked, variables={"GITHUB_TOKEN": tokens}, **options)
        return {
            observation.link.canonical_url.removeprefix(f"{GITHUB}/"): observation
            for observation in seen.observations
        }

    return look_once


def api_requests(world: World) -> tuple[list[Request], list[Request]]:
    """(GraphQL, REST) requests that the API got."""
    requests = world.requests_to("api.github.com")
    graphql = [request for request in requests if request.path == "/graphql"]
    return graphql, [request for request in requests if request.path != "/graphql"]


def verdict(observation: Observation) -> tuple[Outcome, Reason, int | None]:
    return observation.outcome, observation.reason, observation.http_status


def test_repositories_paths_and_owners_in_one_request(look: Look, world: World, mode: bool) -> None:
    world.github.organizations.add("acme")
    seen = look(["o/n", "o/n/tree/main/docs", "o/n/blob/main/README.md", "acme", "p/q"], proxied=mode)
    assert {observation.outcome for observation in seen.values()} == {Outcome.ALIVE}
    graphql, rest = api_requests(world)
    assert (len(graphql), len(rest), len(world.requests)) == (1, 0, 1)
    assert seen["acme"].facts == {"login": "acme", "name": "Acme (made up)", "type": "Organization"}
    assert seen["o/n"].facts == seen["o/n/tree/main/docs"].facts
    repository = find_repository(world, "o/n")
    assert repository is not None
    assert seen["o/n"].facts["stars"] == repository.rest["stargazers_count"]
    assert seen["o/n"].facts["host_id"] == repository.rest["id"]
    assert seen["o/n"].host_id == str(repository.rest["id"])
    assert set(seen["o/n"].facts) >= {
        "full_name",
        "license",
        "archived",
        "pushed_at",
        "default_branch",
        "topics",
    }


def test_requests_and_bytes_are_counted_by_host(ask: Callable[..., Any], world: World, mode: bool) -> None:
    world.github.renamed["o/gone"] = "o/new"
    world.github.hidden.add("o/gone")
    asked = ask(GitHubResolver, [question("o/gone")], variables={"GITHUB_TOKEN": TOKEN}, proxied=mode)
    host = "api.github.com" if mode else "127.0.0.1"
    assert asked.meter.requests() == {host: 3}
    assert len(world.requests) == 3
    assert asked.meter.bytes()[host] > 500
    assert verdict(asked.only) == (Outcome.MOVED, Reason.RENAMED, 200)


def test_a_renamed_repository_moves_its_paths_along(look: Look, world: World) -> None:
    world.github.renamed["old/name"] = "New-Home/Name"
    known = repository_id(world, "old/name")
    seen = look([question("old/name", known), "old/name/tree/main/docs/a.md"])
    assert verdict(seen["old/name"]) == (Outcome.MOVED, Reason.RENAMED, 200)
    assert seen["old/name"].suggested_url == f"{GITHUB}/New-Home/Name"
    assert seen["old/name"].host_id == str(known)
    assert seen["old/name"].facts["full_name"] == "New-Home/Name"
    path = seen["old/name/tree/main/docs/a.md"]
    assert path.suggested_url == f"{GITHUB}/New-Home/Name/tree/main/docs/a.md"
    assert len(world.requests) == 1


def test_another_case_is_no_new_name(look: Look, world: World) -> None:
    world.github.fields["o/n"] = {"full_name": "O/N"}
    seen = look(["o/n"])["o/n"]
    assert seen.outcome is Outcome.ALIVE
    assert seen.suggested_url is None
    assert seen.facts["full_name"] == "O/N"


def test_archived_is_alive_and_disabled_is_restricted(look: Look, world: World) -> None:
    world.github.archived.add("o/archived")
    world.github.disabled.add("o/disabled")
    seen = look(["o/archived", "o/disabled"])
    assert verdict(seen["o/archived"]) == (Outcome.ALIVE, Reason.OK, 200)
    assert seen["o/archived"].facts["archived"] is True
    assert verdict(seen["o/disabled"]) == (Outcome.RESTRICTED, Reason.DISABLED, 200)
    assert seen["o/disabled"].facts["disabled"] is True


def test_licenses_as_served(look: Look, world: World) -> None:
    world.github.fields["o/none"] = {"license": None}
    world.github.fields["o/odd"] = {"license": {"key": "other", "name": "Other", "spdx_id": "NOASSERTION"}}
    world.github.fields["o/mit"] = {"license": {"key": "mit", "name": "MIT License", "spdx_id": "MIT"}}
    seen = look(["o/none", "o/odd", "o/mit"])
    assert {path: observation.facts["license"] for path, observation in seen.items()} == {
        "o/none": "NONE",
        "o/odd": "NOASSERTION",
        "o/mit": "MIT",
    }


def test_an_absence_is_confirmed_by_one_rest_request_each(look: Look, world: World, mode: bool) -> None:
    world.github.deleted.add("o/deleted")
    world.github.private.add("o/private")
    world.github.blocked |= {"o/dmca": "dmca", "o/terms": "tos"}
    world.github.missing_owners.add("nobody")
    world.github.hidden.add("o/there")
    seen = look(["o/deleted", "o/private", "o/dmca", "o/terms", "nobody", "o/there", "o/n"], proxied=mode)
    assert {path: verdict(observation) for path, observation in seen.items()} == {
        "o/deleted": (Outcome.NOT_FOUND, Reason.NOT_FOUND, 404),
        "o/private": (Outcome.NOT_FOUND, Reason.NOT_FOUND, 404),
        "o/dmca": (Outcome.GONE, Reason.LEGAL, 451),
        "o/terms": (Outcome.RESTRICTED, Reason.DISABLED, 403),
        "nobody": (Outcome.NOT_FOUND, Reason.NOT_FOUND, 404),
        "o/there": (Outcome.ALIVE, Reason.OK, 200),
        "o/n": (Outcome.ALIVE, Reason.OK, 200),
    }
    graphql, rest = api_requests(world)
    assert (len(graphql), len(rest)) == (1, 6)
    assert all(seen[path].facts == {} for path in ("o/deleted", "o/private", "o/dmca", "o/terms"))
    assert seen["o/there"].facts["full_name"]


def test_a_missing_repository_takes_its_paths_along(look: Look, world: World) -> None:
    world.github.deleted.add("o/n")
    seen = look(["o/n", "o/n/tree/main/docs"])
    assert {verdict(observation) for observation in seen.values()} == {
        (Outcome.NOT_FOUND, Reason.NOT_FOUND, 404)
    }
    assert len(api_requests(world)[1]) == 1


def test_a_private_repository_that_our_token_sees_tells_nothing(look: Look, world: World) -> None:
    world.github.private.add("o/secret")
    world.github.members.add(TOKEN)
    seen = look(["o/secret"])["o/secret"]
    assert verdict(seen) == (Outcome.RESTRICTED, Reason.LOGIN_REQUIRED, 200)
    assert seen.facts == {}


def test_one_forbidden_field_is_not_told_and_the_rest_is(look: Look, world: World) -> None:
    world.github.forbidden |= {"o/n": "licenseInfo", "o/whole": "stargazerCount"}
    seen = look(["o/n", "o/whole"])
    assert verdict(seen["o/n"]) == (Outcome.ALIVE, Reason.OK, 200)
    assert "license" not in seen["o/n"].facts
    assert seen["o/n"].facts["stars"] >= 0
    assert seen["o/whole"].outcome is Outcome.ALIVE, "a field that nulls its repository is not its absence"


def test_a_repository_whose_owner_refuses_tokens_is_asked_without(look: Look, world: World) -> None:
    world.github.sealed.add("o/sealed")
    seen = look(["o/sealed"])["o/sealed"]
    assert verdict(seen) == (Outcome.ALIVE, Reason.OK, 200)
    (page,) = world.requests_to("github.com")
    assert "authorization" not in page.headers


def test_a_broken_alias_is_asked_once_more(look: Look, world: World) -> None:
    world.github.broken |= {"o/once": 1, "o/ever": 9}
    seen = look(["o/once", "o/ever", "o/n"])
    assert seen["o/once"].outcome is Outcome.ALIVE
    assert verdict(seen["o/ever"]) == (Outcome.FAILED, Reason.SERVER_ERROR, 200)
    assert [len(part) for part in api_requests(world)] == [2, 0]


class TestPaths:
    def test_branches_with_slashes(self, look: Look, world: World) -> None:
        world.github.branches["o/n"] = {"feature/x"}
        seen = look(
            ["o/n/blob/feature/x/README.md", "o/n/tree/feature/x", "o/n/tree/refs/heads/feature/x/docs"]
        )
        assert {observation.outcome for observation in seen.values()} == {Outcome.ALIVE}
        assert len(world.requests) == 1

    def test_a_missing_file_is_a_missing_path(self, look: Look, world: World) -> None:
        world.github.missing_paths.add("o/n:main/gone.md")
        seen = look(["o/n", "o/n/blob/main/gone.md", "o/n/blob/main/there.md"])
        assert verdict(seen["o/n/blob/main/gone.md"])[:2] == (Outcome.NOT_FOUND, Reason.PATH_MISSING)
        assert seen["o/n"].outcome is seen["o/n/blob/main/there.md"].outcome is Outcome.ALIVE
        assert len(world.requests) == 1, "Git knows the branch: no further word is needed"

    def test_a_missing_branch_is_confirmed_by_rest(self, look: Look, world: World) -> None:
        world.github.missing_branches.add("o/n:old")
        seen = look(["o/n/tree/old/docs"])["o/n/tree/old/docs"]
        assert verdict(seen) == (Outcome.NOT_FOUND, Reason.PATH_MISSING, 404)
        assert [len(part) for part in api_requests(world)] == [1, 1]

    def test_a_renamed_default_branch_leads_on(self, look: Look, world: World, mode: bool) -> None:
        world.github.fields["o/n"] = {"default_branch": "main"}
        world.github.renamed_branches["o/n:master"] = "main"
        world.github.missing_paths.add("o/n:main/gone.md")
        seen = look(["o/n/blob/master/a/b.md", "o/n/tree/master", "o/n/blob/master/gone.md"], proxied=mode)
        assert verdict(seen["o/n/blob/master/a/b.md"]) == (Outcome.MOVED, Reason.RENAMED, 200)
        assert seen["o/n/blob/master/a/b.md"].suggested_url == f"{GITHUB}/o/n/blob/main/a/b.md"
        assert seen["o/n/tree/master"].suggested_url == f"{GITHUB}/o/n/tree/main"
        assert verdict(seen["o/n/blob/master/gone.md"])[:2] == (Outcome.NOT_FOUND, Reason.PATH_MISSING)

    def test_a_branch_renamed_to_another_than_the_default_says_nothing(
        self, look: Look, world: World
    ) -> None:
        world.github.fields["o/n"] = {"default_branch": "main"}
        world.github.renamed_branches["o/n:dev"] = "develop"
        assert look(["o/n/tree/dev/docs"])["o/n/tree/dev/docs"].outcome is Outcome.SKIPPED


class TestReusedNames:
    def test_the_link_follows_the_first_repository_to_its_new_home(
        self, look: Look, world: World, mode: bool
    ) -> None:
        known = repository_id(world, "o/n")
        world.github.renamed["o/n"] = "New/Home"
        world.github.recreated["o/n"] = 1
        seen = look([question("o/n", known), question("o/n/tree/main/docs", known)], proxied=mode)
        assert verdict(seen["o/n"]) == (Outcome.MOVED, Reason.RENAMED, 200)
        assert seen["o/n"].suggested_url == f"{GITHUB}/New/Home"
        assert seen["o/n"].host_id == str(known)
        assert seen["o/n"].facts["host_id"] == known
        assert seen["o/n"].facts["full_name"] == "New/Home"
        assert (seen["o/n"].stranger or "").startswith("o/n (id ")
        assert seen["o/n/tree/main/docs"].suggested_url == f"{GITHUB}/New/Home/tree/main/docs"
        assert len(api_requests(world)[1]) == 1

    def test_a_gone_first_repository_is_no_strike_and_lends_no_facts(self, look: Look, world: World) -> None:
        world.github.recreated["o/n"] = 1
        stranger = repository_id(world, "o/n#1")
        world.github.deleted.add("o/first")
        known = repository_id(world, "o/first")
        seen = look([question("o/n", known)])["o/n"]
        assert seen.outcome is Outcome.ALIVE
        assert seen.facts == {}
        assert seen.host_id == str(stranger)
        assert seen.stranger == f"o/n (id {stranger})"
        assert f"id {stranger}" in (seen.detail or "")

    def test_unless_rest_tells_nothing_is_said(self, look: Look, world: World) -> None:
        world.github.recreated["o/n"] = 1
        world.faults["https://api.github.com/repositories/*"] = faults.status(500)
        seen = look([question("o/n", 77)])["o/n"]
        assert verdict(seen) == (Outcome.FAILED, Reason.SERVER_ERROR, 500)
        assert seen.facts == {}

    def test_the_same_id_is_the_same_repository(self, look: Look, world: World) -> None:
        seen = look([question("o/n", repository_id(world, "o/n"))])["o/n"]
        assert seen.outcome is Outcome.ALIVE
        assert seen.detail is None
        assert len(world.requests) == 1


def test_many_repositories_are_few_requests(look: Look, world: World) -> None:
    seen = look([f"owner{number}/name" for number in range(260)] + [f"owner{number}" for number in range(20)])
    assert len(seen) == 280
    assert {observation.outcome for observation in seen.values()} == {Outcome.ALIVE}
    assert [len(part) for part in api_requests(world)] == [3, 0]


def test_stars_grow_from_night_to_night_and_nothing_else_changes(look: Look, world: World) -> None:
    first = look(["o/n"])["o/n"].facts
    world.next_night()
    second = look(["o/n"])["o/n"].facts
    assert {name for name in first if first[name] != second[name]} <= {"stars"}
    assert second["stars"] >= first["stars"]


def test_a_link_of_another_kind_is_passed_over(look: Look, world: World) -> None:
    seen = look(["topics/llm", "o/n"])
    assert seen["topics/llm"].outcome is Outcome.SKIPPED
    assert seen["o/n"].outcome is Outcome.ALIVE


def test_nothing_to_ask_asks_nothing(look: Look, world: World) -> None:
    assert look([]) == {}
    assert world.requests == []
