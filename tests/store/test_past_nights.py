"""Any past night exactly again, whatever happened after it: looks, catalog edits, maintainers' words."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from crawler.clock import SimulatedClock
from crawler.config import Config
from crawler.records import (
    Catalog,
    Document,
    Entry,
    EntryKind,
    Exclusion,
    FindingKind,
    Mention,
    Observation,
    Outcome,
    Override,
    Reason,
    Role,
    Stated,
    Suppression,
)
from crawler.report.export import export_catalog
from crawler.report.stale import stale_report
from crawler.settings import HealthSettings, Settings
from crawler.store.compact import compact

from .conftest import Nights, look

FIRST_DAY = date(2026, 11, 2)
MODEL, CODE, PAPER, PAGE = URLS = (
    "https://huggingface.co/owner/model",
    "https://github.com/owner/name",
    "https://arxiv.org/abs/2305.15334",
    "https://example.org/page",
)
SEEN = [
    (Outcome.ALIVE, Reason.OK),
    (Outcome.MOVED, Reason.RENAMED),
    (Outcome.RESTRICTED, Reason.BOT_WALL),
    (Outcome.NOT_FOUND, Reason.NOT_FOUND),
    (Outcome.NOT_FOUND, Reason.NOT_FOUND),
    (Outcome.FAILED, Reason.TIMEOUT),
]
FACTS = st.fixed_dictionaries(
    {},
    optional={
        "stars": st.integers(1, 4),
        "license": st.sampled_from(["MIT", "0BSD", "NONE", "NOASSERTION"]),
        "archived": st.booleans(),
        "gated": st.sampled_from([False, "manual"]),
        "full_name": st.sampled_from(["owner/name", "owner/new"]),
        "parameter_count": st.sampled_from([7, 8]),
    },
)


def seen(url: str, saw: tuple[Outcome, Reason], facts: dict[str, Any], host_id: str | None) -> Observation:
    moved = "https://example.org/new" if saw[0] is Outcome.MOVED else None
    return look(url, *saw, facts=facts, host_id=host_id, suggested_url=moved)


LOOKS = st.lists(
    st.builds(
        seen, st.sampled_from(URLS), st.sampled_from(SEEN), FACTS, st.sampled_from([None, "1", "1", "2"])
    ),
    max_size=4,
    unique_by=lambda each: each.link.canonical_url,
)
ENTRIES = st.builds(
    lambda document, slug, name, section, license_, mentions: Entry(
        f"{document}/{slug}",
        name,
        EntryKind.MODEL,
        document,
        section,
        Stated(license_),
        tuple(Mention(url, url, role, line) for line, (url, role) in enumerate(mentions, 1)),
    ),
    st.sampled_from(["one", "two"]),
    st.sampled_from(["a", "b"]),
    st.sampled_from(["Name", "Other name"]),
    st.sampled_from(["", "Models"]),
    st.sampled_from([None, "MIT", "Apache 2.0"]),
    st.lists(st.tuples(st.sampled_from(URLS), st.sampled_from([Role.PROJECT, Role.PAPER])), max_size=3),
)


@st.composite
def catalogs(draw: st.DrawFn) -> Catalog:
    entries = draw(st.lists(ENTRIES, max_size=3, unique_by=lambda entry: entry.id))
    ids = st.sampled_from([entry.id for entry in entries] or ["one/a"])
    return Catalog(
        tuple(Document(name, draw(st.sampled_from(["Title", "New title"]))) for name in ("one", "two")),
        tuple(entries),
        tuple(Exclusion(url, "asked to") for url in draw(st.sets(st.sampled_from(URLS), max_size=1))),
        tuple(Override(draw(ids), "license", "MIT", "x") for _ in range(draw(st.integers(0, 1)))),
        tuple(
            Suppression(
                draw(ids),
                draw(st.sampled_from([FindingKind.ARCHIVED, FindingKind.DUPLICATE, FindingKind.DEAD])),
                "x",
                draw(st.dates(FIRST_DAY, date(2026, 11, 16))),
            )
            for _ in range(draw(st.integers(0, 2)))
        ),
    )


# Whole databases shrink too slowly to wait for.
@settings(max_examples=12, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.lists(st.tuples(st.none() | catalogs(), LOOKS), min_size=2, max_size=14))
def test_every_export_comes_again(
    tmp_path_factory: pytest.TempPathFactory, plan: list[tuple[Catalog | None, list[Observation]]]
) -> None:
    """As it was told on its night, by run and by day, the report too; thinning counters changes nothing."""
    folder: Path = tmp_path_factory.mktemp("nights")
    nights = Nights(folder / "state" / "crawler.db", SimulatedClock(datetime(2026, 11, 2, 2, 30, tzinfo=UTC)))
    nights.policy = HealthSettings(min_strikes=2, min_days=1)
    config = Config(Settings(), folder / "config.toml")
    nights.catalog = Catalog()
    told: list[str] = []
    days: list[str] = []
    for catalog, looks in plan:
        if catalog is not None:
            nights.catalog = catalog
        present = {mention.url for entry in nights.catalog.entries for mention in entry.mentions}
        days.append(nights.clock.now().date().isoformat())
        nights.night(*(each for each in looks if each.link.canonical_url in present))
        told.append(export(config, None))
    compact(nights.path, nights.clock.now())
    for number, (text, day) in enumerate(zip(told, days, strict=True), 1):
        assert export(config, str(number)) == text
        assert export(config, day) == text


def export(config: Config, as_of: str | None) -> str:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return "".join(export_catalog(config, "json", as_of=as_of, now=now)) + "".join(
        stale_report(config, "markdown", document=None, as_of=as_of) or ()
    )
