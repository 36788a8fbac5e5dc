"""One run at a time: a lock beside the database that dies with the process that holds it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from crawler.errors import BusyError, UnableError


def find_holder(database: Path) -> str | None:
    """The process that holds the lock; None when it is free. Takes the lock itself for a moment.

    Raises OSError.
    """
    try:
        descriptor = os.open(_lock_path(database), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_holder(descriptor)
    finally:
        os.close(descriptor)
    return None


class DatabaseLock:
    """`with DatabaseLock(path):` holds `<path>.lock`. Raises BusyError naming the process that has it.

    The file stays behind: taking it away would let two processes lock two files of one name.
    """

    def __init__(self, database: Path) -> None:
        self._path = _lock_path(database)
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    def acquire(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise UnableError(
                f"cannot make the lock file: {error.strerror}",
                where=str(self._path),
                hint="check the rights on the database's folder",
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = _read_holder(descriptor)
            os.close(descriptor)
            if not isinstance(error, BlockingIOError):
                raise UnableError(
                    f"cannot lock the database: {error.strerror}", where=str(self._path)
                ) from error
            raise BusyError(
                f"another run holds the database (process {holder})",
                where=str(self._path),
                hint="wait until it has ended; the lock ends with it",
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _lock_path(database: Path) -> Path:
    return database.with_name(f"{database.name}.lock")


def _read_holder(descriptor: int) -> str:
    return os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
