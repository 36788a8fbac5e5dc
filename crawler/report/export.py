"""The enriched catalog for other tools: rows of the history, one at a time, in the shape of export_types."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from crawler.clock import SystemClock
from crawler.config import Config
from crawler.records import Health, Mention, Run, Target
from crawler.report.export_formats import csv_table, json_document, json_lines
from crawler.report.export_schema import fact_fields
from crawler.report.export_types import (
    ExportedEntry,
    ExportedFinding,
    ExportedHealth,
    ExportedLine,
    ExportedLink,
    ExportedMention,
    ExportedMentionInLine,
    ExportedObserved,
    ExportedRun,
    ExportedStated,
    ExportedTarget,
)
from crawler.report.reading import choose_run, hide_credentials, reading
from crawler.store.snapshots import EntrySnapshot, Finding, LinkSnapshot
from crawler.store.times import optional_to_text, time_to_text

FINAL_URL: Final = "final_url"


def export_catalog(
    config: Config, format_name: str, *, as_of: str | None, now: datetime | None = None
) -> Iterator[str]:
    """The text of an export in pieces. `format_name`: json, jsonl or csv.

    Raises UsageError when there was no run as of then, UnableError for an unusable database.
    """
    with reading(config) as history:
        run = choose_run(history, as_of)
        if format_name == "json":
            yield from json_document(
                export_run(run) if run is not None else None,
                (export_entry(entry) for entry in history.entries(run)),
                (export_link(link) for link in history.links(run)),
                time_to_text(now or SystemClock().now()),
            )
        else:
            lines = (export_line(*each) for each in history.entries_with_links(run))
            yield from json_lines(lines) if format_name == "jsonl" else csv_table(lines)


def export_run(run: Run) -> ExportedRun:
    return ExportedRun(
        id=run.id,
        started_at=time_to_text(run.started_at),
        finished_at=optional_to_text(run.finished_at),
        state=run.state,
        requests=run.requests,
    )


def export_entry(snapshot: EntrySnapshot) -> ExportedEntry:
    return ExportedEntry(
        **_entry_fields(snapshot),
        links=tuple(
            ExportedMention(**_mention_fields(mention, url))
            for mention, url in zip(snapshot.entry.mentions, snapshot.urls, strict=True)
        ),
    )


def export_link(snapshot: LinkSnapshot) -> ExportedLink:
    return ExportedLink(url=hide_credentials(snapshot.link.canonical_url), **_knowledge_fields(snapshot))


def export_line(snapshot: EntrySnapshot, known: Sequence[LinkSnapshot]) -> ExportedLine:
    """An entry whose links carry what is known of them; `known` goes with its mentions."""
    return ExportedLine(
        **_entry_fields(snapshot),
        links=tuple(
            ExportedMentionInLine(
                **_mention_fields(mention, link.link.canonical_url), **_knowledge_fields(link)
            )
            for mention, link in zip(snapshot.entry.mentions, known, strict=True)
        ),
    )


def _entry_fields(snapshot: EntrySnapshot) -> dict[str, Any]:
    entry, observed = snapshot.entry, snapshot.observed
    return {
        "id": entry.id,
        "name": entry.name,
        "kind": entry.kind,
        "document": entry.document,
        "section": entry.section,
        "stated": ExportedStated(license=entry.stated.license, parameters=entry.stated.parameters),
        "observed": ExportedObserved(
            stars=observed.get("stars"),
            license=observed.get("license"),
            parameter_count=observed.get("parameter_count"),
        ),
        "findings": tuple(map(_export_finding, snapshot.findings)),
    }


def _export_finding(finding: Finding) -> ExportedFinding:
    return ExportedFinding(
        kind=finding.kind,
        field=finding.field,
        stated=_text_or_address(finding.stated),
        observed=_text_or_address(finding.observed),
        detail=_text_or_address(finding.detail),
    )


def _mention_fields(mention: Mention, url: str) -> dict[str, Any]:
    link = hide_credentials(url)
    return {
        "link": link,
        "role": mention.role,
        "raw": link if mention.raw == url else hide_credentials(mention.raw),
        "line": mention.line,
    }


def _knowledge_fields(snapshot: LinkSnapshot) -> dict[str, Any]:
    return {
        "target": _export_target(snapshot.link.target),
        "health": _export_health(snapshot.health, snapshot.archived_url),
        "facts": _export_facts(snapshot),
    }


def _export_target(target: Target) -> ExportedTarget:
    return ExportedTarget(kind=target.kind, id=hide_credentials(target.id))


def _export_health(health: Health, archived_url: str | None) -> ExportedHealth:
    return ExportedHealth(
        state=health.state,
        since=_to_text(health.since),
        reason=health.reason,
        http_status=health.http_status,
        final_url=_hidden(health.final_url),
        suggested_url=_hidden(health.suggested_url),
        archived_url=_hidden(archived_url),
        first_failed_at=_to_text(health.first_failed_at),
        last_alive_at=_to_text(health.last_alive_at),
        last_checked_at=_to_text(health.last_checked_at),
        strikes=health.strikes,
    )


def _export_facts(snapshot: LinkSnapshot) -> dict[str, Any]:
    """Told facts of this kind of target only; none, not even a date, before any of them was told."""
    if snapshot.facts_observed_at is None:
        return {}
    told = {
        name: hide_credentials(value) if name == FINAL_URL else value
        for name in fact_fields(snapshot.link.target.kind)
        if (value := snapshot.facts.get(name)) is not None
    }
    if told:
        told["observed_at"] = _to_text(snapshot.facts_observed_at)
    return told


_to_text = lru_cache(maxsize=100_000)(optional_to_text)


def _text_or_address(text: str | None) -> str | None:
    return _hidden(text) if text is not None and text.startswith(("http://", "https://")) else text


def _hidden(url: str | None) -> str | None:
    return None if url is None else hide_credentials(url)
