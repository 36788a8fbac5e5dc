"""How PyGithub reaches the API: one HTTP session of ours, and no way off the API's own host.

Everything that needs PyGithub and requests stands here; both are slow to import, so api.py imports
this module when the first request is due.
"""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import ItemsView
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from github import Auth, Github
from github.Requester import HTTPRequestsConnectionClass, Requester, RequestsResponse
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

from crawler.fetch.client import LOOK_TIMEOUTS, user_agent
from crawler.fetch.environment import DEFAULT_PORTS, NetworkEnvironment
from crawler.fetch.failure import Failure, LookFailed, explain_failure
from crawler.fetch.guard import is_loopback
from crawler.fetch.meter import RequestMeter
from crawler.records import Reason
from crawler.settings import Settings

MAX_ANSWER_BYTES: Final = 20_000_000
MAX_REDIRECTS: Final = 3
"""A renamed repository needs one; PyGithub itself would follow for ever."""
# PyGithub prints what it logs, and every renamed repository is a line of it; we say what matters ourselves.
logging.getLogger("github").setLevel(logging.WARNING)

_NUMBERS: Final = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")


class ApiSession:
    """One requests session for all tokens, with proxy, CA and time limits of ours."""

    def __init__(self, settings: Settings, environment: NetworkEnvironment, meter: RequestMeter) -> None:
        self.base_url: Final = settings.github.api_url.rstrip("/")
        self._timeout_seconds = settings.network.timeout_seconds
        self._user_agent = user_agent(settings.network)
        self._meter = meter
        self._requesters: dict[str | None, Requester] = {}
        proxy = environment.proxy_for(self.base_url)
        if is_loopback(urlsplit(self.base_url).hostname or ""):
            proxy = None
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.proxies = {"http": proxy, "https": proxy} if proxy else {}
        self._http.verify = environment.ca_file or True
        for scheme in ("http://", "https://"):
            self._http.mount(scheme, _Adapter(environment))

    def request(
        self, verb: str, path: str, token: str | None, body: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, str], str]:
        """Send one request through PyGithub and wait for it: (status, lower-case headers, text).

        Blocking; several threads may call at once. Raises LookFailed.
        """
        requester = self._requester(token)
        # PyGithub finds GraphQL from any base: /graphql, <base>/graphql, /api/graphql for /api/v3.
        url = requester.graphql_url if path == "/graphql" else path
        connection = _Connection(self._http, self.base_url, self._timeout_seconds, self._meter)
        try:
            return requester.requestJson(verb, url, input=body, cnx=connection)
        except requests.exceptions.ProxyError as error:
            raise LookFailed(Failure(Reason.SKIPPED, "the proxy did not connect", temporary=True)) from error
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            failure = explain_failure(_find_tls_error(error) or error)
            # Whatever keeps us from the API says nothing about the things asked for: never confirmed.
            raise LookFailed(Failure(failure.reason, failure.detail, temporary=True)) from error

    def _requester(self, token: str | None) -> Requester:
        if token not in self._requesters:
            self._requesters[token] = Github(
                auth=None if token is None else Auth.Token(token),
                base_url=self.base_url,
                timeout=int(self._timeout_seconds) or 1,
                user_agent=self._user_agent,
                # Pace, retries and waits are the lane's and ours.
                retry=0,
                seconds_between_requests=None,
                seconds_between_writes=None,
            ).requester
        return self._requesters[token]

    def close(self) -> None:
        self._http.close()


class _Adapter(HTTPAdapter):
    """Verifies TLS as every other client of this process does."""

    def __init__(self, environment: NetworkEnvironment) -> None:
        self._context = environment.ssl_context()
        super().__init__(max_retries=0)

    def init_poolmanager(self, *arguments: Any, **keywords: Any) -> None:
        super().init_poolmanager(*arguments, ssl_context=self._context, **keywords)

    def proxy_manager_for(self, proxy: str, **keywords: Any) -> Any:
        return super().proxy_manager_for(proxy, ssl_context=self._context, **keywords)


