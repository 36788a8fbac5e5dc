"""The cookies of one look: set on its way, sent back on its way, forgotten at its end."""

from __future__ import annotations

from typing import Final

import httpx

from crawler.fetch.http1 import RawHeaders

MAX_COOKIES: Final = 30
MAX_COOKIE_HEADER_BYTES: Final = 8_192


class LookCookies:
    """Made when the first is set: most looks meet none."""

    def __init__(self) -> None:
        self._cookies = httpx.Cookies()

    def keep(self, url: str, headers: RawHeaders) -> None:
        """Those that an answer sets."""
        if len(self._cookies.jar) < MAX_COOKIES:
            answer = httpx.Response(200, headers=list(headers), request=httpx.Request("GET", url))
            self._cookies.extract_cookies(answer)

    def header_for(self, url: str) -> str | None:
        """What a request tells of them; None where it tells nothing."""
        request = httpx.Request("GET", url)
        self._cookies.set_cookie_header(request)
        header = request.headers.get("cookie")
        return header if header and len(header) <= MAX_COOKIE_HEADER_BYTES else None

    def state(self) -> str:
        """Equal for equal cookies."""
        return ";".join(sorted(f"{cookie.name}={cookie.value}" for cookie in self._cookies.jar))
