"""Which history there is to read: a database's, or that of a catalog nobody has crawled yet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from crawler.records import Catalog
from crawler.store.connect import has_tables
from crawler.store.history import History


def open_history(path: Path, load_catalog: Callable[[], Catalog]) -> History:
    """The database's history, or before the first run that of the catalog as it stands, nothing looked at."""
    if has_tables(path):
        history = History.open(path)
        if history.latest_run() is not None:
            return history
        history.close()
    return History.of_catalog(load_catalog())


def last_run_started_at(path: Path) -> datetime | None:
    """When the latest run began; None without one."""
    if not has_tables(path):
        return None
    with History.open(path) as history:
        run = history.latest_run()
    return None if run is None else run.started_at


def is_made_up(path: Path) -> bool:
    """Whether this is a database of made-up data; a file that is no database of ours is not."""
    if not has_tables(path):
        return False
    with History.open(path) as history:
        return history.made_up
