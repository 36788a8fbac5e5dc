"""Licences as lists write them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.licenses.stated import Permission, parse_stated_license


def read(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in parse_stated_license(text).parts:
        found.setdefault(part.component.value, []).append(part.license)
    return found


@pytest.mark.parametrize(
    ("text", "license_"),
    [
        ("Apache-2.0 license", "Apache-2.0"),
        ("apache-2.0", "Apache-2.0"),
        ("Apache License 2.0", "Apache-2.0"),
        ("Apache Licence 2.0", "Apache-2.0"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("Apache 2.0", "Apache-2.0"),
        ("Apache2.0协议", "Apache-2.0"),
        ("Apache 2", "Apache-2.0"),
        ("Apache-2.0开源协议，可商用", "Apache-2.0"),
        ("Apache", "LicenseRef-apache"),
        ("MIT", "MIT"),
        ("MIT license", "MIT"),
        ("MIT许可证", "MIT"),
        ("MIT-0", "MIT-0"),
        ("Modified MIT License", "LicenseRef-Modified-MIT"),
        ("GPL-3.0 license", "GPL-3.0"),
        ("GPLv3", "GPL-3.0"),
        ("GNU GPL v2", "GPL-2.0"),
        ("GPL-3.0-only", "GPL-3.0-only"),
        ("GPL-3.0-or-later", "GPL-3.0-or-later"),
        ("LGPL-2.1+", "LGPL-2.1-or-later"),
        ("GNU AGPL 3.0", "AGPL-3.0"),
        ("GNU Affero General Public License v3.0", "AGPL-3.0"),
        ("GNU General Public License v3.0", "GPL-3.0"),
        ("GPL", "LicenseRef-gpl"),
        ("BSD-3-Clause", "BSD-3-Clause"),
        ("3-clause BSD", "BSD-3-Clause"),
        ("BSD 2-Clause", "BSD-2-Clause"),
        ("BSD", "LicenseRef-bsd"),
        ("CC BY 4.0", "CC-BY-4.0"),
        ("CC-BY-NC-SA-4.0", "CC-BY-NC-SA-4.0"),
        ("CC BY-SA-NC 4.0", "CC-BY-NC-SA-4.0"),
        ("CC-BY-NC-ND 4.0", "CC-BY-NC-ND-4.0"),
        ("CC-BY-NC", "LicenseRef-cc-by-nc"),
        ("Creative Commons Attribution-NonCommercial 4.0", "CC-BY-NC-4.0"),
        ("CC0", "CC0-1.0"),
        ("MPL 2.0", "MPL-2.0"),
        ("Mulan PSL v2", "MulanPSL-2.0"),
        ("木兰宽松许可证第2版", "MulanPSL-2.0"),
        ("Unlicense", "Unlicense"),
        ("odc-by", "ODC-By-1.0"),
        ("RAIL License v1.0", "LicenseRef-RAIL-v1.0"),
        ("the BigCode OpenRAIL-M v1 license", "LicenseRef-BigCode-OpenRAIL-M-v1"),
        ("bigscience-bloom-rail-1.0", "LicenseRef-bigscience-bloom-rail-1.0"),
        ("Llama 2 Community License", "LicenseRef-llama2"),
        ("Llama 3.1 License", "LicenseRef-llama3.1"),
        ("Gemma license", "LicenseRef-gemma"),
        ("https://creativecommons.org/licenses/by-nc-sa/4.0/", "CC-BY-NC-SA-4.0"),
        ("https://www.apache.org/licenses/LICENSE-2.0.txt", "Apache-2.0"),
        ("https://opensource.org/licenses/MIT", "MIT"),
        ("https://huggingface.co/models?license=license:apache-2.0", "Apache-2.0"),
    ],
)
def test_one_license(text: str, license_: str) -> None:
    assert read(text) == {"any": [license_]}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "代码Apache 2.0，数据CC BY-NC 4.0，模型权重GNU AGPL 3.0",
            {"code": ["Apache-2.0"], "data": ["CC-BY-NC-4.0"], "weights": ["AGPL-3.0"]},
        ),
        (
            "代码：Apache-2.0 license 模型：RAIL License v1.0",
            {"code": ["Apache-2.0"], "weights": ["LicenseRef-RAIL-v1.0"]},
        ),
        ("MIT (code), CC BY-NC 4.0 (weights)", {"code": ["MIT"], "weights": ["CC-BY-NC-4.0"]}),
        ("Code: MIT; Data: ODC-BY", {"code": ["MIT"], "data": ["ODC-By-1.0"]}),
        ("MIT / Apache-2.0", {"any": ["MIT", "Apache-2.0"]}),
        ("数据集采用CC BY 4.0", {"data": ["CC-BY-4.0"]}),
        ("MIT MIT", {"any": ["MIT"]}),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_a_license_of_each_component(text: str, parts: dict[str, list[str]]) -> None:
    assert read(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        "",
        "license",
        "LICENSE",
        "see repository",
        "mitigation",
        "summit",
        "smithy",
        "开源",
        "railway",
        "CCTV",
        "https://github.com/a/b/blob/main/LICENSE",
        "bsdiff",
        "Apachean",
        "GPL4ALL",
        "gpt-3.0",
    ],
)
def test_what_names_no_license(text: str) -> None:
    assert parse_stated_license(text).parts == ()


@pytest.mark.parametrize(
    ("text", "permission"),
    [
        ("可商用", Permission.COMMERCIAL),
        ("免费商用", Permission.COMMERCIAL),
        ("允许商业使用", Permission.COMMERCIAL),
        ("commercial use", Permission.COMMERCIAL),
        ("可商用，需申请", None),
        ("获得官方书面许可后可商用", None),
        ("不可商用", Permission.NONCOMMERCIAL),
        ("不允许做商用", Permission.NONCOMMERCIAL),
        ("仅限学术研究", Permission.NONCOMMERCIAL),
        ("只能用作科研", Permission.NONCOMMERCIAL),
        ("Non-commercial", Permission.NONCOMMERCIAL),
        ("research use only", Permission.NONCOMMERCIAL),
        ("CC-BY-NC-4.0", None),
        ("商业公司", None),
        ("MIT", None),
    ],
)
def test_commercial_use(text: str, permission: Permission | None) -> None:
    assert parse_stated_license(text).permission is permission


@given(st.text())
def test_it_stays_as_written_and_speaks_the_vocabulary(text: str) -> None:
    stated = parse_stated_license(text)
    assert stated.written == text
    for part in stated.parts:
        assert re.fullmatch(r"[A-Za-z0-9.+-]+", part.license)


@given(st.sampled_from(["Apache-2.0", "MIT", "CC-BY-NC-4.0", "AGPL-3.0", "BSD-3-Clause", "MPL-2.0"]))
def test_an_id_reads_as_itself(identifier: str) -> None:
    assert read(identifier) == {"any": [identifier]}
    assert read(f" {identifier.lower()} license") == {"any": [identifier]}
