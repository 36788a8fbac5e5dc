"""A database built the way a crawl builds it: the real store, hand-made looks, one night after another."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crawler.catalog import write_catalog_file
from crawler.config import Config
from crawler.links.classify import link_of
from crawler.records import (
    Catalog,
    Document,
    Entry,
    EntryKind,
    Mention,
    Observation,
    Outcome,
    Reason,
    Role,
    RunState,
    Stated,
)
from crawler.settings import HealthSettings, Settings
from crawler.store.store import RunHandle, Store

FIRST_NIGHT = datetime(2026, 11, 1, 2, 30, tzinfo=UTC)

ALPACA = "https://github.com/tloen/alpaca-lora"
VICUNA = "https://github.com/lm-sys/vicuna"
FASTCHAT = "https://github.com/lm-sys/fastchat"
PHI = "https://huggingface.co/microsoft/phi-2"
PAPER = "https://arxiv.org/abs/2305.15334"
ZHIHU = "https://zhuanlan.zhihu.com/p/612345678"
BLOG = "https://example.org/blog?id=1"
HOSTILE_NAME = "=1+1 | [x](javascript:alert) *bold* @everyone"

CATALOG = Catalog(
    documents=(
        Document("first", "大模型列表 Awesome LLM", "https://github.com/someone/list"),
        Document("second", "Second *list*"),
    ),
    entries=(
        Entry(
            "first/alpaca",
            "Alpaca-LoRA",
            EntryKind.MODEL,
            "first",
            "Models > Small",
            Stated("Apache 2.0", ("7B", "13B")),
            (
                Mention(ALPACA, "https://github.com/tloen/alpaca-lora/", Role.PROJECT, 12),
                Mention(PAPER, "arxiv.org/abs/2305.15334v1", Role.PAPER, 12),
            ),
        ),
        Entry(
            "first/vicuna",
            "Vicuna 小羊驼",
            EntryKind.MODEL,
            "first",
            "Models",
            Stated(),
            (
                Mention(VICUNA, VICUNA, Role.PROJECT, 20),
                Mention(PHI, PHI, Role.PROJECT, 20),
                Mention(ZHIHU, ZHIHU, Role.ARTICLE, 21),
            ),
        ),
        Entry("first/no-link", "No link at all", EntryKind.OTHER, "first"),
        Entry(
            "second/hostile",
            HOSTILE_NAME,
            EntryKind.TOOL,
            "second",
            mentions=(
                Mention(BLOG, "=HYPERLINK(1)", Role.PROJECT, 3),
                Mention(ALPACA, ALPACA, Role.OTHER, 4),
            ),
        ),
    ),
)

Looks = Mapping[str, Observation]


def saw(url: str, outcome: Outcome = Outcome.ALIVE, reason: Reason = Reason.OK, **more: Any) -> Observation:
    """A look whose time the night fills in; 200 unless told otherwise."""
    more.setdefault("http_status", 200)
    return Observation(link_of(url), FIRST_NIGHT, outcome, reason, **more)


def missing(url: str) -> Observation:
    return saw(url, Outcome.NOT_FOUND, Reason.NOT_FOUND, http_status=404)


class Nights:
    """A database and its nights, a day apart; every link not spoken of is alive and well."""

    def __init__(self, folder: Path) -> None:
        self.database = folder / "state" / "crawler.db"
        self.config = Config(Settings(), folder / "config.toml")
        self.catalog = CATALOG
        self.made_up = False
        (folder / "catalog").mkdir()
        for document in CATALOG.documents:
            entries = [entry for entry in CATALOG.entries if entry.document == document.name]
            write_catalog_file(folder / "catalog" / f"{document.name}.yaml", document, entries)
        self.now = FIRST_NIGHT

    def open(self) -> Store:
        return Store.open(self.database, lambda: self.now, HealthSettings())

    def pass_night(
        self,
        *looks: Observation,
        requests: Mapping[str, int] | None = None,
        summary: Mapping[str, Any] | None = None,
        state: RunState = RunState.FINISHED,
        archived: Mapping[str, str] | None = None,
    ) -> int:
        """One whole run; afterwards it is the next day at the same time. Returns the run's id."""
        with self.open() as store:
            run = self.begin(store, *looks)
            for url, copy in (archived or {}).items():
                store.set_archived(run, url, "wayback", copy, self.now)
            store.finish_run(run, state, requests or {"api.github.com": 3, "example.org": 1}, summary)
        self.now += timedelta(days=1) - timedelta(minutes=5)
        return run.id

    def begin(self, store: Store, *looks: Observation) -> RunHandle:
        """A run as far as its looks; it is left running."""
        run = store.begin_run(self.catalog, self.now, made_up=self.made_up)
        told = {look.link.canonical_url: look for look in looks}
        urls = dict.fromkeys(mention.url for entry in self.catalog.entries for mention in entry.mentions)
        self.now += timedelta(minutes=5)
        store.record(run, [self._at_this_time(told.get(url) or saw(url)) for url in urls])
        return run

    def _at_this_time(self, look: Observation) -> Observation:
        return Observation(
            look.link,
            self.now,
            look.outcome,
            look.reason,
            look.http_status,
            look.final_url,
            look.suggested_url,
            look.detail,
            look.redirect_chain,
            look.facts,
            look.host_id,
            pointers=look.pointers,
        )


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    """An empty folder with a catalog file, before the first night."""
    return Nights(tmp_path)
