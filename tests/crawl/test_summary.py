"""What a person is shown of a run, however many hosts it asked."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawler.settings import HealthSettings
from crawler.store.store import RunHandle
from crawler.summary import HOST_COLUMNS, SHOWN_HOSTS, Summary

NOW = datetime(2026, 11, 2, 2, 30, tzinfo=UTC)


@pytest.mark.parametrize("number", [0, 1, SHOWN_HOSTS, SHOWN_HOSTS + 1_200])
def test_the_busiest_hosts_are_shown_and_the_rest_is_counted(number: int) -> None:
    hosts = {
        f"host{place:04}.example": dict.fromkeys(HOST_COLUMNS, number - place) for place in range(number)
    }
    told = {"looked_at": number, "hosts": hosts, "left_due": {}, "excluded": {}, "resting": {}, "notes": []}
    run = RunHandle(1, NOW, resumed=False, policy=HealthSettings())
    lines = list(Summary(run, NOW, {}, {}, {}, told).lines())
    shown = [line.split()[0] for line in lines if line.startswith("host0")]
    assert shown == list(hosts)[:SHOWN_HOSTS]
    assert ("and 1,200 more hosts, all in --json" in lines) is (number > SHOWN_HOSTS)
    assert any(line.startswith("run 1: ") for line in lines)
