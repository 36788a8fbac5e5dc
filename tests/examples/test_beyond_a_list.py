"""The generator of examples/beyond_a_list as people run it: listings in, a catalog out, come what may."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawler.catalog import all_entries, load_catalog, read_catalog_file
from crawler.records import Entry
from crawler.sandbox.faults import delay, status
from crawler.sandbox.hub_repositories import invent_likes
from crawler.sandbox.listings import RAW_FILES, add_awesome_lists, add_models
from crawler.sandbox.messages import Response
from crawler.sandbox.world import World
from examples.beyond_a_list.__main__ import LISTS
from examples.beyond_a_list.awesome_lists import read_names
from examples.beyond_a_list.hub_models import RESUMABLE, KeptPages, Page, part_of
from tests.crawl.conftest import Place, base_environment, place, wait_until

__all__ = ["place", "wait_until"]

MODELS = 2_100
NAMES = ["someone/awesome-one", "someone/awesome-two", "else/Awesome.Three"]
HUB = "huggingface.co"


@pytest.fixture
def listed(place: Place, world: World) -> Place:
    """A Hub of three pages and three lists; the catalog holds nothing yet."""
    add_models(world, MODELS)
    add_awesome_lists(world, NAMES, projects=12)
    (place.folder / "lists.txt").write_text("# made up\n" + "\n".join(NAMES) + "\n")
    (place.folder / "catalog" / "list.yaml").unlink()
    return place


def start(place: Place) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "examples.beyond_a_list", "--lists", "lists.txt"],
        cwd=place.folder,
        env={**base_environment(), **place.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def generate(place: Place, code: int = 0) -> str:
    """Run the generator, hold it to its exit code, and return what it said."""
    with start(place) as process:
        out, err = process.communicate(timeout=110)
    assert process.returncode == code, err
    assert "Traceback" not in err
    assert out == ""
    return err


def texts(place: Place) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (place.folder / "catalog").glob("*.yaml")}


def entries(place: Place) -> dict[str, Entry]:
    """Every entry by its first address, those that vanished included."""
    found = {}
    for path in (place.folder / "catalog").glob("*.yaml"):
        for entry in all_entries(read_catalog_file(str(path))):
            found[entry.document, entry.mentions[0].url] = entry
    return {f"{document} {url}": entry for (document, url), entry in found.items()}


def liked(world: World) -> set[str]:
    names = {key.removeprefix("models/") for key in world.hub.listed}
    return {name for name in names if invent_likes(world, "models", name) > 100}


def test_listings_become_a_catalog_that_a_run_takes(listed: Place, world: World) -> None:
    assert "entries in" in generate(listed)
    models = {
        entry.name: entry for entry in entries(listed).values() if entry.document.startswith("hub-models")
    }
    assert models.keys() == liked(world) != {key.removeprefix("models/") for key in world.hub.listed}
    assert all(entry.document == f"hub-models-{part_of(name):02}" for name, entry in models.items())
    pages = [request for request in world.requests_to(HUB) if request.path == "/api/models"]
    assert [request.query.get("cursor") for request in pages] == [None, ["1000"], ["2000"]]
    assert all(request.query["expand"] == ["likes"] for request in pages)
    assert all("authorization" in request.headers for request in pages)
    readmes = world.requests_to("raw.githubusercontent.com")
    assert len(readmes) == len(NAMES)
    assert not any("authorization" in request.headers for request in readmes)
    assert {document.name for document in load_catalog([str(listed.folder / "catalog")]).documents} >= {
        "someone--awesome-one",
        "else--awesome.three",
    }
    others = [entry for entry in entries(listed).values() if not entry.document.startswith("hub-models")]
    assert {"github.com"} == {mention.url.split("/")[2] for entry in others for mention in entry.mentions}
    assert "0 errors" in listed.run("validate").stderr
    assert not (listed.folder / "catalog" / "listing").exists()
    listed.run("run", "--no-progress", "--limit", "300")
    assert listed.ask("SELECT count(*) FROM link_health WHERE state = 'healthy'") == [(300,)]
    expected = len(models) + len({mention.url.lower() for entry in others for mention in entry.mentions})
    assert listed.ask("SELECT count(*) FROM link_health") == [(expected,)]


def test_a_second_run_changes_what_the_listings_changed_and_keeps_ids(listed: Place, world: World) -> None:
    generate(listed)
    before, first = texts(listed), entries(listed)
    assert "0 files changed" in generate(listed)
    assert texts(listed) == before
    lost = min(liked(world))
    world.hub.missing.add(f"models/{lost}")
    add_models(world, MODELS + 40)
    world.next_night()
    assert "vanished" in generate(listed)
    second = entries(listed)
    assert first.keys() < second.keys()
    assert {key: entry.id for key, entry in first.items()} == {key: second[key].id for key in first}
    vanished = {entry.name for entry in second.values() if entry.vanished is not None}
    assert lost in vanished
    assert len(vanished) == 1 + len(NAMES), "a model, and one of the projects of each list"
    assert len({entry.id for entry in second.values()}) == len(second)
    assert "0 errors" in listed.run("validate").stderr
    world.hub.missing.clear()
    generate(listed)
    assert lost not in {entry.name for entry in entries(listed).values() if entry.vanished is not None}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_listing_goes_on_from_its_last_page(
    listed: Place, world: World, number: int, wait_until: Callable[[Callable[[], bool]], None]
) -> None:
    world.faults[HUB] = delay(2.0)
    with start(listed) as process:
        wait_until(lambda: len([r for r in world.requests_to(HUB) if r.path == "/api/models"]) == 2)
        process.send_signal(number)
        process.communicate(timeout=60)
    assert process.returncode == (-number if number == signal.SIGKILL else 128 + number)
    assert texts(listed) == {}
    del world.faults[HUB]
    world.forget_requests()
    generate(listed)
    asked = [r.query.get("cursor") for r in world.requests_to(HUB) if r.path == "/api/models"]
    assert asked == [["1000"], ["2000"]]
    assert {e.name for e in entries(listed).values() if e.document.startswith("hub")} == liked(world)


def test_killed_while_writing_leaves_whole_files(
    listed: Place, world: World, wait_until: Callable[[Callable[[], bool]], None]
) -> None:
    with start(listed) as process:
        wait_until(lambda: len(texts(listed)) > 5)
        process.kill()
        process.communicate(timeout=60)
    assert "0 errors" in listed.run("validate").stderr
    killed = {key: entry.id for key, entry in entries(listed).items()}
    generate(listed)
    whole = entries(listed)
    assert {key: whole[key].id for key in killed} == killed
    assert len([name for name in texts(listed) if name.startswith("hub")]) > 50
    leftovers = [path.name for path in (listed.folder / "catalog").iterdir() if path.name.startswith(".")]
    assert all(name.endswith((".yaml", ".jsonl")) is False for name in leftovers), (
        "no catalog path finds them"
    )
    assert "0 files changed" in generate(listed)


def test_half_a_listing_changes_nothing(listed: Place, world: World) -> None:
    generate(listed)
    before = texts(listed)
    world.faults[f"https://{HUB}/api/models?*"] = status(500, after=1)
    world.next_night()
    said = generate(listed, code=3)
    assert "the Hub did not tell all of its models: status 500" in said
    changed = {name for name, text in texts(listed).items() if text != before[name]}
    assert changed == {"someone--awesome-one.yaml", "someone--awesome-two.yaml", "else--awesome.three.yaml"}
    world.faults.clear()
    generate(listed)
    before = texts(listed)
    world.hub.unlisted |= world.hub.listed
    assert "lists no model" in generate(listed, code=3)
    assert texts(listed) == before


def test_a_list_that_is_gone_or_empty_keeps_its_file(listed: Place, world: World) -> None:
    generate(listed)
    before = texts(listed)
    for name in ("README.md", "readme.md"):
        world.web.pages[f"{RAW_FILES}/{NAMES[0]}/HEAD/{name}"] = Response(404)
    world.web.pages[f"{RAW_FILES}/{NAMES[1]}/HEAD/README.md"] = Response(200, (), b"# Moved\n")
    said = generate(listed, code=2)
    assert f"github:{NAMES[0]}:readme.md: no document there: HTTP 404" in said
    assert f"{NAMES[1]}: its README names no repository" in said
    assert f"{NAMES[2]}: 12 entries" in said
    assert texts(listed) == before
    (listed.folder / "lists.txt").write_text("no repository\n")
    assert "lists.txt:1" in generate(listed, code=2)


NOW = datetime(2026, 11, 20, tzinfo=UTC)
KEPT = Page("https://hub.example", 100, NOW, ("a/b",), "https://hub.example/next")


@pytest.mark.parametrize(
    ("endpoint", "min_likes", "age", "goes_on"),
    [
        (KEPT.endpoint, 100, timedelta(hours=1), True),
        (KEPT.endpoint, 100, RESUMABLE, False),
        (KEPT.endpoint, 100, timedelta(hours=-1), False),
        (KEPT.endpoint, 50, timedelta(hours=1), False),
        ("https://mirror.example", 100, timedelta(hours=1), False),
    ],
    ids=["same", "too old", "from the future", "other likes", "other Hub"],
)
def test_which_listing_is_gone_on_with(
    tmp_path: Path, endpoint: str, min_likes: int, age: timedelta, goes_on: bool
) -> None:
    pages = KeptPages(tmp_path / "listing")
    assert pages.last(KEPT.endpoint, 100, NOW) is None
    pages.add(KEPT)
    assert pages.last(endpoint, min_likes, NOW + age) == (KEPT if goes_on else None)
    assert list(pages.read()) == ([KEPT] if goes_on else [])


def test_the_shipped_names_are_a_hundred_lists() -> None:
    names = read_names(LISTS)
    assert len(names) == 100
    assert len({name.replace("/", "--").lower() for name in names}) == 100
