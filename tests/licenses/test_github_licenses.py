"""GitHub's words for a licence → the contract's."""

from __future__ import annotations

import pytest

from crawler.licenses.github import KNOWN_IDS, KNOWN_NAMES, read_api_license, read_page_license


@pytest.mark.parametrize(
    ("key", "spdx_id", "name", "expected"),
    [
        pytest.param("mit", "MIT", "MIT License", "MIT", id="spdx"),
        pytest.param("gpl-3.0", "GPL-3.0", "GNU GPL v3", "GPL-3.0", id="as served, not GPL-3.0-only"),
        pytest.param("other", "NOASSERTION", "Other", "NOASSERTION", id="file not recognised"),
        pytest.param("other", None, "Other", "NOASSERTION", id="other without an id"),
        pytest.param("no-license", None, "No License", "NONE", id="placeholder"),
        pytest.param(
            "llama2", None, "Llama 2 (Community)", "LicenseRef-Llama-2-Community", id="named, no id"
        ),
        pytest.param("mit", "mit", "MIT License", "MIT", id="in SPDX's own case"),
        pytest.param("a-b", "A B/1", "A B", "LicenseRef-A-B-1", id="an id that SPDX does not know"),
        pytest.param(None, None, None, None, id="nothing told"),
        pytest.param(None, "", "", None, id="empty"),
    ],
)
def test_api_license(key: str | None, spdx_id: str | None, name: str | None, expected: str | None) -> None:
    assert read_api_license(key, spdx_id, name) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MIT license", "MIT"),
        ("\n      Apache-2.0 license\n ", "Apache-2.0"),
        ("Apache License 2.0", "Apache-2.0"),
        ('BSD 3-Clause "New" or "Revised" License', "BSD-3-Clause"),
        ("GPL-3.0 license", "GPL-3.0"),
        ("Unlicense license", "Unlicense"),
        ("The Unlicense", "Unlicense"),
        ("View license", "NOASSERTION"),
        ("Unknown license", "NOASSERTION"),
        ("Other", "NOASSERTION"),
        ("Apache-2.0, MIT licenses found", None),
        ("Model license", None),
        ("license", None),
        ("", None),
    ],
)
def test_page_license(text: str, expected: str | None) -> None:
    assert read_page_license(text) == expected


@pytest.mark.parametrize("identifier", KNOWN_IDS)
def test_every_id_is_read_from_its_page_line(identifier: str) -> None:
    assert read_page_license(f"{identifier} license") == identifier


def test_names_lead_to_known_ids() -> None:
    assert set(KNOWN_NAMES.values()) <= set(KNOWN_IDS)
