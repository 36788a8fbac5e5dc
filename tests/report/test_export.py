"""Exports: the promised shape, the same bytes for the same state, and any past night again."""

import csv
import dataclasses
import io
import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from crawler.errors import UnableError, UsageError
from crawler.records import Catalog, Entry, EntryKind, Mention, Outcome, Override, Reason, Role
from crawler.report.export import export_catalog
from crawler.report.export_formats import CSV_COLUMNS
from crawler.report.export_schema import export_json_schema
from tests.report.conftest import (
    ALPACA,
    BLOG,
    CATALOG,
    FASTCHAT,
    HOSTILE_NAME,
    PAPER,
    PHI,
    VICUNA,
    ZHIHU,
    Nights,
    missing,
    saw,
)

FORMATS = ["json", "jsonl", "csv"]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
REPOSITORY_FACTS = {
    "full_name": "lm-sys/FastChat",
    "stars": 39_000,
    "license": "Apache-2.0",
    "archived": False,
}
MODEL_FACTS = {
    "full_name": "microsoft/phi-2",
    "license": "MIT",
    "gated": False,
    "likes": 3_200,
    "parameter_count": 2_779_683_840,
    "parameter_method": "safetensors",
    "parameter_counts": [{"value": 2_779_683_840, "method": "safetensors", "confidence": "high"}],
    "base_models": [],
}


def export(nights: Nights, format_name: str = "json", as_of: str | None = None) -> str:
    return "".join(export_catalog(nights.config, format_name, as_of=as_of, now=NOON))


def exported(nights: Nights, as_of: str | None = None) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(export(nights, as_of=as_of))
    return document


def link_of_export(document: dict[str, Any], url: str) -> dict[str, Any]:
    (link,) = [link for link in document["links"] if link["url"] == url]
    return dict(link)


def pass_five_nights(nights: Nights) -> None:
    nights.pass_night(saw(PHI, facts=MODEL_FACTS, host_id="abc"), saw(VICUNA, facts=REPOSITORY_FACTS))
    nights.pass_night(missing(ALPACA))
    nights.pass_night(missing(ALPACA), saw(BLOG, facts={"title": "=cmd()", "final_url": BLOG}))
    nights.pass_night(
        missing(ALPACA),
        saw(VICUNA, Outcome.MOVED, Reason.RENAMED, suggested_url=FASTCHAT, facts={"stars": 39_001}),
        saw(PAPER, Outcome.FAILED, Reason.TIMEOUT, http_status=None),
    )
    nights.pass_night(
        missing(ALPACA),
        saw(ZHIHU, Outcome.RESTRICTED, Reason.BOT_WALL, http_status=403),
        archived={ALPACA: f"https://web.archive.org/web/2026/{ALPACA}"},
    )


@pytest.fixture
def five_nights(nights: Nights) -> Nights:
    pass_five_nights(nights)
    return nights


# --- shape ---


@pytest.mark.parametrize("crawled", [False, True], ids=["before the first crawl", "after five nights"])
def test_json_is_what_the_schema_says(nights: Nights, crawled: bool) -> None:
    if crawled:
        pass_five_nights(nights)
    schema = export_json_schema()
    errors = [error.message for error in Draft202012Validator(schema).iter_errors(exported(nights))]
    assert errors == []
    line_schema = {"$ref": "#/$defs/ExportedLine", "$defs": schema["$defs"]}
    for line in export(nights, "jsonl").splitlines():
        assert [
            error.message for error in Draft202012Validator(line_schema).iter_errors(json.loads(line))
        ] == []


def break_facts(document: dict[str, Any]) -> None:
    link_of_export(document, VICUNA)["facts"]["stars"] = "many"


def break_health(document: dict[str, Any]) -> None:
    del link_of_export(document, VICUNA)["health"]["strikes"]


def break_state(document: dict[str, Any]) -> None:
    link_of_export(document, VICUNA)["health"]["state"] = "undead"


@pytest.mark.parametrize("damage", [break_facts, break_health, break_state])
def test_the_schema_notices(five_nights: Nights, damage: Callable[[dict[str, Any]], None]) -> None:
    document = exported(five_nights)
    damage(document)
    assert not Draft202012Validator(export_json_schema()).is_valid(document)


