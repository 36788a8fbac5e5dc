"""Addresses that must never be asked, in every spelling, before and after the look-up."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import Any

import ada_url
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.fetch.failure import Failure, LookFailed
from crawler.fetch.guard import (
    AddressBook,
    is_loopback,
    parse_literal,
    refuse_address,
    refuse_host,
    weakest,
)
from crawler.fetch.guard import (
    connect as connect_guarded,
)
from crawler.records import Reason

REFUSED = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.9",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2002:a00:1::5",
    "2001::1",
    "2001:db8::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "100::1",
]
ALLOWED = ["1.1.1.1", "93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::101:101"]


@pytest.mark.parametrize("address", REFUSED)
def test_refused_address(address: str) -> None:
    assert refuse_address(ipaddress.ip_address(address)) is not None


@pytest.mark.parametrize("address", ALLOWED)
def test_allowed_address(address: str) -> None:
    assert refuse_address(ipaddress.ip_address(address)) is None


@given(st.ip_addresses(v=4))
def test_whatever_python_calls_private_is_refused(address: ipaddress.IPv4Address) -> None:
    if address.is_private or address.is_multicast or address.is_reserved:
        assert refuse_address(address) is not None


@given(st.ip_addresses(v=4))
def test_an_address_inside_another_is_judged_alike(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    for wrapped in (f"::ffff:{address}", f"64:ff9b::{number >> 16:x}:{number & 0xFFFF:x}"):
        assert refuse_address(ipaddress.ip_address(wrapped)) == refuse_address(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://127.0.0.1./",
        "http://１２７.0.0.1/",
        "http://127。0。0。1/",
        "http://①②⑦.0.0.1/",
        "http://%31%32%37.0.0.1/",
        "http://user@127.0.0.1:80/",
        "http://[::1]/",
        "http://[::ffff:7f00:1]/",
        "http://[0:0:0:0:0:ffff:169.254.169.254]/",
        "http://017700000001/",
        "http://0x7f.0x0.0x0.0x1/",
        "http://0300.0250.1/",
        "http://3232235777/",
        "http://127.1./",
        "http://127．0．0．1/",
        "http://127｡0｡0｡1/",
        "http://%6c%6f%63%61%6c%68%6f%73%74/",
        "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
        "http://localhost。/",
        "http://[2002:7f00:1::]/",
        "http://[2002:a9fe:a9fe::1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[64:ff9b::192.168.1.1]/",
        "http://[::ffff:0:127.0.0.1]/",
        "http://[fe80::5efe:127.0.0.1]/",
        "http://[::]/",
        "http://0/",
        "http://localhost/",
        "http://LOCALHOST./",
        "http://a.localhost/",
        "http://printer.local/",
        "http://metadata.google.internal/",
        "http://metadata/",
        "http://router.lan/",
        "http://nas.home.arpa/",
    ],
)
def test_every_spelling_is_refused_by_host(url: str) -> None:
    assert refuse_host(ada_url.URL(url).hostname) is not None


@pytest.mark.parametrize(
    "host", ["example.org", "local.example.org", "1.1.1.1", "[2606:4700::1111]", "127.0.0.1.nip.io"]
)
def test_public_host(host: str) -> None:
    assert refuse_host(host) is None


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("[::1]", True),
        ("localhost", True),
        ("a.localhost.", True),
        ("example.org", False),
        ("10.0.0.1", False),
    ],
)
def test_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


@given(
    st.text(alphabet="0123456789abcdefx.:%[]\u0661\uff11 ", max_size=24)
    | st.ip_addresses().map(str)
    | st.ip_addresses(v=6).map(lambda address: f"[{address}]")
)
def test_a_literal_is_whatever_ipaddress_reads(host: str) -> None:
    try:
        read: ipaddress.IPv4Address | ipaddress.IPv6Address | None = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        read = None
    assert parse_literal(host) == read


def test_parse_literal() -> None:
    assert parse_literal("[::1]") == ipaddress.ip_address("::1")
    assert parse_literal("example.org") is None


# --- the look-up ---------------------------------------------------------------------------------


def answer_look_ups(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Make the system's resolver answer so for every name; returns the names it is asked for."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port),
            )
            for address in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def connect(host: str, port: int = 80, *, allow_private: bool = False) -> Failure | None:
    """The failure of one connection through the guard, None when it was made."""

    async def run() -> Failure | None:
        book = AddressBook()
        try:
            connected = await connect_guarded(
                book, host, port, timeout_seconds=2, allow_private=allow_private
            )
        except LookFailed as failed:
            return failed.failure
        finally:
            book.close()
        assert connected.getpeername()[1] == port
        connected.close()
        return None

    return asyncio.run(run())


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1"])
def test_a_name_that_resolves_to_a_private_address(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    asked = answer_look_ups(monkeypatch, address)
    failure = connect("rebound.example.org")
    assert failure is not None
    assert failure.reason is Reason.PRIVATE_ADDRESS
    assert asked == ["rebound.example.org"]


def test_one_private_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    answer_look_ups(monkeypatch, "93.184.216.34", "192.168.0.1")
    failure = connect("rebound.example.org")
    assert failure is not None
    assert failure.reason is Reason.PRIVATE_ADDRESS


def test_the_connection_goes_to_the_checked_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        asked = answer_look_ups(monkeypatch, "127.0.0.1")
        assert connect("pinned.example.org", listening.getsockname()[1], allow_private=True) is None
        assert asked == ["pinned.example.org"], "one look-up, none after the check"


def test_an_address_of_either_family_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        listening = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 on this machine")
    with listening:
        port = listening.getsockname()[1]
        assert connect("[::1]", port, allow_private=True) is None
        answer_look_ups(monkeypatch, "127.0.0.1", "::1")
        assert connect("two.example.org", port, allow_private=True) is None


def test_a_refused_address_is_followed_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        answer_look_ups(monkeypatch, "127.0.0.2", "127.0.0.1")
        assert connect("two.example.org", listening.getsockname()[1], allow_private=True) is None


def test_refused(refused_port: int) -> None:
    failure = connect("127.0.0.1", refused_port, allow_private=True)
    assert failure == Failure(Reason.CONNECTION_REFUSED, "connection refused")


@pytest.mark.parametrize(
    ("code", "temporary"),
    [
        (socket.EAI_NONAME, False),
        (socket.EAI_NODATA, False),
        (socket.EAI_AGAIN, True),
        (socket.EAI_FAIL, True),
        (socket.EAI_SYSTEM, True),
    ],
)
def test_look_up_errors(monkeypatch: pytest.MonkeyPatch, code: int, temporary: bool) -> None:
    def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(code, "made up")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    failure = connect("example.org")
    assert failure is not None
    assert (failure.reason, failure.temporary) == (Reason.DNS_FAILURE, temporary)


def test_a_name_that_cannot_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(host: str, *_: Any, **__: Any) -> list[Any]:
        host.encode("idna")
        return []

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    for name in ("a..example.org", "a" * 64 + ".example.org"):
        failure = connect(name)
        assert failure is not None
        assert failure.reason is Reason.INVALID_URL


def test_no_address_at_all_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    answer_look_ups(monkeypatch)
    failure = connect("example.org")
    assert failure is not None
    assert failure.temporary


def test_of_several_failures_the_weakest_counts() -> None:
    refused, timeout = Failure(Reason.CONNECTION_REFUSED, ""), Failure(Reason.TIMEOUT, "")
    unroutable = Failure(Reason.CONNECTION_REFUSED, "", temporary=True)
    assert weakest([refused, timeout]) is timeout
    assert weakest([refused, unroutable]) is unroutable
    assert weakest([refused]) is refused
