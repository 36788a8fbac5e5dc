"""Questions about Hugging Face → observations, through the Hub's API.

One request per model, dataset or space; where a run asks for several of one owner, one page of a listing
answers for all that it shows. Being absent there proves nothing: the rest is asked for singly.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from huggingface_hub import HfApi

from crawler.clock import Clock
from crawler.fetch.client import Fetcher
from crawler.fetch.environment import NetworkEnvironment, may_carry_token
from crawler.fetch.meter import RequestMeter
from crawler.fetch.politeness import Politeness
from crawler.records import Known, Observation, Outcome, Question, Reason, TargetKind
from crawler.resolve.huggingface.answers import HubAnswer, Verdict, read_owner, read_repository
from crawler.resolve.huggingface.client import Call, HubClient
from crawler.resolve.huggingface.parameters import keep_measured
from crawler.resolve.huggingface.session import HubSession
from crawler.resolve.huggingface.weights import WeightsReader
from crawler.settings import Settings

HUB_LANE: Final = "huggingface.co"
MODEL: Final = TargetKind.HUGGINGFACE_MODEL
DATASET: Final = TargetKind.HUGGINGFACE_DATASET
SPACE: Final = TargetKind.HUGGINGFACE_SPACE
OWNER: Final = TargetKind.HUGGINGFACE_OWNER

# Which `expand` values exist: huggingface_hub 2.4, hf_api.py. `cardData` for the name of an "other" licence.
# Spaces know neither `gated` nor `downloads`.
SPACE_FIELDS: Final = ("cardData", "disabled", "lastModified", "likes", "sha", "tags")
DATASET_FIELDS: Final = (*SPACE_FIELDS, "downloads", "gated")
MODEL_FIELDS: Final = (
    *DATASET_FIELDS,
    *("config", "gguf", "library_name", "pipeline_tag", "safetensors", "usedStorage"),
)
WITH_FILES: Final = (*MODEL_FIELDS, "siblings")
"""The names of a model's files: they can be many, and only who reads weights wants them."""

LISTING_FROM: Final = 3
"""Links of one owner and kind from which a listing is the cheaper question."""
LISTING_LENGTH: Final = 100
"""Repositories on the one page we ask for; an owner may have thousands."""
OWNER_NAME: Final = re.compile(r"[A-Za-z0-9](?:[\w.-]{0,94}[A-Za-z0-9_])?", re.ASCII)


