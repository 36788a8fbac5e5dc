"""What a host's headers ask of us: Retry-After and the rate-limit headers in use, turned into lane calls."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from crawler.fetch.politeness import LONGEST_QUOTA_WAIT_SECONDS, Lane

RETRY_AFTER_STATUSES: Final = frozenset({403, 429, 503})
THROTTLE_HEADERS: Final = frozenset({"retry-after", "x-ratelimit-remaining", "ratelimit"})
"""An answer of another status that has none of these asks nothing of us."""
# A reset this large is a time since 1970, a smaller one a number of seconds: both are in use.
SMALLEST_EPOCH: Final = 1_000_000_000
# "api";r=0;t=55 of draft-ietf-httpapi-ratelimit-headers, as the Hub sends it.
RATE_LIMIT_FIELD: Final = re.compile(r";\s*([rt])\s*=\s*(\d{1,12})")


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left of a window; `reset_seconds` from now."""

    remaining: int
    limit: int | None
    reset_seconds: float | None


def feed_lane(lane: Lane, status: int, headers: Mapping[str, str], now: datetime) -> None:
    """Let the lane know what an answer asks for. `headers` ignore case or have names in lower case."""
    quota = read_quota(headers, now)
    if quota is not None:
        lane.quota = f"{quota.remaining:,} of {quota.limit:,}" if quota.limit else f"{quota.remaining:,} left"
    retry_after = parse_retry_after(headers.get("retry-after"), now)
    if status in RETRY_AFTER_STATUSES and retry_after is not None:
        lane.back_off(retry_after, f"{status} with Retry-After", outlives_run=True)
    elif quota is not None and quota.remaining == 0 and quota.reset_seconds is not None:
        lane.back_off(quota.reset_seconds, "quota used up", longest_seconds=LONGEST_QUOTA_WAIT_SECONDS)
    elif status == 429:
        lane.throttle("429 without a time")
    if status not in RETRY_AFTER_STATUSES:
        lane.relax()


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds from `now`, of a number or an HTTP date (RFC 9110 §10.2.3); None for anything else."""
    if value is None:
        return None
    value = value.strip()
    if re.fullmatch(r"\d{1,12}(\.\d{1,9})?", value, re.ASCII):
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - now).total_seconds())


def read_quota(headers: Mapping[str, str], now: datetime) -> Quota | None:
    """The window that X-RateLimit-* or RateLimit tell of; None when they do not."""
    remaining = _read_int(headers.get("x-ratelimit-remaining"))
    if remaining is not None:
        reset = _read_int(headers.get("x-ratelimit-reset"))
        return Quota(remaining, _read_int(headers.get("x-ratelimit-limit")), _seconds_until(reset, now))
    window = dict(RATE_LIMIT_FIELD.findall(headers.get("ratelimit") or ""))
    if "r" not in window:
        return None
    return Quota(int(window["r"]), None, float(window["t"]) if "t" in window else None)


def _seconds_until(reset: int | None, now: datetime) -> float | None:
    if reset is None:
        return None
    return max(0.0, reset - now.timestamp()) if reset >= SMALLEST_EPOCH else float(reset)


def _read_int(value: str | None) -> int | None:
    value = (value or "").strip()
    return int(value) if re.fullmatch(r"\d{1,12}", value, re.ASCII) else None
