"""A simulated quarter with a known truth: nobody alive is called dead, every death is found in time.

All hosts are the sandbox's and everything that befalls them is drawn from a seed. A small one runs with every
test; `make slow` runs ninety nights of a thousand links and rewrites docs/simulation.md with what came of it.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final, TypeAlias, TypeVar

import msgspec
import pytest

from crawler.config import Config
from crawler.errors import UnableError
from crawler.fetch.environment import NetworkEnvironment
from crawler.links.classify import link_of
from crawler.progress import Silent
from crawler.run import CrawlOptions, crawl
from crawler.sandbox import faults
from crawler.sandbox.demo_world import DEMO_TOKENS
from crawler.sandbox.direct import lead_connections
from crawler.sandbox.faults import Fault
from crawler.sandbox.server import Sandbox, run_in_thread
from crawler.sandbox.web_pages import Fate
from crawler.sandbox.world import World
from crawler.settings import CatalogSettings, StateSettings

MIN_STRIKES, MIN_DAYS = 3, 3
FOREVER: Final = 10**6
REPORT: Final = Path(__file__).parents[2] / "docs" / "simulation.md"
LONG_OUTAGE: Final = 7
"""Longer than the policy's bound: only that the host failed as a whole tells it from deaths."""
GRAVES: Final = (
    Fate.NOT_FOUND,
    Fate.GONE,
    Fate.SOFT_404,
    Fate.SOFT_404_CHINESE,
    Fate.SENT_TO_ROOT,
    Fate.PARKED,
)
WALLS: Final = (Fate.CHALLENGE, Fate.FORBIDDEN, Fate.LOGIN_REDIRECT, Fate.DENIED_999)
TROUBLES: Final = (Fate.SERVER_ERROR, Fate.UNAVAILABLE, Fate.RESET)
HOST_TROUBLES: Final = (
    faults.refused(),
    faults.no_such_host(),
    faults.tls_aborted(),
    faults.status(503),
    faults.status(404),
    faults.status(302, headers=(("Location", "/login"),)),
)


Change: TypeAlias = Callable[[World], None]
Value = TypeVar("Value")


def failing(host: str, trouble: Fault) -> Change:
    def change(world: World) -> None:
        world.faults[host] = trouble

    return change


def adding(names: set[str], name: str) -> Change:
    return lambda _: names.add(name)


def removing(names: set[str], name: str) -> Change:
    return lambda _: names.discard(name)


def setting(table: dict[str, Value], name: str, value: Value) -> Change:
    return lambda _: table.update({name: value})


@dataclass(slots=True)
class Thing:
    """One link and what is true of it. `gone` are the nights it does not exist, `fates` what a page shows."""

    url: str
    lot: str = "steady"
    gone: range = range(0)
    is_due: bool = True
    """A host that fails whole is one event: its links need not be called dead, however long it lasts."""
    blind: set[int] = field(default_factory=set)
    """Nights in which nobody could have learnt of its death."""
    fates: dict[int, Fate] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return link_of(self.url).target.id

    def due(self, nights: int) -> int | None:
        """The night on which the policy must call it dead; None: not within these nights."""
        seen = [night for night in self.gone if night <= nights and night not in self.blind]
        for count, night in enumerate(seen, 1):
            if self.is_due and count >= MIN_STRIKES and night - seen[0] >= MIN_DAYS:
                return night
        return None


@dataclass(slots=True)
class Outcome:
    """What the quarter showed, for the assertions and the page."""

    nights: int
    things: list[Thing]
    false_deaths: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    delays: Counter[int] = field(default_factory=Counter)
    wrongly_dead_after_return: list[str] = field(default_factory=list)
    nights_without_network: int = 0
    requests: int = 0
    seconds: float = 0.0
    states: Counter[str] = field(default_factory=Counter)


