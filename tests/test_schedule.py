from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest
from apscheduler.triggers.base import BaseTrigger

from crawler.config import ScheduleSettings
from crawler.errors import UsageError
from crawler.heartbeat import Heartbeat
from crawler.schedule import job_arguments, next_run_at, parse_cron, was_missed

SUNDAY = datetime(2026, 11, 15, tzinfo=UTC)


def days(trigger: BaseTrigger, count: int) -> list[str]:
    """The next days a trigger fires on, as `Sun 15`."""

    def times() -> list[datetime]:
        found: list[datetime] = []
        previous, now = None, SUNDAY
        while len(found) < count:
            time = trigger.get_next_fire_time(previous, now)
            assert time is not None
            found.append(time)
            previous = now = time
        return found

    return [time.strftime("%a %d") for time in islice(times(), count)]


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
    ["* * * *", "61 * * * *", "0 0 * * 8", "0 0 * * 5-2", "0 0 * * */0", "a b c d e", "@daily", ""],
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
    trigger = parse_cron("30 2 * * *", "UTC")
    last_at = datetime.fromisoformat(last).replace(tzinfo=UTC) if last else None
    assert was_missed(trigger, last_at, datetime.fromisoformat(now).replace(tzinfo=UTC)) is missed


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
