"""httpx's transport of ours: one small httpcore pool per origin, each connection through the guard.

One pool for a whole run would scan all its connections for every request; idle pools are closed instead.
"""

from __future__ import annotations

import ssl
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import unquote, urlsplit

import httpcore
import httpx

from crawler.fetch.environment import NetworkEnvironment
from crawler.fetch.guard import AddressBook, GuardedBackend
from crawler.fetch.meter import RequestMeter

MAX_OPEN_ORIGINS: Final = 128
KEEPALIVE_SECONDS: Final = 15.0


class Progress:
    """What happened on the wire during one request, told by httpcore's trace events; it feeds the meter."""

    def __init__(self, meter: RequestMeter, host: str) -> None:
        self._meter = meter
        self._host = host
        self.is_new_connection = False
        self.reached_host = False

    async def trace(self, event: str, details: dict[str, Any]) -> None:
        if event == "connection.connect_tcp.started":
            self.is_new_connection = True
        elif event == "proxy.start_tls.started":
            self.reached_host = True
        elif event == "http11.send_request_headers.started" and details["request"].method != b"CONNECT":
            self.reached_host = True
            self._meter.count(self._host)


@dataclass(slots=True)
class _Pool:
    connections: httpcore.AsyncConnectionPool
    in_use: int = 0


class GuardedTransport(httpx.AsyncBaseTransport):
    """Raises httpcore's exceptions and LookFailed; failure.py explains them.

    Request extensions of ours: `allow_private` (bool) and `proxy` (an address or None); `target` is sent
    as the request's target, byte for byte.
    """

    def __init__(self, environment: NetworkEnvironment, *, concurrency: int) -> None:
        self._tls = environment.ssl_context()
        # Servers that never learnt secure renegotiation still serve every browser.
        self._tls.options |= getattr(ssl, "OP_LEGACY_SERVER_CONNECT", 0x4)
        self._concurrency = concurrency
        self._addresses = AddressBook()
        self._guarded = GuardedBackend(self._addresses, allow_private=False)
        self._open = GuardedBackend(self._addresses, allow_private=True)
        self._pools: OrderedDict[tuple[object, ...], _Pool] = OrderedDict()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.aclose()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.extensions.get("target", request.url.raw_path),
        )
        proxy: str | None = request.extensions.get("proxy")
        pool = self._pool(url.origin, proxy, allow_private=request.extensions.get("allow_private", False))
        pool.in_use += 1
        try:
            await self._close_surplus()
            answer = await pool.connections.handle_async_request(
                httpcore.Request(
                    request.method,
                    url,
                    headers=request.headers.raw,
                    extensions={key: request.extensions[key] for key in ("timeout", "trace")},
                )
            )
        except BaseException:
            pool.in_use -= 1
            raise
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer, pool), request=request
        )

    async def aclose(self) -> None:
        pools = list(self._pools.values())
        self._pools.clear()
        for pool in pools:
            await pool.connections.aclose()
        self._addresses.close()

    def _pool(self, origin: httpcore.Origin, proxy: str | None, *, allow_private: bool) -> _Pool:
        key = (origin.scheme, origin.host, origin.port, proxy, allow_private)
        pool = self._pools.get(key)
        if pool is None:
            # The proxy is the operator's: its own address may be private.
            backend = self._open if allow_private or proxy else self._guarded
            pool = self._pools[key] = _Pool(
                httpcore.AsyncConnectionPool(
                    ssl_context=self._tls,
                    proxy=_make_proxy(proxy, self._tls) if proxy else None,
                    # Politeness bounds connections. A bound here would be used up for good by tunnels whose
                    # TLS handshake fails: httpcore never takes them off its pool.
                    max_connections=None,
                    max_keepalive_connections=self._concurrency,
                    keepalive_expiry=KEEPALIVE_SECONDS,
                    network_backend=backend,
                )
            )
        self._pools.move_to_end(key)
        return pool

    async def _close_surplus(self) -> None:
        surplus = len(self._pools) - MAX_OPEN_ORIGINS
        if surplus <= 0:
            return
        idle = [key for key, pool in self._pools.items() if pool.in_use == 0][:surplus]
        closing = [self._pools.pop(key) for key in idle]
        for pool in closing:
            await pool.connections.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, answer: httpcore.Response, pool: _Pool) -> None:
        self._answer = answer
        self._pool = pool
        self._is_closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._answer.aiter_stream():
            yield piece

    async def aclose(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            try:
                await self._answer.aclose()
            finally:
                self._pool.in_use -= 1


def _make_proxy(proxy: str, tls: ssl.SSLContext) -> httpcore.Proxy:
    parts = urlsplit(proxy)
    auth = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    port = f":{parts.port}" if parts.port else ""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return httpcore.Proxy(
        f"{parts.scheme}://{host}{port}/", auth=auth, ssl_context=tls if parts.scheme == "https" else None
    )
