"""One file → the file with certain moves written in, and what a person should decide.

A change is made only where reading the changed file again finds the same links, the moved ones at their new
addresses and nothing else different: text run together can hide where an address ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from crawler.fixer.encoded import Edit, EncodedText, read_encoded, replace_text
from crawler.fixer.places import Place, find_places
from crawler.fixer.respell import is_same_address, move_address, respell
from crawler.fixer.verdicts import Verdict
from crawler.records import State

Judge = Callable[[str], Verdict | None]
"""Canonical URL → what is known of it."""


@dataclass(frozen=True, slots=True)
class Change:
    """One address that is replaced where it stands; `new_url` is what `replacement` means."""

    place: Place
    replacement: str
    new_url: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Proposal:
    """A link that a person should look at: dead, or moved in a way that is not certain. `why` says so."""

    place: Place
    verdict: Verdict
    why: str


@dataclass(frozen=True, slots=True)
class FileFix:
    """What is to be done to one file. `content` is the whole file with `changes` made."""

    name: str
    before: EncodedText
    content: bytes
    changes: tuple[Change, ...] = ()
    proposals: tuple[Proposal, ...] = ()


def fix_content(content: bytes, name: str, judge: Judge) -> FileFix:
    """Writes nothing. `name` helps to tell the format."""
    before = read_encoded(content)
    places = find_places(before.text, name)
    changes: list[Change] = []
    proposals: list[Proposal] = []
    for place in places:
        verdict = judge(place.canonical_url)
        if verdict is None:
            continue
        change = _change(place, verdict)
        if isinstance(change, Change):
            changes.append(change)
        else:
            proposals.append(change)
    kept = _keep_sound(before, name, places, changes)
    doubted = [change for change in changes if change not in kept]
    proposals += [
        Proposal(change.place, change.verdict, "the text around it would read differently")
        for change in doubted
    ]
    proposals = _once_per_link(proposals)
    after = before.replace(_edits(kept)) if kept else content
    return FileFix(name, before, content if after is None else after, tuple(kept), tuple(proposals))


def _once_per_link(proposals: Iterable[Proposal]) -> list[Proposal]:
    first: dict[int, Proposal] = {}
    for proposal in sorted(proposals, key=lambda proposal: proposal.place.start):
        first.setdefault(proposal.place.group, proposal)
    return list(first.values())


def _change(place: Place, verdict: Verdict) -> Change | Proposal:
    if verdict.state is State.DEAD:
        return Proposal(place, verdict, "dead")
    if not verdict.certain or verdict.suggested_url is None:
        return Proposal(place, verdict, verdict.doubt or "no new address is known")
    new_url = move_address(place.url, verdict.suggested_url)
    written = respell(place.raw, place.url, new_url)
    if written is None:
        return Proposal(place, verdict, "it is written in a way of its own")
    return Change(place, place.written(written), new_url, verdict)


def _edits(changes: Iterable[Change]) -> list[Edit]:
    return [Edit(change.place.start, change.place.end, change.replacement) for change in changes]


def _keep_sound(
    before: EncodedText, name: str, places: Sequence[Place], changes: list[Change]
) -> list[Change]:
    """The changes that can be made together; those of one link stay or go together."""
    groups: dict[int, list[Change]] = {}
    for change in changes:
        groups.setdefault(change.place.group, []).append(change)

    def is_sound(some: Sequence[list[Change]]) -> bool:
        return _is_sound(before, name, places, [change for group in some for change in group])

    def keep(some: list[list[Change]]) -> list[list[Change]]:
        # Halving: reading a long document once for each of many changes would take hours.
        if not some or is_sound(some):
            return some
        middle = len(some) // 2
        return [*keep(some[:middle]), *keep(some[middle:])] if middle else []

    kept = keep(list(groups.values()))
    sound = len(kept) == len(groups) or is_sound(kept)
    return [change for group in kept for change in group] if sound else []


def _is_sound(before: EncodedText, name: str, places: Sequence[Place], changes: Sequence[Change]) -> bool:
    content = before.replace(_edits(changes))
    if content is None:
        return False
    found = find_places(replace_text(before.text, _edits(changes)), name)
    if len(found) != len(places):
        return False
    by_start = {change.place.start: change for change in changes}
    moved = {change.place.group: change.new_url for change in changes}
    for old, new in zip(places, found, strict=True):
        change = by_start.get(old.start)
        if change is None and new.raw != old.raw:
            return False
        if not is_same_address(new.url, moved.get(old.group, old.url)):
            return False
    return True
