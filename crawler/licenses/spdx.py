"""The vocabulary of licences: SPDX ids, `LicenseRef-…` for named ones without, NOASSERTION, NONE. Pure.

Everything that a host or a list calls a licence ends in these words; None means that nothing was told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from license_expression import get_license_index

NO_ASSERTION: Final = "NOASSERTION"
"""There is a licence, and nobody says which."""
NO_LICENSE: Final = "NONE"
"""There surely is none."""

# GNU ids without -only or -or-later are deprecated in SPDX and yet all that most hosts tell.
_GNU_ID: Final = re.compile(r"(?:AGPL|GFDL|GPL|LGPL)-\d\.\d\+?")
_NOT_IN_A_REFERENCE: Final = re.compile(r"[^A-Za-z0-9.-]+")


def find_spdx_id(name: str) -> str | None:
    """The SPDX id that `name` is, whatever its case; `gpl-3.0` stays the ambiguous `GPL-3.0`."""
    return _spdx_ids().get(name.strip().lower())


def make_license_reference(name: str) -> str | None:
    """`LicenseRef-…` for a named licence without an SPDX id; None when no character of the name may stay."""
    reference = _NOT_IN_A_REFERENCE.sub("-", name).strip("-.")
    return f"LicenseRef-{reference}" if reference else None


@cache
def _spdx_ids() -> dict[str, str]:
    return {identifier.lower(): identifier for identifier in _list_spdx_ids()}


def _list_spdx_ids() -> Iterator[str]:
    for license_record in get_license_index():
        if license_record["is_exception"]:
            continue
        identifier = license_record["spdx_license_key"]
        if identifier and not identifier.startswith("LicenseRef-"):
            yield identifier
        for older in license_record["other_spdx_license_keys"]:
            if _GNU_ID.fullmatch(older):
                yield older
