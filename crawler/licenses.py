"""What hosts call a licence → the words of contract §6: SPDX id, `LicenseRef-…`, NOASSERTION. Pure.

None means that nothing was told. GitHub's own vocabulary is in resolve/github/licenses.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final

from license_expression import get_license_index

NO_ASSERTION: Final = "NOASSERTION"
"""There is a licence, and nobody says which."""

# Ids a repository card may use: https://huggingface.co/docs/hub/repositories-licenses (2026-11).
# Those that differ from an SPDX id by more than their case:
HUB_SPELLINGS: Final = {
    "c-uda": "C-UDA-1.0",
    "lgpl-lr": "LGPLLR",
    "odbl": "ODbL-1.0",
    "odc-by": "ODC-By-1.0",
    "pddl": "PDDL-1.0",
}
HUB_FAMILIES: Final = frozenset({"bsd", "cc", "gfdl", "gpl", "lgpl", "openrail"})
"""Families of licences: which member it is stays open, so no SPDX id fits."""
HUB_OTHER: Final = "other"
HUB_UNKNOWN: Final = "unknown"

# https://github.com/arXiv/arxiv-base/blob/develop/arxiv/license/__init__.py (2026-11)
ARXIV_LICENSE: Final = re.compile(r"https?://arxiv\.org/licenses/([a-z0-9-]+(?:/[0-9.]+)?)/?")
CREATIVE_COMMONS_LICENSE: Final = re.compile(
    r"https?://creativecommons\.org/licenses/(by(?:-nc)?(?:-sa|-nd)?)/([0-9.]+)/?"
)
PUBLIC_DOMAIN: Final = {
    "creativecommons.org/publicdomain/zero/1.0": "CC0-1.0",
    "creativecommons.org/licenses/publicdomain": "CC-PDDC",
}

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


def read_hub_license(ids: Iterable[str], name: str | None = None) -> str | None:
    """The licence ids of a Hub card; `name` is its `license_name`, which says what `other` is.

    Several ids are joined by AND: the Hub does not say how they relate, and this promises least.
    """
    found = dict.fromkeys(filter(None, (_read_hub_id(identifier, name) for identifier in ids)))
    if len(found) > 1:
        found.pop(NO_ASSERTION, None)
    return " AND ".join(found) or None


def read_arxiv_license(url: str | None) -> str | None:
    """The licence address of an arXiv record."""
    address = (url or "").strip()
    if not address:
        return None
    bare = address.partition("://")[2].rstrip("/")
    if bare in PUBLIC_DOMAIN:
        return PUBLIC_DOMAIN[bare]
    if match := CREATIVE_COMMONS_LICENSE.fullmatch(address):
        name = f"CC-{match[1].upper()}-{match[2]}"
        return find_spdx_id(name) or make_license_reference(name)
    if match := ARXIV_LICENSE.fullmatch(address):
        return make_license_reference(f"arXiv-{match[1]}")
    return NO_ASSERTION


def _read_hub_id(identifier: str, name: str | None) -> str | None:
    key = identifier.strip().lower()
    if key == HUB_OTHER:
        return _read_name(name) or NO_ASSERTION
    if key == HUB_UNKNOWN:
        return None
    if key in HUB_FAMILIES:
        return make_license_reference(key)
    return HUB_SPELLINGS.get(key) or find_spdx_id(key) or make_license_reference(key)


def _read_name(name: str | None) -> str | None:
    key = (name or "").strip()
    if key.lower() in {HUB_OTHER, HUB_UNKNOWN}:
        return None
    return find_spdx_id(key) or make_license_reference(key)


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
