"""`explain`: everything known about one link, in words."""

import dataclasses
from datetime import UTC, date, datetime, timedelta

import pytest

from crawler.errors import UsageError
from crawler.records import (
    Catalog,
    Entry,
    EntryKind,
    Exclusion,
    Health,
    Mention,
    Outcome,
    Reason,
    Role,
    State,
)
from crawler.report.explain import explain_link
from crawler.report.wording import count_of, describe_evidence, explain_policy
from crawler.settings import HealthSettings
from tests.report.conftest import ALPACA, BLOG, CATALOG, FASTCHAT, PAPER, VICUNA, Nights, missing, saw

NOW = datetime(2026, 11, 5, 2, 30, tzinfo=UTC)
DAY = timedelta(days=1)
POLICY = HealthSettings()


def explain(nights: Nights, url: str) -> str:
    return "\n".join(explain_link(nights.config, url))


def test_a_dead_link_in_full(nights: Nights) -> None:
    nights.pass_night(saw(ALPACA, facts={"stars": 18_000, "license": "Apache-2.0"}))
    nights.pass_night(missing(ALPACA))
    nights.pass_night(saw(ALPACA, Outcome.FAILED, Reason.TIMEOUT, http_status=None))
    for _ in range(3):
        nights.pass_night(missing(ALPACA), archived={ALPACA: f"https://web.archive.org/web/{ALPACA}"})
    assert explain(nights, "github.com/Tloen/alpaca-lora.git#readme").splitlines() == [
        ALPACA,
        "target: github_repo tloen/alpaca-lora",
        "",
        "mentioned at",
        f"  first line 12: Alpaca-LoRA (project), written {ALPACA}/",
        f"  second line 4: =1+1 | [x](javascript:alert) *bold* @everyone (other), written {ALPACA}",
        "",
        "state: dead since 2026-11-05 02:30 UTC",
        "reason: not-found, HTTP 404",
        "why: 4 strikes from 2026-11-02 02:35 UTC to 2026-11-06 02:30 UTC, and no look in between that"
        " found it; dead takes 3 strikes, the first and the latest at least 3 days apart",
        f"archived copy: https://web.archive.org/web/{ALPACA}",
        "last checked: 2026-11-06 02:30 UTC",
        "last alive: 2026-11-01 02:35 UTC",
        "failing since: 2026-11-02 02:35 UTC",
        "",
        "looks (6)",
        "  2026-11-01 02:35 UTC                                   alive ok HTTP 200",
        "  2026-11-02 02:35 UTC                                   not-found HTTP 404",
        "  2026-11-03 02:35 UTC                                   failed timeout no answer",
        "  2026-11-04 02:35 UTC to 2026-11-06 02:30 UTC, 3 looks  not-found HTTP 404",
        "",
        "facts, last told 2026-11-01 02:35 UTC",
        "  license  Apache-2.0  (since 2026-11-01)",
        "  stars    18,000",
        "",
        "open findings",
        "  dead: not-found, at first/alpaca, since 2026-11-05",
        "  dead: not-found, at second/hostile, since 2026-11-05",
    ]


def test_what_a_fact_was_before(nights: Nights) -> None:
    for license_name in ("MIT", "MIT", "Apache-2.0"):
        nights.pass_night(saw(VICUNA, facts={"license": license_name, "topics": ["a", "b"], "fork": False}))
    assert explain(nights, VICUNA).split("facts, last told ")[1].splitlines()[:5] == [
        "2026-11-03 02:30 UTC",
        "  fork     no  (since 2026-11-01)",
        "  license  Apache-2.0  (since 2026-11-03)",
        "           MIT  (2026-11-01 to 2026-11-03)",
        "  topics   a, b  (since 2026-11-01)",
    ]


