"""The made-up world behind the sandbox: what every host answers, as values that tests and the demo change.

Nothing here is true of any real repository, model, paper or page: names come from whoever asks, everything
told about them is invented from a hash of the name and `seed`.

A service is a module with `answer(world, request) -> Response` and a dataclass of what differs from the
invented world; `world.github` is that of the module `github`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Container, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from crawler.clock import Clock, SimulatedClock
from crawler.sandbox import archive, arxiv, github, hub, web
from crawler.sandbox.faults import CONNECTION_TROUBLES, Fault, FaultBook, Trouble, refused, reset
from crawler.sandbox.limits import Limits
from crawler.sandbox.messages import Request, Response, pack

Service: TypeAlias = "Callable[[World, Request], Response]"

FIRST_NIGHT: Final = datetime(2026, 11, 2, 2, 30, tzinfo=UTC)
SERVICE_OF_HOST: Final[Mapping[str, Service]] = {
    "github.com": github.answer,
    "www.github.com": github.answer,
    "api.github.com": github.answer,
    "huggingface.co": hub.answer,
    "www.huggingface.co": hub.answer,
    "hf.co": hub.answer,
    "hf-mirror.com": hub.answer,
    hub.FILE_HOST: hub.answer,
    "arxiv.org": arxiv.answer,
    "www.arxiv.org": arxiv.answer,
    "export.arxiv.org": arxiv.answer,
    "oaipmh.arxiv.org": arxiv.answer,
    "archive.org": archive.answer,
    "web.archive.org": archive.answer,
    "archive.softwareheritage.org": archive.answer,
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
        self.sent: Counter[str] = Counter()
        """Bytes of answers by host, headers included; what TLS adds and odd faults send is not counted."""
        self.tunnels: list[str] = []
        """Hosts that CONNECT asked for, one per connection; such requests stand in no log of requests."""
        self.limits: Limits | None = None
        """Those of the real hosts, in real time; None: hosts refuse only what their state says."""
        self.packs = False
        """Answers go out in gzip to clients that take it, as from the real hosts."""
        self.errors: list[Exception] = []
        """What services raised: a mistake of the sandbox, answered by 500."""
        self.github = github.GitHubState()
        self.hub = hub.HubState()
        self.arxiv = arxiv.ArxivState()
        self.archive = archive.ArchiveState()
        self.web = web.WebState()
        self._changes: dict[int, list[Callable[[World], None]]] = {}

    # --- answers -------------------------------------------------------------------------------

    def answer(self, request: Request) -> Response:
        """What the asked host says, faults left aside."""
        response = SERVICE_OF_HOST.get(request.host, web.answer)(self, request)
        return pack(request, response) if self.packs else response

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
        self.sent.clear()
