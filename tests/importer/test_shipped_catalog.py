"""The shipped catalog and its recorded corrections belong together."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from crawler.catalog import format_catalog, load_catalog
from crawler.catalog_checks import Severity, validate_catalog
from crawler.importer.corrections import apply_corrections, corrections_path, read_corrections
from crawler.importer.record import read_record, record_path
from crawler.links.normalise import normalise_url
from crawler.records import EntryKind

CATALOG = Path(__file__).parents[2] / "catalog"
NAMES = sorted(path.stem for path in CATALOG.glob("*.yaml"))


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


@pytest.mark.parametrize("name", NAMES)
def test_the_catalog_is_what_imports_read_and_recorded_corrections_made_of_it(name: str) -> None:
    """The documents are not ours to ship; the facts that were read from them are, under catalog/imported/."""
    output = CATALOG / f"{name}.yaml"
    record = read_record(record_path(output))
    assert record is not None
    document, entries = apply_corrections(
        read_corrections(corrections_path(output)), record.document, record.extracted
    )
    catalog = load_catalog([str(output)])
    assert catalog.documents == (document,)
    assert list(catalog.entries) == entries == list(record.written)
    text = output.read_text(encoding="utf-8")
    head = text[: text.index("\ndocument:")].replace("# ", "").rstrip("\n")
    assert text == format_catalog(document, entries, header=head)


def test_the_shipped_catalog_has_no_errors_and_no_surprise() -> None:
    problems = list(validate_catalog([str(CATALOG)], today=date(2026, 11, 20)))
    assert [str(problem) for problem in problems if problem.severity is Severity.ERROR] == []
    surprises = [
        problem.message
        for problem in problems
        if not re.search(r"has no link$|stands at .* already|is the project of .* too", problem.message)
    ]
    assert surprises == [
        "https://huggingface.co/docs/transformers/en/transformers_agents is a page of Hugging Face,"
        " not a repository: 'docs' is no owner"
    ]
