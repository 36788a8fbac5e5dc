"""Runs the crawl when cron expressions say so; the only place that knows APScheduler.

Each job is a `crawler run` process of its own: a crash of one crawl leaves the schedule standing, and the
database lock keeps two from running at a time.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger

from crawler.config import Config, ScheduleSettings
from crawler.errors import UsageError

log = logging.getLogger(__name__)

WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
"""As cron counts them, 0 to 6. APScheduler counts from Monday, so days go to it by name only."""

JOB_ARGUMENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "crawl": ("run", "--no-progress"),
    "recheck": ("run", "--no-progress", "--suspects"),
}


def parse_cron(expression: str, timezone: str, *, name: str = "cron expression") -> BaseTrigger:
    """Five cron fields → a trigger. Days of month and of week both given mean either, as in cron.

    Raises UsageError naming the expression.
    """
    try:
        minute, hour, day, month, weekday = expression.split()
    except ValueError:
        raise UsageError(
            f"{name} = {expression!r} needs five fields",
            hint="minute hour day month weekday, for example 30 2 * * *",
        ) from None
    try:
        days = _weekday_names(weekday)
        time_of_day = {"minute": minute, "hour": hour, "month": month, "timezone": timezone}
        by_month_day = CronTrigger(day=day, **time_of_day)
        if days is None:
            return by_month_day
        by_weekday = CronTrigger(day_of_week=days, **time_of_day)
        return by_weekday if day.startswith("*") else OrTrigger([by_month_day, by_weekday])
    except ValueError as error:
        raise UsageError(f"{name} = {expression!r}: {error}") from error


def _weekday_names(field: str) -> str | None:
    """A cron weekday field as APScheduler's day names; None for every day."""
    if field == "*":
        return None
    chosen: set[int] = set()
    for part in field.lower().split(","):
        span, _, step_text = part.partition("/")
        first_text, dash, last_text = span.partition("-")
        step = int(step_text) if step_text else 1
        if step < 1:
            raise ValueError(f"weekday step {step} must be at least 1")
        if span == "*":
            first, last = 0, 6
        else:
            first = _weekday_number(first_text)
            last = _weekday_number(last_text) if dash else (6 if step_text else first)
            if dash and last == 0 and last_text != "0":
                last = 7
        if first > last:
            raise ValueError(f"weekday range {span!r} runs backwards")
        chosen.update(day % 7 for day in range(first, last + 1, step))
    return ",".join(WEEKDAYS[day] for day in sorted(chosen))


def _weekday_number(text: str) -> int:
    if text in WEEKDAYS:
        return WEEKDAYS.index(text)
    number = int(text)
    if not 0 <= number <= 7:
        raise ValueError(f"weekday {number} is not between 0 and 7")
    return number


def next_run_at(settings: ScheduleSettings, now: datetime) -> dict[str, datetime]:
    """Job name → its next time, for jobs that are on."""
    times = {name: trigger.get_next_fire_time(None, now) for name, trigger in _triggers(settings).items()}
    return {name: time for name, time in times.items() if time is not None}


def was_missed(trigger: BaseTrigger, last_run_started_at: datetime | None, now: datetime) -> bool:
    """Whether a time of this trigger passed since the last run. Before the first run nothing is missed."""
    if last_run_started_at is None:
        return False
    due = trigger.get_next_fire_time(last_run_started_at, last_run_started_at)
    return due is not None and due <= now


def _triggers(settings: ScheduleSettings) -> dict[str, BaseTrigger]:
    expressions = {"crawl": settings.crawl, "recheck": settings.recheck}
    return {
        name: parse_cron(expression, settings.timezone, name=f"schedule.{name}")
        for name, expression in expressions.items()
        if expression.strip()
    }


class Schedule:
    """Stays up and starts one run at a time; SIGTERM and SIGINT stop it after the run in hand has ended."""

    def __init__(
        self, config: Config, last_run_started_at: datetime | None, now: Callable[[], datetime]
    ) -> None:
        self._config = config
        self._triggers = _triggers(config.settings.schedule)
        if not self._triggers:
            raise UsageError(
                "nothing is scheduled",
                where=str(config.path),
                hint="set crawl or recheck in [schedule] to a cron expression",
            )
        self._last_run_started_at = last_run_started_at
        self._now = now
        self._one_at_a_time = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None

    async def run_forever(self) -> int:
        """Until a signal comes; returns 130 or 143 as a shell would see it."""
        stopped: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def stop(signum: int) -> None:
            if not stopped.done():
                stopped.set_result(signum)

        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop, number)
        scheduler = AsyncIOScheduler(timezone=self._config.settings.schedule.timezone)
        for name, trigger in self._triggers.items():
            scheduler.add_job(
                self._start, trigger, args=[name], id=name, coalesce=True, misfire_grace_time=None
            )
        scheduler.start()
        made_up: asyncio.Task[None] | None = None
        if "crawl" in self._triggers and was_missed(
            self._triggers["crawl"], self._last_run_started_at, self._now()
        ):
            log.info("a scheduled crawl was missed while nobody was up; making it up now")
            made_up = asyncio.create_task(self._start("crawl"))
        for job in scheduler.get_jobs():
            log.info("next %s at %s", job.id, job.next_run_time.isoformat(timespec="minutes"))
        signum = await stopped
        scheduler.shutdown(wait=False)
        await self._stop_process()
        if made_up is not None:
            await made_up
        return 128 + signum

    async def _start(self, name: str) -> None:
        if self._one_at_a_time.locked():
            log.warning("%s skipped: another job is still running", name)
            return
        async with self._one_at_a_time:
            log.info("%s starts", name)
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "crawler",
                "--config",
                str(self._config.path),
                *JOB_ARGUMENTS[name],
                start_new_session=True,
            )
            code = await self._process.wait()
            self._process = None
            log.info("%s ended with exit code %d", name, code)

    async def _stop_process(self) -> None:
        """SIGTERM to the run in hand: it writes what it has and ends; the next run goes on from there."""
        if self._process is not None:
            self._process.terminate()
            async with self._one_at_a_time:
                pass
