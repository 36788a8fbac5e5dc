"""All checks, in the order in which a person would repair what they find."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from crawler.clock import Clock
from crawler.config import Config
from crawler.doctor.check import Check
from crawler.doctor.local import (
    check_catalog,
    check_config,
    check_database,
    check_disk,
    check_environment,
    check_lock,
    check_schedule,
    check_versions,
)
from crawler.doctor.remote import check_services


async def examine(config: Config, variables: Mapping[str, str], clock: Clock) -> list[Check]:
    """Every check there is; never raises for what it finds."""
    return [check async for check in _examine(config, variables, clock)]


async def _examine(config: Config, variables: Mapping[str, str], clock: Clock) -> AsyncIterator[Check]:
    yield check_versions()
    for check in check_config(config):
        yield check
    yield check_schedule(config, clock.now())
    yield check_catalog(config)
    yield check_database(config.database)
    yield check_lock(config.database)
    yield check_disk(config.database)
    told, environment = check_environment(variables)
    yield told
    if environment is not None:
        for check in await check_services(config.settings, environment, clock):
            yield check
