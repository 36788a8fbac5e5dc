"""The whole shipped catalog, crawled through every real client against the sandbox; then SQL is asked."""

import asyncio
import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from crawler.catalog import load_catalog
from crawler.clock import SimulatedClock
from crawler.config import Config
from crawler.fetch.environment import NetworkEnvironment
from crawler.links.classify import link_of
from crawler.plan import LaneName, lane_of
from crawler.progress import Silent
from crawler.records import Link, TargetKind
from crawler.report.export import export_catalog
from crawler.run import CrawlOptions, crawl
from crawler.sandbox.demo_world import DEMO_TOKENS
from crawler.sandbox.github_repositories import find_repository as find_github
from crawler.sandbox.hub import KIND_OF_TARGET
from crawler.sandbox.hub_repositories import invent_repository as invent_hub_repository
from crawler.sandbox.server import Sandbox
from crawler.sandbox.world import World
from crawler.settings import CatalogSettings, StateSettings
from crawler.summary import Summary

CATALOG = Path(__file__).parents[2] / "catalog"
LINKS: dict[str, Link] = {
    link.canonical_url: link
    for entry in load_catalog([str(CATALOG)]).entries
    for mention in entry.mentions
    for link in [link_of(mention.url)]
}
HUB_REPOSITORIES = {
    TargetKind.HUGGINGFACE_MODEL,
    TargetKind.HUGGINGFACE_DATASET,
    TargetKind.HUGGINGFACE_SPACE,
}

ALL_OF_IT = CrawlOptions(made_up=True)

Crawl = Callable[..., Summary]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "crawler.db"


@pytest.fixture
def config(sandbox: Sandbox, database: Path) -> Config:
    settings = msgspec.structs.replace(
        sandbox.proxied_settings(),
        catalog=CatalogSettings(paths=(str(CATALOG),)),
        state=StateSettings(database=str(database)),
    )
    return Config(settings=settings, path=database.with_name("config.toml"))


@pytest.fixture
def crawl_once(sandbox: Sandbox, config: Config, clock: SimulatedClock) -> Crawl:
    """One night's crawl; `tokens=False` asks everybody anonymously."""

    def run(options: CrawlOptions = ALL_OF_IT, *, tokens: bool = True) -> Summary:
        variables = {**sandbox.environment(), **(DEMO_TOKENS if tokens else {})}
        environment = NetworkEnvironment.from_mapping(variables)
        return asyncio.run(crawl(config, options, Silent(), environment, clock))

    return run


def ask(database: Path, sql: str, *values: object) -> list[tuple[object, ...]]:
    with sqlite3.connect(database) as connection:
        rows = connection.execute(sql, values).fetchall()
    connection.close()
    return rows


def assert_sound(database: Path) -> None:
    assert ask(database, "PRAGMA integrity_check") == [("ok",)]
    assert ask(database, "PRAGMA foreign_key_check") == []


def exported_facts(config: Config) -> dict[str, dict[str, Any]]:
    """Canonical URL → facts, as other tools get them."""
    document = json.loads("".join(export_catalog(config, "json", as_of=None)))
    return {link["url"]: link["facts"] for link in document["links"]}


def served_facts(world: World, link: Link) -> dict[str, Any]:
    """What the sandbox tells of one target, in the contract's words."""
    target = link.target
    match target.kind:
        case TargetKind.GITHUB_REPO:
            found = find_github(world, target.id)
            assert found is not None
            rest = found.rest
            license_ = rest["license"]["spdx_id"] if rest["license"] else "NONE"
            same = ("full_name", "archived", "disabled", "fork", "pushed_at", "default_branch", "language")
            return {
                **{field: rest[field] for field in same},
                "host_id": rest["id"],
                "stars": rest["stargazers_count"],
                "forks": rest["forks_count"],
                "topics": rest["topics"],
                "description": rest["description"],
                "license": license_,
            }
        case kind if kind in HUB_REPOSITORIES and "/" in target.id:
            told = invent_hub_repository(world, KIND_OF_TARGET[kind], target.id)
            fields = {"full_name": "id", "host_id": "_id", "likes": "likes", "revision": "sha"}
            return {ours: told[theirs] for ours, theirs in fields.items()}
        case TargetKind.ARXIV_PAPER:
            return {
                "title": f"Made up: {target.id}",
                "version": 3,
                "withdrawn": False,
                "license": "CC-BY-4.0",
            }
        case _:
            return {}


