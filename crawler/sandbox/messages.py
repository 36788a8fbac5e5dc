"""What the sandbox's services exchange with its server: one request in, one response out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    """`headers` has lower-case names; `query` is parsed, values in order; `path` is decoded of nothing."""

    method: str
    scheme: str
    host: str
    path: str
    query: Mapping[str, list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


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
