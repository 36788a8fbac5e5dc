"""The sandbox's own certificate authority: one leaf per host, made when first asked for and kept.

`ssl.SSLContext` objects are cached by host and flaw, so a night over a hundred hosts signs a hundred times
and every later night not at all. Keys are P-256: an RSA key would cost a tenth of a second per host.
"""

from __future__ import annotations

import datetime
import ssl
import threading
from enum import StrEnum
from functools import cache

import trustme


class Flaw(StrEnum):
    """What can be wrong with a certificate."""

    WRONG_NAME = "wrong-name"
    UNTRUSTED = "untrusted"
    EXPIRED = "expired"


class Authority:
    """Issues leaf certificates that a client trusts once it reads `certificate_pem`."""

    def __init__(self) -> None:
        self._authority = trustme.CA(organization_name="crawler sandbox, made up")
        self._stranger = trustme.CA(organization_name="nobody trusts this")
        self._contexts: dict[tuple[str, Flaw | None], ssl.SSLContext] = {}
        self._lock = threading.Lock()

    @property
    def certificate_pem(self) -> bytes:
        return self._authority.cert_pem.bytes()

    def context_for(self, host: str, flaw: Flaw | None = None) -> ssl.SSLContext:
        """The server side of TLS for one host name or IP literal, sound unless a flaw is asked for."""
        with self._lock:
            context = self._contexts.get((host, flaw))
            if context is None:
                context = self._contexts[host, flaw] = self._make_context(host, flaw)
        return context

    def _make_context(self, host: str, flaw: Flaw | None) -> ssl.SSLContext:
        authority = self._stranger if flaw is Flaw.UNTRUSTED else self._authority
        name = "another-host.invalid" if flaw is Flaw.WRONG_NAME else host
        expiry = datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC) if flaw is Flaw.EXPIRED else None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1"])
        authority.issue_cert(name, not_after=expiry).configure_cert(context)
        return context


@cache
def process_authority() -> Authority:
    """One authority per process: sandboxes share its certificates, tests share its cost."""
    return Authority()
