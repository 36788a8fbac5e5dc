"""Which told facts replace known ones. Pure: a good fact is never lost to a bad read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from json.encoder import encode_basestring
from typing import Any, Final

from crawler.judge import Voice, voice_of
from crawler.records import Facts, Observation, Reason

COUNTERS: Final[tuple[str, ...]] = ("stars", "forks", "likes", "downloads")
"""Fields that move every night; kept in a narrow table of their own."""

LICENSE: Final = "license"
NO_LICENSE: Final = "NONE"
UNRECOGNISED_LICENSE: Final = "NOASSERTION"


@dataclass(frozen=True, slots=True)
class FactChanges:
    """What to write: fields with a new value, and counters when any of them moved.

    `doubted` is a value too grave to believe at first sight; it counts once a later night says it again.
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    counters: Mapping[str, int] | None = None
    doubted: Mapping[str, Any] = field(default_factory=dict)


def tells_of_the_thing(observation: Observation) -> bool:
    """Whether what this look brought describes the thing itself, not a wall or an error page."""
    match voice_of(observation):
        case Voice.FOR:
            return True
        case Voice.KEPT_OUT:
            return observation.reason in {Reason.DISABLED, Reason.GATED}
        case Voice.AGAINST:
            # The repository was read, one file of it is not there.
            return observation.reason is Reason.PATH_MISSING
    return False


def is_of_stranger(known_host_id: str | None, observation: Observation) -> bool:
    """Whether a look is at another thing than the one we know."""
    return None not in (known_host_id, observation.host_id) and observation.host_id != known_host_id


def stranger_of(known_host_id: str | None, observation: Observation) -> str | None:
    """Who has the link's name now, if not the thing we know; the look may be at either of them."""
    if observation.stranger is not None:
        return observation.stranger
    return f"id {observation.host_id}" if is_of_stranger(known_host_id, observation) else None


def compare_facts(
    known: Facts, told: Facts, confirmed_doubts: Mapping[str, Any] | None = None
) -> FactChanges:
    """Told facts against known ones; None is not told. `confirmed_doubts`: doubted on an earlier night."""
    changed = {
        name: value
        for name, value in told.items()
        if value is not None and name not in COUNTERS and known.get(name) != value
    }
    doubted: dict[str, Any] = {}
    if LICENSE in changed and _is_recognised(known.get(LICENSE)):
        value = changed[LICENSE]
        if value == UNRECOGNISED_LICENSE:
            del changed[LICENSE]
        elif value == NO_LICENSE and (confirmed_doubts or {}).get(LICENSE) != value:
            doubted[LICENSE] = changed.pop(LICENSE)
    return FactChanges(fields=changed, counters=_moved_counters(known, told), doubted=doubted)


def fact_to_text(value: Any) -> str:
    """A fact's value as compact JSON; equal values give equal text."""
    # As the encoder says it, for what nearly all values are: it takes a long start for each.
    kind = type(value)
    if kind is str:
        return encode_basestring(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return int.__repr__(value)
    if kind is list and set(map(type, value)) <= {str}:
        return f"[{','.join(map(encode_basestring, value))}]"
    return _COMPACT.encode(value)


_COMPACT: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _is_recognised(license_: object) -> bool:
    return license_ not in {None, NO_LICENSE, UNRECOGNISED_LICENSE}


def _moved_counters(known: Facts, told: Facts) -> dict[str, int] | None:
    """All known counters with the told ones in their place, or None when none moved."""
    counted = {name: told[name] for name in COUNTERS if isinstance(told.get(name), int)}
    if not counted:
        return None
    before = {name: known[name] for name in COUNTERS if name in known}
    after = before | counted
    return None if after == before else after
