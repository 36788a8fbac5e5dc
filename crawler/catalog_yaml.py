"""YAML text → plain values that know their lines, and refusal of what a catalog file has no use for.

Built from the parser's events: several times faster than PyYAML's node tree, without its recursion (a deeply
nested file crashes the C composer), and every value keeps its line for messages. Plain scalars are text but
for null and whole numbers, so neither `no` nor `2023-05-01` nor `6.70` changes on the way in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from yaml.reader import ReaderError

try:
    from yaml import CSafeLoader as EventSource
except ImportError:  # PyYAML built without libyaml
    from yaml import SafeLoader as EventSource  # type: ignore[assignment]

STARTS = frozenset({MappingStartEvent, SequenceStartEvent})
ENDS = frozenset({MappingEndEvent, SequenceEndEvent})
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

    def put(self, value: Any, line: int) -> None:
        """Keys and values in turns. Raises YamlError for a key that is no text or stands twice."""
        if self.pending is not None:
            self[self.pending] = value
            self.pending = None
        elif not isinstance(value, str):
            raise YamlError(line, f"a key must be text, not {describe_value(value)}")
        elif value in self.lines:
            raise YamlError(
                line, f"key {value!r} stands twice, first on line {self.lines[value]}", "keep one of them"
            )
        else:
            self.pending = value
            self.lines[value] = line


class YamlSequence(list[Any]):
    """`line` is where it begins, `lines` where each item stands."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: list[int] = []

    def put(self, value: Any, line: int) -> None:
        self.append(value)
        self.lines.append(line)


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
    container: YamlMapping | YamlSequence | None = None
    next_event: Callable[[], Any] = source.get_event
    while (event := next_event()) is not None:
        # By the very type, the most frequent first: this is asked for each word of a catalog.
        kind = type(event)
        if kind is ScalarEvent:
            line = event.start_mark.line + 1
            if event.anchor is not None or event.tag is not None:
                raise _refusal(event)
            value = event.value
            if event.implicit[0]:
                value = _plain_value(value)
            if container is not None:
                container.put(value, line)
            else:
                root = value
        elif kind in STARTS:
            line = event.start_mark.line + 1
            if event.anchor is not None or event.tag is not None:
                raise _refusal(event)
            inner = YamlMapping(line) if kind is MappingStartEvent else YamlSequence(line)
            if container is not None:
                container.put(inner, line)
            else:
                root = inner
            container = inner
            open_containers.append(inner)
            if len(open_containers) > MAX_DEPTH:
                raise YamlError(line, "nested too deeply")
        elif kind in ENDS:
            open_containers.pop()
            container = open_containers[-1] if open_containers else None
        elif kind is AliasEvent:
            raise _refusal(event)
        elif kind is DocumentStartEvent:
            documents += 1
            if documents > 1:
                raise YamlError(_line_of(event), "a second YAML document", "remove the line `---`")
    return root


def _line_of(event: Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _refusal(event: AliasEvent | ScalarEvent | CollectionStartEvent) -> YamlError:
    """Of an alias, an anchor or a tag."""
    line = _line_of(event)
    if isinstance(event, AliasEvent) or event.anchor is not None:
        return YamlError(line, "anchors and aliases are not allowed", "write the value out")
    hint = QUOTED_HINT if isinstance(event, ScalarEvent) else None
    return YamlError(line, f"tag {event.tag!r} is not allowed", hint)


def _plain_value(text: str) -> str | int | None:
    if text in NULLS:
        return None
    return int(text) if WHOLE_NUMBER.fullmatch(text) else text


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
