"""Entries and links a page at a time: what belongs to a page is read by a few queries in the order of ids.

A row's rank in the whole never matters: page by page costs the same at the end of a million links.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, TypeAlias, TypeVar

import msgspec

from crawler.records import Entry, EntryKind, Facts, Health, Mention, Observation, Role, Stated
from crawler.store.facts import COUNTERS
from crawler.store.intervals import row_to_interval
from crawler.store.past import Folded
from crawler.store.queries import FINDINGS, FINDINGS_ORDER, IN_CATALOG, KNOWN_OF, OPEN_THEN
from crawler.store.rows import row_to_health, row_to_link
from crawler.store.snapshots import EntrySnapshot, Finding, LinkSnapshot, row_to_finding
from crawler.store.times import optional_to_time

PAGE_ROWS: Final = 200
OVERRIDABLE: Final = ("license", "parameter_count")
OBSERVED: Final = ("stars", *OVERRIDABLE)

Query: TypeAlias = Callable[[str, dict[str, Any]], Iterable[sqlite3.Row]]
FoldPage: TypeAlias = Callable[[Sequence[int]], dict[int, Folded]]
Row = TypeVar("Row")

ROLES: Final = {role.value: role for role in Role}
NOTHING_KNOWN: Final[Folded] = (Health(), None)

OF_LINKS: Final = "link_id IN (SELECT value FROM json_each(:ids))"
OF_ENTRIES: Final = "entry_id IN (SELECT value FROM json_each(:ids))"


def _facts_where(condition: str) -> str:
    """One text per link: field after field as the key has them, of each the latest value last, which wins."""
    return f"""
        SELECT link_id, '{{' || group_concat('"' || field || '":' || value) || '}}' FROM (
            SELECT link_id, field, value FROM facts
            WHERE {OF_LINKS} AND run_id <= :run AND {condition}
            ORDER BY link_id, field, run_id
        ) GROUP BY link_id
    """


FACTS: Final = _facts_where("true")
OVERRIDABLE_FACTS: Final = _facts_where(f"field IN {OVERRIDABLE!r}")
# Two seeks a link, however many nights its counters tell of.
COUNTERS_THEN: Final = f"""
    SELECT link_id, {", ".join(COUNTERS)} FROM json_each(:ids) AS page
    JOIN counters ON counters.link_id = page.value AND counters.run_id = (
        SELECT max(known.run_id) FROM counters AS known
        WHERE known.link_id = page.value AND known.run_id <= :run)
"""
COPIES: Final = f"""
    SELECT link_id, url FROM archived_copies
    WHERE {OF_LINKS} AND url IS NOT NULL AND run_id <= :run ORDER BY link_id, source
"""
LAST_LOOKS: Final = """
    SELECT observations.* FROM json_each(:ids) AS page
    JOIN observations ON observations.id = (
        SELECT max(look.id) FROM observations AS look
        WHERE look.link_id = page.value AND look.first_run_id <= :run)
"""
MENTIONS: Final = f"""
    SELECT mentions.entry_id, mentions.link_id, mentions.role, mentions.raw, mentions.url, mentions.line,
        links.url AS canonical_url
    FROM mentions JOIN links ON links.id = mentions.link_id
    WHERE mentions.{OF_ENTRIES} AND {IN_CATALOG.format("mentions")}
    ORDER BY mentions.entry_id, mentions.position
"""
OVERRIDES: Final = f"""
    SELECT entry_id, field, value FROM overrides
    WHERE {OF_ENTRIES} AND {IN_CATALOG.format("overrides")} ORDER BY id
