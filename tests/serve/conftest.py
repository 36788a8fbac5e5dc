"""The nights of the report's tests, with a config file as `--config` wants one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.report.conftest import Nights


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    """Before the first night."""
    nights = Nights(tmp_path)
    nights.config.path.touch()
    return nights
