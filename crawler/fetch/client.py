"""The one HTTP client of ours: asks one address, politely and safely, and says what came of it.

It never raises for anything the network or a host does. Which addresses: guard.py. When: politeness.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Final, NamedTuple, Self, TypeAlias

from crawler import __version__
from crawler.clock import Clock
from crawler.fetch.address import Address, parse_address, read_location
from crawler.fetch.connection import Connection, ConnectionBroke
from crawler.fetch.decode import ACCEPT_ENCODING, DecodingFailed, make_decoder
from crawler.fetch.environment import NetworkEnvironment
from crawler.fetch.failure import Failure, LookFailed, ProxyRefused, explain_failure
from crawler.fetch.http1 import MalformedAnswer, RawHeaders, UnsendableRequest
from crawler.fetch.meter import RequestMeter
from crawler.fetch.politeness import Lane, LaneClosed, Politeness
from crawler.fetch.route import Route, Routes
from crawler.fetch.throttle import RETRY_AFTER_STATUSES, THROTTLE_HEADERS, feed_lane, parse_retry_after
from crawler.fetch.transport import GuardedTransport, Patience, Progress
from crawler.links.mask import mask_url
from crawler.records import Hop, Reason
from crawler.settings import NetworkSettings, Settings

if TYPE_CHECKING:
    from crawler.fetch.cookies import LookCookies

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
NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})

Enough: TypeAlias = Callable[[Mapping[str, str], bytes], bool]
"""(headers, body so far) → whether that is enough; asked while there may be more."""


class FetchResult(NamedTuple):
    """What came of one address.

    `status` is that of the last answer, None when no host answered. `headers` have lower-case names. `body`
    is decompressed and capped; `truncated` says that there was more. `redirect_chain` holds the addresses
    that redirected.
    """

    url: str
    final_url: str
    status: int | None = None
    headers: Mapping[str, str] = NO_HEADERS
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
    cookies: LookCookies | None = None

    def keep_cookies(self, route: Route, headers: RawHeaders) -> None:
        if self.cookies is None:
            # Few looks meet a cookie, and httpx, which knows them, takes long to import.
            from crawler.fetch.cookies import LookCookies  # noqa: PLC0415

            self.cookies = LookCookies()
        self.cookies.keep(route.url, headers)

    def cookie_state(self) -> str:
        return "" if self.cookies is None else self.cookies.state()

    def lines_for(self, route: Route) -> bytes:
        """The headers of a request. Raises UnsendableRequest and UnicodeError."""
        cookies = None if self.cookies is None else self.cookies.header_for(route.url)
        if cookies is not None:
            return route.lines_with({**self.headers, "Cookie": cookies})
        return route.lines_with(self.headers) if self.headers else route.lines


@dataclass(slots=True)
class _Answer:
    """`location`: where it redirects to, as sent."""

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    truncated: bool = False
    location: bytes | None = None
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
            answer = await self._ask(look, current)
            if self._may_heal(answer):
                answer = await self._ask(look, current)
            status = answer.status or status
            failure, body = answer.failure, answer.body
            if failure is not None or not follow_redirects or answer.status is None or not answer.location:
                break
            seen.add((current.href, cookie_state))
            chain.append(Hop(current.href, answer.status))
            try:
                current = _next_address(look, current, answer.location, chain, seen)
            except LookFailed as refusal:
                failure, body = refusal.failure, b""
                break
        return FetchResult(
            url,
            current.href,
            status,
            answer.headers,
            body,
            answer.truncated,
            tuple(chain),
            self._clock.monotonic() - started,
            failure,
        )

    def _may_heal(self, answer: _Answer) -> bool:
        """Whether to ask once more."""
        if answer.failure is not None:
            # The host closed an idle connection just as it was used again: not its answer to this request.
            return answer.was_reused and answer.failure.reason is Reason.CONNECTION_RESET
        if answer.status not in {429, 503}:
            return False
        wait = parse_retry_after(answer.headers.get("retry-after"), self._clock.now())
        return wait is not None and wait <= LONGEST_RETRY_SECONDS

    async def _ask(self, look: _Look, address: Address) -> _Answer:
        """One request, in its lane's turn."""
        try:
            route = self._routes.find(address)
        except (UnsendableRequest, UnicodeError) as error:
            return _Answer(failure=Failure(Reason.INVALID_URL, f"cannot be asked: {error}"))
        allow_private = self._network.allow_private_addresses or (
            look.trusted and address.origin == look.first_origin
        )
        if route.refusal is not None and not allow_private:
            return _Answer(failure=Failure(Reason.PRIVATE_ADDRESS, route.refusal))
        lane = self._politeness.lane_for(address.href)
        try:
            if not lane.enter_now():
                await lane.queue()
        except LaneClosed as closed:
            return _Answer(failure=_explain_closed(lane, closed))
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            answer = await self._send(look, address, route, allow_private, began + look.seconds_left)
            self._tell(lane, answer)
            return answer
        finally:
            look.seconds_left -= loop.time() - began
            lane.leave()

    def _tell(self, lane: Lane, answer: _Answer) -> None:
        if answer.status is None:
            return
        if answer.status in RETRY_AFTER_STATUSES or not THROTTLE_HEADERS.isdisjoint(answer.headers):
            feed_lane(lane, answer.status, answer.headers, self._clock.now())
        else:
            lane.relax()  # what feed_lane would do: most answers say nothing of the kind

    async def _send(
        self, look: _Look, address: Address, route: Route, allow_private: bool, until: float
    ) -> _Answer:
        proxy = None if look.trusted and route.is_loopback else route.proxy
        progress = Progress(self._meter, address.host)
        answer = _Answer()
        try:
            connection = await self._transport.ask(
                (route.scheme, route.host, route.port, proxy, allow_private),
                address.target,
                look.lines_for(route),
                Patience(self._network.timeout_seconds, until),
                progress,
            )
            try:
                if proxy and connection.answer.status == 407:
                    return _Answer(failure=Failure(Reason.SKIPPED, "the proxy refused: 407", temporary=True))
                await self._read(look, connection, route, address.host, answer)
            finally:
                self._transport.give_back(connection)
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

    async def _read(
        self, look: _Look, connection: Connection, route: Route, host: str, answer: _Answer
    ) -> None:
        """Fill in the answer, as far as it is wanted. Raises what decoder and connection do."""
        head = connection.answer
        answer.status = head.status
        if len(head.lines) > MAX_HEADERS:
            answer.failure = Failure(Reason.SERVER_ERROR, f"more than {MAX_HEADERS} headers")
            return
        headers = answer.headers = head.fields
        if "set-cookie" in headers:
            look.keep_cookies(route, head.headers)
        cap = look.max_body_bytes
        if head.status in REDIRECTS and headers.get("location"):
            answer.location = head.first(b"location")
            cap = min(cap, REDIRECT_BODY_BYTES)
        coding = headers.get("content-encoding")
        decode = None if coding is None else make_decoder(coding)
        body: bytes | bytearray = b""
        received = 0
        while not connection.is_read:
            piece = connection.take_piece() or await connection.read_piece()
            if not piece:
                break
            self._meter.add_bytes(host, len(piece))
            received += len(piece)
            for decoded in (piece,) if decode is None else decode(piece):
                body = _join(body, decoded)
                if len(body) > cap:
                    break
            answer.truncated = len(body) > cap or received > cap
            if len(body) > cap:
                body = body[:cap]
            elif not answer.truncated and not connection.is_read and look.enough is not None:
                answer.truncated = look.enough(headers, bytes(body))
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
    look: _Look, current: Address, location: bytes, chain: list[Hop], seen: set[tuple[str, str]]
) -> Address:
    """Where a redirect leads. Raises LookFailed when it must not be followed."""
    following = parse_address(read_location(location), base=current.href)
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
