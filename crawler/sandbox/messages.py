"""What the sandbox's services exchange with its server: one request in, one response out."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

SMALLEST_PACKED: Final = 1_000
"""Bytes below which packing would save nothing."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the real host would have seen it.

    `headers` has lower-case names; `query` is parsed, values in order, and `query_string` as sent; `path` is
    decoded of nothing. `base` is empty behind the proxy and `http://127.0.0.1:PORT` where the sandbox is the
    origin itself: `link` needs it. Requests of one connection share a `connection` number.
    """

    method: str
    scheme: str
    host: str
    path: str
    query: Mapping[str, list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    query_string: str = ""
    base: str = ""
    connection: int = 0

    @property
    def url(self) -> str:
        """The address on the real host, query included."""
        query = f"?{self.query_string}" if self.query_string else ""
        return f"{self.scheme}://{self.host}{self.path}{query}"

    def link(self, host: str, path: str, scheme: str = "https") -> str:
        """An absolute URL on `host` that leads back into the sandbox by the way this request came."""
        return f"{self.base}/{host}{path}" if self.base else f"{scheme}://{host}{path}"


@dataclass(frozen=True, slots=True)
class Response:
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @classmethod
    def of_json(cls, value: Any, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Response:
        content = json.dumps(value, ensure_ascii=False).encode()
        return cls(status, (("Content-Type", "application/json; charset=utf-8"), *headers), content)

    @classmethod
    def of_html(cls, page: str, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Response:
        return cls(status, (("Content-Type", "text/html; charset=utf-8"), *headers), page.encode())


def pack(request: Request, response: Response) -> Response:
    """The same response in gzip, where the client takes that and it is worth it."""
    named = {name.lower() for name, _ in response.headers}
    if (
        len(response.body) < SMALLEST_PACKED
        or "content-encoding" in named
        or "gzip" not in request.headers.get("accept-encoding", "")
    ):
        return response
    headers = (*response.headers, ("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding"))
    return Response(response.status, headers, gzip.compress(response.body, compresslevel=4, mtime=0))
