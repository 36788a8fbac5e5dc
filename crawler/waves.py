"""All that is due, asked wave by wave: no more questions in memory than one wave has."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final, Protocol

from crawler.plan import LaneName, Plan
from crawler.records import Observation, Question

READ_AT_ONCE: Final = 1000
"""Questions read before other work gets its turn: some ten milliseconds."""


class Ask(Protocol):
    async def __call__(
        self, lanes: Mapping[LaneName, Sequence[Question]], record: Callable[[Observation], None], /
    ) -> None:
        """Ask all lanes at once, and call `record` exactly once per question."""
        ...


async def ask_in_waves(
    plan: Plan,
    read: Callable[[Sequence[int]], Sequence[Question]],
    ask: Ask,
    record: Callable[[Observation], None],
) -> None:
    """Ask everything that is due. Each lane goes through its waves at its own pace, so that none waits for
    the slowest; `read` gives the questions of link ids when their wave begins.
    """
    async with asyncio.TaskGroup() as group:
        for lane in LaneName:
            shares = [wave[lane] for wave in plan.waves if lane in wave]
            if shares:
                group.create_task(_ask_lane(lane, shares, read, ask, record), name=lane.value)


async def _ask_lane(
    lane: LaneName,
    shares: Sequence[Sequence[int]],
    read: Callable[[Sequence[int]], Sequence[Question]],
    ask: Ask,
    record: Callable[[Observation], None],
) -> None:
    for link_ids in shares:
        await ask({lane: await _read(link_ids, read)}, record)


async def _read(
    link_ids: Sequence[int], read: Callable[[Sequence[int]], Sequence[Question]]
) -> Sequence[Question]:
    questions: list[Question] = []
    for start in range(0, len(link_ids), READ_AT_ONCE):
        questions += read(link_ids[start : start + READ_AT_ONCE])
        await asyncio.sleep(0)
    return questions


async def leave_off_when(given_up: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Do the work, but leave off as soon as `given_up` is set."""
    working = asyncio.create_task(work)
    waiting = asyncio.create_task(given_up.wait())
    try:
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    if not working.cancelled():
        working.result()
