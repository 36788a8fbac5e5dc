"""The way to an origin: what holds for all of its addresses, found out once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from crawler.fetch.address import Address
from crawler.fetch.environment import DEFAULT_PORTS, NetworkEnvironment
from crawler.fetch.guard import is_loopback, refuse_host
from crawler.fetch.http1 import RawHeaders, write_headers

MAX_ROUTES: Final = 4_096
"""Origins of which the way there is remembered."""


@dataclass(frozen=True, slots=True)
class Route:
    """`refusal`: why the host must not be asked by its spelling.

    `headers` are those of every request, `names` theirs in lower case, `lines` both as they are sent.
    """

    url: str
    scheme: str
    host: str
    port: int
    headers: RawHeaders
    names: frozenset[str]
    lines: bytes
    refusal: str | None
    is_loopback: bool
    proxy: str | None

    def lines_with(self, more: Mapping[str, str]) -> bytes:
        """The headers of a request that has others too; one of the same name takes the place of ours.

        Raises UnsendableRequest and UnicodeError.
        """
        own = self.lines
        if not self.names.isdisjoint(map(str.lower, more)):
            taken = {name.lower().encode("ascii") for name in more}
            own = write_headers([header for header in self.headers if header[0].lower() not in taken])
        return own + write_headers(_as_bytes(more))


class Routes:
    """Remembers routes; `headers` are what we send to every host.

    Raises UnicodeError and UnsendableRequest for headers that cannot be sent.
    """

    def __init__(self, environment: NetworkEnvironment, headers: Mapping[str, str]) -> None:
        self._environment = environment
        self._own = _as_bytes(headers)
        self._lines = write_headers(self._own)
        self._names = frozenset({"host", *map(str.lower, headers)})
        self._known: dict[str, Route] = {}

    def find(self, address: Address) -> Route:
        """Raises UnicodeError and UnsendableRequest for a host that no request can name."""
        return self._known.get(address.origin) or self._find_out(address)

    def _find_out(self, address: Address) -> Route:
        if len(self._known) >= MAX_ROUTES:
            self._known.clear()
        parts = urlsplit(address.origin)
        headers = [(b"Host", parts.netloc.encode("ascii")), *self._own]
        route = self._known[address.origin] = Route(
            url=f"{address.origin}/",
            scheme=parts.scheme,
            host=parts.hostname or "",
            port=parts.port or DEFAULT_PORTS[parts.scheme],
            headers=headers,
            names=self._names,
            lines=write_headers(headers[:1]) + self._lines,
            refusal=refuse_host(address.host),
            is_loopback=is_loopback(address.host),
            proxy=self._environment.proxy_for(address.origin),
        )
        return route


def _as_bytes(headers: Mapping[str, str]) -> RawHeaders:
    return [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
