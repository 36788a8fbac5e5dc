"""The loopback web server that clients are measured against: `server.c`, compiled once.

    python -m benchmarks.server --latency-ms 50     # serves until interrupted

Needs a C compiler as `cc`. One port, bound on all addresses: 127.0.1.1, 127.0.1.2, … are its hosts.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).with_name("server.c")
PAGE_BYTES: Final = 30_000
FLAGS: Final = ("-O2", "-Wall", "-Wextra", "-Werror")


@dataclass(frozen=True, slots=True)
class Counts:
    """What the server sent since its last reset; `pages` are different ones answered with 200."""

    requests: int
    ok: int
    not_modified: int
    not_found: int
    pages: int
    connections: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    port: int
    pid: int

    def url(self, host: int, path: str) -> str:
        """An address at the server's `host`-th host, from 0; below /page/ there is a page for every path."""
        return f"http://127.0.{1 + host // 200}.{1 + host % 200}:{self.port}/{path}"

    def counts(self) -> Counts:
        return Counts(**self._ask(".counts"))

    def reset(self) -> None:
        """Sets all counts to nothing."""
        self._ask(".reset")

    def set_latency(self, milliseconds: int) -> None:
        """Every answer to a request read from now on goes out that much later."""
        self._ask(f".latency/{milliseconds}")

    def _ask(self, path: str) -> dict[str, int]:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(f"http://127.0.0.1:{self.port}/{path}", timeout=30) as answer:
            counts: dict[str, int] = json.load(answer)
            return counts


@contextmanager
def run_server(latency_ms: int = 0, port: int = 0, page_bytes: int = PAGE_BYTES) -> Iterator[Server]:
    """Serves until the block ends; port 0 takes any free one. Raises `OSError` when it cannot."""
    command = [str(compile_server()), str(port), str(latency_ms), str(page_bytes)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            said = process.stdout.readline()
            if not said:
                raise OSError(f"the server could not take port {port}")
            yield Server(int(said), process.pid)
        finally:
            process.kill()


def compile_server() -> Path:
    """The compiled server, in the folder for temporary files, made where it is missing or of other source."""
    version = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    binary = Path(tempfile.gettempdir(), f"crawler-benchmark-server-{os.getuid()}-{version}")
    if not binary.exists():
        part = binary.with_suffix(f".{os.getpid()}")
        subprocess.run(["cc", *FLAGS, "-o", part, SOURCE], check=True)
        part.rename(binary)
    return binary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--port", type=int, default=18_080)
    parser.add_argument("--latency-ms", type=int, default=0)
    parser.add_argument("--page-bytes", type=int, default=PAGE_BYTES)
    chosen = parser.parse_args()
    with run_server(chosen.latency_ms, chosen.port, chosen.page_bytes) as server:
        print(f"{server.url(0, 'page/1')} to {server.url(199, 'page/…')}", file=sys.stderr)
        with suppress(KeyboardInterrupt):
            os.waitid(os.P_PID, server.pid, os.WEXITED | os.WNOWAIT)


if __name__ == "__main__":
    main()
