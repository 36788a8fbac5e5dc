"""Places: held by so many at most, had in the order they were asked for, and never lost."""

from __future__ import annotations

import asyncio
from typing import Protocol

from hypothesis import given
from hypothesis import strategies as st

from crawler.fetch.places import Places


class Like(Protocol):
    async def take(self) -> None: ...

    def give_back(self) -> None: ...


class OfSemaphore:
    """The same by asyncio's own means."""

    def __init__(self, count: int) -> None:
        self._semaphore = asyncio.Semaphore(count)

    async def take(self) -> None:
        await self._semaphore.acquire()

    def give_back(self) -> None:
        self._semaphore.release()


STEPS = st.lists(
    st.tuples(st.sampled_from(["ask", "ask", "give back", "give up"]), st.integers(0, 5), st.booleans()),
    max_size=40,
)


async def play(places: Like, steps: list[tuple[str, int, bool]]) -> list[list[int]]:
    """Who holds a place after each step, by number and in the order they came by it; in the end nobody."""
    holding: list[int] = []
    asking: dict[int, asyncio.Task[None]] = {}
    told: list[list[int]] = []

    async def take(number: int) -> None:
        await places.take()
        holding.append(number)
        del asking[number]

    for number, (step, which, has_time) in enumerate(steps):
        if step == "ask":
            asking[number] = asyncio.create_task(take(number))
        elif step == "give back" and holding:
            holding.pop(which % len(holding))
            places.give_back()
        elif step == "give up" and asking:
            asking.pop(list(asking)[which % len(asking)]).cancel()
        for _ in range(3 if has_time else 0):
            await asyncio.sleep(0)
        if has_time:
            told.append(list(holding))
    for task in asking.values():
        task.cancel()
    await asyncio.gather(*asking.values(), return_exceptions=True)
    for _ in holding:
        places.give_back()
    return told


@given(st.integers(1, 3), STEPS)
def test_places_are_had_like_those_of_a_semaphore(count: int, steps: list[tuple[str, int, bool]]) -> None:
    async def run() -> None:
        assert await play(Places(count), steps) == await play(OfSemaphore(count), steps)

    asyncio.run(run())


@given(st.integers(1, 3), STEPS)
def test_no_place_is_lost_and_none_is_made(count: int, steps: list[tuple[str, int, bool]]) -> None:
    async def run() -> None:
        places = Places(count)
        assert all(len(holding) <= count for holding in await play(places, steps))
        assert [places.take_now() for _ in range(count + 1)] == [True] * count + [False]

    asyncio.run(run())


def test_a_place_that_comes_as_it_is_given_up_goes_to_the_next() -> None:
    async def run() -> None:
        places = Places(1)
        await places.take()
        first, second = (asyncio.create_task(places.take()) for _ in range(2))
        await asyncio.sleep(0)
        places.give_back()
        first.cancel()
        await asyncio.wait_for(second, 60)
        assert first.cancelled()
        assert not places.take_now()
        places.give_back()
        assert places.take_now()

    asyncio.run(run())
