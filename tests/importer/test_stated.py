"""Parameter counts as documents state them."""

from __future__ import annotations

import pytest

from crawler.importer.drafts import Draft
from crawler.importer.stated import read_stated
from crawler.records import EntryKind

CASES = {
    "chinese unit": ("具有 62 亿参数", ["62亿"]),
    "behind a verb": ("整体模型共78亿参数。", ["78亿"]),
    "list before": ("参数量分别达到 1.11 亿、2.56 亿和 130 亿。", ["1.11亿", "2.56亿", "130亿"]),
    "list after": ("发布了从70亿、130亿以及700亿参数的模型", ["70亿", "130亿", "700亿"]),
    "range": ("models ranging from 7B to 65B parameters", ["7B", "65B"]),
    "words": ("a 20 billion parameter model and a 6 billion parameter one", ["20 billion", "6 billion"]),
    "sizes with a point": ("其开源了1B5、3B、7B和14B的模型", ["1B5", "3B", "7B", "14B"]),
    "released": ("本次共开源7B和180B，是最大的", ["7B", "180B"]),
    "small": ("只有1500万参数", ["1500万"]),
    "tokens": ("训练token量达1.5万亿，累计1.2万亿token的数据集", []),
    "another model": ("与 LLaMA-13B 相当，超过 GPT-3 (175B)", []),
    "data": ("开源了1.5M、0.25M数学指令数据集", []),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES.keys())
def test_counts_in_text(text: str, expected: list[str]) -> None:
    draft = Draft(None, "Name", "", texts=[text])
    assert list(read_stated(draft, EntryKind.MODEL).parameters) == expected
    assert read_stated(draft, EntryKind.TOOL).parameters == ()


def test_a_column_of_sizes_wins() -> None:
    draft = Draft(None, "Foo-6B", "", texts=["70亿参数"], cells={"size": "7B/13B", "license": "MIT License"})
    stated = read_stated(draft, EntryKind.MODEL)
    assert (stated.license, stated.parameters) == ("MIT License", ("7B", "13B"))
