"""The leash on huggingface_hub: its one session serves several clients, and a look can be given up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import huggingface_hub
import pytest

from crawler.fetch.environment import NetworkEnvironment
from crawler.fetch.meter import RequestMeter
from crawler.records import Reason
from crawler.resolve.huggingface.answers import HubAnswer, Standing
from crawler.resolve.huggingface.client import HubClient, HubFailure
from crawler.sandbox import faults
from crawler.sandbox.server import Sandbox, run_in_thread
from crawler.sandbox.world import World
from crawler.settings import NetworkSettings


@pytest.fixture
def other_sandbox() -> Iterator[Sandbox]:
    with run_in_thread(World(seed=7)) as running:
        yield running


def make_client(sandbox: Sandbox, meter: RequestMeter, timeout_seconds: float = 30.0) -> HubClient:
    network = NetworkSettings(timeout_seconds=timeout_seconds)
    return HubClient(f"{sandbox.url}/huggingface.co", network, NetworkEnvironment(), meter)


async def ask_for(client: HubClient, name: str) -> HubAnswer:
    return await client.ask(
        lambda api, token: api.model_info(name, expand=["likes"], token=token), None, Standing.ANONYMOUS
    )


def test_clients_of_two_hubs_do_not_mix(sandbox: Sandbox, other_sandbox: Sandbox) -> None:
    meters = [RequestMeter(), RequestMeter()]

    async def ask_both() -> list[list[HubAnswer]]:
        async with make_client(sandbox, meters[0]) as first, make_client(other_sandbox, meters[1]) as second:
            names = [f"o/m{number}" for number in range(10)]
            return [
                await asyncio.gather(*(ask_for(client, name) for name in names)) for client in (first, second)
            ]

    first, second = asyncio.run(ask_both())
    assert {answer.status for answer in first + second} == {200}
    assert [answer.json for answer in first] != [answer.json for answer in second]
    assert [sum(meter.requests().values()) for meter in meters] == [10, 10]
    assert all(meter.bytes()["127.0.0.1"] > 0 for meter in meters)


def test_what_the_library_asks_on_its_own_stays_unsent(sandbox: Sandbox) -> None:
    async def open_and_close() -> None:
        async with make_client(sandbox, RequestMeter()):
            pass

    asyncio.run(open_and_close())
    with pytest.raises(HubFailure):
        huggingface_hub.HfApi(endpoint=f"{sandbox.url}/huggingface.co", token=False).model_info("o/m")
    assert sandbox.world.requests == []


def test_a_look_that_is_given_up_is_not_waited_for(sandbox: Sandbox, world: World) -> None:
    world.faults["huggingface.co"] = faults.hang()

    async def give_up() -> float:
        async with make_client(sandbox, RequestMeter(), timeout_seconds=4.0) as client:
            look = asyncio.create_task(ask_for(client, "o/m"))
            while not world.requests:  # noqa: ASYNC110 - the sandbox is in another thread
                await asyncio.sleep(0.01)
            began = time.monotonic()
            look.cancel()
            with pytest.raises(asyncio.CancelledError):
                await look
            return time.monotonic() - began

    assert asyncio.run(give_up()) < 2


def test_a_slow_answer_ends_at_the_deadline(sandbox: Sandbox, world: World) -> None:
    world.faults["huggingface.co"] = faults.drip(0.05)

    async def ask_once() -> HubAnswer:
        async with make_client(sandbox, RequestMeter(), timeout_seconds=0.2) as client:
            return await ask_for(client, "o/m")

    answer = asyncio.run(ask_once())
    assert answer.failure is not None
    assert answer.failure.reason is Reason.TIMEOUT
    assert answer.elapsed_seconds is not None
    assert answer.elapsed_seconds < 20


def test_failed_handshakes_in_tunnels_leave_room_for_the_next_look(sandbox: Sandbox, world: World) -> None:
    world.faults["huggingface.co"] = faults.bad_certificate()
    environment = NetworkEnvironment.from_mapping(sandbox.environment())
    network = NetworkSettings(timeout_seconds=30.0, per_host_concurrency=1)

    async def ask_all() -> list[HubAnswer]:
        async with HubClient("https://huggingface.co", network, environment, RequestMeter()) as client:
            looks = [await ask_for(client, f"o/m{number}") for number in range(2)]
            world.faults.clear()
            return [*looks, await ask_for(client, "o/m")]

    *failed, answered = asyncio.run(asyncio.wait_for(ask_all(), timeout=90))
    assert [look.failure and look.failure.reason for look in failed] == [Reason.TLS_FAILURE] * 2
    assert answered.status == 200
