"""Made-up lists of links: as real ones are mixed, or of web pages only; the same for every tool."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.measure import Cost, crawler, plain_environment, run_measured
from benchmarks.server import Server

GITHUB_SHARE: Final = 0.60
HUB_SHARE: Final = 0.20
ARXIV_SHARE: Final = 0.05
PATH_SHARE: Final = 0.15
"""Of the GitHub links: files and folders, two of three in repositories that are linked themselves."""
DATASET_SHARE: Final = 0.15
SPACE_SHARE: Final = 0.05
HUB_OWNERS: Final = 300
WEB_HOSTS: Final = 200
REPOSITORIES_PER_OWNER: Final = 2.5
SEED: Final = 20


@dataclass(frozen=True, slots=True)
class MixedList:
    """Addresses by where they lead; 60 % GitHub, 20 % Hugging Face, 5 % arXiv, the rest web pages."""

    github: Sequence[str]
    hub: Sequence[str]
    arxiv: Sequence[str]
    web: Sequence[str]

    def all(self) -> list[str]:
        """In an order of chance, as lists have them."""
        addresses = [*self.github, *self.hub, *self.arxiv, *self.web]
        random.Random(SEED).shuffle(addresses)
        return addresses


def make_mixed(server: Server, links: int) -> MixedList:
    """A list of so many links, its web pages on `server`."""
    chance = random.Random(SEED)
    github, hub, arxiv = (round(links * share) for share in (GITHUB_SHARE, HUB_SHARE, ARXIV_SHARE))
    return MixedList(
        github=list(_github(github, chance)),
        hub=list(_hub(hub, chance)),
        arxiv=[
            f"https://arxiv.org/abs/{number % 10 + 16}{number % 12 + 1:02}.{10_000 + number}"
            for number in range(arxiv)
        ],
        web=web_addresses(server, links - github - hub - arxiv, WEB_HOSTS),
    )


def web_addresses(server: Server, links: int, hosts: int) -> list[str]:
    """Pages, the first of every host first."""
    return [server.url(number % hosts, f"page/{number // hosts}?n={number}") for number in range(links)]


def _github(links: int, chance: random.Random) -> Iterator[str]:
    paths = round(links * PATH_SHARE)
    owners = max(1, round((links - paths) / REPOSITORIES_PER_OWNER))
    repositories = [
        f"https://github.com/owner-{chance.randrange(owners)}/project-{number}"
        for number in range(links - paths)
    ]
    yield from repositories
    for number in range(paths):
        home = chance.choice(repositories) if number % 3 else f"https://github.com/paths/only-{number}"
        yield f"{home}/{'tree/main/models' if number % 2 else 'blob/main/docs'}/part-{number}.md"


def _hub(links: int, chance: random.Random) -> Iterator[str]:
    datasets, spaces = round(links * DATASET_SHARE), round(links * SPACE_SHARE)
    for number in range(links):
        owner = f"hub-{chance.randrange(HUB_OWNERS)}"
        prefix = "datasets/" if number < datasets else "spaces/" if number < datasets + spaces else ""
        yield f"https://huggingface.co/{prefix}{owner}/model-{number}"


def import_list(folder: Path, addresses: Sequence[str], config: str) -> Cost:
    """`list.md` in the folder, and below `home` the config with the catalog that ours makes of the list."""
    lines = [f"- [Thing {number}]({address})" for number, address in enumerate(addresses)]
    (folder / "list.md").write_text("# Things\n\n" + "\n".join(lines) + "\n", encoding="utf-8")
    home = folder / "home"
    (home / "catalog").mkdir(parents=True)
    (home / "config.toml").write_text(config, encoding="utf-8")
    cost = run_measured(
        crawler("import", "--config", home / "config.toml", folder / "list.md"), plain_environment()
    )
    if cost.exit_code:
        raise SystemExit("the list could not be imported")
    return cost
