"""Links of an owner as a catalog file."""

from __future__ import annotations

import pytest

from crawler.catalog import join_files, parse_catalog
from crawler.errors import UsageError
from crawler.importer.expand import write_fragment
from crawler.links.classify import link_of

URL = "https://huggingface.co/made-up"
LINKS = [
    link_of(url)
    for url in (
        "https://huggingface.co/made-up/Model-7B",
        "https://huggingface.co/datasets/made-up/model-7b",
        "https://huggingface.co/spaces/made-up/demo",
        "https://arxiv.org/abs/2305.14314",
    )
]


@pytest.mark.parametrize(("document", "stem"), [(None, "made-up"), ("falcon", "falcon")])
def test_it_loads_as_a_catalog_file(document: str | None, stem: str) -> None:
    text = write_fragment(URL, LINKS, document)
    catalog = join_files([parse_catalog(text.encode(), f"{stem}.yaml")])
    assert [(entry.id, entry.kind.value, entry.mentions[0].role.value) for entry in catalog.entries] == [
        (f"{stem}/model-7b", "model", "project"),
        (f"{stem}/model-7b-2", "dataset", "project"),
        (f"{stem}/demo", "other", "demo"),
        (f"{stem}/2305.14314", "paper", "paper"),
    ]
    assert [entry.mentions[0].url for entry in catalog.entries] == [link.canonical_url for link in LINKS]


def test_nothing_there() -> None:
    with pytest.raises(UsageError, match="lists nothing"):
        write_fragment(URL, [], None)
