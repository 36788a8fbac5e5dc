"""What belongs to the world as a whole: chance, nights, services, the log, settings."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from crawler.clock import SimulatedClock, SystemClock
from crawler.config import load_config, parse_settings
from crawler.sandbox.messages import Request, Response
from crawler.sandbox.server import Sandbox, run_in_thread
from crawler.sandbox.world import MAX_LOGGED_REQUESTS, World
from crawler.settings import Settings


def test_chance_depends_on_seed_and_words_alone() -> None:
    assert World(1).number("a", 2, below=10**9) == World(1).number("a", 2, below=10**9)
    assert World(1).number("a", 2, below=10**9) != World(2).number("a", 2, below=10**9)
    assert World(1).number("a", "b", below=10**9) != World(1).number("ab", below=10**9)
    assert {World().number("x", number, below=3) for number in range(50)} == {0, 1, 2}


def test_a_night_is_a_day_of_a_simulated_clock(world: World, clock: SimulatedClock) -> None:
    start = world.now()
    world.next_night()
    assert (world.night, world.now() - start, clock.now()) == (2, timedelta(days=1), world.now())


def test_changes_wait_for_their_night(world: World) -> None:
    nights: list[int] = []
    for night in (3, 1, 3):
        world.at_night(night, lambda world: nights.append(world.night))
    assert nights == [1]
    world.next_night()
    assert nights == [1]
    world.next_night()
    world.next_night()
    assert nights == [1, 3, 3]


def test_a_real_clock_goes_its_own_way() -> None:
    world = World(clock=SystemClock())
    world.next_night()
    assert world.night == 2


def test_the_log_is_bounded(world: World) -> None:
    request = Request("GET", "https", "example.org", "/")
    for _ in range(MAX_LOGGED_REQUESTS + 1):
        world.log(request)
    assert len(world.requests) == MAX_LOGGED_REQUESTS // 2 + 1


def test_requests_are_counted_by_host(sandbox: Sandbox, world: World) -> None:
    with httpx.Client(trust_env=False) as client:
        for host in ("a.example", "a.example", "b.example"):
            client.get(f"{sandbox.url}/{host}/")
    assert world.requests_by_host() == {"a.example": 2, "b.example": 1}
    assert len(world.requests_to("a.example")) == 2
    world.forget_requests()
    assert world.requests == []


def test_a_mistake_of_a_service_is_kept() -> None:
    def fail(world: World, request: Request) -> Response:
        raise ZeroDivisionError

    world = World()
    world.web.pages["https://example.org/"] = fail
    with run_in_thread(world) as sandbox:
        assert httpx.get(f"{sandbox.url}/example.org/", trust_env=False).status_code == 500
    assert [type(error) for error in world.errors] == [ZeroDivisionError]


def test_settings_lead_here_and_change_by_section(sandbox: Sandbox) -> None:
    settings = sandbox.settings(network={"timeout_seconds": 1.5}, health={"min_strikes": 2})
    assert settings.github.api_url == f"{sandbox.url}/api.github.com"
    assert settings.network.allow_private_addresses
    assert (settings.network.timeout_seconds, settings.health.min_strikes) == (1.5, 2)
    proxied = sandbox.proxied_settings()
    assert proxied.github.api_url == Settings().github.api_url
    assert not proxied.network.allow_private_addresses
    assert proxied.arxiv.min_interval_seconds == 0


def test_config_text_says_the_same(sandbox: Sandbox, tmp_path: Path) -> None:
    catalog, state = {"paths": ["a.yaml", "b 文.yaml"]}, {"database": "x.db"}
    path = tmp_path / "config.toml"
    path.write_text(sandbox.config_text(catalog=catalog, state=state), encoding="utf-8")
    assert load_config(path).settings == sandbox.settings(catalog=catalog, state=state)
    assert parse_settings(sandbox.config_text(origin=False).encode(), "x") == sandbox.proxied_settings()


def test_environment_leads_through_the_proxy(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in sandbox.environment().items():
        monkeypatch.setenv(name, value)
    assert "example.org/x" in httpx.get("https://example.org/x").text


def test_a_sandbox_ends_with_its_connections(world: World) -> None:
    async def talk() -> Sandbox:
        async with Sandbox(world) as sandbox, httpx.AsyncClient(trust_env=False) as client:
            await client.get(f"{sandbox.url}/example.org/")
            assert sandbox.connections
            await sandbox.stop()
            assert not sandbox.connections
            with pytest.raises(httpx.HTTPError):
                await client.get(f"{sandbox.url}/example.org/")
            return sandbox

    sandbox = asyncio.run(talk())
    assert not Path(sandbox.ca_file).exists()


def test_answers_are_packed_where_a_world_packs_and_the_client_takes_it(
    sandbox: Sandbox, world: World
) -> None:
    long = f"{sandbox.url}/export.arxiv.org/api/query?id_list=2305.15334,2305.15335"
    short = f"{sandbox.url}/api.github.com/nothing"
    plain = httpx.get(long, trust_env=False)
    assert "content-encoding" not in plain.headers
    world.packs = True
    packed = httpx.get(long, trust_env=False)
    assert (packed.headers["content-encoding"], packed.text) == ("gzip", plain.text)
    assert int(packed.headers["content-length"]) < len(plain.content)
    assert "content-encoding" not in httpx.get(short, trust_env=False).headers
    untold = httpx.get(long, headers={"Accept-Encoding": "identity"}, trust_env=False)
    assert "content-encoding" not in untold.headers
