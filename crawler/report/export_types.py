"""The shape of an export as types: the keys that leave this program, with what each means."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from crawler.records import EntryKind, FindingKind, Reason, Role, RunState, State, TargetKind

SCHEMA_VERSION: Final = "1.0"

Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
"""ISO-8601 in UTC with whole seconds, such as 2026-11-20T02:30:00Z."""
Url = str
Count = Annotated[int, Meta(ge=0)]


class ExportedRun(Struct, frozen=True, kw_only=True):
    """The run this export shows the state after; while it is running, the state so far."""

    id: Annotated[int, Meta(description="number of the run; grows")]
    started_at: Annotated[Time, Meta(description="when it began")]
    finished_at: Annotated[Time | None, Meta(description="when it ended; null while it runs")]
    state: Annotated[RunState, Meta(description="how it stands or ended")]
    requests: Annotated[
        dict[str, Count],
        Meta(description="HTTP requests sent by host name, redirects and retries included"),
    ]


class ExportedStated(Struct, frozen=True, kw_only=True):
    """What the document says of an entry, as it is written there."""

    license: Annotated[str | None, Meta(description="licence in the document's own words")]
    parameters: Annotated[tuple[str, ...], Meta(description="parameter counts in the document's own words")]


class ExportedObserved(Struct, frozen=True, kw_only=True):
    """What hosts tell of an entry: each value from its first project link that tells it; null is not told."""

    stars: Annotated[Count | None, Meta(description="stars on GitHub")]
    license: Annotated[
        str | None,
        Meta(description="SPDX id, LicenseRef-…, NOASSERTION or NONE; a maintainer's override wins"),
    ]
    parameter_count: Annotated[
        Count | None, Meta(description="number of parameters; a maintainer's override wins")
    ]


class ExportedFinding(Struct, frozen=True, kw_only=True):
    """Something about an entry that a person should look at; it stands here while it is open."""

    kind: Annotated[FindingKind, Meta(description="what was found")]
    field: Annotated[str | None, Meta(description="the field it is about")]
    stated: Annotated[str | None, Meta(description="what was stated or known before")]
    observed: Annotated[str | None, Meta(description="what is observed instead")]
    detail: Annotated[str | None, Meta(description="the link or the evidence, for people")]


class ExportedMention(Struct, frozen=True, kw_only=True):
    """One place of the document where a link stands at the entry."""

    link: Annotated[Url, Meta(description="canonical URL: `url` of one of `links`")]
    role: Annotated[Role, Meta(description="what the link is to the entry")]
    raw: Annotated[str, Meta(description="the address as the document writes it")]
    line: Annotated[Annotated[int, Meta(ge=1)] | None, Meta(description="line of the document")]


class ExportedEntry(Struct, frozen=True, kw_only=True):
    """One row of a document: a model, dataset, tool, paper, …"""

    id: Annotated[str, Meta(description="`<document>/<slug>`; stays for ever")]
    name: Annotated[str, Meta(description="name as the document writes it")]
    kind: Annotated[EntryKind, Meta(description="what it is; `page` for the document's own links")]
    document: Annotated[str, Meta(description="name of the document it stands in")]
    section: Annotated[str, Meta(description="headings above it, joined by ` > `")]
    stated: ExportedStated
    observed: ExportedObserved
    findings: Annotated[tuple[ExportedFinding, ...], Meta(description="open findings")]
    links: Annotated[tuple[ExportedMention, ...], Meta(description="its links in document order")]


class ExportedTarget(Struct, frozen=True, kw_only=True):
    """What a link denotes at its host."""

    kind: Annotated[TargetKind, Meta(description="kind of thing; decides which facts there are")]
    id: Annotated[str, Meta(description="`owner/name`, `owner/name:ref/path`, `2305.15334`, the URL, …")]


class ExportedHealth(Struct, frozen=True, kw_only=True):
    """What many looks at a link add up to; null is not known."""

    state: Annotated[State, Meta(description="unknown, healthy, moved, restricted, suspect or dead")]
    since: Annotated[Time | None, Meta(description="when that state began")]
    reason: Annotated[Reason | None, Meta(description="why, from the look behind the state")]
    http_status: Annotated[int | None, Meta(description="HTTP status of that look")]
    final_url: Annotated[Url | None, Meta(description="where redirects led")]
    suggested_url: Annotated[Url | None, Meta(description="the new permanent address of what has moved")]
    archived_url: Annotated[Url | None, Meta(description="a copy in an archive")]
    first_failed_at: Annotated[Time | None, Meta(description="first look of the present failing streak")]
    last_alive_at: Annotated[Time | None, Meta(description="last look that found it")]
    last_checked_at: Annotated[Time | None, Meta(description="last look that asked its host")]
    strikes: Annotated[Count, Meta(description="looks that speak against it, none in between for it")]


class ExportedLink(Struct, frozen=True, kw_only=True):
    """One link: everything known about one canonical URL."""

    url: Annotated[Url, Meta(description="canonical URL, the link's identity; a password in it is hidden")]
    target: ExportedTarget
    health: ExportedHealth
    facts: Annotated[
        dict[str, Any],
        Meta(description="what its host last told, by target kind; empty before it told anything"),
    ]


class Export(Struct, frozen=True, kw_only=True):
    """The whole catalog with what is known about it."""

    schema_version: Annotated[
        Literal["1.0"], Meta(description="the first number grows when something is taken away or changed")
    ]
    generated_at: Annotated[Time, Meta(description="when this export was written")]
    run: Annotated[ExportedRun | None, Meta(description="the latest run shown; null before the first crawl")]
    entries: Annotated[tuple[ExportedEntry, ...], Meta(description="by id")]
    links: Annotated[tuple[ExportedLink, ...], Meta(description="each link once, by canonical URL")]


class ExportedMentionInLine(ExportedMention, frozen=True, kw_only=True):
    """A mention that carries what is known of its link."""

    target: ExportedTarget
    health: ExportedHealth
    facts: Annotated[dict[str, Any], Meta(description="what its host last told, by target kind")]


class ExportedLine(ExportedEntry, frozen=True, kw_only=True):
    """One line of `--format jsonl`: an entry whose links carry what is known of them."""

    links: Annotated[tuple[ExportedMentionInLine, ...], Meta(description="its links in document order")]


class ParameterSource(Struct, frozen=True):
    """One way to count a model's parameters, and what it gave."""

    value: Annotated[Count, Meta(description="number of parameters")]
    method: Annotated[
        str,
        Meta(
            description="who counted, the most trusted first: headers, safetensors, dtype-table, unpacked, "
            "gguf, index, index-size or name"
        ),
    ]
    confidence: Annotated[str | UnsetType, Meta(description="high, medium, low or none")] = UNSET
    revision: Annotated[str | UnsetType, Meta(description="commit it was told for")] = UNSET
    label: Annotated[
        str | UnsetType,
        Meta(
            description="packed, adapter, delta, merge, active, contradicted, unreadable or gated; "
            "all but merge: not the model's size"
        ),
    ] = UNSET
    base: Annotated[str | UnsetType, Meta(description="the model it was made from, where labelled")] = UNSET


