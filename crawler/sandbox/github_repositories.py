"""The sandbox's GitHub: its state, and repositories and owners invented from their names. All made up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from crawler.sandbox.world import World

LICENSES: Final[tuple[dict[str, Any] | None, ...]] = (
    {"key": "mit", "name": "MIT License", "spdx_id": "MIT"},
    {"key": "apache-2.0", "name": "Apache License 2.0", "spdx_id": "Apache-2.0"},
    {"key": "apache-2.0", "name": "Apache License 2.0", "spdx_id": "Apache-2.0"},
    {"key": "gpl-3.0", "name": "GNU General Public License v3.0", "spdx_id": "GPL-3.0"},
    {"key": "bsd-3-clause", "name": 'BSD 3-Clause "New" or "Revised" License', "spdx_id": "BSD-3-Clause"},
    {"key": "other", "name": "Other", "spdx_id": "NOASSERTION"},
    None,
)
LANGUAGES: Final = ("Python", "Jupyter Notebook", "C++", "TypeScript", "Rust", None)
BRANCHES: Final = ("main", "main", "master")
TOPICS: Final = ("llm", "chatbot", "chinese", "fine-tuning", "dataset", "rlhf", "made-up")
FIRST_PUSH: Final = datetime(2023, 1, 1, tzinfo=UTC)
PUSH_DAYS: Final = 1_000
MAX_RENAMES: Final = 10


@dataclass(slots=True)
class GitHubState:
    """What differs from the invented world. Keys are lower-case: `owner/name`, `owner`, `owner/name:ref`.

    `fields` is laid over the REST object of a repository; the other faces follow it.
    """

    fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    """Old name → new full name; the id stays."""
    recreated: dict[str, int] = field(default_factory=dict)
    """A stranger's repository under the name, any number; the first one lives on where `renamed` says."""
    deleted: set[str] = field(default_factory=set)
    private: set[str] = field(default_factory=set)
    blocked: dict[str, str] = field(default_factory=dict)
    """Name → reason of the block: `dmca` answers 451, any other is the staff's and answers 403."""
    disabled: set[str] = field(default_factory=set)
    archived: set[str] = field(default_factory=set)
    missing_owners: set[str] = field(default_factory=set)
    users: set[str] = field(default_factory=set)
    organizations: set[str] = field(default_factory=set)
    missing_paths: set[str] = field(default_factory=set)
    """`owner/name:ref/path`."""
    missing_branches: set[str] = field(default_factory=set)
    renamed_branches: dict[str, str] = field(default_factory=dict)
    """`owner/name:branch` → its name now."""
    branches: dict[str, set[str]] = field(default_factory=dict)
    """Branches with slashes in their names; those without exist unless said otherwise."""

    refused_tokens: set[str] = field(default_factory=set)
    members: set[str] = field(default_factory=set)
    """Tokens that see private repositories."""
    sealed: set[str] = field(default_factory=set)
    """Repositories whose owner refuses all tokens and shows itself without one."""
    forbidden: dict[str, str] = field(default_factory=dict)
    """Repository → field that GraphQL answers with FORBIDDEN."""
    broken: Counter[str] = field(default_factory=Counter)
    """Repository → how often GraphQL still fails on it, with an error that has no type."""
    hidden: set[str] = field(default_factory=set)
    """Repositories that GraphQL says are absent although REST has them."""
    max_aliases: int = 200
    limits: dict[str, int] = field(default_factory=lambda: {"graphql": 5_000, "core": 5_000, "anonymous": 60})
    used: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    """(token or "", quota, hour since 1970) → requests."""
    secondary: int = 0
    """The next so many requests meet the secondary limit."""
    secondary_retry_after: int | None = 30
    walled: bool = False
    """The pages send everybody to the login form."""
    seen: set[str] = field(default_factory=set)
    """Identities that anybody asked for."""


@dataclass(frozen=True, slots=True)
class Found:
    """One repository as it is tonight, in REST's words; `key` is the identity all is invented from."""

    key: str
    rest: dict[str, Any]

    @property
    def full_name(self) -> str:
        name: str = self.rest["full_name"]
        return name

    @property
    def license(self) -> dict[str, Any] | None:
        value: dict[str, Any] | None = self.rest["license"]
        return value


def find_repository(world: World, name: str, *, token: str = "") -> Found | None:
    """What stands under a name now, renames followed; None: nothing that this caller may see."""
    state: GitHubState = world.github
    asked = name.lower()
    if asked in state.recreated:
        return _visible(state, invent_repository(world, f"{asked}#{state.recreated[asked]}", asked), token)
    home = _home(state, asked)
    return _visible(state, invent_repository(world, _first_name(state, home), home), token)


def find_by_id(world: World, host_id: int, *, token: str = "") -> Found | None:
    """The repository with this id, of all that anybody asked for or that the state names."""
    state: GitHubState = world.github
    for key in _known_keys(state):
        if repository_id(world, key) == host_id:
            if "#" in key:
                return find_repository(world, key.partition("#")[0], token=token)
            home = _home(state, key)
            if home in state.recreated:
                return None
            return _visible(state, invent_repository(world, key, home), token)
    return None


