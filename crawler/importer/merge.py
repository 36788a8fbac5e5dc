"""A new import, the last one, and the catalog file as it stands → the file as it should be. Pure.

What the document changed is taken over, what a person changed in the file stays; ids stay in any case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import TypeVar

from crawler.links.classify import link_of
from crawler.records import Entry, Mention, Role, Stated

T = TypeVar("T")
Key = tuple[str, int]
"""An address and how often it stood at the entry before."""


def merge_entries(
    existing: Sequence[Entry],
    written: Sequence[Entry] | None,
    fresh: Sequence[Entry],
    today: date,
    given_ids: frozenset[str] = frozenset(),
) -> tuple[list[Entry], list[Entry]]:
    """The file's entries, and `fresh` with the ids that the file has for them.

    `existing` is the catalog file's, `written` what the last import wrote (None: nobody knows).
    `given_ids` are ids that corrections gave: the only ones that may replace an older one.
    """
    last = {entry.id: entry for entry in written or ()}
    here = {entry.id for entry in existing}
    pairs = match_entries(fresh, existing)
    left = [index for index in range(len(fresh)) if index not in pairs]
    gone = [entry for entry in written or () if entry.id not in here]
    matched = match_entries([fresh[index] for index in left], gone)
    removed = {left[position]: gone[same].id for position, same in matched.items()}
    taken = here | set(removed.values())
    merged: dict[int, Entry] = {}
    for index, entry in enumerate(fresh):
        if index in pairs:
            mine = existing[pairs[index]]
            merged[index] = _merge_entry(mine, last.get(mine.id), entry, today)
            if entry.id in given_ids and entry.id not in taken:
                taken.add(entry.id)
                merged[index] = replace(merged[index], id=entry.id)
        elif index not in removed:
            merged[index] = replace(entry, id=_free_id(entry.id, taken))
            taken.add(merged[index].id)
    extras = {
        index: _vanish(entry, today) if _was_imported(entry, last, written) else entry
        for index, entry in enumerate(existing)
        if index not in pairs.values()
    }
    in_order = written is None or [entry.id for entry in existing if entry.id in last] == [
        entry.id for entry in written if entry.id in here
    ]
    named = [
        replace(entry, id=removed[index] if index in removed else merged[index].id)
        for index, entry in enumerate(fresh)
    ]
    return _arrange(existing, merged, extras, pairs, follow_fresh=in_order), named


def _was_imported(entry: Entry, last: dict[str, Entry], written: Sequence[Entry] | None) -> bool:
    """Whether it came from the document; without a record, its lines say so."""
    if written is not None:
        return entry.id in last
    return any(mention.line is not None for mention in entry.mentions)


def _vanish(entry: Entry, today: date) -> Entry:
    return replace(entry, vanished=entry.vanished or today)


def _free_id(wanted: str, taken: set[str]) -> str:
    if wanted not in taken:
        return wanted
    number = next(number for number in range(2, len(taken) + 3) if f"{wanted}-{number}" not in taken)
    return f"{wanted}-{number}"


def _arrange(
    existing: Sequence[Entry],
    merged: dict[int, Entry],
    extras: dict[int, Entry],
    pairs: dict[int, int],
    *,
    follow_fresh: bool,
) -> list[Entry]:
    """The document's order, unless a person gave the file another; what is extra keeps its neighbour."""
    back = {old: new for new, old in pairs.items()}
    arranged = [merged[index] for index in sorted(merged)] if follow_fresh else []
    before: str | None = None
    for index, entry in enumerate(existing):
        if index in extras:
            _insert(arranged, extras[index], before)
            before = entry.id
            continue
        if not follow_fresh:
            arranged.append(merged[back[index]])
        before = merged[back[index]].id
    if not follow_fresh:
        before = None
        for index in sorted(merged):
            if index not in pairs:
                _insert(arranged, merged[index], before)
            before = merged[index].id
    return arranged


def _insert(entries: list[Entry], entry: Entry, after: str | None) -> None:
    place = next((index + 1 for index, other in enumerate(entries) if other.id == after), 0)
    entries.insert(place, entry)


# --- which entry is which ------------------------------------------------------------------------


