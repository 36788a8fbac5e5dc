"""The sandbox's archives, in the shapes their services answer."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from crawler.sandbox.server import Sandbox
from crawler.sandbox.world import World

PAGE = "http://example.org/page"


@pytest.fixture
def known(world: World) -> World:
    world.archive.captures["https://example.org/page"] = [
        "20230101000000",
        "20240601000000",
        "20250101000000",
    ]
    world.archive.captures["https://example.org/never"] = []
    return world


def get(sandbox: Sandbox, address: str, **query: Any) -> httpx.Response:
    return httpx.get(f"{sandbox.url}/{address}", params=query, trust_env=False, follow_redirects=True)


def test_availability_gives_the_closest_capture(sandbox: Sandbox, known: World) -> None:
    answer = get(sandbox, "archive.org/wayback/available", url=PAGE, timestamp="20240701")
    assert answer.json() == {
        "url": PAGE,
        "timestamp": "20240701",
        "archived_snapshots": {
            "closest": {
                "status": "200",
                "available": True,
                "url": f"http://web.archive.org/web/20240601000000/{PAGE}",
                "timestamp": "20240601000000",
            }
        },
    }


def test_availability_of_nothing(sandbox: Sandbox, known: World) -> None:
    answer = get(sandbox, "archive.org/wayback/available", url="https://example.org/never", timestamp="2024")
    assert (answer.status_code, answer.json()["archived_snapshots"]) == (200, {})


def test_availability_forgets_when_no_time_is_asked_for(sandbox: Sandbox) -> None:
    forgotten = 0
    for number in range(60):
        url = f"https://example.org/{number}"
        with_time = get(sandbox, "archive.org/wayback/available", url=url, timestamp="2026").json()
        without = get(sandbox, "archive.org/wayback/available", url=url).json()
        forgotten += bool(with_time["archived_snapshots"]) and not without["archived_snapshots"]
    assert forgotten > 0


def test_cdx_as_json_and_text(sandbox: Sandbox, known: World) -> None:
    query = {"url": PAGE, "limit": "-1", "filter": "statuscode:200", "fl": "timestamp,original,statuscode"}
    answer = get(sandbox, "web.archive.org/cdx/search/cdx", output="json", **query)
    assert answer.json() == [
        ["timestamp", "original", "statuscode"],
        ["20250101000000", PAGE, "200"],
    ]
    assert get(sandbox, "web.archive.org/cdx/search/cdx", **query).text == f"20250101000000 {PAGE} 200\n"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"limit": "1"}, ["20230101000000"]),
        ({"from": "2024", "to": "2024"}, ["20240601000000"]),
        ({"sort": "closest", "closest": "20241201", "limit": "1"}, ["20250101000000"]),
        ({"filter": "statuscode:404"}, []),
        ({"filter": "!statuscode:200"}, []),
        ({"filter": "statuscode:2.."}, ["20230101000000", "20240601000000", "20250101000000"]),
    ],
)
def test_cdx_chooses(sandbox: Sandbox, known: World, query: dict[str, str], expected: list[str]) -> None:
    answer = get(sandbox, "web.archive.org/cdx/search/cdx", url=PAGE, output="json", fl="timestamp", **query)
    assert [row[0] for row in answer.json()[1:]] == expected


def test_cdx_of_a_blocked_site(sandbox: Sandbox, known: World) -> None:
    known.archive.blocked_hosts.add("example.org")
    answer = get(sandbox, "web.archive.org/cdx/search/cdx", url=PAGE)
    assert answer.status_code == 403
    assert "AdministrativeAccessControlException" in answer.text


def test_a_capture_can_be_read(sandbox: Sandbox, known: World) -> None:
    answer = get(sandbox, f"web.archive.org/web/2024/{PAGE}")
    assert (answer.status_code, "20240601000000" in answer.text) == (200, True)
    assert get(sandbox, "web.archive.org/web/2024/https://example.org/never").status_code == 404


@pytest.mark.parametrize("spelling", ["https://github.com/a/b", "https%3A%2F%2Fgithub.com%2Fa%2Fb"])
def test_software_heritage_visit(sandbox: Sandbox, world: World, spelling: str) -> None:
    world.archive.origins["https://github.com/a/b"] = "2026-01-01T00:00:00+00:00"
    answer = get(sandbox, f"archive.softwareheritage.org/api/1/origin/{spelling}/visit/latest/")
    assert answer.json()["origin"] == "https://github.com/a/b"
    assert answer.json()["date"] == "2026-01-01T00:00:00+00:00"
    assert answer.headers["X-RateLimit-Limit"] == "120"


def test_software_heritage_without_the_origin(sandbox: Sandbox, world: World) -> None:
    world.archive.origins["https://github.com/a/b"] = None
    address = "archive.softwareheritage.org/api/1/origin/https://github.com/a/b/visit/latest/"
    answer = get(sandbox, address)
    assert (answer.status_code, answer.json()["exception"]) == (404, "NotFoundExc")


def test_archives_agree_with_themselves(world: World) -> None:
    from crawler.sandbox.archive import captures_of

    urls = [f"https://example.org/{number}" for number in range(300)]
    archived = [bool(captures_of(world, url)) for url in urls]
    assert archived == [bool(captures_of(world, url.replace("https", "http"))) for url in urls]
    assert 150 < sum(archived) < 260
