"""Where text goes: to stdout piece by piece, or into a file that is replaced only when it is whole."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from crawler.errors import UnableError, UsageError


def write_output(chunks: Iterable[str], output: Path | None) -> None:
    """Stream `chunks` to stdout, or into `output` atomically: readers see the old file or the new one.

    Raises UsageError when the folder is not there, UnableError when the disk is full.
    """
    if output is None:
        write_stdout(chunks)
    else:
        write_file((chunk.encode() for chunk in chunks), output)


def write_file(chunks: Iterable[bytes], output: Path) -> None:
    """Replace a file by these bytes, atomically, where a symbolic link leads. Raises as `write_output` does.

    What is no file, such as /dev/stdout or a pipe, is written to as it is and never replaced.
    """
    if output.exists() and not output.is_file():
        _write_into(chunks, output)
        return
    output = Path(os.path.realpath(output))
    try:
        handle, partial = tempfile.mkstemp(prefix=f".{output.name}.", dir=output.parent)
    except FileNotFoundError:
        raise UsageError("no such folder", where=str(output.parent), hint="make it first") from None
    except OSError as error:
        raise UnableError(f"cannot write: {error.strerror}", where=str(output)) from error
    try:
        with os.fdopen(handle, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(partial, _mode_of(output))
        os.replace(partial, output)
    except OSError as error:
        raise UnableError(
            f"cannot write: {error.strerror}", where=str(output), hint="the file there is as it was"
        ) from error
    finally:
        with suppress(FileNotFoundError):
            os.unlink(partial)


def _write_into(chunks: Iterable[bytes], device: Path) -> None:
    try:
        with device.open("wb") as open_device:
            for chunk in chunks:
                open_device.write(chunk)
    except BrokenPipeError:
        pass
    except OSError as error:
        raise UnableError(f"cannot write: {error.strerror}", where=str(device)) from error


def write_stdout(chunks: Iterable[str]) -> None:
    """A reader that stops listening (`… | head`) ends the writing and is no error."""
    try:
        for chunk in chunks:
            sys.stdout.write(chunk)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _mode_of(path: Path) -> int:
    """The permissions a file has, or those a new one gets; mkstemp's own are private."""
    try:
        return path.stat().st_mode & 0o7777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
