"""Made-up listings for what goes beyond a list: models of the whole Hub, READMEs of awesome lists.

No repository, model or word in them is real. A README changes a little from night to night.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from crawler.sandbox.messages import Request, Response

if TYPE_CHECKING:
    from crawler.sandbox.world import World

RAW_FILES: Final = "https://raw.githubusercontent.com"
MODELS_OF_AN_OWNER: Final = 4
PROJECTS_OF_AN_OWNER: Final = 3
SECTIONS: Final = ("Libraries", "Tools", "Applications", "Learning")
SHARED_PROJECTS: Final = 5_000
"""Lists draw their projects from so many: some stand in several lists."""


def add_models(world: World, count: int) -> None:
    """Let the Hub list so many models more."""
    world.hub.listed |= {
        f"models/made-up-lab-{number // MODELS_OF_AN_OWNER}/model-{number}-7b" for number in range(count)
    }


def add_awesome_lists(world: World, names: Iterable[str], projects: int) -> None:
    """Give each of these repositories (`owner/name`) a README with so many projects."""

    def answer(world: World, request: Request) -> Response:
        owner, repository = request.path.split("/")[1:3]
        text = write_readme(world, f"{owner}/{repository}", projects)
        return Response(200, (("Content-Type", "text/plain; charset=utf-8"),), text.encode())

    world.web.pages |= {f"{RAW_FILES}/{name}/HEAD/README.md": answer for name in names}


def write_readme(world: World, name: str, projects: int) -> str:
    """A list as people write them: badge, contents, sections of items, a table, links to no project."""
    lines = [
        f"# {name.partition('/')[2]} (made up)",
        "",
        f"[![CI](https://github.com/{name}/workflows/CI/badge.svg)](https://github.com/{name}/actions)",
        "",
        *(f"- [{section}](#{section.lower()})" for section in SECTIONS),
    ]
    for index, section in enumerate(SECTIONS):
        lines += ["", f"## {section}", ""]
        is_table = index == len(SECTIONS) - 1
        if is_table:
            lines += ["| Project | About |", "| --- | --- |"]
        for place in range(index, projects, len(SECTIONS)):
            project = _draw_project(world, name, place)
            title = project.partition("/")[2]
            link = f"[{title}](https://github.com/{project})"
            lines.append(f"| {link} | made up |" if is_table else f"- {link} - Made up, as is its owner.")
        if not is_table:
            lines.append(f"- [An article](https://example.org/{name}/{index}) - No project.")
    return "\n".join(lines) + "\n"


def _draw_project(world: World, name: str, place: int) -> str:
    # One project in twenty is replaced in the second night.
    edition = 1 if world.night > 1 and place % 20 == 7 else 0
    number = world.number("listed project", name, place, edition, below=SHARED_PROJECTS)
    return f"made-up-maker-{number // PROJECTS_OF_AN_OWNER}/project-{number}"
