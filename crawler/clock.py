"""Time as a value that can be passed in: the system's clock, or one that tests and the demo drive."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """Wall-clock time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that only grow, for spacing and elapsed times."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        import asyncio  # noqa: PLC0415  readers tell the time and never sleep

        await asyncio.sleep(seconds)


class SimulatedClock:
    """A clock that stands still until somebody sleeps or moves it; sleeping costs no real time."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._monotonic = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        self.advance(timedelta(seconds=seconds))
        import asyncio  # noqa: PLC0415

        await asyncio.sleep(0)

    def advance(self, by: timedelta) -> None:
        self._now += by
        self._monotonic += by.total_seconds()
