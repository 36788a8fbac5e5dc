"""What can go wrong at a host, as values to put into `world.faults`.

    world.faults["example.org"] = status(503, retry_after=120)             every request to a host
    world.faults["https://example.org/a"] = hang()                         one URL, whatever its scheme
    world.faults["https://api.github.com/repos/*"] = status(502, times=2)  a prefix; the first two requests
    world.faults["*"] = refused(nights=range(2, 4))                        every host, in nights 2 and 3
    world.faults["example.org"] = [refused(times=1), status(500)]          in this order

The closest key wins: URL, longest prefix, host, `*`. A fault takes hold after `after` requests, for `times`
of them (None: for ever), in `nights` (None: in all). Faults of the connection (refused, no-such-host,
unroutable, bad TLS) strike when it is made and can only be set for a host or `*`; behind a proxy the first
three are the proxy's 502, 503 and 504 to CONNECT, as with a real proxy, else the connection is reset.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final, TypedDict, Unpack

import brotli  # type: ignore[import-untyped]
import zstandard

from crawler.sandbox.authority import Flaw
from crawler.sandbox.messages import Response


class Trouble(StrEnum):
    """Ways to fail that no `Response` can express."""

    REFUSED = "refused"
    NO_SUCH_HOST = "no-such-host"
    UNROUTABLE = "unroutable"
    BAD_CERTIFICATE = "bad-certificate"
    TLS_ABORTED = "tls-aborted"
    CLOSED = "closed"
    RESET = "reset"
    CUT_OFF = "cut-off"
    HANG = "hang"
    HANG_IN_BODY = "hang-in-body"
    DRIP = "drip"
    ENDLESS = "endless"
    MALFORMED = "malformed"


PROXY_STATUS: Final = {Trouble.REFUSED: 502, Trouble.NO_SUCH_HOST: 503, Trouble.UNROUTABLE: 504}
"""How a proxy says that it could not reach the host."""

TLS_TROUBLES: Final = frozenset((Trouble.BAD_CERTIFICATE, Trouble.TLS_ABORTED))
CONNECTION_TROUBLES: Final[frozenset[Trouble | None]] = TLS_TROUBLES | PROXY_STATUS.keys()
_REQUEST_TROUBLES: Final = frozenset((None, *Trouble)) - CONNECTION_TROUBLES


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong; use the functions of this module to make one.

    `response` replaces the host's own answer, `headers` are added to whichever is sent, `delay_seconds`
    passes before it. `size_bytes` and `pause_seconds` are for troubles that send bodies of their own.
    """

    trouble: Trouble | None = None
    response: Response | None = None
    headers: tuple[tuple[str, str], ...] = ()
    delay_seconds: float = 0.0
    size_bytes: int = 0
    pause_seconds: float = 0.0
    flaw: Flaw | None = None
    nights: Container[int] | None = None
    after: int = 0
    times: int | None = None


class FaultBook(dict[str, Fault | Sequence[Fault]]):
    """`world.faults`: key → what goes wrong there; counts what it has handed out."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: Counter[tuple[str, int]] = Counter()

    def __setitem__(self, key: str, value: Fault | Sequence[Fault]) -> None:
        for counted in [counted for counted in self._seen if counted[0] == key]:
            del self._seen[counted]
        super().__setitem__(key, value)

    def strike_connection(
        self, host: str, night: int, troubles: Container[Trouble | None] = CONNECTION_TROUBLES
    ) -> Fault | None:
        """The fault, one of `troubles`, that a new connection to `host` meets."""
        return self._strike((host, "*"), night, troubles)

    def strike_request(self, host: str, url: str, night: int, *, tunnelled: bool) -> Fault | None:
        """The fault that a request meets; `tunnelled` ones have passed the connection's faults already."""
        if not self:
            return None
        keys = self._keys(host, url)
        found = None if tunnelled else self._strike(keys, night, CONNECTION_TROUBLES)
        return found or self._strike(keys, night, _REQUEST_TROUBLES)

    def _keys(self, host: str, url: str) -> list[str]:
        address = url.partition("://")[2]
        spellings = [spelling for scheme in ("https://", "http://") if (spelling := scheme + address) in self]
        prefixes = [
            key
            for key in list(self)
            if key.endswith("*") and address.startswith(key.partition("://")[2][:-1] or "*")
        ]
        return [*spellings, *sorted(prefixes, key=len, reverse=True), host, "*"]

    def _strike(self, keys: Sequence[str], night: int, troubles: Container[Trouble | None]) -> Fault | None:
        for key in keys:
            entry = self.get(key, ())
            for place, fault in enumerate((entry,) if isinstance(entry, Fault) else entry):
                if fault.trouble not in troubles:
                    continue
                if fault.nights is not None and night not in fault.nights:
                    continue
                seen = self._seen[key, place]
                if fault.times is not None and seen >= fault.after + fault.times:
                    continue
                self._seen[key, place] = seen + 1
                if seen >= fault.after:
                    return fault
        return None


class When(TypedDict, total=False):
    """When a fault takes hold, see the module's docstring; every function below takes it."""

    nights: Container[int] | None
    after: int
    times: int | None


# --- answers -------------------------------------------------------------------------------------


