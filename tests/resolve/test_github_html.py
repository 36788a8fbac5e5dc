"""Public pages → what they surely tell. The pages here are made up in the shape of real ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crawler.resolve.github.html import has_login_form, read_owner_page, read_repository_page

ADDRESS = "Some-Owner/side_card"
META = """
<meta name="octolytics-dimension-repository_id" content="1224309473" />
<meta name="octolytics-dimension-repository_nwo" content="Some-Owner/side_card" />
<meta name="octolytics-dimension-repository_is_fork" content="true" />
"""
STARS = (
    '<span id="repo-stars-counter-star" aria-label="96979 users starred this repository"'
    ' title="96,979" class="Counter js-social-count">97k</span>'
)
FORKS = '<span id="repo-network-counter" title="1,204" class="Counter">1.2k</span>'
LICENSE = (
    '<h3 class="sr-only">License</h3><div class="mt-2"><a href="/Some-Owner/side_card/blob/main/LICENSE"'
    ' class="Link--muted">\n <svg aria-hidden="true" class="octicon octicon-law mr-2"><path></path></svg>'
    "\n    MIT license\n</a></div>"
)
BANNER = (
    '<div class="flash flash-warn">This repository was archived by the owner on\n Dec 6, 2025.'
    " It is now read-only.</div>"
)


def page(body: str, head: str = META) -> bytes:
    return f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>".encode()


def facts_of(body: str, head: str = META) -> dict[str, Any]:
    repository = read_repository_page(page(body, head), ADDRESS)
    assert repository is not None
    return repository.facts


def embedded(value: object) -> str:
    data = json.dumps(value)
    return f'<script type="application/json" data-target="react-app.embeddedData">{data}</script>'


def test_a_whole_page() -> None:
    about = {
        "payload": {
            "codeViewRepoRoute": {
                "sidebarAbout": {"stargazerCount": 1, "forksCount": 2, "description": "A card"},
                "repo": {"defaultBranch": "trunk"},
            }
        }
    }
    body = (
        '<span class="Label Label--secondary">Public</span>'
        f"{STARS}{FORKS}{LICENSE}{embedded(about)}"
        '<a href="/topics/llm" class="topic-tag"> llm </a>'
        '<li class="d-inline"><a href="/Some-Owner/side_card/search?l=python">'
        '<span class="color-fg-default text-bold mr-1">Python</span><span>98.2%</span></a></li>'
    )
    repository = read_repository_page(page(body), ADDRESS)
    assert repository is not None
    assert repository.host_id == 1224309473
    assert repository.facts == {
        "full_name": "Some-Owner/side_card",
        "host_id": 1224309473,
        "stars": 96_979,
        "forks": 1_204,
        "license": "MIT",
        "archived": False,
        "fork": True,
        "default_branch": "trunk",
        "language": "Python",
        "topics": ["llm"],
        "description": "A card",
    }


def test_a_rounded_number_is_no_number() -> None:
    assert "stars" not in facts_of('<span id="repo-stars-counter-star">97k</span>')


def test_embedded_data_stands_in_for_missing_counters() -> None:
    facts = facts_of(embedded({"anywhere": [{"stargazerCount": 12, "forksCount": 0}]}))
    assert (facts["stars"], facts["forks"]) == (12, 0)


@pytest.mark.parametrize("data", ['{"stargazerCount": 1', "null", "[" * 100_000 + '"stargazerCount"'])
def test_broken_embedded_data_does_no_harm(data: str) -> None:
    script = f'<script type="application/json" data-target="react-app.embeddedData">{data}</script>'
    assert facts_of(script + STARS)["stars"] == 96_979


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(BANNER, True, id="banner"),
        pytest.param('<span class="Label">Public archive</span>', True, id="label"),
        pytest.param('<span class="Label">Public</span>', False, id="public"),
        pytest.param('<span class="Label">Public template</span>', False, id="template"),
        pytest.param(STARS, None, id="not told"),
        pytest.param(f'<article class="markdown-body">{BANNER}</article>', None, id="a readme about another"),
        pytest.param(
            f'<span class="Label">Public</span><article>{BANNER}</article>', False, id="a readme, and alive"
        ),
    ],
)
def test_archived(body: str, expected: bool | None) -> None:
    assert facts_of(body).get("archived") is expected


def test_no_license_line_is_not_told_as_none() -> None:
    assert "license" not in facts_of(STARS)


@pytest.mark.parametrize(
    ("body", "head"),
    [
        pytest.param(STARS, "", id="counter"),
        pytest.param("", "<title>GitHub - some-owner/side_card: A card</title>", id="title"),
        pytest.param("", "<title>a.md at main · Some-Owner/side_card · GitHub</title>", id="title of a path"),
    ],
)
def test_a_page_of_an_unknown_layout_is_named_by_its_address(body: str, head: str) -> None:
    repository = read_repository_page(page(body, head), ADDRESS)
    assert repository is not None
    assert repository.full_name == ADDRESS
    assert "full_name" not in repository.facts, "the address may be in any case"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        page("<h1>404</h1>", head=""),
        page('<form action="/session"><input type="password"></form>', head=""),
        page("<p>Please switch to a supported browser</p>", head="<title>GitHub</title>"),
        b"\xff\xfe\x00broken",
    ],
)
def test_other_pages_are_no_repository(content: bytes) -> None:
    assert read_repository_page(content, ADDRESS) is None


def test_owner_pages() -> None:
    head = (
        '<meta name="hovercard-subject-tag" content="organization:12345">'
        '<meta name="octolytics-dimension-user_login" content="Acme">'
    )
    owner = read_owner_page(page('<h1><span itemprop="name"> Acme\n Labs</span></h1>', head), "acme")
    assert owner is not None
    assert owner.facts == {"login": "Acme", "name": "Acme Labs", "type": "Organization"}
    assert read_owner_page(page(STARS), "acme") is None
    titled = read_owner_page(page("", "<title>acme (Acme Labs) · GitHub</title>"), "acme")
    assert titled is not None
    assert titled.facts == {"login": "acme"}


def test_login_form() -> None:
    form = '<form action="/session" method="post"><input type="password" name="password"></form>'
    assert has_login_form(page(form, head=""))
    assert not has_login_form(page('<a href="/login">Sign in</a>', head=""))
