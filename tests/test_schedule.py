from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from apscheduler.triggers.cron import CronTrigger
from hypothesis import given
from hypothesis import strategies as st

from crawler.cron import Cron, next_run_at, parse_cron, was_missed
from crawler.errors import UsageError
from crawler.heartbeat import Heartbeat
from crawler.schedule import job_arguments
from crawler.settings import ScheduleSettings

SUNDAY = datetime(2026, 11, 15, tzinfo=UTC)


def times(cron: Cron, count: int, start: datetime) -> list[datetime]:
    """The next times after `start`."""
    found: list[datetime] = []
    while len(found) < count:
        time = cron.next_after(found[-1] if found else start)
        assert time is not None
        found.append(time)
    return found


def days(cron: Cron, count: int) -> list[str]:
    """The next days of an expression, as `Sun 15`."""
    return [time.strftime("%a %d") for time in times(cron, count, SUNDAY - timedelta(minutes=1))]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        pytest.param("0 0 * * 0", ["Sun 15", "Sun 22"], id="zero is Sunday"),
        pytest.param("0 0 * * 7", ["Sun 15", "Sun 22"], id="seven is Sunday"),
        pytest.param("0 0 * * 1", ["Mon 16", "Mon 23"], id="one is Monday"),
        pytest.param("0 0 * * 1-5", ["Mon 16", "Tue 17", "Wed 18", "Thu 19", "Fri 20", "Mon 23"], id="week"),
        pytest.param("0 0 * * fri-sun", ["Sun 15", "Fri 20", "Sat 21", "Sun 22"], id="names to Sunday"),
        pytest.param("0 0 * * 5-7", ["Sun 15", "Fri 20", "Sat 21", "Sun 22"], id="numbers to Sunday"),
        pytest.param("0 0 * * */2", ["Sun 15", "Tue 17", "Thu 19", "Sat 21", "Sun 22"], id="every other"),
        pytest.param("0 0 * * MON,Wed", ["Mon 16", "Wed 18"], id="case"),
        pytest.param("0 0 17 * 0", ["Sun 15", "Tue 17", "Sun 22"], id="day or weekday, as in cron"),
        pytest.param("0 0 */2 * *", ["Sun 15", "Tue 17"], id="days of the month"),
    ],
)
def test_weekdays_are_counted_as_cron_counts_them(expression: str, expected: list[str]) -> None:
    assert days(parse_cron(expression, "UTC"), len(expected)) == expected


