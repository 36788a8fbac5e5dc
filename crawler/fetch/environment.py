"""What the process environment says about the network: tokens, proxies, CA file.

Read once at start; no client of ours looks at os.environ behind our back. Nothing secret is in the repr.
"""

from __future__ import annotations

import ipaddress
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import certifi

from crawler.errors import UsageError
from crawler.fetch.guard import is_loopback

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
PROXY_SCHEMES: Final = ("http", "https")
GATEWAY_ERRORS: Final = frozenset({502, 503, 504})

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NetworkEnvironment:
    """`no_proxy` as written: comma-separated hosts, suffixes, addresses, networks, `host:port` or `*`."""

    github_tokens: tuple[str, ...] = field(default=(), repr=False)
    hugging_face_token: str | None = field(default=None, repr=False)
    http_proxy: str | None = field(default=None, repr=False)
    https_proxy: str | None = field(default=None, repr=False)
    no_proxy: str = ""
    ca_file: str | None = None

    @classmethod
    def from_mapping(cls, variables: Mapping[str, str]) -> NetworkEnvironment:
        """Read the variables of contract §2; an empty one counts as unset.

        Raises UsageError for a proxy address that cannot be used.
        """

        def read(*names: str) -> str | None:
            return next((value for name in names if (value := variables.get(name, "").strip())), None)

        any_scheme = ("all_proxy", "ALL_PROXY")
        tokens = [token.strip() for token in (read("GITHUB_TOKEN", "GH_TOKEN") or "").split(",")]
        return cls(
            github_tokens=tuple(dict.fromkeys(filter(None, tokens))),
            hugging_face_token=read("HF_TOKEN"),
            http_proxy=_check_proxy("HTTP_PROXY", read("http_proxy", "HTTP_PROXY", *any_scheme)),
            https_proxy=_check_proxy("HTTPS_PROXY", read("https_proxy", "HTTPS_PROXY", *any_scheme)),
            no_proxy=read("no_proxy", "NO_PROXY") or "",
            ca_file=read("SSL_CERT_FILE"),
        )

    def proxy_for(self, url: str) -> str | None:
        """The proxy that a request for `url` goes through; None means straight to the host."""
        if self.http_proxy is None and self.https_proxy is None:
            return None
        parts = urlsplit(url)
        proxy = self.https_proxy if parts.scheme == "https" else self.http_proxy
        if proxy is None:
            return None
        port = parts.port or DEFAULT_PORTS.get(parts.scheme, 0)
        return None if _is_exempt(parts.hostname or "", port, self.no_proxy) else proxy

    def is_past_the_proxy(self, url: str) -> bool:
        """Whether `url` is asked directly only because the proxy was named for the other scheme.

        Such a machine often has no way out of its own: that it cannot connect says nothing of the host.
        """
        parts = urlsplit(url)
        own, other = self.http_proxy, self.https_proxy
        if parts.scheme == "https":
            own, other = other, own
        host = parts.hostname or ""
        if own is not None or other is None or is_loopback(host):
            return False
        return not _is_exempt(host, parts.port or DEFAULT_PORTS.get(parts.scheme, 0), self.no_proxy)

    def may_be_the_proxys(self, url: str, status: int | None) -> bool:
        """Whether an answer may be a proxy's word about itself: it forwards plain http, errors included."""
        return status in GATEWAY_ERRORS and url.startswith("http:") and self.proxy_for(url) is not None

    def ssl_context(self) -> ssl.SSLContext:
        """Verifying TLS as a client: `ca_file` alone where one is set, else the system's roots and certifi's.

        Raises UsageError when the CA file cannot be read.
        """
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(
                f"cannot read the CA file {self.ca_file!r}: {error.strerror or error}",
                where="SSL_CERT_FILE",
                hint="name a PEM file, or unset the variable",
            ) from error
        if self.ca_file is None:
            # A slim container has no system roots; without certifi every host would look broken there.
            context.load_verify_locations(certifi.where())
        # On by default from Python 3.13; it refuses CA certificates that browsers and curl accept.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        # OpenSSL's own list: Python's leaves out ciphers without forward secrecy, and a host that has no
        # other, which browsers still read, would look broken.
        context.set_ciphers("DEFAULT")
        return context


def may_carry_token(endpoint: str, variable: str) -> bool:
    """Whether a token may be sent to this configured endpoint; says so when it may not.

    Over plain http everybody on the way could read it; to this machine there is no way.
    """
    parts = urlsplit(endpoint)
    if parts.scheme == "https" or is_loopback(parts.hostname or ""):
        return True
    log.warning("%s is not used: %s://%s is not https", variable, parts.scheme, parts.hostname)
    return False


def _check_proxy(name: str, value: str | None) -> str | None:
    if value is None:
        return None
    proxy = value if "://" in value else f"http://{value}"
    try:
        parts = urlsplit(proxy)
        usable = parts.scheme in PROXY_SCHEMES and parts.port != 0 and len(proxy.split()) == 1
        usable = usable and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        # The value may hold a password: it is not repeated.
        raise UsageError("not the address of an HTTP proxy", where=name, hint="write it as http://HOST:PORT")
    return proxy


def _is_exempt(host: str, port: int, no_proxy: str) -> bool:
    host = host.rstrip(".").lower()
    for part in no_proxy.lower().split(","):
        rule = part.strip()
        if rule == "*":
            return True
        name, colon, rule_port = rule.rpartition(":")
        if colon and rule_port.isdigit() and (":" not in name or name.endswith("]")):
            if int(rule_port) != port:
                continue
            rule = name
        rule = rule.removeprefix("*").strip("[]").lstrip(".")
        if rule and (host == rule or host.endswith("." + rule) or _in_network(host, rule)):
            return True
    return False


def _in_network(host: str, rule: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(rule, strict=False)
    except ValueError:
        return False
