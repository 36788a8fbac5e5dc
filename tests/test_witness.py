"""Failures that may be ours wait until somebody else has answered."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.records import Link, Observation, Outcome, Reason, Target, TargetKind
from crawler.witness import Witness, is_answer, is_connection_failure

NOW = datetime(2026, 11, 2, 2, 30, tzinfo=UTC)


def look(url: str, outcome: Outcome, reason: Reason, http_status: int | None = None) -> Observation:
    return Observation(Link(url, Target(TargetKind.WEB_PAGE, url)), NOW, outcome, reason, http_status)


def answer(host: str) -> Observation:
    return look(f"https://{host}/fine", Outcome.ALIVE, Reason.OK, 200)


def failure(host: str, page: str = "") -> Observation:
    return look(f"https://{host}/{page}", Outcome.UNREACHABLE, Reason.DNS_FAILURE)


def test_an_answer_passes() -> None:
    witness = Witness()
    assert not witness.heard_anyone
    assert witness.add(answer("a.example")) == [answer("a.example")]
    assert witness.heard_anyone


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Outcome.UNREACHABLE, Reason.DNS_FAILURE),
        (Outcome.UNREACHABLE, Reason.CONNECTION_REFUSED),
        (Outcome.UNREACHABLE, Reason.TLS_FAILURE),
        (Outcome.FAILED, Reason.DNS_FAILURE),
        (Outcome.FAILED, Reason.CONNECTION_RESET),
        (Outcome.FAILED, Reason.TIMEOUT),
        pytest.param(Outcome.FAILED, Reason.SERVER_ERROR, id="the proxy's own 502"),
    ],
)
def test_a_failed_connection_waits_for_another_host(outcome: Outcome, reason: Reason) -> None:
    witness = Witness()
    failed = look("https://a.example/", outcome, reason)
    assert witness.add(failed) == []
    assert witness.held == (failed,)
    assert witness.add(answer("b.example")) == [failed, answer("b.example")]
    assert not witness.held


@pytest.mark.parametrize(
    "observation",
    [
        look("https://a.example/", Outcome.FAILED, Reason.SERVER_ERROR, 502),
        look("https://a.example/", Outcome.NOT_FOUND, Reason.NOT_FOUND, 404),
        look("https://a.example/", Outcome.FAILED, Reason.TOO_MANY_REDIRECTS),
        look("https://a.example/", Outcome.SKIPPED, Reason.PRIVATE_ADDRESS),
        look("https://a.example/", Outcome.THROTTLED, Reason.RATE_LIMITED),
    ],
    ids=lambda observation: observation.reason.value,
)
def test_what_is_no_connection_failure_passes(observation: Observation) -> None:
    assert Witness().add(observation) == [observation]


def test_what_was_never_sent_is_no_answer() -> None:
    assert not is_answer(look("https://a.example/", Outcome.SKIPPED, Reason.SKIPPED))


def test_an_earlier_answer_vouches_for_nothing_later() -> None:
    witness = Witness()
    witness.add(answer("b.example"))
    assert witness.add(failure("a.example")) == []


def test_the_same_host_vouches_only_at_the_end() -> None:
    witness = Witness()
    witness.add(failure("a.example", "1"))
    assert witness.add(answer("a.example")) == [answer("a.example")]
    witness.add(failure("a.example", "2"))
    assert witness.settle() == [failure("a.example", "1")]
    assert witness.held == (failure("a.example", "2"),)
    assert witness.settle() == []


def test_what_is_held_can_be_asked_again() -> None:
    witness = Witness()
    witness.add(failure("a.example"))
    assert witness.take_held() == [failure("a.example")]
    assert witness.held == ()
    assert witness.settle() == []


def test_a_host_that_cannot_be_read_is_a_host_of_its_own() -> None:
    witness = Witness()
    odd = look("http://[bad", Outcome.UNREACHABLE, Reason.DNS_FAILURE)
    assert witness.add(odd) == []
    assert odd in witness.add(answer("a.example"))


hosts = st.sampled_from(["a.example", "b.example", "c.example"])
looks = st.lists(
    st.one_of(
        hosts.map(answer), st.tuples(hosts, st.integers(0, 9)).map(lambda it: failure(it[0], str(it[1])))
    )
)


@given(looks)
def test_nothing_is_lost_or_doubled_and_nothing_passes_unvouched(observations: list[Observation]) -> None:
    witness = Witness()
    released: list[Observation] = []
    for place, observation in enumerate(observations):
        now = witness.add(observation)
        for each in now:
            if is_connection_failure(each):
                assert is_answer(observation)
                assert observation.link.canonical_url.split("/")[2] != each.link.canonical_url.split("/")[2]
        released += now
        assert len(released) + len(witness.held) == place + 1
    released += [*witness.settle(), *witness.take_held()]
    assert sorted(map(repr, released)) == sorted(map(repr, observations))


def test_what_failed_while_we_were_cut_off_is_not_released_by_the_next_answer() -> None:
    witness = Witness()
    familiar = ["a.example", "b.example", "c.example"]
    for host in familiar:
        witness.add(answer(host))
    failures = [failure(host) for host in familiar]
    for failed in failures:
        assert witness.add(failed) == []
    assert witness.add(answer("d.example")) == [answer("d.example")]
    assert witness.settle() == []
    assert witness.take_doubtful() == failures
    assert witness.held == ()


def test_many_strangers_in_a_row_are_no_chance() -> None:
    witness = Witness()
    failures = [failure(f"{number}.example") for number in range(8)]
    for failed in failures:
        witness.add(failed)
    assert witness.add(answer("d.example")) == [answer("d.example")]
    assert witness.held == tuple(failures)


def test_failures_with_answers_in_between_are_the_hosts_own() -> None:
    witness = Witness()
    released = []
    for number in range(20):
        witness.add(failure(f"{number}.example"))
        released += witness.add(answer("a.example"))
    assert sum(is_connection_failure(each) for each in released) == 20
