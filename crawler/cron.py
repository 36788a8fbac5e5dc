"""Cron expressions and the times they mean. Pure, and light: `status` tells the next run without a scheduler.

A time that a change to summer time skips comes right after the change, one that happens twice counts once;
an expression for every hour has every hour there is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

from crawler.errors import UsageError
from crawler.settings import ScheduleSettings

WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
"""As cron counts them, 0 to 6; 7 is Sunday too."""
MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
LONGEST_WAIT: Final = timedelta(days=8 * 366 + 1)
"""From one 29 February to the next, over a year such as 2100 that has none."""


@dataclass(frozen=True, slots=True)
class Cron:
    """The minutes that an expression means, in a time zone."""

    minutes: Sequence[int]
    hours: Sequence[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """0 is Sunday."""
    either_day: bool
    """Days of the month and of the week are both given: either will do, as in cron."""
    zone: tzinfo

    def next_after(self, time: datetime) -> datetime | None:
        """The first of its times that is later, in its zone; None for an expression that means no day."""
        day = time.astimezone(self.zone).date()
        last = day + LONGEST_WAIT
        while day <= last:
            if self._has(day):
                later = [instant for instant in self._instants(day) if instant > time]
                if later:
                    return min(later).astimezone(self.zone)
            day += timedelta(days=1)
        return None

    def _has(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        by_month, by_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return by_month or by_week if self.either_day else by_month and by_week

    def _instants(self, day: date) -> Iterator[datetime]:
        """In UTC: two times of one zone are compared by their wall clock only."""
        folds = (0, 1) if len(self.hours) == 24 else (0,)
        for hour in self.hours:
            for minute in self.minutes:
                for fold in folds:
                    local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone, fold=fold)
                    yield local.astimezone(UTC)


def parse_cron(expression: str, timezone: str, *, name: str = "cron expression") -> Cron:
    """Minute, hour, day of month, month, day of week. Raises UsageError naming the expression."""
    try:
        minute, hour, day, month, weekday = expression.lower().split()
    except ValueError:
        raise UsageError(
            f"{name} = {expression!r} needs five fields",
            hint="minute hour day month weekday, for example 30 2 * * *",
        ) from None
    try:
        return Cron(
            minutes=sorted(_parse_field("minute", minute, 0, 59)),
            hours=sorted(_parse_field("hour", hour, 0, 23)),
            days=frozenset(_parse_field("day", day, 1, 31)),
            months=frozenset(_parse_field("month", month, 1, 12, MONTHS)),
            weekdays=frozenset(number % 7 for number in _parse_field("weekday", weekday, 0, 7, WEEKDAYS)),
            either_day=not day.startswith("*") and weekday != "*",
            zone=_find_zone(timezone),
        )
    except ValueError as error:
        raise UsageError(f"{name} = {expression!r}: {error}") from error


def _find_zone(name: str) -> tzinfo:
    """Raises ValueError for a name that is none."""
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415  as long to load as all of this

    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError as error:
        raise ValueError(str(error)) from error


def _parse_field(what: str, field: str, least: int, most: int, names: Sequence[str] = ()) -> set[int]:
    """`*`, `5`, `1-5`, `*/2`, `1-9/2` or several of them with commas between. Raises ValueError."""
    chosen: set[int] = set()
    for part in field.split(","):
        span, _, step_text = part.partition("/")
        first_text, dash, last_text = span.partition("-")
        step = int(step_text) if step_text else 1
        if step < 1:
            raise ValueError(f"{what} step {step} must be at least 1")
        if span == "*":
            # Sunday is 0 and 7; `*/2` counts from 0 to 6.
            first, last = least, 6 if names is WEEKDAYS else most
        else:
            first = _parse_number(what, first_text, least, most, names)
            last = first
            if dash:
                last = _parse_number(what, last_text, least, most, names)
                if names is WEEKDAYS and last == 0 and last_text != "0":
                    last = 7
            elif step_text:
                last = 6 if names is WEEKDAYS else most
        if first > last:
            raise ValueError(f"{what} range {span!r} runs backwards")
        chosen.update(range(first, last + 1, step))
    return chosen


def _parse_number(what: str, text: str, least: int, most: int, names: Sequence[str]) -> int:
    if text in names:
        return names.index(text) + (0 if names is WEEKDAYS else least)
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{what} {text!r} is no number")
    number = int(text)
    if not least <= number <= most:
        raise ValueError(f"{what} {number} is not between {least} and {most}")
    return number


def read_schedule(settings: ScheduleSettings) -> dict[str, Cron]:
    """Job name → its times, for jobs that are on. Raises UsageError for a bad expression."""
    expressions = {"crawl": settings.crawl, "recheck": settings.recheck}
    return {
        name: parse_cron(expression, settings.timezone, name=f"schedule.{name}")
        for name, expression in expressions.items()
        if expression.strip()
    }


def next_run_at(settings: ScheduleSettings, now: datetime) -> dict[str, datetime]:
    """Job name → its next time, for jobs that are on."""
    times = {name: cron.next_after(now) for name, cron in read_schedule(settings).items()}
    return {name: time for name, time in times.items() if time is not None}


def was_missed(cron: Cron, last_run_started_at: datetime | None, now: datetime) -> bool:
    """Whether one of its times passed since the last run. Before the first run nothing is missed."""
    if last_run_started_at is None:
        return False
    due = cron.next_after(last_run_started_at)
    return due is not None and due <= now
