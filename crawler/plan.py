"""What is due in a run, in which lane and order. Pure.

Suspects come first, so that a run cut short has looked at what matters; hosts take turns, so that no host
keeps the others waiting.
"""

from __future__ import annotations

import zlib
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias

from crawler.errors import UsageError
from crawler.records import Exclusion, Link, State, Target, TargetKind
from crawler.settings import HealthSettings


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

LANE_OF: Final[Mapping[TargetKind, LaneName]] = {
    kind: LaneName.WEB if kind in AS_WEB_PAGES else FAMILY[kind] for kind in TargetKind
}

LANES: Final = tuple(LaneName)
LANE_NUMBER: Final = {lane: number for number, lane in enumerate(LANES)}
LANES_BY_OWNER: Final = frozenset({LaneName.HUGGINGFACE})
"""Where one request can tell of all that an owner has."""

WAVE_LINKS: Final = 50_000
"""So many questions may be in memory at once: with all that is known of each, some 100 MB."""
TOGETHER: Final = 64
"""A web host with more links than this for each wave is spread over all of them."""
IN_COMPANY: Final = -1
"""Stands for the wave of a link that goes where others go."""

FIRST: Final[Mapping[State, int]] = {State.SUSPECT: 0, State.UNKNOWN: 1}
AFTER_THOSE: Final = 2

WEEK: Final = timedelta(days=7)
MONTH: Final = timedelta(days=30)
MONTHLY_AFTER: Final = 6
"""How many times as long as for weekly looks a link must be dead for monthly ones."""
REST_TOLERANCE: Final = timedelta(hours=12)
"""Runs do not begin at the same minute."""


class Candidate(NamedTuple):
    """A link of the catalog on the eve of a run, with what decides whether and when it is asked.

    `host` is its host name in lower case, empty where it has none. `since` and `last_checked_at` are told
    where the state may let the link rest. `answered`: this run has already been told about it. `documents`
    are the names of those it stands in, told where a document is chosen.
    """

    link_id: int
    url: str
    kind: TargetKind
    name: str
    host: str
    state: State = State.UNKNOWN
    since: datetime | None = None
    last_checked_at: datetime | None = None
    silent_nights: int = 0
    answered: bool = False
    documents: Collection[str] = ()
    exclusion: Exclusion | None = None


Wave: TypeAlias = Mapping[LaneName, Sequence[int]]
"""Ids of links to ask in one go, by lane, in the order to ask them."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The links that are due, in waves to be asked one after the other; what was left out, counted by why.

    A plan holds ids only: what is asked about a link is read when its wave's turn comes.
    """

    waves: tuple[Wave, ...] = ()
    hosts: Mapping[str, int] = field(default_factory=dict)
    """How many links of each host are due."""
    excluded: Mapping[str, int] = field(default_factory=dict)
    already_answered: int = 0
    answered_before: Link | None = None
    """One of those this run has already been told about: a host that is known to answer."""
    resting: Mapping[str, int] = field(default_factory=dict)
    """Links that are not asked every night, counted by why."""
    not_chosen: int = 0
    over_limit: int = 0

    def __len__(self) -> int:
        return sum(len(ids) for wave in self.waves for ids in wave.values())


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
    return LANE_OF[link.target.kind]


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
    wave_links: int = WAVE_LINKS,
) -> Plan:
    """Choose what is due and put it in order. An exclusion ends on its day (UTC)."""
    excluded: Counter[str] = Counter()
    resting: Counter[str] = Counter()
    policy = policy or HealthSettings()
    due = _Due()
    not_chosen = already_answered = 0
    answered_before: Candidate | None = None
    for candidate in candidates:
        if not _is_chosen(candidate, only, document, suspects_only):
            not_chosen += 1
        elif candidate.exclusion is not None and _is_in_force(candidate.exclusion, now.date()):
            excluded[_describe(candidate.exclusion)] += 1
        elif candidate.answered:
            already_answered += 1
            answered_before = candidate
        elif (why := why_resting(candidate, now, policy, steady_rest_days)) is not None:
            resting[why] += 1
        else:
            due.add(candidate)
    ordered = due.in_order()
    over_limit = 0 if limit is None else max(0, len(ordered) - limit)
    chosen = ordered if limit is None else ordered[:limit]
    return Plan(
        waves=due.in_waves(chosen, wave_links),
        hosts=due.count_hosts(chosen),
        excluded=dict(excluded.most_common()),
        resting=dict(resting.most_common()),
        already_answered=already_answered,
        answered_before=_link_of(answered_before) if answered_before is not None else None,
        not_chosen=not_chosen,
        over_limit=over_limit,
    )