@pytest.mark.parametrize(
    "expression",
    [
        *("* * * *", "61 * * * *", "0 0 * * 8", "0 0 * * 5-2", "0 0 * * */0", "a b c d e", "@daily", ""),
        *(
            "0 24 * * *",
            "0 0 0 * *",
            "0 0 * 13 *",
            "0 0 * foo *",
            "-1 0 * * *",
            "1, 0 * * *",
            "0 0 * * sun/x",
        ),
    ],
)
def test_a_bad_expression_is_one_clear_line(expression: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_cron(expression, "UTC", name="schedule.crawl")
    assert "schedule.crawl" in str(caught.value)
    assert repr(expression) in str(caught.value)


def test_next_times_are_in_the_configured_zone() -> None:
    settings = ScheduleSettings(timezone="Asia/Shanghai", crawl="30 2 * * *")
    assert next_run_at(settings, SUNDAY) == {"crawl": datetime(2026, 11, 15, 18, 30, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("expression", "start", "expected"),
    [
        pytest.param("0 6 29 2 *", "2026-03-01T00:00", ["2028-02-29T06:00"], id="leap day"),
        pytest.param(
            "*/20 3-4 * jan *", "2026-12-31T00:00", ["2027-01-01T03:00", "2027-01-01T03:20"], id="steps"
        ),
        pytest.param(
            "15,45 0 1 */6 *", "2026-12-31T00:00", ["2027-01-01T00:15", "2027-01-01T00:45"], id="lists"
        ),
        pytest.param("59 23 31 12 *", "2026-12-31T23:59", ["2027-12-31T23:59"], id="later, not now"),
        pytest.param("50/5 0 * * *", "2026-11-15T00:00", ["2026-11-15T00:50", "2026-11-15T00:55"], id="from"),
    ],
)
def test_times_of_an_expression(expression: str, start: str, expected: list[str]) -> None:
    found = times(parse_cron(expression, "UTC"), len(expected), datetime.fromisoformat(start + "+00:00"))
    assert [f"{time:%Y-%m-%dT%H:%M}" for time in found] == expected


@pytest.mark.parametrize(
    ("expression", "start", "expected"),
    [
        pytest.param(
            "30 2 * * *", "2026-03-28T12:00", ["2026-03-29T01:30", "2026-03-30T00:30"], id="skipped"
        ),
        pytest.param("30 2 * * *", "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30"], id="twice"),
        pytest.param(
            "0 * * * *", "2026-10-25T00:00", ["2026-10-25T01:00", "2026-10-25T02:00"], id="hourly, autumn"
        ),
        pytest.param(
            "0 * * * *", "2026-03-29T00:00", ["2026-03-29T01:00", "2026-03-29T02:00"], id="hourly, spring"
        ),
    ],
)
def test_a_change_of_the_clock_moves_no_crawl_twice(expression: str, start: str, expected: list[str]) -> None:
    found = times(
        parse_cron(expression, "Europe/Berlin"), len(expected), datetime.fromisoformat(start + "+00:00")
    )
    assert [f"{time.astimezone(UTC):%Y-%m-%dT%H:%M}" for time in found] == expected


def test_an_expression_that_means_no_day_has_no_time() -> None:
    assert parse_cron("0 0 31 2 *", "UTC").next_after(SUNDAY) is None


def fields(least: int, most: int) -> st.SearchStrategy[str]:
    number = st.integers(least, most)
    ranges = st.tuples(number, number).map(sorted)
    # The library takes no step that is wider than its range.
    steps = ranges.filter(lambda ends: ends[0] < ends[1]).flatmap(
        lambda ends: st.integers(1, ends[1] - ends[0]).map(lambda step: f"{ends[0]}-{ends[1]}/{step}")
    )
    parts = st.one_of(number.map(str), ranges.map(lambda ends: f"{ends[0]}-{ends[1]}"), steps)
    lists = st.lists(parts, min_size=1, max_size=3).map(",".join)
    return st.one_of(st.just("*"), st.integers(1, 9).map("*/{}".format), lists)


@given(
    st.tuples(fields(0, 59), fields(0, 23), fields(1, 28), fields(1, 12)),
    st.integers(1_600_000_000, 2_200_000_000),
)
def test_times_are_those_of_the_scheduler_library(parts: tuple[str, str, str, str], start: int) -> None:
    minute, hour, day, month = parts
    library = CronTrigger(minute=minute, hour=hour, day=day, month=month, timezone="UTC")
    at = datetime.fromtimestamp(start, UTC) + timedelta(microseconds=1)
    assert parse_cron(" ".join((*parts, "*")), "UTC").next_after(at) == library.get_next_fire_time(None, at)


@pytest.mark.parametrize(
    ("last", "now", "missed"),
    [
        pytest.param(None, "2026-11-15T12:00", False, id="never ran: nothing was missed"),
        pytest.param("2026-11-14T02:30", "2026-11-15T02:29", False, id="not yet due"),
        pytest.param("2026-11-14T02:30", "2026-11-15T12:00", True, id="one night missed"),
        pytest.param("2026-11-01T02:30", "2026-11-15T12:00", True, id="many nights are one"),
        pytest.param("2026-11-15T09:00", "2026-11-15T12:00", False, id="a later run by hand counts"),
    ],
)
def test_missed_runs_come_from_the_last_run(last: str | None, now: str, missed: bool) -> None:
    cron = parse_cron("30 2 * * *", "UTC")
    last_at = datetime.fromisoformat(last).replace(tzinfo=UTC) if last else None
    assert was_missed(cron, last_at, datetime.fromisoformat(now).replace(tzinfo=UTC)) is missed


def test_a_job_has_options_of_its_own() -> None:
    settings = ScheduleSettings(crawl_options=("--only=web", "--limit=5"))
    assert job_arguments(settings, "crawl") == ["run", "--no-progress", "--only=web", "--limit=5"]
    assert job_arguments(settings, "recheck") == ["run", "--no-progress", "--suspects"]


@pytest.mark.parametrize("option", ["--config=/etc/passwd", "--only", "--limit=", "web", "", "; reboot"])
def test_a_job_takes_no_other_option(option: str) -> None:
    with pytest.raises(UsageError, match=r"schedule\.recheck_options"):
        job_arguments(ScheduleSettings(recheck_options=(option,)), "recheck")


def test_a_health_file_that_cannot_be_written_is_only_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    Heartbeat().write(tmp_path / "file" / "health.json", None, SUNDAY, {})
    assert "cannot be written" in caplog.text
