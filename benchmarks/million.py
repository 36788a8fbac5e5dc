"""What a catalog of a million links costs, stage by stage, against one of ten thousand. No network.

    python -m benchmarks.million                                # 10,000 and 1,000,000 links: 15 minutes, 5 GB
    python -m benchmarks.million --links 100000 --files 200     # against 10,000 again
    python -m benchmarks.million --only validate,begin,night    # some stages

60 % of the links are repositories and paths of GitHub, 20 % things on the Hub, 5 % papers, 15 % web pages on
a host for every 50 links; two links at each entry. Each stage is a process of its own: its peak memory is the
process's, its processor time that of the stage alone. Of the looks 1 % find nothing and 1 % are kept out; on
later nights nothing changes but the stars of 1 % of the repositories.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

from crawler.catalog import write_catalog_file
from crawler.catalog_checks import validate_catalog
from crawler.catalog_files import CatalogFiles
from crawler.clock import SimulatedClock
from crawler.config import Config, load_config
from crawler.fetch.environment import NetworkEnvironment
from crawler.fetch.meter import RequestMeter
from crawler.plan import LaneName, plan_crawl
from crawler.recorder import Recorder
from crawler.records import (
    Document,
    Entry,
    EntryKind,
    Facts,
    Link,
    Mention,
    Observation,
    Outcome,
    Question,
    Reason,
    Role,
    RunState,
    TargetKind,
)
from crawler.report.export import export_catalog
from crawler.report.stale import stale_report
from crawler.store.store import Store
from crawler.waves import ask_in_waves

START: Final = datetime(2026, 11, 2, 2, 30, tzinfo=UTC)
STAGES: Final = ("validate", "begin", "night", "second", "third", "report", "export")
REPORTS: Final = ("markdown", "html", "json")
EXPORTS: Final = ("json", "jsonl", "csv")
BASE: Final = 10_000
LINKS_AT_AN_ENTRY: Final = 2
LINKS_A_HOST: Final = 50


@dataclass(frozen=True, slots=True)
class Step:
    """What a part of a stage took; times in seconds. `first_byte`: until the first piece of output."""

    name: str
    wall: float
    cpu: float
    first_byte: float | None = None


Figures: TypeAlias = dict[str, tuple[Step, float]]
"""By step: what it took, and the peak memory of its stage in MB."""


# --- the catalog -------------------------------------------------------------------------------------


def url_of(number: int, links: int) -> str:
    """The address of a link: its kind by its number, mixed as in a list."""
    owner = f"owner-{number * 7919 % max(1, links // 6)}"
    match number % 20:
        case 0 | 1 | 2:
            return f"https://example-{number % max(1, links // LINKS_A_HOST)}.org/posts/2024/{number}"
        case 3 | 4 | 5 | 6:
            path = f"datasets/{owner}" if number % 3 == 0 else owner
            return f"https://huggingface.co/{path}/model-{number}-instruct"
        case 7:
            return f"https://arxiv.org/abs/{15 + number // 12 % 10}{number % 12 + 1:02}.{number % 99_999:05}"
        case 8:
            return f"https://github.com/{owner}/project-{number}/tree/main/examples"
    return f"https://github.com/{owner}/project-{number}"


def make_catalog(folder: Path, links: int, files: int) -> None:
    """Catalog files with equally many entries, and a config."""
    (folder / "catalog").mkdir(parents=True)
    (folder / "config.toml").write_text("")
    entries = links // LINKS_AT_AN_ENTRY
    for file in range(files):
        stem = f"list-{file:05}"
        numbers = range(file * entries // files, (file + 1) * entries // files)
        made = [_make_entry(stem, number, links) for number in numbers]
        write_catalog_file(folder / "catalog" / f"{stem}.yaml", Document(stem, f"List {file}"), made)


def _make_entry(stem: str, number: int, links: int) -> Entry:
    first = number * LINKS_AT_AN_ENTRY
    roles = (Role.PROJECT, Role.PAPER)
    urls = [url_of(first + each, links) for each in range(LINKS_AT_AN_ENTRY)]
    mentions = tuple(Mention(url, url, role, first + 1) for url, role in zip(urls, roles, strict=True))
    name = f"System {number}"
    return Entry(f"{stem}/system-{number}", name, EntryKind.TOOL, stem, "Models > Open", mentions=mentions)


# --- the stages --------------------------------------------------------------------------------------


def validate(config: Config) -> Iterator[Step]:
    with measured("validate") as steps:
        for problem in validate_catalog(config.catalog_paths, today=START.date()):
            sys.stderr.write(f"{problem}\n")
    yield from steps


def begin(config: Config) -> Iterator[Step]:
    """The first run up to its plan, then killed."""
    with open_store(config, 0) as (store, _):
        with measured("first begin_run") as steps:
            run = store.begin_run(CatalogFiles.of(config))
        yield from steps
        with measured("first plan") as steps:
            plan_crawl(store.candidates(run), run.started_at)
        yield from steps


def pass_night(config: Config, night: int, prefix: str) -> Iterator[Step]:
    """A whole night in which every link is looked at."""
    with open_store(config, night) as (store, clock):
        with measured(f"{prefix}: begin_run") as steps:
            run = store.begin_run(CatalogFiles.of(config))
        yield from steps
        with measured(f"{prefix}: plan") as steps:
            plan = plan_crawl(store.candidates(run), run.started_at)
        yield from steps
        meter = RequestMeter()
        environment = NetworkEnvironment.from_mapping({})
        recorder = Recorder(store, run, meter, environment, lambda _: None)
        looker = Looker(clock, night)
        with measured(f"{prefix}: ask and record") as steps, recorder.closing_the_run():
            asyncio.run(ask_in_waves(plan, store.questions, looker.ask, recorder.record))
            for held in recorder.witness.settle():
                recorder.keep(held)
        yield from steps
        assert looker.asked == len(plan) > 0
        with measured(f"{prefix}: finish") as steps:
            store.settle_outages(run)
            store.finish_run(run, RunState.FINISHED, meter.requests())
            store.count_states()
            store.count_events(run)
            store.count_suppressed(run)
        yield from steps


def report(config: Config) -> Iterator[Step]:
    for name in REPORTS:
        yield written(f"report {name}", partial(stale_report, config, name, document=None, as_of=None))


def export(config: Config) -> Iterator[Step]:
    for name in EXPORTS:
        yield written(f"export {name}", partial(export_catalog, config, name, as_of=None, now=START))


RUN_STAGE: Final[Mapping[str, Callable[[Config], Iterator[Step]]]] = {
    "validate": validate,
    "begin": begin,
    "night": lambda config: pass_night(config, 0, "first night"),
    "second": lambda config: pass_night(config, 1, "second night"),
    "third": lambda config: pass_night(config, 2, "third night"),
    "report": report,
    "export": export,
}


@contextmanager
def open_store(config: Config, night: int) -> Iterator[tuple[Store, SimulatedClock]]:
    clock = SimulatedClock(START + timedelta(days=night))
    with Store.open(config.database, clock.now) as store:
        yield store, clock


class Looker:
    """Answers for all hosts at once."""

    def __init__(self, clock: SimulatedClock, night: int) -> None:
        self._clock = clock
        self._night = night
        self.asked = 0

    async def ask(
        self, lanes: Mapping[LaneName, Sequence[Question]], record: Callable[[Observation], None]
    ) -> None:
        for questions in lanes.values():
            for question in questions:
                record(self.look(question.link))
                self.asked += 1
                if self.asked % 1000 == 0:
                    await asyncio.sleep(0)

    def look(self, link: Link) -> Observation:
        now, number = self._clock.now(), number_of(link)
        if number % 200 == 0:
            return Observation(link, now, Outcome.NOT_FOUND, Reason.NOT_FOUND, 404)
        if number % 200 == 100:
            return Observation(link, now, Outcome.RESTRICTED, Reason.BOT_WALL, 403)
        is_page = link.target.kind is TargetKind.WEB_PAGE
        if is_page and self._night:
            return Observation(link, now, Outcome.ALIVE, Reason.NOT_MODIFIED, 304, link.canonical_url)
        return Observation(
            link,
            now,
            Outcome.ALIVE,
            Reason.OK,
            200,
            link.canonical_url,
            facts=self._facts(link, number),
            host_id=None if is_page else str(number),
            validators={"etag": f'"{number:x}"'} if is_page else {},
        )

    def _facts(self, link: Link, number: int) -> Facts:
        moved = self._night if number % 100 == 3 else 0
        match link.target.kind:
            case TargetKind.GITHUB_REPO | TargetKind.GITHUB_PATH:
                return {
                    "full_name": link.target.id.partition(":")[0],
                    "host_id": number,
                    "stars": number % 5000 + moved,
                    "forks": number % 700,
                    "license": "MIT",
                    "archived": False,
                    "disabled": False,
                    "fork": False,
                    "pushed_at": "2026-10-01T00:00:00Z",
                    "default_branch": "main",
                    "language": "Python",
                    "topics": ["llm", "agents"],
                    "description": f"A made-up repository, number {number}",
                }
            case TargetKind.HUGGINGFACE_MODEL | TargetKind.HUGGINGFACE_DATASET:
                return {
                    "full_name": link.target.id,
                    "host_id": str(number),
                    "license": "Apache-2.0",
                    "gated": False,
                    "disabled": False,
                    "downloads": number % 90_000 + moved,
                    "likes": number % 300,
                    "revision": f"{number:040x}",
                    "last_modified": "2026-09-01T00:00:00Z",
                }
            case TargetKind.ARXIV_PAPER:
                return {
                    "title": f"A made-up paper, number {number}",
                    "authors": ["A. Author", "B. Author"],
                    "published_at": "2023-05-25T00:00:00Z",
                    "updated_at": "2023-05-25T00:00:00Z",
                    "version": 1,
                    "withdrawn": False,
                    "primary_category": "cs.CL",
                }
        return {"title": f"Post {number}", "final_url": link.canonical_url, "content_type": "text/html"}


def number_of(link: Link) -> int:
    """The number in a made-up address."""
    digits = "".join(character for character in link.target.id if character.isdigit())
    return int(digits[-7:] or 0)


@contextmanager
def measured(name: str) -> Iterator[list[Step]]:
    """Puts into its list what the block took."""
    steps: list[Step] = []
    wall, cpu = time.perf_counter(), time.process_time()
    yield steps
    steps.append(Step(name, time.perf_counter() - wall, time.process_time() - cpu))


def written(name: str, make: Callable[[], Iterator[str] | None]) -> Step:
    """What making a text and writing it away took."""
    first_byte = None
    with measured(name) as steps, open(os.devnull, "w", encoding="utf-8") as nowhere:
        started = time.perf_counter()
        for piece in make() or ():
            first_byte = first_byte or time.perf_counter() - started
            nowhere.write(piece)
    return Step(name, steps[0].wall, steps[0].cpu, first_byte)


# --- the figures -------------------------------------------------------------------------------------


def run_stage(stage: str, folder: Path) -> dict[str, Any]:
    """In a process of its own: what its steps took, and its peak memory."""
    command = [sys.executable, "-m", "benchmarks.million", "--stage", stage, "--folder", str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{stage}: exit code {done.returncode}")
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def measure(links: int, files: int, stages: Sequence[str], folder: Path) -> Figures:
    """Makes a catalog and runs the stages over it."""
    print(f"{links:,} links in {files:,} files", file=sys.stderr)
    make_catalog(folder, links, files)
    figures: Figures = {}
    for stage in stages:
        told = run_stage(stage, folder)
        for step in told["steps"]:
            figures[step["name"]] = (Step(**step), told["peak_mb"])
            microseconds = 1e6 * step["cpu"] / links
            print(f"  {step['name']}: {microseconds:.1f} us/link, {told['peak_mb']:.0f} MB", file=sys.stderr)
    size = sum(file.stat().st_size for file in (folder / "state").glob("crawler.db*"))
    print(f"  the database: {size / links:,.0f} bytes a link", file=sys.stderr)
    return figures


def print_table(small: Figures, large: Figures, links: int) -> None:
    print(f"| step | us/link at {BASE:,} | at {links:,} | ratio | wall s | first byte s | peak MB |")
    print("| --- | --: | --: | --: | --: | --: | --: |")
    for name, (step, peak) in large.items():
        before, after = 1e6 * small[name][0].cpu / BASE, 1e6 * step.cpu / links
        first = "" if step.first_byte is None else f"{step.first_byte:.2f}"
        ratio = after / before
        print(
            f"| {name} | {before:.1f} | {after:.1f} | {ratio:.2f} | {step.wall:.1f} | {first} | {peak:.0f} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--links", type=int, default=1_000_000)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--only", default=",".join(STAGES), help="stages, with commas between them")
    parser.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help="where to work (default: a folder that is removed again)")
    chosen = parser.parse_args()
    if chosen.stage:
        steps = [
            {"name": step.name, "wall": step.wall, "cpu": step.cpu, "first_byte": step.first_byte}
            for step in RUN_STAGE[chosen.stage](load_config(chosen.folder / "config.toml"))
        ]
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
        print(json.dumps({"steps": steps, "peak_mb": peak_mb}))
        return
    stages = chosen.only.split(",")
    with tempfile.TemporaryDirectory(dir=chosen.folder) as room:
        small_files = max(1, round(BASE / chosen.links * chosen.files))
        small = measure(BASE, small_files, stages, Path(room) / "small")
        large = measure(chosen.links, chosen.files, stages, Path(room) / "large")
        print_table(small, large, chosen.links)


if __name__ == "__main__":
    main()
