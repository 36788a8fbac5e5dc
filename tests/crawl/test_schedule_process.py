"""`crawler schedule` as a process: a missed run made up once, its health file, its signals."""

import json
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from tests.crawl.conftest import Place

FAR = 'crawl = "0 0 29 2 *"\nhealth_file = "health.json"\n'


def configure(place: Place, schedule: str) -> None:
    file = place.folder / "config.toml"
    file.write_text(file.read_text().partition("[schedule]")[0] + "[schedule]\n" + schedule)


@contextmanager
def up(place: Place) -> Iterator[subprocess.Popen[str]]:
    with place.start("--log-format", "json", "schedule") as process:
        try:
            yield process
        finally:
            process.kill()


def health(place: Place) -> dict[str, Any]:
    file = place.folder / "health.json"
    told: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return told


def test_a_missed_run_is_made_up_once_and_told(
    place: Place, wait_until: Callable[[Callable[[], bool]], None]
) -> None:
    place.run("run")
    with closing(sqlite3.connect(place.database)) as connection, connection:
        connection.execute("UPDATE runs SET started_at = '2019-01-01T00:00:00Z' WHERE id > 0")
    configure(place, FAR + 'crawl_options = ["--only=arxiv"]\njitter_seconds = 0.2\n')
    with up(place) as process:
        wait_until(lambda: health(place).get("last_job") is not None)
        told = health(place)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 143
    assert (told["last_job"]["name"], told["last_job"]["exit_code"]) == ("crawl", 0)
    assert told["state"] == "waiting"
    assert list(told["next_runs"]) == ["crawl"]
    assert health(place)["state"] == "stopped"
    lines = [json.loads(line) for line in err.splitlines()]
    ended = [line["data"] for line in lines if line["message"] == "the run has ended"]
    assert [summary["looked_at"] for summary in ended] == [1], "the options of the job reached it, once"


def test_a_changed_config_is_read_on_sighup_and_a_bad_one_is_not(
    place: Place, wait_until: Callable[[Callable[[], bool]], None]
) -> None:
    configure(place, FAR)
    with up(place) as process:
        wait_until(lambda: bool(health(place)))
        configure(place, FAR.replace("29 2", "1 1") + 'recheck = "61 * * * *"\n')
        before = health(place)["next_runs"]
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: bool(health(place)["config_error"]))
        assert health(place)["next_runs"] == before
        assert "61 * * * *" in health(place)["config_error"]
        configure(place, FAR.replace("29 2", "1 1"))
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: health(place)["config_error"] is None)
        assert health(place)["next_runs"]["crawl"].partition("-")[2].startswith("01-01")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the one before stays" in err
