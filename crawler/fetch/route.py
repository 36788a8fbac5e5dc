"""The way to an origin: what holds for all of its addresses, found out once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx

from crawler.fetch.address import Address
from crawler.fetch.environment import NetworkEnvironment
from crawler.fetch.guard import is_loopback, refuse_host

MAX_ROUTES: Final = 4_096
"""Origins of which the way there is remembered."""


@dataclass(frozen=True, slots=True)
class Route:
    """`refusal`: why the host must not be asked by its spelling. `headers` are those of every request."""

    url: httpx.URL
    headers: httpx.Headers
    refusal: str | None
    is_loopback: bool
    proxy: str | None


class Routes:
    """Remembers routes; `headers` are what we send to every host."""

    def __init__(self, environment: NetworkEnvironment, headers: Mapping[str, str]) -> None:
        self._environment = environment
        self._headers = headers
        self._known: dict[str, Route] = {}

    def find(self, address: Address) -> Route:
        """Raises httpx.InvalidURL and UnicodeError for what httpx cannot name."""
        return self._known.get(address.origin) or self._find_out(address)

    def _find_out(self, address: Address) -> Route:
        if len(self._known) >= MAX_ROUTES:
            self._known.clear()
        url = httpx.URL(f"{address.origin}/")
        route = self._known[address.origin] = Route(
            url=url,
            headers=httpx.Headers({"Host": url.netloc.decode("ascii"), **self._headers}),
            refusal=refuse_host(address.host),
            is_loopback=is_loopback(address.host),
            proxy=self._environment.proxy_for(address.origin),
        )
        return route
