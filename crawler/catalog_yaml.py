"""YAML text → plain values that know their lines, and refusal of what a catalog file has no use for.

Built from the parser's events: several times faster than PyYAML's node tree, without its recursion (a deeply
nested file crashes the C composer), and every value keeps its line for messages. Plain scalars are text but
for null and whole numbers, so neither `no` nor `2023-05-01` nor `6.70` changes on the way in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)
from yaml.reader import ReaderError

try:
    from yaml import CSafeLoader as EventSource
except ImportError:  # PyYAML built without libyaml
    from yaml import SafeLoader as EventSource  # type: ignore[assignment]

MAX_DEPTH = 16
WHOLE_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})", re.ASCII)
NULLS = frozenset({"", "~", "null"})
QUOTED_HINT = "put every text in double quotes"


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong at one line of a catalog file."""

    line: int
    message: str
    hint: str | None = None


class YamlError(Exception):
    """Text that is no YAML, or YAML a catalog file may not use."""

    def __init__(self, line: int, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.mistake = Mistake(line, message, hint)


class YamlMapping(dict[str, Any]):
    """`line` is where it begins, `lines` where each key stands."""

    __slots__ = ("line", "lines", "pending")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}
        self.pending: str | None = None


class YamlSequence(list[Any]):
    """`line` is where it begins, `lines` where each item stands."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: list[int] = []


def read_yaml(text: str) -> Any:
    """The one document in `text`, None if there is nothing in it. Raises YamlError."""
    try:
        return _build(EventSource(text))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise YamlError(line, f"not valid YAML: {error.problem or error.context}", QUOTED_HINT) from error
    except ReaderError as error:
        raise _unreadable_character(text) from error


def _build(source: EventSource) -> Any:
    root: Any = None
    documents = 0
    open_containers: list[YamlMapping | YamlSequence] = []
    while (event := source.get_event()) is not None:
        if isinstance(event, NodeEvent):
            line = _line_of(event)
            if event.anchor is not None or isinstance(event, AliasEvent):
                raise YamlError(line, "anchors and aliases are not allowed", "write the value out")
            value = _value_of(event, line)
            if open_containers:
                _put(value, line, open_containers[-1])
            else:
                root = value
            if isinstance(event, CollectionStartEvent):
                open_containers.append(value)
                if len(open_containers) > MAX_DEPTH:
                    raise YamlError(line, "nested too deeply")
        elif isinstance(event, CollectionEndEvent):
            open_containers.pop()
        elif isinstance(event, DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise YamlError(_line_of(event), "a second YAML document", "remove the line `---`")
    return root


def _line_of(event: Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _value_of(event: NodeEvent, line: int) -> Any:
    if isinstance(event, ScalarEvent):
        if event.tag is not None:
            raise YamlError(line, f"tag {event.tag!r} is not allowed", QUOTED_HINT)
        text: str = event.value
        if not event.implicit[0]:
            return text
        if text in NULLS:
            return None
        return int(text) if WHOLE_NUMBER.fullmatch(text) else text
    if isinstance(event, CollectionStartEvent) and event.tag is not None:
        raise YamlError(line, f"tag {event.tag!r} is not allowed")
    return YamlMapping(line) if isinstance(event, MappingStartEvent) else YamlSequence(line)


def _put(value: Any, line: int, container: YamlMapping | YamlSequence) -> None:
    if isinstance(container, YamlSequence):
        container.append(value)
        container.lines.append(line)
    elif container.pending is not None:
        container[container.pending] = value
        container.pending = None
    elif not isinstance(value, str):
        raise YamlError(line, f"a key must be text, not {describe_value(value)}")
    elif value in container.lines:
        raise YamlError(
            line, f"key {value!r} stands twice, first on line {container.lines[value]}", "keep one of them"
        )
    else:
        container.pending = value
        container.lines[value] = line


def describe_value(value: Any) -> str:
    """A value as a message names it: short, and never a whole file."""
    if isinstance(value, YamlMapping):
        return "a mapping"
    if isinstance(value, YamlSequence):
        return "a list"
    if value is None:
        return "nothing"
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."


def _unreadable_character(text: str) -> YamlError:
    """The reader says how far it came in units of its own: look for the character ourselves."""
    match = re.search(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
    line = text.count("\n", 0, match.start()) + 1 if match else 1
    what = f"character U+{ord(match[0]):04X}" if match else "a character"
    return YamlError(line, f"{what} is not allowed in YAML", "write it as an escape in double quotes")
