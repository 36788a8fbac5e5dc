"""Opening a database, and what can be wrong with one, said in one line each."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from crawler.errors import UnableError
from crawler.store.tables import APPLICATION_ID, SCHEMA_VERSION

BUSY_TIMEOUT_MILLISECONDS: Final = 10_000

CACHE_KIBIBYTES: Final = 64_000
"""Links by URL lie all over a large file: its inner pages should be read once, and written once a commit."""

PRIMARY_CODE: Final = 0xFF
"""SQLite's extended result codes carry the primary one in their low byte: sqlite.org/rescode.html."""


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """SQLite's complaints about the database as such become an UnableError; bugs of ours stay as they are."""
    try:
        yield
    except sqlite3.Error as error:
        reason = _reason_of(error)
        if reason is None:
            raise
        message, hint = reason
        raise UnableError(message, where=str(path), hint=hint) from error


def _reason_of(error: sqlite3.Error) -> tuple[str, str] | None:
    code: int | None = getattr(error, "sqlite_errorcode", None)
    match None if code is None else code & PRIMARY_CODE:
        case sqlite3.SQLITE_NOTADB:
            return "not a SQLite database", "it was left untouched; name another file in [state] database"
        case sqlite3.SQLITE_CORRUPT:
            return "the database is damaged", "it was left untouched; restore a backup, or move it away"
        case sqlite3.SQLITE_FULL:
            return "no space left for the database", "make room; the next run goes on from here"
        case sqlite3.SQLITE_IOERR:
            # A full disk may show as a failed write, not as SQLITE_FULL.
            return "the database cannot be read or written", "check the disk and the space left on it"
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return "the database is read-only", "check the rights on the file and its folder"
        case sqlite3.SQLITE_CANTOPEN:
            return "the database cannot be opened", "check the rights on the file and its folder"
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return "another program holds the database", "close it, or wait until it is done"
    return None


def connect(path: Path) -> sqlite3.Connection:
    """A connection for the one writer; makes missing folders. The file may still be empty."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnableError(
            f"cannot make the database's folder: {error.strerror}",
            where=str(path),
            hint="check [state] database",
        ) from error
    with explained(path):
        connection = sqlite3.connect(path)
        try:
            check_is_ours(connection, path)
            connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MILLISECONDS}")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA journal_mode = WAL")
            # One commit a second: a sync each costs nothing one can see and outlives a power cut.
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIBIBYTES}")
        except BaseException:
            connection.close()
            raise
    connection.row_factory = sqlite3.Row
    return connection


def bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Give a database, new or old, the tables of this release."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != SCHEMA_VERSION:
        # sqlite-utils takes longer to import than a small list to be written.
        from crawler.store.schema import migrate  # noqa: PLC0415

        migrate(connection)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All that the block writes, or nothing of it."""
    connection.execute("BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # some errors have undone it themselves
            connection.execute("ROLLBACK")
        raise


def has_tables(path: Path) -> bool:
    """Whether there is a database to read. Raises UnableError when there is something else."""
    if not path.exists():
        return False
    with explained(path):
        connection = open_read_only(path)
        try:
            return check_is_ours(connection, path) > 0
        finally:
            connection.close()


def connect_read_only(path: Path) -> sqlite3.Connection:
    """A reader's connection, good beside a running crawl. Raises UnableError."""
    if not path.exists():
        raise _nothing_there(path)
    with explained(path):
        connection = open_read_only(path)
        connection.row_factory = sqlite3.Row
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIBIBYTES}")
        try:
            version = check_is_ours(connection, path)
        except BaseException:
            connection.close()
            raise
    if version == SCHEMA_VERSION:
        return connection
    connection.close()
    if version == 0:
        raise _nothing_there(path)
    raise UnableError(
        f"the database has the tables of an older release (schema {version}, not {SCHEMA_VERSION})",
        where=str(path),
        hint="the next `crawler run` brings it up to date",
    )


def _nothing_there(path: Path) -> UnableError:
    return UnableError("there is no database yet", where=str(path), hint="`crawler run` makes one")


def open_read_only(path: Path) -> sqlite3.Connection:
    uri = path.resolve().as_uri()
    connection = sqlite3.connect(f"{uri}?mode=ro", uri=True)
    try:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MILLISECONDS}")
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        if not path.is_file() or path.with_name(path.name + "-wal").exists():
            raise
        # In a folder we may not write to, a WAL database opens only as one that nobody changes.
        connection = sqlite3.connect(f"{uri}?immutable=1", uri=True)
    except BaseException:
        connection.close()
        raise
    return connection


def check_is_ours(connection: sqlite3.Connection, path: Path) -> int:
    """Refuse foreign and newer databases; returns the schema version, 0 for an empty one."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and application_id != APPLICATION_ID:
        raise UnableError(
            "a SQLite database of another program",
            where=str(path),
            hint="it was left untouched; name another file in [state] database",
        )
    if version > SCHEMA_VERSION:
        raise UnableError(
            f"the database was written by a newer release (schema {version}, ours is {SCHEMA_VERSION})",
            where=str(path),
            hint="upgrade crawler, or name another file in [state] database",
        )
    return int(version)
