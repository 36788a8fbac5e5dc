"""A loopback stand-in for the whole web: one port that is origin server and proxy at once.

- Origin: `http://127.0.0.1:PORT/api.github.com/repos/…`, the first path segment names the host. For the
  endpoints of config.toml (`Sandbox.settings`).
- Proxy: `GET http://host/…` and `CONNECT host:443` with TLS under its own authority. For every client that
  honours HTTPS_PROXY and SSL_CERT_FILE (`Sandbox.environment`).
- Direct: any request whose Host header is not a loopback name, and TLS on `tls_port`, where SNI names the
  host. For clients whose connections are led here by other means.

All it says is made up (world.py). Faults are in faults.py; sending them is in connection.py.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from crawler.sandbox.authority import process_authority
from crawler.sandbox.connection import Connection
from crawler.sandbox.faults import TLS_TROUBLES
from crawler.sandbox.world import World
from crawler.settings import Settings

LOOPBACK: Final = "127.0.0.1"
_BACKLOG: Final = 512
_CLOSING_ROUNDS: Final = 100


class Sandbox:
    """A running server for one world; an async context manager. Needs nothing but a loopback interface."""

    def __init__(self, world: World, host: str = LOOPBACK) -> None:
        self.world = world
        self.host = host
        self.port = 0
        self.tls_port = 0
        self.ca_file = ""
        """PEM file of the authority every host's certificate is signed by; removed with the sandbox."""
        self.authority = process_authority()
        self.connections: set[Connection] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.connection_count = 0
        self._servers: list[asyncio.Server] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    # --- addresses -----------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Root of the origin; `url + "/huggingface.co"` is the root of one host."""
        return f"http://{self.host}:{self.port}"

    @property
    def proxy_url(self) -> str:
        return self.url

    def origin(self, url: str) -> str:
        """Where a real address stands in origin mode."""
        return f"{self.url}/{url.partition('://')[2]}"

    def environment(self) -> dict[str, str]:
        """Variables that lead every client of a process through the sandbox as its proxy."""
        return {
            "HTTPS_PROXY": self.proxy_url,
            "HTTP_PROXY": self.proxy_url,
            "https_proxy": self.proxy_url,
            "http_proxy": self.proxy_url,
            "NO_PROXY": "",
            "no_proxy": "",
            "SSL_CERT_FILE": self.ca_file,
            "HF_HUB_DISABLE_TELEMETRY": "1",
        }

    def settings(self, **changes: Mapping[str, Any]) -> Settings:
        """Settings whose endpoints are this origin and whose pace is none; `changes` by section."""
        return msgspec.convert(self._tables(origin=True, changes=changes), Settings)

    def proxied_settings(self, **changes: Mapping[str, Any]) -> Settings:
        """Settings with the real endpoints and no pace, to be used with `environment`."""
        return msgspec.convert(self._tables(origin=False, changes=changes), Settings)

    def config_text(self, *, origin: bool = True, **changes: Mapping[str, Any]) -> str:
        """The same settings as a config.toml."""
        lines = []
        for section, table in self._tables(origin=origin, changes=changes).items():
            lines.append(f"[{section}]")
            # A JSON string, number, boolean or list of them is TOML too.
            lines += [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in table.items()]
        return "\n".join(lines) + "\n"

    def _tables(self, *, origin: bool, changes: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        tables: dict[str, dict[str, Any]] = {
            "network": {"per_host_interval_seconds": 0.0, "timeout_seconds": 5.0, "pause_seconds": 0.0},
            "github": {"page_interval_seconds": 0.0},
            "arxiv": {"min_interval_seconds": 0.0},
            "archive": {"min_interval_seconds": 0.0},
        }
        if origin:
            tables["network"]["allow_private_addresses"] = True
            for section, endpoints in _endpoints(self.url).items():
                tables.setdefault(section, {}).update(endpoints)
        for section, table in changes.items():
            tables.setdefault(section, {}).update(table)
        return tables

    # --- life ----------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="crawler-sandbox-")
        self.ca_file = self._write_authority(Path(self._folder.name))
        try:
            self.port = await self._listen("http", None)
            self.tls_port = await self._listen("https", self._context_by_sni())
        except OSError:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Refuse new connections, tear the open ones, remove the authority's file."""
        for server in self._servers:
            server.close()
        for task in self.tasks:
            task.cancel()
        for connection in list(self.connections):
            connection.abort()
        # The event loop closes an aborted socket in its next round, a TLS one a few rounds later.
        for _ in range(_CLOSING_ROUNDS):
            await asyncio.sleep(0)
            if not self.connections and not self.tasks:
                break
        if self._folder is not None:
            self._folder.cleanup()

    async def _listen(self, scheme: str, context: ssl.SSLContext | None) -> int:
        server = await asyncio.get_running_loop().create_server(
            lambda: Connection(self, scheme=scheme), self.host, 0, backlog=_BACKLOG, ssl=context
        )
        self._servers.append(server)
        port: int = server.sockets[0].getsockname()[1]
        return port

    def _write_authority(self, folder: Path) -> str:
        pem = folder / "authority.pem"
        pem.write_bytes(self.authority.certificate_pem)
        return str(pem)

    def _context_by_sni(self) -> ssl.SSLContext:
        def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> int | None:
            host = name or self.host
            fault = self.world.connection_fault(host, TLS_TROUBLES)
            if fault is not None and fault.flaw is None:
                return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR
            connection.context = self.authority.context_for(host, fault.flaw if fault else None)
            return None

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.sni_callback = choose
        return context


def _endpoints(root: str) -> dict[str, dict[str, str]]:
    return {
        "github": {"api_url": f"{root}/api.github.com", "web_url": f"{root}/github.com"},
        "huggingface": {"endpoint": f"{root}/huggingface.co"},
        "arxiv": {
            "api_url": f"{root}/export.arxiv.org/api/query",
            "oai_url": f"{root}/oaipmh.arxiv.org/oai",
        },
        "archive": {
            "availability_url": f"{root}/archive.org/wayback/available",
            "cdx_url": f"{root}/web.archive.org/cdx/search/cdx",
            "software_heritage_url": f"{root}/archive.softwareheritage.org/api/1",
        },
    }


@contextmanager
def run_in_thread(world: World, host: str = LOOPBACK) -> Iterator[Sandbox]:
    """A sandbox with an event loop of its own, for callers that are synchronous or own another loop."""
    sandbox = Sandbox(world, host)
    started = threading.Event()
    failures: list[BaseException] = []
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        async with sandbox:
            started.set()
            await stop.wait()

    def work() -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(serve())
        except BaseException as error:  # raised again in the caller's thread
            failures.append(error)
        finally:
            started.set()

    thread = threading.Thread(target=work, name="sandbox", daemon=True)
    thread.start()
    started.wait()
    try:
        if failures:
            raise failures[0]
        yield sandbox
    finally:
        if not loop.is_closed():
            loop.call_soon_threadsafe(stop.set)
        thread.join()
