"""One client connection of the sandbox: HTTP/1.1 in, the world's answers and faults out."""

from __future__ import annotations

import asyncio
import http
import socket
import struct
from collections.abc import Callable
from email.utils import formatdate
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import parse_qs, urlsplit

import h11

from crawler.sandbox.faults import PROXY_STATUS, Fault, Trouble
from crawler.sandbox.messages import Request, Response

if TYPE_CHECKING:
    from crawler.sandbox.server import Sandbox

MAX_HEADER_BYTES: Final = 262_144
_BLOCK: Final = b"<p>made up</p>\n" * 4096
_LOOPBACK_NAMES: Final = frozenset(("127.0.0.1", "localhost", "[::1]"))


class Connection(asyncio.Protocol):
    """Reads requests one after another; inside a tunnel `host` is what CONNECT named."""

    def __init__(self, sandbox: Sandbox, host: str = "", scheme: str = "http") -> None:
        self._sandbox = sandbox
        self._world = sandbox.world
        self._host = host
        self._scheme = scheme
        self._transport: asyncio.Transport | None = None
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEADER_BYTES)
        self._head: h11.Request | None = None
        self._body: list[bytes | bytearray] = []
        self._answering = False
        self._is_proxy = False
        self._is_connected = scheme == "https"
        self._early: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None
        self._resume: Callable[[], None] | None = None
        self._paused = False
        self._counted: tuple[Request, float] | None = None
        """The request that the real limits of its host still count as under way, and since when."""
        sandbox.connection_count += 1
        self._number = sandbox.connection_count

    # --- what asyncio tells us -----------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._sandbox.connections.add(self)
        for data in self._early:
            self.data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 # asyncio's signature
        self._sandbox.connections.discard(self)
        self._transport = None
        self._resume = None
        self._stop_counting()
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        if self._transport is None:
            # Inside a tunnel the first request can arrive before start_tls has returned.
            self._early.append(data)
            return
        try:
            self._http.receive_data(data)
            self._read_requests()
        except h11.RemoteProtocolError as error:
            self._write_raw(f"HTTP/1.1 {error.error_status_hint} Bad\r\nConnection: close\r\n\r\n".encode())
            self._close()

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        if self._resume is not None:
            self._resume()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # --- requests ------------------------------------------------------------------------------

    def _read_requests(self) -> None:
        while self._transport is not None and not self._answering:
            event = self._http.next_event()
            if event is h11.NEED_DATA or event is h11.PAUSED:
                return
            if isinstance(event, h11.Request):
                self._head, self._body = event, []
                if self._http.they_are_waiting_for_100_continue:
                    self._write(self._http.send(h11.InformationalResponse(status_code=100, headers=[])))
            elif isinstance(event, h11.Data):
                self._body.append(event.data)
            elif isinstance(event, h11.EndOfMessage) and self._head is not None:
                if self._head.method == b"CONNECT":
                    self._open_tunnel(self._head.target.decode("ascii", "replace"))
                    return
                self._answer(self._request_of(self._head))
            elif isinstance(event, h11.ConnectionClosed):
                self._close()
                return

    def _request_of(self, head: h11.Request) -> Request:
        headers = {name.decode("ascii"): value.decode("latin-1") for name, value in head.headers}
        target = head.target.decode("latin-1")
        scheme, base = self._scheme, ""
        if self._host:
            host, address = self._host, target
        elif not target.startswith("/"):
            self._is_proxy = True
            parts = urlsplit(target)
            scheme, host = parts.scheme, parts.netloc
            address = target.partition("://")[2][len(host) :] or "/"
        elif _name_of(named := headers.get("host", "")) in _LOOPBACK_NAMES:
            scheme, base = "https", f"{self._scheme}://{named}"
            host, slash, rest = target[1:].partition("/")
            host, question, query = host.partition("?")
            address = f"{slash or '/'}{rest}{question}{query}"
        else:
            # Whoever led this connection here has met the faults of the connection (direct.py).
            self._is_connected = True
            host, address = named, target
        path, _, query_string = address.partition("?")
        return Request(
            method=head.method.decode("ascii"),
            scheme=scheme,
            host=_without_default_port(host.lower(), scheme),
            path=path,
            query=parse_qs(query_string, keep_blank_values=True) if query_string else {},
            headers=headers,
            body=b"".join(self._body),
            query_string=query_string,
            base=base,
            connection=self._number,
        )

    def _answer(self, request: Request) -> None:
        world = self._world
        world.log(request)
        fault = world.request_fault(request, tunnelled=self._is_connected)
        self._answering = True
        limits = world.limits
        if limits is not None:
            self._counted = (request, limits.now())
            if (refusal := limits.begin(request)) is not None:
                self._send(request, refusal)
                return
        if fault is None:
            self._send(request, self._ask_world(request))
        elif fault.delay_seconds:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(fault.delay_seconds, self._answer_badly, request, fault)
        else:
            self._answer_badly(request, fault)

    def _ask_world(self, request: Request) -> Response:
        try:
            return self._world.answer(request)
        except Exception as error:
            # A mistake of a service must reach the test, not end the server.
            self._world.errors.append(error)
            return Response.of_json({"error": "the sandbox itself failed", "why": repr(error)}, 500)

    # --- answers -------------------------------------------------------------------------------

    def _send(self, request: Request, response: Response, *, body: bytes | None = None) -> None:
        """The whole response; with `body` only that much of it under the headers of the whole."""
        headers = [(name.encode("ascii"), value.encode()) for name, value in response.headers]
        named = {name.lower() for name, _ in headers}
        bodiless = response.status in {204, 304} or response.status < 200
        if not bodiless and not named & {b"content-length", b"transfer-encoding"}:
            headers.append((b"Content-Length", b"%d" % len(response.body)))
        if b"date" not in named:
            headers.append((b"Date", formatdate(self._world.now().timestamp(), usegmt=True).encode()))
        head = h11.Response(status_code=response.status, headers=headers, reason=_phrase_of(response.status))
        parts = [self._http.send(head)]
        content = response.body if body is None else body
        if content and request.method != "HEAD" and not bodiless:
            parts.append(self._http.send(h11.Data(data=content)))
        if body is None:
            parts.append(self._http.send(h11.EndOfMessage()))
        answer = b"".join(part for part in parts if part)
        self._world.sent[request.host] += len(answer)
        self._write_raw(answer)
        if body is None:
            self._finish()

    def _finish(self) -> None:
        self._answering = False
        self._stop_counting()
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        else:
            self._close()

    def _stop_counting(self) -> None:
        if self._counted is not None and self._world.limits is not None:
            self._world.limits.end(*self._counted)
        self._counted = None

    def _answer_badly(self, request: Request, fault: Fault) -> None:
        match fault.trouble:
            case Trouble.HANG:
                return
            case Trouble.CLOSED | Trouble.TLS_ABORTED:
                self._close()
            case Trouble.RESET | Trouble.BAD_CERTIFICATE:
                self._reset()
            case Trouble.REFUSED | Trouble.NO_SUCH_HOST | Trouble.UNROUTABLE:
                if self._is_proxy:
                    self._send(request, Response.of_html(*_proxy_page(fault.trouble)))
                else:
                    self._reset()
            case Trouble.MALFORMED:
                self._write_raw(b"SSH-2.0-made_up\r\n")
                self._close()
            case Trouble.ENDLESS:
                self._send_endless(fault.size_bytes)
            case Trouble.CUT_OFF | Trouble.HANG_IN_BODY | Trouble.DRIP | None:
                response = fault.response or self._ask_world(request)
                if fault.headers:
                    response = Response(response.status, (*response.headers, *fault.headers), response.body)
                self._send_partly(request, response, fault)
        if not self._answering:
            self._read_requests()

    def _send_partly(self, request: Request, response: Response, fault: Fault) -> None:
        half = response.body[: len(response.body) // 2]
        match fault.trouble:
            case Trouble.CUT_OFF:
                self._send(request, response, body=half)
                self._close()
            case Trouble.HANG_IN_BODY:
                self._send(request, response, body=half)
            case Trouble.DRIP:
                self._send(request, response, body=b"")
                self._drip(response.body, fault.pause_seconds)
            case _:
                self._send(request, response)

    def _drip(self, body: bytes, pause_seconds: float) -> None:
        if not body:
            self._close()
            return
        self._write_raw(body[:1])
        self._timer = asyncio.get_running_loop().call_later(
            pause_seconds, self._drip, body[1:], pause_seconds
        )

    def _send_endless(self, size_bytes: int) -> None:
        self._write_raw(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\n\r\n"
        )
        left = size_bytes

        def send_more() -> None:
            nonlocal left
            while left > 0 and not self._paused and self._transport is not None:
                self._write_raw(_BLOCK[:left])
                left -= len(_BLOCK)
            if left <= 0:
                self._close()

        self._resume = send_more
        send_more()

    # --- tunnels -------------------------------------------------------------------------------

    def _open_tunnel(self, target: str) -> None:
        name, _, port = target.lower().rpartition(":")
        name = name.strip("[]")
        host = name if port == "443" else f"{name}:{port}"
        self._world.tunnels.append(host)
        fault = self._world.connection_fault(host)
        trouble = fault.trouble if fault else None
        if trouble in PROXY_STATUS:
            status, page = PROXY_STATUS[trouble], _proxy_page(trouble)[0]
            head = (
                f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}\r\nContent-Length: {len(page)}\r\n\r\n"
            )
            self._write_raw(head.encode() + page.encode())
            self._close()
            return
        self._write_raw(b"HTTP/1.1 200 Connection established\r\n\r\n")
        if trouble is Trouble.TLS_ABORTED:
            self._close()
            return
        if self._transport is None:
            return
        self._transport.pause_reading()
        self._answering = True
        task = asyncio.create_task(self._speak_tls(self._transport, host, name, fault))
        self._sandbox.tasks.add(task)
        task.add_done_callback(self._sandbox.tasks.discard)

    async def _speak_tls(self, outer: asyncio.Transport, host: str, name: str, fault: Fault | None) -> None:
        inner = Connection(self._sandbox, host, "https")
        context = self._sandbox.authority.context_for(name, fault.flaw if fault else None)
        try:
            transport = await asyncio.get_running_loop().start_tls(outer, inner, context, server_side=True)
        except OSError:
            # The client did not like the certificate, or left: its right.
            outer.abort()
            self._sandbox.connections.discard(self)
            return
        self._sandbox.connections.discard(self)
        if transport is not None and not transport.is_closing():
            inner.connection_made(transport)

    # --- bytes ---------------------------------------------------------------------------------

    def _write(self, data: bytes | None) -> None:
        if data:
            self._write_raw(data)

    def _write_raw(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _close(self) -> None:
        self._answering = True
        if self._transport is not None:
            self._transport.close()

    def _reset(self) -> None:
        """End with RST instead of FIN: what a refused or torn connection looks like to the client."""
        self._answering = True
        if self._transport is not None:
            raw: socket.socket = self._transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()


def _name_of(authority: str) -> str:
    return authority.rpartition(":")[0] or authority


def _without_default_port(host: str, scheme: str) -> str:
    return host.removesuffix(":443" if scheme == "https" else ":80")


def _phrase_of(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Made Up"


def _proxy_page(trouble: Trouble) -> tuple[str, int]:
    status = PROXY_STATUS[trouble]
    return f"<html><head><title>{status}</title></head><body>Proxy error: {trouble}</body></html>", status
