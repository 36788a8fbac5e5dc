"""The made-up world behind the sandbox: what every host answers, as values that tests and the demo change.

Nothing here is true of any real repository, model, paper or page: names come from whoever asks, everything
told about them is invented from a hash of the name and `seed`.

A service is a module with `answer(world, request) -> Response` and a state class that is made without
arguments when first looked at; `SERVICES` names both, `world.github` is the state of the module `github`.
"""

from __future__ import annotations

import hashlib
import importlib
from collections import Counter
from collections.abc import Callable, Container
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from crawler.clock import Clock, SimulatedClock
from crawler.sandbox import web
from crawler.sandbox.faults import CONNECTION_TROUBLES, Fault, FaultBook, Trouble, refused, reset
from crawler.sandbox.messages import Request, Response

FIRST_NIGHT: Final = datetime(2026, 11, 2, 2, 30, tzinfo=UTC)

SERVICES: Final = {
    "github": "GitHubState",
    "hub": "HubState",
    "arxiv": "ArxivState",
    "archive": "ArchiveState",
    "web": "WebState",
}
"""Module in this package → the class of its state."""

SERVICE_OF_HOST: Final = {
    "github.com": "github",
    "www.github.com": "github",
    "api.github.com": "github",
    "huggingface.co": "hub",
    "www.huggingface.co": "hub",
    "hf.co": "hub",
    "hf-mirror.com": "hub",
    "arxiv.org": "arxiv",
    "www.arxiv.org": "arxiv",
    "export.arxiv.org": "arxiv",
    "oaipmh.arxiv.org": "arxiv",
    "archive.org": "archive",
    "web.archive.org": "archive",
    "archive.softwareheritage.org": "archive",
}
"""Every other host is a plain web host."""

MAX_LOGGED_REQUESTS: Final = 200_000


class World:
    """What all hosts answer. `night` counts from 1; `natural` lets web pages have the faults of real ones."""

    def __init__(self, seed: int = 0, *, natural: bool = False, clock: Clock | None = None) -> None:
        self.seed = seed
        self.natural = natural
        self.clock: Clock = clock or SimulatedClock(FIRST_NIGHT)
        self.night = 1
        self.network_is_down = False
        """Nothing can be reached, whatever `faults` says: behind a proxy each host is a 502, else a reset."""
        self.faults = FaultBook()
        self.requests: list[Request] = []
        self.tunnels: list[str] = []
        """Hosts that CONNECT asked for, one per connection; such requests stand in no log of requests."""
        self.errors: list[Exception] = []
        """What services raised: a mistake of the sandbox, answered by 500."""
        self._states: dict[str, Any] = {}
        self._changes: dict[int, list[Callable[[World], None]]] = {}

    # --- services ------------------------------------------------------------------------------

    def service(self, name: str) -> Any:
        """The state of one service, made when first asked for."""
        if name not in self._states:
            module = importlib.import_module(f"crawler.sandbox.{name}")
            self._states[name] = getattr(module, SERVICES[name])()
        return self._states[name]

    def __getattr__(self, name: str) -> Any:
        if name in SERVICES:
            return self.service(name)
        raise AttributeError(f"the world has no {name!r}")

    def answer(self, request: Request) -> Response:
        """What the asked host says, faults left aside."""
        service = SERVICE_OF_HOST.get(request.host, "web")
        module = importlib.import_module(f"crawler.sandbox.{service}")
        response: Response = module.answer(self, request)
        return response

    def connection_fault(
        self, host: str, troubles: Container[Trouble | None] = CONNECTION_TROUBLES
    ) -> Fault | None:
        """What a new connection to `host` meets; only such `troubles` as the caller can show."""
        found = self.faults.strike_connection(host, self.night, troubles)
        if self.network_is_down:
            found = refused()
        elif found is None and host not in SERVICE_OF_HOST:
            found = web.connection_fault_of(self, host)
        return found if found is not None and found.trouble in troubles else None

    def request_fault(self, request: Request, *, tunnelled: bool) -> Fault | None:
        """What a request meets; `tunnelled` ones have passed the faults of the connection."""
        if self.network_is_down:
            return reset() if tunnelled else refused()
        found = self.faults.strike_request(request.host, request.url, self.night, tunnelled=tunnelled)
        if found is None and request.host not in SERVICE_OF_HOST:
            found = web.fault_of(self, request)
        return found

    # --- time ----------------------------------------------------------------------------------

    def now(self) -> datetime:
        return self.clock.now()

    def next_night(self) -> None:
        """One night on; a simulated clock moves on by a day."""
        self.night += 1
        if isinstance(self.clock, SimulatedClock):
            self.clock.advance(timedelta(days=1))
        for change in self._changes.pop(self.night, ()):
            change(self)

    def at_night(self, night: int, change: Callable[[World], None]) -> None:
        """Change something when that night begins; at once if it has begun."""
        if night <= self.night:
            change(self)
        else:
            self._changes.setdefault(night, []).append(change)

    # --- chance that never changes -------------------------------------------------------------

    def number(self, *parts: object, below: int) -> int:
        """A number from 0 to `below` - 1 that depends on the seed and `parts` alone."""
        text = "\0".join((str(self.seed), *map(str, parts)))
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) % below

    # --- what was asked ------------------------------------------------------------------------

    def log(self, request: Request) -> None:
        if len(self.requests) >= MAX_LOGGED_REQUESTS:
            del self.requests[: MAX_LOGGED_REQUESTS // 2]
        self.requests.append(request)

    def requests_by_host(self) -> Counter[str]:
        """How many requests each host got, as the log has them."""
        return Counter(request.host for request in self.requests)

    def requests_to(self, host: str) -> list[Request]:
        return [request for request in self.requests if request.host == host]

    def forget_requests(self) -> None:
        self.requests.clear()
        self.tunnels.clear()
