"""`crawler check`: one look at links given by hand, without catalog or database.

One look never makes a link dead: what speaks against it makes it `suspect`, as on the first night of a crawl.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from crawler.clock import Clock
from crawler.escape import for_terminal
from crawler.fetch.environment import NetworkEnvironment
from crawler.hosts import Hosts
from crawler.judge import judge
from crawler.links.classify import link_of
from crawler.links.extract import extract_links
from crawler.links.mask import mask_url
from crawler.plan import LaneName, lane_of
from crawler.records import Health, Link, Observation, Question, Reason, State
from crawler.settings import HealthSettings, Settings
from crawler.witness import Witness, is_answer

WEB: Final = ("http://", "https://")
NOBODY_ANSWERED: Final = "no host that was asked gave any answer, so no link was judged"
NOT_ASKED: Final = frozenset({Reason.PRIVATE_ADDRESS, Reason.INVALID_URL})
ORDER: Final = (State.SUSPECT, State.MOVED, State.RESTRICTED, State.UNKNOWN, State.HEALTHY)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a link was given: a file with its line, or the command line itself."""

    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        return "" if self.file is None else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Checked:
    """One link, where it stands, what the look saw, and what that alone would make of it."""

    link: Link
    spots: tuple[Spot, ...]
    observation: Observation | None
    state: State


@dataclass(frozen=True, slots=True)
class CheckReport:
    links: tuple[Checked, ...]
    somebody_answered: bool

    @property
    def states(self) -> Counter[State]:
        return Counter(checked.state for checked in self.links)

    def as_json(self) -> dict[str, Any]:
        return {
            "links": [_checked_to_json(checked) for checked in self.links],
            "states": {state.value: count for state, count in self.states.items()},
        }

    def lines(self) -> Iterator[str]:
        """What is not healthy, the worst first; a link given by hand always."""
        for checked in sorted(self.links, key=lambda checked: ORDER.index(checked.state)):
            if checked.state is not State.HEALTHY or any(spot.file is None for spot in checked.spots):
                yield _line(checked)
        told = ", ".join(f"{self.states[state]:,} {state}" for state in ORDER if self.states[state])
        yield f"{len(self.links):,} {'link' if len(self.links) == 1 else 'links'}: {told or 'nothing to ask'}"


def is_address(argument: str) -> bool:
    """Whether an argument is a link rather than a file."""
    return argument.lower().startswith(WEB)


def find_links(
    addresses: Iterable[str], documents: Iterable[tuple[str, bytes]]
) -> dict[Link, tuple[Spot, ...]]:
    """Each link once, with every spot where it was given."""
    found: dict[Link, list[Spot]] = {}
    for address in addresses:
        found.setdefault(link_of(address), []).append(Spot())
    for name, content in documents:
        for extracted in extract_links(content, name=name):
            link = Link(extracted.canonical_url, extracted.target)
            found.setdefault(link, []).append(Spot(name, extracted.line))
    return {link: tuple(dict.fromkeys(spots)) for link, spots in found.items()}


async def check_links(
    links: Mapping[Link, Sequence[Spot]], settings: Settings, environment: NetworkEnvironment, clock: Clock
) -> CheckReport:
    """Look at each link once, at all hosts at a time, as politely as a crawl."""
    looks = _Looks(environment)
    lanes: dict[LaneName, list[Question]] = {lane: [] for lane in LaneName}
    for link in links:
        lanes[lane_of(link)].append(Question(link))
    async with Hosts(settings, environment, clock) as hosts:
        await hosts.ask(lanes, looks.record)
        await looks.settle(hosts)
    return CheckReport(
        tuple(
            Checked(link, tuple(spots), looks.seen.get(link), looks.state_of(link, settings.health))
            for link, spots in links.items()
        ),
        somebody_answered=looks.answered is not None or not looks.asked_somebody,
    )


@dataclass(slots=True)
class _Looks:
    """What was seen; a connection that failed counts only when another host answered after it."""

    environment: NetworkEnvironment
    witness: Witness = field(default_factory=Witness)
    seen: dict[Link, Observation] = field(default_factory=dict)
    believed: set[Link] = field(default_factory=set)
    answered: Observation | None = None

    def record(self, observation: Observation) -> None:
        self.seen[observation.link] = observation
        asked = observation.final_url or observation.link.canonical_url
        vouches = not self.environment.may_be_the_proxys(asked, observation.http_status)
        if vouches and is_answer(observation):
            self.answered = observation
        self.believe(self.witness.add(observation, vouches=vouches))

    def believe(self, observations: Iterable[Observation]) -> None:
        self.believed |= {observation.link for observation in observations}

    @property
    def asked_somebody(self) -> bool:
        return any(observation.reason not in NOT_ASKED for observation in self.seen.values())

    async def settle(self, hosts: Hosts) -> None:
        """Ask a host that answered once more: does the network still stand?"""
        self.believe(self.witness.settle())
        if self.witness.held and self.answered is not None:
            again: list[Observation] = []
            link = self.answered.link
            await hosts.ask({lane_of(link): [Question(link)]}, again.append)
            if any(is_answer(observation) for observation in again):
                self.believe(self.witness.take_held())

    def state_of(self, link: Link, policy: HealthSettings) -> State:
        observation = self.seen.get(link)
        if observation is None or link not in self.believed:
            return State.UNKNOWN
        state = judge(Health(), observation, policy).state
        return State.SUSPECT if state is State.DEAD else state


def _line(checked: Checked) -> str:
    url = for_terminal(mask_url(checked.link.canonical_url))
    parts = [f"{checked.state.value:<10} {url}"]
    if (look := checked.observation) is not None:
        reason = look.reason.value if look.http_status is None else f"{look.reason}, HTTP {look.http_status}"
        parts.append(f"({reason})")
        if look.suggested_url:
            parts.append(f"→ {for_terminal(mask_url(look.suggested_url))}")
        if look.detail:
            parts.append(f": {for_terminal(mask_url(look.detail))}")
    spots = ", ".join(for_terminal(str(spot)) for spot in checked.spots if spot.file is not None)
    return f"{spots}: {' '.join(parts)}" if spots else " ".join(parts)


def _checked_to_json(checked: Checked) -> dict[str, Any]:
    look = checked.observation
    return {
        "url": mask_url(checked.link.canonical_url),
        "target": {"kind": checked.link.target.kind.value, "id": mask_url(checked.link.target.id)},
        "state": checked.state.value,
        "reason": None if look is None else look.reason.value,
        "http_status": None if look is None else look.http_status,
        "final_url": None if look is None or look.final_url is None else mask_url(look.final_url),
        "suggested_url": None if look is None or look.suggested_url is None else mask_url(look.suggested_url),
        "detail": None if look is None or look.detail is None else mask_url(look.detail),
        "places": [{"file": spot.file, "line": spot.line} for spot in checked.spots if spot.file is not None],
    }
