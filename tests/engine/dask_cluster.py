"""A Dask cluster of real processes for tests."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from tests.crawl.conftest import base_environment

DASK_ENVIRONMENT = {
    **base_environment(),
    "PYTHONWARNINGS": "default",
    # A lease that is over is found out at once.
    "DASK_DISTRIBUTED__SCHEDULER__LOCKS__LEASE_VALIDATION_INTERVAL": "200ms",
}


def host_of_our_own() -> str:
    """A loopback address of this process alone: a port there stays free for whoever comes back to it."""
    return str(ip_address(0x7F400000 + os.getpid() % 0x3FFFFF))


@dataclass
class Cluster:
    """A scheduler and workers as a person would start them, each with its log."""

    folder: Path
    environment: Mapping[str, str]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, **changes: str) -> None:
        """Two workers, the first with these changes of its environment."""
        for left in (self.scheduler_file, *self.folder.glob("*.log")):
            left.unlink(missing_ok=True)
        self.start_scheduler(f"tcp://{host_of_our_own()}:0")
        self.start_workers(**changes)

    def start_scheduler(self, address: str) -> None:
        host, port = address.removeprefix("tcp://").split(":")
        self.scheduler = self._start({}, "dask_scheduler", "--host", host, "--port", port)

    def restart_scheduler(self) -> None:
        """Another one at the address of the one that was killed, gone for good."""
        address = self.address
        self.scheduler_file.unlink()
        self.start_scheduler(address)

    def start_workers(self, **changes: str) -> None:
        registered = self.logs().count("Registered to:")
        # The crawler is there before a run comes: both workers have something in hand soon after it began.
        options = (
            "--no-nanny",
            "--nthreads",
            "1",
            "--host",
            "127.0.0.1",
            "--preload",
            "crawler.engine.cluster",
        )
        self.workers = [self._start(each, "dask_worker", *options) for each in (changes, {})]
        deadline = time.monotonic() + 100
        while self.logs().count("Registered to:") < registered + 2:
            assert time.monotonic() < deadline, self.logs()
            time.sleep(0.05)

    @property
    def scheduler_file(self) -> Path:
        return self.folder / "scheduler.json"

    @property
    def address(self) -> str:
        return str(json.loads(self.scheduler_file.read_text())["address"])

    def logs(self) -> str:
        return "".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    def _start(self, changes: Mapping[str, str], command: str, *options: str) -> subprocess.Popen[bytes]:
        options = (*options, "--no-dashboard", "--scheduler-file", str(self.scheduler_file))
        with (self.folder / f"{len(self.processes)}-{command}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{command}", *options],
                env={**DASK_ENVIRONMENT, **self.environment, **changes},
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
            )
        self.processes.append(process)
        return process
