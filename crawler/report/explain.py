"""`crawler explain`: everything known about one link, and why it has its state."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import islice, pairwise
from typing import Any, Final
from urllib.parse import urlsplit

from crawler.config import Config
from crawler.errors import UsageError
from crawler.escape import for_terminal
from crawler.links.mask import mask_url
from crawler.links.normalise import InvalidUrl, normalise_url
from crawler.records import Exclusion, Health
from crawler.report.columns import cell_width, pad
from crawler.report.language import ENGLISH
from crawler.report.reading import reading
from crawler.report.wording import describe_reason, explain_policy, format_day, format_time
from crawler.settings import HealthSettings
from crawler.store.graph import Proposal
from crawler.store.history import History
from crawler.store.intervals import Interval
from crawler.store.snapshots import FactVersion, LinkSnapshot, Place

NEAREST_SHOWN: Final = 3
COMPARED_AT_MOST: Final = 5_000
"""Addresses compared letter by letter in search of the nearest."""

NUMBERED: Final = frozenset({"host_id", "version"})
"""Facts that are numbers and count nothing."""


def explain_link(config: Config, url: str) -> Iterator[str]:
    """Lines about one link, written in any spelling.

    Raises UsageError for what is no address or no link of the catalog, with the nearest ones as a hint.
    """
    invalid: InvalidUrl | None = None
    try:
        canonical = normalise_url(url)
    except InvalidUrl as error:
        # The catalog keeps addresses that cannot be asked for, as they are written.
        canonical, invalid = url, error
    with reading(config) as history:
        snapshot = history.link(canonical)
        if snapshot is None:
            if invalid is not None:
                raise UsageError(str(invalid)) from invalid
            raise UsageError(
                f"no link {mask_url(canonical)!r} in the catalog", hint=_nearest(history, canonical)
            )
        yield from _explain(history, snapshot, config.settings.health)


def _explain(history: History, snapshot: LinkSnapshot, policy: HealthSettings) -> Iterator[str]:
    url, target = snapshot.link.canonical_url, snapshot.link.target
    if history.made_up:
        yield ENGLISH("made_up")
    yield _shown(url)
    yield f"target: {target.kind} {_shown(target.id)}"
    yield ""
    yield "mentioned at"
    yield from _place_lines(history.places(url))
    for exclusion in history.exclusions():
        if exclusion.url == url:
            yield f"  {_exclusion_line(exclusion)}"
    yield ""
    yield from _health_lines(snapshot, policy)
    yield from _look_lines(history, url)
    yield from _fact_lines(snapshot, list(history.fact_versions(url)))
    yield from _finding_lines(history, url)
    yield from _graph_lines(history, url)


def _place_lines(places: list[Place]) -> Iterator[str]:
    if not places:
        yield "  nowhere now: it has left the catalog"
    for place in places:
        line = f" line {place.line}" if place.line is not None else ""
        yield (
            f"  {for_terminal(place.document)}{line}: {for_terminal(place.entry_name)} ({place.role}),"
            f" written {_shown(place.raw)}"
        )


def _exclusion_line(exclusion: Exclusion) -> str:
    until = f" until {exclusion.until}" if exclusion.until is not None else ""
    return f"left alone{until}: {for_terminal(exclusion.reason)}"


def _health_lines(snapshot: LinkSnapshot, policy: HealthSettings) -> Iterator[str]:
    health = snapshot.health
    since = f" since {format_time(health.since)}" if health.since is not None else ""
    yield f"state: {health.state}{since}"
    if health.reason is not None:
        yield f"reason: {describe_reason(health)}"
    yield f"why: {explain_policy(health, policy)}"
    for name, address in _addresses(snapshot.link.canonical_url, health, snapshot.archived_url):
        yield f"{name}: {_shown(address)}"
    if health.last_checked_at is not None:
        yield f"last checked: {format_time(health.last_checked_at)}"
        yield f"last alive: {format_time(health.last_alive_at)}"
    if health.first_failed_at is not None:
        yield f"failing since: {format_time(health.first_failed_at)}"


def _addresses(url: str, health: Health, archived_url: str | None) -> Iterator[tuple[str, str]]:
    addresses = {
        "leads to": None if health.final_url in {url, health.suggested_url} else health.final_url,
        "moved to": health.suggested_url,
        "archived copy": archived_url,
    }
    yield from ((name, address) for name, address in addresses.items() if address is not None)


def _look_lines(history: History, url: str) -> Iterator[str]:
    """Equal looks on one line: from when to when, how often, what they saw."""
    looks = list(history.looks(url))
    yield ""
    if not looks:
        yield "never looked at"
        return
    yield f"looks ({sum(interval.looks for interval, _ in looks):,})"
    rows = [(_span_of(interval, last), _saw(interval)) for interval, last in looks]
    width = max(len(span) for span, _ in rows)
    for span, saw in rows:
        yield f"  {span:<{width}}  {saw}"


def _span_of(interval: Interval, last: datetime) -> str:
    first = format_time(interval.observation.observed_at)
    return first if interval.looks == 1 else f"{first} to {format_time(last)}, {interval.looks:,} looks"


def _saw(interval: Interval) -> str:
    look = interval.observation
    parts = [look.outcome.value]
    if look.reason.value != look.outcome.value:
        parts.append(look.reason.value)
    parts.append(f"HTTP {look.http_status}" if look.http_status is not None else "no answer")
    elsewhere = look.suggested_url or look.final_url
    if elsewhere is not None and elsewhere != look.link.canonical_url:
        parts.append(f"→ {_shown(elsewhere)}")
    if look.detail:
        parts.append(f"({_shown(look.detail)})")
    return " ".join(parts)


def _fact_lines(snapshot: LinkSnapshot, versions: list[FactVersion]) -> Iterator[str]:
    """Each fact with the day its value was first told, and what it was before."""
    if not snapshot.facts:
        return
    yield ""
    yield f"facts, last told {format_time(snapshot.facts_observed_at)}"
    width = max(cell_width(name) for name in snapshot.facts)
    for name, value in sorted(snapshot.facts.items()):
        history = [version for version in versions if version.field == name]
        dates = f"  (since {format_day(history[-1].observed_at)})" if history else ""
        yield f"  {pad(for_terminal(name), width)}  {_value(name, value)}{dates}"
        for earlier, later in pairwise(history):
            yield (
                f"  {' ' * width}  {_value(name, earlier.value)}"
                f"  ({format_day(earlier.observed_at)} to {format_day(later.observed_at)})"
            )


def _value(name: str, value: Any) -> str:
    match value:
        case str():
            return _shown(value)
        case bool():
            return "yes" if value else "no"
        case int():
            return str(value) if name in NUMBERED else f"{value:,}"
        case list() if all(isinstance(item, str) for item in value):
            return _shown(", ".join(value)) or "none"
    return for_terminal(json.dumps(value, ensure_ascii=False, sort_keys=True))


def _finding_lines(history: History, url: str) -> Iterator[str]:
    findings = list(history.findings(url=url))
    if findings:
        yield ""
        yield "open findings"
    for finding in findings:
        observed = f": {_shown(finding.observed)}" if finding.observed else ""
        yield (
            f"  {finding.kind}{observed}, at {for_terminal(finding.entry_id)},"
            f" since {format_day(finding.opened_at)}"
        )


def _graph_lines(history: History, url: str) -> Iterator[str]:
    """Its names, what it and others say of each other, and what its entries lack."""
    aliases = history.graph.aliases(url)
    if len({alias.name.lower() for alias in aliases}) > 1:
        yield ""
        yield "names"
        for alias in aliases:
            until = f" to {format_day(alias.until)}" if alias.until is not None else ""
            yield f"  {_shown(alias.name)}  (by the {alias.told_by}, {format_day(alias.since)}{until})"
    connections = history.graph.connections(url)
    if connections:
        yield ""
        yield "connections"
    for each in connections:
        yield (
            f"  its {each.leg}: {_shown(each.to_url)}  ({each.source})"
            if each.url == url
            else f"  {each.leg} of: {_shown(each.url)}  ({each.source})"
        )
    proposals = _proposals(history, {place.entry_id for place in history.places(url)})
    if proposals:
        yield ""
        yield "proposed links"
    for proposal in proposals:
        yield (
            f"  {for_terminal(proposal.entry_id)} lacks a {proposal.leg}: {_shown(proposal.url)}"
            f"  ({', '.join(proposal.sources)} of {_shown(proposal.told_by)})"
        )


def _proposals(history: History, entry_ids: Collection[str]) -> list[Proposal]:
    """What these entries lack; things that nobody speaks of need no look at everything that is said."""
    entries = [entry for entry_id in entry_ids if (entry := history.entry(entry_id)) is not None]
    urls = {url for entry in entries for url in entry.urls}
    if not any(history.graph.connections(url) for url in urls):
        return []
    return list(history.graph.proposals(sorted(entry_ids)))


def _nearest(history: History, url: str) -> str:
    """The known links that look most like the one asked for, those of its host first."""
    import difflib  # noqa: PLC0415  the address is known, as a rule

    same_host = list(islice(history.urls(urlsplit(url).hostname), COMPARED_AT_MOST))
    candidates = same_host or islice(history.urls(), COMPARED_AT_MOST)
    nearest = difflib.get_close_matches(url, candidates, n=NEAREST_SHOWN, cutoff=0.5)
    if not nearest:
        return "`crawler export --format csv` lists all links"
    return f"did you mean {' or '.join(mask_url(each) for each in nearest)}?"


def _shown(text: str) -> str:
    return for_terminal(mask_url(text))
