"""What one run did, for the person who started it and for scripts (`--json`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

from crawler.escape import for_terminal
from crawler.hosts import Hosts
from crawler.outages import Outage
from crawler.plan import Plan
from crawler.recorder import Recorder
from crawler.records import Outcome, RunState
from crawler.store.store import RunHandle, Store

ALIVE: Final = (Outcome.ALIVE, Outcome.MOVED)
FAILED: Final = (Outcome.NOT_FOUND, Outcome.GONE, Outcome.UNREACHABLE, Outcome.FAILED)
SHOWN_REASONS: Final = 8
SHOWN_HOSTS: Final = 50
"""A crawl of a thousand lists asks a hundred thousand hosts."""
HOST_COLUMNS: Final = ("asked", "alive", "walled", "failed", "seconds_waited", "bytes")
COLUMN_WIDTH: Final = len("seconds_waited")


@dataclass(frozen=True, slots=True)
class Summary:
    """`states` counts links by health after the run, `events` what changed in it.

    `told` is what is also kept in the database, as JSON: `looked_at`, `hosts` (requests sent, links by what
    was seen, seconds waited, bytes), `left_due`, `excluded` and `resting` (links by why they were not told
    of), `notes`.
    """

    run: RunHandle
    finished_at: datetime
    requests: dict[str, int]
    states: dict[str, int]
    events: dict[str, int]
    told: dict[str, Any]
    suppressed: int = 0
    """Findings that hold and that the catalog puts aside."""

    def as_json(self) -> dict[str, Any]:
        return {
            "run": {
                "id": self.run.id,
                "started_at": self.run.started_at.isoformat().replace("+00:00", "Z"),
                "finished_at": self.finished_at.isoformat().replace("+00:00", "Z"),
                "state": RunState.FINISHED.value,
                "resumed": self.run.resumed,
                "requests": self.requests,
            },
            "states": self.states,
            "events": self.events,
            "suppressed": self.suppressed,
            **self.told,
        }

    def lines(self) -> Iterator[str]:
        """Plain text, readable without colour."""
        yield from _table(self.told["hosts"])
        continued = " (continued)" if self.run.resumed else ""
        yield f"run {self.run.id}{continued}: {_count(self.told['looked_at'])} looked at"
        yield "health: " + (_list(self.states) or "no links")
        yield "changed: " + (_list(self.events) or "nothing")
        if self.suppressed:
            yield f"put aside by the catalog: {self.suppressed:,} findings"
        yield from _reasons("not told", self.told["left_due"])
        yield from _reasons("left alone", self.told["excluded"])
        yield from _reasons("resting", self.told["resting"])
        for note in self.told["notes"]:
            yield f"note: {for_terminal(note)}"


def tell_of(
    run: RunHandle, plan: Plan, recorder: Recorder, hosts: Hosts, outages: Sequence[Outage]
) -> dict[str, Any]:
    """The part of a summary that the database keeps; see Summary.told."""
    notes = list(run.notes)
    if not plan:
        notes.append("nothing to do: no link of the catalog was due")
    notes += [outage.describe() for outage in outages]
    notes += [f"{lane.name}: {lane.closed}" for lane in hosts.politeness.lanes().values() if lane.closed]
    return {
        "looked_at": sum(outcomes.total() for outcomes in recorder.outcomes.values()),
        "hosts": _hosts(recorder, hosts),
        "left_due": dict(recorder.left_due.most_common()),
        "excluded": dict(plan.excluded),
        "resting": dict(plan.resting),
        "notes": notes,
    }


def summarise(store: Store, run: RunHandle, hosts: Hosts, told: dict[str, Any]) -> Summary:
    """Close the run as finished and say what it did."""
    requests = hosts.meter.requests()
    finished_at = store.finish_run(run, RunState.FINISHED, requests, told)
    return Summary(
        run=run,
        finished_at=finished_at,
        requests=dict(sorted(requests.items())),
        states=store.count_states(),
        events=store.count_events(run),
        told=told,
        suppressed=store.count_suppressed(run),
    )


def _table(hosts: dict[str, dict[str, Any]]) -> Iterator[str]:
    shown = dict(islice(hosts.items(), SHOWN_HOSTS))
    if not shown:
        return
    width = max(len(name) for name in shown)
    yield f"{'host':<{width}}  " + " ".join(f"{column:>{COLUMN_WIDTH}}" for column in HOST_COLUMNS)
    for name, host in shown.items():
        counts = " ".join(f"{host[column]:>{COLUMN_WIDTH},}" for column in HOST_COLUMNS)
        yield f"{for_terminal(name):<{width}}  {counts}"
    if len(hosts) > len(shown):
        yield f"and {len(hosts) - len(shown):,} more hosts, all in --json"


def _hosts(recorder: Recorder, hosts: Hosts) -> dict[str, dict[str, Any]]:
    """Join the counts of all rooms by host name, busiest first."""
    requests, received = hosts.meter.requests(), hosts.meter.bytes()
    lanes = hosts.politeness.lanes()
    rows: dict[str, dict[str, Any]] = {}
    for name in {*requests, *recorder.outcomes, *(name for name in lanes if lanes[name].seconds_waited)}:
        outcomes: Counter[Outcome] = recorder.outcomes.get(name, Counter())
        counts = (
            requests.get(name, 0),
            sum(outcomes[outcome] for outcome in ALIVE),
            outcomes[Outcome.RESTRICTED],
            sum(outcomes[outcome] for outcome in FAILED),
            round(lanes[name].seconds_waited, 1) if name in lanes else 0.0,
            received.get(name, 0),
        )
        rows[name] = dict(zip(HOST_COLUMNS, counts, strict=True))
    return dict(sorted(rows.items(), key=lambda row: (-row[1]["asked"], row[0])))


def _reasons(title: str, reasons: dict[str, int]) -> Iterator[str]:
    shown = list(reasons.items())
    for reason, count in shown[:SHOWN_REASONS]:
        yield f"{title}: {_count(count)}, {for_terminal(reason)}"
    if len(shown) > SHOWN_REASONS:
        yield f"{title}: {_count(sum(count for _, count in shown[SHOWN_REASONS:]))} more, for other reasons"


def _count(links: int) -> str:
    return f"{links:,} {'link' if links == 1 else 'links'}"


def _list(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())
