"""Asks hosts which of two spellings exists, where the end of an address in a document is uncertain."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from crawler.clock import Clock
from crawler.fetch.client import Fetcher
from crawler.fetch.environment import NetworkEnvironment
from crawler.fetch.meter import RequestMeter
from crawler.fetch.politeness import Politeness
from crawler.links.classify import link_of
from crawler.links.extract import ExtractedLink
from crawler.settings import Settings

_ENOUGH_BYTES: Final = 1_000


async def verify_links(
    links: Sequence[ExtractedLink], settings: Settings, environment: NetworkEnvironment, clock: Clock
) -> list[ExtractedLink]:
    """The links, those of uncertain end as they exist; as they were where no host tells them apart."""
    doubtful = {url for link in links if link.alternative for url in (link.url, link.alternative)}
    async with Fetcher(settings, environment, Politeness(settings, clock), RequestMeter(), clock) as fetcher:
        answers = await asyncio.gather(*(_exists(fetcher, url) for url in sorted(doubtful)))
    exists = dict(zip(sorted(doubtful), answers, strict=True))
    return [_choose(link, exists) for link in links]


async def _exists(fetcher: Fetcher, url: str) -> bool | None:
    """None: the host did not say."""
    result = await fetcher.get(link_of(url).canonical_url, enough=lambda _, body: len(body) >= _ENOUGH_BYTES)
    if result.failure is not None or result.status is None:
        return None
    return True if result.status < 300 else False if result.status in {404, 410} else None


def _choose(link: ExtractedLink, exists: Mapping[str, bool | None]) -> ExtractedLink:
    if link.alternative is None or link.alternative_raw is None:
        return link
    if not exists[link.alternative] or exists[link.url] is not False:
        return link
    meant = link_of(link.alternative)
    return replace(
        link,
        url=link.alternative,
        raw=link.alternative_raw,
        canonical_url=meant.canonical_url,
        target=meant.target,
        alternative=link.url,
        alternative_raw=link.raw,
    )
