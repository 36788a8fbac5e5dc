"""The sandbox's GitHub, Hub and arXiv in a process of their own, so that their work is in nobody's figures.

    with run_apis() as apis:
        apis.tell(delay_ms=100, limited=True)
        config = apis.config_text(network={...})
        apis.counts()

Run as a module it is that process: a JSON object a line comes in on stdin, one goes out on stdout.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.measure import plain_environment
from crawler.clock import SystemClock
from crawler.links.classify import link_of
from crawler.sandbox import faults
from crawler.sandbox.demo_world import DEMO_TOKENS
from crawler.sandbox.limits import Limits
from crawler.sandbox.server import Sandbox
from crawler.sandbox.world import World

SEED: Final = 8
MAX_ALIASES: Final = 120
"""What GitHub answers to a fine-grained token; see resolve/github/queries.py."""


@dataclass(frozen=True, slots=True)
class ApiCounts:
    """What the hosts were asked since the last reset: requests and bytes by host, refusals by limit."""

    requests: Mapping[str, int]
    sent: Mapping[str, int]
    refusals: Mapping[str, int]


class Apis:
    """The other end of such a process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._settings: str = self._ask({"ask": "config"})

    def tell(
        self, *, delay_ms: int = 0, limited: bool = False, listed: Iterable[str] = (), reset: bool = True
    ) -> None:
        """How the hosts are to answer from now on; `listed` are Hub repositories that listings show."""
        self._ask(
            {"ask": "tell", "delay_ms": delay_ms, "limited": limited, "listed": [*listed], "reset": reset}
        )

    def counts(self) -> ApiCounts:
        return ApiCounts(**self._ask({"ask": "counts"}))

    def config_text(self) -> str:
        """The endpoints as tables of a config.toml."""
        return self._settings

    def _ask(self, question: Mapping[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(question), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())


@contextmanager
def run_apis() -> Iterator[Apis]:
    """Serves until the block ends."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.apis"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=plain_environment(),
    ) as process:
        try:
            yield Apis(process)
        finally:
            process.kill()


def tokens() -> dict[str, str]:
    """Variables that the sandbox's GitHub and Hub take for good tokens."""
    return dict(DEMO_TOKENS)


async def serve() -> None:
    world = World(SEED, clock=SystemClock())
    world.github.max_aliases = MAX_ALIASES
    async with Sandbox(world) as sandbox:
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(answer(world, sandbox, json.loads(line))), flush=True)


def answer(world: World, sandbox: Sandbox, question: Mapping[str, Any]) -> Any:
    match question["ask"]:
        case "config":
            return endpoints(sandbox)
        case "tell":
            world.hub.list_targets(link_of(url).target for url in question["listed"])
            world.faults.clear()
            if question["delay_ms"]:
                world.faults["*"] = faults.delay(question["delay_ms"] / 1000)
            world.limits = Limits() if question["limited"] else None
            if question["reset"]:
                world.forget_requests()
            return None
        case _:
            if world.errors:
                raise world.errors[0]
            return {
                "requests": world.requests_by_host(),
                "sent": world.sent,
                "refusals": world.limits.refusals if world.limits else {},
            }


def endpoints(sandbox: Sandbox) -> str:
    """Only where the hosts are: pace and limits of the config are the defaults."""
    settings = sandbox.settings()
    tables = {
        "github": {"api_url": settings.github.api_url, "web_url": settings.github.web_url},
        "huggingface": {"endpoint": settings.huggingface.endpoint},
        "arxiv": {"api_url": settings.arxiv.api_url, "oai_url": settings.arxiv.oai_url},
        "archive": {
            "availability_url": settings.archive.availability_url,
            "cdx_url": settings.archive.cdx_url,
            "software_heritage_url": settings.archive.software_heritage_url,
        },
    }
    return "".join(
        f"[{section}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())
        for section, table in tables.items()
    )


if __name__ == "__main__":
    asyncio.run(serve())
