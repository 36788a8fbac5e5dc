"""Running things beside other things: background tasks beside a block, and work until a signal comes."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from crawler.errors import CrawlerError, Interrupted

T = TypeVar("T")


@asynccontextmanager
async def alongside(*background: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run `background` while the block runs; its failure ends the block, the block's end cancels it.

    A CrawlerError from either comes out as itself, not inside a group.
    """
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(coroutine) for coroutine in background]
            yield
            for task in tasks:
                task.cancel()
    except BaseExceptionGroup as errors:
        ours = errors.subgroup(CrawlerError)
        raise (_first_leaf(ours) if ours is not None else errors) from None


def _first_leaf(group: BaseExceptionGroup[Any]) -> BaseException:
    first: BaseException = group.exceptions[0]
    return _first_leaf(first) if isinstance(first, BaseExceptionGroup) else first


def run_until_signal(work: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run`, but SIGINT and SIGTERM cancel the work once and come out as `Interrupted`.

    Threads of blocking clients are not waited for: they hold nothing that is not yet written.
    """
    loop = asyncio.new_event_loop()
    received: list[int] = []
    try:
        task = loop.create_task(work)

        def stop(number: int) -> None:
            received.append(number)
            task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop, number)
        try:
            return loop.run_until_complete(task)
        except asyncio.CancelledError:
            raise Interrupted(received[0] if received else signal.SIGINT) from None
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