def test_every_object_has_its_keys_sorted(five_nights: Nights) -> None:
    def check(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert [key for key, _ in pairs] == sorted(key for key, _ in pairs)
        return dict(pairs)

    json.loads(export(five_nights), object_pairs_hook=check)
    for line in export(five_nights, "jsonl").splitlines():
        json.loads(line, object_pairs_hook=check)


def test_entries_stand_by_id_and_links_by_url(five_nights: Nights) -> None:
    document = exported(five_nights)
    assert [entry["id"] for entry in document["entries"]] == sorted(entry.id for entry in CATALOG.entries)
    assert [link["url"] for link in document["links"]] == sorted([ALPACA, VICUNA, PHI, PAPER, ZHIHU, BLOG])


def test_an_export_in_full(five_nights: Nights) -> None:
    document = exported(five_nights)
    assert set(document) == {"schema_version", "generated_at", "run", "entries", "links"}
    assert document["schema_version"] == "1.0"
    assert document["generated_at"] == "2026-11-20T12:00:00Z"
    assert document["run"] == {
        "id": 5,
        "started_at": "2026-11-05T02:30:00Z",
        "finished_at": "2026-11-05T02:35:00Z",
        "state": "finished",
        "requests": {"api.github.com": 3, "example.org": 1},
    }
    assert document["entries"][0] == {
        "id": "first/alpaca",
        "name": "Alpaca-LoRA",
        "kind": "model",
        "document": "first",
        "section": "Models > Small",
        "stated": {"license": "Apache 2.0", "parameters": ["7B", "13B"]},
        "observed": {"stars": None, "license": None, "parameter_count": None},
        "findings": [
            {
                "kind": "dead",
                "field": "link",
                "stated": ALPACA,
                "observed": "not-found",
                "detail": "HTTP 404, failing since 2026-11-02, last seen alive 2026-11-01",
            }
        ],
        "links": [
            {"link": ALPACA, "role": "project", "raw": f"{ALPACA}/", "line": 12},
            {"link": PAPER, "role": "paper", "raw": "arxiv.org/abs/2305.15334v1", "line": 12},
        ],
    }
    assert link_of_export(document, ALPACA) == {
        "url": ALPACA,
        "target": {"kind": "github_repo", "id": "tloen/alpaca-lora"},
        "health": {
            "state": "dead",
            "since": "2026-11-05T02:30:00Z",
            "reason": "not-found",
            "http_status": 404,
            "final_url": None,
            "suggested_url": None,
            "archived_url": f"https://web.archive.org/web/2026/{ALPACA}",
            "first_failed_at": "2026-11-02T02:35:00Z",
            "last_alive_at": "2026-11-01T02:35:00Z",
            "last_checked_at": "2026-11-05T02:30:00Z",
            "strikes": 4,
        },
        "facts": {},
    }


def test_known_facts_outlive_looks_that_tell_none(five_nights: Nights) -> None:
    facts = link_of_export(exported(five_nights), VICUNA)["facts"]
    assert facts == {**REPOSITORY_FACTS, "stars": 39_001, "observed_at": "2026-11-04T02:35:00Z"}


def test_facts_are_those_of_the_contract_only(nights: Nights) -> None:
    nights.pass_night(saw(VICUNA, facts={"stars": 1, "secret_of_the_resolver": "x", "title": "y"}))
    assert set(link_of_export(exported(nights), VICUNA)["facts"]) == {"stars", "observed_at"}


def test_a_date_alone_is_no_fact(nights: Nights) -> None:
    """A model's address from before models had owners is an owner's; its facts are of another kind."""
    legacy = "https://huggingface.co/gpt2"
    entry = Entry(
        "first/gpt2", "GPT-2", EntryKind.MODEL, "first", mentions=(Mention(legacy, legacy, Role.PROJECT),)
    )
    nights.catalog = dataclasses.replace(CATALOG, entries=(entry,))
    nights.pass_night(saw(legacy, facts={"full_name": "openai-community/gpt2", "license": "MIT"}))
    told = exported(nights)
    assert link_of_export(told, legacy)["target"]["kind"] == "huggingface_owner"
    assert link_of_export(told, legacy)["facts"] == {}
    assert told["entries"][0]["observed"]["license"] == "MIT"


def test_observed_comes_from_the_first_project_link_that_tells_it(five_nights: Nights) -> None:
    (vicuna,) = [entry for entry in exported(five_nights)["entries"] if entry["id"] == "first/vicuna"]
    assert vicuna["observed"] == {
        "stars": 39_001,
        "license": "Apache-2.0",
        "parameter_count": 2_779_683_840,
    }


def test_an_override_of_the_catalog_wins(nights: Nights) -> None:
    nights.catalog = dataclasses.replace(
        CATALOG,
        overrides=(
            Override("first/vicuna", "license", "LicenseRef-Llama-2", "the weights' licence"),
            Override("first/vicuna", "parameter_count", 13_000_000_000, "as the paper says"),
        ),
    )
    nights.pass_night(saw(VICUNA, facts=REPOSITORY_FACTS), saw(PHI, facts=MODEL_FACTS))
    (vicuna,) = [entry for entry in exported(nights)["entries"] if entry["id"] == "first/vicuna"]
    assert vicuna["observed"] == {
        "stars": 39_000,
        "license": "LicenseRef-Llama-2",
        "parameter_count": 13_000_000_000,
    }


def test_findings_stand_there_while_they_are_open(five_nights: Nights) -> None:
    def kinds(entry_id: str) -> list[str]:
        (entry,) = [entry for entry in exported(five_nights)["entries"] if entry["id"] == entry_id]
        return [finding["kind"] for finding in entry["findings"]]

    assert kinds("second/hostile") == ["dead"]
    five_nights.pass_night()
    assert kinds("second/hostile") == []


# --- before, beside and after ---


def test_before_the_first_crawl_everything_is_unknown(nights: Nights) -> None:
    document = exported(nights)
    assert document["run"] is None
    assert len(document["entries"]) == len(CATALOG.entries)
    assert [(link["health"]["state"], link["facts"]) for link in document["links"]] == [("unknown", {})] * 6
    assert not nights.database.exists()


def test_beside_a_running_crawl(nights: Nights) -> None:
    nights.pass_night()
    with nights.open() as store:
        nights.begin(store, missing(ALPACA))
        document = exported(nights)
    assert (document["run"]["id"], document["run"]["state"]) == (2, "running")
    assert document["run"]["finished_at"] is None
    assert link_of_export(document, ALPACA)["health"]["state"] == "suspect"


@pytest.mark.parametrize("format_name", FORMATS)
def test_two_exports_of_one_state_are_byte_equal(five_nights: Nights, format_name: str) -> None:
    later = "".join(
        export_catalog(five_nights.config, format_name, as_of=None, now=datetime(2027, 1, 1, tzinfo=UTC))
    )
    assert later.replace("2027-01-01T00:00:00Z", "2026-11-20T12:00:00Z") == export(five_nights, format_name)


@pytest.mark.parametrize("format_name", FORMATS)
def test_any_past_night_can_be_exported_again(nights: Nights, format_name: str) -> None:
    looks = [
        [saw(PHI, facts=MODEL_FACTS, host_id="abc"), saw(VICUNA, facts=REPOSITORY_FACTS)],
        [missing(ALPACA), saw(PHI, Outcome.FAILED, Reason.TIMEOUT, http_status=None)],
        [missing(ALPACA), saw(VICUNA, facts={"stars": 5, "license": "MIT"})],
        [missing(ALPACA), saw(PAPER, Outcome.GONE, Reason.GONE, http_status=410)],
        [missing(ALPACA), saw(PHI, facts={**MODEL_FACTS, "gated": "manual"})],
        [saw(VICUNA, Outcome.MOVED, Reason.RENAMED, suggested_url=FASTCHAT)],
    ]
    that_night = []
    for night, seen in enumerate(looks):
        if night == 3:
            nights.catalog = changed_catalog()
        nights.pass_night(*seen)
        that_night.append(export(nights, format_name))
    assert [export(nights, format_name, as_of=str(run)) for run in range(1, 7)] == that_night
    assert export(nights, format_name, as_of="2026-11-03") == that_night[2]
    assert export(nights, format_name, as_of="2026-11-04T02:29:59Z") == that_night[2]
    assert export(nights, format_name, as_of="2026-11-04T10:30:00+08:00") == that_night[3]


def changed_catalog() -> Catalog:
    """An entry renamed, one gone, one new, a link moved to another line."""
    alpaca, vicuna, _, hostile = CATALOG.entries
    paper = dataclasses.replace(alpaca.mentions[1], line=99)
    return dataclasses.replace(
        CATALOG,
        entries=(
            dataclasses.replace(alpaca, name="Alpaca", mentions=(alpaca.mentions[0], paper)),
            vicuna,
            Entry(
                "first/new",
                "New",
                EntryKind.PAPER,
                "first",
                mentions=(Mention("https://example.com/new", "example.com/new", Role.PAPER, 40),),
            ),
            dataclasses.replace(hostile, mentions=hostile.mentions[:1]),
        ),
    )


@pytest.mark.parametrize("when", ["2026-10-31", "99", "0", "2026-10-31T23:59:59", "yesterday", ""])
def test_there_must_have_been_a_run_then(five_nights: Nights, when: str) -> None:
    with pytest.raises(UsageError):
        export(five_nights, as_of=when)


def test_as_of_before_the_first_crawl_is_an_error_not_an_empty_export(nights: Nights) -> None:
    with pytest.raises(UsageError, match="nothing has been crawled yet"):
        export(nights, as_of="2026-11-01")


def test_a_damaged_database_is_named(nights: Nights) -> None:
    nights.database.parent.mkdir()
    nights.database.write_bytes(b"no database, whatever its name says" * 100)
    with pytest.raises(UnableError, match="not a SQLite database"):
        export(nights)


def test_a_database_of_a_newer_release_is_refused(nights: Nights) -> None:
    nights.pass_night()
    with sqlite3.connect(nights.database) as connection:
        connection.execute("PRAGMA user_version = 9999")
    connection.close()
    with pytest.raises(UnableError, match="newer release"):
        export(nights)


# --- strangers' text ---


def test_passwords_and_tokens_in_addresses_are_hidden(nights: Nights) -> None:
    secret = "https://user:hunter2@example.org/a?id=1&t=hf_abcdefghijklmnopqrstuvwxyz"
    nights.catalog = Catalog(
        CATALOG.documents,
        (
            Entry(
                "first/secret",
                "Secret",
                EntryKind.TOOL,
                "first",
                mentions=(Mention(secret, secret, Role.PROJECT, 1),),
            ),
        ),
    )
    nights.pass_night(
        saw(
            secret,
            Outcome.MOVED,
            Reason.REDIRECTED,
            final_url="https://user:hunter2@example.org/b",
            suggested_url="https://user:hunter2@example.org/b",
            facts={"title": "mail me // at me@example.org", "final_url": "https://u:hunter2@example.org/b"},
        )
    )
    for format_name in FORMATS:
        text = export(nights, format_name)
        assert "hunter2" not in text
        assert "hf_abc" not in text
        assert "https://***@example.org/a?id=1&t=***" in text
        assert "mail me // at me@example.org" in text


# --- csv ---


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_has_one_row_per_entry_and_link(five_nights: Nights) -> None:
    text = export(five_nights, "csv")
    assert text.endswith("\r\n")
    rows = rows_of(text)
    assert [(row["id"], row["link"]) for row in rows] == [
        ("first/alpaca", ALPACA),
        ("first/alpaca", PAPER),
        ("first/no-link", ""),
        ("first/vicuna", VICUNA),
        ("first/vicuna", PHI),
        ("first/vicuna", ZHIHU),
        ("second/hostile", BLOG),
        ("second/hostile", ALPACA),
    ]
    assert all(None not in row and None not in row.values() for row in rows)
    phi = rows[4]
    assert phi["stated.parameters"] == ""
    assert rows[0]["stated.parameters"] == "7B; 13B"
    assert (phi["health.state"], phi["facts.gated"], phi["facts.likes"]) == ("healthy", "false", "3200")
    assert json.loads(phi["facts.parameter_counts"]) == MODEL_FACTS["parameter_counts"]
    assert (phi["observed.stars"], phi["findings"]) == ("39001", "restricted")


def test_no_cell_of_a_csv_is_a_formula(five_nights: Nights) -> None:
    rows = rows_of(export(five_nights, "csv"))
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]
    assert rows[6]["name"] == f"'{HOSTILE_NAME}"
    assert rows[6]["raw"] == "'=HYPERLINK(1)"
    assert rows[6]["facts.title"] == "'=cmd()"


