"""Leads every connection of this process into a sandbox, without a proxy.

Names resolve to made-up addresses and ports 80 and 443 of these are the sandbox's own. So a host can be
unknown, refuse, or show a bad certificate to our client itself, which a proxy would hide.
"""

from __future__ import annotations

import errno
import itertools
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address
from typing import Any, Final
from unittest.mock import patch

from crawler.sandbox.faults import Trouble
from crawler.sandbox.server import Sandbox

FIRST_ADDRESS: Final = IPv4Address("127.77.0.1")
"""Loopback: whatever slips past this module still stays on the machine."""


@contextmanager
def lead_connections(sandbox: Sandbox, first_address: IPv4Address = FIRST_ADDRESS) -> Iterator[None]:
    """While inside, sockets of the whole process meet the sandbox's world instead of the network.

    Settings need `allow_private_addresses`, or a public-looking `first_address`.
    """
    world = sandbox.world
    addresses: dict[str, str] = {}
    hosts: dict[str, str] = {}
    unused = itertools.count(int(first_address))
    real_getaddrinfo, real_connect = socket.getaddrinfo, socket.socket.connect

    def address_of(host: str) -> str:
        if host not in addresses:
            addresses[host] = str(IPv4Address(next(unused)))
            hosts[addresses[host]] = host
        return addresses[host]

    def getaddrinfo(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
        name = host.decode("ascii") if isinstance(host, bytes) else host
        if name is None or _is_address(name):
            return real_getaddrinfo(host, port, *arguments, **options)
        name = name.rstrip(".").lower()
        if world.connection_fault(name, {Trouble.NO_SUCH_HOST}):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return real_getaddrinfo(address_of(name), port, *arguments, **options)

    def connect(self: socket.socket, address: Any) -> None:
        host = hosts.get(address[0]) if isinstance(address, tuple) else None
        if host is None:
            real_connect(self, address)
            return
        port = {80: sandbox.port, 443: sandbox.tls_port}.get(address[1])
        if world.connection_fault(host, {Trouble.UNROUTABLE}):
            raise OSError(errno.ENETUNREACH, "Network is unreachable")
        if port is None or world.connection_fault(host, {Trouble.REFUSED}):
            raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
        real_connect(self, (sandbox.host, port))

    with patch.object(socket, "getaddrinfo", getaddrinfo), patch.object(socket.socket, "connect", connect):
        yield


def _is_address(host: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host.partition("%")[0])
        except OSError:
            continue
        return True
    return host in {"", "localhost"}
