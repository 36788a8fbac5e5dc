from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.licenses.arxiv import read_arxiv_license
from crawler.licenses.github import read_api_license, read_page_license
from crawler.licenses.hub import read_hub_license
from crawler.licenses.spdx import find_spdx_id, make_license_reference

# Every id the Hub's own list has (https://huggingface.co/docs/hub/repositories-licenses).
HUB_LICENSES = {
    "apache-2.0": "Apache-2.0",
    "mit": "MIT",
    "openrail": "LicenseRef-openrail",
    "bigscience-openrail-m": "LicenseRef-bigscience-openrail-m",
    "creativeml-openrail-m": "LicenseRef-creativeml-openrail-m",
    "bigscience-bloom-rail-1.0": "LicenseRef-bigscience-bloom-rail-1.0",
    "bigcode-openrail-m": "LicenseRef-bigcode-openrail-m",
    "afl-3.0": "AFL-3.0",
    "artistic-2.0": "Artistic-2.0",
    "bsl-1.0": "BSL-1.0",
    "bsd": "LicenseRef-bsd",
    "bsd-2-clause": "BSD-2-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "bsd-3-clause-clear": "BSD-3-Clause-Clear",
    "c-uda": "C-UDA-1.0",
    "cc": "LicenseRef-cc",
    "cc0-1.0": "CC0-1.0",
    "cc-by-2.0": "CC-BY-2.0",
    "cc-by-2.5": "CC-BY-2.5",
    "cc-by-3.0": "CC-BY-3.0",
    "cc-by-4.0": "CC-BY-4.0",
    "cc-by-sa-3.0": "CC-BY-SA-3.0",
    "cc-by-sa-4.0": "CC-BY-SA-4.0",
    "cc-by-nc-2.0": "CC-BY-NC-2.0",
    "cc-by-nc-3.0": "CC-BY-NC-3.0",
    "cc-by-nc-4.0": "CC-BY-NC-4.0",
    "cc-by-nd-4.0": "CC-BY-ND-4.0",
    "cc-by-nc-nd-3.0": "CC-BY-NC-ND-3.0",
    "cc-by-nc-nd-4.0": "CC-BY-NC-ND-4.0",
    "cc-by-nc-sa-2.0": "CC-BY-NC-SA-2.0",
    "cc-by-nc-sa-3.0": "CC-BY-NC-SA-3.0",
    "cc-by-nc-sa-4.0": "CC-BY-NC-SA-4.0",
    "cdla-sharing-1.0": "CDLA-Sharing-1.0",
    "cdla-permissive-1.0": "CDLA-Permissive-1.0",
    "cdla-permissive-2.0": "CDLA-Permissive-2.0",
    "wtfpl": "WTFPL",
    "ecl-2.0": "ECL-2.0",
    "epl-1.0": "EPL-1.0",
    "epl-2.0": "EPL-2.0",
    "etalab-2.0": "etalab-2.0",
    "eupl-1.1": "EUPL-1.1",
    "agpl-3.0": "AGPL-3.0",
    "gfdl": "LicenseRef-gfdl",
    "gpl": "LicenseRef-gpl",
    "gpl-2.0": "GPL-2.0",
    "gpl-3.0": "GPL-3.0",
    "lgpl": "LicenseRef-lgpl",
    "lgpl-2.1": "LGPL-2.1",
    "lgpl-3.0": "LGPL-3.0",
    "isc": "ISC",
    "lppl-1.3c": "LPPL-1.3c",
    "ms-pl": "MS-PL",
    "mpl-2.0": "MPL-2.0",
    "odc-by": "ODC-By-1.0",
    "odbl": "ODbL-1.0",
    "openrail++": "LicenseRef-openrail",
    "osl-3.0": "OSL-3.0",
    "postgresql": "PostgreSQL",
    "ofl-1.1": "OFL-1.1",
    "ncsa": "NCSA",
    "unlicense": "Unlicense",
    "zlib": "Zlib",
    "pddl": "PDDL-1.0",
    "lgpl-lr": "LGPLLR",
    "deepfloyd-if-license": "LicenseRef-deepfloyd-if-license",
    "llama2": "LicenseRef-llama2",
    "llama3.1": "LicenseRef-llama3.1",
    "gemma": "LicenseRef-gemma",
    "unknown": None,
    "other": "NOASSERTION",
}


@pytest.mark.parametrize(("hub_id", "expected"), HUB_LICENSES.items(), ids=str)
def test_every_license_of_the_hub(hub_id: str, expected: str | None) -> None:
    assert read_hub_license([hub_id]) == expected


