"""The JSON Schema (2020-12) of an export, made from its types.

`export.schema.json` beside this file is its output; `python -m crawler.schemas` writes it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from crawler.records import TargetKind
from crawler.report.export_types import (
    Export,
    ExportedLine,
    Facts,
    HubFacts,
    ModelFacts,
    OwnerFacts,
    PageFacts,
    PaperFacts,
    RepositoryFacts,
)

SCHEMA_PATH: Final = Path(__file__).with_name("export.schema.json")
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
TITLE: Final = "Export of crawler"

FACTS_OF: Final[Mapping[TargetKind, type[Facts]]] = {
    TargetKind.GITHUB_REPO: RepositoryFacts,
    TargetKind.GITHUB_PATH: RepositoryFacts,
    TargetKind.GITHUB_OWNER: OwnerFacts,
    TargetKind.GITHUB_OTHER: PageFacts,
    TargetKind.HUGGINGFACE_MODEL: ModelFacts,
    TargetKind.HUGGINGFACE_DATASET: HubFacts,
    TargetKind.HUGGINGFACE_SPACE: HubFacts,
    TargetKind.HUGGINGFACE_OWNER: OwnerFacts,
    TargetKind.HUGGINGFACE_OTHER: PageFacts,
    TargetKind.ARXIV_PAPER: PaperFacts,
    TargetKind.WEB_PAGE: PageFacts,
}


@cache
def fact_fields(kind: TargetKind) -> tuple[str, ...]:
    """The facts a target of this kind may have, `observed_at` last."""
    names = [name for name in FACTS_OF[kind].__struct_fields__ if name != "observed_at"]
    return (*names, "observed_at")


def export_json_schema() -> dict[str, Any]:
    """The schema of `--format json`; `#/$defs/ExportedLine` is that of one line of `--format jsonl`."""
    shapes = (Export, ExportedLine, *dict.fromkeys(FACTS_OF.values()))
    _, definitions = msgspec.json.schema_components(shapes, ref_template="#/$defs/{name}")
    for carrier in ("ExportedLink", "ExportedMentionInLine"):
        definitions[carrier]["allOf"] = [_facts_by_kind(kind) for kind in TargetKind]
    whole = definitions.pop("Export")
    return {
        "$schema": DIALECT,
        "$comment": "Written by `python -m crawler.schemas`; do not edit.",
        **whole,
        "title": TITLE,
        "$defs": definitions,
    }


def _facts_by_kind(kind: TargetKind) -> dict[str, Any]:
    return {
        "if": {"properties": {"target": {"properties": {"kind": {"const": kind.value}}}}},
        "then": {"properties": {"facts": {"$ref": f"#/$defs/{FACTS_OF[kind].__name__}"}}},
    }
