"""The shipped catalog and its recorded corrections belong together."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.catalog import load_catalog
from crawler.importer.corrections import read_corrections
from crawler.links.normalise import normalise_url
from crawler.records import EntryKind

CATALOG = Path(__file__).parents[2] / "catalog"
CORRECTIONS = sorted((CATALOG / "corrections").glob("*.yaml"))


def test_every_entry_has_a_name_and_every_link_an_address() -> None:
    catalog = load_catalog([str(CATALOG)])
    assert len(catalog.documents) == 5
    assert len(catalog.entries) >= 420
    for entry in catalog.entries:
        assert entry.name.strip() == entry.name != ""
        assert "\N{REPLACEMENT CHARACTER}" not in f"{entry.name}{entry.section}{entry.stated.license}"
        for mention in entry.mentions:
            assert normalise_url(mention.url)
            assert mention.line


def test_each_document_keeps_its_own_links_if_any_at_one_page() -> None:
    catalog = load_catalog([str(CATALOG)])
    for document in catalog.documents:
        kinds = [entry.kind for entry in catalog.entries if entry.document == document.name]
        assert kinds.count(EntryKind.PAGE) == (document.name != "open-llm-overview")


def test_the_joke_is_marked() -> None:
    catalog = load_catalog([str(CATALOG)])
    notes = {entry.name: entry.note for entry in catalog.entries if entry.note}
    assert notes["GPTrillion"] == "April fools joke, project deleted"


@pytest.mark.parametrize("path", CORRECTIONS, ids=[path.stem for path in CORRECTIONS])
def test_recorded_corrections_show_in_the_catalog(path: Path) -> None:
    corrections = read_corrections(path)
    entries = {entry.id: entry for entry in load_catalog([str(CATALOG / path.name)]).entries}
    renamed = {
        step.entry: step.slug
        for step in corrections.steps
        if step.slug is not None and step.merge_into is None
    }
    taken = {step.slug for step in corrections.steps}
    for step in corrections.steps:
        assert step.reason
        if step.rename is not None or step.merge_into is not None:
            assert f"{path.stem}/{step.entry}" not in entries or step.slug or step.entry in taken
            continue
        entry = entries[f"{path.stem}/{renamed.get(step.entry, step.entry)}"]
        assert step.kind in {None, entry.kind}
        assert step.parameters in {None, entry.stated.parameters}
        assert step.note in {None, entry.note}
