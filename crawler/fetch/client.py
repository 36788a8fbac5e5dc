"""The one HTTP client of ours: asks one address, politely and safely, and says what came of it.

It never raises for anything the network or a host does. Which addresses: guard.py. When: politeness.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Final, Self, TypeAlias

import ada_url
import httpcore
import httpx

from crawler import __version__
from crawler.clock import Clock
from crawler.config import NetworkSettings, Settings
from crawler.fetch.decode import ACCEPT_ENCODING, DecodingFailed, make_decoder
from crawler.fetch.environment import NetworkEnvironment
from crawler.fetch.failure import Failure, LookFailed, explain_failure
from crawler.fetch.guard import is_loopback, refuse_host
from crawler.fetch.meter import RequestMeter
from crawler.fetch.politeness import Lane, LaneClosed, Politeness
from crawler.fetch.throttle import feed_lane, parse_retry_after
from crawler.fetch.transport import GuardedTransport, Progress
from crawler.links.mask import mask_url
from crawler.records import Hop, Reason

PROJECT_PAGE: Final = "https://github.com/crawler-for-lists/crawler"
"""What the User-Agent names when no contact is configured."""

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS: Final = 10
MAX_HEADERS: Final = 256
MAX_URL_LENGTH: Final = 16_384
LOOK_TIMEOUTS: Final = 3
"""A whole look, all its hops and retries, takes at most so many times `timeout_seconds` on the wire."""
REDIRECT_BODY_BYTES: Final = 16_384
"""The body of a redirect is read only to keep the connection."""
LONGEST_RETRY_SECONDS: Final = 30.0
"""A Retry-After this short is waited for and followed by one more try."""
MAX_COOKIES: Final = 30
MAX_COOKIE_HEADER_BYTES: Final = 8_192


Enough: TypeAlias = Callable[[httpx.Headers, bytes], bool]
"""(headers, body so far) → whether that is enough."""


@dataclass(frozen=True, slots=True)
class FetchResult:
    """What came of one address.

    `status` is that of the last answer, None when no host answered. `body` is decompressed and capped;
    `truncated` says that there was more. `redirect_chain` holds the addresses that redirected.
    """

    url: str
    final_url: str
    status: int | None = None
    headers: httpx.Headers = field(default_factory=httpx.Headers)
    body: bytes = b""
    truncated: bool = False
    redirect_chain: tuple[Hop, ...] = ()
    elapsed_seconds: float = 0.0
    failure: Failure | None = None


@dataclass(slots=True)
class _Look:
    """One call of `get`: what stays the same over its hops, and what is left of its time."""

    first: ada_url.URL
    headers: dict[str, str]
    max_body_bytes: int
    enough: Enough | None
    trusted: bool
    seconds_left: float
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int | None = None
    headers: httpx.Headers = field(default_factory=httpx.Headers)
    body: bytes = b""
    truncated: bool = False
    failure: Failure | None = None
    was_reused: bool = False


class Fetcher:
    """Use as an async context manager. Takes its lane's turn for every request it sends."""

    def __init__(
        self,
        settings: Settings,
        environment: NetworkEnvironment,
        politeness: Politeness,
        meter: RequestMeter,
        clock: Clock,
    ) -> None:
        self._network = settings.network
        self._environment = environment
        self._politeness = politeness
        self._meter = meter
        self._clock = clock
        self._transport = GuardedTransport(environment, concurrency=settings.network.per_host_concurrency)
        self._own_headers = {
            "User-Agent": user_agent(settings.network),
            "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "Accept-Language": "en,zh-CN;q=0.8,zh;q=0.7,*;q=0.5",
            "Accept-Encoding": ACCEPT_ENCODING,
        }

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self._transport.aclose()

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        max_body_bytes: int | None = None,
        follow_redirects: bool = True,
        trusted: bool = False,
        enough: Enough | None = None,
    ) -> FetchResult:
        """GET one address and follow its redirects by hand.

        `trusted`: an endpoint the operator configured; it may be private, and a redirect to another origin
        is refused. `enough` may end the reading early. `headers` stay on the first origin.
        """
        started = self._clock.monotonic()
        try:
            current = parse_address(url)
        except LookFailed as refusal:
            return FetchResult(url, url, failure=refusal.failure)
        look = _Look(
            first=current,
            headers=dict(headers or {}),
            max_body_bytes=max_body_bytes or self._network.max_body_bytes,
            enough=enough,
            trusted=trusted,
            seconds_left=self._network.timeout_seconds * LOOK_TIMEOUTS,
        )
        result = FetchResult(url, current.href)
        seen: set[tuple[str, str]] = set()
        while True:
            seen.add((current.href, _cookie_state(look.cookies)))
            answer = await self._ask_twice(look, current)
            result = replace(
                result,
                final_url=current.href,
                status=answer.status or result.status,
                headers=answer.headers,
                body=answer.body,
                truncated=answer.truncated,
                failure=answer.failure,
            )
            location = answer.headers.get("location", "")
            if answer.failure or not follow_redirects or answer.status not in REDIRECTS or not location:
                break
            result = replace(
                result, redirect_chain=(*result.redirect_chain, Hop(current.href, answer.status)), body=b""
            )
            try:
                current = self._next_address(look, current, answer.headers, result, seen)
            except LookFailed as refusal:
                result = replace(result, failure=refusal.failure)
                break
        return replace(result, elapsed_seconds=self._clock.monotonic() - started)

    def _next_address(
        self,
        look: _Look,
        current: ada_url.URL,
        headers: httpx.Headers,
        result: FetchResult,
        seen: set[tuple[str, str]],
    ) -> ada_url.URL:
        """Where a redirect leads. Raises LookFailed when it must not be followed."""
        following = parse_address(read_location(headers), base=current.href)
        if len(result.redirect_chain) > MAX_REDIRECTS:
            raise LookFailed(Failure(Reason.TOO_MANY_REDIRECTS, f"more than {MAX_REDIRECTS} redirects"))
        if (following.href, _cookie_state(look.cookies)) in seen:
            raise LookFailed(
                Failure(Reason.TOO_MANY_REDIRECTS, f"a redirect loop at {mask_url(following.href)}")
            )
        if following.origin != current.origin:
            if look.trusted:
                raise LookFailed(
                    Failure(
                        Reason.SKIPPED,
                        f"the endpoint {current.origin} redirects to {following.origin}",
                        temporary=True,
                    )
                )
            look.headers.clear()
        return following

    async def _ask_twice(self, look: _Look, address: ada_url.URL) -> _Answer:
        """One hop, asked once more where that is likely to heal."""
        answer = await self._ask(look, address)
        if answer.failure is not None:
            # The host closed an idle connection just as it was used again: not its answer to this request.
            if answer.was_reused and answer.failure.reason is Reason.CONNECTION_RESET:
                return await self._ask(look, address)
            return answer
        if answer.status in {429, 503}:
            wait = parse_retry_after(answer.headers.get("retry-after"), self._clock.now())
            if wait is not None and wait <= LONGEST_RETRY_SECONDS:
                return await self._ask(look, address)
        return answer

    async def _ask(self, look: _Look, address: ada_url.URL) -> _Answer:
        host = address.hostname
        allow_private = self._network.allow_private_addresses or (
            look.trusted and address.origin == look.first.origin
        )
        if not allow_private and (why := refuse_host(host)):
            return _Answer(failure=Failure(Reason.PRIVATE_ADDRESS, why))
        proxy = self._environment.proxy_for(address.href)
        if look.trusted and is_loopback(host):
            proxy = None
        lane = self._politeness.lane_for(address.href)
        try:
            async with lane.turn():
                loop = asyncio.get_running_loop()
                began = loop.time()
                try:
                    answer = await self._send(look, address, proxy, allow_private=allow_private)
                finally:
                    look.seconds_left -= loop.time() - began
                if answer.status is not None:
                    feed_lane(lane, answer.status, answer.headers, self._clock.now())
                return answer
        except LaneClosed as closed:
            return _Answer(failure=_explain_closed(lane, closed))

    async def _send(
        self, look: _Look, address: ada_url.URL, proxy: str | None, *, allow_private: bool
    ) -> _Answer:
        progress = Progress(self._meter, address.hostname)
        status: int | None = None
        headers = httpx.Headers()
        failure: Failure
        try:
            async with asyncio.timeout(max(0.0, look.seconds_left)):
                request = self._make_request(look, address, proxy, progress, allow_private=allow_private)
                response = await self._transport.handle_async_request(request)
                try:
                    status, headers = response.status_code, response.headers
                    if len(headers.raw) > MAX_HEADERS:
                        failure = Failure(Reason.SERVER_ERROR, f"more than {MAX_HEADERS} headers")
                        return _Answer(status, failure=failure)
                    if status == 407 and proxy:
                        return _Answer(
                            failure=Failure(Reason.SKIPPED, "the proxy refused: 407", temporary=True)
                        )
                    _keep_cookies(look.cookies, response)
                    body, truncated = await self._read_body(look, response, address.hostname)
                    return _Answer(status, headers, body, truncated)
                finally:
                    await response.aclose()
        except DecodingFailed as error:
            failure = Failure(Reason.SERVER_ERROR, f"the body is not what Content-Encoding says: {error}")
        except (httpcore.LocalProtocolError, httpx.InvalidURL, UnicodeError) as error:
            failure = Failure(Reason.INVALID_URL, f"cannot be asked: {error}")
        except (
            LookFailed,
            OSError,
            httpcore.ProxyError,
            httpcore.NetworkError,
            httpcore.TimeoutException,
            httpcore.ProtocolError,
        ) as error:
            reached = progress.reached_host if proxy else None
            failure = explain_failure(error, proxy_reached_host=reached, in_body=status is not None)
        return _Answer(status, headers, failure=failure, was_reused=not progress.is_new_connection)

    def _make_request(
        self,
        look: _Look,
        address: ada_url.URL,
        proxy: str | None,
        progress: Progress,
        *,
        allow_private: bool,
    ) -> httpx.Request:
        timeout = self._network.timeout_seconds
        request = httpx.Request(
            "GET",
            f"{address.protocol}//{address.host}/",
            headers={**self._own_headers, **look.headers},
            extensions={
                "target": (address.pathname + address.search).encode("ascii"),
                "timeout": {"connect": timeout, "read": timeout, "write": timeout, "pool": None},
                "trace": progress.trace,
                "proxy": proxy,
                "allow_private": allow_private,
            },
        )
        if look.cookies.jar:
            look.cookies.set_cookie_header(request)
            if len(request.headers.get("cookie", "")) > MAX_COOKIE_HEADER_BYTES:
                del request.headers["cookie"]
        return request

    async def _read_body(self, look: _Look, response: httpx.Response, host: str) -> tuple[bytes, bool]:
        cap = look.max_body_bytes
        if response.status_code in REDIRECTS and "location" in response.headers:
            cap = min(cap, REDIRECT_BODY_BYTES)
        decode = make_decoder(response.headers.get("content-encoding", ""))
        body = bytearray()
        received = 0
        async for piece in response.stream:  # type: ignore[union-attr]
            self._meter.add_bytes(host, len(piece))
            received += len(piece)
            for decoded in decode(piece):
                body += decoded
                if len(body) > cap:
                    return bytes(body[:cap]), True
            if received > cap:
                return bytes(body), True
            if look.enough is not None and look.enough(response.headers, bytes(body)):
                return bytes(body), True
        return bytes(body), False


