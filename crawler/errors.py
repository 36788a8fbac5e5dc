"""The exceptions of ours, one per exit code. A dead link is data; these mean we are wrong or unable.

CrawlerError
├── UsageError       (2) config, catalog or arguments
├── UnableError      (3) own network down, tokens refused by everything, database unusable
│   └── WorkersLost  (3) nobody is left to ask: the run was cut short, and the next one goes on from there
└── BusyError        (4) another run holds the database
"""

from __future__ import annotations


class CrawlerError(Exception):
    """One clear line for a person: what, where, which value; `hint` says what to do."""

    exit_code = 1

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        line = f"{self.where}: {self.message}" if self.where else self.message
        return f"{line} (hint: {self.hint})" if self.hint else line


class UsageError(CrawlerError):
    exit_code = 2


class UnableError(CrawlerError):
    exit_code = 3


class WorkersLost(UnableError):  # noqa: N818 - what happened, not whose error
    """All workers of a run, or what they are reached through, went away."""


class BusyError(CrawlerError):
    exit_code = 4


class Interrupted(Exception):  # noqa: N818 - a signal, not an error
    """SIGINT or SIGTERM ended the work after what was in hand had been written."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.exit_code = 128 + signal_number
