"""Which entries may have other findings than when all were last up to date. In doubt: every one.

Kept in the database are the run after which all findings were those of the present, and the release whose
rules found them. What changed since is told by the runs that rows carry; a run that may yet go on erases rows
of its own without a trace, so nothing is kept of it. `crawler rejudge` makes the next run find all anew.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from crawler import __version__
from crawler.store.sync import KEEP_SETTING

UP_TO: Final = "findings_up_to"
"""Key in `_settings`: the run, and the release that found them."""
IDENTITIES_OF: Final = "identities_of"
"""Key in `_settings`: the latest run in which a host told the id of a thing for the first time."""

CREATE_CHANGED: Final = "CREATE TEMP TABLE IF NOT EXISTS changed (entry_id INTEGER PRIMARY KEY)"
IN_CATALOG: Final = "INSERT OR IGNORE INTO temp.changed " + " UNION ".join(
    f"SELECT {entry} FROM {table} WHERE {column} > :since"
    for table, entry in (("entries", "id"), ("mentions", "entry_id"), ("overrides", "entry_id"))
    for column in ("from_run_id", "until_run_id")
)
IN_FACTS: Final = """
    INSERT OR IGNORE INTO temp.changed
    SELECT mentions.entry_id FROM facts
    CROSS JOIN mentions ON mentions.link_id = facts.link_id AND mentions.until_run_id IS NULL
    WHERE facts.run_id > :since
"""


def read_up_to(connection: sqlite3.Connection, run_id: int) -> int | None:
    """The run before this one after which findings were those of the present by the rules of this release."""
    row = connection.execute("SELECT value FROM _settings WHERE key = ?", [UP_TO]).fetchone()
    if row is None:
        return None
    run, _, release = row[0].partition(" ")
    return int(run) if release == __version__ and int(run) < run_id else None


def keep_up_to(connection: sqlite3.Connection, run_id: int) -> None:
    """Findings are those of the present, after a run that is over."""
    connection.execute(KEEP_SETTING, [UP_TO, f"{run_id} {__version__}"])


def forget_up_to(connection: sqlite3.Connection) -> None:
    """All findings are found anew after the next run."""
    connection.execute("DELETE FROM _settings WHERE key = ?", [UP_TO])


def note_identities(connection: sqlite3.Connection, run_id: int) -> None:
    """Hosts told ids of things for the first time; nothing else in the database says when."""
    connection.execute(KEEP_SETTING, [IDENTITIES_OF, str(run_id)])


def mark_changed(connection: sqlite3.Connection, since: int) -> bool:
    """Fill `temp.changed` with entries that read differently since a run, or whose links' facts do.

    Returns whether other things than before may be listed twice.
    """
    connection.execute(CREATE_CHANGED)
    connection.execute("DELETE FROM temp.changed")
    in_catalog = connection.execute(IN_CATALOG, {"since": since}).rowcount
    connection.execute(IN_FACTS, {"since": since})
    identities = connection.execute("SELECT value FROM _settings WHERE key = ?", [IDENTITIES_OF]).fetchone()
    return in_catalog > 0 or (identities is not None and int(identities[0]) > since)
