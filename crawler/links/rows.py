"""Which column of a table names its rows."""

from __future__ import annotations

import re

from crawler.links.block import Block
from crawler.links.plain import plain_text

_INDEX_COLUMN = re.compile(
    r"^(?:#|no\.?|nr\.?|id|index|idx|rank|序号|编号|排名|年份?|year|date|时间|日期|category|类别|分类)$",
    re.IGNORECASE,
)
_NAME_COLUMN = re.compile(
    r"name|model|project|dataset|tool|title|framework|paper|benchmark|repo|模型|项目|名称|数据|框架|工具|论文|标题",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[\d.\s#]+")
_DASH = re.compile(r"[\s\\\-–—/]*|<br\s*/?>")


def find_name_column(text: str, block: Block) -> int | None:
    """The column that names the row: by its header, else the first that is no index and not empty."""
    header = [plain_text(title).strip() for title in block.header]
    filled = [
        index
        for index, (start, end) in enumerate(block.cells)
        if start < end and not _is_dash(text[start:end])
    ]
    if not filled:
        return None
    candidates = [i for i in filled if not (i < len(header) and _INDEX_COLUMN.match(header[i]))]
    candidates = [
        i for i in candidates if not _NUMBER.fullmatch(text[block.cells[i][0] : block.cells[i][1]])
    ] or candidates
    if not candidates:
        return None
    first = candidates[0]
    if first == 0 or first >= len(header) or _INDEX_COLUMN.match(header[0] if header else ""):
        return first
    for index in candidates[:2]:
        if index < len(header) and _NAME_COLUMN.search(header[index]):
            return index
    return first


def _is_dash(text: str) -> bool:
    return _DASH.fullmatch(text) is not None
