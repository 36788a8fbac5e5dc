"""All models of the Hub with more than so many likes: read page by page, written as catalog files.

Pages are kept in a folder until the whole listing is there: only a whole one may say that a model vanished.
A reader that was killed goes on from the last whole page.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx2
import msgspec
from huggingface_hub import HfApi
from huggingface_hub.utils._headers import build_hf_headers
from huggingface_hub.utils._pagination import paginate
from msgspec import Struct

from crawler.clock import Clock
from crawler.errors import UnableError
from crawler.fetch.environment import NetworkEnvironment, may_carry_token
from crawler.fetch.meter import RequestMeter
from crawler.fetch.politeness import Politeness
from crawler.importer.corrections import corrections_path, read_corrections
from crawler.importer.record import digest_of
from crawler.importer.slugs import SlugBook, make_slug
from crawler.importer.update import Imported, update_catalog_file
from crawler.links.classify import link_of
from crawler.records import Document, Entry, EntryKind, Mention, Role
from crawler.report.output import write_output
from crawler.resolve.huggingface.answers import HubAnswer
from crawler.resolve.huggingface.client import Call, HubClient
from crawler.resolve.huggingface.resolver import HUB_LANE
from crawler.resolve.huggingface.session import HubSession
from crawler.settings import Settings

# The longest page that the Hub gives: https://huggingface.co/docs/hub/api (2026-11).
PAGE_LENGTH: Final = 1_000
PARTS: Final = 64
"""Catalog files the models are spread over, by owner. Another number would give models other ids."""
RESUMABLE: Final = timedelta(hours=6)
"""A listing is one view of the Hub; with an older beginning it would be two."""
HUB: Final = "https://huggingface.co"
MADE_BY: Final = "examples/beyond_a_list"


class Page(Struct, frozen=True, forbid_unknown_fields=True):
    """One page of a listing as kept on the disk; `next_url` is None on the last."""

    endpoint: str
    min_likes: int
    began_at: datetime
    models: tuple[str, ...]
    next_url: str | None


class KeptPages:
    """The pages read so far, a file each, every file whole."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self) -> Iterator[Page]:
        """The pages in order, one in memory at a time."""
        for path in sorted(self.folder.glob("*.json")):
            yield msgspec.json.decode(path.read_bytes(), type=Page)

    def add(self, page: Page) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        number = sum(1 for _ in self.folder.glob("*.json")) + 1
        write_output([msgspec.json.encode(page).decode()], self.folder / f"{number:06}.json")

    def last(self, endpoint: str, min_likes: int, now: datetime) -> Page | None:
        """Where to go on; None, and nothing kept, unless it is the same listing and no older than allowed."""
        last: Page | None = None
        for last in self.read():  # noqa: B007 - the last one is what counts
            pass
        if last is not None:
            same = (last.endpoint, last.min_likes) == (endpoint, min_likes)
            if not same or not timedelta() <= now - last.began_at < RESUMABLE:
                self.forget()
                return None
        return last

    def forget(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


async def read_listing(
    pages: KeptPages, min_likes: int, settings: Settings, environment: NetworkEnvironment, clock: Clock
) -> None:
    """Read what is not yet kept of the listing. Raises UnableError where the Hub does not tell all of it."""
    endpoint = settings.huggingface.endpoint
    token = environment.hugging_face_token
    if token and not may_carry_token(endpoint, "HF_TOKEN"):
        token = None
    async with HubClient(endpoint, settings.network, environment, RequestMeter()) as client:
        session = HubSession(client, Politeness(settings, clock).lane(HUB_LANE), token, clock)
        last = pages.last(endpoint, min_likes, clock.now())
        began_at = last.began_at if last else clock.now()
        if last is None or last.next_url is not None:
            async for models, next_url in _turn_pages(session, min_likes, last.next_url if last else None):
                pages.add(Page(endpoint, min_likes, began_at, models, next_url))
    if not any(page.models for page in pages.read()):
        pages.forget()
        raise UnableError(
            f"the Hub lists no model with more than {min_likes:,} likes", hint="try again later"
        )


async def _turn_pages(
    session: HubSession, min_likes: int, url: str | None
) -> AsyncIterator[tuple[tuple[str, ...], str | None]]:
    """The most liked first, until the likes fall too low: models of each page, address of the next."""
    call = _ask_first_page() if url is None else _ask_page(url)
    while True:
        items, url = _read_page(await session.ask(call))
        liked = tuple(item["id"] for item in items if item["likes"] > min_likes)
        if len(liked) < len(items):
            url = None
        yield liked, url
        if url is None:
            return
        call = _ask_page(url)


def _ask_first_page() -> Call:
    """The library builds the question; taking one item asks for one page, and the answer is kept whole."""

    def call(api: HfApi, token: str | bool) -> object:
        return next(
            iter(api.list_models(sort="likes", expand=["likes"], limit=PAGE_LENGTH, token=token)), None
        )

    return call


def _ask_page(url: str) -> Call:
    def call(api: HfApi, token: str | bool) -> object:
        headers = build_hf_headers(token=token, headers=api.headers)
        # An empty query would replace that of the address; the library's types know no None.
        return next(iter(paginate(url, params=None, headers=headers)), None)  # type: ignore[arg-type]

    return call


def _read_page(answer: HubAnswer) -> tuple[list[Mapping[str, Any]], str | None]:
    content = answer.json
    if answer.failure is not None or answer.status != 200 or not isinstance(content, list):
        why = answer.failure.detail if answer.failure is not None else f"status {answer.status}"
        hint = "run it again: it goes on from the last page for six hours, then it begins anew"
        raise UnableError(f"the Hub did not tell all of its models: {why}", hint=hint)
    items = [
        item
        for item in content
        if isinstance(item, Mapping)
        and isinstance(item.get("id"), str)
        and isinstance(item.get("likes"), int)
    ]
    if len(items) < len(content):
        raise UnableError("the Hub lists models without id or likes", hint="its API may have changed")
    links = httpx2.Response(200, headers=answer.headers).links
    return items, links.get("next", {}).get("url")


# --- writing -------------------------------------------------------------------------------------


def write_models(pages: KeptPages, min_likes: int, folder: Path, today: date) -> Iterator[Imported]:
    """Bring the catalog files of a whole listing up to date, one part in memory at a time."""
    for part in range(PARTS):
        name = f"hub-models-{part:02}"
        models = sorted({model for page in pages.read() for model in page.models if part_of(model) == part})
        output = folder / f"{name}.yaml"
        if not models and not output.exists():
            continue
        title = f"Models of the Hub with more than {min_likes:,} likes, part {part + 1} of {PARTS}"
        slugs = SlugBook()
        yield update_catalog_file(
            output,
            Document(name, title, f"{HUB}/models?sort=likes"),
            [_make_entry(name, model, slugs) for model in models],
            digest_of("\n".join(models).encode()),
            corrections=read_corrections(corrections_path(output)),
            today=today,
            made_by=MADE_BY,
        )


def part_of(model: str) -> int:
    """The part that a model belongs to; models of one owner stand together."""
    owner = model.partition("/")[0].casefold()
    return int.from_bytes(hashlib.sha256(owner.encode()).digest()[:4]) % PARTS


def _make_entry(document: str, model: str, slugs: SlugBook) -> Entry:
    url = link_of(f"{HUB}/{model}").canonical_url
    slug = slugs.unique(make_slug(model))
    mention = Mention(url, url, Role.PROJECT)
    return Entry(f"{document}/{slug}", model, EntryKind.MODEL, document, mentions=(mention,))
