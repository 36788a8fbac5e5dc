"""Ten million made-up links, spread over kinds and hosts as the five shipped lists are.

Measured from catalog/: the share of every kind, and that of each web host with at least HEAD_LINKS links. All
other web links lie on a long tail of hosts by Zipf's law; its parameters are chosen: five lists are
too few to show them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from crawler.links.classify import link_of
from crawler.plan import AS_WEB_PAGES, LaneName, lane_of
from crawler.records import Entry, TargetKind

HEAD_LINKS: Final = 5
TAIL: Final = "the long tail"


@dataclass(frozen=True, slots=True)
class Mix:
    """Shares of all links, adding up to one. `hosts`: of the lane of web pages, `TAIL` for the rest."""

    lanes: Mapping[LaneName, float]
    hosts: Mapping[str, float]
    owners: float
    """Of all links: owners on the Hub, who may take two requests."""


ONLY_TAIL: Final = Mix({lane: float(lane is LaneName.WEB) for lane in LaneName}, {TAIL: 1.0}, 0.0)
"""Web pages and nothing else, on no large host."""


def measure_mix(entries: Iterable[Entry]) -> Mix:
    """The mix of the distinct links of a catalog."""
    links = {link_of(mention.url) for entry in entries for mention in entry.mentions}
    lanes = Counter(lane_of(link) for link in links)
    pages = [link for link in links if lane_of(link) is LaneName.WEB]
    hosts = Counter(urlsplit(link.canonical_url).hostname or "" for link in pages)
    # Pages of GitHub and the Hub that no API knows have limits of their own, however few they are.
    always = {
        urlsplit(link.canonical_url).hostname or "" for link in pages if link.target.kind in AS_WEB_PAGES
    }
    by_size = sorted(hosts.items(), key=lambda item: (-item[1], item[0]))
    head = {name: count for name, count in by_size if count >= HEAD_LINKS or name in always}
    head[TAIL] = hosts.total() - sum(head.values())
    owners = sum(link.target.kind is TargetKind.HUGGINGFACE_OWNER for link in links)
    total = len(links)
    return Mix(
        lanes={lane: lanes[lane] / total for lane in LaneName},
        hosts={name: count / total for name, count in head.items()},
        owners=owners / total,
    )


def spread_by_zipf(links: int, hosts: int, exponent: float) -> list[int]:
    """Links per host, the most first: host k has a share of 1/k**exponent; nobody has none."""
    hosts = min(hosts, links)
    if hosts == 0:
        return []
    weights = [rank**-exponent for rank in range(1, hosts + 1)]
    spare, total = links - hosts, sum(weights)
    counts = [1 + int(spare * weight / total) for weight in weights]
    for place in range(links - sum(counts)):
        counts[place % hosts] += 1
    return counts
