"""Every key of config.toml: its type, its default and its one line of help. Reading the file is config.py's.

Secrets never stand here: tokens come from the environment (see fetch/environment.py).
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Seconds = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=1)]


class CatalogSettings(Struct, frozen=True, forbid_unknown_fields=True):
    paths: Annotated[
        tuple[str, ...], Meta(description="catalog files, folders or globs, relative to this file")
    ] = ("catalog",)


class StateSettings(Struct, frozen=True, forbid_unknown_fields=True):
    database: Annotated[str, Meta(description="the SQLite database, relative to this file")] = (
        "state/crawler.db"
    )


class NetworkSettings(Struct, frozen=True, forbid_unknown_fields=True):
    user_agent: Annotated[
        str, Meta(description="product part of the User-Agent header; empty: crawler/<version>")
    ] = ""
    contact: Annotated[
        str, Meta(description="address or URL that hosts may write to; goes into the User-Agent")
    ] = ""
    concurrency: Annotated[Count, Meta(description="requests in flight over all hosts")] = 64
    per_host_concurrency: Annotated[Count, Meta(description="requests in flight per host")] = 4
    per_host_interval_seconds: Annotated[
        Seconds, Meta(description="seconds between two requests to one host")
    ] = 0.05
    timeout_seconds: Annotated[
        Annotated[float, Meta(gt=0)],
        Meta(description="seconds to connect and between two reads; a look takes at most three times this"),
    ] = 20.0
    pause_seconds: Annotated[
        Seconds, Meta(description="seconds to wait before asking again when no host answers any more")
    ] = 15.0
    max_body_bytes: Annotated[
        Count, Meta(description="bytes of a page that are read, before and after decompression")
    ] = 1_000_000
    allow_private_addresses: Annotated[
        bool, Meta(description="also ask loopback, private and link-local addresses")
    ] = False


class EngineSettings(Struct, frozen=True, forbid_unknown_fields=True):
    kind: Annotated[
        Literal["local", "dask"], Meta(description="who asks: local, this machine; dask, a Dask cluster")
    ] = "local"
    workers: Annotated[
        int,
        Meta(ge=0, description="processes that ask; 0: chosen by the number of web links; 1: only this one"),
    ] = 0
    scheduler: Annotated[
        str, Meta(description="address of the Dask scheduler, tcp:// or tls://; empty: a cluster of its own")
    ] = ""
    lease_seconds: Annotated[
        Annotated[float, Meta(ge=1)],
        Meta(description="seconds without a word from a worker until its hosts go to another"),
    ] = 20.0


class GitHubSettings(Struct, frozen=True, forbid_unknown_fields=True):
    api_url: Annotated[str, Meta(description="root of the REST API; GraphQL is found from it")] = (
        "https://api.github.com"
    )
    web_url: Annotated[str, Meta(description="root of the public pages, asked without a token")] = (
        "https://github.com"
    )
    page_interval_seconds: Annotated[
        Seconds, Meta(description="seconds between two public pages of github.com")
    ] = 0.5


class HuggingFaceSettings(Struct, frozen=True, forbid_unknown_fields=True):
    endpoint: Annotated[str, Meta(description="root of the Hub and its API")] = "https://huggingface.co"
    read_headers: Annotated[
        bool,
        Meta(
            description="count packed and pickled weights from their headers or index, once per revision; "
            "the Hub counts each as a download"
        ),
    ] = False
    papers: Annotated[
        bool,
        Meta(description="ask once a month what the Hub knows of each arXiv paper: code, page, models"),
    ] = False


class ArxivSettings(Struct, frozen=True, forbid_unknown_fields=True):
    api_url: Annotated[str, Meta(description="the Atom query API")] = "https://export.arxiv.org/api/query"
    oai_url: Annotated[str, Meta(description="the OAI-PMH endpoint: licence and withdrawal")] = (
        "https://oaipmh.arxiv.org/oai"
    )
    min_interval_seconds: Annotated[
        Seconds, Meta(description="seconds between two requests to arXiv, all endpoints together")
    ] = 3.0


class ArchiveSettings(Struct, frozen=True, forbid_unknown_fields=True):
    availability_url: Annotated[str, Meta(description="Wayback availability API")] = (
        "https://archive.org/wayback/available"
    )
    cdx_url: Annotated[str, Meta(description="Wayback CDX API")] = "https://web.archive.org/cdx/search/cdx"
    software_heritage_url: Annotated[str, Meta(description="root of the Software Heritage API")] = (
        "https://archive.softwareheritage.org/api/1"
    )
    min_interval_seconds: Annotated[
        Seconds, Meta(description="seconds between two requests to one archive")
    ] = 2.5
    max_lookups_per_run: Annotated[
        int, Meta(ge=0, description="dead and suspect links looked up per run")
    ] = 20


class HealthSettings(Struct, frozen=True, forbid_unknown_fields=True):
    min_strikes: Annotated[Count, Meta(description="looks against a link before it is called dead")] = 3
    min_days: Annotated[
        float, Meta(ge=0, description="days between its first and latest strike; may be a fraction")
    ] = 3.0
    silent_nights: Annotated[
        Count, Meta(description="nights in a row that say nothing before a link is suspect")
    ] = 3
    outage_links: Annotated[
        Count, Meta(description="links of a host that were fine and fail at once: from here on an outage")
    ] = 5
    outage_share: Annotated[
        Annotated[float, Meta(gt=0, le=1)],
        Meta(description="and at least this share of the host's links that were fine"),
    ] = 0.5
    outage_days: Annotated[
        float, Meta(ge=0, description="days that a link's failures in an outage say nothing; then they count")
    ] = 7.0
    rest_after_days: Annotated[
        float, Meta(gt=0, description="days dead before a link is only asked weekly, six times that: monthly")
    ] = 30.0


class ScheduleSettings(Struct, frozen=True, forbid_unknown_fields=True):
    timezone: Annotated[str, Meta(description="IANA name the cron expressions are read in")] = "UTC"
    crawl: Annotated[str, Meta(description="cron expression of the nightly crawl; empty: never")] = (
        "30 2 * * *"
    )
    recheck: Annotated[
        str, Meta(description="cron expression of a run over suspect links only; empty: never")
    ] = ""
    crawl_options: Annotated[
        tuple[str, ...], Meta(description="options of that crawl: --only=…, --document=… or --limit=…")
    ] = ()
    recheck_options: Annotated[tuple[str, ...], Meta(description="and of the recheck")] = ()
    jitter_seconds: Annotated[
        Seconds, Meta(description="start each job by chance up to so many seconds later")
    ] = 0.0
    health_file: Annotated[
        str,
        Meta(description="JSON for supervisors, written every minute, relative to this file; empty: none"),
    ] = ""
    steady_rest_days: Annotated[
        int, Meta(ge=0, description="ask links fine for a month only every so many days; 0: each run")
    ] = 0


class ReportSettings(Struct, frozen=True, forbid_unknown_fields=True):
    title: Annotated[str, Meta(description="heading of the report")] = "Stale links"


class NotifySettings(Struct, frozen=True, forbid_unknown_fields=True):
    new_dead: Annotated[bool, Meta(description="tell when links died in a run")] = True
    failed_run: Annotated[bool, Meta(description="tell when a run could not do its job")] = True
    webhook_shape: Annotated[
        Literal["generic", "slack", "feishu"],
        Meta(description="what is posted to $CRAWLER_WEBHOOK_URL: generic, slack or feishu"),
    ] = "generic"
    smtp_host: Annotated[str, Meta(description="mail server; empty: no mail")] = ""
    smtp_port: Annotated[
        int, Meta(ge=1, le=65535, description="its port: 465 with tls, 587 with starttls")
    ] = 587
    smtp_security: Annotated[
        Literal["starttls", "tls", "none"],
        Meta(description="starttls, tls or none; a password is never sent without"),
    ] = "starttls"
    smtp_user: Annotated[
        str, Meta(description="account at the mail server; its password is $CRAWLER_SMTP_PASSWORD")
    ] = ""
    mail_from: Annotated[str, Meta(description="sender of the mail")] = ""
    mail_to: Annotated[tuple[str, ...], Meta(description="receivers of the mail")] = ()


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """All of config.toml."""

    catalog: CatalogSettings = CatalogSettings()
    state: StateSettings = StateSettings()
    network: NetworkSettings = NetworkSettings()
    engine: EngineSettings = EngineSettings()
    github: GitHubSettings = GitHubSettings()
    huggingface: HuggingFaceSettings = HuggingFaceSettings()
    arxiv: ArxivSettings = ArxivSettings()
    archive: ArchiveSettings = ArchiveSettings()
    health: HealthSettings = HealthSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    report: ReportSettings = ReportSettings()
    notify: NotifySettings = NotifySettings()
