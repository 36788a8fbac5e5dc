"""The import rules of docs/architecture.md, read from the code."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "crawler"
MODULES = sorted(PACKAGE.rglob("*.py"))

PURE = (
    *("crawler.licenses", "crawler.links", "crawler.verdicts"),
    *("crawler.judge", "crawler.plan", "crawler.witness", "crawler.resolve.web.soft_404"),
    "crawler.fetch.http1",
)
"""Rooms without clock, network, threads, files or database."""

DOING = {
    "asyncio",
    "time",
    "socket",
    "ssl",
    "sqlite3",
    "subprocess",
    "threading",
    "random",
    "httpx",
    "requests",
}

ONLY_HERE = {
    "github": ("crawler.resolve.github",),
    "requests": ("crawler.resolve.github",),
    "huggingface_hub": ("crawler.resolve.huggingface",),
    "httpx2": ("crawler.resolve.huggingface",),
    "apscheduler": ("crawler.schedule",),
    "httpx": ("crawler.fetch",),
    "sqlite3": ("crawler.store",),
    "sqlite_utils": ("crawler.store",),
    "dask": ("crawler.engine.cluster",),
    "datasette": ("crawler.serve",),
    "distributed": ("crawler.engine.cluster",),
    "uvicorn": ("crawler.serve",),
    "graphql": ("crawler.sandbox",),
    "trustme": ("crawler.sandbox",),
    "h11": ("crawler.sandbox",),
}


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> Iterator[str]:
    """Every module named by an import statement, those inside functions too, but not type-checking ones."""
    tree = ast.parse(path.read_text())
    skipped = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_in(module: str, room: str) -> bool:
    """Whether a module is a room or lies in it; `crawler.resolve.github.resolver` covers github_pages too."""
    return module == room or module.startswith((f"{room}.", f"{room}_"))


def breaches() -> Iterator[str]:
    for path in MODULES:
        module = name_of(path)
        for imported in imports_of(path):
            top = imported.split(".")[0]
            if module in {"crawler.records", "crawler.errors"} and top == "crawler":
                yield f"{module} imports {imported}: it imports nothing of ours"
            if any(is_in(module, room) for room in PURE) and (
                top in DOING or is_in(imported, "crawler.fetch") or is_in(imported, "crawler.store")
            ):
                yield f"{module} imports {imported}: it is pure"
            if is_in(module, "crawler.resolve") and is_in(imported, "crawler.store"):
                yield f"{module} imports {imported}: resolvers know no history"
            if is_in(module, "crawler.report") and (
                is_in(imported, "crawler.fetch") or is_in(imported, "crawler.resolve")
            ):
                yield f"{module} imports {imported}: reports read the database only"
            if top in ONLY_HERE and not any(is_in(module, room) for room in ONLY_HERE[top]):
                yield f"{module} imports {imported}: only {ONLY_HERE[top]} may"


def test_the_rules_have_rooms_to_hold() -> None:
    names = {name_of(path) for path in MODULES}
    for room in PURE + tuple(room for rooms in ONLY_HERE.values() for room in rooms):
        assert any(is_in(name, room) for name in names), f"no module in {room}: the rule checks nothing"


def test_no_import_runs_against_the_architecture() -> None:
    assert sorted(set(breaches())) == []


@pytest.mark.parametrize("resolver", ["github", "huggingface", "arxiv", "web", "archive"])
def test_resolvers_do_not_know_each_other(resolver: str) -> None:
    others = {"github", "huggingface", "arxiv", "web", "archive"} - {resolver}
    for path in MODULES:
        if is_in(name_of(path), f"crawler.resolve.{resolver}"):
            for imported in imports_of(path):
                assert not any(is_in(imported, f"crawler.resolve.{other}") for other in others), (
                    path,
                    imported,
                )


def test_the_architecture_page_names_every_room() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    for path in PACKAGE.iterdir():
        if path.suffix == ".py" and not path.name.startswith("__"):
            assert f"`{path.name}`" in page, path.name
        elif path.is_dir() and path.name != "__pycache__":
            assert f"`{path.name}/`" in page, path.name
