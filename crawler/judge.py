"""One more observation folded into a link's health. Pure; the policy of what many looks add up to.

Silence never kills, one look that finds the thing clears everything, and only looks that surely speak
against it are strikes.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from crawler.records import Health, Observation, Outcome, Reason, State
from crawler.settings import HealthSettings

STRIKES: Final = frozenset(
    {
        Reason.NOT_FOUND,
        Reason.MISSING_OR_PRIVATE,
        Reason.GONE,
        Reason.LEGAL,
        Reason.PATH_MISSING,
        Reason.SOFT_404,
        Reason.PARKED,
        Reason.DNS_FAILURE,
        Reason.CONNECTION_REFUSED,
        Reason.TLS_FAILURE,
    }
)
NOT_LOOKED: Final = frozenset(
    {Reason.RATE_LIMITED, Reason.PRIVATE_ADDRESS, Reason.INVALID_URL, Reason.SKIPPED}
)

SPREAD_TOLERANCE: Final = timedelta(hours=1)
"""Nightly runs do not reach a link at the same minute each night."""
SAME_NIGHT: Final = timedelta(hours=20)


class Voice(Enum):
    """What a look has to say about the link."""

    FOR = auto()
    KEPT_OUT = auto()
    AGAINST = auto()
    SILENT = auto()
    NOT_LOOKED = auto()


def voice_of(observation: Observation) -> Voice:
    """What one look says."""
    return voice_of_words(observation.outcome, observation.reason)


def voice_of_words(outcome: Outcome, reason: Reason) -> Voice:
    """An outcome against a link counts only with a reason that is a strike; otherwise it says nothing."""
    match outcome:
        case Outcome.ALIVE | Outcome.MOVED:
            return Voice.FOR
        case Outcome.RESTRICTED:
            return Voice.KEPT_OUT
        case Outcome.NOT_FOUND | Outcome.GONE | Outcome.UNREACHABLE if reason in STRIKES:
            return Voice.AGAINST
        case Outcome.THROTTLED | Outcome.SKIPPED:
            return Voice.NOT_LOOKED
    return Voice.NOT_LOOKED if reason in NOT_LOOKED else Voice.SILENT


def is_excusable(failing_since: datetime | None, at: datetime, policy: HealthSettings) -> bool:
    """Whether an outage may still be why a link fails: so long does none last."""
    return at - (failing_since or at) < timedelta(days=policy.outage_days) - SPREAD_TOLERANCE


def is_telling(observation: Observation) -> bool:
    """Whether the look told anything, so that this run need not ask again."""
    return voice_of(observation) in {Voice.FOR, Voice.KEPT_OUT, Voice.AGAINST}


def judge(
    health: Health, observation: Observation, policy: HealthSettings, *, in_outage: bool = False
) -> Health:
    """The health after one more look. A failure in an outage of its host says nothing, for `outage_days`.

    `reason`, `http_status`, `final_url` and `suggested_url` stay those of the look behind the state.
    `last_checked_at` is the last look that reached out to the link; a skipped or throttled one did not.
    """
    voice = voice_of(observation)
    if (
        in_outage
        and voice is Voice.AGAINST
        and is_excusable(health.first_failed_at, observation.observed_at, policy)
    ):
        voice = Voice.SILENT
    match voice:
        case Voice.FOR:
            return _found(health, observation)
        case Voice.KEPT_OUT:
            return _kept_out(health, observation)
        case Voice.AGAINST:
            return _struck(health, observation, policy)
        case Voice.SILENT:
            return _silent(health, observation, policy)
        case Voice.NOT_LOOKED:
            return _with_evidence(health, observation) if _nothing_known(health) else health


def _found(health: Health, observation: Observation) -> Health:
    """Every strike and every silent night is cleared."""
    state = State.MOVED if observation.outcome is Outcome.MOVED else State.HEALTHY
    at = observation.observed_at
    return Health(
        state=state,
        since=health.since if health.state is state else at,
        reason=observation.reason,
        http_status=observation.http_status,
        final_url=observation.final_url,
        suggested_url=observation.suggested_url,
        last_alive_at=at,
        last_checked_at=at,
    )


def _kept_out(health: Health, observation: Observation) -> Health:
    """The host answers, so nights are no longer silent; a wall neither adds nor clears strikes.

    A disabled repository is proved to exist.
    """
    at = observation.observed_at
    cleared = observation.reason is Reason.DISABLED or not health.strikes
    return Health(
        state=State.RESTRICTED,
        since=health.since if health.state is State.RESTRICTED else at,
        reason=observation.reason,
        http_status=observation.http_status,
        final_url=observation.final_url,
        suggested_url=observation.suggested_url,
        first_failed_at=None if cleared else health.first_failed_at,
        last_alive_at=health.last_alive_at,
        last_checked_at=at,
        strikes=0 if cleared else health.strikes,
        first_strike_at=None if cleared else health.first_strike_at,
        last_strike_at=None if cleared else health.last_strike_at,
    )


def _struck(health: Health, observation: Observation, policy: HealthSettings) -> Health:
    now = observation.observed_at
    strikes = health.strikes + 1
    first_strike_at = health.first_strike_at or now
    only_private = observation.reason is Reason.MISSING_OR_PRIVATE
    if only_private or health.state is State.DEAD:
        dead = health.state is State.DEAD
    else:
        dead = _is_proved(strikes, now - first_strike_at, policy)
    state = State.DEAD if dead else State.SUSPECT
    # It may only be private: never the look that kills, nor the evidence shown for a death.
    shown = health if only_private and dead else observation
    return Health(
        state=state,
        since=health.since if health.state is state else now,
        reason=shown.reason,
        http_status=shown.http_status,
        final_url=shown.final_url,
        suggested_url=shown.suggested_url,
        first_failed_at=health.first_failed_at or now,
        last_alive_at=health.last_alive_at,
        last_checked_at=now,
        strikes=strikes,
        first_strike_at=first_strike_at,
        last_strike_at=now,
    )


def _silent(health: Health, observation: Observation, policy: HealthSettings) -> Health:
    now = observation.observed_at
    nights, last_silent_at = health.silent_nights, health.last_silent_at
    if last_silent_at is None or now - last_silent_at >= SAME_NIGHT:
        nights, last_silent_at = nights + 1, now
    failing = health.state in {State.SUSPECT, State.DEAD}
    becomes_suspect = nights >= policy.silent_nights and not failing
    # Silence must not hide the reason behind a state; it is the reason where nothing else is.
    only_silence = health.state is State.SUSPECT and not health.strikes
    shown = observation if becomes_suspect or only_silence or _nothing_known(health) else health
    return Health(
        state=State.SUSPECT if becomes_suspect else health.state,
        since=now if becomes_suspect else health.since,
        reason=shown.reason,
        http_status=shown.http_status,
        final_url=shown.final_url,
        suggested_url=shown.suggested_url,
        first_failed_at=health.first_failed_at or now,
        last_alive_at=health.last_alive_at,
        last_checked_at=now,
        strikes=health.strikes,
        first_strike_at=health.first_strike_at,
        last_strike_at=health.last_strike_at,
        silent_nights=nights,
        last_silent_at=last_silent_at,
    )


def _nothing_known(health: Health) -> bool:
    return health.state is State.UNKNOWN


def _is_proved(strikes: int, spread: timedelta, policy: HealthSettings) -> bool:
    needed = timedelta(days=policy.min_days) - SPREAD_TOLERANCE
    return strikes >= policy.min_strikes and spread >= needed


def _with_evidence(health: Health, observation: Observation) -> Health:
    return replace(
        health,
        reason=observation.reason,
        http_status=observation.http_status,
        final_url=observation.final_url,
        suggested_url=observation.suggested_url,
    )
