"""The command as people run it: exit codes, what goes where, what ends a run before its first request."""

import json
import resource
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from crawler.sandbox.demo_world import DEMO_TOKENS
from crawler.sandbox.faults import closed, status
from crawler.sandbox.world import World
from crawler.store.lock import DatabaseLock
from tests.crawl.conftest import LINKS, Place


def test_a_run_tells_of_every_link(place: Place) -> None:
    ran = place.run("run", "--json")
    told = json.loads(ran.stdout)
    assert told["looked_at"] == len(LINKS)
    assert told["states"] == {
        "unknown": 0, "healthy": len(LINKS), "moved": 0, "restricted": 0, "suspect": 0, "dead": 0,
    }  # fmt: skip
    assert "8 links looked at" in ran.stderr
    place.assert_sound()


def test_secrets_stand_nowhere(place: Place, tmp_path: Path) -> None:
    ran = place.run("-vv", "run", "--json")
    texts = [ran.stdout, ran.stderr, place.run("report").stdout, place.run("export").stdout]
    texts += [file.read_bytes().decode("latin-1") for file in tmp_path.rglob("*") if file.is_file()]
    for secret in DEMO_TOKENS.values():
        assert not [text for text in texts if secret in text]


def test_tokens_go_to_their_own_api_only(place: Place, world: World) -> None:
    place.run("run")
    for request in world.requests:
        sent = " ".join(request.headers.values()) + request.url
        if DEMO_TOKENS["GITHUB_TOKEN"] in sent:
            assert request.host == "api.github.com"
        if DEMO_TOKENS["HF_TOKEN"] in sent:
            assert request.host == "huggingface.co"
    assert {"api.github.com", "huggingface.co"} <= set(world.requests_by_host())


def test_export_and_report_work_before_any_crawl(place: Place) -> None:
    exported = place.export()
    assert exported["run"] is None
    assert {link["health"]["state"] for link in exported["links"]} == {"unknown"}
    assert len(exported["entries"]) == len(LINKS)
    place.run("report")
    place.run("status")
    assert not place.database.exists()


def test_no_network_ends_with_3_and_judges_nothing(place: Place, world: World) -> None:
    place.run("run")
    world.network_is_down = True
    before = place.ask("SELECT link_id, state, strikes, silent_nights FROM health")
    ran = place.run("run", "--no-progress", code=3)
    assert "no host" in ran.stderr
    assert "crawler demo" in ran.stderr
    assert place.ask("SELECT link_id, state, strikes, silent_nights FROM health") == before
    assert place.ask("SELECT state FROM runs ORDER BY id") == [("finished",), ("failed",)]


def test_a_proxy_that_is_not_there_is_no_news_of_the_hosts(place: Place, refused_port: int) -> None:
    proxy = f"http://127.0.0.1:{refused_port}"
    place.environment |= dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"), proxy)
    place.run("run", "--no-progress", code=3)
    assert place.ask("SELECT count(*) FROM health WHERE state <> 'unknown'") == [(0,)]


def test_a_database_of_a_newer_version_ends_the_run_before_any_request(place: Place, world: World) -> None:
    place.run("run")
    with closing(sqlite3.connect(place.database)) as connection:
        connection.execute("PRAGMA user_version = 9999")
    world.forget_requests()
    content = place.database.read_bytes()
    ran = place.run("run", code=3)
    assert len(ran.stderr.splitlines()) == 1
    assert "newer" in ran.stderr
    assert world.requests == []
    assert place.database.read_bytes() == content


def test_a_file_that_is_no_database_is_left_as_it_is(place: Place, world: World) -> None:
    place.database.parent.mkdir()
    place.database.write_bytes(b"not a database at all" * 100)
    ran = place.run("run", code=3)
    assert len(ran.stderr.splitlines()) == 1
    assert place.database.read_bytes() == b"not a database at all" * 100
    assert world.requests == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param("document: [", "list.yaml:", id="broken YAML"),
        pytest.param('document:\n  title: "x"\nentrees: []\n', "entries", id="unknown key"),
        pytest.param("", "list.yaml", id="empty"),
    ],
)
def test_a_bad_catalog_ends_the_run_before_any_request(
    place: Place, world: World, content: str, expected: str
) -> None:
    (place.folder / "catalog" / "list.yaml").write_text(content)
    for command in ("run", "validate"):
        ran = place.run(command, code=2)
        assert expected in ran.stdout + ran.stderr
    assert world.requests == []
    assert not place.database.exists()


