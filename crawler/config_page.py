"""Settings → the text of config.toml: every key at its default under its line of help."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from crawler.config import settings_keys
from crawler.settings import Settings

BEGINNING: Final = (
    "# Every key at its default; an empty file means the same. Relative paths start at this file's folder."
)
SECTIONS: Final = {
    "catalog": "What is looked at.",
    "state": "Where results are kept.",
    "network": "How every host is asked. Proxies and CA come from HTTPS_PROXY, HTTP_PROXY, NO_PROXY and"
    " SSL_CERT_FILE.",
    "engine": "Who asks: this machine, or the workers of a Dask cluster (pip install 'crawler[cluster]').",
    "github": "GitHub. A token in GITHUB_TOKEN (several, comma-separated) makes it faster and tells more.",
    "huggingface": "Hugging Face. A token in HF_TOKEN lets deaths be confirmed.",
    "arxiv": "arXiv asks for one request every three seconds over one connection.",
    "archive": "Archived copies of what is dead.",
    "health": "When a link is called dead. Looks that say nothing never count.",
    "schedule": "`crawler schedule`. Cron expressions: minute hour day month weekday (0 and 7 are Sunday).",
    "report": "The stale-link report.",
    "notify": "Who is told after a run. The webhook's address and the mail password come from the environment"
    " only.",
}
"""What stands above each section."""


def write_config_page(settings: Settings = Settings()) -> str:  # noqa: B008 - frozen
    """The whole file, as it is shipped and as `crawler init` writes it."""
    return "\n".join([BEGINNING, *_section_lines(settings)]) + "\n"


def _section_lines(settings: Settings) -> Iterator[str]:
    for section, keys in settings_keys().items():
        yield from ("", *([f"# {SECTIONS[section]}"] if section in SECTIONS else []), f"[{section}]")
        table = getattr(settings, section)
        for key, description in keys.items():
            yield f"# {description[0].upper()}{description[1:]}."
            yield f"{key} = {_format_value(getattr(table, key))}"


def _format_value(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 100_000:
        return f"{value:_}"
    # A JSON string, number, boolean or list of them is TOML too.
    return json.dumps(value, ensure_ascii=False)
