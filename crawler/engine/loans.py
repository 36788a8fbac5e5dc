"""Turns at a host for workers that do not own it: a redirect led them there.

The owner lends them, and the run itself where nobody has the host in hand, so that its budget stays one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count
from typing import Protocol

from crawler.engine.leases import Lender
from crawler.engine.messages import Loan, Orders, Refusal
from crawler.fetch.politeness import Politeness


class Party(Protocol):
    """A worker as far as loans go."""

    orders: Orders
    """What it is told next."""


@dataclass(slots=True, eq=False)
class _Lent:
    loan: Loan
    """As the lender knows it."""
    borrower: Party
    asked_as: int
    lender: Party | None = None
    is_granted: bool = False


class Loans:
    """All turns asked for and not yet given back. `owner_of` says who has a host in hand."""

    def __init__(self, politeness: Politeness, owner_of: Callable[[str], Party | None]) -> None:
        self._owner_of = owner_of
        self._lender = Lender(lambda host: politeness.lane(host).turn())
        self._numbers = count(1)
        self._lent: dict[int, _Lent] = {}

    def ask(self, borrower: Party, asked: Loan) -> None:
        """Pass a wish on to whoever can grant it."""
        lent = _Lent(Loan(next(self._numbers), asked.host), borrower, asked.number)
        self._lent[lent.loan.number] = lent
        self._pass_on(lent, self._owner_of(asked.host))

    def granted(self, number: int) -> None:
        lent = self._lent.get(number)
        if lent is not None and not lent.is_granted:
            lent.is_granted = True
            lent.borrower.orders.granted.append(lent.asked_as)

    def refused(self, refusal: Refusal) -> None:
        lent = self._lent.pop(refusal.number, None)
        if lent is not None and not lent.is_granted:
            told = Refusal(lent.asked_as, refusal.reason, refusal.throttled)
            lent.borrower.orders.refused.append(told)

    def returned(self, borrower: Party, asked_as: int) -> None:
        for number, lent in self._lent.items():
            if lent.borrower is borrower and lent.asked_as == asked_as:
                self._take_back(lent)
                del self._lent[number]
                return

    def hand_over(self, hosts: Iterable[str], owner: Party) -> None:
        """Those hosts have a new owner: what is lent counts against it from its first request on."""
        hosts = frozenset(hosts)
        for lent in self._lent.values():
            if lent.loan.host in hosts and lent.lender is not owner:
                self._take_back(lent)
                self._pass_on(lent, owner)

    def forget(self, party: Party) -> None:
        """It is gone: what it borrowed is free again, and what it did not grant yet others may."""
        for number, lent in list(self._lent.items()):
            if lent.borrower is party:
                self._take_back(lent)
                del self._lent[number]
            elif lent.lender is party and not lent.is_granted:
                self._pass_on(lent, self._owner_of(lent.loan.host))

    def close(self) -> None:
        self._lender.close()

    def _pass_on(self, lent: _Lent, lender: Party | None) -> None:
        lent.lender = lender
        if lender is None:
            self._lender.lend(lent.loan, self.granted, self.refused)
        else:
            lender.orders.lend.append(lent.loan)

    def _take_back(self, lent: _Lent) -> None:
        if lent.lender is None:
            self._lender.take_back(lent.loan.number)
        else:
            lent.lender.orders.taken_back.append(lent.loan.number)