class Facts(Struct, frozen=True):
    """What a host tells. A value not told is absent."""

    observed_at: Annotated[Time | UnsetType, Meta(description="when facts were last told")] = UNSET


class RepositoryFacts(Facts, frozen=True):
    """A GitHub repository, or the one a path lies in."""

    full_name: Annotated[str | UnsetType, Meta(description="`owner/name` as GitHub writes it now")] = UNSET
    host_id: Annotated[int | str | UnsetType, Meta(description="GitHub's own number, whatever the name")] = (
        UNSET
    )
    stars: Annotated[Count | UnsetType, Meta(description="stars")] = UNSET
    forks: Annotated[Count | UnsetType, Meta(description="forks")] = UNSET
    license: Annotated[str | UnsetType, Meta(description="SPDX id, NOASSERTION or NONE")] = UNSET
    archived: Annotated[bool | UnsetType, Meta(description="set read-only by its owner")] = UNSET
    disabled: Annotated[bool | UnsetType, Meta(description="blocked by GitHub")] = UNSET
    fork: Annotated[bool | UnsetType, Meta(description="a fork of another repository")] = UNSET
    pushed_at: Annotated[Time | UnsetType, Meta(description="last push")] = UNSET
    default_branch: Annotated[str | UnsetType, Meta(description="default branch")] = UNSET
    language: Annotated[str | UnsetType, Meta(description="main programming language")] = UNSET
    topics: Annotated[tuple[str, ...] | UnsetType, Meta(description="topics")] = UNSET
    description: Annotated[str | UnsetType, Meta(description="one line by its owner")] = UNSET


