"""Where text goes: a file is replaced as a whole, and what is no file is never replaced."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from crawler.errors import UnableError
from crawler.report.output import write_output

CHUNKS = ["made up, ", "line by line\n"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "kept" / "report.md", tmp_path / "report.md"
    target.parent.mkdir()
    target.write_text("before")
    link.symlink_to(target)
    write_output(CHUNKS, link)
    assert link.is_symlink()
    assert target.read_text() == "".join(CHUNKS)
    assert os.listdir(target.parent) == ["report.md"]


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    came: list[str] = []
    reader = threading.Thread(target=lambda: came.append(pipe.read_text()))
    reader.start()
    write_output(CHUNKS, pipe)
    reader.join()
    assert came == ["".join(CHUNKS)]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_pipe_whose_reader_has_gone_is_no_error(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: os.close(os.open(pipe, os.O_RDONLY)))
    reader.start()
    write_output(("x" * 100_000 for _ in range(20)), pipe)
    reader.join()
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_folder_is_no_place_for_a_report(tmp_path: Path) -> None:
    with pytest.raises(UnableError, match="Is a directory"):
        write_output(CHUNKS, tmp_path)
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_device_stays_a_device(tmp_path: Path) -> None:
    # A link to it: a mistake must not cost this machine its own.
    full = tmp_path / "full"
    full.symlink_to("/dev/full")
    with pytest.raises(UnableError, match="No space left"):
        write_output(CHUNKS, full)
    assert full.is_symlink()
    assert stat.S_ISCHR(full.stat().st_mode)
