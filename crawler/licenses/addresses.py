"""Addresses that stand for a licence, such as creativecommons.org/licenses/by/4.0 → spdx.py's words. Pure."""

from __future__ import annotations

import re
from typing import Final

from crawler.licenses.spdx import find_spdx_id, make_license_reference

PUBLIC_DOMAIN: Final = {
    "creativecommons.org/publicdomain/zero/1.0": "CC0-1.0",
    "creativecommons.org/licenses/publicdomain": "CC-PDDC",
}
CREATIVE_COMMONS: Final = re.compile(r"creativecommons\.org/licenses/(by(?:-nc)?(?:-sa|-nd)?)/([0-9.]+)")
# Catalogues of licences whose addresses end in an SPDX id.
CATALOGUES: Final = re.compile(
    r"(?:spdx\.org/licenses|(?:www\.)?opensource\.org/licen[cs]es?|choosealicense\.com/licenses)/([\w.+-]+)",
    re.IGNORECASE,
)
APACHE: Final = re.compile(r"(?:www\.)?apache\.org/licenses/LICENSE-(\d\.\d)", re.IGNORECASE)
# https://huggingface.co/models?license=license:apache-2.0 is how lists link a licence of the Hub.
HUB_FILTER: Final = re.compile(r"huggingface\.co/models\?(?:.*&)?license=license(?::|%3[Aa])([\w.+-]+)")
DEED: Final = re.compile(r"/(?:deed|legalcode)[\w.-]*$")
ENDING: Final = re.compile(r"\.(?:html?|txt|php)$")


def read_license_address(url: str | None) -> str | None:
    """The licence an address stands for; None for any other address."""
    scheme, separator, rest = (url or "").strip().partition("://")
    if not separator or scheme.lower() not in {"http", "https"}:
        return None
    bare = DEED.sub("", ENDING.sub("", rest.partition("#")[0])).rstrip("/").removeprefix("www.")
    if bare in PUBLIC_DOMAIN:
        return PUBLIC_DOMAIN[bare]
    if match := CREATIVE_COMMONS.fullmatch(bare):
        name = f"CC-{match[1].upper()}-{match[2]}"
        return find_spdx_id(name) or make_license_reference(name)
    if match := APACHE.fullmatch(bare):
        return find_spdx_id(f"Apache-{match[1]}")
    if match := CATALOGUES.fullmatch(bare) or HUB_FILTER.fullmatch(bare):
        return find_spdx_id(match[1])
    return None
