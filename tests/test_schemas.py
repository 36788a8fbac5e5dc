"""The schema files in the tree are what the types say."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from crawler.records import TargetKind
from crawler.report.export_schema import SCHEMA_PATH, export_json_schema, fact_fields
from crawler.report.export_types import ExportedHealth
from crawler.schemas import CATALOG_SCHEMA_PATH, schema_files

ROOT = Path(__file__).parent.parent

REPOSITORY = (
    "full_name host_id stars forks license archived disabled fork pushed_at default_branch language topics"
    " description"
)
MODEL = (
    "full_name host_id license gated disabled downloads likes parameter_count parameter_method"
    " parameter_counts revision last_modified pipeline_tag library_name base_models arxiv_ids"
)
HUB = "full_name host_id license gated disabled downloads likes last_modified revision"
PAPER = "title authors published_at updated_at version withdrawn license primary_category doi"
FACTS = {
    TargetKind.GITHUB_REPO: REPOSITORY,
    TargetKind.GITHUB_PATH: REPOSITORY,
    TargetKind.HUGGINGFACE_MODEL: MODEL,
    TargetKind.HUGGINGFACE_DATASET: HUB,
    TargetKind.HUGGINGFACE_SPACE: HUB,
    TargetKind.GITHUB_OWNER: "login name type",
    TargetKind.HUGGINGFACE_OWNER: "login name type",
    TargetKind.ARXIV_PAPER: PAPER,
    TargetKind.WEB_PAGE: "title final_url content_type",
}
"""What the public interface promises, spelled out once more on purpose."""


@pytest.mark.parametrize("path", [SCHEMA_PATH, CATALOG_SCHEMA_PATH], ids=lambda path: path.name)
def test_the_file_is_what_the_types_say(path: Path) -> None:
    written = path.read_text(encoding="utf-8")
    assert written == schema_files()[path], "run `python -m crawler.schemas`"
    Draft202012Validator.check_schema(json.loads(written))


@pytest.mark.parametrize("kind", FACTS, ids=str)
def test_facts_are_those_that_are_promised(kind: TargetKind) -> None:
    assert set(fact_fields(kind)) == {*FACTS[kind].split(), "observed_at"}


def test_health_has_the_promised_keys() -> None:
    promised = (
        "state since reason http_status final_url suggested_url archived_url first_failed_at last_alive_at"
        " last_checked_at strikes"
    )
    assert set(ExportedHealth.__struct_fields__) == set(promised.split())


def test_everything_in_the_export_schema_says_what_it_means() -> None:
    silent = [
        f"{name}.{key}"
        for name, definition in export_json_schema()["$defs"].items()
        for key, value in definition.get("properties", {}).items()
        if "description" not in value and "$ref" not in value
    ]
    assert silent == []
