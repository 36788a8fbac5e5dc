"""Counts what was sent and received, per host name. Every client counts here, from any thread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from threading import Lock


class RequestMeter:
    """HTTP requests sent (redirects and retries included, CONNECT not) and body bytes received."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._requests: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()

    def count(self, host: str) -> None:
        """One request was sent to `host` (a name without port)."""
        with self._lock:
            self._requests[_key(host)] += 1

    def add_bytes(self, host: str, count: int) -> None:
        with self._lock:
            self._bytes[_key(host)] += count

    def add(self, requests: Mapping[str, int], received: Mapping[str, int]) -> None:
        """What another meter counted: requests and bytes by host name."""
        with self._lock:
            self._requests.update(requests)
            self._bytes.update(received)

    def take(self) -> tuple[dict[str, int], dict[str, int]]:
        """Requests and bytes so far; counts anew from here."""
        with self._lock:
            taken = dict(self._requests), dict(self._bytes)
            self._requests.clear()
            self._bytes.clear()
        return taken

    def requests(self) -> dict[str, int]:
        with self._lock:
            return dict(sorted(self._requests.items()))

    def bytes(self) -> dict[str, int]:
        with self._lock:
            return dict(sorted(self._bytes.items()))


def _key(host: str) -> str:
    return host.rstrip(".").lower()