def status(
    code: int,
    body: str = "",
    *,
    retry_after: float | str | None = None,
    headers: Sequence[tuple[str, str]] = (),
    **when: Unpack[When],
) -> Fault:
    """Any status instead of the host's own answer; `retry_after` in seconds or as an HTTP date."""
    extra = () if retry_after is None else (("Retry-After", f"{retry_after}"),)
    page = body or f"<html><head><title>{code}</title></head><body><h1>{code}</h1></body></html>"
    return Fault(response=Response.of_html(page, code, (*headers, *extra)), **when)


def answer(response: Response, **when: Unpack[When]) -> Fault:
    """A ready response instead of the host's own."""
    return Fault(response=response, **when)


def with_headers(*headers: tuple[str, str], **when: Unpack[When]) -> Fault:
    """The host's own answer with more headers."""
    return Fault(headers=headers, **when)


def delay(seconds: float, **when: Unpack[When]) -> Fault:
    """The host's own answer, late."""
    return Fault(delay_seconds=seconds, **when)


def redirect(location: str, code: int = 302, **when: Unpack[When]) -> Fault:
    """To another address; to its own address it is a loop."""
    return Fault(response=Response(code, (("Location", location),)), **when)


# --- connections ---------------------------------------------------------------------------------


def refused(**when: Unpack[When]) -> Fault:
    return Fault(trouble=Trouble.REFUSED, **when)


def no_such_host(**when: Unpack[When]) -> Fault:
    return Fault(trouble=Trouble.NO_SUCH_HOST, **when)


def unroutable(**when: Unpack[When]) -> Fault:
    return Fault(trouble=Trouble.UNROUTABLE, **when)


def bad_certificate(flaw: Flaw = Flaw.WRONG_NAME, **when: Unpack[When]) -> Fault:
    return Fault(trouble=Trouble.BAD_CERTIFICATE, flaw=flaw, **when)


def tls_aborted(**when: Unpack[When]) -> Fault:
    """The connection ends where the TLS handshake should begin."""
    return Fault(trouble=Trouble.TLS_ABORTED, **when)


def closed(**when: Unpack[When]) -> Fault:
    """Closed in good order before any header."""
    return Fault(trouble=Trouble.CLOSED, **when)


def reset(**when: Unpack[When]) -> Fault:
    """Reset (RST) before any header."""
    return Fault(trouble=Trouble.RESET, **when)


def cut_off(**when: Unpack[When]) -> Fault:
    """The host's own headers, half of its body, then the end."""
    return Fault(trouble=Trouble.CUT_OFF, **when)


def hang(**when: Unpack[When]) -> Fault:
    """No byte, until the client gives up."""
    return Fault(trouble=Trouble.HANG, **when)


def hang_in_body(**when: Unpack[When]) -> Fault:
    """The host's own headers and half of its body, then no byte more."""
    return Fault(trouble=Trouble.HANG_IN_BODY, **when)


def drip(pause_seconds: float = 0.05, **when: Unpack[When]) -> Fault:
    """The host's own answer, one byte of its body at a time."""
    return Fault(trouble=Trouble.DRIP, pause_seconds=pause_seconds, **when)


def malformed(**when: Unpack[When]) -> Fault:
    """Something that is no HTTP."""
    return Fault(trouble=Trouble.MALFORMED, **when)


# --- bodies --------------------------------------------------------------------------------------


def huge_body(size_bytes: int = 50_000_000, **when: Unpack[When]) -> Fault:
    """A page without a title and without a declared length, as long as the client reads."""
    return Fault(trouble=Trouble.ENDLESS, size_bytes=size_bytes, **when)


def bomb(encoding: str = "gzip", size_bytes: int = 100_000_000, **when: Unpack[When]) -> Fault:
    """A small compressed body that unpacks to `size_bytes`: gzip, deflate, br, zstd, or `gzip, gzip`."""
    body = _compressed_spaces(encoding, size_bytes)
    headers = (("Content-Type", "text/html; charset=utf-8"), ("Content-Encoding", encoding))
    return Fault(response=Response(200, headers, body), **when)


@cache
def _compressed_spaces(encoding: str, size_bytes: int) -> bytes:
    first, *others = encoding.replace(" ", "").split(",")
    body = b"".join(_compress(first, _spaces(size_bytes)))
    for other in others:
        body = b"".join(_compress(other, [body]))
    return body


def _spaces(size_bytes: int) -> Iterator[bytes]:
    block = b" " * 1_000_000
    yield from (block for _ in range(size_bytes // len(block)))
    yield block[: size_bytes % len(block)]


def _compress(encoding: str, blocks: Iterator[bytes] | list[bytes]) -> Iterator[bytes]:
    match encoding:
        case "gzip" | "deflate":
            packer = zlib.compressobj(6, wbits=31 if encoding == "gzip" else 15)
            yield from (packer.compress(block) for block in blocks)
            yield packer.flush()
        case "br":
            brotli_packer = brotli.Compressor(quality=1)
            yield from (brotli_packer.process(block) for block in blocks)
            yield brotli_packer.finish()
        case "zstd":
            zstd_packer = zstandard.ZstdCompressor().compressobj()
            yield from (zstd_packer.compress(block) for block in blocks)
            yield zstd_packer.flush()
        case _:
            raise ValueError(f"no such content encoding: {encoding}")
