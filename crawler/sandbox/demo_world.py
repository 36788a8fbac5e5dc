"""The world of `crawler demo`: what befalls made-up hosts in a few nights. Nothing in it is true.

Which thing meets which fate is drawn by the seed, so no project is singled out. The nights are laid out for
six: what dies in the first three is dead by the policy on the last, and the last has news of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Final

from crawler.records import Target, TargetKind
from crawler.sandbox.github_repositories import LICENSES as GITHUB_LICENSES
from crawler.sandbox.github_repositories import find_repository
from crawler.sandbox.hub import KIND_OF_TARGET, SANDBOX_TOKEN
from crawler.sandbox.hub_repositories import invent_repository
from crawler.sandbox.web import WALLED_HOSTS, WEIXIN_HOSTS
from crawler.sandbox.web_pages import Fate
from crawler.sandbox.world import World

DEMO_SEED: Final = 5
DEMO_TOKENS: Final = {"GITHUB_TOKEN": "github_sandbox_made_up", "HF_TOKEN": SANDBOX_TOKEN}
"""Variables for the environment; they open nothing but a sandbox."""

LAST_NIGHT: Final = 6
NEW_OWNER: Final = "made-up-new-home"
HUB_IDENTITY: Final = (
    *("_id", "createdAt", "lastModified", "sha", "cardData", "tags"),
    *("library_name", "pipeline_tag", "safetensors", "gguf"),
)
COMMON_FATES_FROM: Final = 40
"""Of a kind with fewer things than this in the catalog, each fate befalls one at most."""


class Lots:
    """Things of one kind in an order of the seed's; each is drawn once."""

    def __init__(self, world: World, kind: str, names: Iterable[str]) -> None:
        self._names = sorted(set(names), key=lambda name: world.number("lot", kind, name, below=2**63))
        self._is_small = len(self._names) < COMMON_FATES_FROM

    def draw(self, count: int) -> Sequence[str]:
        """The next `count` names, fewer when few are there."""
        count = min(count, 1) if self._is_small else count
        drawn, self._names = self._names[:count], self._names[count:]
        return drawn


def make_demo_world(targets: Iterable[Target] = (), seed: int = DEMO_SEED) -> World:
    """A natural world in which some of `targets` are renamed, deleted, archived, gated, withdrawn, …"""
    world = World(seed, natural=True)
    ids: dict[TargetKind, list[str]] = {kind: [] for kind in TargetKind}
    told = list(targets)
    for target in told:
        ids[target.kind].append(target.id)
    world.hub.list_targets(told)
    _plan_github(world, Lots(world, "github", ids[TargetKind.GITHUB_REPO]))
    _plan_github_paths(world, Lots(world, "path", ids[TargetKind.GITHUB_PATH]))
    for kind in (TargetKind.HUGGINGFACE_MODEL, TargetKind.HUGGINGFACE_DATASET, TargetKind.HUGGINGFACE_SPACE):
        _plan_hub(world, KIND_OF_TARGET[kind], Lots(world, kind, ids[kind]))
    _plan_arxiv(world, Lots(world, "arxiv", ids[TargetKind.ARXIV_PAPER]))
    _plan_web(world, Lots(world, "web", filter(_is_ordinary, ids[TargetKind.WEB_PAGE])))
    return world


# --- GitHub --------------------------------------------------------------------------------------


def _plan_github(world: World, lots: Lots) -> None:
    state = world.github
    state.deleted.update(lots.draw(3))
    state.blocked.update(dict.fromkeys(lots.draw(1), "dmca"))
    state.archived.update(lots.draw(4))
    state.renamed.update({name: _new_name(name) for name in lots.draw(5)})
    for night, count in ((2, 3), (3, 2), (LAST_NIGHT, 1)):
        world.at_night(night, partial(_update, state.deleted, lots.draw(count)))
    for night, count in ((3, 2), (LAST_NIGHT, 1)):
        world.at_night(night, partial(_update, state.renamed, {n: _new_name(n) for n in lots.draw(count)}))
        world.at_night(night, partial(_update, state.archived, lots.draw(1)))
    for name in lots.draw(2):
        # Gone long enough to be called dead, and back again.
        state.deleted.add(name)
        world.at_night(LAST_NIGHT, partial(_discard, state.deleted, name))
    for name in lots.draw(1):
        # It moves away, and a stranger takes its old name.
        world.at_night(3, partial(_update, state.renamed, {name: _new_name(name)}))
        world.at_night(4, partial(_update, state.recreated, {name: 1}))
    for name in lots.draw(2):
        world.at_night(LAST_NIGHT, partial(_change_github_license, name))
    for name in lots.draw(1):
        state.fields[name] = {"description": "Just a joke (made up)"}


