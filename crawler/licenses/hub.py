"""Licences as cards of the Hugging Face Hub name them → the vocabulary of spdx.py. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from crawler.licenses.addresses import read_license_address
from crawler.licenses.spdx import NO_ASSERTION, find_spdx_id, make_license_reference

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


def read_hub_license(ids: Iterable[str], name: str | None = None, link: str | None = None) -> str | None:
    """The licence ids of a Hub card; its `license_name` or else its `license_link` says what `other` is.

    Several ids are joined by AND: the Hub does not say how they relate, and this promises least.
    """
    found = dict.fromkeys(filter(None, (_read_hub_id(identifier, name, link) for identifier in ids)))
    if len(found) > 1:
        found.pop(NO_ASSERTION, None)
    return " AND ".join(found) or None


def _read_hub_id(identifier: str, name: str | None, link: str | None) -> str | None:
    key = identifier.strip().lower()
    if key == HUB_OTHER:
        return _read_name(name) or read_license_address(link) or NO_ASSERTION
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
