"""The web application. It imports Datasette, so it is imported when somebody serves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from datasette import hookimpl
from datasette.app import Datasette
from datasette.plugins import pm
from datasette.utils.asgi import Response

from crawler.store.search import match_words

if TYPE_CHECKING:
    import sqlite3

SETTINGS: Final = {
    "sql_time_limit_ms": 5000,  # the default of one second is short for a list of 100,000 links
    "facet_time_limit_ms": 1000,
    "suggest_facets": False,  # ours are chosen by hand
}
STYLE: Final = "/-/crawler.css"
# Sixteen explanations in one column would push the table itself off the screen.
EXPLANATIONS_SIDE_BY_SIDE: Final = """
dl.column-descriptions { columns: 18rem; font-size: .85rem; margin: .5rem 0; }
dl.column-descriptions dd { margin-left: 1rem; break-before: avoid; }
dl.column-descriptions dt { break-after: avoid; }
"""
PLUGIN: Final = "crawler"


Scope: TypeAlias = dict[str, Any]
Application: TypeAlias = Callable[[Scope, Any, Any], Awaitable[None]]
THIS_MACHINE: Final = frozenset({b"127.0.0.1", b"localhost"})


class LocalOnly:
    """Answers who asks for this machine: a stranger's page, its name pointed here, may not read along."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        host: bytes = dict(scope.get("headers", ())).get(b"host", b"")
        if scope["type"] != "lifespan" and host.partition(b":")[0].lower() not in THIS_MACHINE:
            await Response.text("Ask for 127.0.0.1 or localhost.", status=421).asgi_send(send)
        else:
            await self._application(scope, receive, send)


class HomePage:
    """A Datasette plugin: `/` is the report, and words are searched as they were indexed."""

    def __init__(self, page: str) -> None:
        self._page = page
        self.__name__ = PLUGIN  # Datasette takes every plugin for a module

    @hookimpl  # type: ignore[untyped-decorator]
    def register_routes(self) -> list[tuple[str, Callable[[], Any]]]:
        async def home() -> Response:
            return Response.html(self._page)

        async def style() -> Response:
            return Response(EXPLANATIONS_SIDE_BY_SIDE, content_type="text/css; charset=utf-8")

        return [(r"^/$", home), (rf"^{STYLE}$", style)]

    @hookimpl  # type: ignore[untyped-decorator]
    def extra_css_urls(self) -> list[str]:
        return [STYLE]

    # Last, because Datasette's own plugin would put its function in the place of ours.
    @hookimpl(trylast=True)  # type: ignore[untyped-decorator]
    def prepare_connection(self, conn: sqlite3.Connection) -> None:
        conn.create_function("escape_fts", 1, match_words)


def build_application(copy: Path, metadata: dict[str, Any], page: str) -> Application:
    """The ASGI application over one copy that nobody writes. One a process: plugins are the process's."""
    if pm.has_plugin(PLUGIN):
        pm.unregister(name=PLUGIN)
    pm.register(HomePage(page), name=PLUGIN)
    datasette = Datasette([], immutables=[str(copy)], metadata=metadata, settings=SETTINGS)
    return LocalOnly(datasette.app())
