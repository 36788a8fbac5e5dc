"""`crawler doctor`: each check against services that are well, and against the trouble it is there for."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from crawler.clock import SimulatedClock
from crawler.config import Config
from crawler.doctor import local
from crawler.doctor.check import Check, Level, check_lines, checks_as_json, worst_of
from crawler.doctor.examine import examine
from crawler.doctor.remote import Probe, judge_answer
from crawler.fetch.client import FetchResult
from crawler.sandbox.demo_world import DEMO_TOKENS
from crawler.sandbox.faults import closed, status
from crawler.sandbox.server import Sandbox
from crawler.sandbox.world import World
from crawler.start import FIRST_LIST
from crawler.store.lock import DatabaseLock
from crawler.store.store import Store


class Patient:
    """A folder whose endpoints are the sandbox."""

    def __init__(self, folder: Path, sandbox: Sandbox, clock: SimulatedClock) -> None:
        self.sandbox, self.clock, self.folder = sandbox, clock, folder
        self.changes: dict[str, dict[str, Any]] = {"network": {"contact": "me@example.org"}}
        self.variables: Mapping[str, str] = DEMO_TOKENS
        (folder / "catalog").mkdir()
        (folder / "catalog" / "my-list.yaml").write_text(FIRST_LIST)
        (folder / "config.toml").write_text("")

    @property
    def config(self) -> Config:
        return Config(self.sandbox.settings(**self.changes), self.folder / "config.toml")

    def examine(self) -> dict[str, Check]:
        checks = asyncio.run(examine(self.config, self.variables, self.clock))
        assert len({check.name for check in checks}) == len(checks)
        return {check.name: check for check in checks}


@pytest.fixture
def patient(tmp_path: Path, sandbox: Sandbox, clock: SimulatedClock) -> Patient:
    return Patient(tmp_path, sandbox, clock)


def test_all_is_well(patient: Patient, world: World) -> None:
    checks = patient.examine()
    assert {name: str(check) for name, check in checks.items() if check.level is not Level.OK} == {}
    assert set(checks) == {
        "versions", "config", "schedule", "catalog", "database", "lock", "disk", "environment",
        "GITHUB_TOKEN", "HF_TOKEN", "arxiv", "arxiv oai", "wayback", "wayback cdx", "software heritage",
        "clock",
    }  # fmt: skip
    assert not (patient.folder / "state").exists(), "a doctor leaves nothing behind"
    assert len(world.requests) == 7, "one request per endpoint"
    for request in world.requests:
        said = request.headers.get("authorization", "")
        assert (DEMO_TOKENS["GITHUB_TOKEN"] in said) is (request.host == "api.github.com")
        assert (DEMO_TOKENS["HF_TOKEN"] in said) is (request.host == "huggingface.co")


def test_without_tokens_a_run_works_and_is_told_so(patient: Patient) -> None:
    patient.variables = {}
    checks = patient.examine()
    assert checks["GITHUB_TOKEN"].level is checks["HF_TOKEN"].level is Level.WARN
    assert checks["github pages"].level is checks["huggingface"].level is Level.OK
    assert worst_of(list(checks.values())) is Level.WARN


def test_a_refused_token_is_a_failure_and_stands_nowhere(patient: Patient, world: World) -> None:
    world.github.refused_tokens.add(DEMO_TOKENS["GITHUB_TOKEN"])
    patient.variables = {**DEMO_TOKENS, "HF_TOKEN": "hf_made_up_and_unknown"}
    checks = patient.examine()
    assert "refuses this token" in checks["GITHUB_TOKEN"].found
    assert "refuses this token" in checks["HF_TOKEN"].found
    told = json.dumps(checks_as_json(list(checks.values()))) + "".join(check_lines(list(checks.values())))
    assert not any(secret in told for secret in patient.variables.values())


@pytest.mark.parametrize(
    ("name", "headers", "body", "level", "told"),
    [
        pytest.param("GITHUB_TOKEN", {"x-oauth-scopes": "repo"}, {}, Level.WARN, "scopes repo", id="classic"),
        pytest.param("GITHUB_TOKEN", {"x-oauth-scopes": ""}, {}, Level.OK, "no scopes", id="classic-bare"),
        pytest.param(
            "GITHUB_TOKEN",
            {},
            {"resources": {"graphql": {"limit": 5000, "remaining": 4321}}},
            Level.OK,
            "4,321 of 5,000 graphql requests left",
            id="quota",
        ),
        pytest.param(
            "HF_TOKEN",
            {},
            {"name": "made-up", "auth": {"accessToken": {"role": "write"}}},
            Level.WARN,
            "made-up, role write",
            id="hub-write",
        ),
        pytest.param(
            "HF_TOKEN", {}, {"auth": {"accessToken": {"role": "read"}}}, Level.OK, "role read", id="hub-read"
        ),
        pytest.param("HF_TOKEN", {}, ["odd"], Level.OK, "a token of nobody", id="odd"),
    ],
)
def test_the_rights_of_a_token(
    name: str, headers: dict[str, str], body: object, level: Level, told: str
) -> None:
    url = "https://example.org/limits"
    result = FetchResult(url, url, 200, httpx.Headers(headers), json.dumps(body).encode())
    check = judge_answer(Probe(name, url, "token"), result)
    assert (check.level, told in check.found) == (level, True), check


@pytest.mark.parametrize(
    ("minutes", "level"), [(0.5, Level.OK), (5, Level.WARN), (-5, Level.WARN), (90, Level.FAIL)]
)
def test_the_clock_is_held_against_the_hosts(patient: Patient, minutes: float, level: Level) -> None:
    ours = SimulatedClock(patient.clock.now() + timedelta(minutes=minutes))
    patient.clock = ours
    assert patient.examine()["clock"].level is level


def test_a_service_in_trouble_and_one_that_is_gone(patient: Patient, world: World) -> None:
    world.faults["export.arxiv.org"] = status(503)
    world.faults["web.archive.org"] = status(503)
    world.faults["huggingface.co"] = closed()
    world.faults["oaipmh.arxiv.org"] = status(404)
    checks = patient.examine()
    assert (checks["arxiv"].level, checks["wayback cdx"].level) == (Level.FAIL, Level.WARN)
    assert checks["HF_TOKEN"].level is Level.FAIL
    assert "config.toml" in (checks["arxiv oai"].hint or "")


def test_a_quota_that_is_used_up_is_no_failure(patient: Patient, world: World) -> None:
    world.faults["api.github.com"] = status(429)
    assert patient.examine()["GITHUB_TOKEN"].level is Level.WARN


def test_catalog_and_schedule_say_what_is_wrong_with_them(patient: Patient) -> None:
    (patient.folder / "catalog" / "my-list.yaml").write_text("document: [")
    patient.changes["schedule"] = {"crawl": "61 * * * *"}
    checks = patient.examine()
    assert "my-list.yaml:" in checks["catalog"].found
    assert "61 * * * *" in checks["schedule"].found
    assert checks["catalog"].level is checks["schedule"].level is Level.FAIL


def test_a_proxy_that_is_none_ends_the_asking(patient: Patient, world: World) -> None:
    patient.variables = {"HTTPS_PROXY": "socks5://made-up:secret-word@example.org"}
    checks = patient.examine()
    assert checks["environment"].level is Level.FAIL
    assert "secret-word" not in str(checks)
    assert "clock" not in checks
    assert world.requests == []


def test_a_sound_database_and_a_held_one(patient: Patient) -> None:
    path = patient.config.database
    with Store.open(path, patient.clock.now, patient.config.settings.health):
        pass
    with DatabaseLock(path):
        checks = patient.examine()
    assert "is sound, schema" in checks["database"].found
    assert "is at work" in checks["lock"].found
    assert patient.examine()["lock"].found == "free"


def break_file(path: Path) -> None:
    path.write_bytes(b"not a database at all" * 100)


def dangle(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE parents (id INTEGER PRIMARY KEY)")
        connection.execute("CREATE TABLE children (parent INTEGER REFERENCES parents(id))")
        connection.execute("INSERT INTO children VALUES (7)")


def make_newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 9999")


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (break_file, "not a SQLite database"),
        (dangle, "children points at nothing"),
        (make_newer, "newer release"),
    ],
)
def test_a_database_that_is_not_well(patient: Patient, harm: Any, told: str) -> None:
    path = patient.config.database
    with Store.open(path, patient.clock.now, patient.config.settings.health):
        pass
    harm(path)
    content = path.read_bytes()
    check = patient.examine()["database"]
    assert (check.level, told in check.found) == (Level.FAIL, True), check
    assert path.read_bytes() == content


def test_a_disk_that_fills(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "LITTLE_SPACE_BYTES", 10**18)
    assert local.check_disk(patient.config.database).level is Level.WARN
    monkeypatch.setattr(local, "TOO_LITTLE_SPACE_BYTES", 10**18)
    assert local.check_disk(patient.config.database).level is Level.FAIL


def test_lines_are_lines_and_harmless() -> None:
    checks = [Check("a", Level.OK, "fine"), Check("longer", Level.FAIL, "title \x1b[2J", "do it")]
    first, second = check_lines(checks)
    assert first == "ok    a       fine"
    assert second.startswith("fail  longer  title ")
    assert second.endswith("(hint: do it)")
    assert "\x1b" not in second
    assert checks_as_json(checks)["level"] == "fail"
    assert worst_of([]) is Level.OK
