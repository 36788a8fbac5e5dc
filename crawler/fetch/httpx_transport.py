"""The carrier as a transport of httpx, for clients of httpx.

The fetcher drives the carrier itself: what httpx makes of a request costs more than the request.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import httpx

from crawler.fetch.connection import Connection
from crawler.fetch.environment import DEFAULT_PORTS, NetworkEnvironment
from crawler.fetch.http1 import UnsendableRequest, write_headers
from crawler.fetch.meter import RequestMeter
from crawler.fetch.transport import GuardedTransport, Patience, Progress

STEP_SECONDS: Final = 20.0
"""How long a client waits for each step, unless it says so itself."""


class HttpxTransport(httpx.AsyncBaseTransport):
    """GET without a body. Of httpx's timeouts the one for reading counts, for every step.

    Extensions of a request of ours: `proxy`, an address, and `allow_private`; without them a public host is
    asked. Raises what GuardedTransport does.
    """

    def __init__(self, environment: NetworkEnvironment, *, concurrency: int) -> None:
        self._carrier = GuardedTransport(environment, concurrency=concurrency)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "GET":
            raise UnsendableRequest(f"the method {request.method}")
        url, told = request.url, request.extensions
        port = url.port or DEFAULT_PORTS[url.scheme]
        private = bool(told.get("allow_private"))
        seconds = told.get("timeout", {}).get("read") or STEP_SECONDS
        connection = await self._carrier.ask(
            (url.scheme, url.raw_host.decode("ascii"), port, told.get("proxy"), private),
            url.raw_path,
            write_headers(request.headers.raw),
            Patience(seconds, float("inf")),
            Progress(RequestMeter(), url.host),
        )
        answer = connection.answer
        return httpx.Response(
            answer.status or 0,
            headers=answer.headers,
            stream=_Body(self._carrier, connection),
            request=request,
        )

    async def aclose(self) -> None:
        await self._carrier.aclose()


class _Body(httpx.AsyncByteStream, AsyncIterator[bytes]):
    def __init__(self, carrier: GuardedTransport, connection: Connection) -> None:
        self._carrier = carrier
        self._connection: Connection | None = connection

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._connection is not None and (piece := await self._connection.read_piece()):
            return piece
        raise StopAsyncIteration

    async def aclose(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            self._carrier.give_back(connection)
