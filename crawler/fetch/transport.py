"""The carrier: connections kept per origin, each opened through the guard or a proxy.

What it costs does not depend on how many connections are open: the idle ones are found by origin, and the
longest idle is closed to make room.
"""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, NamedTuple, TypeAlias
from urllib.parse import unquote, urlsplit

from crawler.fetch.connection import Connection, ConnectionBroke
from crawler.fetch.environment import DEFAULT_PORTS, NetworkEnvironment
from crawler.fetch.failure import Failure, LookFailed, ProxyRefused
from crawler.fetch.guard import AddressBook, connect
from crawler.fetch.http1 import write_headers, write_request
from crawler.fetch.meter import RequestMeter
from crawler.records import Reason

KEEPALIVE_SECONDS: Final = 15.0
MIN_OPEN_CONNECTIONS: Final = 128

RouteKey: TypeAlias = tuple[str, str, int, str | None, bool]
"""Scheme, host, port, proxy, whether it may be private: a connection serves nothing else."""


class Progress:
    """What happened on the wire during one request; it feeds the meter."""

    __slots__ = ("_host", "_meter", "is_new_connection", "reached_host")

    def __init__(self, meter: RequestMeter, host: str) -> None:
        self._meter = meter
        self._host = host
        self.is_new_connection = False
        self.reached_host = False

    def note_sent(self) -> None:
        """The request itself goes out, to the host or to a proxy that forwards it."""
        self.reached_host = True
        self._meter.count(self._host)


class Patience(NamedTuple):
    """`step_seconds` for looking up, connecting, shaking hands, each read; `until` for all, in loop time."""

    step_seconds: float
    until: float


@dataclass(frozen=True, slots=True)
class _Proxy:
    host: str
    port: int
    is_tls: bool
    authorization: bytes | None


