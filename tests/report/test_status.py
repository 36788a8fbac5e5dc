"""`status`: runs, health, requests, schedule."""

import json
from datetime import UTC, datetime

import pytest

from crawler.config import Config
from crawler.records import RunState
from crawler.report.status import describe_status, status_lines
from crawler.settings import ScheduleSettings, Settings
from tests.report.conftest import ALPACA, Nights, missing

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def lines(nights: Nights) -> list[str]:
    return list(status_lines(describe_status(nights.config, NOW)))


def test_before_the_first_crawl(nights: Nights) -> None:
    assert lines(nights) == [
        f"database: {nights.database} (not there yet)",
        "health: 6 links, 6 unknown",
        "",
        "not crawled yet: `crawler run` looks at every link",
        "next crawl: 2026-11-21 02:30 UTC, while `crawler schedule` is up",
    ]


def test_after_some_nights(nights: Nights) -> None:
    nights.pass_night(summary={"looked_at": 6})
    nights.pass_night(missing(ALPACA), state=RunState.FAILED)
    nights.pass_night(
        missing(ALPACA),
        summary={"looked_at": 6},
        requests={"api.github.com": 1_002, "export.arxiv.org": 2, "example.org": 12, "example.com": 12},
    )
    told = lines(nights)
    assert told[0].startswith(f"database: {nights.database} (0.")
    assert told[1:] == [
        "health: 6 links, 1 suspect, 5 healthy",
        "",
        "run 3  finished  2026-11-03 02:30 UTC  5m00s  6 links  1,028 requests",
        "run 2  failed    2026-11-02 02:30 UTC  5m00s           4 requests",
        "run 1  finished  2026-11-01 02:30 UTC  5m00s  6 links  4 requests",
        "",
        "requests of run 3",
        "    1,002  api.github.com",
        "       12  example.com",
        "       12  example.org",
        "        2  export.arxiv.org",
        "API requests of run 3: 1,002 to api.github.com, 2 to export.arxiv.org",
        "",
        "next crawl: 2026-11-21 02:30 UTC, while `crawler schedule` is up",
    ]


def test_beside_a_running_crawl(nights: Nights) -> None:
    with nights.open() as store:
        nights.begin(store)
        told = lines(nights)
    assert "run 1  running  2026-11-01 02:30 UTC      0 requests" in told
    assert "API requests of run 1: none" in told


def test_only_the_latest_runs_are_shown(nights: Nights) -> None:
    for _ in range(7):
        nights.pass_night()
    assert [line.split()[1] for line in lines(nights) if line.startswith("run ")] == ["7", "6", "5", "4", "3"]


def test_many_hosts_are_summed_up(nights: Nights) -> None:
    nights.pass_night(requests={f"host{number:02}.example": 1 for number in range(14)})
    assert "        4  4 more hosts" in lines(nights)


@pytest.mark.parametrize(
    ("schedule", "told"),
    [
        (ScheduleSettings(crawl=""), ["nothing is scheduled"]),
        (
            ScheduleSettings(crawl="0 4 * * 0", recheck="15 * * * *", timezone="Asia/Shanghai"),
            [
                "next crawl: 2026-11-21 20:00 UTC, while `crawler schedule` is up",
                "next recheck: 2026-11-20 12:15 UTC, while `crawler schedule` is up",
            ],
        ),
    ],
    ids=["off", "two jobs"],
)
def test_what_is_scheduled(nights: Nights, schedule: ScheduleSettings, told: list[str]) -> None:
    nights.config = Config(Settings(schedule=schedule), nights.config.path)
    assert lines(nights)[-len(told) :] == told


def test_as_json(nights: Nights) -> None:
    nights.made_up = True
    nights.pass_night(summary={"looked_at": 6})
    described = json.loads(json.dumps(describe_status(nights.config, NOW)))
    size = described["database"].pop("bytes")
    assert size == nights.database.stat().st_size
    assert described == {
        "database": {"path": str(nights.database)},
        "made_up": True,
        "health": {"unknown": 0, "healthy": 6, "moved": 0, "restricted": 0, "suspect": 0, "dead": 0},
        "runs": [
            {
                "id": 1,
                "state": "finished",
                "started_at": "2026-11-01T02:30:00Z",
                "finished_at": "2026-11-01T02:35:00Z",
                "looked_at": 6,
                "requests": {"api.github.com": 3, "example.org": 1},
            }
        ],
        "outages": [],
        "api_requests": {"api.github.com": 3},
        "next_runs": {"crawl": "2026-11-21T02:30:00Z"},
    }
    assert lines(nights)[0].startswith("Made-up data: ")