def why_resting(
    candidate: Candidate, now: datetime, policy: HealthSettings, steady_rest_days: int = 0
) -> str | None:
    """Why a link is not asked tonight: long dead, or steadily fine where the config lets those rest."""
    since, last_checked_at = candidate.since, candidate.last_checked_at
    if since is None or last_checked_at is None:
        return None
    match candidate.state:
        case State.DEAD:
            unasked_for = now - last_checked_at + REST_TOLERANCE
            long = timedelta(days=policy.rest_after_days)
            if now - since >= MONTHLY_AFTER * long and unasked_for < MONTH:
                return "long dead, asked monthly"
            if long <= now - since < MONTHLY_AFTER * long and unasked_for < WEEK:
                return "long dead, asked weekly"
        case State.HEALTHY if steady_rest_days > 0 and not candidate.silent_nights:
            unasked_for = now - last_checked_at + REST_TOLERANCE
            # Each link has its own day, so that no night has to ask all of them.
            day = zlib.crc32(candidate.url.encode()) + now.toordinal()
            is_steady = now - since >= MONTH
            if is_steady and day % steady_rest_days and unasked_for < timedelta(days=steady_rest_days):
                return f"steadily fine, asked every {steady_rest_days} days"
    return None


def _is_chosen(
    candidate: Candidate, only: Collection[LaneName] | None, document: str | None, suspects_only: bool
) -> bool:
    return (
        (only is None or FAMILY[candidate.kind] in only)
        and (document is None or document in candidate.documents)
        and (not suspects_only or candidate.state is State.SUSPECT)
    )


def _is_in_force(exclusion: Exclusion, today: date) -> bool:
    return exclusion.until is None or today < exclusion.until


def _describe(exclusion: Exclusion) -> str:
    return exclusion.reason if exclusion.until is None else f"{exclusion.reason} (until {exclusion.until})"


def _link_of(candidate: Candidate) -> Link:
    return Link(candidate.url, Target(candidate.kind, candidate.name))


