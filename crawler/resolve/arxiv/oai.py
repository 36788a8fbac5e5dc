"""An answer of arXiv's OAI-PMH service in the format arXivRaw → licence, versions, withdrawal. Pure.

https://info.arxiv.org/help/oa/index.html (2026-11)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from xml.etree.ElementTree import Element

from crawler.licenses.arxiv import read_arxiv_license
from crawler.links.arxiv_id import canonical_arxiv_id
from crawler.records import Facts
from crawler.resolve.arxiv.xml import UnreadableAnswer, parse_xml, read_text

OAI: Final = "{http://www.openarchives.org/OAI/2.0/}"
RAW: Final = "{http://arxiv.org/OAI/arXivRaw/}"
ID_PREFIX: Final = "oai:arXiv.org:"
# SourceFlag.ignore of https://github.com/arXiv/arxiv-base, arxiv/document/version.py (2026-11)
WITHDRAWN_FLAG: Final = "I"
VERSION: Final = re.compile(r"v([1-9]\d{0,3})", re.ASCII)
OLD_ID_YEAR: Final = re.compile(r"/(\d\d)\d{5}$", re.ASCII)
# https://github.com/arXiv/arxiv-base, arxiv/license/__init__.py (2026-11)
ASSUMED_LICENSE: Final = "http://arxiv.org/licenses/assumed-1991-2003/"


class Presence(StrEnum):
    FOUND = "found"
    UNKNOWN_ID = "unknown id"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Record:
    """What the service holds of one paper. `version` is the latest; `facts` only what was told."""

    id: str
    presence: Presence
    version: int | None = None
    withdrawn: bool = False
    facts: Facts | None = None


def parse_record(body: bytes, asked_id: str) -> Record:
    """The answer to one GetRecord. Raises UnreadableAnswer when it does not say how it stands."""
    root = parse_xml(body)
    if root.tag != f"{OAI}OAI-PMH":
        raise UnreadableAnswer(f"no OAI-PMH answer but {root.tag}")
    codes = {error.get("code") for error in root.findall(f"{OAI}error")}
    if codes == {"idDoesNotExist"}:
        return Record(asked_id, Presence.UNKNOWN_ID)
    if codes:
        raise UnreadableAnswer(f"OAI error {', '.join(sorted(map(str, codes)))}")
    record = root.find(f"{OAI}GetRecord/{OAI}record")
    header = record.find(f"{OAI}header") if record is not None else None
    if record is None or header is None:
        raise UnreadableAnswer("an OAI answer without a record")
    identifier = (read_text(header, f"{OAI}identifier") or "").removeprefix(ID_PREFIX)
    if canonical_arxiv_id(identifier) != asked_id:
        raise UnreadableAnswer(f"the record of another paper: {identifier!r}")
    if header.get("status") == "deleted":
        return Record(asked_id, Presence.DELETED)
    raw = record.find(f"{OAI}metadata/{RAW}arXivRaw")
    if raw is None:
        raise UnreadableAnswer("a record that is not in arXivRaw")
    return _read_raw(raw, asked_id)


def _read_raw(raw: Element, asked_id: str) -> Record:
    versions = [
        (int(match[1]), version)
        for version in raw.findall(f"{RAW}version")
        if (match := VERSION.fullmatch(version.get("version", "")))
    ]
    if not versions:
        raise UnreadableAnswer("a record without versions")
    number, latest = max(versions, key=lambda found: found[0])
    withdrawn = WITHDRAWN_FLAG in (read_text(latest, f"{RAW}source_type") or "")
    categories = (read_text(raw, f"{RAW}categories") or "").split()
    told: Facts = {
        "title": read_text(raw, f"{RAW}title"),
        "version": number,
        "withdrawn": withdrawn,
        "license": read_arxiv_license(read_text(raw, f"{RAW}license") or _assume_license(asked_id)),
        "primary_category": categories[0] if categories else None,
        "doi": read_text(raw, f"{RAW}doi"),
    }
    facts = {field: value for field, value in told.items() if value is not None}
    return Record(asked_id, Presence.FOUND, number, withdrawn, facts)


def _assume_license(paper_id: str) -> str | None:
    """What arXiv itself takes for granted of a paper that came before there was a licence to choose."""
    year = OLD_ID_YEAR.search(paper_id)
    return ASSUMED_LICENSE if year and int(year[1]) not in range(4, 91) else None