def user_agent(network: NetworkSettings) -> str:
    """Who we say we are: the product, and whom a host may write to."""
    return f"{network.user_agent or f'crawler/{__version__}'} (+{network.contact or PROJECT_PAGE})"


def parse_address(url: str, base: str | None = None) -> ada_url.URL:
    """A URL as a browser reads it, without credentials. Raises LookFailed unless http(s)."""
    if len(url) > MAX_URL_LENGTH:
        raise LookFailed(Failure(Reason.INVALID_URL, f"longer than {MAX_URL_LENGTH} characters"))
    try:
        address = ada_url.URL(url, base)
    except ValueError as error:
        raise LookFailed(Failure(Reason.INVALID_URL, f"no URL: {mask_url(url[:200])}")) from error
    if address.protocol not in {"http:", "https:"}:
        raise LookFailed(Failure(Reason.INVALID_URL, f"{address.protocol} is not http or https"))
    address.username = address.password = ""
    return address


def read_location(headers: httpx.Headers) -> str:
    """The Location header; bytes that are not UTF-8 are escaped as they are, as browsers do."""
    raw = next((value for name, value in headers.raw if name.lower() == b"location"), b"")
    try:
        return raw.decode("utf-8").strip()
    except UnicodeDecodeError:
        return "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in raw).strip()


def _keep_cookies(cookies: httpx.Cookies, response: httpx.Response) -> None:
    if "set-cookie" in response.headers and len(cookies.jar) < MAX_COOKIES:
        cookies.extract_cookies(response)


def _cookie_state(cookies: httpx.Cookies) -> str:
    return ";".join(sorted(f"{cookie.name}={cookie.value}" for cookie in cookies.jar))


def _explain_closed(lane: Lane, closed: LaneClosed) -> Failure:
    reason = Reason.RATE_LIMITED if closed.throttled else Reason.SKIPPED
    return Failure(reason, f"{lane.name} is left alone for this run: {closed.reason}", temporary=True)
