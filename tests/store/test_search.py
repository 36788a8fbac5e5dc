"""Words as they are indexed and asked for."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.store.search import match_words, space_out

WORDS = st.text("ab微调模型ガ한é0-_.\"'*():^+ \0", max_size=12) | st.text(max_size=12)


def is_found(text: str, words: str) -> bool:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE VIRTUAL TABLE told USING fts5(text)")
        connection.execute("INSERT INTO told VALUES (?)", [space_out(text)])
        return bool(
            connection.execute("SELECT 1 FROM told WHERE told MATCH ?", [match_words(words)]).fetchone()
        )


@pytest.mark.parametrize(
    ("text", "words", "found"),
    [
        pytest.param("指令微调的模型", "微调", True, id="inside-a-sentence"),
        pytest.param("指令微调的模型", "调微", False, id="in-their-order"),
        pytest.param("指令微调的模型", "模型 指令", True, id="words-in-any-order"),
        pytest.param("中文LLaMA模型", "llama", True, id="glued-to-Chinese"),
        pytest.param("中文LLaMA模型", "中文llama", True, id="glued-in-the-question-too"),
        pytest.param("Vicuna", "vicu", True, id="a-beginning"),
        pytest.param("Vicuna", "cuna", False, id="an-end"),
        pytest.param("owner/chinese-alpaca", "chinese-alp", True, id="part-of-a-name"),
        pytest.param("Vicuna", "vicuna NOT", False, id="no-operators"),
        pytest.param("Vicuna", "", False, id="nothing-asked"),
    ],
)
def test_what_is_found(text: str, words: str, found: bool) -> None:
    assert is_found(text, words) is found


@given(WORDS)
def test_whatever_is_typed_can_be_asked(words: str) -> None:
    is_found("Vicuna 小羊驼", words)
