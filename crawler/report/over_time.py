"""What the charts show: health run by run, and the repositories that gained most stars."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from crawler.records import Run, RunState, State
from crawler.store.history import History
from crawler.store.timelines import StarGrowth

MOST_RUNS: Final = 60
MOST_REPOSITORIES: Final = 8


@dataclass(frozen=True, slots=True)
class OverTime:
    """`states[i]` and every `stars[i]` of a repository belong to `runs[i]`, oldest first."""

    runs: tuple[Run, ...] = ()
    states: tuple[Counter[State], ...] = ()
    stars: tuple[StarGrowth, ...] = ()


def collect_over_time(history: History, run: Run | None, document: str | None) -> OverTime:
    """At most MOST_RUNS finished runs up to this one, evenly chosen; the first and the last always."""
    if run is None:
        return OverTime()
    finished = [each for each in history.runs() if each.id <= run.id and each.state is RunState.FINISHED]
    runs = choose_evenly(finished[::-1], MOST_RUNS)
    return OverTime(
        tuple(runs),
        tuple(history.states_over(runs, document)),
        tuple(history.star_growth(runs, document, MOST_REPOSITORIES)),
    )


def choose_evenly(runs: Sequence[Run], most: int) -> list[Run]:
    """At most `most` of them, with the first and the last."""
    if len(runs) <= most:
        return list(runs)
    step = (len(runs) - 1) / (most - 1)
    return [runs[round(place * step)] for place in range(most)]
