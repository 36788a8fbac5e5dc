"""What is due in a run, in which lane and order. Pure.

Suspects come first, so that a run cut short has looked at what matters; hosts take turns, so that no host
keeps the others waiting.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from crawler.config import HealthSettings
from crawler.errors import UsageError
from crawler.records import Exclusion, Health, Link, Question, State, TargetKind


class LaneName(StrEnum):
    """A host that is asked in its own way, or all others as web pages."""

    GITHUB = "github"
    HUGGINGFACE = "huggingface"
    ARXIV = "arxiv"
    WEB = "web"


FAMILY: Final[Mapping[TargetKind, LaneName]] = {
    kind: next((lane for lane in LaneName if kind.value.startswith(f"{lane.value}_")), LaneName.WEB)
    for kind in TargetKind
}
"""Whose things a kind of target belongs to: what `--only` chooses by."""

AS_WEB_PAGES: Final = frozenset({TargetKind.GITHUB_OTHER, TargetKind.HUGGINGFACE_OTHER})
"""Pages of GitHub and the Hub that their APIs know nothing of."""

FIRST: Final[Mapping[State, int]] = {State.SUSPECT: 0, State.UNKNOWN: 1}
AFTER_THOSE: Final = 2

WEEK: Final = timedelta(days=7)
MONTH: Final = timedelta(days=30)
MONTHLY_AFTER: Final = 6
"""How many times as long as for weekly looks a link must be dead for monthly ones."""
REST_TOLERANCE: Final = timedelta(hours=12)
"""Runs do not begin at the same minute."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A link of the catalog on the eve of a run. `answered`: this run has already been told about it."""

    question: Question
    health: Health = field(default_factory=Health)
    answered: bool = False
    documents: tuple[str, ...] = ()
    exclusion: Exclusion | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Due questions per lane, in the order to ask them; what was left out, counted by why."""

    lanes: Mapping[LaneName, list[Question]] = field(default_factory=dict)
    excluded: Mapping[str, int] = field(default_factory=dict)
    already_answered: int = 0
    answered_before: Question | None = None
    """One of those this run has already been told about: a host that is known to answer."""
    resting: Mapping[str, int] = field(default_factory=dict)
    """Links that are not asked every night, counted by why."""
    not_chosen: int = 0
    over_limit: int = 0

    def __len__(self) -> int:
        return sum(len(questions) for questions in self.lanes.values())


def parse_lanes(text: str) -> frozenset[LaneName]:
    """`github,arxiv` → lanes. Raises UsageError naming the unknown one."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = next((name for name in names if name not in set(LaneName)), None)
    if unknown is not None or not names:
        raise UsageError(
            f"--only {text!r}: {unknown!r} is no lane" if unknown else f"--only {text!r} names no lane",
            hint=f"choose from {','.join(LaneName)}",
        )
    return frozenset(LaneName(name) for name in names)


def lane_of(link: Link) -> LaneName:
    """Who asks about this link."""
    kind = link.target.kind
    return LaneName.WEB if kind in AS_WEB_PAGES else FAMILY[kind]


def plan_crawl(
    candidates: Iterable[Candidate],
    now: datetime,
    *,
    only: Collection[LaneName] | None = None,
    document: str | None = None,
    limit: int | None = None,
    suspects_only: bool = False,
    policy: HealthSettings | None = None,
    steady_rest_days: int = 0,
) -> Plan:
    """Choose what is due and put it in order. An exclusion ends on its day (UTC)."""
    excluded: Counter[str] = Counter()
    resting: Counter[str] = Counter()
    policy = policy or HealthSettings()
    due: list[Candidate] = []
    not_chosen = already_answered = 0
    answered_before: Question | None = None
    for candidate in candidates:
        if not _is_chosen(candidate, only, document, suspects_only):
            not_chosen += 1
        elif candidate.exclusion is not None and _is_in_force(candidate.exclusion, now.date()):
            excluded[_describe(candidate.exclusion)] += 1
        elif candidate.answered:
            already_answered += 1
            answered_before = candidate.question
        elif (why := why_resting(candidate, now, policy, steady_rest_days)) is not None:
            resting[why] += 1
        else:
            due.append(candidate)
    ordered = _take_turns(due)
    lanes: dict[LaneName, list[Question]] = {lane: [] for lane in LaneName}
    for candidate in ordered[:limit]:
        lanes[lane_of(candidate.question.link)].append(candidate.question)
    return Plan(
        lanes=lanes,
        excluded=dict(excluded.most_common()),
        resting=dict(resting.most_common()),
        already_answered=already_answered,
        answered_before=answered_before,
        not_chosen=not_chosen,
        over_limit=0 if limit is None else max(0, len(ordered) - limit),
    )


def why_resting(
    candidate: Candidate, now: datetime, policy: HealthSettings, steady_rest_days: int = 0
) -> str | None:
    """Why a link is not asked tonight: long dead, or steadily fine where the config lets those rest."""
    health = candidate.health
    if health.since is None or health.last_checked_at is None:
        return None
    unasked_for = now - health.last_checked_at + REST_TOLERANCE
    match health.state:
        case State.DEAD:
            long = timedelta(days=policy.rest_after_days)
            if now - health.since >= MONTHLY_AFTER * long and unasked_for < MONTH:
                return "long dead, asked monthly"
            if long <= now - health.since < MONTHLY_AFTER * long and unasked_for < WEEK:
                return "long dead, asked weekly"
        case State.HEALTHY if steady_rest_days > 0 and not health.silent_nights:
            is_steady = now - health.since >= MONTH
            # Each link has its own day, so that no night has to ask all of them.
            day = zlib.crc32(candidate.question.link.canonical_url.encode()) + now.toordinal()
            if is_steady and day % steady_rest_days and unasked_for < timedelta(days=steady_rest_days):
                return f"steadily fine, asked every {steady_rest_days} days"
    return None


def _is_chosen(
    candidate: Candidate, only: Collection[LaneName] | None, document: str | None, suspects_only: bool
) -> bool:
    return (
        (only is None or FAMILY[candidate.question.link.target.kind] in only)
        and (document is None or document in candidate.documents)
        and (not suspects_only or candidate.health.state is State.SUSPECT)
    )


def _is_in_force(exclusion: Exclusion, today: date) -> bool:
    return exclusion.until is None or today < exclusion.until


def _describe(exclusion: Exclusion) -> str:
    return exclusion.reason if exclusion.until is None else f"{exclusion.reason} (until {exclusion.until})"


def _take_turns(due: Iterable[Candidate]) -> list[Candidate]:
    """Most urgent first; among equals the first of every host, then the second of every host, …"""
    turns: Counter[tuple[int, str]] = Counter()
    ranked: list[tuple[int, int, int, Candidate]] = []
    for arrival, candidate in enumerate(due):
        urgency = FIRST.get(candidate.health.state, AFTER_THOSE)
        place = (urgency, _host_of(candidate.question.link.canonical_url))
        ranked.append((urgency, turns[place], arrival, candidate))
        turns[place] += 1
    ranked.sort(key=lambda item: item[:3])
    return [candidate for *_, candidate in ranked]


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
