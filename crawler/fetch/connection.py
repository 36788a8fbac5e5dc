"""One connection that carries one request at a time: an asyncio protocol around http1's reader.

Driven by asyncio's events, so that an answer costs one wake-up and no task, timer or lock of its own.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, Final, cast

from crawler.fetch.http1 import AnswerReader, MalformedAnswer

MAX_WAITING_BYTES: Final = 262_144
"""Body that nobody has taken yet; beyond it the connection is not read."""


class ConnectionBroke(Exception):  # noqa: N818 - a state of the network, not of ours
    """An established connection ended or failed before the whole answer had arrived."""


class Connection(asyncio.Protocol):
    """Carries one request after another. `on_lost` is called once, when it is gone. Times are the loop's."""

    __slots__ = (
        "_error",
        "_give_up_at",
        "_is_paused",
        "_loop",
        "_on_lost",
        "_pieces",
        "_silent_seconds",
        "_silent_until",
        "_timer",
        "_transport",
        "_waiter",
        "_waiting_bytes",
        "answer",
        "idle_since",
        "is_open",
        "key",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        key: Any,
        on_lost: Callable[[Connection], None],
    ) -> None:
        self.key = key
        self.is_open = True
        self.idle_since = 0.0
        self._loop = loop
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self.answer = AnswerReader()
        self.answer.is_complete = True
        self._pieces: list[bytes] = []
        self._waiting_bytes = 0
        self._is_paused = False
        self._error: BaseException | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._silent_seconds = 0.0
        self._silent_until = 0.0
        self._give_up_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    # --- what a client does --------------------------------------------------------------------

    def send(
        self,
        request: bytes,
        *,
        now: float,
        silent_seconds: float,
        give_up_at: float,
        is_connect: bool = False,
    ) -> None:
        """Send a request; the connection must be idle.

        It fails with TimeoutError when nothing arrives for `silent_seconds`, or at `give_up_at`. Raises
        ConnectionBroke.
        """
        if self._transport is None or not self.is_open:
            raise ConnectionBroke("it was closed before")
        self.answer = AnswerReader(is_connect=is_connect)
        self._pieces.clear()
        self._waiting_bytes = 0
        self._silent_seconds = silent_seconds
        self._silent_until = now + silent_seconds
        self._give_up_at = give_up_at
        self._watch()
        self._transport.write(request)

    async def read_head(self) -> AnswerReader:
        """The answer, its head complete. Raises ConnectionBroke, MalformedAnswer and TimeoutError."""
        while self.answer.status is None:
            if self._error is not None:
                raise self._error
            await self._wait()
        return self.answer

    async def read_piece(self) -> bytes:
        """The next piece of the body, empty at its end. Raises what `read_head` does."""
        while (piece := self.take_piece()) is None:
            await self._wait()
        return piece

    def take_piece(self) -> bytes | None:
        """The same of what has arrived; None where there is nothing, but more to come."""
        if not self._pieces:
            if self.answer.is_complete:
                return b""
            if self._error is not None:
                raise self._error
            return None
        piece = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._waiting_bytes = 0
        if self._is_paused and self._transport is not None:
            self._is_paused = False
            self._transport.resume_reading()
        return piece

    @property
    def is_read(self) -> bool:
        """Whether the whole answer was taken."""
        return self.answer.is_complete and not self._pieces

    @property
    def can_be_kept(self) -> bool:
        return self.is_open and self._error is None and self.answer.keeps_connection

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Go on inside TLS. Raises OSError (ssl.SSLError among them) and ValueError for an unusable name."""
        if self._transport is None or not self.is_open:
            raise ConnectionResetError
        self._transport = await self._loop.start_tls(self._transport, self, context, server_hostname=host)

    def abort(self) -> None:
        """Close at once; nothing that is under way ends in good order."""
        if self._transport is not None:
            self._transport.abort()
        self._lose(None)

    # --- what asyncio tells us -----------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        reader = self.answer
        if reader.is_complete:
            self.abort()  # nobody asked: whatever it is, the next answer would be taken for it
            return
        try:
            piece = reader.feed(data)
        except MalformedAnswer as error:
            self._fail(error)
            return
        if not reader.is_complete:
            self._silent_until = self._loop.time() + self._silent_seconds
        if piece:
            self._pieces.append(piece)
            self._waiting_bytes += len(piece)
            if self._waiting_bytes > MAX_WAITING_BYTES and not self._is_paused and self._transport:
                self._is_paused = True
                self._transport.pause_reading()
        if reader.status is not None:
            self._wake()

    def eof_received(self) -> None:
        self._lose(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose(exc)

    # --- inside --------------------------------------------------------------------------------

    def _lose(self, why: Exception | None) -> None:
        if not self.is_open:
            return
        self.is_open = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        reader = self.answer
        # Many servers leave without TLS's good-bye.
        in_order = why is None or isinstance(why, ssl.SSLError)
        if not reader.is_complete and self._error is None and not (in_order and reader.end()):
            self._error = ConnectionBroke(type(why).__name__ if why else "it was closed")
            self._error.__cause__ = why
        self._wake()
        self._on_lost(self)

    def _fail(self, error: BaseException) -> None:
        self._error = error
        self.abort()

    def _wait(self) -> asyncio.Future[None]:
        """Done when something has happened."""
        self._waiter = self._loop.create_future()
        return self._waiter

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _watch(self) -> None:
        """One timer per connection, moved when it fires: an answer in time costs none."""
        when = min(self._silent_until, self._give_up_at)
        if self._timer is not None:
            if self._timer.when() <= when:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(when, self._check_time)

    def _check_time(self) -> None:
        self._timer = None
        if self.answer.is_complete or not self.is_open:
            return
        if self._loop.time() < min(self._silent_until, self._give_up_at):
            self._watch()
        else:
            self._fail(TimeoutError())
