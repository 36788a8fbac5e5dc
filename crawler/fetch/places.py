"""Places that so many may hold at once, first come, first served.

asyncio.Semaphore asks every waiter whether it was given up, each time a place comes free: with hundreds of
requests waiting that costs more than sending one.
"""

from __future__ import annotations

import asyncio
from collections import deque


class Places:
    """Who takes a place gives it back, once. For one event loop at a time."""

    __slots__ = ("_free", "_waiting")

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: deque[asyncio.Future[None]] = deque()

    def take_now(self) -> bool:
        """Take a place if one is free; none is while others wait, for they come first."""
        if self._free == 0:
            return False
        self._free -= 1
        return True

    async def take(self) -> None:
        """Take a place, behind all who wait for one already."""
        if self.take_now():
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # the place came in the same moment
                self.give_back()
            raise

    def give_back(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():  # else whoever waited has given up
                turn.set_result(None)
                return
        self._free += 1
