"""Jokes and stubs, by their owners' own words only. All made up."""

from __future__ import annotations

from typing import Any

import pytest

from crawler.records import TargetKind
from crawler.verdicts.jokes import judge_seriousness

CODE = TargetKind.GITHUB_REPO
MODEL = TargetKind.HUGGINGFACE_MODEL


@pytest.mark.parametrize(
    ("kind", "name", "facts", "sizes"),
    [
        (CODE, "a/b", {"description": "The largest model ever (this is a joke)"}, []),
        (CODE, "a/b", {"description": "愚人节项目"}, []),
        (CODE, "a/b", {"topics": ["llm", "joke"]}, []),
        (CODE, "a/b", {"description": "Code coming soon!"}, []),
        (CODE, "a/b", {"description": "模型权重敬请期待"}, []),
        (MODEL, "a/tiny-random-llama", {"parameter_count": 1_000_000}, []),
        (MODEL, "a/gptrillion", {"used_storage": 12_000}, ["1.5万亿"]),
        (
            MODEL,
            "a/gpt-900b",
            {"used_storage": 12_000, "parameter_count": 900_000_000_000, "parameter_method": "name"},
            ["900B"],
        ),
    ],
    ids=str,
)
def test_jokes_and_stubs(kind: TargetKind, name: str, facts: dict[str, Any], sizes: list[str]) -> None:
    verdict = judge_seriousness(kind, name, facts, sizes)
    assert verdict.standing.value == "conflicts"
    assert verdict.reason


@pytest.mark.parametrize(
    ("kind", "name", "facts", "sizes"),
    [
        (CODE, "a/b", {}, []),
        (CODE, "a/b", {"description": "A model that understands jokes"}, []),
        (
            CODE,
            "a/b",
            {"description": "Finds parody and satire", "topics": ["nlp"], "language": "Python"},
            [],
        ),
        (CODE, "a/b", {"description": "v1 is out, v2 coming soon", "language": "Python"}, []),
        (MODEL, "a/tiny-random-llama", {"parameter_count": 7_000_000_000}, []),
        (MODEL, "a/tiny-random-llama", {}, []),
        (MODEL, "a/tiny-random-1m", {"parameter_count": 1_000_000, "parameter_method": "name"}, []),
        (MODEL, "a/m", {"used_storage": 12_000}, []),
        (MODEL, "a/m", {"used_storage": 14_000_000_000}, ["7B"]),
        (MODEL, "a/m", {}, ["7B"]),
        (TargetKind.WEB_PAGE, "a", {"description": "this is a joke"}, []),
    ],
    ids=str,
)
def test_the_serious(kind: TargetKind, name: str, facts: dict[str, Any], sizes: list[str]) -> None:
    assert judge_seriousness(kind, name, facts, sizes).standing.value == "open"
