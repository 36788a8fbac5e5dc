"""Who may ask a host: its owner while its lease holds, everybody else by a turn lent."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from crawler.clock import SystemClock
from crawler.engine.leases import LeasedPoliteness, Leases, adopt, asked_for, state_of, steady_seconds
from crawler.engine.loans import Loans
from crawler.engine.messages import LaneState, Loan, Orders, Refusal
from crawler.fetch.politeness import LaneClosed, Politeness
from crawler.settings import NetworkSettings, Settings

SETTINGS = Settings()
UNSPACED = Settings(network=NetworkSettings(per_host_interval_seconds=0.0))
LONG = 3600.0


def nothing() -> None:
    """Nobody has to be woken."""


def worker(lease_seconds: float = LONG) -> tuple[Leases, LeasedPoliteness]:
    leases = Leases(lease_seconds, nothing)
    return leases, LeasedPoliteness(SETTINGS, SystemClock(), leases)


async def let_others_go_on() -> None:
    """As far as they can without waiting."""
    for _ in range(20):
        await asyncio.sleep(0)


async def is_waiting(task: asyncio.Task[None]) -> bool:
    await let_others_go_on()
    return not task.done()


async def enter(politeness: Politeness, host: str) -> None:
    await politeness.lane(host).enter()


def test_nobody_asks_before_a_lease_nor_after_it() -> None:
    async def main() -> None:
        leases, politeness = worker()
        leases.own(["a.example"])
        asking = asyncio.create_task(enter(politeness, "a.example"))
        assert await is_waiting(asking)
        # The lease counts from when the worker told, not from when it heard: that was too long ago.
        leases.renew(steady_seconds() - LONG - 1)
        assert await is_waiting(asking)
        leases.renew(steady_seconds())
        await asking

    asyncio.run(main())


def test_entering_at_once_takes_a_host_of_ones_own_and_a_lease() -> None:
    leases, politeness = worker()
    lane = politeness.lane("a.example")
    assert not lane.enter_now(), "of others, and no lease"
    leases.own(["a.example"])
    assert not lane.enter_now(), "no lease"
    leases.renew(steady_seconds())
    assert lane.enter_now()
    lane.leave()
    leases.disown(["a.example"])
    assert not lane.enter_now(), "of others"
    leases.own(["a.example"])
    leases.renew(steady_seconds() - LONG - 1)
    assert not lane.enter_now(), "the lease is over"


def test_a_host_of_others_is_asked_by_a_turn_lent_and_given_back() -> None:
    async def main() -> None:
        leases, politeness = worker()
        leases.renew(steady_seconds())
        asking = asyncio.create_task(enter(politeness, "b.example"))
        assert await is_waiting(asking)
        (wish,) = leases.borrow
        assert wish.host == "b.example"
        leases.granted(wish.number)
        await asking
        assert leases.returned == []
        politeness.lane("b.example").leave()
        assert leases.returned == [wish.number]

    asyncio.run(main())


def test_a_turn_refused_closes_the_way_with_the_owners_words() -> None:
    async def main() -> None:
        leases, politeness = worker()
        leases.renew(steady_seconds())
        asking = asyncio.create_task(enter(politeness, "b.example"))
        assert await is_waiting(asking)
        leases.refused(Refusal(leases.borrow[0].number, "asked to wait 7,200 s", True))
        with pytest.raises(LaneClosed) as closed:
            await asking
        assert (closed.value.reason, closed.value.throttled) == ("asked to wait 7,200 s", True)
        assert leases.returned == [leases.borrow[0].number]

    asyncio.run(main())


class Party:
    def __init__(self) -> None:
        self.orders = Orders(1, 0.0)


def lending(check: Callable[[Loans, dict[str, Party]], Awaitable[None]]) -> None:
    """Run `check` with loans of hosts that have no spacing; the dictionary says who owns what."""

    async def main() -> None:
        owners: dict[str, Party] = {}
        loans = Loans(Politeness(UNSPACED, SystemClock()), owners.get)
        await check(loans, owners)
        loans.close()

    asyncio.run(main())


def test_the_run_lends_what_nobody_owns_and_no_more_than_the_host_takes() -> None:
    async def check(loans: Loans, owners: dict[str, Party]) -> None:
        borrowers = [Party() for _ in range(SETTINGS.network.per_host_concurrency + 1)]
        for borrower in borrowers:
            loans.ask(borrower, Loan(5, "a.example"))
        await let_others_go_on()
        assert [borrower.orders.granted for borrower in borrowers] == [[5]] * (len(borrowers) - 1) + [[]]
        loans.returned(borrowers[0], 5)
        await let_others_go_on()
        assert borrowers[-1].orders.granted == [5]
        # Whoever is gone has given back what it had.
        loans.ask(borrowers[0], Loan(6, "a.example"))
        loans.forget(borrowers[1])
        await let_others_go_on()
        assert borrowers[0].orders.granted == [5, 6]

    lending(check)


def test_a_new_owner_takes_over_what_was_lent_and_what_was_wished_for() -> None:
    async def check(loans: Loans, owners: dict[str, Party]) -> None:
        borrower, first, second = Party(), Party(), Party()
        owners["a.example"] = first
        loans.ask(borrower, Loan(1, "a.example"))
        loans.ask(borrower, Loan(2, "a.example"))
        granted, wished = first.orders.lend
        loans.granted(granted.number)
        owners["a.example"] = second
        loans.hand_over(["a.example"], second)
        assert first.orders.taken_back == [granted.number, wished.number]
        assert second.orders.lend == [granted, wished]
        loans.granted(granted.number)
        loans.granted(wished.number)
        assert borrower.orders.granted == [1, 2]
        loans.returned(borrower, 2)
        assert second.orders.taken_back == [wished.number]

    lending(check)


def test_the_wish_at_a_lost_owner_goes_to_the_next() -> None:
    async def check(loans: Loans, owners: dict[str, Party]) -> None:
        borrower, first, second = Party(), Party(), Party()
        owners["a.example"] = first
        loans.ask(borrower, Loan(1, "a.example"))
        owners["a.example"] = second
        loans.forget(first)
        (passed_on,) = second.orders.lend
        loans.refused(Refusal(passed_on.number, "closed", False))
        assert borrower.orders.refused == [Refusal(1, "closed", False)]

    lending(check)


def test_what_a_host_asked_for_is_known_to_others_and_what_a_worker_thought_is_not() -> None:
    now = datetime(2026, 11, 2, tzinfo=UTC)
    lane = Politeness(SETTINGS, SystemClock()).lane("a.example")
    until = SystemClock().now() + timedelta(hours=2)
    asked = LaneState("a.example", "asked to wait", True, until, until, "429 with Retry-After", "0 left")
    assert asked_for(asked) == asked
    assert asked_for(LaneState("a.example", "no answer to 8 questions in a row")).closed is None
    adopt(lane, asked, SystemClock().now())
    assert (lane.closed, lane.throttled) == ("asked to wait", True)
    assert lane.kept_until is not None
    assert abs((lane.kept_until - until).total_seconds()) < 1
    assert state_of(lane).closed == "asked to wait"
    untouched = Politeness(SETTINGS, SystemClock()).lane("b.example")
    adopt(untouched, LaneState("b.example", hold_until=now), now + timedelta(seconds=1))
    assert untouched.hold_until is None
