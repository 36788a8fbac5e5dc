"""The policy of health, as stories of nights and as laws."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.judge import NOT_LOOKED, STRIKES, Voice, is_telling, judge, voice_of
from crawler.records import Health, Link, Observation, Outcome, Reason, State, Target, TargetKind
from crawler.settings import HealthSettings

from . import judge_by_steps

LINK = Link("https://example.org/page", Target(TargetKind.WEB_PAGE, "https://example.org/page"))
FIRST_NIGHT = datetime(2026, 11, 2, 2, 30, tzinfo=UTC)
POLICY = HealthSettings()

OUTCOMES = {
    "ok": Outcome.ALIVE,
    "not-modified": Outcome.ALIVE,
    "gated": Outcome.ALIVE,
    "withdrawn": Outcome.ALIVE,
    "redirected": Outcome.MOVED,
    "renamed": Outcome.MOVED,
    "bot-wall": Outcome.RESTRICTED,
    "login-required": Outcome.RESTRICTED,
    "disabled": Outcome.RESTRICTED,
    "not-found": Outcome.NOT_FOUND,
    "missing-or-private": Outcome.NOT_FOUND,
    "path-missing": Outcome.NOT_FOUND,
    "soft-404": Outcome.NOT_FOUND,
    "parked": Outcome.NOT_FOUND,
    "gone": Outcome.GONE,
    "legal": Outcome.GONE,
    "dns-failure": Outcome.UNREACHABLE,
    "connection-refused": Outcome.UNREACHABLE,
    "tls-failure": Outcome.UNREACHABLE,
    "server-error": Outcome.FAILED,
    "timeout": Outcome.FAILED,
    "connection-reset": Outcome.FAILED,
    "too-many-redirects": Outcome.FAILED,
    "body-too-large": Outcome.FAILED,
    "rate-limited": Outcome.THROTTLED,
    "skipped": Outcome.SKIPPED,
    "private-address": Outcome.SKIPPED,
    "invalid-url": Outcome.SKIPPED,
}


def look(reason: str, night: float = 0, outcome: Outcome | None = None) -> Observation:
    moved = OUTCOMES[reason] is Outcome.MOVED
    return Observation(
        link=LINK,
        observed_at=FIRST_NIGHT + timedelta(days=night),
        outcome=outcome or OUTCOMES[reason],
        reason=Reason(reason),
        http_status=200 if moved else None,
        suggested_url="https://example.org/new" if moved else None,
    )


def fold(
    observations: Sequence[Observation], policy: HealthSettings = POLICY, health: Health | None = None
) -> Health:
    health = health or Health()
    for observation in observations:
        health = judge(health, observation, policy)
    return health


def nights(*reasons: str) -> list[Observation]:
    """One look a night; an empty reason is a night without one."""
    return [look(reason, night) for night, reason in enumerate(reasons) if reason]


@pytest.mark.parametrize(("reason", "outcome"), OUTCOMES.items())
def test_every_reason_leads_to_its_state(reason: str, outcome: Outcome) -> None:
    expected = {
        Outcome.ALIVE: State.HEALTHY,
        Outcome.MOVED: State.MOVED,
        Outcome.RESTRICTED: State.RESTRICTED,
        Outcome.NOT_FOUND: State.SUSPECT,
        Outcome.GONE: State.SUSPECT,
        Outcome.UNREACHABLE: State.SUSPECT,
    }
    health = fold([look(reason)])
    assert health.state is expected.get(outcome, State.UNKNOWN)
    assert health.reason == reason, "the reader of a report wants to know why, also where nothing is known"


def test_every_reason_has_a_case() -> None:
    assert set(OUTCOMES) == set(Reason)


@pytest.mark.parametrize(
    ("reasons", "state", "strikes"),
    [
        pytest.param(["not-found"] * 3, State.SUSPECT, 3, id="three strikes in two days are too close"),
        pytest.param(["not-found"] * 4, State.DEAD, 4, id="spread over three days"),
        pytest.param(["not-found", "", "", "not-found"], State.SUSPECT, 2, id="two strikes are too few"),
        pytest.param(
            ["not-found", "gone", "", "dns-failure"], State.DEAD, 3, id="every strike counts the same"
        ),
        pytest.param(["not-found"] * 4 + ["ok"], State.HEALTHY, 0, id="one look that finds it clears all"),
        pytest.param(
            ["not-found"] * 3 + ["ok", "not-found"], State.SUSPECT, 1, id="and counting starts anew"
        ),
        pytest.param(["not-found"] * 4 + ["renamed"], State.MOVED, 0, id="found elsewhere clears too"),
        pytest.param(["missing-or-private"] * 9, State.SUSPECT, 9, id="a bare 401 never kills"),
        pytest.param(["missing-or-private"] * 4 + ["not-found"], State.DEAD, 5, id="but counts for who does"),
        pytest.param(["not-found"] * 4 + ["missing-or-private"], State.DEAD, 5, id="and raises nobody"),
        pytest.param(["bot-wall"] * 9, State.RESTRICTED, 0, id="a wall never kills"),
        pytest.param(["not-found"] * 3 + ["bot-wall"], State.RESTRICTED, 3, id="a wall keeps the strikes"),
        pytest.param(["not-found"] * 3 + ["bot-wall", "not-found"], State.DEAD, 4, id="which go on counting"),
        pytest.param(
            ["not-found"] * 3 + ["disabled"], State.RESTRICTED, 0, id="disabled is proof that it exists"
        ),
        pytest.param(["timeout"] * 2, State.UNKNOWN, 0, id="silence tells nothing"),
        pytest.param(["timeout"] * 3, State.SUSPECT, 0, id="three silent nights are suspicious"),
        pytest.param(["timeout"] * 99, State.SUSPECT, 0, id="but never a death"),
        pytest.param(["ok", "timeout", "timeout"], State.HEALTHY, 0, id="two silent nights change nothing"),
        pytest.param(["renamed", *["server-error"] * 3], State.SUSPECT, 0, id="silence of a moved one"),
        pytest.param(["bot-wall", *["timeout"] * 3], State.SUSPECT, 0, id="silence of a walled one"),
        pytest.param(
            ["timeout", "timeout", "bot-wall", "timeout"], State.RESTRICTED, 0, id="an answer ends it"
        ),
        pytest.param(
            ["not-found"] * 4 + ["timeout"] * 5, State.DEAD, 4, id="silence does not raise the dead"
        ),
        pytest.param(["timeout"] * 3 + ["rate-limited"] * 3, State.SUSPECT, 0, id="waiting changes nothing"),
        pytest.param(["not-found", *["rate-limited"] * 9], State.SUSPECT, 1, id="nor adds a strike"),
        pytest.param(["ok", *["skipped"] * 9], State.HEALTHY, 0, id="nor makes anything suspicious"),
    ],
)
def test_nights_add_up(reasons: list[str], state: State, strikes: int) -> None:
    health = fold(nights(*reasons))
    assert (health.state, health.strikes) == (state, strikes)


@pytest.mark.parametrize(
    ("last_night", "policy", "state"),
    [
        pytest.param(3 - 0.9 / 24, HealthSettings(), State.DEAD, id="54 minutes early are tolerated"),
        pytest.param(3 - 1.1 / 24, HealthSettings(), State.SUSPECT, id="66 are not"),
        pytest.param(0.5, HealthSettings(min_days=0.5), State.DEAD, id="days may be fractions"),
        pytest.param(0.4, HealthSettings(min_days=0.5), State.SUSPECT, id="a fraction not yet over"),
        pytest.param(9, HealthSettings(min_strikes=4), State.SUSPECT, id="strikes are asked for too"),
    ],
)
def test_strikes_must_be_spread(last_night: float, policy: HealthSettings, state: State) -> None:
    looks = [look("not-found", 0), look("not-found", last_night / 2), look("not-found", last_night)]
    assert fold(looks, policy).state is state


@pytest.mark.parametrize("outcome", [Outcome.NOT_FOUND, Outcome.GONE, Outcome.UNREACHABLE])
@pytest.mark.parametrize("reason", sorted(set(Reason) - STRIKES - NOT_LOOKED))
def test_an_outcome_against_needs_a_reason_that_is_a_strike(outcome: Outcome, reason: Reason) -> None:
    observation = look(reason, outcome=outcome)
    assert voice_of(observation) is Voice.SILENT
    assert not is_telling(observation)


@pytest.mark.parametrize("reason", ["dns-failure", "connection-refused", "tls-failure"])
def test_an_unconfirmed_failure_is_silence(reason: str) -> None:
    looks = [look(reason, night, Outcome.FAILED) for night in range(9)]
    health = fold(looks)
    assert (health.state, health.strikes, health.silent_nights) == (State.SUSPECT, 0, 9)


def test_looks_of_one_night_are_one_silent_night() -> None:
    looks = [look("timeout", hours / 24) for hours in (0, 1, 5, 19.9)]
    assert fold(looks).silent_nights == 1
    assert fold([*looks, look("timeout", 20 / 24)]).silent_nights == 2


def test_times_tell_the_story() -> None:
    health = fold(nights("ok", "timeout", "not-found", "bot-wall", "not-found", "not-found"))
    assert health.state is State.DEAD
    assert health.since == FIRST_NIGHT + timedelta(days=5)
    assert health.last_alive_at == FIRST_NIGHT
    assert health.first_failed_at == FIRST_NIGHT + timedelta(days=1), "the streak began with the silent night"
    assert health.first_strike_at == FIRST_NIGHT + timedelta(days=2)
    assert health.last_strike_at == health.last_checked_at == FIRST_NIGHT + timedelta(days=5)


def test_since_is_when_the_state_began() -> None:
    assert fold(nights("ok", "not-modified", "gated")).since == FIRST_NIGHT


def test_a_look_not_made_is_no_check() -> None:
    before = fold(nights("ok"))
    assert fold(nights("", "rate-limited", "private-address"), health=before) == before


def test_silence_hides_no_reason() -> None:
    dead = fold(nights("gone", "gone", "gone", "gone", "timeout"))
    assert (dead.state, dead.reason) == (State.DEAD, Reason.GONE)
    suspect = fold(nights("not-found", *["timeout"] * 5))
    assert (suspect.state, suspect.reason) == (State.SUSPECT, Reason.NOT_FOUND)
    healthy = fold(nights("ok", "timeout"))
    assert (healthy.state, healthy.reason) == (State.HEALTHY, Reason.OK)


def test_silence_is_the_reason_where_it_is_all_there_is() -> None:
    health = fold(nights("ok", "timeout", "timeout", "timeout", "server-error"))
    assert (health.state, health.reason) == (State.SUSPECT, Reason.SERVER_ERROR)


def test_a_death_keeps_the_evidence_that_proved_it() -> None:
    health = fold(nights(*["not-found"] * 4, "missing-or-private"))
    assert (health.state, health.reason) == (State.DEAD, Reason.NOT_FOUND)


def test_a_suggestion_lasts_as_long_as_the_move() -> None:
    moved = fold(nights("renamed"))
    assert moved.suggested_url == "https://example.org/new"
    assert fold(nights("", "ok"), health=moved).suggested_url is None
    assert fold(nights("", "timeout"), health=moved).suggested_url == "https://example.org/new"


# --- laws ---

reasons = st.sampled_from(sorted(OUTCOMES))
gaps = st.floats(min_value=0.01, max_value=9)
policies = st.builds(
    HealthSettings,
    min_strikes=st.integers(1, 5),
    min_days=st.floats(0, 6),
    silent_nights=st.integers(1, 5),
)


@st.composite
def histories(draw: st.DrawFn, of: st.SearchStrategy[str] = reasons) -> list[Observation]:
    night = 0.0
    looks = []
    for reason in draw(st.lists(of, max_size=25)):
        night += draw(gaps)
        looks.append(look(reason, night))
    return looks


harmless = st.sampled_from(
    sorted(reason for reason in OUTCOMES if voice_of(look(reason)) is not Voice.AGAINST)
)


@given(histories(harmless), policies)
def test_without_strikes_nobody_dies(looks: list[Observation], policy: HealthSettings) -> None:
    health = Health()
    for observation in looks:
        health = judge(health, observation, policy)
        assert health.state is not State.DEAD


@given(histories(), policies)
def test_a_death_has_its_strikes_and_their_spread(looks: list[Observation], policy: HealthSettings) -> None:
    """Recounted here from the looks themselves."""
    health = Health()
    strikes: list[Observation] = []
    for observation in looks:
        was_dead = health.state is State.DEAD
        health = judge(health, observation, policy)
        match voice_of(observation):
            case Voice.AGAINST:
                strikes.append(observation)
            case Voice.FOR:
                strikes = []
        if observation.reason is Reason.DISABLED:
            strikes = []
        assert health.strikes == len(strikes)
        if health.state is State.DEAD and not was_dead:
            assert len(strikes) >= policy.min_strikes
            assert observation is strikes[-1]
            spread = strikes[-1].observed_at - strikes[0].observed_at
            assert spread >= timedelta(days=policy.min_days) - timedelta(hours=1)
            assert observation.reason is not Reason.MISSING_OR_PRIVATE


@given(histories(), policies, st.sampled_from(["ok", "redirected", "gated"]))
def test_one_look_that_finds_it_clears_everything(
    looks: list[Observation], policy: HealthSettings, reason: str
) -> None:
    found = fold([*looks, look(reason, 999)], policy)
    fresh = fold([look(reason, 999)], policy)
    assert (found.state, found.strikes, found.silent_nights) == (fresh.state, 0, 0)
    assert (found.first_failed_at, found.first_strike_at, found.last_strike_at) == (None, None, None)


@given(histories(), policies, st.sampled_from(sorted(NOT_LOOKED)))
def test_a_look_not_made_changes_no_state(
    looks: list[Observation], policy: HealthSettings, reason: str
) -> None:
    before = fold(looks, policy)
    after = judge(before, look(reason, 999), policy)
    assert (after.state, after.strikes, after.last_checked_at) == (
        before.state,
        before.strikes,
        before.last_checked_at,
    )


@given(histories(), policies)
def test_since_moves_only_with_the_state(looks: list[Observation], policy: HealthSettings) -> None:
    health = Health()
    for observation in looks:
        after = judge(health, observation, policy)
        assert (after.since == health.since) is (after.state is health.state)
        health = after


times = st.integers(0, 40 * 24).map(lambda hours: FIRST_NIGHT + timedelta(hours=hours))
addresses = st.sampled_from([None, "https://example.org/a", "https://example.org/b"])
healths = st.builds(
    Health,
    state=st.sampled_from(State),
    since=st.none() | times,
    reason=st.none() | st.sampled_from(Reason),
    http_status=st.sampled_from([None, 200, 404]),
    final_url=addresses,
    suggested_url=addresses,
    first_failed_at=st.none() | times,
    last_alive_at=st.none() | times,
    last_checked_at=st.none() | times,
    strikes=st.integers(0, 4),
    first_strike_at=st.none() | times,
    last_strike_at=st.none() | times,
    silent_nights=st.integers(0, 4),
    last_silent_at=st.none() | times,
)
any_looks = st.builds(
    Observation,
    link=st.just(LINK),
    observed_at=times,
    outcome=st.sampled_from(Outcome),
    reason=st.sampled_from(Reason),
    http_status=st.sampled_from([None, 200, 404]),
    final_url=addresses,
    suggested_url=addresses,
)


@settings(max_examples=500)
@given(healths, any_looks, policies, st.booleans())
def test_judging_at_once_is_judging_by_steps(
    health: Health, observation: Observation, policy: HealthSettings, in_outage: bool
) -> None:
    """For any health at all, one that no look leads to included."""
    at_once = judge(health, observation, policy, in_outage=in_outage)
    assert at_once == judge_by_steps.judge(health, observation, policy, in_outage=in_outage)
