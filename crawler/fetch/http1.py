"""HTTP/1.1 as bytes: a request written, an answer read piece by piece. Touches no network.

Reads what browsers read and not less than h11 does (the tests hold one against the other); what it cannot
read is a MalformedAnswer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, TypeAlias

RawHeaders: TypeAlias = Sequence[tuple[bytes, bytes]]

MAX_HEAD_BYTES: Final = 102_400
"""Of status line and headers, those of 1xx answers before and trailers behind included."""
PEEK_BYTES: Final = 4_096
MAX_CHUNK_LINE_BYTES: Final = 16_384

HEAD_END: Final = re.compile(rb"\n\r?\n")
STATUS_LINE: Final = re.compile(rb"HTTP/(\d\.\d)[ \t]+([1-9]\d\d)(?:[ \t].*)?", re.DOTALL)
# A proper line of a header, from the end of the one before, without blanks at its end.
FIELD: Final = re.compile(rb"\n([^\s:]+):[ \t]*([^\0\r\n\v\f]*)(?<![ \t])(?=\r?\n|\r?\Z)")
# What may stand nowhere in a head: RFC 9110 §5.5. A CR is only the first half of a line's end.
FORBIDDEN: Final = re.compile(rb"[\0\v\f]|\r(?!\n)")
CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;.*)?", re.DOTALL)
LENGTH: Final = re.compile(rb"\d{1,20}")
FRAMING: Final = frozenset({b"content-length", b"transfer-encoding", b"connection"})

TARGET: Final = re.compile(rb"[\x21-\x7e]+")
NAME: Final = re.compile(rb"[-!#$%&'*+.^_`|~0-9a-zA-Z]+")
UNSENDABLE: Final = re.compile(rb"[\0\r\n\v\f]")


class MalformedAnswer(Exception):  # noqa: N818 - the host's mistake, not ours
    """The answer is not HTTP/1.1."""


class UnsendableRequest(Exception):  # noqa: N818 - a state of what was asked for
    """The request cannot be put into bytes; nothing was sent."""


def write_request(method: bytes, target: bytes, headers: RawHeaders) -> bytes:
    """A request without body. Raises UnsendableRequest for what would break out of its line."""
    if not TARGET.fullmatch(target):
        raise UnsendableRequest("the target of the request")
    return b"%b %b HTTP/1.1\r\n%b\r\n" % (method, target, _write_headers(tuple(headers)))


@lru_cache(maxsize=1024)  # most requests to an origin have the same
def _write_headers(headers: tuple[tuple[bytes, bytes], ...]) -> bytes:
    for name, value in headers:
        if UNSENDABLE.search(value) or not NAME.fullmatch(name):
            raise UnsendableRequest(f"the header {name!r}")
    return b"".join(b"%b: %b\r\n" % header for header in headers)


class AnswerReader:
    """Reads one answer: `feed` takes what arrives and gives back what of it belongs to the body.

    `status` is None until the whole head has arrived; 1xx answers are passed over. `names` holds the
    lower-case names of `headers`. `has_surplus`: more arrived than the answer is long.
    """

    __slots__ = (
        "_closes",
        "_expects",
        "_head_bytes",
        "_is_chunked",
        "_is_connect",
        "_left",
        "_rest",
        "has_surplus",
        "headers",
        "is_complete",
        "names",
        "status",
    )

    def __init__(self, *, is_connect: bool = False) -> None:
        self.status: int | None = None
        self.headers: list[tuple[bytes, bytes]] = []
        self.names: frozenset[bytes] = frozenset()
        self.is_complete = False
        self.has_surplus = False
        self._is_connect = is_connect
        self._closes = False
        self._is_chunked = False
        self._left: int | None = None  # of the body, or of the chunk; None: until the connection ends
        self._expects = _SIZE
        self._rest = b""
        self._head_bytes = 0

    @property
    def keeps_connection(self) -> bool:
        """Whether the connection may carry another request."""
        return self.is_complete and not self._closes and not self.has_surplus

    def feed(self, data: bytes | memoryview) -> bytes:
        """Raises MalformedAnswer. A memoryview is copied where it is kept."""
        while self.status is None:
            start = len(self._rest)
            # Most heads are short: the body behind is not copied along.
            text = self._rest + bytes(data[:PEEK_BYTES])
            end = HEAD_END.search(text, max(0, start - 2))
            if end is None and len(data) > PEEK_BYTES:
                text = self._rest + bytes(data)
                end = HEAD_END.search(text, max(0, start - 2))
            size = self._head_bytes + (end.end() if end else len(text))
            if size > MAX_HEAD_BYTES:
                raise MalformedAnswer(f"more than {MAX_HEAD_BYTES:,} bytes of headers")
            if end is None:
                self._rest = text
                return b""
            self._head_bytes = size
            self._rest = b""
            self._read_head(text[: end.start()])
            data = data[end.end() - start :]
        if self.is_complete:
            self.has_surplus = self.has_surplus or bool(data)
            return b""
        if self._is_chunked:
            return self._read_chunks(bytes(data))
        if self._left is None:
            return bytes(data)
        surplus = len(data) - self._left
        if surplus < 0:
            self._left = -surplus
            return bytes(data)
        self.is_complete = True
        if surplus:
            self.has_surplus = True
            data = data[: self._left]
        return bytes(data)

    def end(self) -> bool:
        """The connection ended in good order; whether that completes the answer."""
        if self.status is not None and self._left is None and not self._is_chunked:
            self.is_complete = True
        return self.is_complete

    def _read_head(self, head: bytes) -> None:
        first, _, _ = head.partition(b"\n")
        line = STATUS_LINE.fullmatch(first.rstrip(b"\r"))
        if line is None or FORBIDDEN.search(first + b"\n"):
            raise MalformedAnswer("no status line")
        headers = FIELD.findall(head)
        if len(headers) != head.count(b"\n"):
            headers = _read_odd_lines(head)
        status = int(line[2])
        if status == 101:
            raise MalformedAnswer("another protocol, which nobody asked for")
        if status < 200:
            return
        names = [name.lower() for name, _ in headers]
        self.names = frozenset(names)
        self._frame(
            status,
            line[1],
            [(name, value) for name, (_, value) in zip(names, headers, strict=True) if name in FRAMING],
        )
        self.headers, self.status = headers, status

    def _frame(self, status: int, version: bytes, framing: RawHeaders) -> None:
        """How long the body is: RFC 9112 §6.3."""
        lengths: set[bytes] = set()
        codings: list[bytes] = []
        self._closes = version != b"1.1"
        for name, value in framing:
            parts = [part.strip().lower() for part in value.split(b",")]
            if name == b"content-length":
                lengths.update(parts)
            elif name == b"transfer-encoding":
                codings += [part for part in parts if part and part != b"identity"]
            elif b"close" in parts:
                self._closes = True
        if status in {204, 304} or (self._is_connect and 200 <= status < 300):
            self.is_complete = True
        elif codings:
            if codings[-1] == b"chunked":
                self._is_chunked, self._left = True, 0
            else:
                self._closes = True
        elif lengths:
            if len(lengths) > 1 or not LENGTH.fullmatch(length := lengths.pop()):
                raise MalformedAnswer("no clear Content-Length")
            self._left = int(length)
            self.is_complete = self._left == 0
        else:
            self._closes = True

    def _read_chunks(self, data: bytes) -> bytes:
        if self._rest:
            data, self._rest = self._rest + data, b""
        pieces: list[bytes] = []
        at = 0
        while not self.is_complete:
            if self._left:
                piece = data[at : at + self._left]
                pieces.append(piece)
                at += len(piece)
                self._left -= len(piece)
                if self._left:
                    break
                self._expects = _NEWLINE
            end = data.find(b"\n", at)
            if end < 0:
                self._rest = data[at:]
                if len(self._rest) > MAX_CHUNK_LINE_BYTES:
                    raise MalformedAnswer("a chunk without end of line")
                break
            line = data[at:end].rstrip(b"\r")
            at = end + 1
            self._read_chunk_line(line)
        else:
            self.has_surplus = at < len(data)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _read_chunk_line(self, line: bytes) -> None:
        match self._expects:
            case "newline":
                if line:
                    raise MalformedAnswer("a chunk longer than it says")
                self._expects = _SIZE
            case "size":
                size = CHUNK_SIZE.fullmatch(line)
                if size is None:
                    raise MalformedAnswer("no chunk size")
                self._left = int(size[1], 16)
                if self._left == 0:
                    self._expects = _TRAILER
            case _:
                self._head_bytes += len(line)
                if self._head_bytes > MAX_HEAD_BYTES:
                    raise MalformedAnswer("endless trailers")
                self.is_complete = not line


def _read_odd_lines(head: bytes) -> list[tuple[bytes, bytes]]:
    """The headers where not every line is proper, as browsers put up with it."""
    if FORBIDDEN.search(head + b"\n"):
        raise MalformedAnswer("a control character in the headers")
    headers: list[tuple[bytes, bytes]] = []
    for number, line in enumerate(head.split(b"\n")[1:]):
        if line[:1] in {b" ", b"\t"}:
            if number == 0:
                raise MalformedAnswer("the headers begin with a continuation")
            if headers:
                # RFC 9112 §5.2: an old way to break a long line.
                name, value = headers[-1]
                headers[-1] = (name, b"%b %b" % (value, line.strip(b" \t\r")))
            continue
        name, colon, value = line.partition(b":")
        name = name.rstrip(b" \t")
        if colon and name:  # browsers pass over other lines as well
            headers.append((name, value.strip(b" \t\r")))
    return headers


_SIZE: Final = "size"
_NEWLINE: Final = "newline"
_TRAILER: Final = "trailer"
