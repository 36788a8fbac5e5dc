"""`crawler serve`: Datasette on a published copy, the report as its home page."""

from __future__ import annotations

import importlib.util
import json
import socket
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from crawler.catalog import load_catalog
from crawler.config import Config
from crawler.errors import UsageError
from crawler.report.language import Language, load_text
from crawler.report.output import write_output
from crawler.report.over_time import collect_over_time
from crawler.report.stale import title_in
from crawler.report.stale_collector import collect_report
from crawler.report.stale_html import render_html
from crawler.serve.metadata import build_config, build_metadata
from crawler.store.opening import open_history
from crawler.store.published import publish

FIRST_QUESTIONS: Final = (
    "search",
    "what-is-broken",
    "what-moved",
    "what-changed",
    "licence-conflicts",
    "star-growth",
)
LOOPBACK: Final = "127.0.0.1"


def prepare(config: Config) -> tuple[Path, str]:
    """A fresh copy to serve and the home page to it, both of the same moment.

    Raises UsageError where the extra is missing, UnableError for what is no database of ours.
    """
    if importlib.util.find_spec("datasette") is None:
        raise UsageError("browsing needs Datasette", hint="pip install 'crawler[serve]'")
    copy = publish(config.database, lambda: load_catalog(config.catalog_paths))
    return copy, render_home(config, copy)


def render_home(config: Config, copy: Path) -> str:
    """The report of what the copy holds, with the way to its tables; English as Datasette is."""
    with open_history(copy, lambda: load_catalog(config.catalog_paths)) as history:
        run = history.latest_run()
        text = load_text(Language.EN)
        report = collect_report(history, run, title=title_in(config, text), document=None, text=text)
        browse = tuple(browse_links(copy.stem))
        return "".join(render_html(report, lambda: collect_over_time(history, run, None), browse=browse))


def browse_links(database: str) -> Iterator[tuple[str, str]]:
    """Where the home page leads, with what it is called there."""
    described = build_metadata(database, searchable=True)["databases"][database]
    for name in FIRST_QUESTIONS:
        yield f"/{_path_of(database)}/{name}", described["queries"][name]["title"]
    yield f"/{_path_of(database)}", "All tables and questions"


def _path_of(database: str) -> str:
    from datasette.utils import tilde_encode  # noqa: PLC0415  not before we know it is there

    return str(tilde_encode(database))


def serve(copy: Path, page: str, listener: socket.socket) -> None:
    """Answer browsers until a signal."""
    import uvicorn  # noqa: PLC0415

    from crawler.serve.application import build_application  # noqa: PLC0415

    application = build_application(copy, build_metadata(copy.stem, searchable=True), page)
    uvicorn.Server(uvicorn.Config(application, log_config=None, access_log=False)).run(sockets=[listener])


def listen(port: int) -> socket.socket:
    """A socket on this machine only. Raises UsageError when the port is taken."""
    try:
        return socket.create_server((LOOPBACK, port))
    except OSError as error:
        raise UsageError(
            f"cannot listen on port {port}: {error.strerror}", hint="--port names another, 0 any free one"
        ) from error


def address_of(listener: socket.socket) -> str:
    return f"http://{LOOPBACK}:{listener.getsockname()[1]}/"


def open_browser(listener: socket.socket) -> None:
    """It waits for its first answer: the socket listens already."""
    webbrowser.open(address_of(listener))


def write_metadata(config: Config, metadata: Path | None, settings: Path | None) -> None:
    """What a plain `datasette` on the database itself is told; Datasette 1.0 wants a config besides."""
    name = config.database.stem
    for output, built in ((metadata, build_metadata), (settings, build_config)):
        if output is not None:
            text = json.dumps(built(name, searchable=False), ensure_ascii=False, indent=2)
            write_output([text, "\n"], output)
