"""HTTP/1.1 as bytes: whatever h11 reads, our reader reads alike, however the bytes are cut."""

from __future__ import annotations

import h11
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.fetch.http1 import (
    MAX_HEAD_BYTES,
    AnswerReader,
    MalformedAnswer,
    UnsendableRequest,
    write_headers,
    write_request,
)

FRAMING = {b"content-length", b"transfer-encoding", b"connection"}

Read = tuple[int, list[tuple[bytes, bytes]], bytes, bool]
"""Status, headers, body, and whether the connection may be used again."""


def read_with_h11(sent: bytes) -> Read | None:
    """None: h11 refuses it, or the answer is not whole."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "pages.example.org")]))
    connection.send(h11.EndOfMessage())
    status, headers, body = 0, [], b""
    is_over = False
    connection.receive_data(sent)
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Response):
                status, headers = event.status_code, event.headers.raw_items()
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                surplus, _ = connection.trailing_data
                reusable = connection.their_state is h11.DONE and not is_over and not surplus
                return status, headers, body, reusable
            elif event is h11.NEED_DATA:
                if is_over:
                    return None
                is_over = True
                connection.receive_data(b"")
            elif not isinstance(event, h11.InformationalResponse):
                return None
    except h11.RemoteProtocolError:
        return None


def read_with_ours(sent: bytes, cuts: list[int]) -> Read | None:
    reader = AnswerReader()
    ends = sorted({min(cut, len(sent)) for cut in cuts} | {len(sent)})
    body, start = b"", 0
    try:
        for end in ends:
            body += reader.feed(sent[start:end])
            start = end
    except MalformedAnswer:
        return None
    if not reader.end():
        return None
    assert reader.status is not None
    assert reader.fields == fields_of(reader.headers)
    assert all(reader.first(name.lower()) is not None for name, _ in reader.headers)
    return reader.status, reader.headers, body, reader.keeps_connection


def fields_of(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """What httpx makes of each, by lower-case name."""
    told: dict[str, list[bytes]] = {}
    for name, value in headers:
        told.setdefault(name.lower().decode("latin-1"), []).append(value)
    return {name: httpx.Headers([(b"x", b", ".join(values))])["x"] for name, values in told.items()}


def plain(read: Read) -> Read:
    """Without where the two may differ: white space in a folded line, framing headers said twice."""
    status, headers, body, reusable = read
    told = [(name, b" ".join(value.split())) for name, value in headers if name.lower() not in FRAMING]
    return status, told, body, reusable


VALUES = st.binary(max_size=12) | st.sampled_from(
    [b"close", b"keep-alive", b"gzip, chunked", b"a\r\n b", b" x\t"]
)
HEADERS = st.lists(
    st.tuples(st.sampled_from([b"X-A", b"Server", b"connection", b"Location"]), VALUES), max_size=4
)
FRAMINGS = st.sampled_from(
    [
        b"",
        b"Content-Length: %d\r\n",
        b"content-length: %d\r\nContent-Length:%d\r\n",
        b"Content-Length: 2\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n",
    ]
)
STATUS_LINES = st.sampled_from(
    [
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1 404",
        b"HTTP/1.0 200 OK",
        b"HTTP/1.1 204 No",
        b"HTTP/1.1 304 ",
        b"HTTP/1.1 999 \xe5",
    ]
)
BODIES = st.lists(st.binary(max_size=40), max_size=4)


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """Mostly proper answers, some of them spoilt in one place."""
    pieces = draw(BODIES)
    body = b"".join(pieces)
    framing = draw(FRAMINGS)
    if b"chunked" in framing:
        sizes = [
            b"%x%s\r\n%s\r\n" % (len(piece), draw(st.sampled_from([b"", b";a=b", b" "])), piece)
            for piece in pieces
            if piece
        ]
        sent_body = b"".join(sizes) + b"0\r\n" + draw(st.sampled_from([b"", b"X-T: 1\r\n"])) + b"\r\n"
    else:
        sent_body = body
    if b"%d" in framing:
        framing = framing.replace(b"%d", b"%d" % len(body))
    head = draw(STATUS_LINES) + b"\r\n"
    head += b"".join(b"%s: %s\r\n" % header for header in draw(HEADERS)) + framing + b"\r\n"
    if draw(st.booleans()):
        head = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + head
    if draw(st.booleans()):
        head = head.replace(b"\r\n", b"\n")
    sent = head + sent_body
    if draw(st.integers(0, 3)) == 0:
        place = draw(st.integers(0, len(sent) - 1))
        sent = sent[:place] + draw(st.binary(max_size=2)) + sent[place + draw(st.integers(0, 2)) :]
    return sent


@given(answers(), st.lists(st.integers(0, 400), max_size=6))
def test_what_h11_reads_is_read_alike(sent: bytes, cuts: list[int]) -> None:
    theirs, ours = read_with_h11(sent), read_with_ours(sent, cuts)
    if theirs is not None:
        assert ours is not None
        assert plain(ours) == plain(theirs)


@given(answers(), st.lists(st.integers(0, 400), max_size=6))
def test_cuts_do_not_matter(sent: bytes, cuts: list[int]) -> None:
    assert read_with_ours(sent, cuts) == read_with_ours(sent, [])


@given(st.binary(max_size=200))
def test_garbage_is_refused_or_waited_for(sent: bytes) -> None:
    assert read_with_ours(sent, []) is None or sent.lstrip().startswith(b"HTTP/")


@pytest.mark.parametrize(
    "endless",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X-A: a\r\n" * 20_000,
        b"HTTP/1.1 102 Processing\r\n\r\n" * 20_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X-A: a\r\n" * 20_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 20_000,
    ],
    ids=["headers", "1xx", "trailers", "chunk-size"],
)
def test_nothing_but_the_body_may_be_endless(endless: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        AnswerReader().feed(endless)


def test_a_tunnel_has_no_body() -> None:
    reader = AnswerReader(is_connect=True)
    assert reader.feed(b"HTTP/1.1 200 Connection established\r\nContent-Length: 5\r\n\r\n") == b""
    assert (reader.is_complete, reader.keeps_connection) == (True, True)


def test_a_request_is_written_byte_for_byte() -> None:
    headers = write_headers([(b"Host", b"pages.example.org"), (b"X-A", b"caf\xc3\xa9")])
    written = write_request(b"GET", b"/a%20b?x=|", headers)
    assert written == b"GET /a%20b?x=| HTTP/1.1\r\nHost: pages.example.org\r\nX-A: caf\xc3\xa9\r\n\r\n"


@pytest.mark.parametrize(
    ("target", "name", "value"),
    [
        (b"/ HTTP/1.1\r\nX: y", b"A", b"b"),
        (b"/a b", b"A", b"b"),
        (b"", b"A", b"b"),
        (b"/", b"A: b\r\nC", b"d"),
        (b"/", b"", b"b"),
        (b"/", b"A", b"b\r\nC: d"),
        (b"/", b"A", b"b\nC: d"),
        (b"/", b"A", b"\0"),
    ],
)
def test_nothing_breaks_out_of_its_line(target: bytes, name: bytes, value: bytes) -> None:
    with pytest.raises(UnsendableRequest):
        write_request(b"GET", target, write_headers([(name, value)]))
