"""What hosts show at addresses that cannot exist is remembered and handed on with the questions."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from crawler.clock import SimulatedClock
from crawler.links.classify import link_of
from crawler.records import Catalog, Document, Entry, EntryKind, Mention, Role, Sibling
from crawler.store.store import Store

from .conftest import ask

PAGES = ("https://pages.example.org/a", "http://pages.example.org:8080/b", "https://other.example/c")


def test_a_sibling_comes_back_with_every_question_of_its_host(tmp_path: Path, clock: SimulatedClock) -> None:
    mentions = tuple(Mention(url, url, Role.OTHER) for url in PAGES)
    entry = Entry("list/one", "one", EntryKind.OTHER, "list", mentions=mentions)
    catalog = Catalog((Document("list", "A list"),), (entry,))
    first = Sibling(clock.now(), "Welcome", "to anything")
    with Store.open(tmp_path / "crawler.db", clock.now) as store:
        run = store.begin_run(catalog)
        assert {question.known.sibling for question in ask(store, run)} == {None}
        for sibling in (first, Sibling(clock.now() + timedelta(days=7))):
            store.remember_siblings({"pages.example.org": sibling})
            known = {question.link: question.known.sibling for question in ask(store, run)}
            assert known == {
                link_of(PAGES[0]): sibling,
                link_of(PAGES[1]): sibling,
                link_of(PAGES[2]): None,
            }