class _Connection(HTTPRequestsConnectionClass):
    """What PyGithub takes for a connection, for one call: sends, counts, reads within limits."""

    def __init__(
        self, http: requests.Session, base_url: str, timeout_seconds: float, meter: RequestMeter
    ) -> None:
        # Not calling the base class: it would open a session that trusts the environment.
        self.host = urlsplit(base_url).hostname or ""
        self._origin = _origin(base_url)
        self._http = http
        self._timeout_seconds = timeout_seconds
        self._meter = meter
        self._deadline = time.monotonic() + timeout_seconds * LOOK_TIMEOUTS
        self._redirects = 0

    def getresponse(self) -> RequestsResponse:
        try:
            response = self._http.request(
                self.verb,
                f"{self._origin}{self.url}",
                headers={"Accept": "application/vnd.github+json", **self.headers},
                data=self.input,
                timeout=self._timeout_seconds,
                allow_redirects=False,
                stream=True,
                # Session.verify is ignored in favour of REQUESTS_CA_BUNDLE unless it is given here.
                verify=self._http.verify,
            )
        except requests.exceptions.RequestException as error:
            if _was_sent(error):
                self._meter.count(self.host)
            raise
        self._meter.count(self.host)
        with response:
            return _Answer(response.status_code, self._check_headers(response), self._read(response))

    def close(self) -> None:
        """The session is shared and outlives one call."""

    def _check_headers(self, response: requests.Response) -> CaseInsensitiveDict[str]:
        """The headers, with what PyGithub would stumble over settled. Raises LookFailed."""
        headers = CaseInsensitiveDict(response.headers)
        for name in _NUMBERS:
            if name in headers and not headers[name].isdecimal():
                del headers[name]
        if response.status_code == 202:
            raise LookFailed(Failure(Reason.SERVER_ERROR, "the API answered 202 instead of an answer"))
        if response.status_code in {301, 302, 303, 307, 308}:
            location = urljoin(response.url, headers.get("location", ""))
            if _origin(location) != self._origin:
                said = f"the API redirects to {_origin(location)}, where no token goes"
                raise LookFailed(Failure(Reason.SKIPPED, said, temporary=True))
            self._redirects += 1
            if self._redirects > MAX_REDIRECTS or urlsplit(location).path == self.url:
                raise LookFailed(Failure(Reason.TOO_MANY_REDIRECTS, "the API redirects in circles"))
            headers["location"] = location
        return headers

    def _read(self, response: requests.Response) -> str:
        body = bytearray()
        try:
            # read1 gives what has arrived: a dripping server meets the deadline, not its own pace.
            while piece := response.raw.read1(65_536, decode_content=True):
                body += piece
                if len(body) > MAX_ANSWER_BYTES:
                    raise LookFailed(Failure(Reason.BODY_TOO_LARGE, f"more than {MAX_ANSWER_BYTES:,} bytes"))
                if time.monotonic() > self._deadline:
                    raise LookFailed(Failure(Reason.TIMEOUT, "no whole answer in time"))
        finally:
            self._meter.add_bytes(self.host, response.raw.tell())
        return body.decode("utf-8", errors="replace")


class _Answer(RequestsResponse):
    """What PyGithub reads of an answer."""

    def __init__(self, status: int, headers: CaseInsensitiveDict[str], text: str) -> None:
        self.status = status
        self.headers = headers
        self._text = text

    def getheaders(self) -> ItemsView[str, str]:
        return self.headers.items()

    def read(self) -> str:
        return self._text


def _origin(url: str) -> str:
    """Scheme, host and port in one spelling; "" for what is no URL."""
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return ""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}:{port}"


def _was_sent(error: requests.exceptions.RequestException) -> bool:
    """Whether the request itself went out before this happened, as opposed to its connection failing."""
    if isinstance(
        error,
        requests.exceptions.ProxyError | requests.exceptions.SSLError | requests.exceptions.ConnectTimeout,
    ):
        return False
    return not isinstance(_reason(error), urllib3.exceptions.NewConnectionError)


def _find_tls_error(error: BaseException) -> ssl.SSLError | None:
    """The error of the handshake, which urllib3 wraps without keeping it as a cause."""
    reason = _reason(error)
    inner = reason.args[0] if isinstance(reason, urllib3.exceptions.SSLError) and reason.args else None
    return inner if isinstance(inner, ssl.SSLError) else None


def _reason(error: BaseException) -> object:
    """What urllib3 gave up for."""
    return getattr(error.args[0] if error.args else None, "reason", None)
