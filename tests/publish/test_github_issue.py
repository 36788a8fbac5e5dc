"""One issue per list, through PyGithub against a made-up GitHub that keeps issues."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import pytest

from crawler.errors import UnableError, UsageError
from crawler.fetch.environment import NetworkEnvironment
from crawler.publish.github_issue import mark_of, publish_issues
from crawler.report.issue_text import MOST_CHARACTERS, ListIssue, _within_limit
from crawler.settings import GitHubSettings, Settings

TOKEN = "ghp_made_up_token_for_tests_000000000000"


class GitHub:
    """The issues of one repository; `me` is whose token it is."""

    def __init__(self) -> None:
        self.issues: list[dict[str, Any]] = []
        self.writes = 0
        self.refuses = False
        github = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if github.refuses:
                    self.say({"message": "Not Found"}, 404)
                elif self.path == "/user":
                    self.say({"login": "me"})
                else:
                    page = int(re.search(r"[?&]page=(\d+)", self.path)[1])  # type: ignore[index]
                    self.say(github.issues[(page - 1) * 100 : page * 100])

            def do_POST(self) -> None:
                github.writes += 1
                issue = github.issue(**self.read())
                self.say(issue, 201)

            def do_PATCH(self) -> None:
                github.writes += 1
                number = int(self.path.rpartition("/")[2])
                issue = github.issues[number - 1]
                issue.update(self.read())
                self.say(issue)

            def read(self) -> Any:
                return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

            def say(self, told: Any, status: int = 200) -> None:
                body = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        url = f"http://127.0.0.1:{self.server.server_port}"
        self.settings = msgspec.structs.replace(Settings(), github=GitHubSettings(api_url=url))

    def issue(self, body: str, title: str = "x", state: str = "open", login: str = "me") -> dict[str, Any]:
        made = {
            "number": len(self.issues) + 1,
            "title": title,
            "body": body,
            "state": state,
            "user": {"login": login, "type": "User"},
            "author_association": "NONE",
        }
        self.issues.append(made)
        return made

    def publish(
        self, *issues: ListIssue, write: bool = True, tokens: tuple[str, ...] = (TOKEN,)
    ) -> list[str]:
        environment = NetworkEnvironment(github_tokens=tokens)
        steps = publish_issues(issues, "someone/lists", self.settings, environment, write=write)
        return [str(step) for step in steps]


@pytest.fixture
def github() -> Iterator[GitHub]:
    made = GitHub()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def stale(body: str | None = "- one\n", *, is_news: bool = False, document: str = "list") -> ListIssue:
    return ListIssue(document, f"Stale links: {document}", body, "All well.", is_news, 1 if body else 0)


def test_opened_updated_closed_and_opened_again_is_one_issue(github: GitHub) -> None:
    assert github.publish(stale()) == ["list: open (1 open)"]
    assert github.publish(stale()) == ["list: nothing to do #1 (1 open)"]
    assert github.publish(stale("- two\n")) == ["list: update #1 (1 open)"]
    assert github.issues[0]["body"] == f"- two\n\n{mark_of('list')}"
    assert github.publish(stale(None)) == ["list: close #1 (0 open)"]
    assert github.issues[0]["state"] == "closed"
    assert github.publish(stale(None)) == ["list: nothing to do #1 (0 open)"]
    assert github.publish(stale()) == ["list: reopen #1 (1 open)"]
    assert [issue["state"] for issue in github.issues] == ["open"]


def test_a_dry_run_writes_nothing(github: GitHub) -> None:
    assert github.publish(stale(), write=False, tokens=()) == ["list: open (1 open)"]
    assert github.writes == 0


def test_each_list_has_its_own(github: GitHub) -> None:
    github.publish(stale(), stale(document="list-->"), stale(None, document="fine"))
    assert len(github.issues) == 2
    github.publish(stale(), stale(document="list-->"))
    assert len(github.issues) == 2


def test_what_a_person_closed_stays_closed_until_something_changes(github: GitHub) -> None:
    github.publish(stale())
    github.issues[0]["state"] = "closed"
    assert "left closed" in github.publish(stale("- two\n"))[0]
    assert github.issues[0]["state"] == "closed"
    assert github.publish(stale("- two\n", is_news=True)) == ["list: reopen #1 (1 open)"]


def test_it_is_found_behind_many_others(github: GitHub) -> None:
    for _ in range(150):
        github.issue("something else")
    github.publish(stale())
    assert github.publish(stale()) == ["list: nothing to do #151 (1 open)"]


def test_an_issue_of_a_stranger_with_our_mark_is_not_ours(github: GitHub) -> None:
    github.issue(f"look at me\n{mark_of('list')}", login="stranger")
    assert github.publish(stale()) == ["list: open (1 open)"]
    assert github.issues[0]["body"].startswith("look at me")


def test_a_web_edit_with_other_line_ends_is_still_ours(github: GitHub) -> None:
    github.issue(f"- one\r\n\r\n{mark_of('list')}\r\n", title="Stale links: list")
    assert github.publish(stale()) == ["list: update #1 (1 open)"]


def test_writing_takes_a_token(github: GitHub) -> None:
    with pytest.raises(UsageError, match="token"):
        github.publish(stale(), tokens=())


def test_a_refusal_says_so(github: GitHub) -> None:
    github.refuses = True
    with pytest.raises(UnableError, match="404"):
        github.publish(stale())


@pytest.mark.parametrize("name", ["lists", "a/b/c", "../x", "a/b?c=d", ""])
def test_what_is_no_repository_is_refused(github: GitHub, name: str) -> None:
    with pytest.raises(UsageError, match="no repository"):
        list(publish_issues([], name, github.settings, NetworkEnvironment(), write=False))


def test_a_long_report_is_cut_at_a_line() -> None:
    told = "".join(_within_limit(iter(["\\@someone and more\n"] * 10_000), "There is more."))
    assert told.endswith("There is more.\n")
    assert len(told) < MOST_CHARACTERS
