"""A Dask cluster of the run's own, and what happens to it while it is still starting."""

import os
import signal
import subprocess
from collections.abc import Callable

import pytest

from tests.crawl.conftest import SIGNALS, Place
from tests.engine.conftest import descendants, in_session

pytest.importorskip("distributed")

WORKER = "spawn_main"
Wait = Callable[[Callable[[], bool]], None]
pytestmark = pytest.mark.timeout(300)


def signal_as_a_terminal(process: subprocess.Popen[str], number: signal.Signals) -> None:
    """Ctrl-C reaches everybody in the group, SIGTERM the process it is sent to."""
    (os.killpg if number is signal.SIGINT else os.kill)(process.pid, number)


@pytest.mark.parametrize("begun", [1, 3], ids=["at its first worker", "with all begun"])
@pytest.mark.parametrize(("number", "code"), SIGNALS.items())
def test_a_signal_ends_a_cluster_that_is_still_starting(
    crowd: Place,
    write_config: Callable[..., None],
    wait_until: Wait,
    number: signal.Signals,
    code: int,
    begun: int,
) -> None:
    write_config(kind="dask", workers=3)
    with crowd.start("run", "--no-progress", start_new_session=True) as process:
        wait_until(lambda: len(descendants(process.pid, WORKER)) >= begun)
        signal_as_a_terminal(process, number)
        _, err = process.communicate(timeout=100)
    assert process.returncode == code, err
    assert "Traceback" not in err
    assert "leaked" not in err
    wait_until(lambda: not in_session(process.pid))
    crowd.assert_sound()
    assert crowd.ask("SELECT state FROM runs") == [("interrupted",)]


def test_a_worker_that_dies_at_its_start_is_no_crash(
    crowd: Place, write_config: Callable[..., None], wait_until: Wait
) -> None:
    write_config(kind="dask")
    with crowd.start("run", "--no-progress", start_new_session=True) as process:
        wait_until(lambda: len(descendants(process.pid, WORKER)) == 2)
        os.kill(descendants(process.pid, WORKER)[0], signal.SIGKILL)
        _, err = process.communicate(timeout=100)
    assert process.returncode == 3, err
    assert "cannot start a Dask cluster here" in err
    assert "Traceback" not in err
    wait_until(lambda: not in_session(process.pid))
    assert crowd.ask("SELECT state FROM runs") == [("interrupted",)]
