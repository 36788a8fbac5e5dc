"""Licences as lists write them → the vocabulary of spdx.py, per component where they say so. Pure.

What is written stays as written; here it is only read. A phrase that cannot be read says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from crawler.licenses.addresses import read_license_address
from crawler.licenses.spdx import find_spdx_id, make_license_reference


class Component(StrEnum):
    """What of a project a licence is stated for."""

    ANY = "any"
    CODE = "code"
    WEIGHTS = "weights"
    DATA = "data"


class Permission(StrEnum):
    """What a list says of commercial use without naming a licence."""

    COMMERCIAL = "commercial"
    NONCOMMERCIAL = "noncommercial"


@dataclass(frozen=True, slots=True)
class StatedPart:
    """One licence of one component: an SPDX id, or `LicenseRef-…` of a family or a named licence."""

    component: Component
    license: str


@dataclass(frozen=True, slots=True)
class StatedLicense:
    """A stated licence as written and as far as it could be read."""

    written: str
    parts: tuple[StatedPart, ...] = ()
    permission: Permission | None = None


# A version that is not written leaves the family open, as hosts do.
_VERSION: Final = r"(?:[\s_-]*(?:version|v\.?|ver\.?)?[\s_-]*(?P<{0}>\d(?:\.\d){{0,2}}))?"
_END: Final = r"(?![A-Za-z0-9])"
_START: Final = r"(?<![A-Za-z0-9])"
_CC_PART: Final = r"(?:BY|NC|SA|ND|Non-?Commercial|ShareAlike|NoDerivat(?:ive)?s|Attribution)"
_GNU: Final = r"(?:GNU[\s_-]*)?"
_PUBLIC: Final = r"General\s+Public\s+Licen[cs]e"
_MORE: Final = r"\+|[\s-]*(?:only|or[\s-]later)"
_LICENSE: Final = re.compile(
    rf"{_START}(?:"
    rf"(?P<apache>Apache(?:[\s_-]*(?:software\s*)?licen[cs]e)?,?{_VERSION.format('apache_version')})"
    rf"|(?P<agpl>{_GNU}(?:AGPL|Affero\s+{_PUBLIC}){_VERSION.format('agpl_version')}(?P<agpl_more>{_MORE})?)"
    rf"|(?P<lgpl>{_GNU}(?:LGPL|Lesser\s+{_PUBLIC}){_VERSION.format('lgpl_version')}(?P<lgpl_more>{_MORE})?)"
    rf"|(?P<gpl>{_GNU}(?:GPL|{_PUBLIC}){_VERSION.format('gpl_version')}(?P<gpl_more>{_MORE})?)"
    rf"|(?P<cc0>CC[\s_-]?0(?:[\s_-]*1\.0)?)"
    rf"|(?P<cc>(?:CC|Creative\s+Commons)(?P<cc_parts>(?:[\s_-]*{_CC_PART})+){_VERSION.format('cc_version')})"
    r"|(?P<bsd>(?:(?P<bsd_before>[234])[\s-]*clause[\s_-]*)?BSD(?:[\s_-]*(?P<bsd_after>[0-4])(?:[\s_-]*clause)?)?)"
    rf"|(?P<modified_mit>modified\s+MIT)"
    rf"|(?P<mit>MIT(?:-0)?)"
    rf"|(?P<mpl>(?:MPL|Mozilla\s+Public\s+Licen[cs]e){_VERSION.format('mpl_version')})"
    rf"|(?P<mulan>Mulan[\s_-]*PSL{_VERSION.format('mulan_version')}"
    r"|木兰(?:宽松许可证|协议)?(?:[\s,，、第]*v?(?P<mulan_zh>\d))?)"
    r"|(?P<rail>(?:BigScience|BigCode|CreativeML)?[\s_-]*(?:BLOOM[\s_-]*)?(?:Open[\s_-]?)?RAIL(?:\+\+)?"
    rf"(?:[\s_-]*[MSD]{{1,2}})?{_END}(?:[\s_-]*licen[cs]e)?{_VERSION.format('rail_version')})"
    r"|(?P<llama>(?:Meta[\s_-]*)?Llama[\s_-]*(?P<llama_version>[234](?:\.\d)?)"
    r"(?=[\s_-]*(?:community|licen[cs]e|许可|协议)))"
    r"|(?P<other>Unlicense|WTFPL|ISC|Zlib|0BSD|EPL-\d\.\d|EUPL-1\.[12]|ODC-BY(?:-1\.0)?|ODbL(?:-1\.0)?"
    r"|BSL-1\.0|BUSL-1\.1|Gemma(?=\s+(?:terms|licen[cs]e)))"
    rf"){_END}",
    re.IGNORECASE,
)
_COMPONENT: Final = re.compile(
    r"(?P<weights>模型权重|模型参数|模型|权重|参数|(?:model\s+)?weights?|models?|checkpoints?)"
    r"|(?P<data>数据集?|语料|data(?:set)?s?|corpus)"
    r"|(?P<code>代码|源码|源代码|(?:source\s+)?code)",
    re.IGNORECASE,
)
# A component holds for what follows it up to the next one, or for what stands right before it in
# brackets: "Apache 2.0 (code)".
_AFTER: Final = re.compile(
    r"\s*(?:licen[cs]es?\s*)?[(（\[]?\s*(?:for|用于)?\s*(?:the\s+)?(?P<component>\w+(?:\s+weights)?)\s*[)）\]]",
    re.IGNORECASE,
)
_NONCOMMERCIAL: Final = re.compile(
    r"(?:不可|不能|不允许|不得|禁止|不支持|非)(?:做|用于|进行)?商(?:用|业)|仅(?:限|供|可|能)?(?:用?于|做)?(?:学术|科研|研究|非商)"
    r"|只能(?:用作|用于)?(?:学术|科研|研究)|non-?\s?commercial|research[\s-]+(?:use\s+)?only|not\s+for\s+commercial",
    re.IGNORECASE,
)
_COMMERCIAL: Final = re.compile(
    r"(?:可|可以|允许|支持|免费|能)(?:免费)?商(?:用|业)|commercial(?:ly)?[\s-]+(?:use|usable|permitted|friendly|allowed)",
    re.IGNORECASE,
)
_CC_WORDS: Final = {"ATTRIBUTION": "BY", "NONCOMMERCIAL": "NC", "SHAREALIKE": "SA"}
_CONDITION: Final = re.compile(r"申请|授权|登记|书面|apply|application|request", re.IGNORECASE)


@lru_cache(maxsize=4096)
def parse_stated_license(text: str) -> StatedLicense:
    """Read what a list says of a licence; several licences of one component all stay."""
    parts = tuple(dict.fromkeys(_find_parts(text)))
    permission: Permission | None = None
    if not any("-NC" in part.license for part in parts):
        # "可商用，但需申请" permits nothing by itself.
        if _NONCOMMERCIAL.search(text):
            permission = Permission.NONCOMMERCIAL
        elif _COMMERCIAL.search(text) and not _CONDITION.search(text):
            permission = Permission.COMMERCIAL
    return StatedLicense(text, parts, permission)


def _find_parts(text: str) -> Iterator[StatedPart]:
    if (address := read_license_address(text)) is not None:
        yield StatedPart(Component.ANY, address)
        return
    components = [(match.start(), _name_component(match)) for match in _COMPONENT.finditer(text)]
    for match in _LICENSE.finditer(text):
        name = _name_license(match)
        if name is None:
            continue
        behind = _AFTER.match(text, match.end())
        named = _COMPONENT.fullmatch(behind["component"]) if behind else None
        if named is not None:
            yield StatedPart(_name_component(named), name)
            continue
        before = [component for start, component in components if start < match.start()]
        yield StatedPart(before[-1] if before else Component.ANY, name)


def _name_component(match: re.Match[str]) -> Component:
    return Component(match.lastgroup or Component.ANY)


def _name_license(match: re.Match[str]) -> str | None:
    groups = match.groupdict()
    kind = next(name for name in _KINDS if groups[name])
    version = groups.get(f"{kind}_version")
    match kind:
        case "apache":
            return _known("Apache", version, "1.0 1.1 2.0")
        case "agpl" | "lgpl" | "gpl":
            return _name_gnu(kind.upper(), version, groups[f"{kind}_more"])
        case "cc0":
            return "CC0-1.0"
        case "cc":
            return _name_creative_commons(groups["cc_parts"], version)
        case "bsd":
            clauses = groups["bsd_before"] or groups["bsd_after"]
            return "0BSD" if clauses == "0" else f"BSD-{clauses}-Clause" if clauses else "LicenseRef-bsd"
        case "modified_mit":
            return "LicenseRef-Modified-MIT"
        case "mit":
            return match[0].upper()
        case "mpl":
            return _known("MPL", version, "1.0 1.1 2.0")
        case "mulan":
            return _known("MulanPSL", version or groups["mulan_zh"], "1.0 2.0")
        case "llama":
            return f"LicenseRef-llama{groups['llama_version']}"
        case "rail":
            name = re.sub(r"\s*licen[cs]e\s*", " ", match[0], flags=re.IGNORECASE)
            return make_license_reference(name.strip())
        case _:
            name = match[0].lower()
            return find_spdx_id(_SPELLINGS.get(name, name)) or make_license_reference(name)


# Groups of the pattern, one of which every match has.
_KINDS: Final = (
    *("apache", "agpl", "lgpl", "gpl", "cc0", "cc", "bsd", "modified_mit", "mit", "mpl", "mulan", "rail"),
    *("llama", "other"),
)
_SPELLINGS: Final = {"odc-by": "ODC-By-1.0", "odbl": "ODbL-1.0"}


def _known(family: str, version: str | None, versions: str) -> str | None:
    """`Apache`, `2` → `Apache-2.0`; without a version the family, as `LicenseRef-apache`."""
    if version is None:
        return f"LicenseRef-{family.lower()}"
    whole = version if "." in version else f"{version}.0"
    return find_spdx_id(f"{family}-{whole}") if whole in versions.split() else f"LicenseRef-{family.lower()}"


def _name_gnu(family: str, version: str | None, more: str | None) -> str | None:
    if version is None:
        return f"LicenseRef-{family.lower()}"
    whole = version[:3] if "." in version else f"{version}.0"
    ending = "-only" if more and "only" in more.lower() else "-or-later" if more else ""
    return find_spdx_id(f"{family}-{whole}{ending}") or f"LicenseRef-{family.lower()}"


def _name_creative_commons(parts: str, version: str | None) -> str | None:
    words = [word.upper() for word in re.findall(_CC_PART, parts, re.IGNORECASE)]
    short = [_CC_WORDS.get(word.replace("-", ""), "ND" if word.startswith("NOD") else word) for word in words]
    name = "-".join(["CC", "BY", *(part for part in ("NC", "ND", "SA") if part in short)])
    if version is None:
        return make_license_reference(name.lower())
    whole = version if "." in version else f"{version}.0"
    return find_spdx_id(f"{name}-{whole}") or make_license_reference(f"{name.lower()}-{whole}")