class GuardedTransport:
    """Asks by GET, without a body; httpx_transport.py makes a transport of httpx of it.

    Raises LookFailed, OSError, TimeoutError and what connection.py, http1.py and failure.py name.
    """

    def __init__(self, environment: NetworkEnvironment, *, concurrency: int) -> None:
        self._environment = environment
        if environment.ca_file is not None:
            _ = self._tls  # a file that cannot be read is told before anybody is asked
        self._addresses = AddressBook()
        self._most_open = max(MIN_OPEN_CONNECTIONS, concurrency)
        self._open: set[Connection] = set()
        self._idle: dict[RouteKey, list[Connection]] = {}
        self._idle_in_order: OrderedDict[Connection, None] = OrderedDict()

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Made for the first host that speaks TLS: reading the system's roots takes long."""
        context = self._environment.ssl_context()
        # Servers that never learnt secure renegotiation still serve every browser.
        context.options |= getattr(ssl, "OP_LEGACY_SERVER_CONNECT", 0x4)
        context.set_alpn_protocols(["http/1.1"])
        return context

    async def ask(
        self, key: RouteKey, target: bytes, headers: bytes, patience: Patience, progress: Progress
    ) -> Connection:
        """The connection on which an answer begins, its head read; `give_back` must follow.

        `target` and `headers`, lines that `write_headers` wrote, are sent byte for byte.
        """
        scheme, host, port, proxy, _ = key
        if proxy is not None and scheme == "http":
            target = b"http://%b%b" % (_authority(host, None if port == 80 else port), target)
            if authorization := _read_proxy(proxy).authorization:
                headers = write_headers([(b"Proxy-Authorization", authorization)]) + headers
        request = write_request(b"GET", target, headers)
        now = asyncio.get_running_loop().time()
        if patience.until <= now:
            raise TimeoutError
        connection = self._take(key, now)
        if connection is None:
            progress.is_new_connection = True
            async with asyncio.timeout_at(patience.until):
                connection = await self._open_connection(key, patience, progress)
            now = asyncio.get_running_loop().time()
        try:
            progress.note_sent()
            connection.send(request, now=now, silent_seconds=patience.step_seconds, give_up_at=patience.until)
            await connection.read_head()
        except ConnectionBroke:
            if not progress.is_new_connection:
                # The host closes what is idle for too long: the others are as old or older.
                self._close_idle(key)
            raise
        except BaseException:
            connection.abort()
            raise
        return connection

    async def aclose(self) -> None:
        for connection in list(self._open):
            connection.abort()
        self._addresses.close()
        # asyncio closes the sockets in its next round, those below TLS in the one after.
        for _ in range(3):
            await asyncio.sleep(0)

    def give_back(self, connection: Connection) -> None:
        """The answer was read, or is not wanted any more."""
        if not connection.can_be_kept:
            connection.abort()
            return
        now = asyncio.get_running_loop().time()
        connection.idle_since = now
        self._idle.setdefault(connection.key, []).append(connection)
        self._idle_in_order[connection] = None
        oldest = next(iter(self._idle_in_order))
        if now - oldest.idle_since > KEEPALIVE_SECONDS:
            oldest.abort()

    # --- connections ---------------------------------------------------------------------------

    def _take(self, key: RouteKey, now: float) -> Connection | None:
        kept = self._idle.get(key)
        if not kept:
            return None
        connection = kept.pop()
        del self._idle_in_order[connection]
        if now - connection.idle_since > KEEPALIVE_SECONDS:
            connection.abort()
            self._close_idle(key)
            return None
        return connection

    def _close_idle(self, key: RouteKey) -> None:
        for connection in list(self._idle.get(key, ())):
            connection.abort()

    def _forget_idle(self, connection: Connection) -> None:
        del self._idle_in_order[connection]
        kept = self._idle[connection.key]
        kept.remove(connection)
        if not kept:
            del self._idle[connection.key]

    def _forget(self, connection: Connection) -> None:
        self._open.discard(connection)
        if connection in self._idle_in_order:
            self._forget_idle(connection)

    async def _open_connection(self, key: RouteKey, patience: Patience, progress: Progress) -> Connection:
        scheme, host, port, proxy, allow_private = key
        while len(self._open) >= self._most_open and self._idle_in_order:
            next(iter(self._idle_in_order)).abort()
        if proxy is None:
            return await self._connect(
                key, host, port, self._tls if scheme == "https" else None, patience, allow_private
            )
        way = _read_proxy(proxy)
        # The proxy is the operator's: its own address may be private.
        connection = await self._connect(
            key, way.host, way.port, self._tls if way.is_tls else None, patience, True
        )
        if scheme == "https":
            try:
                await _open_tunnel(connection, host, port, way, patience)
                progress.reached_host = True
                async with asyncio.timeout(patience.step_seconds):
                    await connection.start_tls(self._tls, host)
            except BaseException as error:
                connection.abort()
                if _is_unusable_name(error):
                    raise LookFailed(Failure(Reason.INVALID_URL, f"no name for TLS: {host}")) from error
                raise
        return connection

    async def _connect(
        self,
        key: RouteKey,
        host: str,
        port: int,
        tls: ssl.SSLContext | None,
        patience: Patience,
        allow_private: bool,
    ) -> Connection:
        loop = asyncio.get_running_loop()
        connected = await connect(
            self._addresses, host, port, timeout_seconds=patience.step_seconds, allow_private=allow_private
        )
        connection = Connection(loop, key, self._forget)
        self._open.add(connection)
        try:
            if tls is None:
                await loop.create_connection(lambda: connection, sock=connected)
            else:
                async with asyncio.timeout(patience.step_seconds):
                    await loop.create_connection(
                        lambda: connection, sock=connected, ssl=tls, server_hostname=host
                    )
        except BaseException as error:
            connection.abort()
            connected.close()
            if _is_unusable_name(error):
                raise LookFailed(Failure(Reason.INVALID_URL, f"no name for TLS: {host}")) from error
            raise
        return connection


async def _open_tunnel(connection: Connection, host: str, port: int, way: _Proxy, patience: Patience) -> None:
    target = _authority(host, port)
    headers = [(b"Host", target), (b"Accept", b"*/*")]
    if way.authorization:
        headers.append((b"Proxy-Authorization", way.authorization))
    connection.send(
        write_request(b"CONNECT", target, write_headers(headers)),
        now=asyncio.get_running_loop().time(),
        silent_seconds=patience.step_seconds,
        give_up_at=patience.until,
        is_connect=True,
    )
    answer = await connection.read_head()
    if answer.status is None or not 200 <= answer.status < 300:
        raise ProxyRefused(f"{answer.status}")


def _authority(host: str, port: int | None) -> bytes:
    name = f"[{host}]" if ":" in host else host
    return (name if port is None else f"{name}:{port}").encode("ascii")


def _is_unusable_name(error: BaseException) -> bool:
    """Whether ssl would not even begin; a refused certificate is a ValueError too, but an OSError first."""
    return isinstance(error, ValueError) and not isinstance(error, OSError)


@lru_cache(maxsize=16)
def _read_proxy(proxy: str) -> _Proxy:
    parts = urlsplit(proxy)
    authorization = None
    if parts.username:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = b"Basic " + b64encode(pair.encode())
    return _Proxy(
        parts.hostname or "",
        parts.port or DEFAULT_PORTS[parts.scheme],
        parts.scheme == "https",
        authorization,
    )
