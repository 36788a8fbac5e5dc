"""What health, times and counts are called when people read them. Our own words only: nothing to escape."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from crawler.records import Health, Reason, Run, State
from crawler.report.language import ENGLISH, Text

if TYPE_CHECKING:
    from crawler.settings import HealthSettings

WORST_FIRST: Final = (
    State.DEAD,
    State.MOVED,
    State.SUSPECT,
    State.RESTRICTED,
    State.UNKNOWN,
    State.HEALTHY,
)


def format_day(time: datetime | None, text: Text = ENGLISH) -> str:
    """`2026-11-20`, or `never`."""
    return text("never") if time is None else f"{time.astimezone(UTC):%Y-%m-%d}"


def format_time(time: datetime | None) -> str:
    """`2026-11-20 02:30 UTC`, or `never`."""
    return ENGLISH("never") if time is None else f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def count_of(number: int, noun: str) -> str:
    """`1 link`, `2,000 links`, `3 copies`."""
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun[:-1]}ies" if noun.endswith("y") else f"{number:,} {noun}s"


def summarise_states(states: Mapping[State, int], text: Text = ENGLISH) -> str:
    """`312 links, 12 dead, 300 healthy`, worst first; states that no link has are left out."""
    told = [f"{states[state]:,} {text(f'states.{state}')}" for state in WORST_FIRST if states.get(state)]
    return text("comma").join([text.count(sum(states.values()), "counts.link"), *told])


def describe_run(run: Run, text: Text = ENGLISH) -> str:
    """Which run, and how it ended."""
    return text(f"run.{run.state}", id=run.id, time=format_time(run.started_at))


def describe_reason(health: Health, text: Text = ENGLISH) -> str:
    """`not-found, HTTP 404`; reasons have one spelling in every language."""
    reason = health.reason.value if health.reason is not None else text("evidence.no_reason")
    return reason if health.http_status is None else f"{reason}{text('comma')}HTTP {health.http_status}"


def describe_evidence(health: Health, text: Text = ENGLISH) -> str:
    """What speaks for the state a link has, in one line."""
    parts = [describe_reason(health, text)]
    match health.state:
        case State.DEAD | State.SUSPECT:
            failing = "failing" if health.strikes else "no_answer"
            parts.append(text(f"evidence.{failing}", day=format_day(health.first_failed_at, text)))
            if health.strikes:
                parts.append(text.count(health.strikes, "counts.strike"))
            parts.append(_last_alive(health, text))
        case State.RESTRICTED:
            parts.append(text("evidence.since", day=format_day(health.since, text)))
            if health.last_alive_at is not None:
                parts.append(_last_alive(health, text))
        case State.MOVED:
            reason = health.reason or text("states.moved")
            return text("evidence.moved_since", reason=reason, day=format_day(health.since, text))
    return text("separator").join(parts)


def _last_alive(health: Health, text: Text) -> str:
    if health.last_alive_at is None:
        return text("evidence.never_alive")
    return text("evidence.last_alive", day=format_day(health.last_alive_at, text))


def explain_policy(health: Health, policy: HealthSettings) -> str:
    """Why a link has its state: the rule, with this link's numbers."""
    match health.state:
        case State.UNKNOWN:
            return "no look has had an answer that says anything"
        case State.HEALTHY:
            return f"the last telling look found it, at {format_time(health.last_alive_at)}"
        case State.MOVED:
            return f"found at another permanent address, at {format_time(health.last_alive_at)}"
        case State.RESTRICTED:
            kept = f"; {_strikes(health)} against it before" if health.strikes else ""
            return f"the host answers and keeps us out, so it is neither alive nor dead{kept}"
        case State.DEAD:
            return f"{_strikes(health)}, and no look in between that found it; dead takes {_needed(policy)}"
    if not health.strikes:
        return (
            f"{count_of(health.silent_nights, 'night')} in a row without a telling answer;"
            f" suspect from {policy.silent_nights} on, but silence alone never makes a link dead"
        )
    if health.reason is Reason.MISSING_OR_PRIVATE:
        return f"{_strikes(health)}; it may only be private, so this never makes a link dead"
    return f"{_strikes(health)}; dead takes {_needed(policy)}"


def _strikes(health: Health) -> str:
    if health.strikes == 1:
        return f"1 strike, at {format_time(health.last_strike_at)}"
    span = f"from {format_time(health.first_strike_at)} to {format_time(health.last_strike_at)}"
    return f"{count_of(health.strikes, 'strike')} {span}"


def _needed(policy: HealthSettings) -> str:
    if policy.min_strikes == 1:
        return "one strike"
    days = f"{policy.min_days:g} day{'' if policy.min_days == 1 else 's'}"
    return f"{policy.min_strikes} strikes, the first and the latest at least {days} apart"
