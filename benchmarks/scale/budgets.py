"""What a host allows, and how long so many requests take there at the fastest."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice


@dataclass(frozen=True, slots=True)
class Budget:
    """Seconds between two starts, requests in flight, and at most `per_window` starts in any fixed window.

    `pause_seconds` pass after an answer before its place is free again.
    """

    interval_seconds: float
    in_flight: int
    per_window: int | None = None
    window_seconds: float = 0.0
    pause_seconds: float = 0.0

    def starts(self, latency_seconds: float) -> Iterator[float]:
        """When each request may start at the earliest, each answered after `latency_seconds`; endless."""
        running: deque[float] = deque()
        start, window, in_window = -self.interval_seconds, 0, 0
        while True:
            start += self.interval_seconds
            if len(running) == self.in_flight:
                start = max(start, running.popleft() + latency_seconds + self.pause_seconds)
            if self.per_window is not None:
                if in_window == self.per_window:
                    start = max(start, (window + 1) * self.window_seconds)
                now = int(start // self.window_seconds)
                in_window = in_window + 1 if now == window else 1
                window = now
            running.append(start)
            yield start

    def seconds_for(self, requests: int, latency_seconds: float) -> float:
        """From the first start to the last answer of so many requests at the fastest."""
        if requests == 0:
            return 0.0
        if self.per_window is None:
            rounds, place = divmod(requests - 1, self.in_flight)
            a_round = max(latency_seconds + self.pause_seconds, self.in_flight * self.interval_seconds)
            return rounds * a_round + place * self.interval_seconds + latency_seconds
        return _last_start(self, requests, latency_seconds) + latency_seconds


@cache
def _last_start(budget: Budget, requests: int, latency_seconds: float) -> float:
    return next(islice(budget.starts(latency_seconds), requests - 1, None))
