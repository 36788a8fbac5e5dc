"""Two runs never hold one database, and a dead one holds none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from crawler.errors import BusyError, UnableError
from crawler.store.lock import DatabaseLock

HOLD = """
import sys
from pathlib import Path
from crawler.store.lock import DatabaseLock
with DatabaseLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_lock_names_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "state" / "crawler.db"
    with DatabaseLock(path), pytest.raises(BusyError, match=f"process {os.getpid()}"):
        DatabaseLock(path).acquire()
    with DatabaseLock(path):
        assert not path.exists(), "the database itself is somebody else's business"


def test_the_lock_dies_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "crawler.db"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(BusyError, match=f"process {holder.pid}"):
            DatabaseLock(path).acquire()
        holder.kill()
    with DatabaseLock(path):
        pass


def test_a_lock_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UnableError, match="lock file"):
        DatabaseLock(tmp_path / "file" / "crawler.db").acquire()
