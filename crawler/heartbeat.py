"""The health file of `crawler schedule`: what a supervisor looks at, replaced in one step."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

BEAT_SECONDS: Final = 60.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LastJob:
    name: str
    ended_at: datetime
    exit_code: int


@dataclass(slots=True)
class Heartbeat:
    """What the schedule is doing now. `config_error` stands while a changed config could not be read."""

    job: str | None = None
    last: LastJob | None = None
    config_error: str | None = None

    def write(self, path: Path, state: str | None, now: datetime, next_runs: Mapping[str, datetime]) -> None:
        """A file that cannot be written is a warning: the crawl matters more."""
        told = {
            "state": state or ("running" if self.job else "waiting"),
            "written_at": _format_time(now),
            "process": os.getpid(),
            "job": self.job,
            "last_job": None
            if self.last is None
            else {
                "name": self.last.name,
                "ended_at": _format_time(self.last.ended_at),
                "exit_code": self.last.exit_code,
            },
            "next_runs": {name: _format_time(time) for name, time in next_runs.items()},
            "config_error": self.config_error,
        }
        partial = path.with_name(f"{path.name}.partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
            partial.replace(path)
        except OSError as error:
            log.warning("the health file %s cannot be written: %s", path, error.strerror)


def _format_time(time: datetime) -> str:
    return time.isoformat(timespec="seconds")
