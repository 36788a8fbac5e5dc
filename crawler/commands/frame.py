"""What every command shares: the config, read when somebody asks for it, and the option that names it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crawler.errors import UsageError

if TYPE_CHECKING:
    from crawler.config import Config


class Context:
    """What every command may need: the config, read once, when somebody asks for it."""

    def __init__(self, config_argument: Path | None) -> None:
        self._config_argument = config_argument
        self._config: Config | None = None

    @property
    def config(self) -> Config:
        if self._config is None:
            from crawler.config import find_config, load_config

            path = find_config(self._config_argument)
            named = self._config_argument is not None or bool(os.environ.get("CRAWLER_CONFIG"))
            self._config = load_config(path, must_exist=named)
        return self._config


def with_config(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--config` on every command, before or after its name."""

    def remember(context: click.Context, _parameter: click.Parameter, value: Path | None) -> Path | None:
        if value is not None or not isinstance(context.obj, Context):
            context.obj = Context(value)
        return value

    return click.option(
        "--config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        callback=remember,
        expose_value=False,
        help="The config file (default: ./config.toml, or $CRAWLER_CONFIG).",
    )(command)


def read_document(name: str) -> bytes:
    """A file's bytes, or stdin's for `-`. Raises UsageError when it cannot be read."""
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read the document: {error.strerror}", where=name) from error


def echo_json(value: object) -> None:
    """For programs and people: keys sorted, indented, nothing escaped that need not be."""
    import json

    click.echo(json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True))


def is_quiet() -> bool:
    """Whether only what went wrong is wanted on stderr."""
    import logging

    return logging.getLogger("crawler").level >= logging.ERROR
