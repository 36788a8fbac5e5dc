"""What a thing says of others, from run to run: a source that tells nothing closes nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence

from crawler.links.classify import link_of
from crawler.store.bulk import as_list


def write_pointers(
    connection: sqlite3.Connection,
    run_id: int,
    told: Iterable[tuple[int, Mapping[str, Sequence[str]]]],
) -> None:
    """Make links' current pointers those told, source by source; (link id, source → URLs) of each link once.

    Runs inside the caller's transaction.
    """
    told = list(told)
    current = _read_current(connection, [link_id for link_id, _ in told])
    closed: list[tuple[int, int]] = []
    opened: list[tuple[int, str, str, str, int]] = []
    for link_id, by_source in told:
        for source, urls in by_source.items():
            now = current.get((link_id, source), {})
            if now.keys() == set(urls):
                continue  # what stands there is canonical: told again, it stands for itself
            wanted = {link.canonical_url: link.target.kind for link in map(link_of, urls)}
            closed += [(run_id, row_id) for url, row_id in now.items() if url not in wanted]
            opened += [
                (link_id, url, kind.value, source, run_id) for url, kind in wanted.items() if url not in now
            ]
    connection.executemany("UPDATE pointers SET until_run_id = ? WHERE id = ?", closed)
    connection.executemany(
        "INSERT INTO pointers (link_id, url, kind, source, from_run_id) VALUES (?, ?, ?, ?, ?)", opened
    )


def _read_current(
    connection: sqlite3.Connection, link_ids: Sequence[int]
) -> dict[tuple[int, str], dict[str, int]]:
    """(link id, source) → URL → id of the row that holds."""
    current: dict[tuple[int, str], dict[str, int]] = {}
    for row in connection.execute(
        "SELECT link_id, source, url, pointers.id FROM json_each(?) AS asked"
        " CROSS JOIN pointers ON link_id = asked.value WHERE until_run_id IS NULL",
        [as_list(link_ids)],
    ):
        current.setdefault((row["link_id"], row["source"]), {})[row["url"]] = row["id"]
    return current
