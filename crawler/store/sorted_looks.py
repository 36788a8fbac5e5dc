"""The looks of a batch, sorted by what is to be written of them.

Nearly every look says what the one before said, of a link whose health stands; a few comparisons tell so, and
then an id in a list is all there is of it. What may change a health is put aside to be judged.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, Final

from crawler.judge import Voice, voice_of
from crawler.records import Observation, Outcome, Reason, State
from crawler.store.facts import is_of_stranger, tells_of_the_thing
from crawler.store.intervals import add_run
from crawler.store.places import Place
from crawler.store.times import time_to_text, whole_seconds

NOT_MODIFIED: Final = 304
# Read for every look; as members of their enumerations they cost five times as much.
ALIVE: Final = Outcome.ALIVE
MOVED: Final = Outcome.MOVED
UNMODIFIED: Final = Reason.NOT_MODIFIED
FOR: Final = Voice.FOR
NOT_LOOKED: Final = Voice.NOT_LOOKED
KEPT_OUT: Final = Voice.KEPT_OUT
RESTRICTED: Final = State.RESTRICTED.value
STATE_OF: Final = {ALIVE: State.HEALTHY.value, MOVED: State.MOVED.value}
"""What a link is that was found once more."""


class SortedLooks:
    """Looks of one run at links of their own, with the places of these links before them."""

    def __init__(self, run_id: int, started_at: str) -> None:
        self.run_id = run_id
        self.started_at = started_at
        self.this_run = f"-{run_id:04}"
        """How the runs of an interval end that has this run already."""
        self.run_before = f"-{run_id - 1:04}"
        self._second = self._next_second = datetime.min.replace(tzinfo=UTC)
        self._time = ""
        self.extended: list[int] = []
        """Intervals that reached to the run before this one."""
        self.resumed: list[tuple[str, int]] = []
        """Intervals that some runs before this one did not see, with their runs now."""
        self.details: list[tuple[str | None, int]] = []
        self.inserted: list[Any] = []
        """New intervals, ten values each; the last is the time."""
        self.has_first_answers = False
        """Whether some of them found a link at the first look ever."""
        self.found_again: list[int] = []
        self.told_again: list[int] = []
        """Links found again by a look that tells facts, or a 304 in its place."""
        self.kept_out_again: list[int] = []
        self.validators: list[tuple[str, int]] = []
        self.to_judge: list[tuple[Observation, Place, str, bool, bool]] = []
        """With the time of the look, whether it tells facts, and whether it says the same as the latest."""
        self.named: list[tuple[Observation, Place, str]] = []
        """Looks that name another thing than the database knows."""
        self.telling: list[tuple[Observation, Place, str]] = []

    @property
    def latest_time(self) -> str:
        """When the latest of them was taken."""
        return max(self.inserted[9::10], default=self.started_at)

    def take(self, look: Observation, row: tuple[Any, ...]) -> None:
        """Sort one look, at the link of a row of `read_places`. A repeat within the run adds nothing."""
        # Unpacked, and the likely asked first: this is done for every link every night.
        (
            link_id, host_id, stranger, _, state, last_checked_at, knows_facts, validators,
            latest_id, outcome, reason, http_status, final_url, suggested_url, detail, told_facts, runs, _,
        ) = row  # fmt: skip
        found = look.outcome is ALIVE or look.outcome is MOVED
        voice = FOR if found else voice_of(look)
        # A 304 may stand at the end of redirects too.
        unmodified = look.reason is UNMODIFIED or look.http_status == NOT_MODIFIED
        tells = found or tells_of_the_thing(look)
        tells_facts = False
        if look.facts or (unmodified and knows_facts):
            tells_facts = tells and not is_of_stranger(host_id, look)
        if outcome != look.outcome:
            same = False
        elif unmodified and found:
            # The host says itself that all is as it was, whatever status and reason the full answer had.
            same = suggested_url == look.suggested_url and bool(told_facts or not tells_facts)
        elif voice is NOT_LOOKED:
            # "Ask again at 03:12" differs every night and says nothing of the link.
            same = reason == look.reason
        else:
            same = (
                reason == look.reason
                and http_status == look.http_status
                and final_url == look.final_url
                and suggested_url == look.suggested_url
                and detail == look.detail
                and told_facts == tells_facts
            )
        if same:
            if runs.endswith(self.this_run):
                return
            if runs.endswith(self.run_before):
                self.extended.append(latest_id)
            else:
                self.resumed.append((add_run(runs, self.run_id), latest_id))
            at, tells_facts = self.started_at, bool(told_facts)
            if found and state == STATE_OF[look.outcome]:
                (self.told_again if tells_facts else self.found_again).append(link_id)
            elif voice is KEPT_OUT and state == RESTRICTED and not tells_facts:
                self.kept_out_again.append(link_id)
            else:
                self.to_judge.append((look, Place._make(row), at, tells_facts, same))
                if voice is NOT_LOOKED:
                    self.details.append((look.detail, latest_id))
        else:
            if not self._second <= look.observed_at < self._next_second:
                self._begin_second(look.observed_at)
            at = self._time if last_checked_at is None else max(self._time, last_checked_at)
            self._insert(link_id, look, at, tells_facts)
            if state is None and look.outcome is ALIVE:
                self.has_first_answers = True
            else:
                self.to_judge.append((look, Place._make(row), at, tells_facts, same))
        if found and look.validators:
            # Validators vouch for a page only if it was the page that sent them, not an error in its place.
            text = headers_to_text(look.validators)
            if text != validators:
                self.validators.append((text, link_id))
        if tells and look.host_id is not None and not (host_id == look.host_id and stranger is look.stranger):
            self.named.append((look, Place._make(row), at))
        if tells_facts and look.facts:
            self.telling.append((look, Place._make(row), at))

    def _begin_second(self, time: datetime) -> None:
        """Looks come many a second; all of one second have one time, and none is before its run."""
        self._second = whole_seconds(time)
        self._next_second = self._second + timedelta(seconds=1)
        self._time = max(time_to_text(time), self.started_at)

    def _insert(self, link_id: int, look: Observation, at: str, tells_facts: bool) -> None:
        chain = None
        if look.redirect_chain:
            chain = json.dumps([[hop.url, hop.status] for hop in look.redirect_chain], ensure_ascii=False)
        # Exact types: SQLite's module takes a detour for each value of a subclass.
        self.inserted += (
            link_id,
            str(look.outcome),
            str(look.reason),
            look.http_status,
            look.final_url,
            look.suggested_url,
            look.detail,
            chain,
            1 if tells_facts else 0,
            at,
        )


def headers_to_text(headers: Mapping[str, str]) -> str:
    """Names and values as JSON, by name: what `json.dumps` says, which takes a long start."""
    told = [f"{quoted(name)}: {quoted(headers[name])}" for name in sorted(headers)]
    return f"{{{', '.join(told)}}}"