class HuggingFaceResolver:
    """Models, datasets, spaces and owners; other pages of the Hub are web pages."""

    def __init__(
        self,
        settings: Settings,
        environment: NetworkEnvironment,
        fetcher: Fetcher,
        politeness: Politeness,
        meter: RequestMeter,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._weights = WeightsReader(fetcher, settings.huggingface.endpoint)
        self._environment = environment
        self._politeness = politeness
        self._meter = meter
        self._clock = clock
        token = environment.hugging_face_token
        self._token = token if token and may_carry_token(settings.huggingface.endpoint, "HF_TOKEN") else None

    async def resolve(self, questions: Sequence[Question], record: Callable[[Observation], None]) -> None:
        """Look at every link once; `record` gets one observation per question as it arrives."""
        settings = self._settings
        client = HubClient(settings.huggingface.endpoint, settings.network, self._environment, self._meter)
        async with client:
            lane = self._politeness.lane(HUB_LANE)
            session = HubSession(client, lane, self._token, self._clock)
            await session.examine_token()
            async with asyncio.TaskGroup() as group:
                for together in group_by_owner(questions):
                    group.create_task(self._look_at_all(session, together, record))

    async def _look_at_all(
        self, session: HubSession, questions: Sequence[Question], record: Callable[[Observation], None]
    ) -> None:
        with_files = self._settings.huggingface.read_headers
        listed = await _list_owner(session, questions, with_files) if len(questions) >= LISTING_FROM else {}

        async def look(question: Question) -> None:
            answer = listed.get(question.link.target.id.casefold())
            verdict = await _look_at(session, question, answer, with_files)
            record(self._observe(question, await self._count_weights(verdict, question.known)))

        async with asyncio.TaskGroup() as group:
            for question in questions:
                group.create_task(look(question))

    async def _count_weights(self, verdict: Verdict, known: Known) -> Verdict:
        """What headers of weights tell, remembered of this revision or, on request, read now."""
        has_counts = "parameter_counts" in verdict.facts or "parameter_counts" in known.facts
        if not has_counts and not verdict.files:
            return verdict
        if not verdict.facts.get("revision"):
            return replace(verdict, facts=keep_measured(verdict.facts, known.facts))
        may_read = self._settings.huggingface.read_headers
        facts = await self._weights.add_counts(verdict.facts, known.facts, verdict.files, may_read=may_read)
        return replace(verdict, facts=keep_measured(facts, known.facts))

    def _observe(self, question: Question, verdict: Verdict) -> Observation:
        return Observation(
            link=question.link,
            observed_at=self._clock.now(),
            outcome=verdict.outcome,
            reason=verdict.reason,
            http_status=verdict.http_status,
            final_url=verdict.final_url,
            suggested_url=verdict.suggested_url,
            detail=verdict.detail,
            redirect_chain=verdict.hops,
            facts=verdict.facts,
            host_id=verdict.host_id,
            stranger=verdict.stranger,
            elapsed_seconds=verdict.elapsed_seconds,
        )


def group_by_owner(questions: Iterable[Question]) -> list[list[Question]]:
    """Questions that one listing may answer together, the others each alone; first come, first."""
    groups: dict[tuple[TargetKind, str], list[Question]] = {}
    for question in questions:
        target = question.link.target
        owner, slash, _ = target.id.partition("/")
        groups.setdefault((target.kind, owner.casefold() if slash else f"/{target.id}"), []).append(question)
    return [
        part
        for group in groups.values()
        for part in ([group] if len(group) >= LISTING_FROM else [[question] for question in group])
    ]


async def _list_owner(
    session: HubSession, questions: Sequence[Question], with_files: bool
) -> Mapping[str, HubAnswer]:
    """One page of an owner's repositories, as an answer per repository by its case-folded id."""
    target = questions[0].link.target
    answer = await session.ask(_ask_listing(target.kind, target.id.partition("/")[0], with_files))
    if answer.status != 200 or answer.failure is not None or not isinstance(answer.json, list):
        return {}
    return {
        item["id"].casefold(): HubAnswer(
            status=200,
            headers=answer.headers,
            json=item,
            standing=answer.standing,
            elapsed_seconds=answer.elapsed_seconds,
        )
        for item in answer.json
        if isinstance(item, Mapping) and isinstance(item.get("id"), str)
    }


async def _look_at(
    session: HubSession, question: Question, listed: HubAnswer | None, with_files: bool
) -> Verdict:
    target = question.link.target
    match target.kind:
        case TargetKind.HUGGINGFACE_MODEL | TargetKind.HUGGINGFACE_DATASET | TargetKind.HUGGINGFACE_SPACE:
            answer = listed or await session.ask(_ask_repository(target.kind, target.id, with_files))
            return read_repository(target.kind, target.id, answer, question.known)
        case TargetKind.HUGGINGFACE_OWNER:
            return await _look_at_owner(session, target.id, question.known, with_files)
        case other:
            return Verdict(Outcome.SKIPPED, Reason.SKIPPED, detail=f"the Hub's API knows no {other}")


async def _look_at_owner(session: HubSession, name: str, known: Known, with_files: bool) -> Verdict:
    """An organisation, a user, or a model from before models had owners (`gpt2`)."""
    if not OWNER_NAME.fullmatch(name):
        return Verdict(Outcome.SKIPPED, Reason.INVALID_URL, detail=f"no name of an owner: {name!r}")
    as_model = _ask_repository(MODEL, name, with_files)
    if "full_name" in known.facts:
        answer = await session.ask(as_model)
        if not answer.is_absence:
            return read_repository(MODEL, name, answer, known)
    overviews = [_ask_organization(name), _ask_user(name)]
    if known.facts.get("type") == "user":
        overviews.reverse()
    for overview in overviews:
        answer = await session.ask(overview)
        if not answer.is_absence:
            return read_owner(name, answer, known)
    if "full_name" not in known.facts:
        answer = await session.ask(as_model)
    return read_repository(MODEL, name, answer, known)


# --- questions, as calls of the client library ---------------------------------------------------


def _ask_repository(kind: TargetKind, repository_id: str, with_files: bool) -> Call:
    def call(api: HfApi, token: str | bool) -> object:
        match kind:
            case TargetKind.HUGGINGFACE_DATASET:
                return api.dataset_info(repository_id, expand=list(DATASET_FIELDS), token=token)
            case TargetKind.HUGGINGFACE_SPACE:
                return api.space_info(repository_id, expand=list(SPACE_FIELDS), token=token)
            case _:
                return api.model_info(
                    repository_id, expand=list(WITH_FILES if with_files else MODEL_FIELDS), token=token
                )

    return call


def _ask_listing(kind: TargetKind, owner: str, with_files: bool) -> Call:
    """The most liked repositories first: those that lists link to. Taking one item asks for one page."""

    def call(api: HfApi, token: str | bool) -> object:
        options: dict[str, Any] = {"author": owner, "sort": "likes", "limit": LISTING_LENGTH, "token": token}
        match kind:
            case TargetKind.HUGGINGFACE_DATASET:
                return next(iter(api.list_datasets(expand=list(DATASET_FIELDS), **options)), None)
            case TargetKind.HUGGINGFACE_SPACE:
                return next(iter(api.list_spaces(expand=list(SPACE_FIELDS), **options)), None)
            case _:
                return next(
                    iter(api.list_models(expand=list(WITH_FILES if with_files else MODEL_FIELDS), **options)),
                    None,
                )

    return call


def _ask_organization(name: str) -> Call:
    return lambda api, token: api.get_organization_overview(name, token=token)


def _ask_user(name: str) -> Call:
    return lambda api, token: api.get_user_overview(name, token=token)