def test_csv_columns_follow_the_json(five_nights: Nights) -> None:
    """Every leaf of a jsonl line has its column."""
    columns = set()
    for line in export(five_nights, "jsonl").splitlines():
        entry = json.loads(line)
        links = entry.pop("links")
        entry.pop("findings")
        for part in (entry, *links):
            for key, value in part.items():
                columns |= {f"{key}.{inner}" for inner in value} if isinstance(value, dict) else {key}
    assert columns <= set(CSV_COLUMNS)
    assert len(set(CSV_COLUMNS)) == len(CSV_COLUMNS)


# --- streaming ---


@pytest.mark.parametrize("format_name", FORMATS)
def test_an_export_comes_in_pieces_and_can_be_left(five_nights: Nights, format_name: str) -> None:
    pieces = export_catalog(five_nights.config, format_name, as_of=None)
    first = next(pieces)
    assert len(first) < len(export(five_nights, format_name)) / 3
    pieces.close()  # type: ignore[attr-defined]


def test_a_catalog_of_thousands_is_never_held_at_once(nights: Nights, tmp_path: Path) -> None:
    """Peak memory stays far below the size of the text."""
    import tracemalloc

    nights.catalog = Catalog(
        CATALOG.documents[:1],
        tuple(
            Entry(
                f"first/e{number:05}",
                f"Entry {number} " + "x" * 2_000,
                EntryKind.TOOL,
                "first",
                mentions=(Mention(f"https://example.org/{number}", "raw", Role.PROJECT, number + 1),),
            )
            for number in range(2_000)
        ),
    )
    nights.pass_night()
    tracemalloc.start()
    try:
        size = sum(len(piece) for piece in export_catalog(nights.config, "json", as_of=None))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size > 4_000_000
    assert peak < size / 4
