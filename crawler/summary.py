"""What one run did, for the person who started it and for scripts (`--json`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from crawler.escape import for_terminal
from crawler.records import Outcome

ALIVE: Final = (Outcome.ALIVE, Outcome.MOVED)
FAILED: Final = (Outcome.NOT_FOUND, Outcome.GONE, Outcome.UNREACHABLE, Outcome.FAILED)
SHOWN_LEFT_DUE: Final = 8


@dataclass(frozen=True, slots=True)
class HostSummary:
    """One host in one run: HTTP requests sent, links by what was seen, seconds waited, bytes received."""

    host: str
    asked: int
    alive: int
    walled: int
    failed: int
    seconds_waited: float
    bytes: int


@dataclass(frozen=True, slots=True)
class Summary:
    """`states` counts links by health after the run, `events` changes, `left_due` links not told, by why."""

    run_id: int
    resumed: bool
    state: str
    started_at: str
    finished_at: str
    looked_at: int
    hosts: tuple[HostSummary, ...]
    states: Mapping[str, int] = field(default_factory=dict)
    events: Mapping[str, int] = field(default_factory=dict)
    left_due: Mapping[str, int] = field(default_factory=dict)
    excluded: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "run": {
                "id": self.run_id,
                "started_at": self.started_at,
                "finished_at": self.finished_at,
                "state": self.state,
                "resumed": self.resumed,
                "requests": {host.host: host.asked for host in self.hosts if host.asked},
            },
            "looked_at": self.looked_at,
            "states": dict(self.states),
            "events": dict(self.events),
            "left_due": dict(self.left_due),
            "excluded": dict(self.excluded),
            "notes": list(self.notes),
            "hosts": {
                host.host: {
                    "asked": host.asked,
                    "alive": host.alive,
                    "walled": host.walled,
                    "failed": host.failed,
                    "seconds_waited": round(host.seconds_waited, 3),
                    "bytes": host.bytes,
                }
                for host in self.hosts
            },
        }

    def lines(self) -> Iterator[str]:
        """Plain text, readable without colour."""
        yield f"run {self.run_id}{' (continued)' if self.resumed else ''}: {self.looked_at:,} links looked at"
        if self.hosts:
            width = max(len(host.host) for host in self.hosts)
            columns = f"{'asked':>7} {'alive':>7} {'walled':>7} {'failed':>7} {'waited':>8} {'bytes':>12}"
            yield f"{'host':<{width}}  {columns}"
            for host in self.hosts:
                yield (
                    f"{for_terminal(host.host):<{width}}  {host.asked:>7,} {host.alive:>7,} {host.walled:>7,}"
                    f" {host.failed:>7,} {host.seconds_waited:>7.1f}s {host.bytes:>12,}"
                )
        yield "health: " + (
            ", ".join(f"{count:,} {state}" for state, count in self.states.items()) or "nothing"
        )
        if self.events:
            yield "changed: " + ", ".join(f"{count:,} {kind}" for kind, count in self.events.items())
        for reason, count in list(self.left_due.items())[:SHOWN_LEFT_DUE]:
            yield f"not told: {count:,} {'link' if count == 1 else 'links'}, {for_terminal(reason)}"
        if len(self.left_due) > SHOWN_LEFT_DUE:
            more = sum(list(self.left_due.values())[SHOWN_LEFT_DUE:])
            yield f"not told: {more:,} more links for other reasons"
        for reason, count in self.excluded.items():
            yield f"left alone: {count:,} {'link' if count == 1 else 'links'}, {for_terminal(reason)}"
        for note in self.notes:
            yield f"note: {for_terminal(note)}"


def summarise_hosts(
    requests: Mapping[str, int],
    received: Mapping[str, int],
    waited: Mapping[str, float],
    outcomes: Mapping[str, Counter[Outcome]],
) -> tuple[HostSummary, ...]:
    """Join the counts of all rooms by host name, busiest first."""
    names = {*requests, *outcomes}
    hosts = [
        HostSummary(
            host=name,
            asked=requests.get(name, 0),
            alive=sum(outcomes[name][outcome] for outcome in ALIVE) if name in outcomes else 0,
            walled=outcomes[name][Outcome.RESTRICTED] if name in outcomes else 0,
            failed=sum(outcomes[name][outcome] for outcome in FAILED) if name in outcomes else 0,
            seconds_waited=waited.get(name, 0.0),
            bytes=received.get(name, 0),
        )
        for name in names
    ]
    return tuple(sorted(hosts, key=lambda host: (-host.asked, host.host)))