class HubFacts(Facts, frozen=True):
    """A dataset or space on Hugging Face."""

    full_name: Annotated[str | UnsetType, Meta(description="`owner/name` as the Hub writes it now")] = UNSET
    host_id: Annotated[str | UnsetType, Meta(description="the Hub's own id, whatever the name")] = UNSET
    license: Annotated[str | UnsetType, Meta(description="SPDX id, LicenseRef-…, NOASSERTION or NONE")] = (
        UNSET
    )
    gated: Annotated[
        bool | str | UnsetType, Meta(description="false, or who grants access: `auto` or `manual`")
    ] = UNSET
    disabled: Annotated[bool | UnsetType, Meta(description="blocked by Hugging Face")] = UNSET
    downloads: Annotated[Count | UnsetType, Meta(description="downloads in the last 30 days")] = UNSET
    likes: Annotated[Count | UnsetType, Meta(description="likes")] = UNSET
    last_modified: Annotated[Time | UnsetType, Meta(description="last commit")] = UNSET
    revision: Annotated[str | UnsetType, Meta(description="last commit's hash")] = UNSET


class ModelFacts(HubFacts, frozen=True):
    """A model on Hugging Face."""

    parameter_count: Annotated[Count | UnsetType, Meta(description="number of parameters")] = UNSET
    parameter_method: Annotated[
        str | UnsetType, Meta(description="who counted them; `name`: nobody, the model's name claims so many")
    ] = UNSET
    parameter_counts: Annotated[
        tuple[ParameterSource, ...] | UnsetType, Meta(description="every source's count")
    ] = UNSET
    pipeline_tag: Annotated[str | UnsetType, Meta(description="task")] = UNSET
    library_name: Annotated[str | UnsetType, Meta(description="library it is made for")] = UNSET
    base_models: Annotated[tuple[str, ...] | UnsetType, Meta(description="models it was made from")] = UNSET
    arxiv_ids: Annotated[tuple[str, ...] | UnsetType, Meta(description="papers it names")] = UNSET


class OwnerFacts(Facts, frozen=True):
    """A person or organisation on GitHub or Hugging Face."""

    login: Annotated[str | UnsetType, Meta(description="name in addresses")] = UNSET
    name: Annotated[str | UnsetType, Meta(description="name in full")] = UNSET
    type: Annotated[str | UnsetType, Meta(description="user or organisation, in the host's word")] = UNSET


class PaperFacts(Facts, frozen=True):
    """A paper on arXiv, its latest version."""

    title: Annotated[str | UnsetType, Meta(description="title")] = UNSET
    authors: Annotated[tuple[str, ...] | UnsetType, Meta(description="authors in order")] = UNSET
    published_at: Annotated[Time | UnsetType, Meta(description="first version")] = UNSET
    updated_at: Annotated[Time | UnsetType, Meta(description="latest version")] = UNSET
    version: Annotated[int | str | UnsetType, Meta(description="latest version")] = UNSET
    withdrawn: Annotated[bool | UnsetType, Meta(description="taken back by its authors or by arXiv")] = UNSET
    license: Annotated[str | UnsetType, Meta(description="licence of the latest version")] = UNSET
    primary_category: Annotated[str | UnsetType, Meta(description="main subject")] = UNSET
    doi: Annotated[str | UnsetType, Meta(description="DOI of the published version")] = UNSET


class PageFacts(Facts, frozen=True):
    """A web page."""

    title: Annotated[str | UnsetType, Meta(description="title of the page")] = UNSET
    final_url: Annotated[Url | UnsetType, Meta(description="where redirects led")] = UNSET
    content_type: Annotated[str | UnsetType, Meta(description="media type")] = UNSET