@pytest.mark.parametrize(
    "arguments",
    [["run", "--only", "gitlab"], ["run", "--limit", "0"], ["run", "--document", "nosuch"], ["fly"], []],
)
def test_wrong_arguments_end_with_2(place: Place, arguments: list[str]) -> None:
    place.run(*arguments, code=2)


def test_a_second_run_ends_with_4(place: Place) -> None:
    with DatabaseLock(place.database):
        ran = place.run("run", code=4)
    assert "another run" in ran.stderr
    place.run("run")


def test_fail_on(place: Place, world: World) -> None:
    (place.folder / "config.toml").write_text(
        (place.folder / "config.toml").read_text() + "[health]\nmin_days = 0\nmin_strikes = 2\n"
    )
    world.faults["https://example.org/page"] = status(404)
    place.run("run", "--fail-on", "dead")
    place.run("run", "--fail-on", "new-dead", code=1)
    place.run("run", "--fail-on", "new-dead")
    place.run("run", "--fail-on", "dead", code=1)
    assert place.ask("SELECT url FROM dead_links") == [("https://example.org/page",)]


def test_private_addresses_are_never_asked(place: Place, world: World) -> None:
    place.write_catalog(
        {
            "Loopback": "http://127.0.0.1/x",
            "Short": "http://127.1/x",
            "Number": "http://2130706433/x",
            "Mapped": "http://[::ffff:10.0.0.1]/x",
            "Metadata": "http://169.254.169.254/latest/meta-data",
            "Name": "http://localhost:8080/x",
        }
    )
    place.run("run", "--no-progress")
    assert world.requests == []
    assert world.tunnels == []
    assert place.ask("SELECT DISTINCT reason FROM observations") == [("private-address",)]


def test_nothing_to_do_is_said_loudly(place: Place) -> None:
    place.write_catalog({})
    (place.folder / "catalog" / "list.yaml").write_text('document:\n  title: "A list"\nentries: []\n')
    assert "nothing to do" in place.run("run", "--no-progress").stderr


def test_a_closed_pipe_is_no_error(place: Place) -> None:
    place.run("run")
    command = f"{sys.executable} -m crawler export | head -c 10"
    ran = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=place.folder, env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""


def test_a_full_disk_ends_with_3_and_leaves_a_sound_database(place: Place) -> None:
    place.run("run", "--limit", "1")
    most = place.database.stat().st_size + 4096

    def cap_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    place.write_catalog({f"Page {n}": f"https://example.org/{n}/{'x' * 500}" for n in range(300)})
    ran = place.run("run", "--no-progress", code=3, preexec_fn=cap_files)
    assert "crawler:" in ran.stderr
    place.assert_sound()
    place.run("run", "--no-progress")
    place.assert_sound()


def test_a_host_that_closes_on_us_is_not_called_dead(place: Place, world: World) -> None:
    world.faults["https://example.org/page"] = closed()
    place.run("run", "--no-progress")
    assert place.ask("SELECT state, strikes FROM link_health WHERE url = 'https://example.org/page'") == [
        ("unknown", 0)
    ]


def test_the_doctor_ends_with_3_when_a_run_would(place: Place, world: World) -> None:
    world.network_is_down = True
    told = json.loads(place.run("doctor", "--json", code=3).stdout)
    assert told["level"] == "fail"
    (place.folder / "config.toml").write_text("[netwrok]\n")
    told = json.loads(place.run("doctor", "--json", code=3).stdout)
    assert [check["name"] for check in told["checks"]] == ["config"]


def test_stderr_for_machines_is_json_only(place: Place, world: World) -> None:
    ran = place.run("--log-format", "json", "-v", "run", "--json")
    lines = [json.loads(line) for line in ran.stderr.splitlines()]
    assert lines[-1]["message"] == "the run has ended"
    assert lines[-1]["data"] == json.loads(ran.stdout)
    world.network_is_down = True
    failed = place.run("--log-format", "json", "run", code=3)
    told = [json.loads(line) for line in failed.stderr.splitlines()]
    assert "no host" in told[-1]["message"]
    assert told[-1]["level"] == "error"
