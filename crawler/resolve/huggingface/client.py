"""huggingface_hub, kept on a short leash: one look is one question, and all that came back is kept.

The library builds the questions. Everything that it would do on its own is off: reading tokens and proxies
from the machine, retrying, waiting, telling the Hub about us, following a redirect to another host.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

import httpx2
import huggingface_hub
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, HFValidationError

from crawler.fetch.client import LOOK_TIMEOUTS, user_agent
from crawler.fetch.environment import NetworkEnvironment
from crawler.fetch.failure import Failure, explain_failure
from crawler.fetch.guard import is_loopback
from crawler.fetch.meter import RequestMeter
from crawler.records import Hop, Reason
from crawler.resolve.huggingface.answers import HubAnswer, Standing
from crawler.settings import NetworkSettings

MAX_REDIRECTS: Final = 5
MAX_ANSWER_BYTES: Final = 20_000_000
"""After decompression. A page of a hundred models with their cards stays far below."""
# https://github.com/huggingface/huggingface_hub/blob/main/src/huggingface_hub/utils/_http.py (2.4)
RETRIED_STATUSES: Final = frozenset({408, 429, 500, 502, 503, 504})
# We hand on what was unpacked and joined.
WIRE_HEADERS: Final = ("content-encoding", "content-length", "transfer-encoding")

Call: TypeAlias = Callable[[HfApi, str | bool], object]
"""One method of HfApi; the second argument is its `token=`: False says that nothing may be sent."""


class HubFailure(httpx2.TransportError):
    """No answer, for a reason. None of those that the library's own retries look for."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.detail)
        self.failure = failure


class _AnswerIsIn(httpx2.TransportError):
    """Ends a question at a status that the library would ask again for by itself; the look has the answer."""


@dataclass(slots=True)
class _Look:
    """What one question's requests brought; filled by the transport."""

    client: HubClient
    deadline: float
    status: int | None = None
    headers: httpx2.Headers = field(default_factory=httpx2.Headers)
    body: bytes = b""
    hops: list[Hop] = field(default_factory=list)


_LOOK: ContextVar[_Look] = ContextVar("hub_look")


