"""Rows of links for written addresses, many at once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import Final

from crawler.links.classify import link_of
from crawler.links.hostname import host_of
from crawler.records import Link

INSERT_LINK: Final = "INSERT INTO links (id, url, kind, name, host, first_run_id) VALUES (?, ?, ?, ?, ?, ?)"
FIND_LINKS: Final = """
    SELECT links.id, links.url, links.kind, links.name FROM json_each(?) AS wanted
    JOIN links ON links.url = wanted.value
"""


class LinkRows:
    """Finds rows and makes those that are missing, inside the caller's transaction."""

    def __init__(self, connection: sqlite3.Connection, run_id: int) -> None:
        self._execute = connection.execute
        self._execute_many = connection.executemany
        self._run_id = run_id
        (self._last_id,) = self._execute("SELECT coalesce(max(id), 0) FROM links").fetchone()

    def find(self, urls: Iterable[str]) -> dict[str, int]:
        """The ids of links by written address. New ones are numbered in the order of the addresses."""
        links = {url: link_of(url) for url in urls}
        wanted = {link.canonical_url: link for link in links.values()}
        if not wanted:
            return {}
        ids: dict[str, int] = {}
        for link_id, url, kind, name in self._execute(
            FIND_LINKS, [json.dumps(list(wanted), ensure_ascii=False)]
        ):
            ids[url] = link_id
            self._keep_target(link_id, (kind, name), wanted[url])
        new = [link for url, link in wanted.items() if url not in ids]
        rows = []
        for link in new:
            self._last_id += 1
            ids[link.canonical_url] = self._last_id
            url, target = link.canonical_url, link.target
            rows.append((self._last_id, url, target.kind.value, target.id, host_of(url), self._run_id))
        self._execute_many(INSERT_LINK, rows)
        return {url: ids[link.canonical_url] for url, link in links.items()}

    def _keep_target(self, link_id: int, known: tuple[str, str], link: Link) -> None:
        target = (link.target.kind.value, link.target.id)
        if known != target:
            self._execute("UPDATE links SET kind = ?, name = ? WHERE id = ?", [*target, link_id])
