"""An outage is told from links that die one by one, and the widest scope is the one reported."""

import pytest

from crawler.outages import HostNight, Outage, find_outages, is_covered, scopes_of
from crawler.settings import HealthSettings

POLICY = HealthSettings()


def found(*nights: tuple[str, int, int]) -> list[tuple[str, int, int]]:
    outages = find_outages([HostNight(*night) for night in nights], POLICY)
    return [(outage.scope, outage.failed, outage.fine) for outage in outages]


@pytest.mark.parametrize(
    ("nights", "outages"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([("a.org", 10, 10)], [("a.org", 10, 10)], id="all of a host"),
        pytest.param([("a.org", 10, 5)], [("a.org", 5, 10)], id="half of a host"),
        pytest.param([("a.org", 11, 5)], [], id="less than half"),
        pytest.param([("a.org", 4, 4)], [], id="too few links"),
        pytest.param([("a.org", 1, 1)], [], id="a single link"),
        pytest.param(
            [("a.org", 10, 10), ("b.net", 1, 1), ("c.io", 9, 0)], [("a.org", 10, 10)], id="one of many"
        ),
        pytest.param(
            [("a.x.org", 3, 3), ("b.x.org", 3, 2), ("b.net", 9, 0)], [("*.x.org", 5, 6)], id="a DNS zone"
        ),
        pytest.param(
            [("a.cn", 2, 2), ("b.cn", 2, 2), ("c.cn", 2, 2), ("d.net", 9, 0)],
            [("*.cn", 6, 6)],
            id="a whole TLD",
        ),
        pytest.param(
            [("a.org", 3, 3), ("b.net", 1, 1), ("c.io", 1, 1)], [("*", 5, 5)], id="everything at once"
        ),
        pytest.param([("a.org", 3, 3), ("b.net", 3, 3)], [], id="two hosts are not everything"),
        pytest.param(
            [("big.org", 100, 100), ("b.net", 1, 0), ("c.io", 1, 1), ("d.dev", 1, 0)],
            [("big.org", 100, 100)],
            id="a big host is not everything",
        ),
        pytest.param([("10.0.0.1", 6, 6), ("10.0.0.2", 9, 0)], [("10.0.0.1", 6, 6)], id="an address"),
        pytest.param([("", 6, 6)], [("", 6, 6)], id="no host at all"),
    ],
)
def test_outages(nights: list[tuple[str, int, int]], outages: list[tuple[str, int, int]]) -> None:
    assert found(*nights) == outages


def test_scopes_are_zones_of_names_only() -> None:
    assert list(scopes_of("a.x.org")) == ["*", "*.org", "*.x.org", "*.a.x.org", "a.x.org"]
    assert list(scopes_of("10.0.0.1")) == ["*", "10.0.0.1"]


@pytest.mark.parametrize(
    ("host", "scope", "covered"),
    [
        ("a.org", "a.org", True),
        ("www.a.org", "a.org", False),
        ("www.a.org", "*.a.org", True),
        ("a.org", "*.a.org", True),
        ("ba.org", "*.a.org", False),
        ("a.org", "*", True),
    ],
)
def test_what_a_scope_covers(host: str, scope: str, covered: bool) -> None:
    assert is_covered(host, [scope]) is covered
    assert not is_covered(host, [])


def test_an_outage_says_what_it_is() -> None:
    assert Outage("github.com", 14, 12).describe().startswith("outage: github.com: 12 of 14 links")
