"""The links of the present catalog on the eve of a run, and what is known of those whose turn has come."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

import msgspec

from crawler.judge import is_telling
from crawler.plan import LANE_OF, Candidate, LaneName
from crawler.records import (
    Exclusion,
    Facts,
    Known,
    Link,
    Observation,
    Outcome,
    Question,
    Reason,
    Sibling,
    State,
    Target,
    TargetKind,
)
from crawler.store.fact_rows import read_fields
from crawler.store.facts import COUNTERS
from crawler.store.intervals import last_run_of
from crawler.store.times import optional_to_time, text_to_time

CANDIDATES: Final = """
    SELECT links.id, links.url, links.kind, links.name, links.host,
        health.state, health.since, health.last_checked_at, health.silent_nights
    FROM links LEFT JOIN health ON health.link_id = links.id
    WHERE EXISTS (SELECT 1 FROM mentions
        WHERE mentions.link_id = links.id AND mentions.until_run_id IS NULL)
    ORDER BY links.id
"""
EXCLUSIONS: Final = """
    SELECT exclusions.link_id, links.url, exclusions.reason, exclusions.until FROM exclusions
    JOIN links ON links.id = exclusions.link_id
    WHERE exclusions.until_run_id IS NULL ORDER BY exclusions.id
"""
IN_DOCUMENT: Final = """
    SELECT DISTINCT mentions.link_id FROM documents
    JOIN entries ON entries.document_id = documents.id
    JOIN mentions ON mentions.entry_id = entries.id
    WHERE documents.name = ? AND mentions.until_run_id IS NULL
"""
QUESTIONS: Final = """
    SELECT links.id, links.url, links.kind, links.name, links.host_id, health.validators, health.final_url,
        _siblings.title AS sibling_title, _siblings.text AS sibling_text, _siblings.probed_at
    FROM json_each(?) AS due
    JOIN links ON links.id = due.value
    LEFT JOIN health ON health.link_id = links.id
    LEFT JOIN _siblings ON _siblings.host = links.host
    ORDER BY due.key
"""
LATEST_COUNTERS: Final = """
    SELECT counters.* FROM json_each(?) AS due
    CROSS JOIN counters ON counters.link_id = due.value AND counters.run_id =
        (SELECT max(latest.run_id) FROM counters AS latest WHERE latest.link_id = due.value)
"""
LATEST_LOOK: Final = """
    SELECT runs, outcome, reason, first_observed_at FROM observations
    WHERE link_id = ? ORDER BY id DESC LIMIT 1
"""
AT_ONCE: Final = 500
"""Questions read by one query."""

KINDS: Final = {kind.value: kind for kind in TargetKind}
STATES: Final[dict[str | None, State]] = {None: State.UNKNOWN} | {state.value: state for state in State}
TELL_ALL_ANEW: Final = frozenset({LaneName.GITHUB})
"""Where every answer brings all facts, so that nobody asks what was known before."""
NO_LINK: Final = Link("", Target(TargetKind.WEB_PAGE, ""))
"""Stands where whose look it is does not matter."""
MAY_REST: Final = frozenset({State.DEAD, State.HEALTHY})


def read_candidates(
    connection: sqlite3.Connection, resumed_run_id: int | None, document: str | None = None
) -> Iterator[Candidate]:
    """One after the other, in the order they came into the catalog."""
    exclusions = _read_exclusions(connection)
    in_document: frozenset[int] = frozenset()
    documents: tuple[str, ...] = ()
    if document is not None:
        in_document = frozenset(row[0] for row in connection.execute(IN_DOCUMENT, [document]))
        documents = (document,)
    cursor = connection.execute(CANDIDATES)
    # Plain tuples: a million times, a Row by name would be half of the cost.
    cursor.row_factory = None
    for link_id, url, kind, name, host, stored_state, since, last_checked_at, silent_nights in cursor:
        state = STATES[stored_state]
        may_rest = state in MAY_REST
        yield Candidate(
            link_id,
            url,
            KINDS[kind],
            name,
            host,
            state,
            optional_to_time(since) if may_rest else None,
            optional_to_time(last_checked_at) if may_rest else None,
            silent_nights or 0,
            resumed_run_id is not None and _has_answered(connection, link_id, resumed_run_id),
            documents if link_id in in_document else (),
            exclusions.get(link_id),
        )


def read_questions(connection: sqlite3.Connection, link_ids: Sequence[int]) -> Iterator[Question]:
    """Links, each with what earlier runs learned of it, in the order of their ids given."""
    for start in range(0, len(link_ids), AT_ONCE):
        ids = json.dumps(list(link_ids[start : start + AT_ONCE]))
        cursor = connection.execute(QUESTIONS, [ids])
        cursor.row_factory = None
        rows = cursor.fetchall()
        facts = _read_latest_facts(connection, rows)
        for link_id, url, kind, name, host_id, validators, final_url, title, text, probed_at in rows:
            known = Known(
                host_id,
                msgspec.json.decode(validators) if validators else {},
                facts.get(link_id, {}),
                final_url,
                Sibling(text_to_time(probed_at), title, text) if probed_at else None,
            )
            yield Question(Link(url, Target(KINDS[kind], name)), known)


def _read_exclusions(connection: sqlite3.Connection) -> dict[int, Exclusion]:
    """By link; of several the latest counts."""
    return {
        row["link_id"]: Exclusion(
            row["url"], row["reason"], date.fromisoformat(row["until"]) if row["until"] else None
        )
        for row in connection.execute(EXCLUSIONS)
    }


def _has_answered(connection: sqlite3.Connection, link_id: int, run_id: int) -> bool:
    """Whether this run was told about the link before it was interrupted."""
    row = connection.execute(LATEST_LOOK, [link_id]).fetchone()
    if row is None or last_run_of(row["runs"]) != run_id:
        return False
    seen_at = text_to_time(row["first_observed_at"])
    return is_telling(Observation(NO_LINK, seen_at, Outcome(row["outcome"]), Reason(row["reason"])))


def _read_latest_facts(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> dict[int, Facts]:
    """Latest values by link, of those links whose resolver goes on from them; rows are those of QUESTIONS."""
    asked = [link_id for link_id, _, kind, *_ in rows if LANE_OF[KINDS[kind]] not in TELL_ALL_ANEW]
    facts = read_fields(connection, asked)
    for row in connection.execute(LATEST_COUNTERS, [json.dumps(asked)]):
        counters: dict[str, Any] = {name: row[name] for name in COUNTERS if row[name] is not None}
        facts[row["link_id"]].update(counters)
    return facts
