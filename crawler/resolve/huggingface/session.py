"""One run's conversation with the Hub: in its lane, at its pace, with a token while that is accepted."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping
from typing import Final

from crawler.clock import Clock
from crawler.fetch.failure import Failure
from crawler.fetch.politeness import Lane, LaneClosed
from crawler.fetch.throttle import feed_lane, read_quota
from crawler.records import Reason
from crawler.resolve.huggingface.answers import HubAnswer, Standing
from crawler.resolve.huggingface.client import Call, HubClient

log = logging.getLogger("crawler")

MAX_EXAMINATIONS: Final = 2
MAX_REFUSALS: Final = 3
"""Refused questions before an unproven token is put away: with the examinations, five tries in all."""
MAX_TROUBLES_IN_A_ROW: Final = 10
"""Questions without an answer, or with a 5xx, after which the Hub is left alone for this run."""
# "fixed window";"api";q=500;w=300: https://huggingface.co/docs/hub/rate-limits (2025-09)
POLICY_LIMIT: Final = re.compile(r";\s*q\s*=\s*(\d{1,9})")


class HubSession:
    """`token` goes to the Hub's own origin only; it is examined before it is believed."""

    def __init__(self, client: HubClient, lane: Lane, token: str | None, clock: Clock) -> None:
        self._client = client
        self._lane = lane
        self._clock = clock
        self._token = token
        self._standing = Standing.UNPROVEN if token else Standing.ANONYMOUS
        self._examining = asyncio.Lock()
        self._one_at_a_time = asyncio.Lock()
        self._examinations = 0
        self._refusals = 0
        self._troubles_in_a_row = 0

    async def ask(self, call: Call) -> HubAnswer:
        """One question, asked again only where that may heal: after a 429's wait, or without a bad token."""
        if self._standing is Standing.UNPROVEN:
            async with self._one_at_a_time:
                answer = await self._ask_patiently(call)
                await self._learn_about_token(answer)
        else:
            answer = await self._ask_patiently(call)
            await self._learn_about_token(answer)
        if answer.is_refusal and answer.standing is not Standing.ANONYMOUS and self._token is None:
            return await self._ask_patiently(call)
        return answer

    async def examine_token(self) -> None:
        """Ask the Hub whose token this is. A Hub that does not say leaves it unproven."""
        async with self._examining:
            if self._token is None or self._examinations >= MAX_EXAMINATIONS:
                return
            self._examinations += 1
            answer = await self._take_turn(lambda api, token: api.whoami(token=token))
            if answer.status == 200 and isinstance(answer.json, Mapping):
                self._standing = Standing.VALID
            elif answer.is_refusal:
                self._put_token_away()

    async def _learn_about_token(self, answer: HubAnswer) -> None:
        if answer.standing is Standing.ANONYMOUS or self._token is None:
            return
        if answer.status == 200:
            # To a token that it does not know, the Hub says 401 even for what is public.
            self._standing = Standing.VALID
        elif answer.is_refusal:
            await self.examine_token()
            if answer.standing is Standing.UNPROVEN and self._standing is not Standing.VALID:
                self._refusals += 1
                if self._refusals >= MAX_REFUSALS:
                    self._put_token_away()

    def _put_token_away(self) -> None:
        if self._token is not None:
            log.warning("HF_TOKEN is not accepted by the Hub; asking without it (hint: make a new token)")
        self._token = None
        self._standing = Standing.ANONYMOUS

    async def _ask_patiently(self, call: Call) -> HubAnswer:
        answer = await self._take_turn(call)
        if answer.status == 429:
            answer = await self._take_turn(call)
        return answer

    async def _take_turn(self, call: Call) -> HubAnswer:
        try:
            async with self._lane.turn():
                answer = await self._client.ask(call, self._token, self._standing)
                self._feed_lane(answer)
                return answer
        except LaneClosed as closed:
            reason = Reason.RATE_LIMITED if closed.throttled else Reason.SKIPPED
            detail = f"{self._lane.name} is left alone for this run: {closed.reason}"
            return HubAnswer(failure=Failure(reason, detail, temporary=True))

    def _feed_lane(self, answer: HubAnswer) -> None:
        if answer.failure is not None and answer.failure.reason is Reason.INVALID_URL:
            return
        if answer.status is None or answer.status >= 500:
            self._troubles_in_a_row += 1
            if self._troubles_in_a_row >= MAX_TROUBLES_IN_A_ROW:
                self._lane.close(f"no answer to {self._troubles_in_a_row} questions in a row")
        else:
            self._troubles_in_a_row = 0
        if answer.status is not None:
            now = self._clock.now()
            feed_lane(self._lane, answer.status, answer.headers, now)
            quota = read_quota(answer.headers, now)
            limit = POLICY_LIMIT.search(answer.headers.get("ratelimit-policy", ""))
            if quota is not None and limit:
                self._lane.quota = f"{quota.remaining:,} of {int(limit[1]):,}"
