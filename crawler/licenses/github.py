"""What GitHub says of a licence → the vocabulary of spdx.py. Pure."""

from __future__ import annotations

import re
from typing import Final

from crawler.licenses.spdx import NO_ASSERTION, NO_LICENSE, find_spdx_id, make_license_reference

# The licences GitHub tells apart, as its API spells them (it says GPL-3.0, not GPL-3.0-only):
# https://docs.github.com/en/rest/licenses and https://github.com/github/choosealicense.com/tree/gh-pages/_licenses
KNOWN_IDS: Final = """
0BSD AFL-3.0 AGPL-3.0 Apache-2.0 Artistic-2.0 BlueOak-1.0.0 BSD-2-Clause BSD-2-Clause-Patent
BSD-3-Clause BSD-3-Clause-Clear BSD-4-Clause BSL-1.0 CC-BY-4.0 CC-BY-SA-4.0 CC0-1.0 CECILL-2.1
CERN-OHL-P-2.0 CERN-OHL-S-2.0 CERN-OHL-W-2.0 ECL-2.0 EPL-1.0 EPL-2.0 EUPL-1.1 EUPL-1.2 GFDL-1.3 GPL-2.0
GPL-3.0 ISC LGPL-2.1 LGPL-3.0 LPPL-1.3c MIT MIT-0 MPL-2.0 MS-PL MS-RL MulanPSL-2.0 NCSA ODbL-1.0
OFL-1.1 OSL-3.0 PostgreSQL Unlicense UPL-1.0 Vim WTFPL Zlib
""".split()  # noqa: SIM905 - a list this long is read as a text
KNOWN_NAMES: Final = {
    "academic free license v3.0": "AFL-3.0",
    "apache license 2.0": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "bsd 2-clause simplified": "BSD-2-Clause",
    "bsd 3-clause new or revised": "BSD-3-Clause",
    "boost software license 1.0": "BSL-1.0",
    "creative commons attribution 4.0 international": "CC-BY-4.0",
    "creative commons attribution share alike 4.0 international": "CC-BY-SA-4.0",
    "creative commons zero v1.0 universal": "CC0-1.0",
    "eclipse public license 2.0": "EPL-2.0",
    "gnu affero general public license v3.0": "AGPL-3.0",
    "gnu general public license v2.0": "GPL-2.0",
    "gnu general public license v3.0": "GPL-3.0",
    "gnu lesser general public license v2.1": "LGPL-2.1",
    "gnu lesser general public license v3.0": "LGPL-3.0",
    "mozilla public license 2.0": "MPL-2.0",
    "the unlicense": "Unlicense",
    "zlib": "Zlib",
}
_BY_SPELLING: Final = KNOWN_NAMES | {identifier.lower(): identifier for identifier in KNOWN_IDS}
_UNRECOGNISED: Final = frozenset({"view", "other", "unknown"})


def read_api_license(key: str | None, spdx_id: str | None, name: str | None) -> str | None:
    """A licence object of GraphQL or REST; None: it tells nothing.

    `other` with NOASSERTION stands for a file that is not recognised, `no-license` for a placeholder.
    """
    if key == "no-license":
        return NO_LICENSE
    if key == "other" or spdx_id == NO_ASSERTION:
        return NO_ASSERTION
    if spdx_id:
        return find_spdx_id(spdx_id) or make_license_reference(spdx_id)
    return make_license_reference(name or key or "")


def read_page_license(text: str) -> str | None:
    """The licence line in the sidebar of a public page, such as "MIT license" or "View license".

    None for several licences at once and for names not known: the API says what they are.
    """
    name = " ".join(text.split())
    name = re.sub(r"\s+licen[sc]e$", "", name, flags=re.IGNORECASE).strip(" \"'").lower()
    name = name.replace('"', "")
    if name in _UNRECOGNISED:
        return NO_ASSERTION
    return _BY_SPELLING.get(name) or _BY_SPELLING.get(f"{name} license")
