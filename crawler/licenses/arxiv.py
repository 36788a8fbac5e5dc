"""Licence addresses of arXiv records → the vocabulary of spdx.py. Pure."""

from __future__ import annotations

import re
from typing import Final

from crawler.licenses.addresses import read_license_address
from crawler.licenses.spdx import NO_ASSERTION, make_license_reference

# https://github.com/arXiv/arxiv-base/blob/develop/arxiv/license/__init__.py (2026-11)
ARXIV_LICENSE: Final = re.compile(r"https?://arxiv\.org/licenses/([a-z0-9-]+(?:/[0-9.]+)?)/?")


def read_arxiv_license(url: str | None) -> str | None:
    """The licence address of an arXiv record."""
    address = (url or "").strip()
    if not address:
        return None
    if match := ARXIV_LICENSE.fullmatch(address):
        return make_license_reference(f"arXiv-{match[1]}")
    return read_license_address(address) or NO_ASSERTION