def _plan_github_paths(world: World, lots: Lots) -> None:
    state = world.github
    state.missing_paths.update(name.lower() for name in lots.draw(1))
    world.at_night(3, partial(_update, state.missing_paths, [name.lower() for name in lots.draw(1)]))


def _change_github_license(name: str, world: World) -> None:
    found = find_repository(world, name)
    known = found.license["key"] if found and found.license else None
    other = next(row for row in GITHUB_LICENSES if row and row["key"] not in {known, "other"})
    world.github.fields[name] = {"license": other}


# --- Hugging Face --------------------------------------------------------------------------------


def _plan_hub(world: World, kind: str, lots: Lots) -> None:
    state = world.hub
    has_gates = kind != "spaces"

    def keys(count: int) -> list[str]:
        return [f"{kind}/{name}" for name in lots.draw(count)]

    state.missing.update(keys(1))
    for name in lots.draw(2):
        _rename_on_the_hub(kind, name, world)
    if has_gates:
        state.gated.update(dict.fromkeys(keys(3), "manual"))
        world.at_night(LAST_NIGHT, partial(_update, state.gated, dict.fromkeys(keys(1), "auto")))
    world.at_night(2, partial(_update, state.missing, keys(2)))
    world.at_night(3, partial(_update, state.disabled, keys(1)))
    for name in lots.draw(1):
        world.at_night(LAST_NIGHT, partial(_rename_on_the_hub, kind, name))
    if kind == "models":
        for name in lots.draw(1):
            world.at_night(LAST_NIGHT, partial(_change_hub_license, kind, name))
        for key in keys(1):
            world.at_night(4, partial(_update, state.recreated, {key: 1}))


def _rename_on_the_hub(kind: str, name: str, world: World) -> None:
    """The sandbox invents by name: what makes a repository itself must go with it to the new one."""
    new_name = _new_name(name)
    told = invent_repository(world, kind, name)
    world.hub.renamed[f"{kind}/{name}"] = new_name
    world.hub.fields[f"{kind}/{new_name}"] = {field: told.get(field) for field in HUB_IDENTITY}


def _change_hub_license(kind: str, name: str, world: World) -> None:
    told = invent_repository(world, kind, name)
    license_id = "mit" if told["cardData"].get("license") != "mit" else "apache-2.0"
    kept = [tag for tag in told["tags"] if not tag.startswith("license:")]
    fields: dict[str, Any] = {"cardData": {"license": license_id}, "tags": [f"license:{license_id}", *kept]}
    world.hub.fields[f"{kind}/{name}"] = fields


# --- arXiv ---------------------------------------------------------------------------------------


def _plan_arxiv(world: World, lots: Lots) -> None:
    state = world.arxiv
    state.withdrawn.update(lots.draw(1))
    for night in (3, LAST_NIGHT):
        for paper in lots.draw(1):
            world.at_night(night, partial(_update, state.versions, {paper: 9}))
    world.at_night(LAST_NIGHT, partial(_update, state.withdrawn, lots.draw(1)))


# --- everybody else ------------------------------------------------------------------------------


def _plan_web(world: World, lots: Lots) -> None:
    """Fates that chance alone might not bring to a catalog of this size."""
    for first, last, fate, count in (
        (1, LAST_NIGHT, Fate.NOT_FOUND, 1),
        (2, LAST_NIGHT, Fate.PARKED, 1),
        (3, LAST_NIGHT, Fate.SOFT_404_CHINESE, 1),
        (4, LAST_NIGHT - 1, Fate.GONE, 1),
        (5, 5, Fate.SERVER_ERROR, 3),
        (LAST_NIGHT, LAST_NIGHT, Fate.NOT_FOUND, 1),
        (LAST_NIGHT, LAST_NIGHT, Fate.MOVED, 1),
        (LAST_NIGHT, LAST_NIGHT, Fate.UNAVAILABLE, 1),
    ):
        for url in lots.draw(count):
            world.at_night(first, partial(_update, world.web.fates, {url: fate}))
            if last < LAST_NIGHT:
                world.at_night(last + 1, partial(_update, world.web.fates, {url: Fate.SOUND}))


def _is_ordinary(url: str) -> bool:
    return url.split("/")[2] not in WALLED_HOSTS | WEIXIN_HOSTS


# --- changes -------------------------------------------------------------------------------------


def _new_name(name: str) -> str:
    return f"{NEW_OWNER}/{name.rpartition('/')[2]}"


def _update(collection: Any, more: Any, _: World) -> None:
    collection.update(more)


def _discard(names: set[str], name: str, _: World) -> None:
    names.discard(name)