def match_entries(fresh: Sequence[Entry], existing: Sequence[Entry]) -> dict[int, int]:
    """Index of a new entry → index of the same one in the file: by id, by links, by name, each once."""
    pairs: dict[int, int] = {}
    by_id = {entry.id: index for index, entry in enumerate(existing)}
    for index, entry in enumerate(fresh):
        same = by_id.get(entry.id)
        if same is not None and _is_alike(entry, existing[same]):
            pairs[index] = same
    keys: tuple[Callable[[Entry], Iterable[Hashable]], ...] = (
        lambda entry: _addresses(entry, Role.PROJECT),
        _addresses,
        lambda entry: [(entry.name, entry.section)],
        lambda entry: [entry.name],
        lambda entry: [entry.id],
    )
    for keys_of in keys:
        _match_unique(fresh, existing, pairs, keys_of)
    return pairs


def _is_alike(one: Entry, other: Entry) -> bool:
    return one.name == other.name or bool(_addresses(one) & _addresses(other))


def _addresses(entry: Entry, role: Role | None = None) -> set[str]:
    return {
        link_of(mention.url).canonical_url
        for mention in entry.mentions
        if role is None or mention.role is role
    }


def _match_unique(
    fresh: Sequence[Entry],
    existing: Sequence[Entry],
    pairs: dict[int, int],
    keys_of: Callable[[Entry], Iterable[Hashable]],
) -> None:
    """Pairs those left that share a key which no other entry left has."""
    taken = set(pairs.values())
    new = _owners(((index, entry) for index, entry in enumerate(fresh) if index not in pairs), keys_of)
    old = _owners(((index, entry) for index, entry in enumerate(existing) if index not in taken), keys_of)
    for key, index in new.items():
        same = old.get(key)
        if index is not None and same is not None and index not in pairs and same not in taken:
            pairs[index] = same
            taken.add(same)


def _owners(
    entries: Iterable[tuple[int, Entry]], keys_of: Callable[[Entry], Iterable[Hashable]]
) -> dict[Hashable, int | None]:
    """Key → the one entry that has it, None where several do."""
    owners: dict[Hashable, int | None] = {}
    for index, entry in entries:
        for key in keys_of(entry):
            owners[key] = None if key in owners else index
    return owners


# --- one entry -----------------------------------------------------------------------------------


def _merge_entry(mine: Entry, last: Entry | None, fresh: Entry, today: date) -> Entry:
    def pick(field: Callable[[Entry], T]) -> T:
        return _pick(field(mine), field(last) if last is not None else None, field(fresh), last is not None)

    return Entry(
        id=mine.id,
        name=pick(lambda entry: entry.name),
        kind=pick(lambda entry: entry.kind),
        document=mine.document,
        section=pick(lambda entry: entry.section),
        stated=Stated(pick(lambda entry: entry.stated.license), pick(lambda entry: entry.stated.parameters)),
        mentions=_merge_mentions(mine.mentions, last.mentions if last else None, fresh.mentions, today),
        note=pick(lambda entry: entry.note),
    )


def _pick(mine: T, last: T | None, fresh: T, has_last: bool) -> T:
    """What a person changed stays; without a record everything that stands there may be a person's."""
    if has_last:
        return fresh if mine == last else mine
    return fresh if mine in (None, "", ()) else mine


def _merge_mentions(
    mine: Sequence[Mention], last: Sequence[Mention] | None, fresh: Sequence[Mention], today: date
) -> tuple[Mention, ...]:
    here, there, before = _by_key(mine), _by_key(fresh), _by_key(last or ())
    merged: dict[Key, Mention] = {}
    for key, mention in there.items():
        if key in here:
            role = _pick(
                here[key].role, before[key].role if key in before else None, mention.role, key in before
            )
            merged[key] = replace(mention, role=role)
        elif key not in before:
            merged[key] = mention
    extras = {key: mention for key, mention in here.items() if key not in there}
    if not extras and (last is None or list(here) == list(before)):
        return tuple(merged.values())
    for key, mention in extras.items():
        imported = key in before if last is not None else mention.line is not None
        extras[key] = replace(mention, vanished=mention.vanished or today) if imported else mention
    kept = {key: merged.get(key) or extras[key] for key in here}
    return tuple((kept | merged).values())


def _by_key(mentions: Iterable[Mention]) -> dict[Key, Mention]:
    counts: Counter[str] = Counter()
    keyed: dict[Key, Mention] = {}
    for mention in mentions:
        keyed[mention.url, counts[mention.url]] = mention
        counts[mention.url] += 1
    return keyed
