"""Which addresses may be asked at all: a stranger's URL must not reach our own network.

A name is looked up once, every address is checked, and the connection goes to a checked address.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final, TypeAlias

from crawler.fetch.failure import Failure, LookFailed, explain_failure
from crawler.records import Reason

Address: TypeAlias = IPv4Address | IPv6Address

# IANA's special-purpose registries (2026-11), written out because `is_global` differs between Pythons.
REFUSED_IPV4: Final = {
    IPv4Network("0.0.0.0/8"): "unspecified",
    IPv4Network("10.0.0.0/8"): "private",
    IPv4Network("100.64.0.0/10"): "carrier-grade NAT",
    IPv4Network("127.0.0.0/8"): "loopback",
    IPv4Network("169.254.0.0/16"): "link-local",
    IPv4Network("172.16.0.0/12"): "private",
    IPv4Network("192.0.0.0/24"): "reserved",
    IPv4Network("192.0.2.0/24"): "documentation",
    IPv4Network("192.88.99.0/24"): "reserved",
    IPv4Network("192.168.0.0/16"): "private",
    IPv4Network("198.18.0.0/15"): "benchmarking",
    IPv4Network("198.51.100.0/24"): "documentation",
    IPv4Network("203.0.113.0/24"): "documentation",
    IPv4Network("224.0.0.0/4"): "multicast",
    IPv4Network("240.0.0.0/4"): "reserved",
    # https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16 (2026-11)
    IPv4Network("168.63.129.16/32"): "cloud metadata",
}
GLOBAL_IPV6: Final = IPv6Network("2000::/3")
REFUSED_IPV6: Final = {
    IPv6Network("2001::/23"): "reserved",
    IPv6Network("2001:db8::/32"): "documentation",
    IPv6Network("3fff::/20"): "documentation",
}
# Addresses that carry an IPv4 address, and how far right it stands: RFC 4291 §2.5.5, 6052 §2.1, 3056 §2.
EMBEDDED_IPV4: Final = (
    (IPv6Network("::ffff:0:0/96"), 0),
    (IPv6Network("::/96"), 0),
    (IPv6Network("64:ff9b::/96"), 0),
    (IPv6Network("2002::/16"), 80),
)
# Names that only mean something inside somebody's own network: RFC 6761, 6762, 8375, 9476 and ICANN's
# reservation of .internal (2024-07).
PRIVATE_SUFFIXES: Final = ("localhost", "local", "internal", "home.arpa", "localdomain", "lan", "intranet")

MAX_ADDRESSES_TRIED: Final = 4
LOOKUP_THREADS: Final = 32


def refuse_address(address: Address) -> str | None:
    """Why this address must not be asked (`loopback`, `private`, …); None when it may."""
    if isinstance(address, IPv4Address):
        return next((why for network, why in REFUSED_IPV4.items() if address in network), None)
    if address == IPv6Address("::"):
        return "unspecified"
    if address == IPv6Address("::1"):
        return "loopback"
    for network, shift in EMBEDDED_IPV4:
        if address in network:
            return refuse_address(IPv4Address(int(address) >> shift & 0xFFFFFFFF))
    if address not in GLOBAL_IPV6:
        return "private or reserved"
    return next((why for network, why in REFUSED_IPV6.items() if address in network), None)


def refuse_host(host: str) -> str | None:
    """Why a host is refused unasked; None when not. WHATWG parsing made every spelling of a literal plain."""
    literal = parse_literal(host)
    if literal is not None:
        why = refuse_address(literal)
        return f"{literal} is a {why} address" if why else None
    name = host.rstrip(".").lower()
    if "." not in name:
        return f"{name or 'an empty name'} is no public name"
    if any(name == suffix or name.endswith("." + suffix) for suffix in PRIVATE_SUFFIXES):
        return f"{name} is a private name"
    return None


def parse_literal(host: str) -> Address | None:
    """The address a host literally is; None for a name."""
    if ":" not in host and not host[-1:].isdigit():
        return None  # most are names: finding out by an exception costs ten times as much
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Whether the host is this machine by its spelling."""
    literal = parse_literal(host)
    if literal is not None:
        return literal.is_loopback
    return host.rstrip(".").lower().rpartition(".")[2] == "localhost"


class AddressBook:
    """Looks names up, in threads of its own: a hanging look-up must not hold up the blocking clients."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(LOOKUP_THREADS, thread_name_prefix="look-up")

    async def look_up(self, host: str, port: int) -> list[Address]:
        """All addresses of a name, in the system's order. Raises OSError, LookFailed if there can be none."""
        loop = asyncio.get_running_loop()
        try:
            answers = await loop.run_in_executor(
                self._threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            )
        except UnicodeError as error:  # a label that is empty or too long for IDNA
            raise LookFailed(Failure(Reason.INVALID_URL, "the host name cannot exist")) from error
        addresses = (parse_literal(str(answer[4][0]).partition("%")[0]) for answer in answers)
        return list(dict.fromkeys(address for address in addresses if address is not None))

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


async def connect(
    addresses: AddressBook, host: str, port: int, *, timeout_seconds: float, allow_private: bool
) -> socket.socket:
    """A connected socket to a checked address of `host`. Raises LookFailed with the reason."""
    literal = parse_literal(host)
    if literal is not None:
        found = [literal]
    else:
        try:
            async with asyncio.timeout(timeout_seconds):
                found = await addresses.look_up(host, port)
        except (OSError, TimeoutError) as error:
            raise LookFailed(explain_failure(error)) from error
    if not allow_private:
        for address in found:
            if why := refuse_address(address):
                raise LookFailed(
                    Failure(Reason.PRIVATE_ADDRESS, f"{host} resolves to {address}, a {why} address")
                )
    tried = found[:MAX_ADDRESSES_TRIED]
    failures: list[Failure] = []
    for address in tried:
        try:
            return await _connect_to(address, port, timeout_seconds / len(tried))
        except (OSError, TimeoutError) as error:
            failures.append(explain_failure(error))
    raise LookFailed(weakest(failures))


async def _connect_to(address: Address, port: int, seconds: float) -> socket.socket:
    connecting = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6)
    try:
        connecting.setblocking(False)
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().sock_connect(connecting, (str(address), port))
    except BaseException:
        connecting.close()
        raise
    return connecting


def weakest(failures: list[Failure]) -> Failure:
    """Of what several addresses of one host said, that which speaks least against it."""
    if not failures:
        return Failure(Reason.DNS_FAILURE, "the look-up gave no address", temporary=True)
    return min(failures, key=lambda failure: (not failure.temporary, failure.reason is not Reason.TIMEOUT))
