"""The sandbox's arXiv, in the shapes of the real one."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from crawler.resolve.arxiv.atom import parse_feed
from crawler.resolve.arxiv.oai import Presence, parse_record
from crawler.sandbox.server import Sandbox
from crawler.sandbox.world import World

PAPERS = [f"2301.{number:05}" for number in range(1, 16)]


def query(sandbox: Sandbox, *ids: str, **more: Any) -> httpx.Response:
    address = f"{sandbox.url}/export.arxiv.org/api/query"
    return httpx.get(address, params={"id_list": ",".join(ids), **more}, trust_env=False)


def get_record(sandbox: Sandbox, paper: str, **more: Any) -> httpx.Response:
    wish = {"verb": "GetRecord", "identifier": f"oai:arXiv.org:{paper}", "metadataPrefix": "arXivRaw"} | more
    return httpx.get(f"{sandbox.url}/oaipmh.arxiv.org/oai", params=wish, trust_env=False)


def test_ten_papers_unless_more_are_asked_for(sandbox: Sandbox) -> None:
    cut = parse_feed(query(sandbox, *PAPERS).content)
    assert (len(cut.papers), cut.total, cut.is_whole) == (10, 15, False)
    whole = parse_feed(query(sandbox, *PAPERS, max_results=15).content)
    assert ([paper.id for paper in whole.papers], whole.is_whole) == (PAPERS, True)
    rest = parse_feed(query(sandbox, *PAPERS, start=10).content)
    assert [paper.id for paper in rest.papers] == PAPERS[10:]


def test_an_unknown_paper_is_simply_not_there(sandbox: Sandbox, world: World) -> None:
    world.arxiv.unknown.add(PAPERS[1])
    feed = parse_feed(query(sandbox, *PAPERS[:3]).content)
    assert ([paper.id for paper in feed.papers], feed.total) == ([PAPERS[0], PAPERS[2]], 2)


def test_one_malformed_id_poisons_the_answer(sandbox: Sandbox) -> None:
    answer = query(sandbox, PAPERS[0], "abc")
    assert answer.status_code == 400
    assert "#incorrect_id_format_for_abc" in answer.text
    assert parse_feed(answer.content).error == "incorrect id format for abc"


def test_addresses_are_http_and_titles_are_wrapped(sandbox: Sandbox) -> None:
    text = query(sandbox, PAPERS[0]).text
    assert f"<id>http://arxiv.org/abs/{PAPERS[0]}v" in text
    assert "\n  (made up)" in text


def test_a_withdrawal_is_an_empty_version(sandbox: Sandbox, world: World) -> None:
    world.arxiv.versions[PAPERS[0]] = 2
    world.arxiv.withdrawn.add(PAPERS[0])
    answer = get_record(sandbox, PAPERS[0])
    assert answer.text.count("<version ") == 3
    assert "<size>0kb</size><source_type>I</source_type>" in answer.text
    told = parse_record(answer.content, PAPERS[0])
    assert (told.presence, told.withdrawn, told.version) == (Presence.FOUND, True, 3)


def test_feed_and_record_agree(sandbox: Sandbox) -> None:
    for paper in parse_feed(query(sandbox, *PAPERS, max_results=15).content).papers:
        told = parse_record(get_record(sandbox, paper.id).content, paper.id)
        assert told.version == paper.version
        assert told.facts is not None
        assert told.facts["title"] == paper.facts["title"]


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"verb": "ListEverything"}, "badVerb"),
        ({"metadataPrefix": "oai_dc"}, "cannotDisseminateFormat"),
        ({"identifier": "oai:arXiv.org:nonsense"}, "idDoesNotExist"),
    ],
)
def test_errors_of_oai(sandbox: Sandbox, wish: dict[str, str], code: str) -> None:
    answer = get_record(sandbox, PAPERS[0], **wish)
    assert (answer.status_code, f'code="{code}"' in answer.text) == (200, True)


def test_pages(sandbox: Sandbox, world: World) -> None:
    world.arxiv.unknown.add(PAPERS[1])
    found = httpx.get(f"{sandbox.url}/arxiv.org/abs/{PAPERS[0]}", trust_env=False)
    assert (found.status_code, "made up" in found.text) == (200, True)
    assert httpx.get(f"{sandbox.url}/arxiv.org/pdf/{PAPERS[1]}.pdf", trust_env=False).status_code == 404
