"""One JSON document to an address of the operator's own, such as a webhook; never to a link."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import httpx

from crawler.fetch.environment import NetworkEnvironment


class PostError(Exception):
    """It did not arrive; the text names no address, which may be a secret."""


def post_json(url: str, payload: Any, environment: NetworkEnvironment, timeout_seconds: float) -> Any:
    """POST through the environment's proxy and CA, following no redirect. Returns the JSON answer, or None.

    Raises PostError.
    """
    try:
        if urlsplit(url).scheme not in {"http", "https"}:
            raise PostError("not an http(s) address")
        proxy, context = environment.proxy_for(url), environment.ssl_context()
        with httpx.Client(
            proxy=proxy, verify=context, trust_env=False, timeout=timeout_seconds, follow_redirects=False
        ) as client:
            answer = client.post(url, json=payload)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise PostError(type(error).__name__) from None
    if not answer.is_success:
        raise PostError(f"HTTP {answer.status_code}")
    try:
        return answer.json()
    except ValueError:
        return None
