"""Rows of links for written addresses, many at once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from crawler.links.classify import texts_of_link
from crawler.links.hostname import host_of
from crawler.store.bulk import insert_rows

INSERT_LINKS: Final = "INSERT INTO links (id, url, kind, name, host, first_run_id)"
FIND_LINKS: Final = """
    SELECT links.id, links.url, links.kind, links.name FROM json_each(?) AS wanted
    JOIN links ON links.url = wanted.value
"""


KnownLinks: TypeAlias = Mapping[str, tuple[str, str, str]]
"""What written addresses stand for, as `texts_of_link` tells it; it need not hold them all."""


class LinkRows:
    """Finds rows and makes those that are missing, inside the caller's transaction."""

    def __init__(self, connection: sqlite3.Connection, run_id: int) -> None:
        self._execute = connection.execute
        self._connection = connection
        self._run_id = run_id
        (self._last_id,) = self._execute("SELECT coalesce(max(id), 0) FROM links").fetchone()

    def find(self, urls: Iterable[str], known: KnownLinks = MappingProxyType({})) -> dict[str, int]:
        """The ids of links by written address. New ones are numbered in the order of the addresses."""
        links = {url: known.get(url) or texts_of_link(url) for url in urls}
        wanted = {canonical_url: (kind, name) for canonical_url, kind, name in links.values()}
        if not wanted:
            return {}
        ids: dict[str, int] = {}
        for link_id, url, kind, name in self._execute(
            FIND_LINKS, [json.dumps(list(wanted), ensure_ascii=False)]
        ):
            ids[url] = link_id
            self._keep_target(link_id, (kind, name), wanted[url])
        rows = []
        for url, target in wanted.items():
            if url not in ids:
                self._last_id += 1
                rows.append((self._last_id, url, *target, host_of(url), self._run_id))
                ids[url] = self._last_id
        insert_rows(self._connection, INSERT_LINKS, "(?, ?, ?, ?, ?, ?)", rows)
        return {url: ids[canonical_url] for url, (canonical_url, _, _) in links.items()}

    def _keep_target(self, link_id: int, known: tuple[str, str], target: tuple[str, str]) -> None:
        if known != target:
            self._execute("UPDATE links SET kind = ?, name = ? WHERE id = ?", [*target, link_id])
