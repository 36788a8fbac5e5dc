"""`crawler check`: one look by hand, through the command itself against the sandbox."""

from __future__ import annotations

import json

from crawler.check import Spot, find_links
from crawler.links.classify import link_of
from crawler.sandbox.faults import no_such_host, status
from crawler.sandbox.world import World
from tests.crawl.conftest import LINKS, Place

MISSING = "https://example.org/page"
GOOD = "http://example.net/a?b=c"


def test_all_is_well_without_catalog_or_database(place: Place) -> None:
    (place.folder / "catalog" / "list.yaml").unlink()
    told = json.loads(place.run("check", *LINKS.values(), "--json").stdout)
    assert told["states"] == {"healthy": len(LINKS)}
    assert not place.database.exists()


def test_of_a_document_only_what_is_wrong_is_told(place: Place, world: World) -> None:
    world.faults[MISSING] = status(404)
    document = place.folder / "notes.md"
    document.write_text(f"# Notes\n\n[a page]({MISSING}) and [another]({GOOD})\n\n[again]({MISSING})\n")
    told = place.run("check", str(document), "--fail-on", "suspect", code=1).stdout.splitlines()
    assert told == [
        f"{document}:3, {document}:5: suspect    {MISSING} (not-found, HTTP 404)",
        "2 links: 1 suspect, 1 healthy",
    ]
    place.run("check", str(document))


def test_what_only_a_proxy_says_of_a_host_is_no_verdict(place: Place, world: World) -> None:
    world.faults["gone.example"] = no_such_host()
    url = "https://gone.example/"
    alone = place.run("check", url, "--fail-on", "suspect", code=3)
    assert "no host" in alone.stderr
    assert f"unknown    {url}" in alone.stdout


def test_no_network_ends_with_3_and_judges_nothing(place: Place, world: World) -> None:
    world.network_is_down = True
    ran = place.run("check", MISSING, GOOD, "--json", code=3)
    assert json.loads(ran.stdout)["states"] == {"unknown": 2}


def test_a_private_address_is_not_asked(place: Place, world: World) -> None:
    told = json.loads(place.run("check", "http://127.0.0.1:1/", "--json").stdout)
    (link,) = told["links"]
    assert (link["state"], link["reason"]) == ("unknown", "private-address")


def test_a_file_that_is_not_there_ends_with_2(place: Place) -> None:
    assert "notes.md" in place.run("check", "notes.md", code=2).stderr


def test_each_link_is_asked_once_with_all_its_spots() -> None:
    text = f"[one]({MISSING})\n\n[two]({MISSING}#part)\n".encode()
    assert find_links([MISSING], [("a.md", text)]) == {
        link_of(MISSING): (Spot(), Spot("a.md", 1), Spot("a.md", 3))
    }
