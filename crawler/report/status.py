"""`crawler status`: the last runs, health counts, requests used, and what is scheduled next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, Final
from urllib.parse import urlsplit

from crawler.clock import SystemClock
from crawler.config import Config
from crawler.cron import next_run_at
from crawler.escape import for_terminal
from crawler.records import Run, State
from crawler.report.language import ENGLISH
from crawler.report.reading import reading
from crawler.report.wording import WORST_FIRST, count_of, format_time
from crawler.settings import Settings
from crawler.store.history import History
from crawler.store.times import optional_to_text, optional_to_time, time_to_text

RUNS_SHOWN: Final = 5
HOSTS_SHOWN: Final = 10


def describe_status(config: Config, now: datetime | None = None) -> dict[str, Any]:
    """Everything `status` tells, as JSON values. Raises UnableError for an unusable database."""
    database = config.database
    with reading(config) as history:
        runs = list(islice(history.runs(), RUNS_SHOWN))
        return {
            "database": {
                "path": str(database),
                "bytes": database.stat().st_size if database.exists() else None,
            },
            "made_up": history.made_up,
            "health": {state.value: count for state, count in history.state_counts().items()},
            "runs": [_describe_run(history, run) for run in runs],
            "outages": history.outages(runs[0]) if runs else [],
            "api_requests": _api_requests(config.settings, runs[0].requests) if runs else {},
            "next_runs": {
                name: time_to_text(time)
                for name, time in next_run_at(config.settings.schedule, now or SystemClock().now()).items()
            },
        }


def _describe_run(history: History, run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "state": run.state.value,
        "started_at": time_to_text(run.started_at),
        "finished_at": optional_to_text(run.finished_at),
        "looked_at": history.summary_of(run).get("looked_at"),
        "requests": run.requests,
    }


def _api_requests(settings: Settings, requests: Mapping[str, int]) -> dict[str, int]:
    """Requests of a run to the hosts whose APIs count them."""
    endpoints = (
        settings.github.api_url,
        settings.huggingface.endpoint,
        settings.arxiv.api_url,
        settings.arxiv.oai_url,
        settings.archive.availability_url,
        settings.archive.cdx_url,
        settings.archive.software_heritage_url,
    )
    hosts = dict.fromkeys(urlsplit(endpoint).hostname or "" for endpoint in endpoints)
    return {host: requests[host] for host in hosts if host in requests}


def status_lines(described: Mapping[str, Any]) -> Iterator[str]:
    """What `describe_status` gave, for people."""
    if described["made_up"]:
        yield ENGLISH("made_up")
    database = described["database"]
    size = "not there yet" if database["bytes"] is None else _format_size(database["bytes"])
    yield f"database: {for_terminal(database['path'])} ({size})"
    health = described["health"]
    total = count_of(sum(health.values()), "link")
    told = ", ".join(f"{health[state]:,} {state}" for state in WORST_FIRST if health[State(state)])
    yield f"health: {total}" + (f", {told}" if told else "")
    yield ""
    if described["runs"]:
        yield from _run_lines(described["runs"])
        for outage in described["outages"]:
            yield f"  {for_terminal(outage)}"
        yield from _request_lines(described["runs"][0], described["api_requests"])
        yield ""
    else:
        yield "not crawled yet: `crawler run` looks at every link"
    for name, time in described["next_runs"].items():
        yield f"next {name}: {format_time(optional_to_time(time))}, while `crawler schedule` is up"
    if not described["next_runs"]:
        yield "nothing is scheduled"


def _run_lines(runs: list[Mapping[str, Any]]) -> Iterator[str]:
    rows = [
        (
            str(run["id"]),
            run["state"],
            format_time(optional_to_time(run["started_at"])),
            _format_duration(run),
            "" if run["looked_at"] is None else count_of(run["looked_at"], "link"),
            count_of(sum(run["requests"].values()), "request"),
        )
        for run in runs
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "run " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def _request_lines(run: Mapping[str, Any], api_requests: Mapping[str, int]) -> Iterator[str]:
    """The busiest hosts of a run, then those whose APIs count requests."""
    busiest = sorted(run["requests"].items(), key=lambda pair: (-pair[1], pair[0]))
    if busiest:
        yield ""
        yield f"requests of run {run['id']}"
    for host, count in busiest[:HOSTS_SHOWN]:
        yield f"  {count:>7,}  {for_terminal(host)}"
    if len(busiest) > HOSTS_SHOWN:
        rest = sum(count for _, count in busiest[HOSTS_SHOWN:])
        yield f"  {rest:>7,}  {len(busiest) - HOSTS_SHOWN:,} more hosts"
    used = ", ".join(f"{count:,} to {for_terminal(host)}" for host, count in api_requests.items())
    yield f"API requests of run {run['id']}: {used or 'none'}"


def _format_duration(run: Mapping[str, Any]) -> str:
    finished_at = optional_to_time(run["finished_at"])
    started_at = optional_to_time(run["started_at"])
    if finished_at is None or started_at is None:
        return ""
    minutes, seconds = divmod(round((finished_at - started_at).total_seconds()), 60)
    return f"{minutes}m{seconds:02}s"


def _format_size(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB" if size >= 100_000 else f"{size / 1_000:.0f} kB"
