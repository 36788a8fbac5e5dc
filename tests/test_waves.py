"""What is due, asked wave by wave: nothing twice, no lane waiting for another, little in memory at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import pytest

from crawler.links.classify import link_of
from crawler.plan import LaneName, Plan
from crawler.records import Observation, Outcome, Question, Reason
from crawler.waves import READ_AT_ONCE, ask_in_waves, leave_off_when

NOW = datetime(2026, 11, 20, 2, 30, tzinfo=UTC)
PLAN = Plan(
    waves=(
        {LaneName.WEB: range(2 * READ_AT_ONCE), LaneName.ARXIV: [-1]},
        {LaneName.WEB: range(2 * READ_AT_ONCE, 2 * READ_AT_ONCE + 3)},
        {LaneName.ARXIV: [-2]},
    )
)

Record = Callable[[Observation], None]


def read(link_ids: Sequence[int]) -> list[Question]:
    return [Question(link_of(f"https://example.org/{link_id}")) for link_id in link_ids]


def number_of(question: Question) -> int:
    return int(question.link.canonical_url.rpartition("/")[2])


class Hosts:
    """Answers at once, but arXiv only when the web is through."""

    def __init__(self) -> None:
        self.calls: list[tuple[LaneName, list[int]]] = []
        self.web_is_through = asyncio.Event()

    async def ask(self, lanes: Mapping[LaneName, Sequence[Question]], record: Record) -> None:
        ((lane, questions),) = lanes.items()
        if lane is LaneName.ARXIV:
            await self.web_is_through.wait()
        self.calls.append((lane, [number_of(question) for question in questions]))
        for question in questions:
            record(Observation(question.link, NOW, Outcome.ALIVE, Reason.OK))
        if sum(lane is LaneName.WEB for lane, _ in self.calls) == 2:
            self.web_is_through.set()


def test_each_lane_goes_through_its_waves_in_order_at_its_own_pace() -> None:
    hosts = Hosts()
    seen: list[Observation] = []
    asyncio.run(asyncio.wait_for(ask_in_waves(PLAN, read, hosts.ask, seen.append), 30))
    assert hosts.calls == [
        (LaneName.WEB, list(range(2 * READ_AT_ONCE))),
        (LaneName.WEB, list(range(2 * READ_AT_ONCE, 2 * READ_AT_ONCE + 3))),
        (LaneName.ARXIV, [-1]),
        (LaneName.ARXIV, [-2]),
    ]
    assert len(seen) == len(PLAN)


def test_a_failure_ends_all_lanes() -> None:
    async def fail(lanes: Mapping[LaneName, Sequence[Question]], record: Record) -> None:
        if LaneName.WEB in lanes:
            raise OSError("no space left")
        await asyncio.sleep(3600)

    with pytest.raises(ExceptionGroup) as raised:
        asyncio.run(asyncio.wait_for(ask_in_waves(PLAN, read, fail, print), 30))
    assert raised.value.subgroup(OSError) is not None


def test_work_is_left_off_when_it_is_no_use() -> None:
    async def give_up() -> list[str]:
        done: list[str] = []
        given_up = asyncio.Event()

        async def work() -> None:
            done.append("begun")
            given_up.set()
            await asyncio.sleep(3600)
            done.append("ended")

        await asyncio.wait_for(leave_off_when(given_up, work()), 30)
        return done

    assert asyncio.run(give_up()) == ["begun"]


def test_a_failure_of_the_work_comes_out() -> None:
    async def work() -> None:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        asyncio.run(leave_off_when(asyncio.Event(), work()))
