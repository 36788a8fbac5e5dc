"""Servers as odd as the real ones: each plays one script of bytes, pauses and broken connections."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, TypeAlias

PAGE: Final = b"<html><head><title>fine</title></head><body>" + b"text " * 400 + b"</body></html>"


class Act(Enum):
    """What a server does between the bytes it sends."""

    READ = auto()
    """Wait for a whole request."""
    PEEK = auto()
    """Wait for any bytes, without TLS."""
    CLOSE = auto()
    CLOSE_RAW = auto()
    """Close the socket below TLS, without the notice that its stream ends."""
    RESET = auto()
    HALF_CLOSE = auto()


Script: TypeAlias = Sequence[bytes | float | Act]
"""Bytes to send, seconds to wait, and acts."""


@dataclass(frozen=True, slots=True)
class OddServer:
    """`scripts`: the first connection plays the first one, every later one the last."""

    scripts: tuple[Script, ...]
    tls: ssl.SSLContext | None = None
    scheme: str = "http"
    is_listening: bool = True

    def start(self) -> tuple[socket.socket, str]:
        """The bound socket, for the caller to close, and the address to ask."""
        listening = socket.socket()
        # A port that nobody listens on stays bound all the same: no other server is given it meanwhile.
        listening.bind(("127.0.0.1", 0))
        if self.is_listening:
            listening.listen(64)
            threading.Thread(target=self._accept, args=(listening,), daemon=True).start()
        return listening, f"{self.scheme}://127.0.0.1:{listening.getsockname()[1]}/"

    def _accept(self, listening: socket.socket) -> None:
        waiting = list(self.scripts)
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            script = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            threading.Thread(target=self._play, args=(connection, script), daemon=True).start()

    def _play(self, connection: socket.socket, script: Script) -> None:
        connection.settimeout(10)
        try:
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            for step in script:
                match step:
                    case bytes():
                        connection.sendall(step)
                    case float():
                        time.sleep(step)
                    case Act.READ:
                        _read_request(connection)
                    case Act.PEEK:
                        connection.recv(65_536)
                    case Act.HALF_CLOSE:
                        connection.shutdown(socket.SHUT_WR)
                    case Act.CLOSE:
                        break
                    case Act.CLOSE_RAW:
                        connection = socket.socket(fileno=connection.detach())
                        break
                    case Act.RESET:
                        connection = socket.socket(fileno=connection.detach())
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        break
            else:
                connection.recv(65_536)  # kept alive until the client goes
                return
            if isinstance(connection, ssl.SSLSocket):
                connection.unwrap()
        except (OSError, ValueError):
            return
        finally:
            connection.close()


def answer(head: bytes = b"", body: bytes = PAGE, status: bytes = b"HTTP/1.1 200 OK") -> bytes:
    """A whole answer with its length; `head` is lines of further headers, each with its line end."""
    length = b"Content-Length: %d\r\n" % len(body)
    return status + b"\r\nContent-Type: text/html\r\n" + length + head + b"\r\n" + body


def headless(head: bytes, body: bytes = PAGE) -> bytes:
    """A 200 with just these headers."""
    return b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + body


def chunk(data: bytes) -> bytes:
    return b"%x\r\n" % len(data) + data + b"\r\n"


def _read_request(connection: socket.socket) -> None:
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65_536)
        if not piece:
            raise ConnectionResetError
        received += piece
