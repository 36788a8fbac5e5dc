"""`crawler import` as people run it: files, addresses, folders, and what it refuses."""

from __future__ import annotations

import json
import subprocess

import pytest

from crawler.catalog import load_catalog
from crawler.errors import UsageError
from crawler.importer.sources import locate
from crawler.sandbox.messages import Response
from crawler.sandbox.world import World
from tests.crawl.conftest import Place, place

__all__ = ["place"]

DOCUMENT = "# My list\n\n## Tools\n\n- [Foo](https://github.com/o/foo)\n"


def answer(text: str, media_type: str = "text/plain; charset=utf-8") -> Response:
    return Response(200, (("Content-Type", media_type),), text.encode())


def test_one_file_goes_into_the_catalog_folder_under_its_title(place: Place) -> None:
    (place.folder / "README.md").write_text(DOCUMENT)
    ran = place.run("import", "README.md")
    assert ran.stdout == ""
    assert "my-list.yaml: 1 entries, 1 links" in ran.stderr
    assert load_catalog([str(place.folder / "catalog" / "my-list.yaml")]).documents[0].title == "My list"
    (place.folder / "README.md").write_text(DOCUMENT + "- [Bar](https://github.com/o/bar)\n")
    ran = place.run("import", "README.md")
    assert '+  - id: "my-list/bar"' in ran.stdout.splitlines()
    assert "unchanged" in place.run("import", "README.md").stderr
    assert place.run("import", "README.md").stdout == ""
    place.run("validate")


def test_several_files_go_into_a_folder(place: Place) -> None:
    (place.folder / "a.md").write_text(DOCUMENT)
    (place.folder / "b.md").write_text(DOCUMENT.replace("My", "Other"))
    place.run("import", "a.md", "b.md", "--output", "lists")
    assert {path.name for path in (place.folder / "lists").glob("*.yaml")} == {
        "my-list.yaml",
        "other-list.yaml",
    }
    place.run("import", "a.md", "a.md", code=2)
    place.run("import", "a.md", "b.md", "--output", "one.yaml", code=2)
    place.run("import", "a.md", "b.md", "--title", "T", code=2)
    place.run("import", "nowhere.md", code=2)


def test_documents_are_fetched_from_addresses_and_repositories(place: Place, world: World) -> None:
    page = (
        "<html><title>A page</title><body><h2>Tools</h2><ul><li><a href='https://x.org/a'>A</a></ul></html>"
    )
    world.web.pages["https://example.org/list"] = answer(page, "text/html")
    raw = "https://raw.githubusercontent.com/me/list"
    world.web.pages[f"{raw}/HEAD/README.md"] = answer(DOCUMENT)
    world.web.pages[f"{raw}/dev/docs/b.md"] = answer(DOCUMENT.replace("My", "Other"))
    given = [
        "https://example.org/list",
        "github:me/list:README.md",
        "https://github.com/me/list/blob/dev/docs/b.md",
    ]
    place.run("import", *given, "--output", "lists")
    catalog = load_catalog([str(place.folder / "lists")])
    assert {document.name: document.url for document in catalog.documents} == {
        "a-page": "https://example.org/list",
        "my-list": "https://github.com/me/list",
        "other-list": "https://github.com/me/list/blob/dev/docs/b.md",
    }
    assert not any("authorization" in request.headers for request in world.requests)


def test_what_cannot_be_fetched_writes_nothing(place: Place, world: World) -> None:
    world.web.pages["https://example.org/gone"] = Response(404)
    (place.folder / "a.md").write_text(DOCUMENT)
    assert "HTTP 404" in place.run("import", "a.md", "https://example.org/gone", code=2).stderr
    assert "private" in place.run("import", "http://169.254.169.254/x", code=2).stderr
    assert "github:owner" in place.run("import", "github:me:README.md", code=2).stderr
    world.network_is_down = True
    place.run("import", "https://example.org/list", code=3)
    assert {path.name for path in (place.folder / "catalog").glob("*.yaml")} == {"list.yaml"}


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("github:o/n:README.md", "https://raw.githubusercontent.com/o/n/HEAD/README.md"),
        ("github:o/n@v1.0:/docs/a b.md", "https://raw.githubusercontent.com/o/n/v1.0/docs/a%20b.md"),
        ("https://github.com/o/n/blob/main/a.md?plain=1", "https://raw.githubusercontent.com/o/n/main/a.md"),
        ("https://example.org/a", "https://example.org/a"),
    ],
)
def test_where_a_document_is_fetched(given: str, address: str) -> None:
    assert locate(given)[0] == address


def test_a_repository_without_a_path_is_refused() -> None:
    with pytest.raises(UsageError):
        locate("github:o/n")


def test_fix_after_a_crawl_writes_the_document_and_the_catalog(place: Place, world: World) -> None:
    (place.folder / "list.md").write_text("- [R](https://github.com/Someone/Repository.git)\r\n")
    assert "nothing is known" in place.run("fix", "list.md").stderr
    world.github.renamed["someone/repository"] = "Else/Where"
    place.run("run", "--no-progress")
    ran = place.run("fix", "list.md", "catalog/list.yaml")
    assert "+- [R](https://github.com/Else/Where.git)\r\n" in ran.stdout or "Else/Where.git" in ran.stdout
    assert (place.folder / "list.md").read_bytes() == b"- [R](https://github.com/Someone/Repository.git)\r\n"
    told = json.loads(place.run("fix", "list.md", "--write", "--json").stdout)
    assert (told["files"][0]["written"], len(told["files"][0]["changes"])) == (True, 1)
    assert (place.folder / "list.md").read_bytes() == b"- [R](https://github.com/Else/Where.git)\r\n"
    place.run("fix", "catalog/list.yaml", "--write")
    text = (place.folder / "catalog" / "list.yaml").read_text()
    assert 'url: "https://github.com/Else/Where", raw: "https://github.com/Else/Where"' in text
    assert 'id: "list/repository"' in text
    place.run("validate")
    assert place.run("fix", "list.md", "catalog/list.yaml").stdout == ""
    place.run("fix", "-", "--write", code=2, stdin=subprocess.DEVNULL)
