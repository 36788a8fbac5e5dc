"""What only the services can tell: whether they answer, what our tokens may do, what time it is.

One cheap request to each endpoint a run would use, at the configured pace. No link of the catalog is asked.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

from crawler.clock import Clock
from crawler.doctor.check import Check, Level
from crawler.fetch.client import Fetcher, FetchResult
from crawler.fetch.environment import NetworkEnvironment, may_carry_token
from crawler.fetch.meter import RequestMeter
from crawler.fetch.politeness import Politeness
from crawler.settings import Settings

CLOCK_WARNS: Final = timedelta(minutes=1)
CLOCK_FAILS: Final = timedelta(hours=1)
"""By so much two strikes may be nearer than `min_days` without being too near."""

ARXIV_PROBE: Final = "id_list=1706.03762&max_results=1"
WEB_PROBE: Final = "url=example.com&limit=1"


@dataclass(frozen=True, slots=True)
class Probe:
    """One request. `needed`: without this endpoint a lane of the crawl cannot work."""

    name: str
    url: str
    token: str | None = field(default=None, repr=False)
    needed: bool = True


async def check_services(settings: Settings, environment: NetworkEnvironment, clock: Clock) -> list[Check]:
    """Ask every endpoint once, and judge what came back; never raises for what a service does."""
    probes = list(list_probes(settings, environment))
    politeness, meter = Politeness(settings, clock), RequestMeter()
    async with Fetcher(settings, environment, politeness, meter, clock) as fetcher:

        async def ask(probe: Probe) -> tuple[FetchResult, datetime]:
            headers = {"Authorization": f"Bearer {probe.token}"} if probe.token else {}
            result = await fetcher.get(probe.url, headers=headers, trusted=True, max_body_bytes=65_536)
            return result, clock.now()

        answers = await asyncio.gather(*map(ask, probes))
    results = [result for result, _ in answers]
    checks = [judge_answer(probe, result) for probe, result in zip(probes, results, strict=True)]
    return [*checks, *check_missing_tokens(environment), check_clock(answers)]


def list_probes(settings: Settings, environment: NetworkEnvironment) -> Iterator[Probe]:
    """The endpoints of a run with these settings and tokens."""
    limits = f"{settings.github.api_url.rstrip('/')}/rate_limit"
    tokens = environment.github_tokens
    if tokens and not may_carry_token(settings.github.api_url, "GITHUB_TOKEN"):
        tokens = ()
    for number, token in enumerate(tokens, 1):
        yield Probe("GITHUB_TOKEN" if len(tokens) == 1 else f"GITHUB_TOKEN {number}", limits, token)
    if not tokens:
        yield Probe("github", limits, needed=False)
        yield Probe("github pages", f"{settings.github.web_url.rstrip('/')}/robots.txt")
    hub = settings.huggingface.endpoint.rstrip("/")
    hub_token = environment.hugging_face_token
    if hub_token is not None and may_carry_token(hub, "HF_TOKEN"):
        yield Probe("HF_TOKEN", f"{hub}/api/whoami-v2", hub_token)
    else:
        # Without a token this is a 401, which is an answer and costs the Hub nothing.
        yield Probe("huggingface", f"{hub}/api/whoami-v2")
    yield Probe("arxiv", _with_query(settings.arxiv.api_url, ARXIV_PROBE))
    yield Probe("arxiv oai", _with_query(settings.arxiv.oai_url, "verb=Identify"))
    if settings.archive.max_lookups_per_run:
        archive = settings.archive
        yield Probe("wayback", _with_query(archive.availability_url, "url=example.com"), needed=False)
        yield Probe("wayback cdx", _with_query(archive.cdx_url, WEB_PROBE), needed=False)
        yield Probe("software heritage", f"{archive.software_heritage_url.rstrip('/')}/", needed=False)


def judge_answer(probe: Probe, result: FetchResult) -> Check:
    host = urlsplit(probe.url).hostname or probe.url
    trouble = Level.FAIL if probe.needed else Level.WARN
    if result.failure is not None or result.status is None:
        detail = result.failure.detail if result.failure else "no answer"
        return Check(probe.name, trouble, f"{host}: {detail}", "check the network, the proxy and [network]")
    seconds = f"{host} answers in {result.elapsed_seconds:.1f} s"
    if probe.token is not None:
        if result.status == 401:
            return Check(probe.name, Level.FAIL, f"{host} refuses this token", "make a new one, or unset it")
        if result.status == 200:
            return judge_token(probe.name, result, seconds)
    if result.status in {403, 429}:
        hint = "wait a while; a token has a larger quota"
        return Check(probe.name, Level.WARN, f"{host} says HTTP {result.status}", hint)
    if result.status >= 500:
        return Check(probe.name, trouble, f"{host} says HTTP {result.status}", "a trouble of its own: wait")
    if result.status in {404, 410} and not probe.url.endswith(("/", "/robots.txt")):
        hint = "check the address in config.toml"
        return Check(probe.name, trouble, f"{host} says HTTP {result.status} to {probe.url}", hint)
    return Check(probe.name, Level.OK, seconds)


def judge_token(name: str, result: FetchResult, seconds: str) -> Check:
    """What a token that was accepted may do: reading is all we need."""
    try:
        said = json.loads(result.body)
    except ValueError:
        return Check(name, Level.WARN, f"{seconds}, but not with JSON", "check the address in config.toml")
    if name == "HF_TOKEN":
        role = _find(said, "auth", "accessToken", "role")
        may_write, told = role == "write", f"a token of {_find(said, 'name') or 'nobody'}"
        told += f", role {role}" if role else ""
    else:
        # Classic tokens name their scopes in a header; those of a fine-grained one are not told.
        scopes = result.headers.get("x-oauth-scopes", "").strip()
        may_write, told = bool(scopes), f"scopes {scopes}" if scopes else "no scopes"
        for resource in ("core", "graphql"):
            limit, remaining = (_find(said, "resources", resource, key) for key in ("limit", "remaining"))
            if isinstance(limit, int) and isinstance(remaining, int):
                told += f", {remaining:,} of {limit:,} {resource} requests left"
    if may_write:
        return Check(
            name, Level.WARN, f"{seconds}; {told}", "a token that may only read public data is enough"
        )
    return Check(name, Level.OK, f"{seconds}; {told}")


def check_missing_tokens(environment: NetworkEnvironment) -> Iterator[Check]:
    if not environment.github_tokens:
        hint = "with a token a run takes a few requests, without it two pages a second"
        yield Check("GITHUB_TOKEN", Level.WARN, "not set", hint)
    if environment.hugging_face_token is None:
        yield Check("HF_TOKEN", Level.WARN, "not set", "without it the absence of a model is not confirmed")


def check_clock(answers: Sequence[tuple[FetchResult, datetime]]) -> Check:
    """Our clock against the Date header that agrees best: one may come from a cache, all hardly."""
    apart = [abs(at - date) for result, at in answers if (date := _date_of(result)) is not None]
    if not apart:
        return Check("clock", Level.WARN, "nobody told the time", "without it a wrong clock goes unseen")
    seconds = f"{min(apart).total_seconds():,.0f} s apart from the hosts' clocks"
    hint = "set the clock (NTP): strikes are counted in days, certificates are judged by it"
    if min(apart) >= CLOCK_FAILS:
        return Check("clock", Level.FAIL, seconds, hint)
    if min(apart) >= CLOCK_WARNS:
        return Check("clock", Level.WARN, seconds, hint)
    return Check("clock", Level.OK, seconds)


def _date_of(result: FetchResult) -> datetime | None:
    if result.failure is not None:
        return None
    try:
        date = parsedate_to_datetime(result.headers["date"])
    except (KeyError, ValueError, TypeError):
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)


def _with_query(url: str, query: str) -> str:
    return f"{url}{'&' if urlsplit(url).query else '?'}{query}"


def _find(said: Any, *keys: str) -> Any:
    for key in keys:
        said = said.get(key) if isinstance(said, Mapping) else None
    return said
