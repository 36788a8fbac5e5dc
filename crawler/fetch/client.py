"""The one HTTP client of ours: asks one address, politely and safely, and says what came of it.

It never raises for anything the network or a host does. Which addresses: guard.py. When: politeness.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self, TypeAlias

import httpx

from crawler import __version__
from crawler.clock import Clock
from crawler.fetch.address import Address, parse_address, read_location
from crawler.fetch.connection import ConnectionBroke
from crawler.fetch.decode import ACCEPT_ENCODING, DecodingFailed, make_decoder
from crawler.fetch.environment import NetworkEnvironment
from crawler.fetch.failure import Failure, LookFailed, ProxyRefused, explain_failure
from crawler.fetch.http1 import MalformedAnswer, UnsendableRequest
from crawler.fetch.meter import RequestMeter
from crawler.fetch.politeness import Lane, LaneClosed, Politeness
from crawler.fetch.route import Route, Routes
from crawler.fetch.throttle import RETRY_AFTER_STATUSES, THROTTLE_HEADERS, feed_lane, parse_retry_after
from crawler.fetch.transport import GuardedTransport, Patience, Progress
from crawler.links.mask import mask_url
from crawler.records import Hop, Reason
from crawler.settings import NetworkSettings, Settings

PROJECT_PAGE: Final = "https://github.com/crawler-for-lists/crawler"
"""What the User-Agent names when no contact is configured."""

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS: Final = 10
MAX_HEADERS: Final = 256
LOOK_TIMEOUTS: Final = 3
"""A whole look, all its hops and retries, takes at most so many times `timeout_seconds` on the wire."""
REDIRECT_BODY_BYTES: Final = 16_384
"""The body of a redirect is read only to keep the connection."""
LONGEST_RETRY_SECONDS: Final = 30.0
"""A Retry-After this short is waited for and followed by one more try."""
MAX_COOKIES: Final = 30
MAX_COOKIE_HEADER_BYTES: Final = 8_192

NO_BODY: Final = httpx.ByteStream(b"")

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

    first_origin: str
    headers: Mapping[str, str]
    max_body_bytes: int
    enough: Enough | None
    trusted: bool
    seconds_left: float
    cookies: httpx.Cookies | None = None

    def keep_cookies(self, response: httpx.Response) -> None:
        if self.cookies is None:
            self.cookies = httpx.Cookies()
        if len(self.cookies.jar) < MAX_COOKIES:
            self.cookies.extract_cookies(response)

    def cookie_state(self) -> str:
        if self.cookies is None:
            return ""
        return ";".join(sorted(f"{cookie.name}={cookie.value}" for cookie in self.cookies.jar))


@dataclass(slots=True)
class _Answer:
    status: int | None = None
    headers: httpx.Headers | None = None
    names: frozenset[bytes] = frozenset()
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
        self._politeness = politeness
        self._meter = meter
        self._clock = clock
        self._transport = GuardedTransport(environment, concurrency=settings.network.concurrency)
        own_headers = {
            "User-Agent": user_agent(settings.network),
            "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "Accept-Language": "en,zh-CN;q=0.8,zh;q=0.7,*;q=0.5",
            "Accept-Encoding": ACCEPT_ENCODING,
        }
        self._routes = Routes(environment, own_headers)

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
            first_origin=current.origin,
            headers=headers or {},
            max_body_bytes=max_body_bytes or self._network.max_body_bytes,
            enough=enough,
            trusted=trusted,
            seconds_left=self._network.timeout_seconds * LOOK_TIMEOUTS,
        )
        chain: list[Hop] = []
        seen: set[tuple[str, str]] = set()
        status: int | None = None
        while True:
            cookie_state = look.cookie_state()
            answer = await self._ask_twice(look, current)
            status = answer.status or status
            failure, body = answer.failure, answer.body
            if failure is not None or not follow_redirects or answer.status not in REDIRECTS:
                break
            if not answer.headers or not answer.headers.get("location"):
                break
            seen.add((current.href, cookie_state))
            chain.append(Hop(current.href, answer.status))
            try:
                current = _next_address(look, current, answer.headers, chain, seen)
            except LookFailed as refusal:
                failure, body = refusal.failure, b""
                break
        return FetchResult(
            url,
            current.href,
            status,
            answer.headers if answer.headers is not None else httpx.Headers(),
            body,
            answer.truncated,
            tuple(chain),
            self._clock.monotonic() - started,
            failure,
        )

    async def _ask_twice(self, look: _Look, address: Address) -> _Answer:
        """One hop, asked once more where that is likely to heal."""
        answer = await self._ask(look, address)
        if answer.failure is not None:
            # The host closed an idle connection just as it was used again: not its answer to this request.
            if answer.was_reused and answer.failure.reason is Reason.CONNECTION_RESET:
                return await self._ask(look, address)
            return answer
        if answer.status in {429, 503} and answer.headers:
            wait = parse_retry_after(answer.headers.get("retry-after"), self._clock.now())
            if wait is not None and wait <= LONGEST_RETRY_SECONDS:
                return await self._ask(look, address)
        return answer

    async def _ask(self, look: _Look, address: Address) -> _Answer:
        try:
            route = self._routes.find(address)
        except (httpx.InvalidURL, UnicodeError) as error:
            return _Answer(failure=Failure(Reason.INVALID_URL, f"cannot be asked: {error}"))
        allow_private = self._network.allow_private_addresses or (
            look.trusted and address.origin == look.first_origin
        )
        if route.refusal is not None and not allow_private:
            return _Answer(failure=Failure(Reason.PRIVATE_ADDRESS, route.refusal))
        lane = self._politeness.lane_for(address.href)
        try:
            if not lane.enter_now():
                await lane.enter()
        except LaneClosed as closed:
            return _Answer(failure=_explain_closed(lane, closed))
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            answer = await self._send(look, address, route, allow_private=allow_private)
            self._tell(lane, answer)
            return answer
        finally:
            look.seconds_left -= loop.time() - began
            lane.leave()

    def _tell(self, lane: Lane, answer: _Answer) -> None:
        if answer.status is None:
            return
        if answer.status in RETRY_AFTER_STATUSES or not THROTTLE_HEADERS.isdisjoint(answer.names):
            headers = answer.headers if answer.headers is not None else {}
            feed_lane(lane, answer.status, headers, self._clock.now())
        else:
            lane.relax()  # what feed_lane would do: most answers say nothing of the kind

    async def _send(self, look: _Look, address: Address, route: Route, *, allow_private: bool) -> _Answer:
        proxy = None if look.trusted and route.is_loopback else route.proxy
        progress = Progress(self._meter, address.host)
        answer = _Answer()
        try:
            request = self._make_request(look, address, route, proxy, progress, allow_private=allow_private)
            response = await self._transport.handle_async_request(request)
            try:
                if proxy and response.status_code == 407:
                    return _Answer(failure=Failure(Reason.SKIPPED, "the proxy refused: 407", temporary=True))
                await self._read(look, response, address.host, answer)
            finally:
                # httpx's own aclose would first set up how to explain errors.
                await response.stream.aclose()  # type: ignore[union-attr]
        except DecodingFailed as error:
            answer.failure = Failure(
                Reason.SERVER_ERROR, f"the body is not what Content-Encoding says: {error}"
            )
        except (UnsendableRequest, UnicodeError) as error:
            answer.failure = Failure(Reason.INVALID_URL, f"cannot be asked: {error}")
        except (LookFailed, OSError, ConnectionBroke, MalformedAnswer, ProxyRefused) as error:
            reached = progress.reached_host if proxy else None
            answer.failure = explain_failure(
                error, proxy_reached_host=reached, in_body=answer.status is not None
            )
            answer.was_reused = not progress.is_new_connection
        return answer

    def _make_request(
        self,
        look: _Look,
        address: Address,
        route: Route,
        proxy: str | None,
        progress: Progress,
        *,
        allow_private: bool,
    ) -> httpx.Request:
        headers = route.headers
        if look.headers:
            headers = headers.copy()
            headers.update(look.headers)
        until = asyncio.get_running_loop().time() + look.seconds_left
        request = httpx.Request(
            "GET",
            route.url,
            headers=headers,
            stream=NO_BODY,  # else httpx would look for a body and headers of it
            extensions={
                "target": address.target,
                "patience": Patience(self._network.timeout_seconds, until),
                "progress": progress,
                "proxy": proxy,
                "allow_private": allow_private,
            },
        )
        if look.cookies is not None:
            look.cookies.set_cookie_header(request)
            if len(request.headers.get("cookie", "")) > MAX_COOKIE_HEADER_BYTES:
                del request.headers["cookie"]
        return request

    async def _read(self, look: _Look, response: httpx.Response, host: str, answer: _Answer) -> None:
        """Fill in the answer, as far as it is wanted. Raises DecodingFailed and what the transport raises."""
        headers = response.headers
        names: frozenset[bytes] = response.extensions["names"]
        answer.status = response.status_code
        if len(headers.raw) > MAX_HEADERS:
            answer.failure = Failure(Reason.SERVER_ERROR, f"more than {MAX_HEADERS} headers")
            return
        answer.headers, answer.names = headers, names
        if b"set-cookie" in names:
            look.keep_cookies(response)
        cap = look.max_body_bytes
        if b"location" in names and response.status_code in REDIRECTS:
            cap = min(cap, REDIRECT_BODY_BYTES)
        decode = make_decoder(headers["content-encoding"]) if b"content-encoding" in names else None
        body: bytes | bytearray = b""
        received = 0
        async for piece in response.stream:  # type: ignore[union-attr]
            self._meter.add_bytes(host, len(piece))
            received += len(piece)
            for decoded in (piece,) if decode is None else decode(piece):
                body = _join(body, decoded)
                if len(body) > cap:
                    break
            answer.truncated = len(body) > cap or received > cap
            if len(body) > cap:
                body = body[:cap]
            elif look.enough is not None and look.enough(headers, bytes(body)):
                answer.truncated = True
            if answer.truncated:
                break
        answer.body = bytes(body)


def _join(body: bytes | bytearray, piece: bytes) -> bytes | bytearray:
    """The body so far and its next piece; most come in one, which is not copied."""
    if not body:
        return piece
    if isinstance(body, bytes):
        body = bytearray(body)
    body += piece
    return body


def user_agent(network: NetworkSettings) -> str:
    """Who we say we are: the product, and whom a host may write to."""
    return f"{network.user_agent or f'crawler/{__version__}'} (+{network.contact or PROJECT_PAGE})"


def _next_address(
    look: _Look, current: Address, headers: httpx.Headers, chain: list[Hop], seen: set[tuple[str, str]]
) -> Address:
    """Where a redirect leads. Raises LookFailed when it must not be followed."""
    following = parse_address(read_location(headers), base=current.href)
    if len(chain) > MAX_REDIRECTS:
        raise LookFailed(Failure(Reason.TOO_MANY_REDIRECTS, f"more than {MAX_REDIRECTS} redirects"))
    if (following.href, look.cookie_state()) in seen:
        raise LookFailed(Failure(Reason.TOO_MANY_REDIRECTS, f"a redirect loop at {mask_url(following.href)}"))
    if following.origin != current.origin:
        if look.trusted:
            told = f"the endpoint {current.origin} redirects to {following.origin}"
            raise LookFailed(Failure(Reason.SKIPPED, told, temporary=True))
        look.headers = {}
    return following


def _explain_closed(lane: Lane, closed: LaneClosed) -> Failure:
    reason = Reason.RATE_LIMITED if closed.throttled else Reason.SKIPPED
    return Failure(reason, f"{lane.name} is left alone for this run: {closed.reason}", temporary=True)
