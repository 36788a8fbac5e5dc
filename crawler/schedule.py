"""Runs the crawl when its times come (cron.py says when); the only place that knows APScheduler.

Each job is a `crawler run` process of its own: a crash of one crawl leaves the schedule standing, and the
database lock keeps two from running at a time.
"""

from __future__ import annotations

import asyncio
import logging
import random
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Final

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from crawler.config import Config, load_config
from crawler.cron import Cron, next_run_at, read_schedule, was_missed
from crawler.errors import CrawlerError, UsageError
from crawler.heartbeat import BEAT_SECONDS, Heartbeat, LastJob
from crawler.logs import is_structured
from crawler.settings import ScheduleSettings

log = logging.getLogger(__name__)

JOB_ARGUMENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "crawl": ("run", "--no-progress"),
    "recheck": ("run", "--no-progress", "--suspects"),
}
JOB_OPTIONS: Final = ("--only", "--document", "--limit")
"""What a job may be given: which links it asks, nothing about files or hosts."""


class CronTrigger(BaseTrigger):  # type: ignore[misc]
    """The times of a cron expression as APScheduler asks for them."""

    def __init__(self, cron: Cron) -> None:
        self._cron = cron

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        return self._cron.next_after(previous_fire_time or now)


def job_arguments(settings: ScheduleSettings, name: str) -> list[str]:
    """The command line of a job. Raises UsageError for an option that a job must not have."""
    options = settings.crawl_options if name == "crawl" else settings.recheck_options
    for option in options:
        key, equals, value = option.partition("=")
        if key not in JOB_OPTIONS or not equals or not value:
            raise UsageError(
                f"schedule.{name}_options: {option!r} is no option of a job",
                hint=f"write one of {', '.join(JOB_OPTIONS)} with = and its value",
            )
    return [*JOB_ARGUMENTS[name], *options]


def check_schedule(config: Config) -> dict[str, Cron]:
    """The jobs of a config that can be scheduled. Raises UsageError for any other."""
    settings = config.settings.schedule
    crons = read_schedule(settings)
    if not crons:
        raise UsageError(
            "nothing is scheduled",
            where=str(config.path),
            hint="set crawl or recheck in [schedule] to a cron expression",
        )
    for name in crons:
        job_arguments(settings, name)
    return crons


class Schedule:
    """Stays up and starts one run at a time.

    SIGTERM and SIGINT stop it after the run in hand has ended; SIGHUP reads the config anew, and a config
    with mistakes leaves the one before in place.
    """

    def __init__(
        self, config: Config, last_run_started_at: datetime | None, now: Callable[[], datetime]
    ) -> None:
        self._crons = check_schedule(config)
        self._config = config
        self._last_run_started_at = last_run_started_at
        self._now = now
        self._one_at_a_time = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._beat = Heartbeat()

    async def run_forever(self) -> int:
        """Until a signal comes; returns 130 or 143 as a shell would see it."""
        loop = asyncio.get_running_loop()
        stopped: asyncio.Future[int] = loop.create_future()

        def stop(signum: int) -> None:
            if not stopped.done():
                stopped.set_result(signum)

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop, number)
        scheduler = AsyncIOScheduler(timezone=self._config.settings.schedule.timezone)
        scheduler.start()
        self._plan(scheduler)
        loop.add_signal_handler(signal.SIGHUP, self._reload, scheduler)
        crawl = self._crons.get("crawl")
        if crawl is not None and was_missed(crawl, self._last_run_started_at, self._now()):
            log.info("a scheduled crawl was missed while nobody was up; making it up now")
            self._begin("crawl")
        beating = loop.create_task(self._keep_beating())
        signum = await stopped
        self._stopping.set()
        loop.remove_signal_handler(signal.SIGHUP)
        scheduler.shutdown(wait=False)
        if self._process is not None:
            # It writes what it has and ends; the next run goes on from there.
            self._process.terminate()
        await asyncio.gather(*self._tasks)
        beating.cancel()
        self._tell("stopped")
        return 128 + signum

    def _plan(self, scheduler: AsyncIOScheduler) -> None:
        scheduler.remove_all_jobs()
        for name, cron in self._crons.items():
            scheduler.add_job(
                self._launch, CronTrigger(cron), args=[name], id=name, coalesce=True, misfire_grace_time=None
            )
        for job in scheduler.get_jobs():
            log.info("next %s at %s", job.id, job.next_run_time.isoformat(timespec="minutes"))
        self._tell()

    def _reload(self, scheduler: AsyncIOScheduler) -> None:
        try:
            config = load_config(self._config.path, must_exist=self._config.path.exists())
            self._crons = check_schedule(config)
        except CrawlerError as error:
            self._beat.config_error = str(error)
            log.error("the config was not read anew, the one before stays: %s", error)
            self._tell()
            return
        self._config, self._beat.config_error = config, None
        log.info("the config was read anew")
        self._plan(scheduler)

    async def _launch(self, name: str) -> None:
        """For the scheduler, which cancels what it started when it is shut down: not so a run."""
        self._begin(name)

    def _begin(self, name: str) -> None:
        task = asyncio.get_running_loop().create_task(self._run_job(name))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run_job(self, name: str) -> None:
        if self._one_at_a_time.locked():
            log.warning("%s skipped: another job is still running", name)
            return
        async with self._one_at_a_time:
            settings = self._config.settings.schedule
            if await self._is_stopped_within(random.uniform(0, settings.jitter_seconds)):  # noqa: S311
                return
            log.info("%s starts", name)
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "crawler", "--config", str(self._config.path)),
                *(["--log-format", "json"] if is_structured() else []),
                *job_arguments(settings, name),
                start_new_session=True,
            )
            if self._stopping.is_set():
                self._process.terminate()
            self._beat.job = name
            self._tell()
            code = await self._process.wait()
            self._process = self._beat.job = None
            self._beat.last = LastJob(name, self._now(), code)
            log.info("%s ended with exit code %d", name, code)
            self._tell()

    async def _is_stopped_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
        return self._stopping.is_set()

    async def _keep_beating(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            self._tell()

    def _tell(self, state: str | None = None) -> None:
        settings = self._config.settings.schedule
        if settings.health_file:
            now = self._now()
            self._beat.write(
                self._config.folder / settings.health_file, state, now, next_run_at(settings, now)
            )
