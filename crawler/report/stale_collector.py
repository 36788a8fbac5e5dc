"""From the history to the report: which links want a person, and why others could not be checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Final

from crawler.judge import Voice, voice_of_words
from crawler.links.mask import mask_url
from crawler.records import Exclusion, FindingKind, Reason, Run, State
from crawler.report.language import ENGLISH, Text
from crawler.report.stale_model import (
    SHOWN_BY_HEALTH,
    DocumentItems,
    Item,
    News,
    Place,
    StaleReport,
    Topic,
    Unchecked,
)
from crawler.report.wording import describe_evidence, format_day
from crawler.store import snapshots as stored
from crawler.store.events import Event, EventKind
from crawler.store.history import History
from crawler.store.pages import pages
from crawler.store.snapshots import Finding, LinkSnapshot

BY_HEALTH: Final[Mapping[State, Topic]] = {
    State.DEAD: Topic.DEAD,
    State.MOVED: Topic.MOVED,
    State.SUSPECT: Topic.SUSPECT,
    State.RESTRICTED: Topic.RESTRICTED,
}
FAILING: Final = frozenset({State.DEAD, State.SUSPECT})
CANNOT_BE_ASKED: Final = frozenset({Reason.INVALID_URL, Reason.PRIVATE_ADDRESS})
"""An address the document should not have; no later look will change that."""

NEWS: Final = (
    EventKind.NEW_DEAD,
    EventKind.MOVED,
    EventKind.SUSPECT,
    EventKind.RECOVERED,
    EventKind.NAME_REUSED,
    EventKind.WITHDRAWN,
    EventKind.LICENSE_CHANGED,
    EventKind.SIZE_CHANGED,
    EventKind.ARCHIVED,
    EventKind.GATED,
    EventKind.RESTRICTED,
)
"""In the order they are told. An outage is no change of a link."""

SHOWN_HOSTS: Final = 3


def collect_report(
    history: History, run: Run | None, *, title: str, document: str | None, text: Text = ENGLISH
) -> StaleReport:
    """Everything the report says, as of a run, in one language."""
    return _Collector(history, run, document, text).collect(title)


def collect_news(history: History, run: Run, *, document: str | None, text: Text = ENGLISH) -> list[News]:
    """What changed in a run, the gravest first."""
    return list(_Collector(history, run, document, text).news())


@dataclass(slots=True)
class _Doubt:
    """Links that could not be checked for one reason: how many at which hosts, and what the looks said."""

    hosts: Counter[str] = field(default_factory=Counter)
    details: set[str] = field(default_factory=set)


class _Collector:
    def __init__(self, history: History, run: Run | None, document: str | None, text: Text) -> None:
        self._history = history
        self._text = text
        self._run = run
        self._document = document
        self._left_alone = {
            exclusion.url: exclusion
            for exclusion in history.exclusions(run)
            if run is not None and _is_in_force(exclusion, run)
        }
        self._read: dict[str, list[stored.Place]] = {}

    def collect(self, title: str) -> StaleReport:
        report = StaleReport(
            title=title,
            run=self._run,
            states=self._history.state_counts(self._run, self._document),
            made_up=self._history.made_up,
            document=self._document,
            text=self._text,
        )
        if self._run is None:
            return replace(report, entries=self._history.count_entries(None, self._document))
        return replace(
            report,
            source=self,
            is_first=self._history.run_before(self._run) is None,
            notes=(
                *(str(note) for note in self._history.summary_of(self._run).get("notes", ())),
                *self._suppressed(self._run),
            ),
        )

    def has_items(self) -> bool:
        """Whether anything is open: the first thing is enough."""
        return next(self._open_items(), None) is not None

    def _open_items(self) -> Iterator[Item]:
        """What is open, with every place; only what stands in the document asked for."""
        items = (*(() if self._run is None else (self._health_items(self._run),)), self._finding_items())
        return (item for item in chain.from_iterable(items) if item.places)

    def _suppressed(self, run: Run) -> Iterator[str]:
        if count := self._history.count_suppressed(run):
            yield self._text.count(count, "counts.suppressed")

    def _health_items(self, run: Run) -> Iterator[Item]:
        """Links that fail, moved, keep us out or cannot be asked."""
        states = (*BY_HEALTH, State.UNKNOWN)
        for page in pages(self._history.links_in(states, CANNOT_BE_ASKED, run, self._document)):
            self._read_places(snapshot.link.canonical_url for snapshot in page)
            for snapshot in page:
                if snapshot.link.canonical_url not in self._left_alone:
                    topic = BY_HEALTH.get(snapshot.health.state, Topic.NOT_ASKED)
                    yield self._health_item(topic, snapshot)

    def _health_item(self, topic: Topic, snapshot: LinkSnapshot) -> Item:
        url, health = snapshot.link.canonical_url, snapshot.health
        return Item(
            topic=topic,
            url=mask_url(url),
            places=self._places(url),
            evidence=describe_evidence(health, self._text),
            told=_detail_behind(snapshot),
            suggested_url=_masked(health.suggested_url),
            archived_url=_masked(snapshot.archived_url),
            since=health.first_failed_at if health.state in FAILING else health.since,
        )

    def _doubts(self, run: Run) -> dict[str, _Doubt]:
        """Links that this run could not check, by why."""
        doubts: dict[str, _Doubt] = {}
        for links in self._history.unchecked(run, self._left_alone, CANNOT_BE_ASKED, self._document):
            voice: Voice | None = None
            details: tuple[str, ...] = ()
            if links.outcome is not None and links.reason is not None:
                voice = voice_of_words(links.outcome, links.reason)
            if voice is None:
                why = self._text("unchecked.not_yet")
            elif voice is Voice.NOT_LOOKED:
                why, details = self._text("unchecked.left", reason=links.reason), links.details
            elif links.is_earlier:
                why = self._text("unchecked.not_asked", id=run.id)
            elif voice is Voice.SILENT and links.state is not State.SUSPECT:
                why = self._text("unchecked.no_answer", reason=links.reason)
            else:
                continue
            doubt = doubts.setdefault(why, _Doubt())
            doubt.hosts[links.host or "(no host)"] += links.count
            doubt.details.update(details)
        return doubts

    def _finding_items(self) -> Iterator[Item]:
        """One for each thing found about a link, whatever the number of entries it stands at."""
        seen: set[tuple[FindingKind, str, str | None, str | None]] = set()
        for page in pages(self._history.findings(self._run)):
            self._read_places(each.url for each in page if each.url and each.kind not in SHOWN_BY_HEALTH)
            for finding in page:
                about = finding.url or finding.entry_id
                what = (finding.kind, about, finding.stated, finding.observed)
                if finding.kind not in SHOWN_BY_HEALTH and finding.url not in self._left_alone:
                    if what not in seen:
                        yield self._finding_item(finding)
                    seen.add(what)

    def _finding_item(self, finding: Finding) -> Item:
        return Item(
            topic=Topic(finding.kind.value),
            url=_masked(finding.url),
            places=self._places(finding.url) if finding.url else self._place_of(finding.entry_id),
            evidence=self._text("evidence.seen_since", day=format_day(finding.opened_at)),
            told=self._told_by(finding),
            since=finding.opened_at,
        )

    def _read_places(self, urls: Iterable[str]) -> None:
        """Where these links stand, all at once, for `_places`."""
        wanted = list(urls)
        found = self._history.places_of(wanted, self._run)
        self._read = {url: found.get(url, []) for url in wanted}

    def _places(self, url: str) -> tuple[Place, ...]:
        """Where a link stands; empty when it is not in the document asked for, whose places come first."""
        told = self._read.get(url)
        if told is None:
            told = self._history.places(url, self._run)
        places = [Place(place.document, place.line, place.entry_name) for place in told]
        if self._document is not None:
            if not any(place.document == self._document for place in places):
                return ()
            places.sort(key=lambda place: place.document != self._document)
        return tuple(dict.fromkeys(places))

    def _place_of(self, entry_id: str) -> tuple[Place, ...]:
        snapshot = self._history.entry(entry_id, self._run)
        if snapshot is None or self._document not in {None, snapshot.entry.document}:
            return ()
        return (Place(snapshot.entry.document, None, snapshot.entry.name),)

    def news(self) -> Iterator[News]:
        """What changed in this run, the gravest first, then as the documents have it."""
        told: list[tuple[Event, tuple[Place, ...]]] = []
        for page in pages(() if self._run is None else self._history.changes(self._run)):
            self._read_places(event.url for event in page)
            told += (
                (event, places)
                for event in page
                if event.url not in self._left_alone and (places := self._places(event.url))
            )
        told.sort(key=lambda pair: (NEWS.index(pair[0].kind), pair[1][0].document, pair[1][0].line or 0))
        for event, places in told:
            yield News(
                kind=event.kind,
                what=self._text(f"news.{event.kind}"),
                url=mask_url(event.url),
                places=places,
                evidence=self._evidence_in(event),
                told=_told_in(event),
            )

    def documents(self) -> Iterator[DocumentItems]:
        """What is open, by document."""
        order = list(Topic)
        found: dict[str, list[Item]] = {}
        for item in self._open_items():
            found.setdefault(item.places[0].document, []).append(item)
        for document in self._history.documents(self._run):
            if items := found.get(document.name):
                items.sort(
                    key=lambda item: (order.index(item.topic), item.places[0].line or 0, item.url or "")
                )
                yield DocumentItems(document.name, document.title, _masked(document.url), tuple(items))

    def unchecked(self) -> Iterator[Unchecked]:
        """What this run could not check, by why."""
        doubts = {} if self._run is None else self._doubts(self._run)
        for why, doubt in sorted(doubts.items(), key=lambda pair: -pair[1].hosts.total()):
            told = self._name_hosts(doubt.hosts)
            if doubt.details:
                detail = mask_url(min(doubt.details))
                if len(doubt.details) > 1:
                    detail = self._text("unchecked.example", detail=detail)
                told = f"{told} ({detail})"
            yield Unchecked(doubt.hosts.total(), why, told)
        exclusions = Counter(
            self._describe_exclusion(exclusion)
            for url, exclusion in self._left_alone.items()
            if self._places(url)
        )
        for reason, count in exclusions.most_common():
            yield Unchecked(count, self._text("unchecked.excluded"), reason)

    def _describe_exclusion(self, exclusion: Exclusion) -> str:
        if exclusion.until is None:
            return exclusion.reason
        return self._text("unchecked.until", reason=exclusion.reason, until=exclusion.until)

    def _told_by(self, finding: Finding) -> str:
        match finding.kind:
            case FindingKind.ARCHIVED | FindingKind.WITHDRAWN:
                return ""
            case FindingKind.GATED:
                return finding.observed or ""
            case FindingKind.NAME_REUSED:
                return finding.detail or ""
        nothing = self._text("nothing")
        change = f"{finding.stated or nothing} → {finding.observed or nothing}"
        return (
            f"{change}{self._text('comma')}{finding.detail}"
            if finding.detail not in {None, finding.url}
            else change
        )

    def _evidence_in(self, event: Event) -> str:
        match event.kind:
            case EventKind.RECOVERED:
                return self._text("evidence.was", state=self._text(f"states.{event.before}"))
            case EventKind.NEW_DEAD | EventKind.SUSPECT | EventKind.RESTRICTED:
                return event.detail or ""
        return ""

    def _name_hosts(self, hosts: Counter[str]) -> str:
        named = self._text("comma").join(host for host, _ in hosts.most_common(SHOWN_HOSTS))
        more = len(hosts) - SHOWN_HOSTS
        return self._text("unchecked.more_hosts", hosts=named, n=f"{more:,}") if more > 0 else named


def _is_in_force(exclusion: Exclusion, run: Run) -> bool:
    return exclusion.until is None or run.started_at.date() < exclusion.until


def _detail_behind(snapshot: LinkSnapshot) -> str:
    """What the latest look said, if it is the one behind the state."""
    look = snapshot.last_look
    if look is None or look.detail is None or look.reason is not snapshot.health.reason:
        return ""
    return mask_url(look.detail)


def _told_in(event: Event) -> str:
    match event.kind:
        case EventKind.MOVED if event.after:
            return mask_url(f"→ {event.after}")
        case EventKind.LICENSE_CHANGED | EventKind.SIZE_CHANGED:
            return f"{event.before} → {event.after}"
    return ""


def _masked(url: str | None) -> str | None:
    return None if url is None else mask_url(url)