def test_every_link_is_observed_once_and_every_fact_is_as_served(
    crawl_once: Crawl, world: World, database: Path, config: Config
) -> None:
    for link in LINKS.values():
        if link.target.kind is TargetKind.ARXIV_PAPER:
            world.arxiv.titles[link.target.id] = f"Made up: {link.target.id}"
            world.arxiv.versions[link.target.id] = 3
            world.arxiv.licenses[link.target.id] = "http://creativecommons.org/licenses/by/4.0/"
    summary = crawl_once()
    assert_sound(database)
    assert ask(database, "SELECT count(*) FROM links") == [(len(LINKS),)]
    assert ask(database, "SELECT count(*), count(DISTINCT link_id) FROM observations") == [
        (len(LINKS), len(LINKS))
    ]
    assert summary.told["looked_at"] == len(LINKS)
    assert not summary.states["dead"]
    assert not summary.states["suspect"]
    assert not summary.states["unknown"]
    facts = exported_facts(config)
    for url, link in LINKS.items():
        for field, value in served_facts(world, link).items():
            assert facts[url].get(field) == value, (url, field)
    assert summary.requests == dict(world.requests_by_host())


def test_tokens_keep_requests_within_the_promised_numbers(crawl_once: Crawl, world: World) -> None:
    crawl_once()
    kinds = Counter(link.target.kind for link in LINKS.values())
    github = [request.path for request in world.requests_to("api.github.com")]
    assert len(github) <= 4
    assert set(github) == {"/graphql"}
    hub_repositories = {
        (link.target.kind, link.target.id) for link in LINKS.values() if link.target.kind in HUB_REPOSITORIES
    }
    pages = sum(
        urlsplit(url).hostname == "huggingface.co" and lane_of(link) is LaneName.WEB
        for url, link in LINKS.items()
    )
    most = len(hub_repositories) + 2 * kinds[TargetKind.HUGGINGFACE_OWNER] + 2 + pages
    assert len(world.requests_to("huggingface.co")) <= most
    papers = kinds[TargetKind.ARXIV_PAPER]
    assert papers
    assert len(world.requests_to("export.arxiv.org")) <= 2
    assert len(world.requests_to("oaipmh.arxiv.org")) == papers


def test_a_second_night_without_changes_adds_next_to_nothing(
    crawl_once: Crawl, world: World, database: Path, clock: SimulatedClock
) -> None:
    crawl_once()
    for _ in range(2):
        # The first repetition turns 200 into 304 where pages have validators; from then on nothing is new.
        clock.advance(timedelta(days=1))
        before = {
            table: ask(database, f"SELECT count(*) FROM {table}")[0][0]
            for table in ("observations", "facts", "findings", "mentions", "entries", "links")
        }
        size = database.stat().st_size
        world.forget_requests()
        crawl_once()
    after = {table: ask(database, f"SELECT count(*) FROM {table}")[0][0] for table in before}
    assert after == before
    assert database.stat().st_size - size < 50_000
    assert world.requests_to("oaipmh.arxiv.org") == []
    assert_sound(database)


def test_without_tokens_every_link_is_told_of_too(crawl_once: Crawl, database: Path) -> None:
    summary = crawl_once(tokens=False)
    assert summary.states["unknown"] == 0
    assert summary.states["dead"] == summary.states["suspect"] == 0
    told = ask(
        database,
        "SELECT count(DISTINCT link_id) FROM counters JOIN links ON links.id = link_id"
        " WHERE kind = 'github_repo' AND stars IS NOT NULL",
    )
    assert told == [(sum(link.target.kind is TargetKind.GITHUB_REPO for link in LINKS.values()),)]


def test_only_and_document_and_limit_choose_links(crawl_once: Crawl, database: Path) -> None:
    crawl_once(CrawlOptions(only=frozenset({LaneName.ARXIV}), made_up=True))
    assert ask(
        database, "SELECT DISTINCT kind FROM links JOIN observations ON observations.link_id = links.id"
    ) == [("arxiv_paper",)]
    assert crawl_once(CrawlOptions(limit=7, made_up=True)).told["looked_at"] == 7


def test_summary_is_json(crawl_once: Crawl) -> None:
    told = json.loads(json.dumps(crawl_once().as_json()))
    assert told["run"]["state"] == "finished"
    assert told["run"]["requests"]["api.github.com"] <= 4
    assert told["hosts"]["github.com"]["alive"] > 100