def invent_repository(world: World, key: str, name: str) -> Found:
    """A repository that stays the same every night, but for its stars, which grow a little."""
    state: GitHubState = world.github
    state.seen.add(key)
    stars = 10 ** (1 + world.number(key, "size", below=4)) + world.number(key, "stars", below=5_000)
    growth = world.number(key, "growth", below=30)
    night = max(world.night - 1, 0)
    topics = [topic for topic in TOPICS if world.number(key, topic, below=3) == 0]
    license_ = LICENSES[world.number(key, "license", below=len(LICENSES))]
    pushed = FIRST_PUSH + timedelta(days=world.number(key, "pushed", below=PUSH_DAYS))
    full_name = name if name in state.renamed.values() else _cased(world, name)
    lower = name.lower()
    rest: dict[str, Any] = {
        "id": repository_id(world, key),
        "full_name": full_name,
        "name": full_name.partition("/")[2],
        "owner": {"login": full_name.partition("/")[0]},
        "private": lower in state.private,
        "description": f"Made up for the sandbox: {name}",
        "homepage": None,
        "fork": world.number(key, "fork", below=8) == 0,
        "archived": lower in state.archived or world.number(key, "archived", below=15) == 0,
        "disabled": lower in state.disabled,
        "stargazers_count": stars + growth * night,
        "forks_count": stars // 7 + world.number(key, "forks", below=50),
        "license": license_,
        "pushed_at": pushed.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "default_branch": BRANCHES[world.number(key, "branch", below=len(BRANCHES))],
        "language": LANGUAGES[world.number(key, "language", below=len(LANGUAGES))],
        "topics": topics,
    }
    return Found(key, rest | state.fields.get(lower, {}))


def repository_id(world: World, key: str) -> int:
    return 1_000_000 + world.number("github id", key, below=900_000_000)


def find_owner(world: World, login: str) -> dict[str, Any] | None:
    """An owner in REST's words; two of three invented ones are organisations."""
    state: GitHubState = world.github
    lower = login.lower()
    if lower in state.missing_owners:
        return None
    organisation = lower in state.organizations or (
        lower not in state.users and world.number(lower, "organisation", below=3) > 0
    )
    return {
        "login": login,
        "id": 1_000 + world.number("github owner", lower, below=90_000_000),
        "type": "Organization" if organisation else "User",
        "name": f"{login.title()} (made up)",
    }


def has_expression(world: World, repository: Found, expression: str) -> bool:
    """Whether Git finds `ref`, or `ref:path`, in a repository."""
    ref, _, path = expression.partition(":")
    branch = _branch(world, repository, ref)
    if branch is None:
        return False
    missing = world.github.missing_paths
    names = {f"{name}:{at}/{path}" for name in _names(repository) for at in (ref, branch)}
    return not path or not any(name.lower() in missing for name in names)


def find_branch(world: World, repository: Found, branch: str) -> str | None:
    """A branch's name now, also by its name before a rename."""
    state: GitHubState = world.github
    for name in _names(repository):
        if now := state.renamed_branches.get(f"{name}:{branch}".lower()):
            return now
    return _branch(world, repository, branch)


def _branch(world: World, repository: Found, ref: str) -> str | None:
    """The branch that Git takes a ref for."""
    state: GitHubState = world.github
    default: str = repository.rest["default_branch"]
    if ref == "HEAD":
        return default
    branch = ref.removeprefix("refs/").removeprefix("heads/").removeprefix("tags/")
    keys = {f"{name}:{branch}".lower() for name in _names(repository)}
    with_slash = {branch for name in _names(repository) for branch in state.branches.get(name, ())}
    if keys & state.missing_branches or keys & state.renamed_branches.keys():
        return None
    # Git cannot have a branch `a` beside a branch `a/b`.
    exists = branch in with_slash or (
        bool(branch) and "/" not in branch and not any(name.startswith(f"{branch}/") for name in with_slash)
    )
    return branch if exists and branch not in {"refs", "heads"} else None


def _names(repository: Found) -> tuple[str, str]:
    """The name it was born with and the one it has, as keys of the state."""
    return repository.key, repository.full_name.lower()


def _visible(state: GitHubState, found: Found, token: str) -> Found | None:
    if found.full_name.lower() in state.deleted or found.key in state.deleted:
        return None
    return None if found.rest["private"] and token not in state.members else found


def _home(state: GitHubState, name: str) -> str:
    """Where a name leads after all renames, in the spelling of the last one."""
    for _ in range(MAX_RENAMES):
        if name.lower() not in state.renamed:
            break
        name = state.renamed[name.lower()]
    return next((new for new in state.renamed.values() if new.lower() == name.lower()), name)


def _first_name(state: GitHubState, name: str) -> str:
    """The name a repository was born with: its identity."""
    born = name.lower()
    for _ in range(MAX_RENAMES):
        older = next((old for old, new in state.renamed.items() if new.lower() == born), None)
        if older is None:
            break
        born = older
    return born


def _cased(world: World, name: str) -> str:
    """GitHub keeps the capitals an owner chose; one in four invented ones has some."""
    return name.title() if world.number(name, "case", below=4) == 0 else name


def _known_keys(state: GitHubState) -> list[str]:
    return sorted({*state.seen, *state.renamed, *state.recreated, *state.deleted})
