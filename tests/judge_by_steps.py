"""The policy of health as one small step after the other; what `crawler.judge` says at once is held to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from crawler.judge import SAME_NIGHT, SPREAD_TOLERANCE, Voice, is_excusable, voice_of
from crawler.records import Health, Observation, Outcome, Reason, State
from crawler.settings import HealthSettings


def judge(
    health: Health, observation: Observation, policy: HealthSettings, *, in_outage: bool = False
) -> Health:
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
    state = State.MOVED if observation.outcome is Outcome.MOVED else State.HEALTHY
    found = _in_state(_cleared(health), state, observation.observed_at)
    return replace(
        _with_evidence(found, observation),
        last_alive_at=observation.observed_at,
        last_checked_at=observation.observed_at,
    )


def _kept_out(health: Health, observation: Observation) -> Health:
    if observation.reason is Reason.DISABLED or not health.strikes:
        health = _cleared(health)
    health = replace(health, silent_nights=0, last_silent_at=None, last_checked_at=observation.observed_at)
    return _with_evidence(_in_state(health, State.RESTRICTED, observation.observed_at), observation)


def _struck(health: Health, observation: Observation, policy: HealthSettings) -> Health:
    now = observation.observed_at
    struck = replace(
        health,
        strikes=health.strikes + 1,
        first_strike_at=health.first_strike_at or now,
        last_strike_at=now,
        first_failed_at=health.first_failed_at or now,
        last_checked_at=now,
        silent_nights=0,
        last_silent_at=None,
    )
    if observation.reason is Reason.MISSING_OR_PRIVATE:
        # It may only be private: never the look that kills, nor the evidence shown for a death.
        if health.state is State.DEAD:
            return struck
        return _with_evidence(_in_state(struck, State.SUSPECT, now), observation)
    dead = health.state is State.DEAD or _is_proved(struck, policy)
    return _with_evidence(_in_state(struck, State.DEAD if dead else State.SUSPECT, now), observation)


def _silent(health: Health, observation: Observation, policy: HealthSettings) -> Health:
    now = observation.observed_at
    after = replace(health, first_failed_at=health.first_failed_at or now, last_checked_at=now)
    if health.last_silent_at is None or now - health.last_silent_at >= SAME_NIGHT:
        after = replace(after, silent_nights=health.silent_nights + 1, last_silent_at=now)
    if after.silent_nights >= policy.silent_nights and health.state not in {State.SUSPECT, State.DEAD}:
        return _with_evidence(_in_state(after, State.SUSPECT, now), observation)
    # Silence must not hide the reason behind a state; it is the reason where nothing else is.
    only_silence = health.state is State.SUSPECT and not health.strikes
    return _with_evidence(after, observation) if only_silence or _nothing_known(health) else after


def _nothing_known(health: Health) -> bool:
    return health.state is State.UNKNOWN


def _is_proved(health: Health, policy: HealthSettings) -> bool:
    if health.first_strike_at is None or health.last_strike_at is None:
        return False
    spread = health.last_strike_at - health.first_strike_at
    needed = timedelta(days=policy.min_days) - SPREAD_TOLERANCE
    return health.strikes >= policy.min_strikes and spread >= needed


def _in_state(health: Health, state: State, at: datetime) -> Health:
    return health if health.state is state else replace(health, state=state, since=at)


def _cleared(health: Health) -> Health:
    return replace(
        health,
        strikes=0,
        first_strike_at=None,
        last_strike_at=None,
        first_failed_at=None,
        silent_nights=0,
        last_silent_at=None,
    )


def _with_evidence(health: Health, observation: Observation) -> Health:
    return replace(
        health,
        reason=observation.reason,
        http_status=observation.http_status,
        final_url=observation.final_url,
        suggested_url=observation.suggested_url,
    )
