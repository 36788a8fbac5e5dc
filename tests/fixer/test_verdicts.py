"""What the database says about a link that stands in a document: certain, doubtful, dead, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from crawler.fixer.verdicts import Verdicts
from crawler.records import Exclusion, Observation, Outcome, Reason, State
from crawler.store.history import History
from tests.report.conftest import ALPACA, BLOG, PHI, VICUNA, ZHIHU, Nights, missing, nights, saw

__all__ = ["nights"]

COPY = "https://web.archive.org/web/20260101000000/https://example.org/blog?id=1"


def moved(url: str, home: str, reason: Reason = Reason.RENAMED) -> Observation:
    return saw(url, Outcome.MOVED, reason, suggested_url=home)


@contextmanager
def verdicts(nights: Nights) -> Iterator[Verdicts]:
    with History.open(nights.database) as history:
        yield Verdicts(history)


def test_renames_and_permanent_redirects_are_certain(nights: Nights) -> None:
    nights.pass_night(
        moved(VICUNA, "https://github.com/lm-sys/new"),
        moved(BLOG, "https://example.net/blog?id=1", Reason.REDIRECTED),
    )
    with verdicts(nights) as known:
        for url, home in ((VICUNA, "https://github.com/lm-sys/new"), (BLOG, "https://example.net/blog?id=1")):
            verdict = known.of(url)
            assert verdict is not None
            assert verdict.certain
            assert verdict.suggested_url == home
        assert known.of(ALPACA) is None
        assert known.of("https://example.org/never-seen") is None


def test_moves_of_moves_are_followed_to_their_end(nights: Nights) -> None:
    nights.pass_night(moved(VICUNA, PHI), moved(PHI, "https://huggingface.co/other/phi"))
    with verdicts(nights) as known:
        verdict = known.of(VICUNA)
        assert verdict is not None
        assert verdict.certain
        assert verdict.suggested_url == "https://huggingface.co/other/phi"


@pytest.mark.parametrize(
    ("home", "doubt"),
    [
        (ZHIHU, "suspect"),
        ("http://127.0.0.1/x", "private"),
        ("https://example.net/?token=abcdefgh", "secret"),
        ("mailto:someone@example.org", "none"),
        (VICUNA, "circle"),
    ],
)
def test_a_doubtful_new_address_is_not_certain(nights: Nights, home: str, doubt: str) -> None:
    nights.pass_night(missing(ZHIHU), moved(VICUNA, home))
    with verdicts(nights) as known:
        verdict = known.of(VICUNA)
        assert verdict is not None
        assert not verdict.certain
        assert doubt in (verdict.doubt or "")


def test_a_link_that_failed_since_is_no_longer_called_moved(nights: Nights) -> None:
    nights.pass_night(moved(VICUNA, "https://github.com/lm-sys/new"))
    nights.pass_night(missing(VICUNA))
    with verdicts(nights) as known:
        assert known.of(VICUNA) is None


def test_dead_links_come_with_their_copy_and_change_nothing(nights: Nights) -> None:
    for _ in range(5):
        nights.pass_night(missing(BLOG), archived={BLOG: COPY})
    with verdicts(nights) as known:
        verdict = known.of(BLOG)
        assert verdict is not None
        assert (verdict.state, verdict.archived_url, verdict.certain) == (State.DEAD, COPY, False)


def test_excluded_links_are_left_alone(nights: Nights) -> None:
    nights.catalog = replace(nights.catalog, exclusions=(Exclusion(VICUNA, "asked to"),))
    nights.pass_night(moved(VICUNA, "https://github.com/lm-sys/new"))
    with verdicts(nights) as known:
        assert known.of(VICUNA) is None