def test_a_moved_link_says_where(nights: Nights) -> None:
    nights.pass_night(saw(VICUNA, Outcome.MOVED, Reason.RENAMED, suggested_url=FASTCHAT, detail="by its id"))
    text = explain(nights, VICUNA)
    assert f"moved to: {FASTCHAT}\n" in text
    assert f"moved renamed HTTP 200 → {FASTCHAT} (by its id)" in text


def test_an_address_is_shown_where_it_differs_and_an_id_as_it_is(nights: Nights) -> None:
    nights.pass_night(saw(VICUNA, final_url=VICUNA, facts={"host_id": 284773708, "forks": 2068}))
    text = explain(nights, VICUNA)
    assert "leads to" not in text
    assert "→" not in text
    assert "  forks    2,068\n" in text
    assert "  host_id  284773708  (since" in text
    nights.pass_night(saw(VICUNA, final_url=FASTCHAT))
    assert f"leads to: {FASTCHAT}\n" in explain(nights, VICUNA)


def test_before_the_first_crawl(nights: Nights) -> None:
    text = explain(nights, "arxiv.org/pdf/2305.15334v2.pdf")
    assert text.startswith(f"{PAPER}\ntarget: arxiv_paper 2305.15334\n")
    assert "state: unknown\nwhy: no look has had an answer that says anything\n" in text
    assert text.endswith("never looked at")


def test_an_exclusion_is_told(nights: Nights) -> None:
    nights.catalog = dataclasses.replace(
        CATALOG, exclusions=(Exclusion(BLOG, "its host asked", date(2026, 12, 1)),)
    )
    nights.pass_night()
    assert "  left alone until 2026-12-01: its host asked\n" in explain(nights, BLOG)


def test_a_link_that_left_the_catalog_is_still_known(nights: Nights) -> None:
    nights.pass_night()
    nights.catalog = dataclasses.replace(CATALOG, entries=CATALOG.entries[:1])
    nights.pass_night()
    assert "mentioned at\n  nowhere now: it has left the catalog\n" in explain(nights, VICUNA)


def test_an_unknown_link_names_the_nearest(nights: Nights) -> None:
    nights.pass_night()
    with pytest.raises(UsageError, match=rf"did you mean {ALPACA}") as raised:
        explain(nights, "https://github.com/tloen/alpaca-laura")
    assert raised.value.exit_code == 2
    with pytest.raises(UsageError, match="no link"):
        explain(nights, "https://nothing.example/like/it")


def test_what_is_no_address_is_said_to_be_none(nights: Nights) -> None:
    with pytest.raises(UsageError, match="is not an http"):
        explain(nights, "mailto:someone@example.org")


def test_an_address_that_cannot_be_asked_can_be_explained(nights: Nights) -> None:
    odd = "http://[half an address"
    nights.catalog = Catalog(
        CATALOG.documents,
        (Entry("first/odd", "Odd", EntryKind.TOOL, "first", mentions=(Mention(odd, odd, Role.PROJECT, 1),)),),
    )
    nights.pass_night(saw(odd, Outcome.SKIPPED, Reason.INVALID_URL, http_status=None))
    assert "skipped invalid-url no answer" in explain(nights, odd)


def test_made_up_data_says_so_first(nights: Nights) -> None:
    nights.made_up = True
    nights.pass_night()
    assert explain(nights, ALPACA).startswith("Made-up data: ")


def test_strangers_and_secrets_are_harmless(nights: Nights) -> None:
    url = "https://user:hunter2@example.net/a?token=abcdefgh"
    nights.catalog = Catalog(
        CATALOG.documents,
        (
            Entry(
                "first/n", "\x1b[31mred", EntryKind.TOOL, "first", mentions=(Mention(url, url, Role.PROJECT),)
            ),
        ),
    )
    nights.pass_night(saw(url, detail="\x1b[2J\n", facts={"title": "\x07bell"}))
    text = explain(nights, url)
    assert not any(character in text for character in "\x1b\x07")
    assert "hunter2" not in text
    assert "abcdefgh" not in text
    with pytest.raises(UsageError) as raised:
        explain(nights, "https://user:hunter2@example.com/")
    assert "hunter2" not in str(raised.value)