"""
PAGE_FINDINGS: Final = f"{FINDINGS} WHERE findings.{OF_ENTRIES} AND {OPEN_THEN} {FINDINGS_ORDER}"


def pages(rows: Iterable[Row], size: int = PAGE_ROWS) -> Iterator[list[Row]]:
    """Rows in lists of at most `size`; the first is short, so that whoever waits sees something soon."""
    remaining = iter(rows)
    size_now = min(size, 50)
    while page := list(islice(remaining, size_now)):
        yield page
        size_now = size


class PageReader:
    """Snapshots as of a run. `fold_page` tells the healths of a past one, where the table cannot."""

    def __init__(self, query: Query, run_id: int, fold_page: FoldPage | None) -> None:
        self._query = query
        self._run_id = run_id
        self._fold_page = fold_page

    def links(
        self, rows: Iterable[sqlite3.Row], *, with_facts: bool = True, with_looks: bool = False
    ) -> Iterator[LinkSnapshot]:
        """Of rows of `links` with `health` beside them, in their order."""
        for page in pages(rows):
            yield from self._link_page(page, with_facts=with_facts, with_looks=with_looks).values()

    def entries(self, rows: Iterable[sqlite3.Row]) -> Iterator[EntrySnapshot]:
        """Of rows of ENTRIES, in their order."""
        for page in pages(rows):
            for entry, _ in self._entry_page(page):
                yield entry

    def entries_with_links(
        self, rows: Iterable[sqlite3.Row]
    ) -> Iterator[tuple[EntrySnapshot, list[LinkSnapshot]]]:
        """Each entry with what is known of the links of its mentions, in their order."""
        for page in pages(rows):
            entries = list(self._entry_page(page))
            ids = {link_id for _, link_ids in entries for link_id in link_ids}
            known = self._link_page(list(self._ask(KNOWN_OF, ids)))
            for entry, link_ids in entries:
                yield entry, [known[link_id] for link_id in link_ids]

    def _link_page(
        self, page: Sequence[sqlite3.Row], *, with_facts: bool = True, with_looks: bool = False
    ) -> dict[int, LinkSnapshot]:
        ids = [row["link_id"] for row in page]
        facts = self._facts(FACTS, ids) if with_facts else {}
        copies = {row["link_id"]: row["url"] for row in self._ask(COPIES, ids)}
        folded = None if self._fold_page is None else self._fold_page(ids)
        looks = self._last_looks(page) if with_looks else {}
        snapshots: dict[int, LinkSnapshot] = {}
        for row in page:
            link_id = row["link_id"]
            if folded is None:
                health, told_at = row_to_health(row), optional_to_time(row["facts_observed_at"])
            else:
                health, told_at = folded.get(link_id, NOTHING_KNOWN)
            snapshots[link_id] = LinkSnapshot(
                link=row_to_link(row),
                health=health,
                facts=facts.get(link_id, {}),
                facts_observed_at=told_at,
                archived_url=copies.get(link_id),
                last_look=looks.get(link_id),
            )
        return snapshots

    def _entry_page(self, page: Sequence[sqlite3.Row]) -> Iterator[tuple[EntrySnapshot, list[int]]]:
        """Entries, each with the link ids of its mentions."""
        ids = [row["entry_id"] for row in page]
        mentions: dict[int, list[sqlite3.Row]] = {}
        for row in self._ask(MENTIONS, ids):
            mentions.setdefault(row["entry_id"], []).append(row)
        facts = self._facts(
            OVERRIDABLE_FACTS,
            {each["link_id"] for rows in mentions.values() for each in rows if each["role"] == Role.PROJECT},
        )
        overrides: dict[int, Facts] = {}
        for row in self._ask(OVERRIDES, ids):
            overrides.setdefault(row["entry_id"], {})[row["field"]] = json.loads(row["value"])
        findings: dict[int, list[Finding]] = {}
        for row in self._ask(PAGE_FINDINGS, ids):
            findings.setdefault(row["entry_id"], []).append(row_to_finding(row))
        for row in page:
            entry_id = row["entry_id"]
            own = mentions.get(entry_id, [])
            projects = (each["link_id"] for each in own if each["role"] == Role.PROJECT)
            yield (
                EntrySnapshot(
                    entry=_row_to_entry(row, own),
                    urls=tuple(each["canonical_url"] for each in own),
                    observed=_observe(projects, facts) | overrides.get(entry_id, {}),
                    findings=tuple(findings.get(entry_id, ())),
                ),
                [each["link_id"] for each in own],
            )

    def _facts(self, sql: str, link_ids: Iterable[int]) -> dict[int, Facts]:
        """What is known of each of these links."""
        ids = list(link_ids)
        facts: dict[int, Facts] = {
            link_id: msgspec.json.decode(told) for link_id, told in self._ask(sql, ids)
        }
        for link_id, *values in self._ask(COUNTERS_THEN, ids):
            counted = {name: value for name, value in zip(COUNTERS, values, strict=True) if value is not None}
            facts.setdefault(link_id, {}).update(counted)
        return facts

    def _last_looks(self, page: Sequence[sqlite3.Row]) -> dict[int, Observation]:
        links = {row["link_id"]: row_to_link(row) for row in page}
        return {
            row["link_id"]: row_to_interval(row, links[row["link_id"]]).observation
            for row in self._ask(LAST_LOOKS, links)
        }

    def _ask(self, sql: str, ids: Iterable[int]) -> Iterable[sqlite3.Row]:
        return self._query(sql, {"ids": json.dumps(list(ids)), "run": self._run_id})


def _observe(project_link_ids: Iterable[int], facts: dict[int, Facts]) -> Facts:
    """Each value from the first project link that tells it."""
    observed: Facts = {}
    for link_id in project_link_ids:
        known = facts.get(link_id, {})
        for name in OBSERVED:
            if name in known:
                observed.setdefault(name, known[name])
    return observed


def _row_to_entry(row: sqlite3.Row, mentions: Sequence[sqlite3.Row]) -> Entry:
    return Entry(
        id=row["identifier"],
        name=row["name"],
        kind=EntryKind(row["kind"]),
        document=row["document"],
        section=row["section"],
        stated=Stated(row["stated_license"], tuple(msgspec.json.decode(row["stated_parameters"]))),
        mentions=tuple(
            Mention(each["url"], each["raw"], ROLES[each["role"]], each["line"]) for each in mentions
        ),
        note=row["note"],
    )
