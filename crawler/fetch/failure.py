"""Why a request got no usable answer: the one place where exceptions become a Failure.

Decided by types, errno and codes along the chain of causes, never by message text.
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from crawler.fetch.connection import ConnectionBroke
from crawler.fetch.http1 import MalformedAnswer
from crawler.records import Outcome, Reason

# The name surely does not exist or has no address; every other look-up error may be our resolver's.
NO_SUCH_NAME: Final = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
REFUSED: Final = frozenset({errno.ECONNREFUSED})
RESET: Final = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED, errno.ESHUTDOWN})
NO_ROUTE: Final = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN})
OWN_LIMITS: Final = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL, errno.EACCES, errno.EPERM}
)
# X509_V_ERR_CERT_NOT_YET_VALID of <openssl/x509_vfy.h>: far oftener our clock than the host's mistake.
CERTIFICATE_NOT_YET_VALID: Final = 9


@dataclass(frozen=True, slots=True)
class Failure:
    """`temporary`: unconfirmed or our own doing; it says nothing about the host."""

    reason: Reason
    detail: str
    temporary: bool = False

    @property
    def outcome(self) -> Outcome:
        """What a look that ended so says about its link."""
        match self.reason:
            case Reason.RATE_LIMITED:
                return Outcome.THROTTLED
            case Reason.SKIPPED | Reason.PRIVATE_ADDRESS | Reason.INVALID_URL:
                return Outcome.SKIPPED
            case Reason.DNS_FAILURE | Reason.CONNECTION_REFUSED | Reason.TLS_FAILURE:
                return Outcome.FAILED if self.temporary else Outcome.UNREACHABLE
            case _:
                return Outcome.FAILED


class LookFailed(Exception):  # noqa: N818 - carries a Failure out of a callback
    """A failure that is already understood."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.detail)
        self.failure = failure


class ProxyRefused(Exception):  # noqa: N818 - a state of the proxy
    """The proxy did not open a tunnel; the text is its status."""


def explain_failure(
    error: BaseException, *, proxy_reached_host: bool | None = None, in_body: bool = False
) -> Failure:
    """The Failure behind an exception of ours, of ssl or of the socket layer.

    `proxy_reached_host`: None without a proxy; False while the proxy itself was still being asked.
    `in_body`: the headers had arrived.
    """
    chain = list(_causes(error))
    if isinstance(error, ProxyRefused):
        return Failure(Reason.SKIPPED, f"the proxy did not connect: {error}", temporary=True)
    known = next((cause.failure for cause in chain if isinstance(cause, LookFailed)), None)
    if proxy_reached_host is False:
        if known is not None:
            return Failure(Reason.SKIPPED, f"the proxy failed: {known.detail}", temporary=True)
        if any(isinstance(cause, TimeoutError) for cause in chain):
            return Failure(Reason.TIMEOUT, "no answer through the proxy", temporary=True)
        return Failure(Reason.SKIPPED, f"the proxy failed: {_name(chain[-1])}", temporary=True)
    if known is not None:
        return known
    if isinstance(error, MalformedAnswer) and not in_body:
        return Failure(Reason.SERVER_ERROR, "the answer is not proper HTTP")
    # Once a connection was made, whatever ends it says no more than that it ended.
    if not isinstance(error, ConnectionBroke):
        for cause in chain:
            if (failure := _explain_one(cause)) is not None:
                return failure
    return Failure(Reason.CONNECTION_RESET, f"the connection broke: {_name(error)}")


def _explain_one(error: BaseException) -> Failure | None:
    match error:
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError() | ssl.SSLSyscallError():
            return Failure(Reason.CONNECTION_RESET, "the connection ended during the TLS handshake")
        case ssl.SSLCertVerificationError():
            early = error.verify_code == CERTIFICATE_NOT_YET_VALID
            return Failure(Reason.TLS_FAILURE, f"certificate: {error.verify_message}", temporary=early)
        case ssl.SSLError():
            return Failure(Reason.TLS_FAILURE, f"TLS: {error.reason or _name(error)}")
        case TimeoutError():
            return Failure(Reason.TIMEOUT, "no answer in time")
        case socket.gaierror():
            return Failure(
                Reason.DNS_FAILURE,
                "no such host" if error.errno in NO_SUCH_NAME else f"look-up failed: {error.strerror}",
                temporary=error.errno not in NO_SUCH_NAME,
            )
        case OSError(errno=number) if number in REFUSED:
            return Failure(Reason.CONNECTION_REFUSED, "connection refused")
        case ConnectionResetError() | ConnectionAbortedError() | BrokenPipeError():
            # asyncio's own have no errno.
            return Failure(Reason.CONNECTION_RESET, "connection reset")
        case OSError(errno=number) if number in RESET:
            return Failure(Reason.CONNECTION_RESET, "connection reset")
        case OSError(errno=number) if number in NO_ROUTE:
            # The router's word, not the host's, and often our own router's.
            return Failure(Reason.CONNECTION_REFUSED, "no route to the host", temporary=True)
        case OSError(errno=number) if number in OWN_LIMITS:
            return Failure(Reason.SKIPPED, f"our own limits: {error.strerror}", temporary=True)
        case _:
            return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came from, outermost first."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _name(error: BaseException) -> str:
    return type(error).__name__