class HubClient:
    """Asks one Hub. An async context manager; safe to use from many tasks at once."""

    def __init__(
        self,
        endpoint: str,
        network: NetworkSettings,
        environment: NetworkEnvironment,
        meter: RequestMeter,
    ) -> None:
        _tame_library()
        endpoint = endpoint.rstrip("/")
        self._origin = _origin(httpx2.URL(endpoint))
        self._meter = meter
        self._timeout_seconds = network.timeout_seconds
        self._api = HfApi(endpoint=endpoint, token=False, headers={"user-agent": user_agent(network)})
        tls = environment.ssl_context()
        proxy = None if is_loopback(self._origin.host) else environment.proxy_for(endpoint)
        self._has_proxy = proxy is not None
        # The lane bounds connections. A bound here would be used up for good by tunnels whose TLS handshake
        # fails: httpcore2 never takes them off its pool, and the next look would wait for ever.
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=network.per_host_concurrency)
        self._wire = httpx2.HTTPTransport(
            verify=tls,
            trust_env=False,
            proxy=_make_proxy(proxy, tls) if proxy else None,
            limits=limits,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self._wire.close()

    async def ask(self, call: Call, token: str | None, standing: Standing) -> HubAnswer:
        """Put one question, in a thread. Never raises for anything the network or the Hub does."""
        return await asyncio.to_thread(self._ask, call, token, standing)

    def _ask(self, call: Call, token: str | None, standing: Standing) -> HubAnswer:
        # Real time on purpose: it bounds a thread that waits for real bytes.
        began = time.monotonic()
        look = _Look(self, deadline=began + LOOK_TIMEOUTS * self._timeout_seconds)
        _LOOK.set(look)
        failure: Failure | None = None
        try:
            call(self._api, token or False)
        except HFValidationError as error:
            failure = Failure(Reason.INVALID_URL, f"no name the Hub could have given: {error}")
        except HubFailure as error:
            failure = error.failure
        except _AnswerIsIn:
            pass
        except httpx2.TooManyRedirects:
            failure = Failure(Reason.TOO_MANY_REDIRECTS, f"more than {MAX_REDIRECTS} redirects")
        except (HfHubHTTPError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            # An error status, or a body the library's types cannot hold. The look has both as they came.
            pass
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            failure = Failure(Reason.SERVER_ERROR, f"a redirect that leads nowhere: {type(error).__name__}")
        if failure is None and look.status is None:
            failure = Failure(Reason.SKIPPED, "the client library sent nothing", temporary=True)
        return HubAnswer(
            status=look.status,
            headers=look.headers,
            json=None if failure else _parse_json(look.body),
            hops=tuple(look.hops),
            failure=failure,
            standing=standing,
            elapsed_seconds=time.monotonic() - began,
        )

    def send(self, request: httpx2.Request, look: _Look) -> httpx2.Response:
        """One request of a look, on the wire. Raises HubFailure."""
        if _origin(request.url) != self._origin:
            raise HubFailure(
                Failure(Reason.SKIPPED, f"the Hub's API redirects to {request.url.host}", temporary=True)
            )
        wait = self._timeout_seconds
        request.extensions["timeout"] = {"connect": wait, "read": wait, "write": wait, "pool": None}
        progress = _Progress(self._meter, request.url.host)
        try:
            response = self._receive(request, look, progress)
        except HubFailure as failed:
            # An idle connection that was closed just as it was used again: no answer to this request.
            if progress.is_new_connection or failed.failure.reason is not Reason.CONNECTION_RESET:
                raise
            response = self._receive(request, look, _Progress(self._meter, request.url.host))
        look.status, look.headers, look.body = response.status_code, response.headers, response.content
        if response.has_redirect_location:
            look.hops.append(Hop(str(request.url.copy_with(query=None)), response.status_code))
        if response.status_code in RETRIED_STATUSES:
            raise _AnswerIsIn("not to be asked again", request=request)
        return response

    def _receive(self, request: httpx2.Request, look: _Look, progress: _Progress) -> httpx2.Response:
        request.extensions["trace"] = progress.trace
        try:
            answer = self._wire.handle_request(request)
            try:
                body = self._read(answer, look)
            finally:
                answer.close()
                self._meter.add_bytes(request.url.host, answer.num_bytes_downloaded)
        except httpx2.TimeoutException as error:
            raise HubFailure(Failure(Reason.TIMEOUT, "no answer in time")) from error
        except httpx2.DecodingError as error:
            raise HubFailure(Failure(Reason.SERVER_ERROR, "the body cannot be unpacked")) from error
        except httpx2.ProxyError as error:
            failure = Failure(Reason.SKIPPED, f"the proxy did not connect: {error}", temporary=True)
            raise HubFailure(failure) from error
        except httpx2.TransportError as error:
            if isinstance(error, HubFailure):
                raise
            reached = progress.reached_host if self._has_proxy else None
            found = explain_failure(error, proxy_reached_host=reached)
            # That the API is out of reach says nothing about the things behind it.
            raise HubFailure(Failure(found.reason, found.detail, temporary=True)) from error
        headers = [(name, value) for name, value in answer.headers.multi_items() if name not in WIRE_HEADERS]
        return httpx2.Response(answer.status_code, headers=headers, content=body, request=request)

    def _read(self, answer: httpx2.Response, look: _Look) -> bytes:
        body = bytearray()
        for piece in answer.iter_bytes():
            body += piece
            if len(body) > MAX_ANSWER_BYTES:
                raise HubFailure(Failure(Reason.BODY_TOO_LARGE, f"more than {MAX_ANSWER_BYTES:,} bytes"))
            if time.monotonic() > look.deadline:
                raise HubFailure(Failure(Reason.TIMEOUT, "the answer takes too long"))
        return bytes(body)


class _Progress:
    """What happened on the wire during one request, told by trace events; it feeds the meter."""

    def __init__(self, meter: RequestMeter, host: str) -> None:
        self._meter = meter
        self._host = host
        self.is_new_connection = False
        self.reached_host = False

    def trace(self, event: str, details: dict[str, Any]) -> None:
        if event == "connection.connect_tcp.started":
            self.is_new_connection = True
        elif event == "proxy.start_tls.started":
            self.reached_host = True
        elif event == "http11.send_request_headers.started" and details["request"].method != b"CONNECT":
            self.reached_host = True
            self._meter.count(self._host)


class _Router(httpx2.BaseTransport):
    """The library has one session per process; each request goes to the client whose look it belongs to."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        look = _LOOK.get(None)
        if look is None:
            raise HubFailure(Failure(Reason.SKIPPED, "a request of the library's own", temporary=True))
        return look.client.send(request, look)


@cache
def _tame_library() -> None:
    """Once per process: its session is ours, and it asks nothing that nobody asked it to."""
    # Else the first call fetches /api/agent-harnesses, and that from the default endpoint.
    huggingface_hub.constants.HF_HUB_DISABLE_TELEMETRY = True
    huggingface_hub.set_client_factory(
        lambda: httpx2.Client(
            transport=_Router(), follow_redirects=True, max_redirects=MAX_REDIRECTS, trust_env=False
        )
    )


def _make_proxy(proxy: str, tls: ssl.SSLContext) -> httpx2.Proxy:
    return httpx2.Proxy(proxy, ssl_context=tls if proxy.startswith("https:") else None)


def _origin(url: httpx2.URL) -> httpx2.URL:
    return httpx2.URL(scheme=url.scheme, host=url.host, port=url.port, path="/")


def _parse_json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
