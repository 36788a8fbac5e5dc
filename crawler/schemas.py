"""`python -m crawler.schemas` writes the JSON Schemas again: that of an export and that of a catalog file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from crawler.catalog_form import catalog_json_schema
from crawler.report.export_schema import SCHEMA_PATH, export_json_schema

CATALOG_SCHEMA_PATH: Final = Path(__file__).parents[1] / "catalog" / "catalog.schema.json"


def schema_text(schema: dict[str, Any]) -> str:
    """A schema as its file holds it."""
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def schema_files() -> dict[Path, str]:
    """Each schema file and the text it must have."""
    return {
        SCHEMA_PATH: schema_text(export_json_schema()),
        CATALOG_SCHEMA_PATH: schema_text(catalog_json_schema()),
    }


def write_schemas() -> None:
    for path, text in schema_files().items():
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    write_schemas()