class Quarter:
    """A list of links, the script of its nights, and the crawl of each."""

    def __init__(self, links: int, nights: int, seed: int) -> None:
        self.nights = nights
        self.chance = Random(seed)
        self.world = World(seed)
        self.things: list[Thing] = []
        self.nightly: dict[int, list[Change]] = {}
        self.offline = set(self.chance.sample(range(2, nights + 1), max(1, nights // 30)))
        self._plan_web(links * 4 // 10)
        self._plan_hosts(links // 10)
        self._plan_github(links * 2 // 10)
        self._plan_hub(links * 2 // 10)
        self._plan_arxiv(links // 10)
        for thing in self.things:
            thing.blind |= self.offline

    # --- the script ----------------------------------------------------------------------------

    def _plan_web(self, count: int) -> None:
        """Pages of small hosts: each has a fate of its own."""
        for number in range(count):
            thing = Thing(f"http://host{number // 2}.example/pages/{number}")
            match number % 8:
                case 0:
                    self._die(thing, self.chance.choice(GRAVES))
                case 1:
                    self._flap(thing, WALLS, share=0.5)
                    thing.lot = "wall that comes and goes"
                case 2:
                    self._flap(thing, TROUBLES, share=0.3)
                    thing.lot = "flapping"
                case 3:
                    self._blip(thing)
                case 4:
                    self._die(thing, self.chance.choice(GRAVES), returns=True)
                case 5:
                    self._die(thing, self.chance.choice(GRAVES))
                    self._flap(thing, WALLS, share=0.3)
                    thing.lot = "dead behind a wall that comes and goes"
                case 6:
                    thing = Thing(f"http://lone{number}.example/page")
                    self._die(thing)
                    thing.lot = "host of one link gone for good"
                    trouble = self.chance.choice((faults.no_such_host(), faults.refused()))
                    self._fail(f"lone{number}.example", trouble, thing.gone.start, self.nights)
            self.things.append(thing)

    def _plan_hosts(self, count: int) -> None:
        """Hosts of five links that fail whole for a while: the links live."""
        for start in range(0, count, 5):
            host = f"big{start}.example"
            first = self.chance.randrange(2, max(3, self.nights - 8))
            length = self.chance.choice((1, 2, LONG_OUTAGE))
            trouble = self.chance.choice(HOST_TROUBLES)
            self._fail(host, trouble, first, first + length - 1)
            self.things += [Thing(f"https://{host}/{number}", "host with an outage") for number in range(5)]

        ended = self._some_night()
        self._fail("ended.example", faults.no_such_host(), ended, self.nights)
        for number in range(5):
            thing = Thing(f"http://ended.example/{number}", "host of five links gone for good", is_due=False)
            thing.gone = range(ended, FOREVER)
            self.things.append(thing)

    def _plan_github(self, count: int) -> None:
        state = self.world.github
        for number in range(count):
            thing = Thing(f"https://github.com/owner{number}/name{number}")
            match number % 6:
                case 0:
                    self._die(thing)
                    self._while_gone(thing, state.deleted)
                case 1:
                    thing.lot = "renamed, name taken by a stranger"
                    first = self._some_night()
                    self._at(first, setting(state.renamed, thing.name, f"new-{thing.name}"), keep=True)
                    self._at(first + 3, setting(state.recreated, thing.name, 1), keep=True)
                case 2:
                    thing.lot = "absent for GraphQL only"
                    for night in self._some_nights(0.3):
                        self._at(night, adding(state.hidden, thing.name))
                case 3:
                    self._die(thing, returns=True)
                    self._while_gone(thing, state.deleted)
            self.things.append(thing)
        for night in self._some_nights(0.1):
            self._at(night, failing("api.github.com", faults.status(502)))
            self._blind(night, "https://github.com/")
        for night in self._some_nights(0.05):
            self._at(night, adding(state.refused_tokens, DEMO_TOKENS["GITHUB_TOKEN"]))
            self._blind(night, "https://github.com/")

    def _plan_hub(self, count: int) -> None:
        state = self.world.hub
        for number in range(count):
            thing = Thing(f"https://huggingface.co/owner{number}/model{number}")
            key = f"models/{thing.name}"
            match number % 5:
                case 0:
                    self._die(thing)
                    self._while_gone(thing, state.missing, key)
                case 1:
                    thing.lot = "gated"
                    self._at(self._some_night(), setting(state.gated, key, "manual"), keep=True)
                case 2:
                    self._die(thing, returns=True)
                    self._while_gone(thing, state.missing, key)
            self.things.append(thing)
        for night in self._some_nights(0.1):
            trouble = self.chance.choice((faults.status(500), faults.status(429, retry_after=900)))
            self._at(night, failing("huggingface.co", trouble))
            self._blind(night, "https://huggingface.co/")
        for night in self._some_nights(0.05):
            self._at(night, removing(state.tokens, DEMO_TOKENS["HF_TOKEN"]))
            self._blind(night, "https://huggingface.co/")

    def _plan_arxiv(self, count: int) -> None:
        state = self.world.arxiv
        for number in range(count):
            thing = Thing(f"https://arxiv.org/abs/23{1 + number % 12:02}.{number:05}")
            match number % 4:
                case 0:
                    thing.lot = "withdrawn"
                    self._at(self._some_night(), adding(state.withdrawn, thing.name), keep=True)
                case 1:
                    thing.lot = "forgotten by the query API"
                    for night in self._some_nights(0.3):
                        self._at(night, adding(state.hidden, thing.name))
            self.things.append(thing)
        for night in self._some_nights(0.1):
            self._at(night, failing("export.arxiv.org", faults.status(503)))

    # --- pieces of it --------------------------------------------------------------------------

    def _some_night(self) -> int:
        return self.chance.randrange(2, max(3, self.nights * 3 // 4))

    def _some_nights(self, share: float) -> list[int]:
        return [night for night in range(2, self.nights + 1) if self.chance.random() < share]

    def _die(self, thing: Thing, fate: Fate | None = None, *, returns: bool = False) -> None:
        first = self._some_night()
        thing.gone = range(first, first + 12 if returns else FOREVER)
        thing.lot = "gone for twelve nights" if returns else "gone for good"
        if fate is not None:
            thing.fates |= dict.fromkeys(thing.gone[: self.nights + 1], fate)

    def _fail(self, host: str, trouble: Fault, first: int, last: int) -> None:
        for night in range(first, last + 1):
            self._at(night, failing(host, trouble))

    def _flap(self, thing: Thing, fates: tuple[Fate, ...], share: float) -> None:
        for night in self._some_nights(share):
            thing.fates[night] = self.chance.choice(fates)
            thing.blind.add(night)

    def _blip(self, thing: Thing) -> None:
        """Missing for two nights now and then, as during a deployment: no death of a page."""
        thing.lot = "missing for two nights"
        for first in range(2 + self.chance.randrange(5), self.nights, 9):
            thing.fates |= dict.fromkeys((first, first + 1), self.chance.choice(GRAVES))

    def _while_gone(self, thing: Thing, missing: set[str], key: str = "") -> None:
        first, last = thing.gone.start, thing.gone.stop
        self._at(first, adding(missing, key or thing.name), keep=True)
        self._at(last, removing(missing, key or thing.name), keep=True)

    def _blind(self, night: int, root: str) -> None:
        for thing in self.things:
            if thing.url.startswith(root):
                thing.blind.add(night)

    def _at(self, night: int, change: Change, *, keep: bool = False) -> None:
        if keep:
            self.world.at_night(night, change)
        else:
            self.nightly.setdefault(night, []).append(change)

    # --- the nights ----------------------------------------------------------------------------

    def run(self, folder: Path) -> Outcome:
        """Crawl every night and hold each night's states against the truth."""
        began = time.monotonic()
        outcome = Outcome(self.nights, self.things)
        found: dict[str, int] = {}
        (folder / "list.yaml").write_text(self._catalog())
        with run_in_thread(self.world) as sandbox, lead_connections(sandbox):
            config = self._config(sandbox, folder)
            environment = NetworkEnvironment.from_mapping({"SSL_CERT_FILE": sandbox.ca_file, **DEMO_TOKENS})
            for night in range(1, self.nights + 1):
                self._begin(night)
                try:
                    summary = asyncio.run(
                        crawl(config, CrawlOptions(made_up=True), Silent(), environment, self.world.clock)
                    )
                    outcome.requests += sum(summary.requests.values())
                except UnableError:
                    assert night in self.offline, f"night {night} had a network"
                    outcome.nights_without_network += 1
                self._compare(config.database, night, outcome, found)
                self.world.next_night()
        assert self.world.errors == []
        for thing in self.things:
            due = thing.due(self.nights)
            if due is not None and found.get(thing.url, FOREVER) > due:
                outcome.late.append(f"{thing.url} ({thing.lot}): due {due}, found {found.get(thing.url)}")
            if thing.url in found:
                outcome.delays[found[thing.url] - thing.gone.start] += 1
        outcome.seconds = time.monotonic() - began
        return outcome

    def _begin(self, night: int) -> None:
        world = self.world
        world.network_is_down = night in self.offline
        world.faults.clear()
        world.github.hidden.clear()
        world.github.refused_tokens.clear()
        world.arxiv.hidden.clear()
        world.hub.tokens.add(DEMO_TOKENS["HF_TOKEN"])
        world.web.fates = {thing.url: thing.fates[night] for thing in self.things if night in thing.fates}
        world.forget_requests()
        for change in self.nightly.get(night, ()):
            change(world)

    def _compare(self, database: Path, night: int, outcome: Outcome, found: dict[str, int]) -> None:
        with closing(sqlite3.connect(database)) as connection:
            states = dict(connection.execute("SELECT url, state FROM link_health").fetchall())
        for thing in self.things:
            is_dead = states.get(thing.url) == "dead"
            if is_dead and night in thing.gone:
                found.setdefault(thing.url, night)
            elif is_dead and thing.url not in found:
                outcome.false_deaths.append(f"{thing.url} ({thing.lot}) in night {night}")
            elif is_dead and night not in thing.blind:
                outcome.wrongly_dead_after_return.append(f"{thing.url} ({thing.lot}) in night {night}")
        outcome.states = Counter(states.values())

    def _config(self, sandbox: Sandbox, folder: Path) -> Config:
        settings = msgspec.structs.replace(
            sandbox.proxied_settings(network={"allow_private_addresses": True, "timeout_seconds": 5.0}),
            catalog=CatalogSettings(paths=("list.yaml",)),
            state=StateSettings(database="crawler.db"),
        )
        return Config(settings=settings, path=folder / "config.toml")

    def _catalog(self) -> str:
        lines = ['document:\n  title: "Made-up links"\nentries:']
        for number, thing in enumerate(self.things):
            if number % 50 == 0:
                lines.append(f'  - {{id: "list/e{number}", name: "e{number}", kind: "other", links: [')
            lines.append(
                f'      {{role: "other", url: "{thing.url}", raw: "{thing.url}", line: {number + 1}}},'
            )
            if number % 50 == 49 or number == len(self.things) - 1:
                lines.append("    ]}")
        return "\n".join(lines) + "\n"


def hold_to_the_truth(outcome: Outcome) -> None:
    assert outcome.false_deaths == []
    assert outcome.late == []
    assert outcome.wrongly_dead_after_return == []
    assert outcome.delays, "nobody died: the simulation shows nothing"


def test_a_small_quarter(tmp_path: Path) -> None:
    outcome = Quarter(links=60, nights=18, seed=1).run(tmp_path)
    hold_to_the_truth(outcome)
    assert outcome.nights_without_network == 1


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_whole_quarter(tmp_path: Path) -> None:
    outcome = Quarter(links=1000, nights=90, seed=2026).run(tmp_path)
    hold_to_the_truth(outcome)
    page = describe(outcome)
    REPORT.write_text(page, encoding="utf-8")
    sys.stderr.write(f"\n{page}\n{outcome.seconds:.0f} s\n")


PAGE: Final = """\
# A simulated quarter

Written by `pytest -m slow tests/crawl/test_quarter.py`, a part of `make slow` that takes some minutes. Every
host, link and number in it is made up, drawn from a fixed seed: the program that crawls the web crawled the
sandbox, night by night, and each night's states were held against what was true.

| figure | value |
| --- | ---: |
| nights | {nights} |
| of them without a network of our own, ended with exit code 3 | {nights_without_network} |
| links | {links:,} |
| HTTP requests | {requests:,} |
| deaths that the policy must have found | {due:,} |
| deaths found | {found:,} |
| found later than the policy's bound | {late:,} |
| living links called dead | {false_deaths:,} |
| still called dead after a look that found them back | {still_dead:,} |

The bound: at least three looks against a link, three days apart, none in between that found it. A night in
which nobody could learn of the death (a wall, the API down, its token refused, our own network down) does not
count.

| nights from death to verdict | links |
| ---: | ---: |
{delays}

| what befell them | links |
| --- | ---: |
{lots}
"""


def describe(outcome: Outcome) -> str:
    """docs/simulation.md."""
    lots = Counter(thing.lot for thing in outcome.things)
    return PAGE.format(
        nights=outcome.nights,
        nights_without_network=outcome.nights_without_network,
        links=len(outcome.things),
        requests=outcome.requests,
        due=sum(thing.due(outcome.nights) is not None for thing in outcome.things),
        found=outcome.delays.total(),
        late=len(outcome.late),
        false_deaths=len(outcome.false_deaths),
        still_dead=len(outcome.wrongly_dead_after_return),
        delays="\n".join(f"| {delay} | {count} |" for delay, count in sorted(outcome.delays.items())),
        lots="\n".join(f"| {lot} | {count} |" for lot, count in sorted(lots.items())),
    )
