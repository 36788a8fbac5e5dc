"""HTTP/1.1 as bytes: a request written, an answer read piece by piece. Touches no network.

Reads what browsers read and not less than h11 does (the tests hold one against the other); what it cannot
read is a MalformedAnswer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

RawHeaders: TypeAlias = Sequence[tuple[bytes, bytes]]

MAX_HEAD_BYTES: Final = 102_400
"""Of status line and headers, those of 1xx answers before and trailers behind included."""
MAX_CHUNK_LINE_BYTES: Final = 16_384

HEAD_END: Final = re.compile(rb"\n\r?\n")
# Of a head as text, a character for every byte. RFC 9110 §5.5: no control character stands anywhere in it,
# and a CR is only the first half of a line's end.
STATUS_LINE: Final = re.compile(
    r"HTTP/(\d\.\d)[ \t]+([1-9]\d\d)(?:[ \t][^\0\r\n\v\f]*)?\r?(?![^\n])", re.ASCII
)
# A proper line of a header, from the end of the one before, without blanks at its end.
FIELD: Final = re.compile(r"\n([-!#$%&'*+.^_`|~0-9a-zA-Z]+):[ \t]*([^\0\r\n\v\f]*)(?<![ \t])\r?(?![^\n])")
FORBIDDEN: Final = re.compile(r"[\0\v\f]|\r(?!\n)")
CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;.*)?", re.DOTALL)
BLANKS: Final = " \t\r"
LENGTH: Final = re.compile(r"[0-9]{1,20}")

TARGET: Final = re.compile(rb"[\x21-\x7e]+")
NAME: Final = re.compile(rb"[-!#$%&'*+.^_`|~0-9a-zA-Z]+")
UNSENDABLE: Final = re.compile(rb"[\0\r\n\v\f]")


class MalformedAnswer(Exception):  # noqa: N818 - the host's mistake, not ours
    """The answer is not HTTP/1.1."""


class UnsendableRequest(Exception):  # noqa: N818 - a state of what was asked for
    """The request cannot be put into bytes; nothing was sent."""


def write_request(method: bytes, target: bytes, headers: bytes) -> bytes:
    """A request without body; `headers` are those that `write_headers` wrote. Raises UnsendableRequest."""
    if not TARGET.fullmatch(target):
        raise UnsendableRequest("the target of the request")
    return b"%b %b HTTP/1.1\r\n%b\r\n" % (method, target, headers)


def write_headers(headers: RawHeaders) -> bytes:
    """Their lines. Raises UnsendableRequest for what would break out of its own."""
    for name, value in headers:
        if UNSENDABLE.search(value) or not NAME.fullmatch(name):
            raise UnsendableRequest(f"the header {name!r}")
    return b"".join([b"%b: %b\r\n" % header for header in headers])


class AnswerReader:
    """Reads one answer: `feed` takes what arrives and gives back what of it belongs to the body.

    `status` is None until the whole head has arrived; 1xx answers are passed over. `fields` holds the headers
    as text by lower-case name, those that came several times joined by commas; `lines` all as they came, a
    character for every byte. `has_surplus`: more arrived than the answer is long.
    """

    __slots__ = (
        "_closes",
        "_expects",
        "_head_bytes",
        "_is_chunked",
        "_is_connect",
        "_left",
        "_rest",
        "fields",
        "has_surplus",
        "is_complete",
        "lines",
        "status",
    )

    def __init__(self, *, is_connect: bool = False) -> None:
        self.status: int | None = None
        self.fields: dict[str, str] = {}
        self.lines: list[tuple[str, str]] = []
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

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """As they came."""
        return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in self.lines]

    def first(self, name: bytes) -> bytes | None:
        """The first header of this lower-case name, as it came."""
        return next((value for known, value in self.headers if known.lower() == name), None)

    def feed(self, data: bytes) -> bytes:
        """Raises MalformedAnswer."""
        while self.status is None:
            start = len(self._rest)
            if start:
                data = self._rest + data
            end = HEAD_END.search(data, max(0, start - 2))
            size = self._head_bytes + (end.end() if end else len(data))
            if size > MAX_HEAD_BYTES:
                raise MalformedAnswer(f"more than {MAX_HEAD_BYTES:,} bytes of headers")
            if end is None:
                self._rest = data
                return b""
            self._head_bytes = size
            self._rest = b""
            self._read_head(data[: end.start()])
            data = data[end.end() :]
        if self.is_complete:
            self.has_surplus = self.has_surplus or bool(data)
            return b""
        if self._is_chunked:
            return self._read_chunks(data)
        if self._left is None:
            return data
        surplus = len(data) - self._left
        if surplus < 0:
            self._left = -surplus
            return data
        self.is_complete = True
        if surplus:
            self.has_surplus = True
            data = data[: self._left]
        return data

    def end(self) -> bool:
        """The connection ended in good order; whether that completes the answer."""
        if self.status is not None and self._left is None and not self._is_chunked:
            self.is_complete = True
        return self.is_complete

    def _read_head(self, head: bytes) -> None:
        text = head.decode("latin-1")
        line = STATUS_LINE.match(text)
        if line is None:
            raise MalformedAnswer("no status line")
        lines = FIELD.findall(text, line.end())
        if len(lines) != text.count("\n"):
            lines = _read_odd_lines(text)
        status = int(line[2])
        if status == 101:
            raise MalformedAnswer("another protocol, which nobody asked for")
        if status < 200:
            return
        fields = {name.lower(): value for name, value in lines}
        if len(fields) != len(lines):
            fields = _join_fields(lines)
        self._frame(status, line[1], fields)
        if not text.isascii():
            fields = {name: _as_text(value) for name, value in fields.items()}
        self.fields, self.lines, self.status = fields, lines, status

    def _frame(self, status: int, version: str, fields: Mapping[str, str]) -> None:
        """How long the body is: RFC 9112 §6.3."""
        options, coding = fields.get("connection"), fields.get("transfer-encoding")
        self._closes = version != "1.1" or (options is not None and "close" in _parts(options))
        codings = [] if coding is None else [part for part in _parts(coding) if part != "identity"]
        length = fields.get("content-length")
        if status in {204, 304} or (self._is_connect and 200 <= status < 300):
            self.is_complete = True
        elif codings:
            if codings[-1] == "chunked":
                self._is_chunked, self._left = True, 0
            else:
                self._closes = True
        elif length is not None:
            self._left = _read_length(length)
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


def _parts(value: str) -> list[str]:
    """The members of a list, in lower case, without empty ones."""
    return [part for part in (part.strip(BLANKS) for part in value.lower().split(",")) if part]


def _read_length(value: str) -> int:
    """Of a Content-Length; the same said twice is no doubt."""
    if not LENGTH.fullmatch(value):
        said = {part.strip(BLANKS) for part in value.split(",")}
        value = said.pop()
        if said or not LENGTH.fullmatch(value):
            raise MalformedAnswer("no clear Content-Length")
    return int(value)


def _join_fields(lines: Sequence[tuple[str, str]]) -> dict[str, str]:
    several: dict[str, list[str]] = {}
    for name, value in lines:
        several.setdefault(name.lower(), []).append(value)
    return {name: ", ".join(values) for name, values in several.items()}


def _as_text(value: str) -> str:
    """UTF-8 where it is that, else Latin-1."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return value


def _read_odd_lines(head: str) -> list[tuple[str, str]]:
    """The headers where not every line is proper, as browsers put up with it."""
    if FORBIDDEN.search(head + "\n"):
        raise MalformedAnswer("a control character in the headers")
    headers: list[tuple[str, str]] = []
    for number, line in enumerate(head.split("\n")[1:]):
        if line[:1] in {" ", "\t"}:
            if number == 0:
                raise MalformedAnswer("the headers begin with a continuation")
            if headers:
                # RFC 9112 §5.2: an old way to break a long line.
                name, value = headers[-1]
                headers[-1] = (name, f"{value} {line.strip(BLANKS)}")
            continue
        name, colon, value = line.partition(":")
        name = name.rstrip(" \t")
        if colon and name:  # browsers pass over other lines as well
            headers.append((name, value.strip(BLANKS)))
    return headers


_SIZE: Final = "size"
_NEWLINE: Final = "newline"
_TRAILER: Final = "trailer"
