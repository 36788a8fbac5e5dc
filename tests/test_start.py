"""`crawler init`: what it writes works, and what is there stays."""

from datetime import date
from pathlib import Path

import pytest

from crawler.catalog import load_catalog
from crawler.catalog_checks import validate_catalog
from crawler.config import load_config
from crawler.config_page import write_config_page
from crawler.errors import UsageError
from crawler.fetch.environment import NetworkEnvironment
from crawler.settings import Settings
from crawler.start import start_folder

TODAY = date(2026, 11, 20)


def start(folder: Path, document: Path | None = None) -> list[str]:
    name = str(document) if document else None
    return list(start_folder(folder, name, NetworkEnvironment(), today=TODAY))


def test_a_new_folder_has_a_config_and_a_list_that_work(tmp_path: Path) -> None:
    told = start(tmp_path / "new" / "place")
    folder = tmp_path / "new" / "place"
    assert told == [f"wrote {folder / 'config.toml'}", f"wrote {folder / 'catalog' / 'my-list.yaml'}"]
    config = load_config(folder / "config.toml", must_exist=True)
    assert config.settings == Settings()
    catalog = load_catalog(config.catalog_paths)
    assert [entry.id for entry in catalog.entries] == ["my-list/example"]
    assert list(validate_catalog(config.catalog_paths, today=TODAY)) == []


def test_nothing_that_is_there_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[catalog]\npaths = ["lists"]\n')
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "mine.yml").write_text("not even YAML: [")
    assert start(tmp_path) == [f"kept {tmp_path / 'config.toml'}", "kept the catalog that is there"]
    document = tmp_path / "README.md"
    document.write_text("# Mine\n\n- [One](https://example.org/one)\n")
    with pytest.raises(UsageError, match=r"crawler import .*README\.md"):
        start(tmp_path, document)
    assert (tmp_path / "config.toml").read_text() == '[catalog]\npaths = ["lists"]\n'
    assert sorted(file.name for file in (tmp_path / "lists").iterdir()) == ["mine.yml"]
    assert (tmp_path / "lists" / "mine.yml").read_text() == "not even YAML: ["


def test_a_document_becomes_the_first_list(tmp_path: Path) -> None:
    document = tmp_path / "README.md"
    document.write_text(
        "# Good models\n\n- [One](https://github.com/someone/one)\n- [Two](https://example.org/2)\n"
    )
    folder = tmp_path / "place"
    assert (
        start(folder, document)[1] == f"wrote {folder / 'catalog' / 'good-models.yaml'}: 2 entries, 2 links"
    )
    entries = load_catalog(load_config(folder / "config.toml").catalog_paths).entries
    assert [entry.name for entry in entries] == ["One", "Two"]


def test_a_place_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write there"):
        start(tmp_path / "file" / "folder")


def test_the_shipped_config_is_what_init_writes() -> None:
    shipped = Path(__file__).parent.parent / "config.toml"
    assert shipped.read_text() == write_config_page(), "write it anew: crawler init into an empty folder"