@pytest.mark.parametrize(
    ("ids", "name", "expected"),
    [
        pytest.param(["other"], "yi-license", "LicenseRef-yi-license", id="named"),
        pytest.param(
            ["other"], "Qwen LICENSE AGREEMENT (v2)", "LicenseRef-Qwen-LICENSE-AGREEMENT-v2", id="words"
        ),
        pytest.param(["other"], "Apache-2.0", "Apache-2.0", id="other that is SPDX after all"),
        pytest.param(["other"], "other", "NOASSERTION", id="other named other"),
        pytest.param(["other"], "许可", "NOASSERTION", id="no character may stay"),
        pytest.param(["MIT"], None, "MIT", id="case"),
        pytest.param(["mit"], "something", "MIT", id="a name beside an id"),
        pytest.param(["apache-2.0", "mit"], None, "Apache-2.0 AND MIT", id="several"),
        pytest.param(["mit", "mit"], None, "MIT", id="twice"),
        pytest.param(["mit", "other"], None, "MIT", id="one of two is known"),
        pytest.param([], None, None, id="nothing told"),
        pytest.param(["  "], None, None, id="blank"),
    ],
)
def test_cards_of_the_hub(ids: list[str], name: str | None, expected: str | None) -> None:
    assert read_hub_license(ids, name) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://creativecommons.org/licenses/by/4.0/", "CC-BY-4.0"),
        ("http://creativecommons.org/licenses/by-sa/4.0/", "CC-BY-SA-4.0"),
        ("http://creativecommons.org/licenses/by-nc-sa/4.0/", "CC-BY-NC-SA-4.0"),
        ("http://creativecommons.org/licenses/by-nc-nd/4.0/", "CC-BY-NC-ND-4.0"),
        ("https://creativecommons.org/licenses/by/3.0", "CC-BY-3.0"),
        ("http://creativecommons.org/licenses/by-nc-sa/3.0/", "CC-BY-NC-SA-3.0"),
        ("http://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"),
        ("http://creativecommons.org/licenses/publicdomain/", "CC-PDDC"),
        ("http://arxiv.org/licenses/nonexclusive-distrib/1.0/", "LicenseRef-arXiv-nonexclusive-distrib-1.0"),
        ("http://arxiv.org/licenses/assumed-1991-2003/", "LicenseRef-arXiv-assumed-1991-2003"),
        ("http://example.org/mine", "NOASSERTION"),
        ("", None),
        (None, None),
    ],
)
def test_licenses_of_arxiv(url: str | None, expected: str | None) -> None:
    assert read_arxiv_license(url) == expected


@pytest.mark.parametrize("name", ["gpl-3.0-only", "gpl-3.0-or-later", "gpl-3.0", "gpl-2.0+"])
def test_gnu_ids_keep_what_they_leave_open(name: str) -> None:
    found = find_spdx_id(name)
    assert found is not None
    assert found.lower() == name


@pytest.mark.parametrize("name", ["classpath-exception-2.0", "gpl", "LicenseRef-scancode-public-domain", ""])
def test_no_license_ids(name: str) -> None:
    assert find_spdx_id(name) is None


FORM = re.compile(r"NOASSERTION|NONE|LicenseRef-[A-Za-z0-9.-]+")
WORDS = st.none() | st.text()


def is_of_a_form(license_: str | None) -> bool:
    """Whether this is a word of the vocabulary: an SPDX id in SPDX's own spelling, or one of the others."""
    return license_ is None or find_spdx_id(license_) == license_ or FORM.fullmatch(license_) is not None


@given(WORDS, WORDS, WORDS)
def test_whatever_github_says_ends_in_the_vocabulary(
    key: str | None, spdx_id: str | None, name: str | None
) -> None:
    assert is_of_a_form(read_api_license(key, spdx_id, name))
    assert is_of_a_form(read_page_license(f"{name} license"))


@given(
    st.text()
    | st.from_regex(r"https?://(arxiv|creativecommons)\.org/licenses/[a-z0-9./-]{0,30}", fullmatch=True)
)
def test_whatever_arxiv_says_ends_in_the_vocabulary(url: str) -> None:
    assert is_of_a_form(read_arxiv_license(url))


@given(st.text())
def test_a_reference_has_only_the_characters_spdx_allows(name: str) -> None:
    reference = make_license_reference(name)
    assert reference is None or re.fullmatch(r"LicenseRef-[A-Za-z0-9.-]+", reference)
    answer = read_hub_license(["other"], name)
    assert answer is not None
    assert re.fullmatch(r"[A-Za-z0-9.+-]+", answer)