# --- the policy in words ---


def health(state: State, reason: Reason = Reason.NOT_FOUND, **more: object) -> Health:
    return dataclasses.replace(Health(state=state, reason=reason, since=NOW), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("link", "policy", "words"),
    [
        pytest.param(
            health(State.SUSPECT, strikes=1, first_strike_at=NOW, last_strike_at=NOW),
            POLICY,
            "1 strike, at 2026-11-05 02:30 UTC;"
            " dead takes 3 strikes, the first and the latest at least 3 days apart",
            id="one strike",
        ),
        pytest.param(
            health(State.SUSPECT, strikes=2, first_strike_at=NOW - DAY, last_strike_at=NOW),
            HealthSettings(min_strikes=5, min_days=0.5),
            "2 strikes from 2026-11-04 02:30 UTC to 2026-11-05 02:30 UTC;"
            " dead takes 5 strikes, the first and the latest at least 0.5 days apart",
            id="another policy",
        ),
        pytest.param(
            health(State.SUSPECT, Reason.TIMEOUT, silent_nights=3),
            POLICY,
            "3 nights in a row without a telling answer;"
            " suspect from 3 on, but silence alone never makes a link dead",
            id="silence",
        ),
        pytest.param(
            health(
                State.SUSPECT, Reason.MISSING_OR_PRIVATE, strikes=9, first_strike_at=NOW, last_strike_at=NOW
            ),
            POLICY,
            "9 strikes from 2026-11-05 02:30 UTC to 2026-11-05 02:30 UTC;"
            " it may only be private, so this never makes a link dead",
            id="missing or private",
        ),
        pytest.param(
            health(State.DEAD, strikes=1, first_strike_at=NOW, last_strike_at=NOW),
            HealthSettings(min_strikes=1),
            "1 strike, at 2026-11-05 02:30 UTC, and no look in between that found it; dead takes one strike",
            id="a policy of one strike",
        ),
        pytest.param(
            health(State.RESTRICTED, Reason.BOT_WALL, strikes=1, last_strike_at=NOW),
            POLICY,
            "the host answers and keeps us out, so it is neither alive nor dead;"
            " 1 strike, at 2026-11-05 02:30 UTC against it before",
            id="a wall after a strike",
        ),
        pytest.param(
            health(State.HEALTHY, Reason.OK, last_alive_at=NOW),
            POLICY,
            "the last telling look found it, at 2026-11-05 02:30 UTC",
            id="healthy",
        ),
    ],
)
def test_the_policy_in_words(link: Health, policy: HealthSettings, words: str) -> None:
    assert explain_policy(link, policy) == words


@pytest.mark.parametrize(
    ("link", "words"),
    [
        (
            health(State.DEAD, http_status=404, strikes=3, first_failed_at=NOW),
            "not-found, HTTP 404; failing since 2026-11-05; 3 strikes; never seen alive",
        ),
        (health(State.MOVED, Reason.REDIRECTED, http_status=200), "redirected since 2026-11-05"),
        (
            health(State.RESTRICTED, Reason.LOGIN_REQUIRED, http_status=401),
            "login-required, HTTP 401; since 2026-11-05",
        ),
        (health(State.UNKNOWN, Reason.TIMEOUT), "timeout"),
        (Health(), "no reason known"),
    ],
    ids=lambda value: value.state.value if isinstance(value, Health) else "",
)
def test_evidence_in_words(link: Health, words: str) -> None:
    assert describe_evidence(link) == words


@pytest.mark.parametrize(
    ("number", "noun", "words"),
    [
        (0, "link", "0 links"),
        (1, "entry", "1 entry"),
        (2, "entry", "2 entries"),
        (1_500, "link", "1,500 links"),
    ],
)
def test_counts_in_words(number: int, noun: str, words: str) -> None:
    assert count_of(number, noun) == words
