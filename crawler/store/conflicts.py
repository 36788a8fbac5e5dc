"""Where what a list states and what hosts tell differ: the rows of findings that need more than SQL.

Reads only; store/findings.py opens and closes. The comparing is in entry_conflicts.py, imported once there is
something to compare: a list of web pages has neither licences nor sizes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain, groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Final

import msgspec

from crawler.records import EntryKind, Role, TargetKind
from crawler.store.fact_rows import decode_facts

if TYPE_CHECKING:
    from crawler.store.entry_conflicts import Conflict

COMPARED: Final = (
    *("parameter_count", "parameter_method", "parameter_counts", "base_models", "used_storage"),
    *("license", "full_name", "host_id", "description", "topics", "language"),
)
REPOSITORIES: Final = (TargetKind.GITHUB_REPO, TargetKind.GITHUB_PATH)
TELLING: Final = (*REPOSITORIES, TargetKind.HUGGINGFACE_MODEL, TargetKind.HUGGINGFACE_DATASET)
"""Kinds of links whose facts are compared with what an entry states, or tell a joke."""
KINDS: Final = {kind.value: kind for kind in TargetKind}
ROLES: Final = {role.value: role for role in Role}


def _listed(values: Sequence[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


ANY_TELLING: Final = f"SELECT 1 FROM links WHERE kind IN ({_listed(TELLING)}) LIMIT 1"
OF_ALL: Final = "entries"
OF_CHANGED: Final = "temp.changed CROSS JOIN entries ON entries.id = changed.entry_id"

# CROSS JOIN keeps the order of the tables: entry by entry, so that nothing is sorted but an entry's mentions.
# All facts of a link lie side by side; of a field the latest comes last, which wins when the text is read.
LINKS_OF_ENTRIES: Final = f"""
    SELECT entries.id, entries.kind, entries.stated_license, entries.stated_parameters,
        mentions.role, links.id, links.url, links.kind, links.name,
        (SELECT group_concat(told.fact) FROM (
            SELECT '"' || facts.field || '":' || facts.value AS fact FROM facts
            WHERE facts.link_id = links.id AND +facts.field IN ({_listed(COMPARED)})
            ORDER BY facts.field, facts.run_id) AS told) AS facts
    FROM {{}}
    CROSS JOIN mentions ON mentions.entry_id = entries.id AND mentions.until_run_id IS NULL
        AND mentions.role IN ('{Role.PROJECT}', '{Role.LICENSE}')
    CROSS JOIN links ON links.id = mentions.link_id AND (
        links.kind IN ({_listed(REPOSITORIES)})
        OR mentions.role = '{Role.PROJECT}' AND links.kind IN ({_listed(TELLING)}))
    WHERE entries.until_run_id IS NULL AND entries.kind != '{EntryKind.PAGE}'
    ORDER BY entries.id, mentions.position, mentions.id
"""
OVERRIDDEN: Final = "SELECT entry_id, field FROM overrides WHERE until_run_id IS NULL"


def find_conflicts(connection: sqlite3.Connection, *, of_changed: bool) -> Iterator[Conflict]:
    """Every conflict of the present catalog, or of `temp.changed`, with what is known now, entry by entry."""
    if connection.execute(ANY_TELLING).fetchone() is None:
        return
    cursor = connection.cursor()
    cursor.row_factory = None
    rows = cursor.execute(LINKS_OF_ENTRIES.format(OF_CHANGED if of_changed else OF_ALL))
    first = cursor.fetchone()
    if first is None:
        return
    from crawler.store.entry_conflicts import ListedLink, StatingEntry, find_in_entry

    overridden: dict[int, set[str]] = {}
    for entry_id, name in connection.execute(OVERRIDDEN):
        overridden.setdefault(entry_id, set()).add(name)
    for entry_id, of_entry in groupby(chain([first], rows), key=itemgetter(0)):
        links = []
        for row in of_entry:
            _, entry_kind, stated_license, sizes, role, link_id, url, kind, name, facts = row
            told = decode_facts(f"{{{facts}}}") if facts else {}
            links.append(ListedLink(link_id, url, KINDS[kind], name, ROLES[role], told))
        entry = StatingEntry(entry_id, entry_kind, stated_license, _read_sizes(sizes))
        yield from find_in_entry(entry, links, overridden.get(entry_id, ()))


@lru_cache(maxsize=1024)
def _read_sizes(stated_parameters: str) -> tuple[str, ...]:
    return tuple(msgspec.json.decode(stated_parameters))
