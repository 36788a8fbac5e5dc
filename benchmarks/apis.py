"""The sandbox's GitHub, Hub and arXiv in processes of their own, so that their work is in nobody's figures.

    with run_apis() as apis:
        apis.tell(delay_ms=100, limited=True)
        config = apis.config_text()
        apis.counts()

Run as a module it is such a process: a JSON object a line comes in on stdin, one goes out on stdout.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
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
    """The other end of such processes: GitHub has one to itself, for its documents are work."""

    def __init__(self, processes: Sequence[subprocess.Popen[str]]) -> None:
        self._processes = processes
        github, others = (_ask(process, {"ask": "config"}) for process in processes)
        self._tables = {**others, "github": github["github"]}

    def tell(
        self, *, delay_ms: int = 0, limited: bool = False, listed: Iterable[str] = (), reset: bool = True
    ) -> None:
        """How the hosts are to answer from now on; `listed` are Hub repositories that listings show."""
        said = {"delay_ms": delay_ms, "limited": limited, "listed": [*listed], "reset": reset}
        for process in self._processes:
            _ask(process, {"ask": "tell", **said})

    def counts(self) -> ApiCounts:
        told = [_ask(process, {"ask": "counts"}) for process in self._processes]
        return ApiCounts(
            **{
                name: dict(sum((Counter(one[name]) for one in told), Counter()))
                for name in ("requests", "sent", "refusals")
            }
        )

    def config_text(self) -> str:
        """The endpoints as tables of a config.toml; pace and limits stay at their defaults."""
        return "".join(
            f"[{section}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())
            for section, table in self._tables.items()
        )


def _ask(process: subprocess.Popen[str], question: Mapping[str, Any]) -> Any:
    assert process.stdin is not None
    assert process.stdout is not None
    print(json.dumps(question), file=process.stdin, flush=True)
    return json.loads(process.stdout.readline())


@contextmanager
def run_apis() -> Iterator[Apis]:
    """Serves until the block ends."""
    with ExitStack() as stack:
        processes = [stack.enter_context(_run_sandbox()) for _ in range(2)]
        yield Apis(processes)


@contextmanager
def _run_sandbox() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "benchmarks.apis"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=plain_environment()
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def tokens() -> dict[str, str]:
    """Variables that the sandbox's GitHub and Hub take for good tokens."""
    return dict(DEMO_TOKENS)


async def serve() -> None:
    world = World(SEED, clock=SystemClock())
    world.github.max_aliases = MAX_ALIASES
    world.packs = True
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


def endpoints(sandbox: Sandbox) -> dict[str, dict[str, str]]:
    """Where the hosts are, by table and key of a config.toml."""
    settings = sandbox.settings()
    return {
        "github": {"api_url": settings.github.api_url, "web_url": settings.github.web_url},
        "huggingface": {"endpoint": settings.huggingface.endpoint},
        "arxiv": {"api_url": settings.arxiv.api_url, "oai_url": settings.arxiv.oai_url},
        "archive": {
            "availability_url": settings.archive.availability_url,
            "cdx_url": settings.archive.cdx_url,
            "software_heritage_url": settings.archive.software_heritage_url,
        },
    }


if __name__ == "__main__":
    asyncio.run(serve())
