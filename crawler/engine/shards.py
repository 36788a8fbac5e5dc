"""A run's questions cut into shards, so that each host is wholly in one shard at a time. Pure.

The budget of an API is one: the links of GitHub, the Hub and arXiv are one shard each, with the web pages at
those hosts; a long one comes in parts that follow each other. Web hosts are spread evenly by number of links.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Final, TypeAlias

from crawler.fetch.politeness import ARXIV_LANE
from crawler.plan import LaneName, lane_of
from crawler.records import Question
from crawler.settings import Settings

SHARDS_PER_WORKER: Final = 12
"""So many that a lost worker loses little, and that all end at about the same time."""
FEWEST_QUESTIONS: Final = 50
MOST_QUESTIONS: Final = 2_000
"""Of a web shard of several hosts."""
MOST_OF_ONE_HOST: Final = 5_000
"""What a single host has beyond this comes in parts."""
MOST_API_QUESTIONS: Final = 20_000
"""Of one part of an API's shard: its batches are made inside it."""

GITHUB_HOSTS: Final = ("github.com", "www.github.com", "api.github.com")
HUB_HOSTS: Final = ("huggingface.co", "www.huggingface.co", "hf.co")

LaneNamer: TypeAlias = Callable[[str], str]
"""URL → the name of its politeness lane."""


@dataclass(frozen=True, slots=True)
class Shard:
    """What one worker asks at a time. `hosts` are the politeness lanes that are its own meanwhile.

    `tries` counts the workers that were lost with it or failed at it.
    """

    lanes: Mapping[LaneName, Sequence[Question]]
    hosts: frozenset[str]
    is_api: bool = False
    tries: int = 0

    def __len__(self) -> int:
        return sum(len(questions) for questions in self.lanes.values())

    def questions(self) -> Iterator[Question]:
        for questions in self.lanes.values():
            yield from questions


@dataclass(slots=True)
class _Group:
    """Everything that shares a budget: politeness lanes and the questions that need them."""

    hosts: set[str]
    lanes: dict[LaneName, list[Question]] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(len(questions) for questions in self.lanes.values())

    def take_in(self, other: _Group) -> None:
        self.hosts |= other.hosts
        for lane, questions in other.lanes.items():
            self.lanes.setdefault(lane, []).extend(questions)


def make_shards(
    lanes: Mapping[LaneName, Sequence[Question]], settings: Settings, lane_name_for: LaneNamer, workers: int
) -> list[Shard]:
    """All questions, each in exactly one shard, in the order to hand out: APIs first, then the longest.

    Shards with a host in common are parts of one; they stand in order and must not run at the same time.
    """
    apis = _api_groups(settings, lane_name_for)
    api_of_lane = {lane: group for group in apis for lane in group.lanes}
    api_of_host = {host: group for group in apis for host in group.hosts}
    sites: dict[str, _Group] = {}
    for lane, questions in lanes.items():
        if lane is not LaneName.WEB:
            api_of_lane[lane].lanes[lane] = list(questions)
            continue
        for question in questions:
            host = lane_name_for(question.link.canonical_url)
            group = api_of_host.get(host)
            if group is None:
                group = sites.setdefault(_site_of(host), _Group(set()))
                group.hosts.add(host)
            group.lanes.setdefault(lane, []).append(question)
    shards = [part for group in apis if len(group) for part in _parts(group, MOST_API_QUESTIONS, is_api=True)]
    return shards + _web_shards(list(sites.values()), workers)


def _web_shards(sites: list[_Group], workers: int) -> list[Shard]:
    total = sum(len(site) for site in sites)
    fair = math.ceil(total / (workers * SHARDS_PER_WORKER)) if total else 1
    size = min(max(fair, FEWEST_QUESTIONS), MOST_QUESTIONS)
    alone = [site for site in sites if len(site) >= size]
    small = [site for site in sites if len(site) < size]
    shards = [part for site in alone for part in _parts(site, MOST_OF_ONE_HOST, is_api=False)]
    shards += [Shard(group.lanes, frozenset(group.hosts)) for group in _pack(small, size)]
    # The longest first, so that none ends alone; the sort is stable and keeps parts of one host in order.
    length: Counter[frozenset[str]] = Counter()
    for shard in shards:
        length[shard.hosts] += len(shard)
    return sorted(shards, key=lambda shard: -length[shard.hosts])


def _pack(sites: Iterable[_Group], size: int) -> list[_Group]:
    """Small hosts together, the same number of links in each shard: the longest into the emptiest."""
    ordered = sorted(sites, key=len, reverse=True)
    bins = math.ceil(sum(len(site) for site in ordered) / size)
    number = count()
    packed = [(0, next(number), _Group(set())) for _ in range(bins)]
    for site in ordered:
        filled, place, group = heapq.heappop(packed)
        group.take_in(site)
        heapq.heappush(packed, (filled + len(site), place, group))
    return [group for _, _, group in packed if len(group)]


def _parts(group: _Group, most: int, *, is_api: bool) -> Iterator[Shard]:
    """All of a group at once, or one part after the other, each in the plan's order."""
    lanes = {lane: questions for lane, questions in group.lanes.items() if questions}
    if len(group) <= most:
        yield Shard(lanes, frozenset(group.hosts), is_api)
        return
    for lane, questions in lanes.items():
        for start in range(0, len(questions), most):
            yield Shard({lane: questions[start : start + most]}, frozenset(group.hosts), is_api)


def _api_groups(settings: Settings, lane_name_for: LaneNamer) -> list[_Group]:
    """The hosts of each API; those that share one are one, as on a mirror that stands for them all."""
    groups: list[_Group] = []
    for lane, hosts in api_hosts(settings, lane_name_for).items():
        made = _Group(set(hosts), {lane: []})
        for group in [group for group in groups if group.hosts & made.hosts]:
            made.take_in(group)
            groups.remove(group)
        groups.append(made)
    return groups


def api_hosts(settings: Settings, lane_name_for: LaneNamer) -> dict[LaneName, set[str]]:
    """The politeness lanes that each API's resolver asks, its pages on the web included."""
    return {
        LaneName.GITHUB: {*GITHUB_HOSTS, lane_name_for(settings.github.web_url)},
        LaneName.HUGGINGFACE: {*HUB_HOSTS, lane_name_for(settings.huggingface.endpoint)},
        LaneName.ARXIV: {ARXIV_LANE},
    }


def _site_of(host: str) -> str:
    """`www.` and the bare name redirect to each other: one worker has both."""
    return host.removeprefix("www.")


def by_lane(questions: Iterable[Question]) -> dict[LaneName, list[Question]]:
    """Questions in the lanes of a plan."""
    lanes: dict[LaneName, list[Question]] = {}
    for question in questions:
        lanes.setdefault(lane_of(question.link), []).append(question)
    return lanes
