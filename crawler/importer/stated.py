"""What a document itself says of an entry: its licence and its parameter counts, kept as written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from crawler.importer.drafts import Draft
from crawler.records import EntryKind, Stated

_LICENSE_COLUMN = re.compile(r"licen[cs]e|许可|协议", re.IGNORECASE)
_SIZE_COLUMN = re.compile(
    r"^(?:size|sizes|param(?:eter)?s?(?: count)?|参数量?|参数规模|模型大小|大小|规模)$", re.IGNORECASE
)
_LICENSE_NAMES = re.compile(
    r"(?<![A-Za-z0-9-])((?:Apache(?: License)?[- ]?(?:v?2(?:\.0)?)?|MIT|(?:GNU )?[AL]?GPL[- ]?v?\d(?:\.\d)?|"
    r"BSD[- ]\d[- ]Clause|CC[- ]BY(?:[- ](?:NC|SA|ND)){0,2}(?:[- ]\d\.\d)?|"
    r"(?:BigScience |BigCode )?(?:Open)?RAIL(?:-?[MS]+)?(?: v?\d(?:\.\d)?)?))"
    r"\s*(?:licen[cs]e|许可证?|协议|开源协议)",
    re.IGNORECASE,
)
# `license` as the words of a link to one states none.
_NOTHING: Final = re.compile(
    r"[\s\\\-–—/?？]*|none|n/a|无|未知|unknown|licen[cs]es?|许可证?|协议", re.IGNORECASE
)

_NUMBER = r"\d+(?:\.\d+)?"
_ALONE = r"(?<![A-Za-z0-9.\-])"
_COUNT = rf"{_NUMBER}\s?(?:万亿|亿|千万|百万|万|[BM](?![A-Za-z0-9])|B\d|billion|million|trillion)"
_JOIN = r"(?:\s*(?:、|，|,|/|和|及|以及|与|或|到|至|~|-|–|and|or|to|,\s*and)\s*)"
_COUNTS = rf"{_ALONE}{_COUNT}(?:{_JOIN}{_COUNT})*"
# The word that makes a number a parameter count stands right after or right before it.
_AFTER = re.compile(
    rf"({_COUNTS})\s?(?:个|规模|级别|级|量级)?的?\s?"
    r"(?:参数|量级|尺度|尺寸|"
    r"[一两二三四五六七八九\d]\s?[个种](?:参数|不同尺度|尺[度寸]|版本|模型)|"
    r"-?\s?parameters?\b)",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"(?:参数(?:量|规模|数量|数)?|parameter count)(?:分别)?"
    r"(?:包括|达到|达|高达|为|是|有|大|约为?|从|：|:|\s)*了?\s*"
    rf"({_COUNTS})",
    re.IGNORECASE,
)
_BIG_COUNT = rf"{_NUMBER}\s?(?:亿|B(?![A-Za-z0-9])|B\d)"
_RELEASED = re.compile(
    rf"(?:开源|发布|开放)(?:了|其|的|\s)*(?<![A-Za-z0-9.\-])({_BIG_COUNT}(?:{_JOIN}{_BIG_COUNT})*)(?!\s?(?:\w{{0,6}}数据|条|token))"
)
_ONE = re.compile(_COUNT)
_IN_NAME = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?(?:[BM]|(?<=\d)b))(?![A-Za-z0-9])")
_SPACE_BEFORE_UNIT = re.compile(r"(?<=\d)\s+(?=[万亿千百BM])")
# Counted in tokens or samples, a number says nothing of parameters.
_OTHER_UNIT = re.compile(r"\s*(?:个)?\s*(?:token|单词|字|条|样本|数据|中文|对话|指令|图)", re.IGNORECASE)


def read_stated(draft: Draft, kind: EntryKind) -> Stated:
    """Licence from its column or the text; parameter counts from column, name and text of a model."""
    return Stated(_read_license(draft), tuple(_read_parameters(draft)) if kind is EntryKind.MODEL else ())


def _read_license(draft: Draft) -> str | None:
    for column, cell in draft.cells.items():
        if _LICENSE_COLUMN.search(column):
            return None if _NOTHING.fullmatch(cell) else cell
    for text in draft.texts:
        if match := _LICENSE_NAMES.search(text):
            return match[1]
    return None


def _read_parameters(draft: Draft) -> list[str]:
    counts: dict[str, None] = {}
    for column, cell in draft.cells.items():
        if _SIZE_COLUMN.match(column):
            for match in re.finditer(rf"{_NUMBER}\s?(?:[BMT]|万亿|亿)(?![A-Za-z])", cell):
                counts.setdefault(_tidy(match[0]))
    if counts:
        return list(counts)
    for match in _IN_NAME.finditer(draft.name):
        counts.setdefault(match[1])
    for text in draft.texts:
        for found in _in_text(text):
            counts.setdefault(found)
    return list(counts)


def _in_text(text: str) -> Iterator[str]:
    for pattern in (_AFTER, _BEFORE, _RELEASED):
        for match in pattern.finditer(text):
            if _OTHER_UNIT.match(text, match.end(1)):
                continue
            for one in _ONE.finditer(match[1]):
                yield _tidy(one[0])


def _tidy(count: str) -> str:
    return _SPACE_BEFORE_UNIT.sub("", count.strip())
