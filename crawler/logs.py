"""How log lines and tracebacks reach stderr: no token, no password, no control character of a stranger's."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from types import TracebackType
from typing import Any, Final
from urllib.parse import urlsplit

from crawler.escape import for_terminal
from crawler.links.mask import MASK, mask_text

TOKEN_VARIABLES: Final = ("GITHUB_TOKEN", "GH_TOKEN", "HF_TOKEN")
NOTIFY_VARIABLES: Final = ("CRAWLER_WEBHOOK_URL", "CRAWLER_SMTP_PASSWORD")
PROXY_VARIABLES: Final = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
SHORTEST_SECRET: Final = 6
"""Hiding every `a` of a one-letter password would hide the message too."""


class LogFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


class MaskingFormatter(logging.Formatter):
    """The message and its traceback, with these very secrets and whatever looks like one hidden."""

    def __init__(self, secrets: Collection[str] = ()) -> None:
        super().__init__("%(message)s")
        # The longest first: one secret may be the beginning of another.
        self._secrets = sorted(secrets, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        return self._mask(super().format(record))

    def _mask(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return "\n".join(for_terminal(line) for line in mask_text(text).split("\n"))


class JsonFormatter(MaskingFormatter):
    """One JSON object a line: `time` (UTC), `level`, `logger`, `message`; `traceback`, `data` if any."""

    def format(self, record: logging.LogRecord) -> str:
        written: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._mask(record.getMessage()),
        }
        if record.exc_info:
            written["traceback"] = self._mask(self.formatException(record.exc_info))
        if (data := getattr(record, "data", None)) is not None:
            written["data"] = data
        return json.dumps(written, ensure_ascii=False)


def configure_logging(level: int, variables: Mapping[str, str], form: LogFormat = LogFormat.TEXT) -> None:
    """Our own log at `level` and everybody's warnings to stderr; called again, only the level changes."""
    handler = logging.StreamHandler(sys.stderr)
    make = JsonFormatter if form is LogFormat.JSON else MaskingFormatter
    handler.setFormatter(make(set(secrets_in(variables))))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("crawler").setLevel(level)


def is_structured() -> bool:
    """Whether stderr is for machines: one JSON object a line and nothing else."""
    return any(isinstance(handler.formatter, JsonFormatter) for handler in logging.getLogger().handlers)


def secrets_in(variables: Mapping[str, str]) -> Iterator[str]:
    """The tokens, passwords and webhook addresses of an environment."""
    found: list[str] = []
    for name in TOKEN_VARIABLES:
        found += [token.strip() for token in variables.get(name, "").split(",")]
    found += [variables.get(name, "").strip() for name in NOTIFY_VARIABLES]
    for name in PROXY_VARIABLES:
        for spelling in (name, name.lower()):
            found.append(_password_of(variables.get(spelling, "")))
    yield from (secret for secret in found if len(secret) >= SHORTEST_SECRET)


def log_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """For `sys.excepthook`: a mistake of ours is told with its traceback, through the same mask."""
    logging.getLogger("crawler").critical(
        "a mistake of the crawler itself:", exc_info=(kind, error, traceback)
    )


def _password_of(address: str) -> str:
    try:
        return urlsplit(address if "://" in address else f"http://{address}").password or ""
    except ValueError:
        return ""