class _Due:
    """Due links as columns of numbers: some 30 bytes a link, so that a million of them is no matter."""

    def __init__(self) -> None:
        self._ids = array("q")
        self._lanes = array("b")
        self._urgencies = array("b")
        self._hosts = array("l")
        self._turns = array("l")
        """The how manieth of its host and urgency a link is."""
        self._company = array("L")
        """Equal for links of one owner, where owners count, or else of one host."""
        self._host_numbers: dict[str, int] = {}
        self._counts: tuple[array[int], ...] = tuple(array("l") for _ in range(AFTER_THOSE + 1))
        """How many links of each host are due, by urgency."""

    def add(self, candidate: Candidate) -> None:
        lane = LANE_OF[candidate.kind]
        host = self._host_numbers.get(candidate.host)
        if host is None:
            host = self._host_numbers[candidate.host] = len(self._host_numbers)
            for counts in self._counts:
                counts.append(0)
        urgency = FIRST.get(candidate.state, AFTER_THOSE)
        counts = self._counts[urgency]
        self._ids.append(candidate.link_id)
        self._lanes.append(LANE_NUMBER[lane])
        self._urgencies.append(urgency)
        self._hosts.append(host)
        self._turns.append(counts[host])
        company = candidate.name.partition("/")[0] if lane in LANES_BY_OWNER else candidate.host
        self._company.append(zlib.crc32(company.encode("utf-8", "surrogatepass")))
        counts[host] += 1

    def in_order(self) -> array[int]:
        """Places in the columns: most urgent first; among equals the first of every host, then the second, …

        Sorted by counting: sorting by key would make two objects of every link.
        """
        first_places: list[array[int]] = []
        place = 0
        for counts in self._counts:
            # How many hosts have at least n+1 links is how many links have turn n.
            by_turn = array("l", bytes(array("l").itemsize * (max(counts, default=0) + 1)))
            for count in counts:
                if count:
                    by_turn[count - 1] += 1
            for turn in range(len(by_turn) - 2, -1, -1):
                by_turn[turn] += by_turn[turn + 1]
            for turn, links in enumerate(by_turn):
                by_turn[turn] = place
                place += links
            first_places.append(by_turn)
        ordered = array("l", bytes(array("l").itemsize * len(self._ids)))
        for link, (urgency, turn) in enumerate(zip(self._urgencies, self._turns, strict=True)):
            places = first_places[urgency]
            ordered[places[turn]] = link
            places[turn] += 1
        return ordered

    def in_waves(self, chosen: Sequence[int], wave_links: int) -> tuple[Wave, ...]:
        """Cut what was chosen into waves of about `wave_links`, the urgent in waves of their own.

        What is best asked together stays together; a host with very many links has as many in each wave, so
        that each wave has work for as many hosts as there can be. Otherwise a wave has links that came into
        the catalog one after the other: what is read and written of them lies together on the disk.
        """
        if len(chosen) <= wave_links:
            of_link, waves = array("l", bytes(len(self._ids) * self._hosts.itemsize)), 1
        else:
            of_link, waves = self._choose_waves(chosen, wave_links)
        by_lane = [[array("q") for _ in LANES] for _ in range(waves)]
        for link in chosen:
            by_lane[of_link[link]][self._lanes[link]].append(self._ids[link])
        full = ({lane: ids for lane, ids in zip(LANES, wave, strict=True) if ids} for wave in by_lane)
        return tuple(wave for wave in full if wave)

    def _choose_waves(self, chosen: Sequence[int], wave_links: int) -> tuple[array[int], int]:
        """The wave of each link, and how many waves there are."""
        by_host = self._count(chosen)
        of_link = array("l", bytes(len(self._ids) * self._hosts.itemsize))
        in_company: list[Counter[int]] = [Counter() for _ in by_host]
        arrived = range(len(self._ids)) if len(chosen) == len(self._ids) else sorted(chosen)
        waves = [-(-sum(of_hosts) // wave_links) for of_hosts in by_host]
        for link in arrived:
            urgency = self._urgencies[link]
            of_host = by_host[urgency][self._hosts[link]]
            if self._keeps_company(link, of_host, waves[urgency]):
                in_company[urgency][self._company[link]] += 1
                of_link[link] = IN_COMPANY
            else:
                of_link[link] = self._turns[link] * waves[urgency] // of_host
        # Companies go into waves in the order in which their first links came, as many links into each.
        placed = [0 for _ in waves]
        all_in_company = [counts.total() for counts in in_company]
        company_waves: list[dict[int, int]] = [{} for _ in waves]
        first_waves = [sum(waves[:urgency]) for urgency in range(len(waves))]
        for link in arrived:
            urgency = self._urgencies[link]
            if of_link[link] == IN_COMPANY:
                company, known = self._company[link], company_waves[urgency]
                if company not in known:
                    known[company] = placed[urgency] * waves[urgency] // all_in_company[urgency]
                    placed[urgency] += in_company[urgency].pop(company)
                of_link[link] = known[company]
            of_link[link] += first_waves[urgency]
        return of_link, sum(waves)

    def _keeps_company(self, link: int, of_host: int, waves: int) -> bool:
        """Whether a link goes where its owner's or host's others go."""
        lane = LANES[self._lanes[link]]
        return lane in LANES_BY_OWNER or (lane is LaneName.WEB and of_host <= waves * TOGETHER)

    def count_hosts(self, chosen: Sequence[int]) -> dict[str, int]:
        """How many of the chosen each host has; those without any are left out."""
        counts = map(sum, zip(*self._count(chosen), strict=True))
        return {host: count for host, count in zip(self._host_numbers, counts, strict=True) if count}

    def _count(self, chosen: Sequence[int]) -> tuple[array[int], ...]:
        if len(chosen) == len(self._ids):
            return self._counts
        by_host = tuple(array("l", bytes(len(counts) * counts.itemsize)) for counts in self._counts)
        for link in chosen:
            by_host[self._urgencies[link]][self._hosts[link]] += 1
        return by_host
